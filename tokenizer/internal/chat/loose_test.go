package chat

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// looseTools are the functions of the prompts of loose answers.
var looseTools = []any{
	json.RawMessage(`{"name": "weather", "parameters": {"properties": {
		"city": {"type": "string"}, "days": {"type": "integer"}, "exact": {"type": "boolean"}, "share": {"type": "number"},
		"list": {"type": "array", "items": {"type": "integer"}}, "more": {"type": "object", "properties": {"n": {"type": "integer"}}},
		"both": {"type": ["integer", "string"]}, "maybe": {"type": ["integer", "null"]}}}}`),
	json.RawMessage(`{"type": "function", "function": {"name": "note", "parameters": {"properties": {"text": {"type": "string"}}}}}`),
}

// looseAnswers are answers of models that leave out marks, quotation marks or commas, and
// those that must not be taken for them.
var looseAnswers = map[string][]answer{
	"hermes": {
		{"a second call without its opening tag", "<tool_call>\n{\"name\": \"weather\", \"arguments\": {}}\n</tool_call> {\"arguments\": {\"text\": \"x\"}, \"name\": \"note\"}\n</tool_call>", " ", []string{"weather||{}", `note||{"text": "x"}`}},
		{"a second call without any tag", "<tool_call>{\"name\": \"weather\", \"arguments\": {}}</tool_call>\n{\"name\": \"note\", \"arguments\": {}}", "\n", []string{"weather||{}", "note||{}"}},
		{"the first opening tag is missing", "{\"name\": \"weather\", \"arguments\": {}}\n</tool_call>", "", []string{"weather||{}"}},
		{"text before a call without its opening tag", `I look. {"name": "weather", "arguments": {"days": 3}}</tool_call> So.`, "I look.  So.", []string{`weather||{"days": 3}`}},
		{"an object behind text without any tag", `I look. {"name": "weather", "arguments": {}}`, `I look. {"name": "weather", "arguments": {}}`, nil},
		{"an object of another name before a tag", `{"name": "other", "arguments": {}}</tool_call>`, `{"name": "other", "arguments": {}}</tool_call>`, nil},
		{"text between a call and an object", `<tool_call>{"name": "weather"}</tool_call>So {"name": "note", "arguments": {}}`, `So {"name": "note", "arguments": {}}`, []string{"weather||{}"}},
		{"text behind an object in a row", `<tool_call>{"name": "weather"}</tool_call>{"name": "note", "arguments": {}} it is`, `{"name": "note", "arguments": {}} it is`, []string{"weather||{}"}},
		{"an object in thinking", `<think>{"name": "weather", "arguments": {}}</tool_call></think>No.`, "No.", nil},
	},
	"llama": {
		{"an object behind text", `I look.{"name": "weather", "parameters": {"city": "Rome"}}`, "I look.", []string{`weather||{"city": "Rome"}`}},
		{"two of them", "I look.\n{\"name\": \"weather\", \"parameters\": {}}; {\"name\": \"note\", \"parameters\": {}}\n", "I look.\n", []string{"weather||{}", "note||{}"}},
		{"a list of them", `I look. [{"name": "weather", "parameters": {}}, {"name": "note", "parameters": {}}]`, "I look. ", []string{"weather||{}", "note||{}"}},
		{"calls of Python behind text", `I look.[weather(city="Rome")]`, "I look.", []string{`weather||{"city":"Rome"}`}},
		{"an object that the text goes on behind", `Write {"name": "weather", "parameters": {}} and wait.`, `Write {"name": "weather", "parameters": {}} and wait.`, nil},
		{"an object in a sentence", `Write {"name": "weather", "parameters": {}}.`, `Write {"name": "weather", "parameters": {}}.`, nil},
		{"an object that is shown", "So:\n```json\n{\"name\": \"weather\", \"parameters\": {}}\n```", "So:\n```json\n{\"name\": \"weather\", \"parameters\": {}}\n```", nil},
		{"an object that is quoted", `It is '{"name": "weather", "parameters": {}}'`, `It is '{"name": "weather", "parameters": {}}'`, nil},
		{"an object within another", `It is {"type": "x", "a": {"name": "weather", "parameters": {}}}`, `It is {"type": "x", "a": {"name": "weather", "parameters": {}}}`, nil},
		{"an object without arguments", `The tool is {"name": "weather"}`, `The tool is {"name": "weather"}`, nil},
		{"an object of a function that was not given", `I look. {"name": "other", "parameters": {}}`, `I look. {"name": "other", "parameters": {}}`, nil},
		{"two objects, one of a function that was not given", `I look. {"name": "weather", "parameters": {}}{"name": "other", "parameters": {}}`, `I look. {"name": "weather", "parameters": {}}{"name": "other", "parameters": {}}`, nil},
		{"a program", "func f() { return g[0] }", "func f() { return g[0] }", nil},
		{"a list that is a reference", "See [1] and [weather].", "See [1] and [weather].", nil},
		{"a call of Python in a sentence", `Use [weather(city="Rome")], then wait.`, `Use [weather(city="Rome")], then wait.`, nil},
		{"a call of Python without brackets", `Use weather(city="Rome")`, `Use weather(city="Rome")`, nil},
		{"an object in thinking behind text", `So <think>{"name": "weather", "parameters": {}}</think>`, "So ", nil},
		{"numbers that are texts", `{"name": "weather", "parameters": {"city": "12", "days": "3", "share": "0.5", "exact": "true", "both": "4", "maybe": "null"}}`, "", []string{`weather||{"city":"12","days":3,"share":0.5,"exact":true,"both":"4","maybe":null}`}},
		{"texts that cannot be what is wanted", `{"name": "weather", "parameters": {"days": "3.5", "exact": "yes", "list": "x", "more": {"n": "y"}}}`, "", []string{`weather||{"days": "3.5", "exact": "yes", "list": "x", "more": {"n": "y"}}`}},
		{"values in values that are texts", `{"name": "weather", "parameters": {"list": ["1", 2], "more": {"n": "3", "o": "4"}}}`, "", []string{`weather||{"list":[1,2],"more":{"n":3,"o":"4"}}`}},
	},
	"json": {
		{"an object behind text", `I look.{"name": "weather", "parameters": {}}{"name": "note", "parameters": {}}`, "I look.", []string{"weather||{}", "note||{}"}},
		{"calls of Python behind text", `I look. [weather()]`, `I look. [weather()]`, nil},
		{"an object that the text goes on behind", `{"a": 1} {"name": "weather", "parameters": {}} x`, `{"a": 1} {"name": "weather", "parameters": {}} x`, nil},
	},
	"pythonic": {
		{"numbers in quotation marks", `[weather(city="12", days="-3", exact="True", share="0.5", list="[1, 2]", more="{'n': 1}")]`, "", []string{`weather||{"city":"12","days":-3,"exact":true,"share":0.5,"list":[1, 2],"more":{"n": 1}}`}},
		{"texts without quotation marks", `[weather(city=São Paulo, days=3), note(text=a, b (and c) = d)]`, "", []string{`weather||{"city":"São Paulo","days":3}`, `note||{"text":"a, b (and c) = d"}`}},
		{"texts that look like other values", `[note(text={"a": 1}), note(text=01234), note(text=True), note(text=None)]`, "", []string{`note||{"text":"{\"a\": 1}"}`, `note||{"text":"01234"}`, `note||{"text":"True"}`, `note||{"text":null}`}},
		{"quotation marks in a text", `[note(text="he said "so" and 'no'"), note(text='it's')]`, "", []string{`note||{"text":"he said \"so\" and 'no'"}`, `note||{"text":"it's"}`}},
		{"a text before them", `I look. [weather(city="Rome")]`, "I look. ", []string{`weather||{"city":"Rome"}`}},
		{"words that no schema knows", `[other(a=b)]`, `[other(a=b)]`, nil},
		{"a number without quotation marks that is none", `[weather(days=three)]`, `[weather(days=three)]`, nil},
		{"a text that does not end", `[note(text=a`, `[note(text=a`, nil},
		{"a text of nothing", `[note(text=)]`, `[note(text=)]`, nil},
	},
	"lfm2": {
		{"quotation marks in a text", `<|tool_call_start|>[note(text="a "b", c")]<|tool_call_end|>`, "", []string{`note||{"text":"a \"b\", c"}`}},
	},
	"glm": {
		{"an object behind text", `I look. {"name": "weather", "arguments": {}}`, `I look. {"name": "weather", "arguments": {}}`, nil},
	},
}

