package chat

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// answer is what a model may write, and what is found in it: the text that is left, and
// each call as name|id|arguments.
type answer struct {
	name, answer, text string
	calls              []string
}

// The forms are those that the models' own templates write and their authors document:
// Hermes and Qwen 2.5 an object in a tag, Qwen 3 Coder a tag for each parameter.
var hermesAnswers = []answer{
	{"a text without a call", "Hello.", "Hello.", nil},
	{"a text that looks like the beginning of a mark", "1 <tool", "1 <tool", nil},
	{"a text with another tag", "<tool_response>x</tool_response>", "<tool_response>x</tool_response>", nil},
	{"a call", `<tool_call>{"name":"f","arguments":{"x":1}}</tool_call>`, "", []string{`f||{"x":1}`}},
	{"a call with line breaks, as the template writes it", "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call>", "", []string{`f||{"x": 1}`}},
	{"text before and behind", `a<tool_call>{"name":"f"}</tool_call>b`, "ab", []string{"f||{}"}},
	{"two calls", "<tool_call>{\"name\":\"f\"}</tool_call>\n<tool_call>{\"name\":\"g\"}</tool_call>", "\n", []string{"f||{}", "g||{}"}},
	{"a call whose end never comes", `<tool_call>{"name":"f","arguments":{}}`, "", []string{"f||{}"}},
	{"a call that is cut in its end", `<tool_call>{"name":"f","arguments":{}} </tool_`, "", []string{"f||{}"}},
	{"a call with text in the place of its end", `<tool_call>{"name":"f","arguments":{}} ok`, "ok", []string{"f||{}"}},
	{"a call without its end before another", `<tool_call>{"name":"f"}<tool_call>{"name":"g"}</tool_call>`, "", []string{"f||{}", "g||{}"}},
	{"the end in a string", `<tool_call>{"name":"f","arguments":{"s":"</tool_call>"}}</tool_call>`, "", []string{`f||{"s":"</tool_call>"}`}},
	{"braces and quotation marks in a string", `<tool_call>{"name":"f","arguments":{"s":"}\"{"}}</tool_call>`, "", []string{`f||{"s":"}\"{"}`}},
	{"letters of several bytes", `<tool_call>{"name":"f","arguments":{"s":"é中🙂"}}</tool_call>`, "", []string{`f||{"s":"é中🙂"}`}},
	{"arguments as a text", `<tool_call>{"name":"f","arguments":"{\"x\": 1}"}</tool_call>`, "", []string{`f||{"x": 1}`}},
	{"parameters in the place of arguments", `<tool_call>{"name":"f","parameters":{"x":1}}</tool_call>`, "", []string{`f||{"x":1}`}},
	{"no arguments at all", `<tool_call>{"name":"f","arguments":null}</tool_call>`, "", []string{"f||{}"}},
	{"an id", `<tool_call>{"id":"c1","name":"f","arguments":{}}</tool_call>`, "", []string{"f|c1|{}"}},
	{"an id that is no text", `<tool_call>{"id":7,"name":"f","arguments":{}}</tool_call>`, "", []string{"f||{}"}},
	{"arguments that are a list", `<tool_call>{"name":"f","arguments":[1]}</tool_call>`, `<tool_call>{"name":"f","arguments":[1]}</tool_call>`, nil},
	{"an object without a name", `<tool_call>{"arguments":{}}</tool_call>`, `<tool_call>{"arguments":{}}</tool_call>`, nil},
	{"an object that is none", `<tool_call>{name: f}</tool_call>`, `<tool_call>{name: f}</tool_call>`, nil},
	{"an object that does not end", `<tool_call>{"name":"f"`, `<tool_call>{"name":"f"`, nil},
	{"a mark and nothing", "a<tool_call>", "a<tool_call>", nil},
	{"no call before a call", `<tool_call>no</tool_call><tool_call>{"name":"f"}</tool_call>`, "<tool_call>no</tool_call>", []string{"f||{}"}},
	{"a tag for each parameter", "<tool_call>\n<function=f>\n<parameter=n>\n3\n</parameter>\n<parameter=s>\na b\n</parameter>\n</function>\n</tool_call>", "", []string{`f||{"n":3,"s":"a b"}`}},
	{"a tag for no parameter", "<tool_call><function=f></function></tool_call>", "", []string{"f||{}"}},
	{"parameters that are JSON", "<tool_call><function=f><parameter=a>[1,2]</parameter><parameter=b>true</parameter></function></tool_call>", "", []string{`f||{"a":[1,2],"b":true}`}},
	{"a parameter of several lines", "<tool_call><function=f><parameter=s>\na\n\nb\n</parameter></function></tool_call>", "", []string{`f||{"s":"a\n\nb"}`}},
	{"a parameter that does not end", "<tool_call><function=f><parameter=s>a</function></tool_call>", "", []string{`f||{"s":"a"}`}},
	{"several objects in one tag", "<tool_call>\n{\"name\":\"f\"}\n{\"name\":\"g\"}\n</tool_call>!", "!", []string{"f||{}", "g||{}"}},
	{"an object in a block of code", "<tool_call>\n```json\n{\"name\":\"f\"}\n```\n</tool_call>", "", []string{"f||{}"}},
	{"a bracket too many", `<tool_call>{"name":"f","arguments":{"x":1}}}</tool_call>`, "", []string{`f||{"x":1}`}},
	{"a bracket too few", `<tool_call>{"name":"f","arguments":{"x":[1]}</tool_call>`, "", []string{`f||{"x":[1]}`}},
	{"the shape of OpenAI's interface", `<tool_call>{"type":"function","id":"c1","function":{"name":"f","arguments":"{\"x\": 1}"}}</tool_call>`, "", []string{`f|c1|{"x": 1}`}},
	{"the name under function", `<tool_call>{"function":"f","parameters":{"x":1}}</tool_call>`, "", []string{`f||{"x":1}`}},
	{"arguments that are a text with half an object", `<tool_call>{"name":"f","arguments":"{"}</tool_call>`, `<tool_call>{"name":"f","arguments":"{"}</tool_call>`, nil},
	{"a string with a line break", "<tool_call>{\"name\":\"f\",\"arguments\":{\"s\":\"a\nb\"}}</tool_call>", "", []string{`f||{"s":"a\nb"}`}},
	{"an object as Python prints it", `<tool_call>{'name': 'f', 'arguments': {'x': None, 'y': [True,]}}</tool_call>`, "", []string{`f||{"x": null, "y": [true]}`}},
	{"no opening tag", "So.\n<function=f><parameter=a>x</parameter></function></tool_call>", "So.\n", []string{`f||{"a":"x"}`}},
	{"no opening tag and no closing one", "<function=f><parameter=a>x</parameter></function> ok", "ok", []string{`f||{"a":"x"}`}},
	{"two functions in one tag", "<tool_call><function=f></function>\n<function=g></function></tool_call>", "", []string{"f||{}", "g||{}"}},
	{"a parameter that does not end before another", "<tool_call><function=f>\n<parameter=a>\nx\n<parameter=b>\ny\n</parameter></function></tool_call>", "", []string{`f||{"a":"x","b":"y"}`}},
	{"a function that does not end", "<tool_call><function=f><parameter=a>x</parameter></tool_call>!", "!", []string{`f||{"a":"x"}`}},
	{"neither a parameter nor a function that ends", "<tool_call><function=f><parameter=a>x</tool_call>", "", []string{`f||{"a":"x"}`}},
	{"an answer that is cut behind a parameter", "<tool_call><function=f><parameter=a>x</parameter>", "", []string{`f||{"a":"x"}`}},
	{"an answer that is cut in a parameter", "<tool_call><function=f><parameter=a>x", "<tool_call><function=f><parameter=a>x", nil},
	{"the end of a function in a value", "<tool_call><function=f><parameter=a>x </function> y</parameter></function></tool_call>", "", []string{`f||{"a":"x </function> y"}`}},
	{"a page of the web in a value", "<tool_call><function=f><parameter=a><p>x</p></parameter></function></tool_call>", "", []string{`f||{"a":"<p>x</p>"}`}},
	{"a parameter twice", "<tool_call><function=f><parameter=a>1</parameter><parameter=b>2</parameter><parameter=a>3</parameter></function></tool_call>", "", []string{`f||{"a":3,"b":2}`}},
	{"quotation marks around names", `<tool_call><function="f"><parameter="a">1</parameter></function></tool_call>`, "", []string{`f||{"a":1}`}},
	{"values of Python", "<tool_call><function=f><parameter=a>True</parameter><parameter=b>['x', None]</parameter><parameter=c>'x'</parameter></function></tool_call>", "", []string{`f||{"a":true,"b":["x", null],"c":"'x'"}`}},
	{"an object between the tags of a function", `<tool_call><function=f>{"a": 1}</function></tool_call>`, "", []string{`f||{"a": 1}`}},
	{"a tag that is spoken of", "The tag <tool_call> opens a call, and <function= too.", "The tag <tool_call> opens a call, and <function= too.", nil},
	{"a call in thinking", `<think><tool_call>{"name":"f"}</tool_call></think>a`, `<think><tool_call>{"name":"f"}</tool_call></think>a`, nil},
	{"a function without a name", "<tool_call><function=></function></tool_call>", "<tool_call><function=></function></tool_call>", nil},
}

