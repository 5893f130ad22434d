package generate_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// chatTokenizer is the embedded model's tokenizer with a chat template in which
// token 1 begins and ends a message.
func chatTokenizer(t testing.TB, template string) *tokenizer.Tokenizer {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, storyteller.FS()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "chat_template.jinja"), []byte(template), 0o600); err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

const plainTemplate = `{% for m in messages %}<|story|>{{ m.role[0] }}:{{ m.content }}<|story|>{% endfor %}` +
	`{% if add_generation_prompt %}<|story|>a:{% endif %}`

// forgetful leaves out all but the last of the assistant's messages, as
// templates of reasoning models do with their thoughts.
const forgetful = `{% for m in messages %}{% if m.role != 'assistant' or loop.index > messages | length - 2 %}` +
	`<|story|>{{ m.role[0] }}:{{ m.content }}<|story|>{% endif %}{% endfor %}` +
	`{% if add_generation_prompt %}<|story|>a:{% endif %}`

func newSession(t *testing.T, m *fakeModel, template string, messages ...tokenizer.Message) (*generate.Session, *tokenizer.Tokenizer) {
	t.Helper()
	tok := chatTokenizer(t, template)
	g, err := generate.NewFake(m, m.description(), tok, &generate.Config{Driver: m.driver(), MaxStates: 1})
	if err != nil {
		t.Fatal(err)
	}
	if got := g.TurnEnd(); got != 1 {
		t.Fatalf("token %d ends a turn, want 1", got)
	}
	s, err := g.NewSession(messages...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), g.Close()); err != nil {
			t.Error(err)
		}
	})
	return s, tok
}

// replies answers every turn with the next of the given texts and the token
// that ends a turn. It knows the turn by the number of tokens that begin or end
// a message.
func replies(tok *tokenizer.Tokenizer, texts ...string) func([]int) int {
	return func(tokens []int) int {
		begin, turn := 0, 0
		for i, id := range tokens {
			if id == 1 {
				begin = i + 1
				turn++
			}
		}
		// System and user messages and answers have two marks each, the last one.
		ids, err := tok.Encode("a:"+texts[(turn-3)/4%len(texts)], false)
		if err != nil {
			panic(err)
		}
		if at := len(tokens) - begin; at < len(ids) {
			return ids[at]
		}
		return 1
	}
}

func TestATurnReadsOnlyWhatIsNew(t *testing.T) {
	for _, c := range []struct {
		name, template string
		cached         bool // the second turn finds all of the first in the cache
	}{
		{"with a template that keeps the past", plainTemplate, true},
		{"with a template that changes the past", forgetful, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &fakeModel{}
			s, tok := newSession(t, m, c.template)
			m.next = replies(tok, "ok", "no", "so")
			var stats []generate.Stats
			for _, text := range []string{"hi", "yo", "go"} {
				r, err := generate.Collect(s.Send(t.Context(), text, nil))
				if err != nil {
					t.Fatal(err)
				}
				if r.Finish != generate.FinishEnd {
					t.Errorf("the answer to %q ended with %q", text, r.Finish)
				}
				stats = append(stats, r.Stats)
			}
			if stats[0].CachedTokens != 0 {
				t.Errorf("the first turn found %d tokens in the cache", stats[0].CachedTokens)
			}
			last := stats[2]
			// What is new is the end of the last answer, the message and the
			// beginning of the next answer.
			if fresh := last.PromptTokens - last.CachedTokens; c.cached != (fresh <= stats[0].PromptTokens+1) || last.CachedTokens == 0 {
				t.Errorf("the third turn read %d of %d tokens", fresh, last.PromptTokens)
			}
			var roles []string
			for _, m := range s.Messages() {
				roles = append(roles, m.Role)
			}
			if want := []string{"user", "assistant", "user", "assistant", "user", "assistant"}; !slices.Equal(roles, want) {
				t.Errorf("messages of %v", roles)
			}
		})
	}
}

