package chat

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// someFamilyAnswers are answers in the forms of each family, as its makers document them and
// as the tests of vllm, sglang and llama.cpp have them.
var someFamilyAnswers = map[string][]answer{
	"apertus": {
		{"a list of objects with names for keys", `Yes.<|tools_prefix|>[{"f": {"x": 1}}, {"g": {}}]<|tools_suffix|>`, "Yes.", []string{`f||{"x": 1}`, "g||{}"}},
		{"an object without a list", `<|tools_prefix|>{"f": {"x": 1}}`, "", []string{`f||{"x": 1}`}},
		{"an object with two names", `<|tools_prefix|>[{"f": {}, "g": {}}]<|tools_suffix|>`, `<|tools_prefix|>[{"f": {}, "g": {}}]<|tools_suffix|>`, nil},
		{"thinking before it", `<|inner_prefix|>So <|tools_prefix|>[{"f": {}}]<|tools_suffix|>.<|inner_suffix|>No.`, "No.", nil},
	},
	"apriel": {
		{"a list with ids", `<tool_calls>[{"name": "f", "arguments": {"x": 1}, "id": "c1"}]</tool_calls>`, "", []string{`f|c1|{"x": 1}`}},
		{"thinking first", "Here are my reasoning steps:\nIt is <tool_calls>[{\"name\": \"g\"}]</tool_calls>.\n[BEGIN FINAL RESPONSE]\n<tool_calls>[{\"name\": \"f\", \"arguments\": {}}]</tool_calls>\n[END FINAL RESPONSE]", "\n\n", []string{"f||{}"}},
	},
	"cohere": {
		{"a list", "<|START_THINKING|>I look.<|END_THINKING|><|START_ACTION|>[\n    {\"tool_call_id\": \"0\", \"tool_name\": \"f\", \"parameters\": {\"x\": 1}}\n]<|END_ACTION|>", "", []string{`f|0|{"x": 1}`}},
		{"a response", "<|START_RESPONSE|>Hello.<|END_RESPONSE|>", "Hello.", nil},
		{"thinking without its end", `<|START_THINKING|>I look.<|START_ACTION|>[{"tool_name": "f"}]<|END_ACTION|>`, "", nil},
	},
	"command-r": {
		{"a list in a fence", "Plan: I look.\nAction: ```json\n[\n    {\n        \"tool_name\": \"f\",\n        \"parameters\": {\n            \"x\": 1\n        }\n    }\n]```", "Plan: I look.\n", []string{"f||{\n            \"x\": 1\n        }"}},
		{"no call at all", "Action: ```json\n[\n    {\n        \"tool_name\": \"directly-answer\",\n        \"parameters\": {}\n    }\n]\n```\nHello.", "Hello.", nil},
		{"the word alone", "Action: none.", "Action: none.", nil},
	},
	"deepseek": {
		{"the form of V3.1", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"x\": 1}<｜tool▁call▁end｜><｜tool▁call▁begin｜>g<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>", "", []string{`f||{"x": 1}`, "g||{}"}},
		{"the form of R1", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{\"x\": 1}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>g\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>", "\n", []string{`f||{"x": 1}`, "g||{}"}},
		{"marks that are misspelled", "<｜tool_calls_begin｜><｜tool_call_begin｜>function<｜tool_sep｜>f\n```json\n{}\n```<｜tool_call_end｜><｜tool_calls_end｜>", "", []string{"f||{}"}},
		{"an object with the name in it", `<｜tool▁call▁begin｜> {"name": "f", "parameters": {'x': 1}} <｜tool▁call▁end｜>`, "", []string{`f||{"x": 1}`}},
		{"the form of Step 3", "<｜tool_calls_begin｜>\n<｜tool_call_begin｜>function<｜tool_sep｜><steptml:invoke name=\"f\">\n<steptml:parameter name=\"x\">1</steptml:parameter>\n</steptml:invoke><｜tool_call_end｜>\n<｜tool_calls_end｜>", "\n", []string{`f||{"x":1}`}},
		{"no name", "<｜tool▁call▁begin｜>{\"x\": 1}<｜tool▁call▁end｜>", "<｜tool▁call▁begin｜>{\"x\": 1}<｜tool▁call▁end｜>", nil},
		{"a call without its end", "<｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"x\": 1}", "", []string{`f||{"x": 1}`}},
		{"thinking before it", "<think>f<｜tool▁call▁begin｜>f<｜tool▁sep｜>{}<｜tool▁call▁end｜></think>No.", "No.", nil},
	},
	"dsml": {
		{"texts and other values", "\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"f\">\n<｜DSML｜parameter name=\"s\" string=\"true\">12</｜DSML｜parameter>\n<｜DSML｜parameter name=\"n\" string=\"false\">12</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>", "\n\n\n", []string{`f||{"s":"12","n":12}`}},
		{"a text that ends in tags", "<｜DSML｜invoke name=\"f\">\n<｜DSML｜parameter name=\"s\" string=\"true\"><a>\n</｜DSML｜invoke></a></｜DSML｜parameter>\n</｜DSML｜invoke>", "", []string{`f||{"s":"<a>\n</｜DSML｜invoke></a>"}`}},
		{"GigaChat's names", "<｜GCML｜tool_calls>\n<｜GCML｜invoke name=\"f\">\n</｜GCML｜invoke>\n</｜GCML｜tool_calls>", "\n", []string{"f||{}"}},
		{"V4.1 has a space in the tags", "<｜DSML｜ calls>\n<｜DSML｜ invoke name=\"f\">\n</｜DSML｜ invoke>\n</｜DSML｜ calls>", "\n", []string{"f||{}"}},
	},
	"dots": {
		{"elements", "<dots_function_call>\n<invoke name=\"f\">\n<parameter name=\"q\">weather in Shanghai</parameter>\n</invoke>\n</dots_function_call>", "\n", []string{`f||{"q":"weather in Shanghai"}`}},
		{"an object", `<dots_function_call>{"name": "f", "arguments": {}}</dots_function_call>`, "", []string{"f||{}"}},
	},
	"firefunction": {
		{"a list behind a word", ` functools[{"name": "f", "arguments": {"x": 1}}, {"name": "g", "arguments": {}}]`, " ", []string{`f||{"x": 1}`, "g||{}"}},
		{"the word in a program", "import functools\n[1]", "import functools\n[1]", nil},
		{"an object behind a mark", `<functioncall> {"name": "f", "arguments": "{\"x\": 1}"}`, "", []string{`f||{"x": 1}`}},
	},
	"functionary": {
		{"a call at once", "f\n{\"x\": 1}", "", []string{`f||{"x": 1}`}},
		{"text and a call", "all\nGood day!\n>>>f\n{\"x\": 1}", "Good day!\n", []string{`f||{"x": 1}`}},
		{"two calls", "f\n{}>>>g\n{\"x\": [1]}", "", []string{"f||{}", `g||{"x": [1]}`}},
		{"a text of two lines", "Hello\nyou", "Hello\nyou", nil},
	},
	"functionary-v2": {
		{"a call at once", "f\n<|content|>{\"x\": 1}", "", []string{`f||{"x": 1}`}},
		{"text and two calls", "all\n<|content|>Hello.\n<|from|>assistant\n<|recipient|>f\n<|content|>{}\n<|from|>assistant\n<|recipient|>g\n<|content|>{}", "Hello.\n\n", []string{"f||{}", "g||{}"}},
		{"another text", "Hello you", "Hello you", nil},
	},
	"functiongemma": {
		{"two calls", "<start_function_call>call:f{a:<escape>London<escape>,n:<escape>42<escape>}<end_function_call><start_function_call>call:g{}<end_function_call>", "", []string{`f||{"a":"London","n":42}`, "g||{}"}},
		{"a comma is missing", "<start_function_call>call:f{a:<escape>NYC<escape>b:<escape>x y<escape>}<end_function_call>", "", []string{`f||{"a":"NYC","b":"x y"}`}},
		{"a call without its end", "Well. <start_function_call>call:f{a:<escape>x<escape>}", "Well. ", []string{`f||{"a":"x"}`}},
		{"a text without its end", "<start_function_call>call:f{a:<escape>x", "<start_function_call>call:f{a:<escape>x", nil},
	},
	"gemma3": {
		{"a program in a fence", "```tool_code\nf(x=1)\n```", "", []string{`f||{"x":1}`}},
		{"a program that prints", "Sure.\n```tool_code\nprint(f(city=\"Paris\"))\nprint(g())\n```\nDone.", "Sure.\nDone.", []string{`f||{"city":"Paris"}`, "g||{}"}},
		{"an object in a fence", "```json\n{\"name\": \"f\", \"parameters\": {\"x\": 1}}\n```", "", []string{`f||{"x": 1}`}},
		{"another program", "```python\nfor x in y: pass\n```", "```python\nfor x in y: pass\n```", nil},
		{"a list", "[f(x=1), g()]", "", []string{`f||{"x":1}`, "g||{}"}},
	},
	"gemma4": {
		{"values of all kinds", `<|tool_call>call:f{s:<|"|>a, {b}<|"|>,n:-1.5,b:true,z:null,l:[1,<|"|>x<|"|>],o:{k:<|"|>v<|"|>}}<tool_call|>`, "", []string{`f||{"s":"a, {b}","n":-1.5,"b":true,"z":null,"l":[1,"x"],"o":{"k":"v"}}`}},
		{"two calls", `<|tool_call>call:f{}<tool_call|><|tool_call>call:g{}<tool_call|>`, "", []string{"f||{}", "g||{}"}},
		{"quotation marks of JSON", `<|tool_call>call:f{s:"a\nb"}<tool_call|>`, "", []string{`f||{"s":"a\nb"}`}},
		{"a text without marks", `<|tool_call>call:f{city:New York}<tool_call|>`, "", []string{`f||{"city":"New York"}`}},
		{"thinking", "<|channel>thought\nI <|tool_call>call:g{}<tool_call|> look.<channel|>Hello.", "Hello.", nil},
		{"no name", `<|tool_call>{a:1}<tool_call|>`, `<|tool_call>{a:1}<tool_call|>`, nil},
	},
	"gigachat": {
		{"a message of its own", "Hi.<|message_sep|>\n\nfunction call<|role_sep|>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}", "Hi.", []string{`f||{"x": 1}`}},
		{"a mark", `<|function_call|>{"name": "f", "arguments": {}}<|message_sep|>`, "", []string{"f||{}"}},
	},
	"glm": {
		{"line breaks between the tags", "<tool_call>f\n<arg_key>a</arg_key>\n<arg_value>1</arg_value>\n<arg_key>b</arg_key>\n<arg_value>x\ny</arg_value>\n</tool_call>", "", []string{`f||{"a":1,"b":"x\ny"}`}},
		{"none", "<tool_call>f<arg_key>a</arg_key><arg_value>[1, 2]</arg_value></tool_call>", "", []string{`f||{"a":[1, 2]}`}},
		{"no arguments", "<tool_call>f</tool_call>", "", []string{"f||{}"}},
		{"no arguments in lines", "<tool_call>\nf\n</tool_call>", "", []string{"f||{}"}},
		{"a value that speaks of the end", "<tool_call>f<arg_key>a</arg_key><arg_value>the tag </tool_call> ends it</arg_value></tool_call>", "", []string{`f||{"a":"the tag </tool_call> ends it"}`}},
		{"a value without its end", "<tool_call>f\n<arg_key>a</arg_key>\n<arg_value>x</tool_call>", "", []string{`f||{"a":"x"}`}},
		{"a call without its end", "<tool_call>f<arg_key>a</arg_key><arg_value>x</arg_value>", "", []string{`f||{"a":"x"}`}},
		{"a call without its end before another", "<tool_call>f<arg_key>a</arg_key><arg_value>x</arg_value>\n<tool_call>g</tool_call>", "", []string{`f||{"a":"x"}`, "g||{}"}},
		{"a value that is cut", "<tool_call>f<arg_key>a</arg_key><arg_value>x", "<tool_call>f<arg_key>a</arg_key><arg_value>x", nil},
		{"the form of Hermes", `<tool_call>{"name": "f", "arguments": {}}</tool_call>`, "", []string{"f||{}"}},
		{"the form of Qwen", "<tool_call>\n<function=f>\n<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>", "", []string{`f||{"a":1}`}},
		{"no name", "<tool_call>so it is</tool_call>", "<tool_call>so it is</tool_call>", nil},
	},
	"glm4": {
		{"a line and an object", "f\n{\"x\": 1}", "", []string{`f||{"x": 1}`}},
		{"a line break first", "\nf\n{\"x\": 1}", "\n", []string{`f||{"x": 1}`}},
		{"text", "Hello there.\n{}", "Hello there.\n{}", nil},
	},
	"granite": {
		{"a list", `<|tool_call|>[{"name": "f", "arguments": {"x": 1}}]`, "", []string{`f||{"x": 1}`}},
		{"a list behind a tag", `<tool_call>[{"name": "f", "arguments": {}}, {"name": "g"}]`, "", []string{"f||{}", "g||{}"}},
		{"thinking in words", "Here is my thought process:\nI call <|tool_call|>\nHere is my response:\nYes.", "\nYes.", nil},
		{"tags around the response", "<think>Well.</think><response>Hello.</response>", "Hello.", nil},
	},
	"granite-20b": {
		{"two calls", "<function_call> {\"name\": \"f\", \"arguments\": {\"x\": 1}}\n<function_call> {\"name\": \"g\", \"arguments\": {}}", "\n", []string{`f||{"x": 1}`, "g||{}"}},
	},
}

func TestEachFormatHasAnswers(t *testing.T) {
	for _, f := range formats {
		if len(anyAnswers[f.name])+len(familyAnswers()[f.name]) == 0 {
			t.Errorf("%s has none", f.name)
		}
	}
}

// familyAnswers are those of this file and of the other.
func familyAnswers() map[string][]answer {
	all := maps.Clone(someFamilyAnswers)
	maps.Copy(all, moreFamilyAnswers)
	return all
}

func TestTheCallsOfEachFamilyAreFound(t *testing.T) {
	for format, answers := range familyAnswers() {
		for _, c := range answers {
			t.Run(format+": "+c.name, func(t *testing.T) {
				whole := readIn(format, Options{}, []string{c.answer})
				var calls []string
				for _, call := range whole.Calls {
					calls = append(calls, call.Name+"|"+call.ID+"|"+string(call.Arguments))
				}
				if whole.Text != c.text || !slices.Equal(calls, c.calls) {
					t.Errorf("got %q and %q, want %q and %q", whole.Text, calls, c.text, c.calls)
				}
				for at := 0; at <= len(c.answer); at += everyCut() {
					parts := []string{c.answer[:at], c.answer[at:]}
					if diff := cmp.Diff(whole, readIn(format, Options{}, parts)); diff != "" {
						t.Fatalf("cut at byte %d (-whole +parts):\n%s", at, diff)
					}
				}
				if diff := cmp.Diff(whole, readIn(format, Options{}, bytesOf(c.answer))); diff != "" {
					t.Errorf("byte by byte (-whole +parts):\n%s", diff)
				}
			})
		}
	}
}

func TestReadersOfEachFormatAnswerALongerTextAlike(t *testing.T) {
	for format, answers := range familyAnswers() {
		f := formatOf(format)
		for _, c := range answers {
			for _, mark := range append(words{""}, f.opens...) {
				if at := strings.Index(c.answer, mark); at >= 0 && (mark != "" || f.bare) {
					checkMonotone(t, f, input{text: c.answer[at+len(mark):], mark: mark})
				}
			}
		}
	}
}

// Whatever stands behind a mark, readers are asked about no more than a few times the
// length of an answer and what may be read in vain.
func TestTheWorkOfEachFormatGrowsWithTheAnswer(t *testing.T) {
	size := 1 << 15
	if testing.Short() {
		size = 1 << 12
	}
	for _, f := range formats {
		for _, mark := range append(words{""}, f.opens...) {
			for _, behind := range []string{"", "a", "{", "[", "<", "a\n{", "a{", "a<", "\n", "```", "{}", "[{", `"`, "to="} {
				piece := mark + behind
				if piece == "" {
					continue
				}
				answer := strings.Repeat(piece, size/len(piece))
				p := NewParser(f.name, Options{})
				for rest := answer; rest != ""; {
					n := min(1000, len(rest))
					p.Write(rest[:n])
					rest = rest[n:]
				}
				p.run(true)
				checkWork(t, &p, fmt.Sprintf("%s: %q", f.name, piece), len(answer))
			}
		}
	}
}
