package tokenizer_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/gocoreml/coreml/tokenizer"
)

// longText is a text that is costly to go over.
func longText() string { return strings.Repeat("a text of many words, ", 20<<20/22) }

func storyteller(t *testing.T) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// forever is a template that does something with each message again and again.
func forever(do string) string {
	return "{% for i in range(100000) %}{% for j in range(100000) %}{% for m in messages %}{% set d = m.content %}{% set x = " +
		do + " %}{% endfor %}{% endfor %}{% endfor %}"
}

func TestAChatTemplateEndsWithALimit(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: it renders hostile templates over 20 MB")
	}
	tok := storyteller(t)
	messages := []tokenizer.Message{{Role: "user", Content: longText()}}
	// The template engine has this test for all that a template can do; here it
	// is that its limit arrives.
	for _, do := range []string{"d|int", "d.count('x')", "[d, d ~ 'x']|sort"} {
		t.Run(do, func(t *testing.T) {
			start := time.Now()
			_, err := tok.ApplyChatTemplate(t.Context(), messages, &tokenizer.ChatOptions{Template: forever(do)})
			var e *tokenizer.TemplateError
			if !errors.As(err, &e) || e.Kind != "LimitError" {
				t.Errorf("got %v, want a limit", err)
			}
			took := time.Since(start)
			t.Log(took)
			if took > time.Minute {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestAChatTemplateEndsWithItsContext(t *testing.T) {
	tok := storyteller(t)
	text := longText()
	content, err := json.Marshal([]any{map[string]string{"type": "text", "text": text + "\n\"é\""}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		message  tokenizer.Message
		template string
	}{
		{"a loop", tokenizer.Message{Role: "user"}, forever("1")},
		{"a long text", tokenizer.Message{Role: "user", Content: text}, forever("d|upper|lower|title")},
		{"long JSON", tokenizer.Message{Role: "user", Extra: map[string]any{"content": json.RawMessage(content)}}, forever("d|tojson")},
		{"a long template", tokenizer.Message{Role: "user"}, "{{ 1" + strings.Repeat("+a", 500_000) + " }}"},
	} {
		for _, after := range []time.Duration{0, time.Millisecond, 20 * time.Millisecond, 60 * time.Millisecond} {
			t.Run(c.name+" after "+after.String(), func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				ended := make(chan time.Time, 1)
				end := func() { ended <- time.Now(); cancel() }
				if after == 0 {
					end()
				} else {
					time.AfterFunc(after, end)
				}
				_, err := tok.ApplyChatTemplate(ctx, []tokenizer.Message{c.message}, &tokenizer.ChatOptions{Template: c.template})
				var e *tokenizer.TemplateError
				if !errors.Is(err, context.Canceled) && !errors.As(err, &e) {
					t.Fatalf("got %v, want that the context was canceled", err)
				}
				took := time.Since(<-ended)
				t.Log(took)
				if took > time.Minute {
					t.Errorf("returned %v after the end of its context", took)
				}
			})
		}
	}
}

func TestANilContextIsTheBackground(t *testing.T) {
	tok := storyteller(t)
	var none context.Context
	got, err := tok.ApplyChatTemplate(none, []tokenizer.Message{{Role: "user", Content: "hi"}}, &tokenizer.ChatOptions{Template: "{{ messages[0].content }}"})
	if err != nil || got != "hi" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestTheErrorOfAChatTemplateIsSafeToPrint(t *testing.T) {
	tok := storyteller(t)
	for _, text := range []string{"{{ raise_exception('\x1b]0;owned\x07') }}", "{{ '\x1b[2J' 1 }}", "{{ messages['\x1b[2J'].x }}"} {
		_, err := tok.ApplyChatTemplate(t.Context(), nil, &tokenizer.ChatOptions{Template: text})
		if err == nil {
			t.Fatalf("%q went through", text)
		}
		if strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q: %q", text, err)
		}
	}
}

// As transformers 5.24 has it; version 4 fails with an IndexError before it comes to the
// template, which is no rule of its own.
func TestAnEmptyConversationIsRefused(t *testing.T) {
	tok := storyteller(t)
	const template = "{{ messages | length }}"
	for _, c := range []struct {
		name     string
		messages []tokenizer.Message
		opts     tokenizer.ChatOptions
		want     error
	}{
		{"an empty list", []tokenizer.Message{}, tokenizer.ChatOptions{Template: template}, tokenizer.ErrNoMessages},
		{"no list", nil, tokenizer.ChatOptions{Template: template, AddGenerationPrompt: true}, tokenizer.ErrNoMessages},
		{"in version 5", nil, tokenizer.ChatOptions{Template: template, Transformers: 5}, tokenizer.ErrNoMessages},
		{"in version 4", nil, tokenizer.ChatOptions{Template: template, Transformers: 4}, nil},
		{"a conversation among the variables", nil, tokenizer.ChatOptions{Template: template, Extra: map[string]any{"messages": "a"}}, nil},
		{"no template either", nil, tokenizer.ChatOptions{}, tokenizer.ErrNoChatTemplate},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := tok.ApplyChatTemplate(t.Context(), c.messages, &c.opts); !errors.Is(err, c.want) || err != nil && got != "" {
				t.Errorf("got %q and the error %v, want %v", got, err, c.want)
			}
			for _, sanitize := range []bool{false, true} {
				opts := c.opts
				opts.SanitizeControlTokens = sanitize
				if _, err := tok.EncodeChat(t.Context(), c.messages, &opts); !errors.Is(err, c.want) {
					t.Errorf("encoded with %v it gives %v, want %v", sanitize, err, c.want)
				}
			}
		})
	}
}
