package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestWrongCallsSayWhatIsRight holds what a person reads after a wrong call: the
// flag by its name, its range, and where to read on.
func TestWrongCallsSayWhatIsRight(t *testing.T) {
	for _, c := range []struct {
		args string
		want []string
	}{
		{"generate Once upon a time", []string{`"a"`, `put the prompt in quotes, as in coreml generate "Once upon a time"`}},
		{"generate Once upon", []string{`"upon"`, "put the prompt in quotes"}},
		{"generate Once --model " + model + " upon", []string{"twice", "quotes"}},
		{"generate " + model, []string{"is a package, and the prompt comes first", "--model " + model}},
		{"generate " + model + " Once", []string{"is a package, and the prompt comes first"}},
		{"generate x --temperature=-1", []string{"--temperature is -1", "from 0 on", "coreml generate --help"}},
		{"generate x --temperature NaN", []string{"--temperature is NaN", "from 0 on"}},
		{"generate x --temperature +Inf", []string{"--temperature is +Inf"}},
		{"generate x --top-p 3", []string{"--top-p is 3", "between 0 and 1"}},
		{"generate x --top-p=-0.1", []string{"--top-p is -0.1", "between 0 and 1"}},
		{"generate x --min-p 1.01", []string{"--min-p is 1.01", "between 0 and 1"}},
		{"generate x --top-k=-1", []string{"--top-k is -1", "0 or more"}},
		{"generate x --repetition-penalty 0", []string{"--repetition-penalty is 0", "above 0"}},
		{"generate x --repetition-penalty=-2", []string{"--repetition-penalty is -2", "above 0"}},
		{"generate x -n -7", []string{"--max-tokens is -7", "-1 or more"}},
		{"generate x --prefill-chunk -5", []string{"--prefill-chunk is -5", "-1 or more"}},
		{"generate x --threads -1", []string{"--threads is -1", "0 or more"}},
		{"generate x --seed -1", []string{"--seed"}},
		{"generate x --engine steam", []string{"auto, framework, portable", "coreml generate --help"}},
		{"bench " + model + " --prefill-chunk -2", []string{"--prefill-chunk is -2", "coreml bench --help"}},
		{"bench " + model + " --rounds 0", []string{"--rounds is 0", "between 1 and 1000"}},
		{"bench " + model + " --tokens 0", []string{"--tokens is 0", "between 1 and"}},
		{"bench " + model + " --perplexity " + fixtures, []string{"--perplexity", "a folder"}},
		{"verify --tokens=-1", []string{"--tokens is -1", "between 0 and"}},
		{"verify --tolerance NaN", []string{"--tolerance is NaN", "from 0 on"}},
		{"verify --cosine 2", []string{"--cosine is 2", "between -1 and 1"}},
		{"verify --threads -3", []string{"--threads is -3"}},
		{"verify --ids=3,-5", []string{"--ids has -5"}},
		{"synth x --layers -1", []string{"--layers is -1", "0 or more"}},
		{"synth x --block -2", []string{"--block is -2", "-1 or more"}},
		{"synth x --vocab 99999999999", []string{"--vocab 99999999999 is not between 1 and"}},
		{"synth x --head-dim 99999999", []string{"--head-dim 99999999 is not between 1 and"}},
		{"synth x --weights foo", []string{`--weights: "foo" is none of int4`}},
		{"tokenize --decode one", []string{`"one" is no token id`}},
		{"dance", []string{`no command "dance"`, strings.Join(slices.Sorted(slices.Values(verbNames())), ", ")}},
		{"version now", []string{`"now"`, "coreml version --help"}},
		{"inspect", []string{"inspect needs a MODEL, as in coreml inspect Model.mlpackage", "coreml inspect --help"}},
		{"bench", []string{"bench needs a MODEL, as in coreml bench Model.mlpackage", "coreml bench --help"}},
		{"check", []string{"check needs a DIR, as in coreml check ", "coreml check --help"}},
		{"synth", []string{"synth needs a PACKAGE, as in coreml synth Tiny.mlpackage", "coreml synth --help"}},
		{"predict", []string{"predict needs a MODEL, as in coreml predict Model.mlpackage", "or --stdio", "coreml predict --help"}},
	} {
		t.Run(c.args, func(t *testing.T) {
			r := call(t, strings.Fields(c.args)...)
			for _, want := range c.want {
				r.want(t, exitUsage, "", want)
			}
			if r.out != "" || strings.Count(r.err, "\n") != 1 || !strings.HasPrefix(r.err, "coreml: ") {
				t.Errorf("standard output %q, standard error %q", r.out, r.err)
			}
		})
	}
	for _, blank := range []string{"", " ", "\n\t "} {
		call(t, "generate", blank).want(t, exitUsage, "", "the prompt is empty")
		callWith(t, blank, "generate", "-").want(t, exitUsage, "", "the prompt is empty")
	}
	call(t, "verify", model, " ").want(t, exitUsage, "", "blank")
	call(t, "tokenize", "--decode", "1 99999999").want(t, exitFailure, "", "token id 99999999 is not in the vocabulary of 991")
}

