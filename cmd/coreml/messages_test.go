package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestMessagesSayWhatToDo holds the messages after calls that are understood and
// cannot be carried out.
func TestMessagesSayWhatToDo(t *testing.T) {
	t.Setenv("HF_HUB_CACHE", t.TempDir())
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	drawing := write("x.svg", `<?xml version="1.0"?><!-- a --><svg xmlns="http://www.w3.org/2000/svg"></svg>`)
	program := write("a.py", "print(1)\n")
	for _, c := range []struct {
		name   string
		args   []string
		status int
		want   []string
	}{
		{"a penalty out of range", []string{"generate", "x", "--repetition-penalty", "1e9"}, exitUsage, []string{"coreml: --repetition-penalty is 1e+09, want 1e-06 to 1e+06"}},
		{"a penalty too small", []string{"generate", "x", "--repetition-penalty", "1e-9", "--json"}, exitUsage, []string{"coreml: --repetition-penalty is 1e-09, want"}},
		{"a temperature out of range", []string{"generate", "x", "--temperature", "1e300"}, exitUsage, []string{"coreml: --temperature is 1e+300, want 0 (the likeliest token) to 3.4e+38"}},
		{"an input that is missing", []string{"predict", model}, exitFailure, []string{`input "inputIds"`, "give it with --input inputIds=FILE"}},
		{"an ending of no form", []string{"predict", "absent.mlpackage", "-o", "out.txt"}, exitUsage, []string{"--output ", "out.txt: no outputs are written as .txt", ".safetensors, .npz, .json, .npy or .png"}},
		{"a picture that is not written", []string{"predict", "absent.mlpackage", "-o", "out.jpeg"}, exitUsage, []string{"pictures are written as .png"}},
		{"a drawing as an input", []string{"predict", model, "-i", "inputIds=" + drawing}, exitFailure, []string{"is an SVG drawing; values are read from"}},
		{"a drawing called a picture", []string{"predict", model, "-i", "inputIds=" + write("x.png", "<svg/>")}, exitFailure, []string{"is an SVG drawing; a picture is wanted"}},
		{"a program as a tokenizer", []string{"tokenize", "-t", program, "hi"}, exitFailure, []string{"a.py: it is a text file; a tokenizer.json or a SentencePiece model is wanted"}},
		{"an empty file as a tokenizer", []string{"tokenize", "-t", write("empty", ""), "hi"}, exitFailure, []string{"empty: it is an empty file"}},
		{"a repository that is not there", []string{"tokenize", "-t", "some/name", "hi"}, exitFailure, []string{`there is no tokenizer "some/name": it is no file or folder here`, os.Getenv("HF_HUB_CACHE"), "without --offline and HF_HUB_OFFLINE it would be downloaded"}},
		{"a folder of folders with records", []string{"check", fixtures}, exitFailure, []string{`but in "`, `"llama-int4"`, "below it: name what to check, as in coreml check " + filepath.Join(fixtures, "io-cache-int4")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := call(t, c.args...)
			for _, want := range c.want {
				r.want(t, c.status, "", want)
			}
			if strings.Count(r.err, "\n") != 1 || strings.Contains(r.err, "Sampling.") || strings.Contains(r.err, "web page") || strings.Contains(r.err, "give --tokenizer") {
				t.Errorf("standard error %q", r.err)
			}
		})
	}
	replies := talk(t, object{"op": "load", "path": adder(t)}, object{"op": "predict", "model": "m1", "inputs": object{"x": []any{[]int{1, 2}, []int{3, 4}}}})
	failure, _ := replies[1]["error"].(object)
	if message, _ := failure["message"].(string); !strings.Contains(message, `make one with the operation "new_state"`) || strings.Contains(message, "NewState") {
		t.Errorf("a state that is missing: %v", replies[1])
	}
}

// TestAWrongEngineVariableIsNamed: it is the variable that is wrong, not the
// model that would be loaded next.
func TestAWrongEngineVariableIsNamed(t *testing.T) {
	t.Setenv("COREML_ENGINE", "foo")
	for _, args := range [][]string{{"generate", "x"}, {"predict", model}, {"predict", "--stdio"}, {"bench", model}, {"check", story}, {"inspect", model, "--plan"}} {
		r := call(t, args...)
		r.want(t, exitUsage, "", `coreml: the environment variable COREML_ENGINE is "foo": it must be auto, framework or portable`)
		if strings.Contains(r.err, "mlpackage") {
			t.Errorf("%v: %q", args, r.err)
		}
	}
	call(t, "generate", "x", "-n", "2", "--engine", "portable").want(t, exitOK, "", "")
	call(t, "inspect", model).want(t, exitOK, "function main", "")
}

func TestATokenizerIsFoundBesideThePackageThatIsNamed(t *testing.T) {
	want := call(t, "tokenize", "Once upon a time").out
	for _, args := range [][]string{{"tokenize", "-t", model}, {"tokenize", "-t", model + "/"}, {"tokenize", "-t", filepath.Dir(model)}} {
		if r := call(t, append(args, "Once upon a time")...); r.status != exitOK || r.out != want {
			t.Errorf("%v: status %d, %q, %q", args, r.status, r.out, r.err)
		}
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "only.mlpackage"), os.DirFS(model)); err != nil {
		t.Fatal(err)
	}
	call(t, "tokenize", "-t", filepath.Join(dir, "only.mlpackage"), "x").want(t, exitFailure, "", "no tokenizer beside ")
	call(t, "generate", "Once upon a time", "--temperature", "0", "-n", "3", "-q", "-m", filepath.Join(dir, "only.mlpackage"), "--tokenizer", model).want(t, exitOK, ", in an\n", "")
}

func TestStdioSaysOnATerminalWhatItWaitsFor(t *testing.T) {
	for _, verb := range []string{"tokenize", "predict"} {
		var out, errs strings.Builder
		r := result{run(t.Context(), []string{verb, "--stdio"}, new(keyboard), &out, &errs), out.String(), errs.String()}
		r.want(t, exitOK, "", "waiting for requests, one JSON object a line, such as {")
		if r := callWith(t, "", verb, "--stdio"); r.err != "" {
			t.Errorf("%s from a pipe: %q", verb, r.err)
		}
	}
}

func TestTheObjectOfAnAnswerHasItsSeedAndItsLoop(t *testing.T) {
	args := func(more ...string) []string {
		return append([]string{"generate", "w1 w2", "-m", parrot(t), "--json", "-n", "40"}, more...)
	}
	a := call(t, args()...).answer(t)
	if a.Loop == nil || a.Loop.Length != 5 || a.Loop.Times < 2 || a.Seed != nil {
		t.Errorf("a loop of likeliest tokens: loop %+v, seed %v", a.Loop, a.Seed)
	}
	if r := call(t, args("-n", "4")...); strings.Contains(r.out, `"loop"`) || strings.Contains(r.out, `"seed"`) {
		t.Errorf("neither a loop nor a choice: %s", r.out)
	}
	if a := call(t, args("--temperature", "1", "--seed", "0")...).answer(t); a.Seed == nil || *a.Seed != 0 {
		t.Errorf("the seed that was asked for: %v", a.Seed)
	}
	tell := []string{"generate", "Once upon a time", "--json", "-n", "24", "--temperature", "1"}
	first := call(t, tell...).answer(t)
	if first.Seed == nil {
		t.Fatal("a random answer does not tell its seed")
	}
	if again := call(t, append(tell, "--seed", strconv.FormatUint(*first.Seed, 10))...).answer(t); again.Text != first.Text {
		t.Errorf("the seed %d gives %q, not %q", *first.Seed, again.Text, first.Text)
	}
}
