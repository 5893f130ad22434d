package chat

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// attackTools are functions whose schemas say what they can in more than one way.
const attackTools = `[
	{"type": "function", "function": {"name": "lookup", "parameters": {
		"type": "object",
		"$defs": {"place": {"type": "object", "properties": {"zip": {"type": "string"}, "n": {"type": "integer"}}}},
		"properties": {
			"place": {"$ref": "#/$defs/place"},
			"maybe": {"anyOf": [{"$ref": "#/$defs/place"}, {"type": "null"}]},
			"all": {"type": "array", "items": {"$ref": "#/$defs/place"}},
			"either": {"oneOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}]},
			"free": {}
		}}}},
	{"type": "function", "function": {"name": "ping", "parameters": []}},
	{"name": "tool-2.b", "inputSchema": {"type": "object", "properties": {"code": {"type": "string"}}}}
]`

// attacks are answers that were read wrongly once. Each call is a name and its arguments.
var attacks = []struct {
	name, format, answer, text string
	calls                      []string
}{
	{
		"a member of an object that may be null has its type", "hermes",
		`<tool_call>{"name": "lookup", "arguments": {"maybe": {"n": "4", "zip": "01"}, "either": ["1", 2]}}</tool_call>`,
		"",
		[]string{`lookup{"maybe":{"n":4,"zip":"01"},"either":[1,2]}`},
	},
	{
		"the members of an object that is in a text have their types", "hermes",
		"<tool_call>\n{\"name\": \"lookup\", \"arguments\": {\"maybe\": \"{\\\"n\\\": \\\"4\\\"}\"}}\n</tool_call>",
		"",
		[]string{`lookup{"maybe":{"n":4}}`},
	},
	{
		"a postcode within an object stays a text in Gemma's form", "gemma4",
		`<|tool_call>call:lookup{maybe:{zip:12345,n:7},all:[{zip:678}],place:{zip:9}}<tool_call|>`,
		"",
		[]string{`lookup{"maybe":{"zip":"12345","n":7},"all":[{"zip":"678"}],"place":{"zip":"9"}}`},
	},
	{
		"marks around all values tell no types within objects", "functiongemma",
		"<start_function_call>call:lookup{place:{zip:<escape>12345<escape>,n:<escape>7<escape>}}<end_function_call>",
		"",
		[]string{`lookup{"place":{"zip":"12345","n":7}}`},
	},
	{
		"a postcode within an element stays a text in the form of MiniMax M3", "minimax-m3",
		`]<]minimax[>[<invoke name="lookup">]<]minimax[>[<maybe>]<]minimax[>[<zip>12345]<]minimax[>[</zip>]<]minimax[>[</maybe>]<]minimax[>[</invoke>`,
		"",
		[]string{`lookup{"maybe":{"zip":"12345"}}`},
	},
	{
		"a telephone number without a type keeps its plus", "glm",
		"<tool_call>lookup\n<arg_key>free</arg_key>\n<arg_value>+4930123</arg_value>\n</tool_call>",
		"",
		[]string{`lookup{"free":"+4930123"}`},
	},
	{
		"a function whose parameters are an empty list is known", "llama",
		`{"name": "ping", "parameters": {}}`, "",
		[]string{"ping{}"},
	},
	{
		"the schema of the Model Context Protocol is known", "glm",
		"<tool_call>tool-2.b\n<arg_key>code</arg_key>\n<arg_value>007</arg_value>\n</tool_call><tool_call>tool-2.b\n<arg_key>code</arg_key>\n<arg_value>12</arg_value>\n</tool_call>",
		"",
		[]string{`tool-2.b{"code":"007"}`, `tool-2.b{"code":"12"}`},
	},
	{
		"no arguments at all are an empty object in Kimi's form", "kimi",
		"<|tool_calls_section_begin|><|tool_call_begin|>functions.ping:0<|tool_call_argument_begin|><|tool_call_end|><|tool_calls_section_end|>",
		"",
		[]string{"ping{}"},
	},
	{
		"no arguments at all are an empty object in DeepSeek's form", "deepseek",
		"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>ping<｜tool▁sep｜><｜tool▁call▁end｜><｜tool▁calls▁end｜>",
		"",
		[]string{"ping{}"},
	},
	{
		"a list that a brace ends does not hang", "gemma4", "<|tool_call>call:lookup{all:[1}<tool_call|>",
		"<|tool_call>call:lookup{all:[1}<tool_call|>", nil,
	},
	{"a value that is missing is an empty text", "gemma4", "<|tool_call>call:lookup{free:}<tool_call|>", "", []string{`lookup{"free":""}`}},
	{"an answer that is an object with a name is none", "json", `{"name": "Bob"}`, `{"name": "Bob"}`, nil},
	{"an answer that is a list of objects with names is none", "json", `[{"name": "Bob", "age": 3}]`, `[{"name": "Bob", "age": 3}]`, nil},
	{"an answer that is an object is none in Phi-4's form", "phi4", `{"name": "Bob"}`, `{"name": "Bob"}`, nil},
	{"an answer that is a list is none for Llama 4", "pythonic", "[print(x=1)]", "[print(x=1)]", nil},
	{"a program is none", "gemma3", "```python\nlen(x=1)\n```", "```python\nlen(x=1)\n```", nil},
	{"an object in a fence is none", "gemma3", "```json\n{\"name\": \"Bob\"}\n```", "```json\n{\"name\": \"Bob\"}\n```", nil},
	{"a word above an object is no name for GLM 4", "glm4", "Answer\n{\"a\": 1}", "Answer\n{\"a\": 1}", nil},
	{"a word above an object is no name for functionary", "functionary", "Answer\n{\"a\": 1}", "Answer\n{\"a\": 1}", nil},
	{"an example of functools is none", "firefunction", `functools[{"name": "Bob"}]`, `functools[{"name": "Bob"}]`, nil},
	{"a list behind the word Action is none", "command-r", "Action: [{\"name\": \"Bob\"}]", "Action: [{\"name\": \"Bob\"}]", nil},
}

