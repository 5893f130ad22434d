package tokenizer_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer"
)

// realTemplates reads the templates of models that lie beside the larger fixtures.
func realTemplates(t *testing.T) (list []struct{ Name, Template string }) {
	t.Helper()
	fixtures := os.Getenv("COREML_FIXTURES")
	if fixtures == "" {
		t.Skip("COREML_FIXTURES is not set")
	}
	data, err := os.ReadFile(filepath.Join(fixtures, "..", "tokenizers", "chat", "templates.json"))
	if err != nil {
		t.Skip(err)
	}
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// Wherever a template can write a call at all, it writes that of an answer's message, in
// both versions of transformers.
func TestTheTemplatesOfModelsWriteTheCallsOfAnswers(t *testing.T) {
	const place = "Paxris"
	tool := json.RawMessage(`{"type": "function", "function": {"name": "get_weather", "description": "b", "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "c"}}, "required": ["city"]}}}`)
	calls := []tokenizer.ToolCall{{ID: "call00001", Name: "get_weather", Arguments: json.RawMessage(`{"city": "` + place + `"}`)}}
	written := 0
	for _, c := range realTemplates(t) {
		tok := templated(t, "{% set bos_token = '<s>' %}{% set eos_token = '</s>' %}"+c.Template)
		shows := func(m tokenizer.Message, version int) bool {
			messages := []tokenizer.Message{{Role: "user", Content: "a"}, m, {Role: "tool", Content: "b", Extra: map[string]any{"tool_call_id": "call00001", "name": "get_weather"}}}
			for _, tools := range [][]any{{tool}, nil} {
				text, err := tok.ApplyChatTemplate(t.Context(), messages, &tokenizer.ChatOptions{Tools: tools, IgnoreTools: true, Transformers: version})
				if err == nil && strings.Contains(text, place) {
					return true
				}
			}
			return false
		}
		m := tok.AnswerMessage(t.Context(), "", calls)
		if !shows(m, 4) && !shows(m, 5) && !anyForm(calls[0], shows) {
			continue // it leaves calls out, whatever the message is
		}
		written++
		for _, version := range []int{4, 5} {
			if !shows(m, version) {
				t.Errorf("%s: version %d leaves out the call of %+v", c.Name, version, m)
			}
		}
	}
	if written < 20 {
		t.Errorf("%d templates write calls", written)
	}
}

// anyForm reports whether a call is seen in some form of the message.
func anyForm(call tokenizer.ToolCall, shows func(tokenizer.Message, int) bool) bool {
	for _, arguments := range []any{call.Arguments, string(call.Arguments)} {
		for _, content := range []any{"", nil} {
			list := []any{map[string]any{"id": call.ID, "type": "function", "function": map[string]any{"name": call.Name, "arguments": arguments}}}
			m := tokenizer.Message{Role: "assistant", Extra: map[string]any{"content": content, "tool_calls": list}}
			if shows(m, 4) || shows(m, 5) {
				return true
			}
		}
	}
	return false
}
