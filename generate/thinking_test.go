package generate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// kinds writes what each token of an answer is a part of, a letter for a run of one kind.
func kinds(tokens []generate.Token) string {
	letters := map[generate.TokenKind]string{generate.KindText: "t", generate.KindReasoning: "r", generate.KindCall: "c"}
	out := ""
	for _, tok := range tokens {
		if letter := letters[tok.Kind]; !strings.HasSuffix(out, letter) {
			out += letter
		}
	}
	return out
}

// heard sends a message and returns all tokens.
func heard(t *testing.T, s *generate.Session, opts *generate.Options) (tokens []generate.Token, r *generate.Result) {
	t.Helper()
	r, err := generate.Collect(func(yield func(generate.Token, error) bool) {
		for tok, err := range s.Send(t.Context(), "hi", opts) {
			tokens = append(tokens, tok)
			if !yield(tok, err) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return tokens, r
}

func TestEachTokenSaysWhatItIsAPartOf(t *testing.T) {
	tools := []any{map[string]any{"name": "f"}}
	for _, c := range []struct {
		name, answer, kinds, callText string
		errors                        int
	}{
		{"text", "so it is", "t", "", 0},
		// The marks are several tokens here: what begins one may be text.
		{"thinking, a call and text", `<think>well</think>so <tool_call>{"name":"f","arguments":{"a":1}}</tool_call>`, "trtc", `{"name":"f","arguments":{"a":1}}</tool_call>`, 0},
		{"a call that is none", `so <tool_call>{"name":"f" no</tool_call> yes`, "tct", `{"name":"f" no`, 1},
		{"a call without an end", `<tool_call>{"name":`, "tc", `{"name":`, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &fakeModel{}
			s, tok := newSession(t, m, toolTemplate+"{# </think> #}")
			m.next = replies(tok, c.answer)
			tokens, r := heard(t, s, &generate.Options{Tools: tools})
			if got := kinds(tokens); strings.TrimRight(got, "t") != strings.TrimRight(c.kinds, "t") {
				t.Errorf("the tokens are %q, want %q", got, c.kinds)
			}
			pending := ""
			for _, tok := range tokens {
				pending += tok.CallText
			}
			// What ends a call comes with the call itself, and not before it.
			if !strings.HasPrefix(c.callText, pending) || len(pending)*2 < len(c.callText) {
				t.Errorf("of the call %q was shown, want the beginning of %q", pending, c.callText)
			}
			if len(r.CallErrors) != c.errors {
				t.Fatalf("%d errors, want %d", len(r.CallErrors), c.errors)
			}
			for _, e := range r.CallErrors {
				if !errors.Is(e, tokenizer.ErrToolCall) || !strings.Contains(c.answer, e.Text) || !strings.Contains(r.Text, e.Text) || e.Text == "" {
					t.Errorf("the error is %v with the text %q, the answer %q", e, e.Text, r.Text)
				}
			}
		})
	}
}

func TestThinkingEndsWithItsBudget(t *testing.T) {
	const thought = "one two three four five six seven"
	for _, c := range []struct {
		name, template, answer string
		budget                 int
	}{
		{"that the prompt has opened", thinkingTemplate, thought + "</think>so", 5},
		{"that the answer opens", plainTemplate + "{# </think> #}", "<think>" + thought + "</think>so", 5},
		{"at once", thinkingTemplate, thought + "</think>so", -1},
		{"within the budget", thinkingTemplate, thought + "</think>so", 90},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &fakeModel{unrecorded: true}
			s, tok := newSession(t, m, c.template)
			mark, err := tok.Encode("</think>", false)
			if err != nil {
				t.Fatal(err)
			}
			said, err := tok.Encode(c.answer, false)
			if err != nil {
				t.Fatal(err)
			}
			after, err := tok.Encode("so", false)
			if err != nil {
				t.Fatal(err)
			}
			prompt, err := tok.EncodeChat(t.Context(), []tokenizer.Message{{Role: "user", Content: "hi"}}, &tokenizer.ChatOptions{AddGenerationPrompt: true})
			if err != nil {
				t.Fatal(err)
			}
			m.next = func(tokens []int) int { // it goes on with "so" behind any mark
				if len(tokens) < len(prompt) {
					return 0 // nobody asks
				}
				text := tok.Decode(tokens[len(prompt):], false)
				if _, behind, ok := strings.Cut(text, "</think>"); ok {
					for i, id := range after { // "so", token by token
						if behind == tok.Decode(after[:i], false) {
							return id
						}
					}
					return 1
				}
				return said[len(tokens)-len(prompt)]
			}
			tokens, r := heard(t, s, &generate.Options{ReasoningBudget: c.budget})
			spent := 0
			for _, tok := range tokens {
				if tok.Kind == generate.KindReasoning {
					spent++
				}
			}
			if spent != r.Stats.ReasoningTokens {
				t.Errorf("%d tokens of thinking, the measures say %d", spent, r.Stats.ReasoningTokens)
			}
			if !strings.HasSuffix(r.Text, "</think>so") || r.Finish != generate.FinishEnd {
				t.Errorf("the answer is %q, ended by %q", r.Text, r.Finish)
			}
			if c.budget == 90 {
				if r.Reasoning != thought {
					t.Errorf("the thinking is %q", r.Reasoning)
				}
				return
			}
			whole := r.Reasoning + "|"
			if !strings.HasPrefix(thought+"|", strings.TrimSuffix(whole, "|")) || len(r.Reasoning) >= len(thought) {
				t.Errorf("the thinking is %q", r.Reasoning)
			}
			// The marks are of the kind, and not of the budget.
			open := 0
			if strings.HasPrefix(c.answer, "<think>") {
				ids, _ := tok.Encode("<think>", false)
				open = len(ids)
			}
			if want := max(c.budget, 0) + len(mark); spent > want+open {
				t.Errorf("%d tokens of thinking and marks, want at most %d", spent, want+open)
			}
		})
	}
}

func TestThinkingIsKeptOutOfTheHistoryThatTheTemplateWrites(t *testing.T) {
	// As templates of reasoning models do: what is before the mark is left out of
	// answers that others follow.
	const template = `{# </think> #}{% for m in messages %}<|story|>{{ m.role[0] }}:{{ m.content.split('</think>')[-1] }}<|story|>{% endfor %}` +
		`{% if add_generation_prompt %}<|story|>a:{% endif %}`
	m := &fakeModel{}
	s, tok := newSession(t, m, template)
	m.next = replies(tok, "<think>well</think>so")
	if _, r := heard(t, s, nil); r.Reasoning != "well" || r.Text != "<think>well</think>so" {
		t.Fatalf("got %q and %q", r.Text, r.Reasoning)
	}
	rendered, err := tok.ApplyChatTemplate(t.Context(), s.Messages(), nil)
	if err != nil || rendered != "<|story|>u:hi<|story|><|story|>a:so<|story|>" {
		t.Errorf("rendered %q, %v", rendered, err)
	}
	_, r := heard(t, s, nil)
	if r.Stats.CachedTokens == 0 || r.Stats.CachedTokens >= r.Stats.PromptTokens-1 {
		t.Errorf("of %d tokens %d were in the cache", r.Stats.PromptTokens, r.Stats.CachedTokens)
	}
}
