package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

// TestEveryFlagIsGivenInSomeTest keeps a flag from being added without one. What
// the flag does is for that test to say.
func TestEveryFlagIsGivenInSomeTest(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for verb, flags := range valueFlags(t) {
		for _, f := range flags {
			form := `"--` + f.Name + `["=]`
			if f.Short != 0 {
				form += `|"-` + string(f.Short) + `["=]`
			}
			if !regexp.MustCompile(form).MatchString(all.String()) {
				t.Errorf("no test gives --%s to %s", f.Name, verb)
			}
		}
	}
}

func TestTheFlagsOfBench(t *testing.T) {
	quick := []string{model, "--prefill", "4", "--decode", "none", "--rounds", "1"}
	if b := benchOf(t, append(quick, "--arithmetic", "wide", "--threads", "2")...); b.Arithmetic != "wide" || b.Threads != 2 {
		t.Errorf("arithmetic %q, threads %d", b.Arithmetic, b.Threads)
	}
	if b := benchOf(t, append(quick, "--engine", "portable")...); b.Arithmetic != "fast" || len(b.Decode) != 0 || b.AllocsPerToken != 0 {
		t.Errorf("without flags: %+v", b)
	}
	// Nothing to measure is a measurement all the same: of loading and the first token.
	r := call(t, "bench", model, "--prefill", "none", "--decode", "none")
	r.want(t, exitOK, "behind a prompt of 32", "")
	if strings.Contains(r.out, "tokens per second") {
		t.Errorf("a table of no lengths: %s", r.out)
	}
	call(t, append([]string{"bench", "--function", "dance"}, quick...)...).want(t, exitFailure, "", "dance")
	call(t, append([]string{"bench", "--prefill-chunk", "1"}, quick...)...).want(t, exitOK, "prompt of 4", "")
	call(t, append([]string{"bench", "--prefill-chunk=-2"}, quick...)...).want(t, exitUsage, "", "--prefill-chunk is -2: it must be -1 or more")
}

func TestTheFlagsOfCheck(t *testing.T) {
	for _, flags := range [][]string{
		{"--no-fusion"}, {"--arithmetic", "wide"}, {"--arithmetic", "fast"}, {"--threads", "1"}, {"--compute-units", "cpu-only"}, {"--engine", "portable"},
	} {
		call(t, append([]string{"check", story}, flags...)...).want(t, exitOK, "5 passed, 0 failed", "")
	}
	// One folder that cannot be read does not keep the others from being compared.
	r := call(t, "check", "absent", story)
	r.want(t, exitFailure, "5 passed, 1 failed", "check absent: no such file or directory")
}

func TestTheFlagsOfVerify(t *testing.T) {
	same := []string{"verify", "--engine", "portable", "-n", "1", "--arithmetic", "wide"}
	call(t, same...).want(t, exitOK, "wide", "")
	call(t, append(same, "--tolerance", "0")...).want(t, exitFailure, "above the tolerance of 0", "")
	call(t, append(same, "--reference", "portable", "--reference-arithmetic", "wide", "--tolerance", "1e-3", "--cosine", "0.9999")...).want(t, exitOK, "against   portable on CPU, wide", "")
	call(t, append(same, "--threads", "1", "--compute-units", "cpu-only")...).want(t, exitOK, "ok  ", "")
	call(t, append(same, "--function", "dance")...).want(t, exitFailure, "", "dance")
	call(t, append(same, "--cosine", "1.5")...).want(t, exitUsage, "", "--cosine is 1.5: it must be between -1 and 1; 1 is the same direction")
	call(t, append(same, "--ids", "-1")...).want(t, exitUsage, "", "token ids begin at 0")
	call(t, "verify", model, " ", "--engine", "portable").want(t, exitUsage, "", "the prompt is blank")
	call(t, "verify", model, "--engine", "portable", "-n", "1", "--tokenizer", "absent").want(t, exitFailure, "", "absent")
	call(t, "verify", model, "--engine", "portable", "-n", "99999999").want(t, exitUsage, "", "--tokens is 99999999: it must be between 0 and 65536")
}