func TestErrorsNameThePathOnce(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"empty", "void.mlpackage", "compiled.mlmodelc"} {
		if err := os.Mkdir(name, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("words.mlmodel", []byte("these are words"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"absent.mlpackage", "empty", "void.mlpackage", "compiled.mlmodelc", "words.mlmodel", filepath.Join(dir, "absent")} {
		for _, verb := range [][]string{
			{"inspect", path},
			{"inspect", path, "--mil"},
			{"inspect", path, "--plan"},
			{"generate", "x", "-m", path},
			{"bench", path},
			{"verify", path, "--engine", "portable"},
		} {
			r := call(t, verb...)
			if n := strings.Count(r.err, path); r.status != exitFailure || n != 1 {
				t.Errorf("%v: status %d, named %d times in %q", verb, r.status, n, r.err)
			}
			for _, inner := range []string{"load model:", "generate:", "open:", "stat "} {
				if strings.Contains(r.err, inner) {
					t.Errorf("%v: %q in %q", verb, inner, r.err)
				}
			}
		}
	}
	call(t, "tokenize", "-t", "empty", "x").want(t, exitFailure, "", "no tokenizer in empty: it has none of tokenizer.json")
	call(t, "tokenize", "-t", "absent", "x").want(t, exitFailure, "", "coreml: absent: ")
	call(t, "tokenize", "--chat", "empty").want(t, exitFailure, "", "a folder, not a file")
}

func TestTheFrameworkNeedsMacOS(t *testing.T) {
	if call(t, "doctor").status != exitOK || strings.Contains(call(t, "doctor").out, "framework  runs") {
		t.Skip("the framework is here")
	}
	for _, args := range [][]string{
		{"generate", "x"}, {"bench", model}, {"check", story}, {"inspect", model, "--plan"}, {"predict", model},
	} {
		r := call(t, append(args, "--engine", "framework")...)
		r.want(t, exitFailure, "", "only macOS has")
		r.want(t, exitFailure, "", "--engine portable runs the model here")
		if strings.Count(r.err, ":") > 2 {
			t.Errorf("a chain: %q", r.err)
		}
	}
	call(t, "inspect", model, "--engine", "framework").want(t, exitOK, "cannot run it", "")
	t.Setenv("COREML_ENGINE", "framework")
	call(t, "generate", "x").want(t, exitFailure, "", "COREML_ENGINE=portable runs the model here")
	call(t, "generate", "x", "-n", "2", "--engine", "portable").want(t, exitOK, "", "")
	call(t, "inspect", model).want(t, exitOK, "function main", "")
}

func TestHelpHasExamplesAndDefaults(t *testing.T) {
	all := call(t, "--help").out
	for _, verb := range []string{"generate", "embed", "serve", "inspect", "check", "verify", "doctor", "predict", "bench", "synth", "tokenize", "version"} {
		if !strings.Contains(all, "\n  "+verb) {
			t.Errorf("the list of commands lacks %s", verb)
		}
		r := call(t, verb, "--help")
		r.want(t, exitOK, "Usage: coreml "+verb, "")
		if verb != "version" && !strings.Contains(r.out, "coreml "+verb+" ") {
			t.Errorf("%s has no example", verb)
		}
	}
	for verb, wants := range map[string][]string{
		"bench":    {"(default 5)", "(default 32)", "32,128,512", "(default auto)"},
		"verify":   {"(default 0.05)", "(default 0.999)", "(default 32)", "(default framework)", "(default portable)", "(default faithful)"},
		"generate": {"(default 0)", "(default all)"},
		"synth":    {"(default tiny)", "(default int4)"},
	} {
		for _, want := range wants {
			call(t, verb, "--help").want(t, exitOK, want, "")
		}
	}
	if a, b := call(t, "--version"), call(t, "version"); a.out != b.out || !strings.HasPrefix(a.out, "coreml ") || a.status != exitOK {
		t.Errorf("--version gives %q and version %q", a.out, b.out)
	}
	call(t, "generate", "--version").want(t, exitOK, "coreml ", "")
}

func TestJSONErrorsGiveTheFieldsPath(t *testing.T) {
	dir := t.TempDir()
	for name, tc := range map[string]struct{ text, want string }{
		"a list for an object": {`{"messages": [["x"]]}`, "messages: an array where an object belongs (line 1)"},
		"a text for a list":    {`{"tools": "x"}`, "tools: a string where a list belongs (line 1)"},
		"no JSON":              {`{"messages": nope}`, "not JSON at line 1: invalid character"},
		"cut off":              {`[{"role": "user"`, "not JSON at line 1: unexpected end"},
	} {
		path := filepath.Join(dir, "chat.json")
		if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
			t.Fatal(err)
		}
		r := call(t, "tokenize", "--chat", path)
		r.want(t, exitFailure, "", tc.want)
		if strings.Contains(r.err, "Go ") || strings.Contains(r.err, "struct") || strings.Contains(r.err, "tokenizer.") {
			t.Errorf("%s: %q", name, r.err)
		}
	}
}
