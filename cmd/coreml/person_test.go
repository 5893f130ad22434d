package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// parrot writes a folder with a language model that goes round: word n is
// followed by word n+1, and the last of the cycle by the first.
func parrot(t *testing.T) string {
	t.Helper()
	const vocab, length, cycle = 16, 64, 5
	table := make([]float32, vocab*vocab)
	for id := range vocab {
		table[id*vocab+1+id%cycle] = 8
	}
	b := mil.NewBuilder("main", "CoreML8")
	ids := b.Input("input_ids", dtype.Int32, 1, length)
	b.Output("logits", b.Op("gather", "logits", mil.TensorType(dtype.Float32, 1, length, vocab), mil.Args{
		"x": b.Float32s("table", []int{vocab, vocab}, table...), "indices": ids, "axis": b.Int("", 0),
		"batch_dims": b.Int("", 0), "validate_indices": b.Bool("", false),
	}))
	fn, err := b.Function()
	if err != nil {
		t.Fatal(err)
	}
	p := mil.NewProgram(fn)
	d, err := mil.Describe(p, "main")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := mil.Write(filepath.Join(dir, "Parrot.mlpackage"), p, d); err != nil {
		t.Fatal(err)
	}
	words := map[string]int{}
	for i, w := range strings.Fields("w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 wa wb wc wd we wf") {
		words[w] = i
	}
	writeJSONFile(t, filepath.Join(dir, "tokenizer.json"), map[string]any{
		"version": "1.0", "model": map[string]any{"type": "WordLevel", "vocab": words, "unk_token": "w0"},
		"pre_tokenizer": map[string]any{"type": "WhitespaceSplit"},
	})
	return dir
}

func TestAnAnswerThatRepeatsItselfGetsAHint(t *testing.T) {
	dir := parrot(t)
	for name, tc := range map[string]struct {
		args []string
		want bool
	}{
		"a loop":               {[]string{"-n", "40"}, true},
		"a loop, asked for":    {[]string{"-n", "40", "--temperature", "0"}, true},
		"an answer too short":  {[]string{"-n", "12"}, false},
		"with a random choice": {[]string{"-n", "40", "--temperature", "0.01"}, false},
		"a quiet call":         {[]string{"-n", "40", "-q"}, false},
		"an object":            {[]string{"-n", "40", "--json"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := call(t, append([]string{"generate", "w1 w2", "-m", dir}, tc.args...)...)
			if got := strings.Contains(r.err, "repeats itself"); r.status != exitOK || got != tc.want || got && !strings.Contains(r.err, "--temperature") {
				t.Errorf("status %d, standard error %q", r.status, r.err)
			}
		})
	}
	call(t, "generate", "Once upon a time", "--temperature=0").want(t, exitOK, "The end.\n", "")
	if r := call(t, "generate", "Once upon a time", "--temperature=0"); strings.Contains(r.err, "repeats") {
		t.Errorf("a story repeats itself: %s", r.err)
	}
}

func TestTheHintAtRepetitionIsForTheLikeliestTokenAlone(t *testing.T) {
	loop := generate.Loop{Length: 2, Times: 20}
	for _, tc := range []struct {
		name  string
		stats generate.Stats
		hint  bool
	}{
		{"a loop of likeliest tokens", generate.Stats{Greedy: true, Loop: loop}, true},
		{"a loop of drawn tokens", generate.Stats{Loop: loop}, false},
		{"likeliest tokens without a loop", generate.Stats{Greedy: true}, false},
	} {
		if got := repeatHint(&generate.Result{Stats: tc.stats}) != ""; got != tc.hint {
			t.Errorf("%s: a hint is given: %v, want %v", tc.name, got, tc.hint)
		}
	}
}