func TestACachedTurnGivesWhatAFreshOneGives(t *testing.T) {
	// The rule depends on every token, so that a stale cache would show.
	m := &fakeModel{next: counting}
	s, tok := newSession(t, m, plainTemplate, tokenizer.Message{Role: "system", Content: "be"})
	opts := &generate.Options{MaxTokens: 3}
	for _, text := range []string{"a", "b", "c"} {
		r, err := generate.Collect(s.Send(t.Context(), text, opts))
		if err != nil {
			t.Fatal(err)
		}
		messages := s.Messages()
		prompt, err := tok.ApplyChatTemplate(t.Context(), messages[:len(messages)-1], &tokenizer.ChatOptions{AddGenerationPrompt: true})
		if err != nil {
			t.Fatal(err)
		}
		ids, err := tok.Encode(prompt, false)
		if err != nil {
			t.Fatal(err)
		}
		if want := expected(counting, ids, 3); !slices.Equal(r.Tokens, want) {
			t.Errorf("the answer to %q is %v, want %v", text, r.Tokens, want)
		}
	}
}

func TestAFailedTurnLeavesTheConversationAsItWas(t *testing.T) {
	broken := errors.New("broken")
	m := &fakeModel{}
	s, tok := newSession(t, m, plainTemplate)
	m.next = replies(tok, "ok", "no")
	if _, err := generate.Collect(s.Send(t.Context(), "hi", nil)); err != nil {
		t.Fatal(err)
	}
	before := s.Messages()
	m.before = func(context.Context, int) error { return broken }
	if _, err := generate.Collect(s.Send(t.Context(), "yo", nil)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, s.Messages()); diff != "" {
		t.Errorf("messages differ (-before +after):\n%s", diff)
	}
	m.before = nil
	r, err := generate.Collect(s.Send(t.Context(), "yo", nil))
	if err != nil || r.Text != "no" {
		t.Errorf("the second try gave %q, %v", r.Text, err)
	}
	if _, err := generate.Collect(s.Send(t.Context(), strings.Repeat("far too long ", 50), nil)); !errors.Is(err, generate.ErrContextFull) {
		t.Errorf("a message beyond the context gave %v", err)
	}
	s.SetMessages(s.Messages()[:2])
	if r, err := generate.Collect(s.Send(t.Context(), "yo", nil)); err != nil || r.Text != "no" {
		t.Errorf("after shortening came %q, %v", r.Text, err)
	}
}

func TestAnAnswerThatIsBrokenOffIsKept(t *testing.T) {
	m := &fakeModel{}
	s, tok := newSession(t, m, plainTemplate)
	m.next = replies(tok, "once upon a time")
	text := ""
	for tok, err := range s.Send(t.Context(), "hi", nil) {
		if err != nil {
			t.Fatal(err)
		}
		if text += tok.Text; len(text) > 5 {
			break
		}
	}
	messages := s.Messages()
	if len(messages) != 2 || messages[1].Content != text {
		t.Errorf("messages %+v, want the answer %q", messages, text)
	}
}

func TestAChatIsOneTurn(t *testing.T) {
	m := &fakeModel{}
	tok := chatTokenizer(t, plainTemplate)
	m.next = replies(tok, "ok")
	g, err := generate.NewFake(m, m.description(), tok, &generate.Config{Driver: m.driver()})
	if err != nil {
		t.Fatal(err)
	}
	hi := []tokenizer.Message{{Role: "user", Content: "hi"}}
	r, err := generate.Collect(g.Chat(t.Context(), hi, nil))
	if err != nil || r.Text != "ok" || r.Finish != generate.FinishEnd || r.Tokens[len(r.Tokens)-1] != 1 {
		t.Errorf("got %+v, %v", r, err)
	}
	plain := newFake(t, &fakeModel{next: counting}, generate.Config{})
	if _, err := generate.Collect(plain.Chat(t.Context(), hi, nil)); !errors.Is(err, generate.ErrNoChatTemplate) {
		t.Errorf("without a template: %v", err)
	}
}