// Llama 3.1 and later answer with an object and nothing else; a mark may stand before
// it, and several have semicolons between them.
var llamaAnswers = []answer{
	{"a text without a call", "Hello {x}.", "Hello {x}.", nil},
	{"an object", `{"name":"f","parameters":{"x":1}}`, "", []string{`f||{"x":1}`}},
	{"an object behind white space", "\n {\"name\":\"f\",\"parameters\":{}}", "\n ", []string{"f||{}"}},
	{"an object behind the mark", `<|python_tag|>{"name":"f","parameters":{}}`, "", []string{"f||{}"}},
	{"an object behind text and the mark", `Well. <|python_tag|>{"name":"f","parameters":{}}`, "Well. ", []string{"f||{}"}},
	{"two objects", `{"name":"f","parameters":{}};{"name":"g","parameters":{}}`, "", []string{"f||{}", "g||{}"}},
	{"two objects with white space", "{\"name\":\"f\"} ; {\"name\":\"g\"}", "", []string{"f||{}", "g||{}"}},
	{"two objects with nothing between", `{"name":"f"}{"name":"g"}`, "", []string{"f||{}", "g||{}"}},
	{"two objects with text between", `{"name":"f"} and {"name":"g"}`, ` and {"name":"g"}`, []string{"f||{}"}},
	{"arguments in the place of parameters", `{"name":"f","arguments":{"x":1}}`, "", []string{`f||{"x":1}`}},
	{"a brace in a string", `{"name":"f","parameters":{"s":"}"}}`, "", []string{`f||{"s":"}"}`}},
	{"an object within a text", `Use {"name":"f"}`, `Use {"name":"f"}`, nil},
	{"an object that is no call", `{"answer":4}`, `{"answer":4}`, nil},
	{"an object that is no call, and text", `{"answer":4} is it`, `{"answer":4} is it`, nil},
	{"an object that does not end", `{"name":"f"`, `{"name":"f"`, nil},
	{"code behind the mark", `<|python_tag|>print(1)`, `<|python_tag|>print(1)`, nil},
	{"a part of the mark", `a <|python`, `a <|python`, nil},
	{"white space alone", " \n", " \n", nil},
	{"a tag around an object", `<function=f>{"x": 1}</function>`, "", []string{`f||{"x": 1}`}},
	{"a tag behind text", `Yes: <function=f>{"x": 1}</function>`, "Yes: ", []string{`f||{"x": 1}`}},
	{"calls of Python", `[f(a=1, b="x"), g()]`, "", []string{`f||{"a":1,"b":"x"}`, "g||{}"}},
	{"calls of Python behind the mark", `<|python_tag|>[f(a={'x': (1, None)})]`, "", []string{`f||{"a":{"x": [1, null]}}`}},
	{"calls of Python within a text", `so [f(a=1)]`, `so [f(a=1)]`, nil},
	{"a list that has no calls", `[1, 2]`, `[1, 2]`, nil},
	{"a list of nothing", `[]`, `[]`, nil},
	{"a list of objects", `[{"name":"f","parameters":{}}, {"name":"g"}]`, "", []string{"f||{}", "g||{}"}},
	{"a call of a tool that the model was trained with", `<|python_tag|>brave_search.call(query="a b")`, "", []string{`brave_search||{"query":"a b"}`}},
	{"a program behind the mark", `<|python_tag|>open(file="x")`, `<|python_tag|>open(file="x")`, nil},
	{"the name under function", `{"type": "function", "function": "f", "parameters": {"x": 1}}`, "", []string{`f||{"x": 1}`}},
	{"an object behind thinking", `<think>{"name":"g"}</think>{"name":"f"}`, `<think>{"name":"g"}</think>`, []string{"f||{}"}},
	{"a semicolon without a call before it", `;{"name":"f"}`, `;{"name":"f"}`, nil},
}

