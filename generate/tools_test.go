package generate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// toolTemplate names the tools and shows the calls of an answer.
const toolTemplate = `{# <tool_call> #}{% if tools %}{{ tools[0].name }}{% endif %}` +
	`{% for m in messages %}<|story|>{{ m.role[0] }}:{{ m.content }}` +
	`{% for c in m.tool_calls %}{{ c.function.name }}{{ c.function.arguments.a }}{{ c.id }}{% endfor %}<|story|>{% endfor %}` +
	`{% if add_generation_prompt %}<|story|>a:{% endif %}`

func TestCallsOfFunctionsComeApartFromTheText(t *testing.T) {
	m := &fakeModel{}
	s, tok := newSession(t, m, toolTemplate)
	const answer = `so <tool_call>{"name":"f","arguments":{"a":1}}</tool_call>`
	m.next = replies(tok, answer)
	opts := &generate.Options{Tools: []any{map[string]any{"name": "f"}}}
	var text strings.Builder
	var calls []tokenizer.ToolCall
	for tok, err := range s.Send(t.Context(), "hi", opts) {
		if err != nil {
			t.Fatal(err)
		}
		if len(tok.Calls) > 0 && text.String() != "so " {
			t.Errorf("a call comes after %q", text.String())
		}
		text.WriteString(tok.Text)
		calls = append(calls, tok.Calls...)
	}
	want := []tokenizer.ToolCall{{ID: "call00001", Name: "f", Arguments: json.RawMessage(`{"a":1}`)}}
	if diff := cmp.Diff(want, calls); diff != "" || text.String() != "so " {
		t.Errorf("text %q, calls (-want +got):\n%s", text.String(), diff)
	}
	last := s.Messages()[1]
	if last.Content != "so " || last.Extra["tool_calls"] == nil {
		t.Fatalf("the answer became %+v", last)
	}
	// The next turn reads the call as the template writes it.
	rendered, err := tok.ApplyChatTemplate(t.Context(), s.Messages(), nil)
	if err != nil || !strings.Contains(rendered, "so f1call00001") {
		t.Errorf("rendered %q (%v)", rendered, err)
	}
}

func TestResultsOfFunctionsAreAnswered(t *testing.T) {
	m := &fakeModel{}
	s, tok := newSession(t, m, toolTemplate)
	m.next = replies(tok, "ok", "no")
	opts := &generate.Options{Tools: []any{map[string]any{"name": "f"}}}
	for i, messages := range [][]tokenizer.Message{
		{{Role: "user", Content: "hi"}},
		{{Role: "tool", Content: "4", Extra: map[string]any{"tool_call_id": "call00001"}}},
	} {
		r, err := generate.Collect(s.SendMessages(t.Context(), messages, opts))
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"ok", "no"}[i]; r.Text != want || r.Calls != nil {
			t.Errorf("turn %d: got %q and %v, want %q", i, r.Text, r.Calls, want)
		}
	}
}

func TestWithoutToolsCallsStayText(t *testing.T) {
	m := &fakeModel{}
	s, tok := newSession(t, m, toolTemplate)
	const answer = `<tool_call>{"name":"f"}</tool_call>`
	m.next = replies(tok, answer)
	r, err := generate.Collect(s.Send(t.Context(), "hi", nil))
	if err != nil || r.Text != answer || r.Calls != nil {
		t.Errorf("got %q and %v (%v)", r.Text, r.Calls, err)
	}
}
