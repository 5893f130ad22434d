package tokenizer_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
		f.Add(string(c.format), c.answer, 3, 4)
		f.Add(string(c.format), "<think>"+c.answer+"</think>"+c.answer, 9, 2)
	}
	tool := json.RawMessage(`{"name": "f", "parameters": {"properties": {"a": {"type": "string"}, "n": {"type": ["integer", "null"]}}}}`)
	f.Fuzz(func(t *testing.T, format, answer string, at, more int) {
		opts := &tokenizer.ToolParserOptions{Tools: []any{tool}}
		at = min(max(at, 0), len(answer))
		end := min(at+max(more, 0), len(answer))
		whole := readParts(tokenizer.ToolFormat(format).NewParser(opts), answer)
		if len(whole.Calls) == 0 && whole.All != answer {
			t.Errorf("without calls %q became %q", answer, whole.All)
		}
		for _, call := range whole.Calls {
			if !json.Valid(call.Arguments) || call.Arguments[0] != '{' {
				t.Errorf("%q has a call with the arguments %q", answer, call.Arguments)
			}
		}
		parts := readParts(tokenizer.ToolFormat(format).NewParser(opts), answer[:at], answer[at:end], answer[end:])
		if diff := cmp.Diff(whole, parts); diff != "" {
			t.Errorf("%q cut at %d and %d (-whole +parts):\n%s", answer, at, end, diff)
		}
		if single := readParts(tokenizer.ToolFormat(format).NewParser(opts), strings.Split(answer, "")...); len(answer) < 500 && !cmp.Equal(whole, single) {
			t.Errorf("%q (-whole +single):\n%s", answer, cmp.Diff(whole, single))
		}
	})
}

// readParts reads an answer in parts with the thinking apart.
func readParts(p *tokenizer.ToolParser, parts ...string) (all tokenizer.AnswerPart) {
	add := func(part tokenizer.AnswerPart) {
		all.All += part.All
		all.Text += part.Text
		all.Reasoning += part.Reasoning
		all.Calls = append(all.Calls, part.Calls...)
	}
	for _, part := range parts {
		add(p.Read(part))
	}
	add(p.End())
	return all
}