// Mistral's models write a list behind a mark, and since version 11 of its tokenizers a
// mark, a name and an object for each call.
var mistralAnswers = []answer{
	{"a text without a call", "Hello [x].", "Hello [x].", nil},
	{"a list of one", `[TOOL_CALLS][{"name":"f","arguments":{"x":1},"id":"abcdefghi"}]`, "", []string{`f|abcdefghi|{"x":1}`}},
	{"a list with spaces", `[TOOL_CALLS] [ {"name": "f", "arguments": {}} ]`, "", []string{"f||{}"}},
	{"a list of two", `[TOOL_CALLS][{"name":"f"},{"name":"g","arguments":{"x":[1]}}]`, "", []string{"f||{}", `g||{"x":[1]}`}},
	{"text before it and behind", `a [TOOL_CALLS][{"name":"f"}] b`, "a  b", []string{"f||{}"}},
	{"a bracket in a string", `[TOOL_CALLS][{"name":"f","arguments":{"s":"]"}}]`, "", []string{`f||{"s":"]"}`}},
	{"a list with something that is no call", `[TOOL_CALLS][{"name":"f"},7]`, `[TOOL_CALLS][{"name":"f"},7]`, nil},
	{"a list of nothing", `[TOOL_CALLS][]`, `[TOOL_CALLS][]`, nil},
	{"a list that does not end", `[TOOL_CALLS][{"name":"f"}`, `[TOOL_CALLS][{"name":"f"}`, nil},
	{"a name and its arguments", `[TOOL_CALLS]f[ARGS]{"x":1}`, "", []string{`f||{"x":1}`}},
	{"a name without the mark of arguments", `[TOOL_CALLS]f{"x":1}`, "", []string{`f||{"x":1}`}},
	{"a name, an id and arguments", `[TOOL_CALLS]f[CALL_ID]abcdefghi[ARGS]{}`, "", []string{"f|abcdefghi|{}"}},
	{"two names", `[TOOL_CALLS]f[ARGS]{}[TOOL_CALLS]g[ARGS]{}`, "", []string{"f||{}", "g||{}"}},
	{"a name with text behind", `[TOOL_CALLS]f[ARGS]{}!`, "!", []string{"f||{}"}},
	{"an object", `[TOOL_CALLS]{"name":"f","arguments":{"x":1}}`, "", []string{`f||{"x":1}`}},
	{"a name and an id", `[TOOL_CALLS]f[CALL_ID]abcdefghi{"x":1}`, "", []string{`f|abcdefghi|{"x":1}`}},
	{"a call in thinking", `[THINK]a [TOOL_CALLS]f[ARGS]{}[/THINK]b`, `[THINK]a [TOOL_CALLS]f[ARGS]{}[/THINK]b`, nil},
	{"a name of several words", `[TOOL_CALLS]so it is {"x":1}`, `[TOOL_CALLS]so it is {"x":1}`, nil},
	{"no name", `[TOOL_CALLS]{"x":1}`, `[TOOL_CALLS]{"x":1}`, nil},
	{"arguments that are none", `[TOOL_CALLS]f[ARGS]{x}`, `[TOOL_CALLS]f[ARGS]{x}`, nil},
	{"a part of the mark", `a [TOOL_`, `a [TOOL_`, nil},
	{"a mark and nothing", `[TOOL_CALLS]`, `[TOOL_CALLS]`, nil},
}

