package chat

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// noon is the clock of the templates.
func noon() time.Time { return time.Date(2026, time.March, 1, 12, 30, 0, 0, time.UTC) }

// Each template is written as Jinja 3.1.6 writes it in the environment of the
// transformers library; testdata/gen/tokenizer/cases.py asks it again.
func TestAConversationIsWrittenAsItsTemplateSays(t *testing.T) {
	user := &Message{Role: "user", Content: "Hi <b>é</b>"}
	both := []*Message{user, {Role: "assistant", Content: "Yes."}}
	tool := json.RawMessage(`{"type":"function","function":{"name":"f","parameters":{"b":1,"a":2}}}`)
	for _, c := range []struct {
		name, template string
		vars           Variables
		want           string
	}{
		{"messages in their order", "{% for m in messages %}{{ m.role }}: {{ m['content'] }}\n{% endfor %}", Variables{Messages: both}, "user: Hi <b>é</b>\nassistant: Yes.\n"},
		{"lines of statements leave nothing", "{% if messages %}\n  {% for m in messages %}\n{{ m.role }}\n  {% endfor %}\n{% endif %}\n", Variables{Messages: both}, "user\nassistant\n"},
		{"a prompt for the answer", "{{ messages|length }}{% if add_generation_prompt %}<assistant>{% endif %}", Variables{Messages: both, AddGenerationPrompt: true}, "2<assistant>"},
		{"no prompt for the answer", "{{ messages|length }}{% if add_generation_prompt %}<assistant>{% endif %}", Variables{Messages: both}, "2"},
		{"special tokens by their names", "{{ bos_token }}{{ eos_token }}", Variables{Tokens: []Token{{"bos_token", "<s>"}, {"eos_token", "</s>"}}}, "<s></s>"},
		{"a token without a text is not defined", "{% if bos_token is defined %}{{ bos_token }}{% else %}none{% endif %}", Variables{Tokens: []Token{{"bos_token", ""}}}, "none"},
		{"further special tokens, in version 4", "{{ additional_special_tokens|join('') }}", Variables{Special: []string{"<a>", "<b>"}}, "<a><b>"},
		{"tools, with their keys in the order of the file", "{{ tools[0]|tojson }}", Variables{Tools: []any{tool}}, "{\"type\": \"function\", \"function\": {\"name\": \"f\", \"parameters\": {\"b\": 1, \"a\": 2}}}"},
		{"tools with indentation", "{{ tools|tojson(indent=2) }}", Variables{Tools: []any{tool}}, "[\n  {\n    \"type\": \"function\",\n    \"function\": {\n      \"name\": \"f\",\n      \"parameters\": {\n        \"b\": 1,\n        \"a\": 2\n      }\n    }\n  }\n]"},
		{"no tools are none", "{% if tools is none %}none{% endif %}{% if not documents %}!{% endif %}", Variables{}, "none!"},
		{"further fields of a message", "{{ messages[0].name }}{{ messages[0].extra.x }}", Variables{Messages: []*Message{{Role: "user", Extra: map[string]any{"name": "Ann", "extra": map[string]any{"x": 1}}}}}, "Ann1"},
		{"a field of null in place of one with a value", "{{ messages[0].content is defined }}{{ messages[0].role is defined }}", Variables{Messages: []*Message{{Role: "user", Content: "a", Extra: map[string]any{"content": nil, "role": json.RawMessage("null")}}}}, "FalseFalse"},
		{"a content of several parts", "{% for p in messages[0].content %}{{ p.type }}{{ p.text }}{% endfor %}", Variables{Messages: []*Message{{Role: "user", Extra: map[string]any{"content": json.RawMessage(`[{"type":"text","text":"a"},{"type":"text","text":"b"}]`)}}}}, "textatextb"},
		{"a message as a mapping", "{{ messages[0] }}", Variables{Messages: []*Message{user}}, "{'role': 'user', 'content': 'Hi <b>é</b>'}"},
		{"a variable of the caller", "{{ date }} {{ n + 1 }}", Variables{Extra: map[string]any{"date": "now", "n": 2}}, "now 3"},
		{"a variable of the caller goes before", "{{ messages }}{{ add_generation_prompt }}", Variables{Messages: both, Extra: map[string]any{"messages": "mine", "add_generation_prompt": nil}}, "mineNone"},
		{"what is not defined is nothing", "[{{ nothing }}]", Variables{}, "[]"},
		{"the clock", "{{ strftime_now('%d %b %Y') }}", Variables{}, "01 Mar 2026"},
		{"text is not escaped for HTML", "{{ messages[0].content }}", Variables{Messages: both}, "Hi <b>é</b>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var cache Cache
			got, err := cache.Render(t.Context(), c.template, &c.vars, noon)
			if err != nil {
				t.Fatal(err)
			}
			told, err := json.Marshal(map[string]any{"name": c.name, "template": c.template, "variables": c.vars.told(), "want": got})
			if err != nil {
				t.Fatal(err)
			}
			if t.Attr("template", string(told)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// told returns the variables as a template of the reference gets them.
func (v *Variables) told() map[string]any {
	messages := []*Message{}
	for _, m := range v.Messages {
		messages = append(messages, m.Normalized())
	}
	vars := map[string]any{"messages": messages, "tools": v.Tools, "documents": nil, "add_generation_prompt": v.AddGenerationPrompt}
	for _, token := range v.Tokens {
		if token.Text != "" {
			vars[token.Name] = token.Text
		}
	}
	if v.Special != nil {
		vars["additional_special_tokens"] = v.Special
	}
	maps.Copy(vars, v.Extra)
	return vars
}

func TestATemplateThatFailsSaysWhy(t *testing.T) {
	unreadable := Variables{Messages: []*Message{{Role: "user", Extra: map[string]any{"x": make(chan int)}}}}
	for _, c := range []struct {
		name, template string
		vars           Variables
		want           string
	}{
		{"it is malformed", "{% if %}", Variables{}, ""},
		{"it raises an exception", "{{ raise_exception('Only user and assistant!') }}", Variables{}, "Only user and assistant!"},
		{"a message has a value that no template can have", "x", unreadable, "message 0: x: "},
		{"a tool has", "x", Variables{Tools: []any{make(chan int)}}, "tools: "},
		{"a variable has", "x", Variables{Extra: map[string]any{"v": make(chan int)}}, "v: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			var cache Cache
			if got, err := cache.Render(t.Context(), c.template, &c.vars, noon); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q and %v, want an error with %q", got, err, c.want)
			}
		})
	}
}

func TestATemplateEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var cache Cache
	long := "{% for i in range(10000) %}{% for j in range(10000) %}{% endfor %}{% endfor %}"
	if _, err := cache.Render(ctx, long, &Variables{}, noon); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestACacheServesSeveralConversationsAtOnce(t *testing.T) {
	var cache Cache
	var all sync.WaitGroup
	for _, template := range []string{"a{{ x }}", "b{{ x }}", "a{{ x }}", "c{{ x }}"} {
		all.Go(func() {
			for range 50 {
				vars := Variables{Extra: map[string]any{"x": 1}}
				if got, err := cache.Render(t.Context(), template, &vars, noon); err != nil || got != template[:1]+"1" {
					t.Errorf("got %q (%v), want %s1", got, err, template[:1])
				}
			}
		})
	}
	all.Wait()
}

func TestAMessageIsReadFromJSONAndWrittenAsItWas(t *testing.T) {
	for _, c := range []struct{ name, json, role, content, back string }{
		{"role and content", `{"role":"user","content":"a"}`, "user", "a", `{"role":"user","content":"a"}`},
		{"in another order", `{"content":"a","role":"user"}`, "user", "a", `{"content":"a","role":"user"}`},
		{"further fields, in their order", `{"role":"tool","z":1,"content":"a","b":[2]}`, "tool", "a", `{"role":"tool","z":1,"content":"a","b":[2]}`},
		{"a content that is no text", `{"role":"user","content":[{"b":1,"a":2}]}`, "user", "", `{"role":"user","content":[{"b":1,"a":2}]}`},
		{"a content that is null", `{"role":"assistant","content":null}`, "assistant", "", `{"role":"assistant","content":null}`},
		{"no content", `{"role":"assistant"}`, "assistant", "", `{"role":"assistant"}`},
		{"nothing", `{}`, "", "", `{}`},
		{"a role that is no text", `{"role":7,"content":"a"}`, "", "a", `{"role":7,"content":"a"}`},
		{"the last of two that are the same", `{"role":"a","role":"b","content":""}`, "b", "", `{"role":"b","content":""}`},
		{"the last of two that differ", `{"role":7,"content":"","role":"b"}`, "b", "", `{"role":"b","content":""}`},
		{"the last of two, which is no text", `{"role":"b","content":"","role":null}`, "", "", `{"role":null,"content":""}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := Message{Role: "old", Extra: map[string]any{"old": 1}}
			if err := json.Unmarshal([]byte(c.json), &m); err != nil {
				t.Fatal(err)
			}
			back, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			if m.Role != c.role || m.Content != c.content || string(back) != c.back {
				t.Errorf("got %q, %q and %s, want %q, %q and %s", m.Role, m.Content, back, c.role, c.content, c.back)
			}
		})
	}
	for _, bad := range []string{`[]`, `"a"`, `{"role":`, `7`, `null`} {
		if err := json.Unmarshal([]byte(bad), new(Message)); err == nil {
			t.Errorf("%s is a message", bad)
		}
	}
}

func TestAMessageThatWasReadCanBeChanged(t *testing.T) {
	m := &Message{}
	if err := json.Unmarshal([]byte(`{"z":1,"content":"a","y":2}`), m); err != nil {
		t.Fatal(err)
	}
	m.Role, m.Content = "user", "b"
	m.Extra["c"], m.Extra["a"] = 3, 4
	delete(m.Extra, "z")
	back, err := json.Marshal(m)
	if want := `{"content":"b","y":2,"role":"user","a":4,"c":3}`; err != nil || string(back) != want {
		t.Errorf("got %s (%v), want %s", back, err, want)
	}
}

func TestAMessageWithAValueThatIsNoJSONIsNotWritten(t *testing.T) {
	m := Message{Extra: map[string]any{"x": make(chan int)}}
	if data, err := json.Marshal(m); err == nil {
		t.Errorf("got %s", data)
	}
	if got := m.keys(); !slices.Equal(got, []string{"role", "content", "x"}) {
		t.Errorf("its fields are %q", got)
	}
}
