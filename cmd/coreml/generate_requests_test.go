package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// wordTokenizer writes a tokenizer of the words w0, w1 and so on.
func wordTokenizer(t *testing.T, words int) string {
	t.Helper()
	vocab := map[string]int{}
	for i := range words {
		vocab[fmt.Sprintf("w%d", i)] = i
	}
	data, err := json.Marshal(map[string]any{
		"version": "1.0", "model": map[string]any{"type": "WordLevel", "vocab": vocab, "unk_token": "w0"},
		"pre_tokenizer": map[string]any{"type": "Whitespace"},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRequestsChooseTheirFunctions(t *testing.T) {
	flags := []string{
		"generate", "-m", filepath.Join(fixtures, "lora-multifunction", "model.mlpackage"), "--tokenizer", wordTokenizer(t, 512),
		"--json", "--temperature", "0", "--arithmetic", "faithful", "-n", "8",
	}
	functions := []string{"base", "poet", "coder", "poet", "base"}
	var requests strings.Builder
	for i, name := range functions {
		fmt.Fprintf(&requests, `{"id": {"n": %d}, "prompt": "w5 w90 w%d", "function": %q}`+"\n", i, 7+i, name)
	}
	r := callWith(t, requests.String(), append(slices.Clone(flags), "--requests", "-")...)
	r.want(t, exitOK, "", "")
	answers := answersOf(t, r)
	if len(answers) != len(functions) {
		t.Fatalf("%d answers: %s", len(answers), r.err)
	}
	for i, a := range answers {
		alone := call(t, append(slices.Clone(flags), "--function", functions[i], fmt.Sprintf("w5 w90 w%d", 7+i))...).answer(t)
		if a.Prompt != i+1 || string(a.ID) != fmt.Sprintf(`{"n":%d}`, i) || a.Error != "" || !slices.Equal(a.Tokens, alone.Tokens) {
			t.Errorf("%+v, by itself %+v", a, alone)
		}
	}
	if slices.Equal(answers[0].Tokens, answers[1].Tokens) && slices.Equal(answers[0].Tokens, answers[2].Tokens) {
		t.Error("all functions give the same tokens")
	}
}

func TestRequestsHaveOptionsOfTheirOwn(t *testing.T) {
	lines := []struct{ request, problem string }{
		{`{"prompt": "Once upon a time", "max_tokens": 3}`, ""},
		{`{"prompt": "Once upon a time", "temperature": 1, "seed": 7, "top_k": 5, "top_p": 0.9, "min_p": 0, "repetition_penalty": 1.1}`, ""},
		{`{"ids": [5, 6, 7], "end_tokens": [1], "ignore_end": true, "stop": "zzz", "id": null}`, ""},
		{`{"prompt": "x", "functions": "y"}`, "request: functions: there is no such field"},
		{`{"prompt": "x", "function": "absent"}`, `no function "absent"`},
		{`nonsense`, "where an object is expected"},
		{`{"messages": [{"role": "user", "content": "x"}]}`, "no chat template"},
		{`{"prompt": "x", "ids": [1]}`, "2 of prompt, ids and messages are given"},
		{`{}`, "0 of prompt, ids and messages are given"},
		{`{"prompt": " "}`, "the prompt is empty"},
		{`{"prompt": "x", "images": "absent.png"}`, "absent.png"},
		{`{"prompt": "x", "temperature": -1}`, "temperature is -1"},
		{`{"prompt": "x", "max_tokens": 1e3}`, "max_tokens: 1e3 where an integer is expected"},
		{`{"prompt": "x", "max_tokens": 99999999999}`, "too large"},
		{`{"prompt": "x", "seed": -1}`, "seed: want a number from 0"},
		{`{"prompt": "x", "ignore_end": 1}`, "ignore_end: a number where true or false is expected"},
		{`{"prompt": "x", "prompt": "y"}`, "the key comes twice"},
		{`{"ids": [-1]}`, "-1"},
		{`{"prompt": "x", "overflow": "error"}`, ""},
		{`{"prompt": "x", "overflow": "slide"}`, ""},
		{`{"prompt": "x", "overflow": "drop"}`, `overflow: is "drop", want error, drop-turns, slide`},
		{`{"prompt": "x", "overflow": "drop-turns"}`, "overflow: drop-turns is for conversations"},
		{`{"prompt": "x", "negative_prompt": "y"}`, "negative_prompt: needs a guidance_scale"},
	}
	var text strings.Builder
	for _, l := range lines {
		text.WriteString(l.request + "\n")
	}
	r := callWith(t, text.String(), "generate", "--requests", "-", "--json", "-n", "2", "--temperature", "0", "-q")
	r.want(t, exitFailure, "", "of 23 prompts have no whole answer")
	answers := answersOf(t, r)
	if len(answers) != len(lines) {
		t.Fatalf("%d answers to %d requests", len(answers), len(lines))
	}
	for i, l := range lines {
		if a := answers[i]; (l.problem == "") != (a.Error == "") || !strings.Contains(a.Error, l.problem) {
			t.Errorf("%s: %q, want %q", l.request, a.Error, l.problem)
		}
	}
	if a := answers[0]; len(a.Tokens) != 3 || a.Seed != nil {
		t.Errorf("%+v", a)
	}
	if a := answers[1]; len(a.Tokens) != 2 || a.Seed == nil || *a.Seed != 7 {
		t.Errorf("%+v", a)
	}
}

// callTemplate writes calls as Hermes does.
const callTemplate = `{# <tool_call> #}{% if tools %}{{ tools[0].function.name }}{% endif %}{% for m in messages %}<|story|>{{ m.content }}` +
	`{% for c in m.tool_calls %}<tool_call>{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}</tool_call>{% endfor %}{% endfor %}` +
	`{% if add_generation_prompt %}<|story|>{% endif %}`

func TestRequestsRequireCalls(t *testing.T) {
	const tools = `"tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"at": {"enum": ["A", "B"]}}, "required": ["at"], "additionalProperties": false}}}]`
	flags := []string{"generate", "-m", templated(t, callTemplate), "--requests", "-", "--json", "-q", "-n", "60", "--temperature", "1", "--seed", "1"}
	ask := func(line string) answerJSON {
		t.Helper()
		return answersOf(t, callWith(t, line+"\n", flags...))[0]
	}
	a := ask(`{"messages": [{"role": "user", "content": "Go on"}], ` + tools + `, "tool_choice": "f"}`)
	if a.Error != "" || len(a.ToolCalls) != 1 || a.ToolCalls[0].Function.Name != "f" || strings.TrimSpace(a.Text) != "" {
		t.Fatalf("%+v", a)
	}
	var arguments struct{ At string }
	if err := json.Unmarshal(a.ToolCalls[0].Function.Arguments, &arguments); err != nil || arguments.At != "A" && arguments.At != "B" {
		t.Errorf("arguments %s (%v)", a.ToolCalls[0].Function.Arguments, err)
	}
	// The calls of an answer are those of a message as they stand.
	calls, err := json.Marshal(a.ToolCalls)
	if err != nil {
		t.Fatal(err)
	}
	next := ask(`{"messages": [{"role": "user", "content": "Go on"}, {"role": "assistant", "content": "", "tool_calls": ` + string(calls) + `}, {"role": "tool", "content": "4"}]}`)
	if next.Error != "" || next.PromptTokens <= a.PromptTokens {
		t.Errorf("%+v behind %+v", next, a)
	}
	for line, problem := range map[string]string{
		`{"messages": [{"role": "user", "content": "x"}], "tool_choice": "required"}`:         "there are no Tools",
		`{"messages": [{"role": "user", "content": "x"}], ` + tools + `, "tool_choice": "g"}`: "no function in Tools",
		`{"messages": [{"role": "user", "content": "x"}], ` + tools + `, "tool_choice": 1}`:   "tool_choice",
	} {
		if a := ask(line); !strings.Contains(a.Error, problem) {
			t.Errorf("%s: %q", line, a.Error)
		}
	}
}

func TestGenerateRequestsRefusesWhatContradicts(t *testing.T) {
	for want, args := range map[string][]string{
		"--prompts \"x\" and --requests \"y\"":   {"generate", "--prompts", "x", "--requests", "y", "--json"},
		"the prompts are given twice: \"x\" and": {"generate", "x", "--requests", "y", "--json"},
		"--requests needs --json":                {"generate", "--requests", "y"},
		"--image is of one prompt":               {"generate", "--requests", "y", "--json", "--image", "z.png"},
	} {
		call(t, args...).want(t, exitUsage, "", want)
	}
}

// FuzzTextRequest reads anything as a line of generate --requests. The number of an id is
// what it was.
func FuzzTextRequest(f *testing.F) {
	f.Add(`{"id": {"x": [1]}, "prompt": "a", "function": "f", "max_tokens": 3, "stop": ["b", ""], "end_tokens": [1], "ignore_end": true}`)
	f.Add(`{"ids": [1, -1], "images": "a.png", "temperature": 0.5, "top_k": 1, "top_p": 1, "min_p": 0, "repetition_penalty": 1.1, "seed": 7}`)
	f.Add(`{"bad_words": ["a", [1, 2]], "logit_bias": {"5": 2, "6": "-inf"}, "sequence_bias": [[[1, 2], -3.5]], "dry_breakers": "x", "logprobs": 2}`)
	f.Add(`{"guidance_scale": 2, "negative_prompt": "n", "typical_p": 0.5, "min_tokens": 3, "forced_eos": [0], "suppress_tokens": []}`)
	f.Add(`{"messages": [{"role": "user", "content": "x"}], "tools": [{}], "tool_choice": "none", "now": "2025-07-10T12:00:00Z", "transformers": 4, "chat_template_kwargs": {"a": 1}}`)
	f.Add(`{"continue_final_message": "x", "chat_template": "{{ 1 }}", "sanitize_control_tokens": true, "id": NaN}`)
	f.Fuzz(func(t *testing.T, line string) {
		q := new(textRequest)
		if err := eachField(&jsonText{text: []byte(line)}, q.field); err != nil {
			return
		}
		if q.id != nil && !json.Valid(q.id) {
			t.Errorf("%q has the id %q", line, q.id)
		}
	})
}
