package chat

import (
	"testing"
)

// Each case is an answer in the form of a family of models.
func TestToolFormats(t *testing.T) {
	for _, c := range []struct{ name, format, answer, text, call, arguments string }{
		{"Hermes puts an object into a tag", "hermes", `Yes. <tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call>`, "Yes. ", "f", `{"x": 1}`},
		{"Hermes reads arguments that are a text with an object in it", "hermes", `<tool_call>{"name": "f", "arguments": "{\"x\": 1}"}</tool_call>`, "", "f", `{"x": 1}`},
		{"Hermes reads a tag for each parameter", "hermes", "<tool_call>\n<function=f>\n<parameter=x>\na b\n</parameter>\n</function>\n</tool_call>", "", "f", `{"x":"a b"}`},
		{"Hermes leaves a tag around no call in the text", "hermes", "<tool_call>well</tool_call>", "<tool_call>well</tool_call>", "", ""},
		{"Llama answers with an object", "llama", `{"name": "f", "parameters": {"x": 1}}`, "", "f", `{"x": 1}`},
		{"Llama may put a mark before it", "llama", `<|python_tag|>{"name": "f", "parameters": {}}`, "", "f", `{}`},
		{"Llama's objects inside a text are text", "llama", `See {"name": "f", "parameters": {}}`, `See {"name": "f", "parameters": {}}`, "", ""},
		{"Mistral writes a list", "mistral", `[TOOL_CALLS][{"name": "f", "arguments": {"x": 1}, "id": "abc"}]`, "", "f", `{"x": 1}`},
		{"Mistral writes a name and its arguments", "mistral", `[TOOL_CALLS]f[ARGS]{"x": 1}`, "", "f", `{"x": 1}`},
		{"no format finds no call", "", `<tool_call>{"name": "f"}</tool_call>`, `<tool_call>{"name": "f"}</tool_call>`, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := NewParser(c.format, Options{})
			first, last := p.Write(c.answer), p.Close()
			calls := append(first.Calls, last.Calls...)
			if text := first.All + last.All; text != c.text {
				t.Errorf("the text is %q, want %q", text, c.text)
			}
			switch {
			case c.call == "" && len(calls) > 0:
				t.Errorf("got %+v, want no call", calls)
			case c.call != "" && (len(calls) != 1 || calls[0].Name != c.call || string(calls[0].Arguments) != c.arguments):
				t.Errorf("got %+v, want %s with %s", calls, c.call, c.arguments)
			}
		})
	}
}

func TestATemplateSuggestsItsFormat(t *testing.T) {
	for template, want := range map[string]string{
		"{{ '[TOOL_CALLS]' }}": "mistral", "<tool_call>": "hermes", "<|python_tag|>": "llama", `<|start_header_id|> {"parameters": x}`: "llama",
		`"parameters": `: "", "": "",
	} {
		if got := Suggested(template); got != want {
			t.Errorf("%q suggests %q, want %q", template, got, want)
		}
	}
}

func TestEachFormatKeepsItsMarks(t *testing.T) {
	for _, f := range formats {
		for _, mark := range f.marks {
			if !IsMark(f.name, mark) {
				t.Errorf("%s is no mark of %s", mark, f.name)
			}
		}
		if IsMark(f.name, "<eos>") || IsMark("", "<tool_call>") {
			t.Errorf("%s has a mark too many", f.name)
		}
	}
}
