package tokenizer_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer"
)

// checkPattern writes a call by a pattern and reads it as an answer.
func checkPattern(t *testing.T, p tokenizer.CallPattern, parser *tokenizer.ToolParser) {
	t.Helper()
	answer := p.Before + "f" + p.Between + `{"a": 1}` + p.After
	if p.ArgumentsFirst {
		answer = p.Before + `{"a": 1}` + p.Between + "f" + p.After
	}
	text, calls := parser.Write(answer)
	rest, more := parser.Close()
	if calls = append(calls, more...); len(calls) != 1 || calls[0].Name != "f" || string(calls[0].Arguments) != `{"a": 1}` || strings.TrimSpace(text+rest) != "" {
		t.Errorf("%q is read as the text %q and the calls %v", answer, text+rest, calls)
	}
}

func TestCallsAreWrittenAsTheTemplateDoes(t *testing.T) {
	tok, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		t.Fatal(err)
	}
	const template = `{% if tools %}{{ tools }}{% endif %}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}` +
		`{% for c in m.tool_calls %}<tool_call>{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}</tool_call>{% endfor %}<|end|>{% endfor %}`
	opts := &tokenizer.ChatOptions{Template: template}
	p, ok := tok.CallPattern(t.Context(), opts)
	want := tokenizer.CallPattern{Before: `<tool_call>{"name": "`, Between: `", "arguments": `, After: "}</tool_call>"}
	if !ok || p != want {
		t.Errorf("got %+v, %v, want %+v", p, ok, want)
	}
	checkPattern(t, p, tokenizer.NewToolParser(tokenizer.ToolsHermes))
	for _, none := range []string{"{% for m in messages %}{{ m.content }}{% endfor %}", "{{ 1 + }}", ""} {
		if p, ok := tok.CallPattern(t.Context(), &tokenizer.ChatOptions{Template: none}); ok {
			t.Errorf("%q writes calls: %+v", none, p)
		}
	}
}

func TestCallsOfCollectedTemplatesAreReadAgain(t *testing.T) {
	data, err := os.ReadFile(reference(t, "chat", "templates.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []struct{ Name, Template string }
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, c := range list {
		t.Run(c.Name, func(t *testing.T) {
			opts := &tokenizer.ChatOptions{Template: c.Template, Tools: []any{map[string]any{"type": "function", "function": map[string]any{"name": "f"}}}}
			p, ok := tok.CallPattern(t.Context(), opts)
			if !ok {
				return
			}
			if parser := tok.NewToolParser(&tokenizer.ToolParserOptions{Chat: opts}); parser != nil {
				found++
				checkPattern(t, p, parser)
			}
		})
	}
	if found < 13 {
		t.Errorf("%d of %d templates write calls that can be required, want 13 or more", found, len(list))
	}
}