func TestATerminalShowsThePromptFirst(t *testing.T) {
	args := []string{"generate", "Once upon a time", "--temperature=0", "-n", "3"}
	const answer = ", in an"
	for name, tc := range map[string]struct {
		env, value, want string
		more             []string
	}{
		"dim":                 {"TERM", "xterm", "\x1b[2mOnce upon a time\x1b[0m" + answer + "\n", nil},
		"without colours":     {"NO_COLOR", "1", "Once upon a time" + answer + "\n", nil},
		"on a dumb terminal":  {"TERM", "dumb", "Once upon a time" + answer + "\n", nil},
		"not in a quiet call": {"TERM", "xterm", answer + "\n", []string{"-q"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("NO_COLOR", "")
			t.Setenv(tc.env, tc.value)
			if r := callOnTerminal(t, "", append(args, tc.more...)...); r.out != tc.want {
				t.Errorf("got %q, want %q", r.out, tc.want)
			}
		})
	}
	if r := call(t, args...); r.out != answer+"\n" {
		t.Errorf("into a pipe went %q", r.out)
	}
	if r := callOnTerminal(t, "", append(args, "--json")...); !strings.HasPrefix(r.out, "{") {
		t.Errorf("an object begins with %q", r.out)
	}
	if r := callOnTerminal(t, "", "generate", "x", "--system", "y"); r.status != exitFailure || r.out != "" {
		t.Errorf("a call that fails wrote %q", r.out)
	}
	if got, want := shownPrompt("Why?\n", true), "Why?\n\n"; got != want {
		t.Errorf("a question is shown as %q, want %q", got, want)
	}
	if got := shownPrompt(strings.Repeat("é", 3000)+"end", false); len([]rune(got)) != mostShown+1 || !strings.HasPrefix(got, "…é") || !strings.HasSuffix(got, "end") {
		t.Errorf("%d characters of a long prompt are shown", len([]rune(got)))
	}
}

func TestThePromptIsTakenFromAPipe(t *testing.T) {
	want := call(t, "generate", "Once upon a time", "--temperature=0", "-n", "5", "-q").out
	for _, args := range [][]string{{"generate"}, {"generate", "-"}} {
		r := callWith(t, "Once upon a time\n", append(args, "--temperature=0", "-n", "5", "-q")...)
		if r.status != exitOK || r.out != want {
			t.Errorf("%v: status %d, %q, want %q: %s", args, r.status, r.out, want, r.err)
		}
	}
}

// keyboard is a terminal to read from.
type keyboard struct{ strings.Reader }

func (*keyboard) IsTerminal() bool { return true }

func TestATerminalIsNotReadUnasked(t *testing.T) {
	ask := func(args ...string) result {
		var out, errs strings.Builder
		return result{run(t.Context(), args, new(keyboard), &out, &errs), out.String(), errs.String()}
	}
	ask("generate").want(t, exitUsage, "", `coreml: generate needs a prompt, as in coreml generate "Once upon a time"`)
	ask("generate", "-").want(t, exitUsage, "", "reading standard input")
	ask("tokenize").want(t, exitOK, "", "reading standard input")
	if r := call(t, "tokenize"); r.err != "" {
		t.Errorf("from a pipe: %q", r.err)
	}
}

func TestAFolderWithOnePackageStandsForIt(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, storyteller.FS()); err != nil {
		t.Fatal(err)
	}
	pkg := filepath.Join(dir, storyteller.Package)
	call(t, "generate", "Once upon a time", "--temperature=0", "-n", "3", "-m", dir).want(t, exitOK, ", in an\n", "")
	call(t, "inspect", dir).want(t, exitOK, pkg, "")
	call(t, "verify", dir, "--engine", "portable", "-n", "2").want(t, exitOK, pkg, "")
	call(t, "bench", dir, "--prefill", "4", "--decode", "none", "--rounds", "1").want(t, exitOK, pkg, "")
	around := filepath.Dir(adder(t))
	x := "x=" + writeNPY(t, tensor.New(tensor.Float32, 2, 2))
	call(t, "predict", around, "-i", x).want(t, exitOK, "y = ", "")
	if r := talk(t, object{"op": "load", "path": around}); r[0]["ok"] != true {
		t.Errorf("over standard input: %v", r[0])
	}
	t.Chdir(dir)
	call(t, "inspect", ".").want(t, exitOK, storyteller.Package, "")

	second := filepath.Join(dir, "Second.MLPACKAGE")
	if err := os.Mkdir(second, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"inspect", dir}, {"generate", "x", "-m", dir}, {"bench", dir}, {"verify", dir, "--engine", "portable"}, {"predict", dir}} {
		r := call(t, args...)
		r.want(t, exitFailure, "", second)
		r.want(t, exitFailure, "", pkg)
	}
	for i := range 40 {
		if err := os.Mkdir(filepath.Join(dir, fmt.Sprintf("x%d.mlpackage", i)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	call(t, "inspect", dir).want(t, exitFailure, "", " and 30 more")
}