func TestTheFlagsOfSynth(t *testing.T) {
	dir := t.TempDir()
	made := func(name string, flags ...string) packageInfo {
		t.Helper()
		path := filepath.Join(dir, name+".mlpackage")
		call(t, append(append([]string{"synth", path}, smallFlags...), flags...)...).want(t, exitOK, "", "")
		var info packageInfo
		if err := json.Unmarshal([]byte(call(t, "inspect", path, "--json").out), &info); err != nil {
			t.Fatal(err)
		}
		return info
	}
	formats := func(info packageInfo) string {
		var list []string
		for _, w := range info.Weights {
			list = append(list, w.Format)
		}
		return strings.Join(list, ", ")
	}
	for _, c := range []struct {
		flags []string
		want  string
	}{
		{[]string{"--weights", "int4", "--block", "16"}, "int4 per block of 16"},
		{[]string{"--weights", "int8"}, "int8"},
		{[]string{"--weights", "fp16"}, "fp16"},
		{[]string{"--weights", "lut4"}, "lut4 per group of 16"},
	} {
		if got := formats(made(strings.Join(c.flags, ""), c.flags...)); !strings.Contains(got, c.want) {
			t.Errorf("%q stores %s, want %s", c.flags, got, c.want)
		}
	}
	size := func(info packageInfo) int64 { return info.Files[0].Bytes }
	if tied, own := made("tied", "--tied"), made("own", "--no-tied"); size(tied) >= size(own) {
		t.Errorf("tied weights take %d bytes, a head of its own %d", size(tied), size(own))
	}
	if angles, tables := made("angles"), made("tables", "--rotary", "tables"); size(angles) >= size(tables) {
		t.Errorf("positions from angles take %d bytes, from tables %d", size(angles), size(tables))
	}
	loud := call(t, append([]string{"synth", filepath.Join(dir, "loud.mlpackage")}, smallFlags...)...)
	quiet := call(t, append([]string{"synth", filepath.Join(dir, "quiet.mlpackage"), "-q"}, smallFlags...)...)
	if !strings.Contains(loud.err, "million weights as") || quiet.err != "" || loud.out != "" {
		t.Errorf("told %q, and %q with --quiet", loud.err, quiet.err)
	}
}

func TestTheFlagsOfTokenize(t *testing.T) {
	ids := func(args ...string) string {
		t.Helper()
		var got struct{ IDs []int }
		r := call(t, append([]string{"tokenize", "--json"}, args...)...)
		if err := json.Unmarshal([]byte(r.out), &got); err != nil {
			t.Fatalf("%v: %s%s", err, r.out, r.err)
		}
		return string(mustJSON(got.IDs))
	}
	if with, without := ids("Once"), ids("--no-special", "Once"); with != "[1,474]" || without != "[474]" {
		t.Errorf("with special tokens %s, without %s", with, without)
	}
	call(t, "tokenize", "--decode", "1 474").want(t, exitOK, "<|story|>Once\n", "")
	if r := call(t, "tokenize", "--decode", "--no-special", "1 474"); r.out != "Once\n" {
		t.Errorf("without special tokens: %q", r.out)
	}
	if r := callWith(t, "[1, 474]\n", "tokenize", "--decode", "-"); r.out != "<|story|>Once\n" {
		t.Errorf("from standard input: %q, %s", r.out, r.err)
	}
	call(t, "tokenize", "--decode", "--chat", "x").want(t, exitUsage, "", "--decode and --chat exclude each other")
	call(t, "tokenize", "--stdio", "text").want(t, exitUsage, "", "--stdio takes everything from standard input")
	call(t, "tokenize", "--chat", "absent.json").want(t, exitFailure, "", "absent.json: no such file or directory")
	call(t, "tokenize", "--decode", "1.5").want(t, exitUsage, "", `"1.5" is no token id`)
}