func TestAnswersThatWereReadWrongly(t *testing.T) {
	var list []any
	if err := json.Unmarshal([]byte(attackTools), &list); err != nil {
		t.Fatal(err)
	}
	options := Options{Tools: NewTools(list)}
	random := rand.New(rand.NewPCG(7, 8))
	for _, c := range attacks {
		t.Run(c.name, func(t *testing.T) {
			got := readIn(c.format, options, []string{c.answer})
			var calls []string
			for _, call := range got.Calls {
				calls = append(calls, call.Name+string(call.Arguments))
			}
			if diff := cmp.Diff(c.calls, calls); diff != "" || got.Text != c.text || got.All != c.text {
				t.Errorf("text %q, want %q; calls (-want +got):\n%s", got.All, c.text, diff)
			}
			for _, parts := range [][]string{bytesOf(c.answer), randomCut(random, c.answer), randomCut(random, c.answer)} {
				if diff := cmp.Diff(got, readIn(c.format, options, parts)); diff != "" {
					t.Errorf("%q (-whole +parts):\n%s", parts, diff)
				}
			}
		})
	}
}

// A schema may be a union of unions without an end.
func TestUnionsInARingAreBounded(t *testing.T) {
	ring := map[string]any{"anyOf": []any{map[string]any{"$ref": "#"}, map[string]any{"$ref": "#"}}, "allOf": []any{map[string]any{"$ref": "#"}}}
	s := schema{root: ring, part: ring}
	if n := len(s.alternatives()); n > maxSchemas {
		t.Errorf("%d alternatives", n)
	}
	if got := s.fit(json.RawMessage(`{"a": ["1"]}`), maxFit); string(got) != `{"a": ["1"]}` {
		t.Errorf("got %s", got)
	}
}