func TestWhatModelsLeaveOutIsMadeUpForByTheFunctionsOfThePrompt(t *testing.T) {
	options := Options{Tools: NewTools(looseTools)}
	for format, answers := range looseAnswers {
		for _, c := range answers {
			t.Run(format+": "+c.name, func(t *testing.T) {
				whole := readIn(format, options, []string{c.answer})
				var calls []string
				for _, call := range whole.Calls {
					calls = append(calls, call.Name+"|"+call.ID+"|"+string(call.Arguments))
				}
				if whole.Text != c.text || !slices.Equal(calls, c.calls) {
					t.Errorf("got %q and %q, want %q and %q", whole.Text, calls, c.text, c.calls)
				}
				for at := 0; at <= len(c.answer); at += everyCut() {
					parts := []string{c.answer[:at], c.answer[at:]}
					if diff := cmp.Diff(whole, readIn(format, options, parts)); diff != "" {
						t.Fatalf("cut at byte %d (-whole +parts):\n%s", at, diff)
					}
				}
				if diff := cmp.Diff(whole, readIn(format, options, bytesOf(c.answer))); diff != "" {
					t.Errorf("byte by byte (-whole +parts):\n%s", diff)
				}
			})
		}
	}
}

// Without the functions of the prompt, nothing says that an object is a call but a tag
// behind it and a call before.
func TestWithoutTheFunctionsOfThePromptLittleIsMadeUpFor(t *testing.T) {
	for _, c := range []struct{ name, format, answer, text string }{
		{"an object behind text", "llama", `I look. {"name": "weather", "parameters": {}}`, `I look. {"name": "weather", "parameters": {}}`},
		{"an object before a closing tag", "hermes", `{"name": "weather", "arguments": {}}</tool_call>`, `{"name": "weather", "arguments": {}}</tool_call>`},
		{"an object in a row without a closing tag", "hermes", `<tool_call>{"name": "f"}</tool_call>{"name": "g", "arguments": {}}`, `{"name": "g", "arguments": {}}`},
		{"an object in a row with one", "hermes", `<tool_call>{"name": "f"}</tool_call>{"name": "g", "arguments": {}}</tool_call>`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, parts := range [][]string{{c.answer}, bytesOf(c.answer)} {
				if got := readIn(c.format, Options{}, parts); got.Text != c.text {
					t.Errorf("got %q, want %q", got.Text, c.text)
				}
			}
		})
	}
}

