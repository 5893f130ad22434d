package tokenizer_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/tokenizer"
)

// templated returns a tokenizer with a chat template.
func templated(t *testing.T, template string) *tokenizer.Tokenizer {
	t.Helper()
	dir := t.TempDir()
	config, err := json.Marshal(map[string]string{"chat_template": template})
	if err != nil {
		t.Fatal(err)
	}
	vocabulary := `{"added_tokens": [
		{"id": 1, "content": "<think>", "special": false}, {"id": 2, "content": "[THINK]", "special": true}
	], "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}}`
	for name, data := range map[string][]byte{"tokenizer.json": []byte(vocabulary), "tokenizer_config.json": config} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// The templates are what those of models come to: Qwen's writes an object, older ones of
// Qwen and Llama run over its items, DeepSeek's and functionary's add a text to texts,
// DeepSeek's where the content is null.
func TestAnAnswerIsTheMessageThatTheTemplateReads(t *testing.T) {
	const loop = `{% for m in messages %}{{ m.role[0] }}:{% for c in m.tool_calls %}`
	const end = `{% endfor %}{{ m.content }};{% endfor %}`
	for _, c := range []struct{ name, template, want string }{
		{"an object as JSON", loop + `{{ c.function.arguments | tojson }}` + end, `a:{"x": [1]};`},
		{"the items of an object", loop + `{% for k, v in c.function.arguments | items %}{{ k }}={{ v }}{% endfor %}` + end, `a:x=[1];`},
		{"a text that is added to another", loop + `{{ c.function.name + c.function.arguments }}` + end, `a:f{"x": [1]};`},
		{"a text that is written", loop + `{{ c.function.arguments }}` + end, `a:{"x": [1]};`},
		{
			"a text where the content is null",
			`{% for m in messages %}{{ m.role[0] }}:{% if m.content is none %}{{ m.tool_calls[0].function.name + m.tool_calls[0].function.arguments }}{% else %}{{ m.content }}{% endif %};{% endfor %}`,
			`a:f{"x": [1]};`,
		},
		{"no calls at all", `{% for m in messages %}{{ m.role[0] }}:{{ m.content }};{% endfor %}`, `a:;`},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok := templated(t, c.template)
			m := tok.AnswerMessage(t.Context(), "", []tokenizer.ToolCall{{ID: "call00001", Name: "f", Arguments: json.RawMessage(`{"x": [1]}`)}})
			got, err := tok.ApplyChatTemplate(t.Context(), []tokenizer.Message{m}, &tokenizer.ChatOptions{Transformers: 4})
			if err != nil || got != c.want {
				t.Errorf("got %q (%v), want %q", got, err, c.want)
			}
		})
	}
}

func TestAnAnswerWithoutCallsIsItsText(t *testing.T) {
	m := templated(t, "{{ messages }}").AnswerMessage(t.Context(), "so", nil)
	if m.Role != "assistant" || m.Content != "so" || m.Extra != nil {
		t.Errorf("got %+v", m)
	}
}
