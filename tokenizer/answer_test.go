package tokenizer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gocoreml/coreml/tokenizer"
)

// templated returns a tokenizer with a chat template and further special tokens.
func templated(t *testing.T, template string, special ...string) *tokenizer.Tokenizer {
	t.Helper()
	dir := t.TempDir()
	config, err := json.Marshal(map[string]string{"chat_template": template})
	if err != nil {
		t.Fatal(err)
	}
	more := ""
	for i, token := range special {
		more += fmt.Sprintf(`, {"id": %d, "content": %q, "special": true}`, 3+i, token)
	}
	vocabulary := `{"added_tokens": [
		{"id": 1, "content": "<think>", "special": false}, {"id": 2, "content": "[THINK]", "special": true}` + more + `
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
			m := tok.AnswerMessage(t.Context(), "", xCalls)
			for _, version := range []int{4, 5} {
				got, err := tok.ApplyChatTemplate(t.Context(), []tokenizer.Message{m}, &tokenizer.ChatOptions{Transformers: version})
				if err != nil || got != c.want {
					t.Errorf("version %d: got %q (%v), want %q", version, got, err, c.want)
				}
			}
			if m.Extra["tool_calls"] == nil {
				t.Error("the message does not hold the calls")
			}
		})
	}
}

// xCalls is a call with an argument x.
var xCalls = []tokenizer.ToolCall{{ID: "call00001", Name: "f", Arguments: json.RawMessage(`{"x": [1]}`)}}

// nullTemplate writes calls where the content is null, as DeepSeek V3's does, which fails
// where there is no content at all.
const nullTemplate = `{% for m in messages %}{% if m.role == 'user' %}u:{{ m.content }}{% endif %}` +
	`{% if m.role == 'assistant' and m.content is none %}a:{% for c in m.tool_calls %}<call>{{ c.function.name + c.function.arguments }}</call>{% endfor %}<end>{% endif %}` +
	`{% if m.role == 'assistant' and m.content is not none %}{{ 'a:' + m.content.split('</think>')[-1] + '<end>' }}{% endif %}{% endfor %}`

func TestATemplateThatAsksForNullWritesCallsInBothVersions(t *testing.T) {
	tok := templated(t, nullTemplate)
	for _, c := range []struct {
		name, text, want string
		made, rendered   int // the versions of transformers
	}{
		{"calls alone, in version 5", "", `u:q` + `a:<call>f{"x": [1]}</call><end>`, 5, 5},
		{"calls alone, in version 4 too", "", `u:q` + `a:<call>f{"x": [1]}</call><end>`, 5, 4},
		{"a text before them", "So.", `u:q` + `a:So.<call>f{"x": [1]}</call><end>`, 5, 5},
		{"a text before them, in version 4", "So.", `u:q` + `a:So.<call>f{"x": [1]}</call><end>`, 4, 4},
		{"null, in version 4", "", `u:q` + `a:<call>f{"x": [1]}</call><end>`, 4, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := tok.AnswerMessageWith(t.Context(), c.text, xCalls, &tokenizer.ChatOptions{Transformers: c.made})
			messages := []tokenizer.Message{{Role: "user", Content: "q"}, m}
			got, err := tok.ApplyChatTemplate(t.Context(), messages, &tokenizer.ChatOptions{Transformers: c.rendered})
			if err != nil || got != c.want {
				t.Errorf("got %q (%v), want %q", got, err, c.want)
			}
			if content, given := m.Extra["content"]; given != (c.made == 4 && c.text == "") || content != nil {
				t.Errorf("the content of the message is %q, extra %v", m.Content, m.Extra)
			}
		})
	}
}

func TestAnAnswerHasTheFormOfTheTemplateInUse(t *testing.T) {
	const loop = `{% for m in messages %}{% for c in m.tool_calls %}`
	const end = `{% endfor %}{% endfor %}`
	tok := templated(t, loop+`{{ c.function.arguments.x }}`+end)
	for _, c := range []struct{ name, template, want string }{
		{"the tokenizer's, which wants an object", "", "[1]"},
		{"another, which wants a text", loop + `{{ c.function.name + c.function.arguments }}` + end, `f{"x": [1]}`},
		{"one with a variable of its own", loop + `{{ style + c.function.arguments }}` + end, `-{"x": [1]}`},
		{"the tokenizer's again", "", "[1]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := &tokenizer.ChatOptions{Template: c.template, Extra: map[string]any{"style": "-"}, AddGenerationPrompt: true}
			m := tok.AnswerMessageWith(t.Context(), "", xCalls, opts)
			if got, err := tok.ApplyChatTemplate(t.Context(), []tokenizer.Message{m}, opts); err != nil || got != c.want {
				t.Errorf("got %q (%v), want %q", got, err, c.want)
			}
		})
	}
}

// What is known of more templates than are kept is found out again.
func TestManyTemplatesAreAnsweredAlike(t *testing.T) {
	tok := templated(t, "{{ messages }}")
	for range 2 {
		for i := range 20 {
			template := fmt.Sprintf(`{# %d #}{%% for m in messages %%}{%% for c in m.tool_calls %%}{{ c.function.arguments + '' }}{%% endfor %%}{%% endfor %%}`, i)
			m := tok.AnswerMessageWith(t.Context(), "", xCalls, &tokenizer.ChatOptions{Template: template})
			if got, err := tok.ApplyChatTemplate(t.Context(), []tokenizer.Message{m}, &tokenizer.ChatOptions{Template: template}); err != nil || got != `{"x": [1]}` {
				t.Fatalf("got %q (%v)", got, err)
			}
		}
	}
}

