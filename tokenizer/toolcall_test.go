package tokenizer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer"
)

var toolAnswers = []struct {
	name   string
	format tokenizer.ToolFormat
	answer string
	text   string
	calls  []string // name, id and arguments
}{
	{"a text", tokenizer.ToolsHermes, "just <tool text", "just <tool text", nil},
	{"a call with text before it", tokenizer.ToolsHermes, "Let me see.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"</tool_call>\"}}\n</tool_call>", "Let me see.\n", []string{`f||{"a": "</tool_call>"}`}},
	{"two calls", tokenizer.ToolsHermes, `<tool_call>{"name":"f","arguments":{}}</tool_call><tool_call>{"name":"g"}</tool_call>!`, "!", []string{"f||{}", "g||{}"}},
	{"a call in tags", tokenizer.ToolsHermes, "<tool_call>\n<function=f>\n<parameter=n>\n3\n</parameter>\n<parameter=s>\na b\n</parameter>\n</function>\n</tool_call>", "", []string{`f||{"n":3,"s":"a b"}`}},
	{"a malformed call", tokenizer.ToolsHermes, `<tool_call>{"name":3}</tool_call>x`, `<tool_call>{"name":3}</tool_call>x`, nil},
	{"a call without an end", tokenizer.ToolsHermes, `a<tool_call>{"name":"f"`, `a<tool_call>{"name":"f"`, nil},
	{"an object", tokenizer.ToolsLlama, "\n{\"name\": \"f\", \"parameters\": {\"q\": \"}\\\"\"}}", "\n", []string{`f||{"q": "}\""}`}},
	{"two objects behind a tag", tokenizer.ToolsLlama, `<|python_tag|>{"name":"f","parameters":{}}; {"name":"g","arguments":"{\"a\":1}"}`, "", []string{"f||{}", `g||{"a":1}`}},
	{"an object that is no call", tokenizer.ToolsLlama, `{"answer": 4}`, `{"answer": 4}`, nil},
	{"a text with braces", tokenizer.ToolsLlama, `so {"name":"f"}`, `so {"name":"f"}`, nil},
	{"code", tokenizer.ToolsLlama, `<|python_tag|>print(1)`, `<|python_tag|>print(1)`, nil},
	{"a list", tokenizer.ToolsMistral, `ok[TOOL_CALLS] [{"name":"f","arguments":{"a":[1]},"id":"abc"},{"name":"g","arguments":{}}]`, "ok", []string{`f|abc|{"a":[1]}`, "g||{}"}},
	{"names with arguments", tokenizer.ToolsMistral, `[TOOL_CALLS]f[ARGS]{"a":1}[TOOL_CALLS]g[CALL_ID]x1[ARGS]{}`, "", []string{`f||{"a":1}`, "g|x1|{}"}},
	{"no format", "", `<tool_call>{}`, `<tool_call>{}`, nil},
}

func spelled(calls []tokenizer.ToolCall) []string {
	var out []string
	for _, c := range calls {
		out = append(out, c.Name+"|"+c.ID+"|"+string(c.Arguments))
	}
	return out
}

func TestCallsAreFoundInAnswers(t *testing.T) {
	for _, c := range toolAnswers {
		t.Run(c.name, func(t *testing.T) {
			text, calls := tokenizer.ParseToolCalls(c.format, c.answer)
			if text != c.text || !slices.Equal(spelled(calls), c.calls) {
				t.Errorf("got %q %q, want %q %q", text, spelled(calls), c.text, c.calls)
			}
		})
	}
}

func TestCallsAreFoundInStreams(t *testing.T) {
	for _, c := range toolAnswers {
		for _, size := range []int{1, 2, 3, 7} {
			p := tokenizer.NewToolParser(c.format)
			var text strings.Builder
			var calls []tokenizer.ToolCall
			for rest := c.answer; rest != ""; {
				n := min(size, len(rest))
				part, found := p.Write(rest[:n])
				text.WriteString(part)
				calls = append(calls, found...)
				rest = rest[n:]
			}
			part, found := p.Close()
			text.WriteString(part)
			calls = append(calls, found...)
			if text.String() != c.text || !slices.Equal(spelled(calls), c.calls) {
				t.Errorf("%s by %d: got %q %q, want %q %q", c.name, size, text.String(), spelled(calls), c.text, c.calls)
			}
		}
	}
}

func FuzzToolCalls(f *testing.F) {
	for _, c := range toolAnswers {
		f.Add(string(c.format), c.answer, 3)
	}
	f.Fuzz(func(t *testing.T, format, answer string, at int) {
		p := tokenizer.NewToolParser(tokenizer.ToolFormat(format))
		at = min(max(at, 0), len(answer))
		a, calls := p.Write(answer[:at])
		b, more := p.Write(answer[at:])
		c, last := p.Close()
		if len(calls)+len(more)+len(last) == 0 && a+b+c != answer {
			t.Errorf("without calls %q became %q", answer, a+b+c)
		}
		// An object of Llama that is no call is text up to where the part with its end ends.
		if format == string(tokenizer.ToolsLlama) {
			return
		}
		text, whole := tokenizer.ParseToolCalls(tokenizer.ToolFormat(format), answer)
		if found := slices.Concat(calls, more, last); a+b+c != text || !slices.Equal(spelled(found), spelled(whole)) {
			t.Errorf("%q cut at %d gives %q %q, whole %q %q", answer, at, a+b+c, spelled(found), text, spelled(whole))
		}
	})
}

func TestAParserWithoutAFormatPassesTheAnswerOn(t *testing.T) {
	var p tokenizer.ToolParser
	text, calls := p.Write(`<tool_call>{"name": "f"}</tool_call>`)
	rest, more := p.Close()
	if want := `<tool_call>{"name": "f"}</tool_call>`; text+rest != want || len(calls)+len(more) > 0 {
		t.Errorf("got %q and %d calls, want %q and none", text+rest, len(calls)+len(more), want)
	}
}