func TestTheFlagsOfPredict(t *testing.T) {
	dir, pkg := t.TempDir(), adder(t)
	in := filepath.Join(dir, "in.safetensors")
	writeTensors(t, in, safetensors.Named{Name: "x", Tensor: tensor.FromSlice([]float32{1, 2, 3, 4}, 2, 2)})
	values := filepath.Join(dir, "values.json")
	writeJSONFile(t, values, object{"x": [][]int{{0, 0}, {0, 0}}})
	run := func(args ...string) string {
		t.Helper()
		out := filepath.Join(dir, "out.safetensors")
		call(t, append([]string{"predict", pkg, "-o", out}, args...)...).want(t, exitOK, "", "")
		return string(mustJSON(readTensor(t, out, "y")))
	}
	for _, c := range []struct {
		what string
		args []string
		want string
	}{
		{"an input by its name", []string{"--input", "x=" + in}, "[3,6,9,12]"},
		{"a file of values", []string{"--inputs", values}, "[0,0,0,0]"},
		{"a flag overrides the file of values", []string{"--inputs", values, "--input", "x=" + in}, "[3,6,9,12]"},
		{"another function", []string{"--function", "other", "-i", "x=" + in}, "[4,8,12,16]"},
		{"an output that is asked for twice", []string{"-i", "x=" + in, "--only", "y", "--only", "y"}, "[3,6,9,12]"},
		{"no limit of time", []string{"-i", "x=" + in, "--timeout", "0s"}, "[3,6,9,12]"},
		{"a limit that is not reached", []string{"-i", "x=" + in, "--timeout", "10m"}, "[3,6,9,12]"},
		{"an engine, arithmetic and threads", []string{"-i", "x=" + in, "--engine", "portable", "--arithmetic", "wide", "--threads", "1"}, "[3,6,9,12]"},
	} {
		if got := run(c.args...); got != c.want {
			t.Errorf("%s: y is %s, want %s", c.what, got, c.want)
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{pkg, "--only", "z"}, `there is no output "z"; the outputs are "y"`},
		{[]string{pkg, "--inputs", in}, "--inputs takes a .json file"},
		{[]string{pkg, "-i", "x=" + in, "--state-in", in}, in},
		{[]string{pkg, "-i", "x=" + in + ":z"}, `the file has no tensor "z"; it has "x"`},
	} {
		r := call(t, append([]string{"predict"}, c.args...)...)
		if r.status == exitOK || !strings.Contains(r.err, c.want) || r.out != "" {
			t.Errorf("%q: status %d, %q, want %q", c.args, r.status, r.err, c.want)
		}
	}
}

// TestAResultThatFailsLeavesWhatWasThere is the promise that no output is half
// written.
func TestAResultThatFailsLeavesWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out.npz")
	if err := os.WriteFile(out, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	call(t, "predict", adder(t), "-o", out).want(t, exitFailure, "", "feature is missing")
	got, err := os.ReadFile(out)
	entries, failed := os.ReadDir(dir)
	if err != nil || failed != nil || string(got) != "before" || len(entries) != 1 {
		t.Errorf("the file holds %q, and %d files are there", got, len(entries))
	}
}

func TestTheFlagsOfInspect(t *testing.T) {
	multi := filepath.Join(fixtures, "lora-multifunction", "model.mlpackage")
	for _, c := range []struct {
		args      []string
		has, lack string
	}{
		{[]string{multi, "--mil", "--function", "poet"}, "poet", "func coder"},
		{[]string{multi}, "function base (CoreML8, the default)", "function dance"},
		{[]string{multi, "--function", "coder", "--json"}, `"name": "coder"`, `"name": "poet"`},
		{[]string{model, "--plan", "--arithmetic", "fast", "--threads", "1", "--compute-units", "cpu-only"}, "linear", "\x1b"},
	} {
		r := call(t, append([]string{"inspect"}, c.args...)...)
		if r.status != exitOK || !strings.Contains(r.out, c.has) || strings.Contains(r.out, c.lack) {
			t.Errorf("%q: status %d, want %q and not %q:\n%.600s%s", c.args, r.status, c.has, c.lack, r.out, r.err)
		}
	}
	for _, pair := range [][]string{{"--mil", "--plan"}, {"--mil", "--json"}, {"--plan", "--json"}} {
		call(t, append([]string{"inspect", model}, pair...)...).want(t, exitUsage, "", "--json, --mil and --plan exclude each other")
	}
}