// A template that takes long is given up early, and the answer is the usual message.
func TestATemplateThatTakesLongIsNotWaitedForWhenAnAnswerIsMade(t *testing.T) {
	const slow = `{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}{% set d = strftime_now('%Y') %}{% endfor %}{% endfor %}{% endfor %}`
	tok := templated(t, slow)
	turns := 0
	opts := &tokenizer.ChatOptions{Now: func() time.Time { turns++; return time.Time{} }}
	m := tok.AnswerMessageWith(t.Context(), "", xCalls, opts)
	if _, ok := tok.TurnEnd(t.Context(), opts); ok || m.Extra["tool_calls"] == nil {
		t.Errorf("got %+v", m)
	}
	// Each rendering by itself has enough steps for some million turns.
	if turns == 0 || turns > 2_000_000 {
		t.Errorf("the loop took %d turns in all", turns)
	}
}

// What is found out does not depend on how quick the machine is.
func TestASlowMachineLearnsTheSameOfATemplate(t *testing.T) {
	tok := templated(t, `{% set d = strftime_now('%Y') %}{% for m in messages %}{{ m.content }}{% for c in m.tool_calls %}{{ c.function.arguments + '' }}{% endfor %}<a>{% endfor %}`, "<a>")
	opts := &tokenizer.ChatOptions{Now: func() time.Time { time.Sleep(300 * time.Millisecond); return time.Time{} }}
	m := tok.AnswerMessageWith(t.Context(), "", xCalls, opts)
	if got, err := tok.ApplyChatTemplate(t.Context(), []tokenizer.Message{m}, nil); err != nil || got != `{"x": [1]}<a>` {
		t.Errorf("got %q (%v)", got, err)
	}
	if id, ok := tok.TurnEnd(t.Context(), opts); !ok || tok.Decode([]int{id}, false) != "<a>" {
		t.Errorf("the token behind an answer is %d, %v", id, ok)
	}
}

func TestTheTokenBehindAnAnswerIsThatOfTheTemplate(t *testing.T) {
	tok := templated(t, `{% for m in messages %}{{ m.content }}<a>{% endfor %}`, "<a>", "<b>")
	for _, c := range []struct {
		template, want string
	}{{"", "<a>"}, {`{% for m in messages %}{{ m.content }}{{ sign }}{% endfor %}`, "<b>"}, {"{{ messages }}", ""}, {`{% for m in messages %}{{ m.content }}a<a>{% endfor %}`, ""}} {
		opts := &tokenizer.ChatOptions{Template: c.template, Extra: map[string]any{"sign": "<b>"}, AddGenerationPrompt: true, ContinueField: "x"}
		id, ok := tok.TurnEnd(t.Context(), opts)
		token, _ := tok.IDToToken(id)
		if ok != (c.want != "") || ok && token != c.want {
			t.Errorf("%q: got %q %v, want %q", c.template, token, ok, c.want)
		}
	}
	var none context.Context
	if id, ok := new(tokenizer.Tokenizer).TurnEnd(none, nil); ok {
		t.Errorf("the zero tokenizer has %d", id)
	}
}

func TestAnAnswerWithoutCallsIsItsText(t *testing.T) {
	m := templated(t, "{{ messages }}").AnswerMessage(t.Context(), "so", nil)
	if m.Role != "assistant" || m.Content != "so" || m.Extra != nil {
		t.Errorf("got %+v", m)
	}
}

// Templates such as those of Mistral and Granite write the object of a call as it is. In
// another order than the model's the next turn would begin with another text.
func TestCallsInAMessageKeepTheOrderOfTheirFields(t *testing.T) {
	tok := templated(t, "{% for m in messages %}{% if m.tool_calls %}{% for c in m.tool_calls %}{{ c.function | tojson }}{% endfor %}{{ m.tool_calls | tojson }}{% endif %}{% endfor %}")
	m := tok.AnswerMessage(t.Context(), "", []tokenizer.ToolCall{{ID: "1", Name: "f", Arguments: json.RawMessage(`{"z": 1, "a": {"y": 2, "b": 3}}`)}})
	const function = `{"name": "f", "arguments": {"z": 1, "a": {"y": 2, "b": 3}}}`
	text, err := tok.ApplyChatTemplate(t.Context(), []tokenizer.Message{m}, nil)
	if want := function + `[{"id": "1", "type": "function", "function": ` + function + `}]`; err != nil || text != want {
		t.Errorf("got %s (%v), want %s", text, err, want)
	}
	// As JSON and back, as a program keeps its conversations, it is the same.
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var again tokenizer.Message
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatal(err)
	}
	if second, err := tok.ApplyChatTemplate(t.Context(), []tokenizer.Message{again}, nil); err != nil || second != text {
		t.Errorf("got %s (%v), want %s", second, err, text)
	}
}