// anyAnswers are the forms with their answers.
var anyAnswers = map[string][]answer{
	"hermes": hermesAnswers, "llama": llamaAnswers, "mistral": mistralAnswers,
	"":      {{"a call of another form", `<tool_call>{"name":"f"}</tool_call>`, `<tool_call>{"name":"f"}</tool_call>`, nil}},
	"other": {{"a call of another form", `[TOOL_CALLS]f{}`, `[TOOL_CALLS]f{}`, nil}},
}

// parse gives an answer to a parser in parts, and returns what it finds.
func parse(format string, parts ...string) (text string, calls []string) {
	p := NewParser(format, Options{})
	add := func(part Part) {
		text += part.All
		for _, c := range part.Calls {
			calls = append(calls, c.Name+"|"+c.ID+"|"+string(c.Arguments))
		}
	}
	for _, part := range parts {
		add(p.Write(part))
	}
	add(p.Close())
	return text, calls
}

func TestCallsAreFoundInAWholeAnswer(t *testing.T) {
	for format, answers := range anyAnswers {
		for _, c := range answers {
			t.Run(format+": "+c.name, func(t *testing.T) {
				if text, calls := parse(format, c.answer); text != c.text || !slices.Equal(calls, c.calls) {
					t.Errorf("got %q and %q, want %q and %q", text, calls, c.text, c.calls)
				}
			})
		}
	}
}