func TestThinkingComesApartFromTheText(t *testing.T) {
	const call = `<tool_call>{"name":"f"}</tool_call>`
	for _, c := range []struct {
		name, template, prompt, answer string
		want                           tokenizer.AnswerPart
		calls                          int
	}{
		{"thinking and a call behind it", "<tool_call>", "", "<think>a" + call + "</think>\n" + call, tokenizer.AnswerPart{All: "<think>a" + call + "</think>\n", Text: "\n", Reasoning: "a" + call}, 1},
		{"thinking that the prompt opens", "<tool_call><think></think>", "<|assistant|>\n<think>\n", "a" + call + "</think>b", tokenizer.AnswerPart{All: "a" + call + "</think>b", Text: "b", Reasoning: "a" + call}, 0},
		{"thinking that the template opens", "<tool_call></think>{% if add_generation_prompt %}<think>\n{% endif %}", "", "a" + call + "</think>b", tokenizer.AnswerPart{All: "a" + call + "</think>b", Text: "b", Reasoning: "a" + call}, 0},
		{"thinking that the template opens, but not for this prompt", "<tool_call></think>{% if add_generation_prompt %}<think>\n{% endif %}", "<|assistant|>", call + "b", tokenizer.AnswerPart{All: "b", Text: "b"}, 1},
		{"thinking that the prompt opens and ends", "<tool_call><think></think>", "<think></think>", call + "b", tokenizer.AnswerPart{All: "b", Text: "b"}, 1},
		{"thinking that a user speaks of", "<tool_call><think></think>", "what is <think> ?<|assistant|>", call, tokenizer.AnswerPart{}, 1},
		{"thinking that is cut off", "<tool_call>", "", "<think>a" + call, tokenizer.AnswerPart{All: "<think>a" + call, Reasoning: "a" + call}, 0},
		{"thinking in the middle", "<tool_call>", "", "b<think>a" + call + "</think>c", tokenizer.AnswerPart{All: "b<think>a" + call + "</think>c", Text: "bc", Reasoning: "a" + call}, 0},
		{"a mark of thinking that is spoken of", "<tool_call>", "", "The tag <think> opens it. " + call, tokenizer.AnswerPart{All: "The tag <think> opens it. ", Text: "The tag <think> opens it. "}, 1},
		{"marks that are special tokens", "[TOOL_CALLS]", "", "[THINK]a[/THINK]b", tokenizer.AnswerPart{All: "a[/THINK]b", Text: "b", Reasoning: "a"}, 0},
		{"marks that the template alone knows", "<tool_call><thinking></thinking>", "", "<thinking>a" + call + "</thinking>b", tokenizer.AnswerPart{All: "<thinking>a" + call + "</thinking>b", Text: "b", Reasoning: "a" + call}, 0},
		{"marks that no template has named", "<tool_call>", "", "<thinking>a" + call + "</thinking>b", tokenizer.AnswerPart{All: "<thinking>a</thinking>b", Text: "<thinking>a</thinking>b"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok := templated(t, c.template)
			for _, parts := range [][]string{{c.answer}, strings.Split(c.answer, "")} {
				got := readParts(tok.NewToolParser(&tokenizer.ToolParserOptions{Tools: []any{map[string]any{"name": "f"}}, Prompt: c.prompt}), parts...)
				calls := len(got.Calls)
				got.Calls = nil
				if diff := cmp.Diff(c.want, got); diff != "" || calls != c.calls {
					t.Errorf("%d calls, want %d; (-want +got):\n%s", calls, c.calls, diff)
				}
			}
		})
	}
}

func TestAPromptWithoutToolsHasThinkingAlone(t *testing.T) {
	const answer = `<think>a</think><tool_call>{"name":"f"}</tool_call>`
	if p := templated(t, "<tool_call>").NewToolParser(nil); p != nil {
		t.Error("there is a parser where nothing is to be found")
	}
	p := templated(t, "<tool_call><think></think>").NewToolParser(nil)
	want := tokenizer.AnswerPart{All: answer, Text: `<tool_call>{"name":"f"}</tool_call>`, Reasoning: "a"}
	if diff := cmp.Diff(want, readParts(p, answer)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !p.IsMark("</think>") || p.IsMark("<tool_call>") {
		t.Error("the marks are not those of thinking alone")
	}
}

func TestTheSchemaDecidesWhatAnArgumentIs(t *testing.T) {
	tool := json.RawMessage(`{"type": "function", "function": {"name": "f", "parameters": {"properties": {"a": {"type": "string"}}}}}`)
	const answer = "<tool_call><function=f><parameter=a>12345</parameter></function></tool_call>"
	for _, c := range []struct {
		tools []any
		want  string
	}{{nil, `f||{"a":12345}`}, {[]any{tool}, `f||{"a":"12345"}`}} {
		got := readParts(tokenizer.ToolsHermes.NewParser(&tokenizer.ToolParserOptions{Tools: c.tools}), answer)
		if found := spelled(got.Calls); len(found) != 1 || found[0] != c.want {
			t.Errorf("got %q, want %q", found, c.want)
		}
	}
}

func TestAParserWithoutAFormatPassesTheAnswerOn(t *testing.T) {
	var p tokenizer.ToolParser
	text, calls := p.Write(`<tool_call>{"name": "f"}</tool_call>`)
	rest, more := p.Close()
	if want := `<tool_call>{"name": "f"}</tool_call>`; text+rest != want || len(calls)+len(more) > 0 {
		t.Errorf("got %q and %d calls, want %q and none", text+rest, len(calls)+len(more), want)
	}
}