func TestLooseReadersAnswerALongerTextAlike(t *testing.T) {
	tools := NewTools(looseTools)
	for name, answers := range looseAnswers {
		f := formatOf(name)
		if f.loose == nil {
			continue
		}
		known := &format{name: f.name, read: f.loose.read}
		for _, c := range answers {
			for at := range len(c.answer) {
				if !slices.Contains(f.loose.opens, c.answer[at:at+1]) {
					continue
				}
				for _, mark := range []string{chained, c.answer[at : at+1]} {
					checkMonotone(t, known, input{text: c.answer[at:], mark: mark, tools: tools})
					checkMonotone(t, known, input{text: c.answer[at:], mark: mark})
				}
			}
		}
	}
}

// An answer of text is not held back longer than its brackets may begin a call.
func TestTextWithBracketsIsPassedOn(t *testing.T) {
	p := NewParser("llama", Options{Tools: NewTools(looseTools)})
	for _, part := range []string{"So ", "{ x", "; }", ` [1]`, ` {"a`, `": 1}`, ` [f`, `] `} {
		got := p.Write(part)
		if want := strings.NewReplacer(` {"a`, " ", `": 1}`, `{"a": 1}`, ` [f`, " ", `] `, "[f] ").Replace(part); got.All != want {
			t.Errorf("%q: got %q, want %q", part, got.All, want)
		}
	}
}