// An answer arrives in parts that end anywhere, within a mark or a character too.
func TestTheSameIsFoundHoweverAnAnswerIsCut(t *testing.T) {
	for format, answers := range anyAnswers {
		for _, c := range answers {
			t.Run(format+": "+c.name, func(t *testing.T) {
				check := func(how string, parts ...string) {
					if text, calls := parse(format, parts...); text != c.text || !slices.Equal(calls, c.calls) {
						t.Fatalf("%s: got %q and %q, want %q and %q", how, text, calls, c.text, c.calls)
					}
				}
				for at := range len(c.answer) + 1 {
					check(fmt.Sprintf("cut at byte %d", at), c.answer[:at], c.answer[at:])
				}
				check("byte by byte", strings.Split(c.answer, "")...)
				for a := range len(c.answer) {
					check(fmt.Sprintf("cut around byte %d", a), c.answer[:a], c.answer[a:a+1], c.answer[a+1:])
				}
			})
		}
	}
}

func TestTextIsPassedOnAsSoonAsItBeginsNoCall(t *testing.T) {
	for _, c := range []struct {
		name, format string
		parts, texts []string
	}{
		{"text goes through", "hermes", []string{"Hel", "lo"}, []string{"Hel", "lo"}},
		{"what may begin a mark waits", "hermes", []string{"a<too", "l x"}, []string{"a", "<tool x"}},
		{"a bracket waits for a mark", "mistral", []string{"a[", "b]"}, []string{"a", "[b]"}},
		{"white space before an object does not wait", "llama", []string{" ", "{", "x"}, []string{" ", "", "{x"}},
		{"a brace at the beginning waits for its end", "llama", []string{`{"a":`, `1}`, "!"}, []string{"", `{"a":1}`, "!"}},
		{"a brace within a text does not", "llama", []string{`a {`, `b}`}, []string{"a {", "b}"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := NewParser(c.format, Options{})
			for i, part := range c.parts {
				if got := p.Write(part); got.All != c.texts[i] {
					t.Errorf("part %d: got %q, want %q", i, got.All, c.texts[i])
				}
			}
		})
	}
}

func TestACallIsHeldBackUpToABound(t *testing.T) {
	p := NewParser("hermes", Options{})
	open := `<tool_call>{"name":"f","arguments":{"s":"`
	if got := p.Write(open + strings.Repeat("a", maxCall-1000)); got.All != "" || got.Calls != nil {
		t.Errorf("below the bound: got %d bytes and %d calls", len(got.All), len(got.Calls))
	}
	if got := p.Write(strings.Repeat("a", 2000)); !strings.HasPrefix(got.All, open) {
		t.Errorf("beyond it: got %d bytes", len(got.All))
	}
}

func TestAParserBeginsAnewWhenItIsClosed(t *testing.T) {
	p := NewParser("llama", Options{})
	p.Write("text")
	p.Close()
	if got := p.Write(`{"name":"f"}`); len(got.Calls) != 1 {
		t.Errorf("got %d calls, want the one at the beginning of the second answer", len(got.Calls))
	}
}

// Whatever is called has an object for its arguments: programs read it as one.
func TestTheArgumentsOfEveryCallAreAnObject(t *testing.T) {
	for format, answers := range anyAnswers {
		for _, c := range answers {
			p := NewParser(format, Options{})
			for _, call := range p.Write(c.answer).Calls {
				var object map[string]any
				if err := json.Unmarshal(call.Arguments, &object); err != nil {
					t.Errorf("%s: %s: %s: %v", format, c.name, call.Arguments, err)
				}
			}
		}
	}
}
