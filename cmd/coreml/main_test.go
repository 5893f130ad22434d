package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/examples/storyteller"
)

const (
	fixtures = "../../testdata/fixtures"
	story    = "../../testdata/storyteller"
	model    = "../../examples/storyteller/model/model.mlpackage"
)

// result is what one call of the program did.
type result struct {
	status   int
	out, err string
}

func call(t *testing.T, args ...string) result {
	t.Helper()
	return callWith(t, "", args...)
}

func callWith(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, errs strings.Builder
	status := run(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	return result{status, out.String(), errs.String()}
}

// want fails the test unless the call ended with status and its outputs hold
// the texts.
func (r result) want(t *testing.T, status int, out, err string) {
	t.Helper()
	if r.status != status || !strings.Contains(r.out, out) || !strings.Contains(r.err, err) {
		t.Errorf("status %d, want %d\nstdout %q, want %q\nstderr %q, want %q", r.status, status, r.out, out, r.err, err)
	}
}

// lastLine returns the last line of standard output.
func (r result) lastLine() string {
	lines := strings.Split(strings.TrimRight(r.out, "\n"), "\n")
	return lines[len(lines)-1]
}

// answer reads the last line as the object of --json.
func (r result) answer(t *testing.T) answerJSON {
	t.Helper()
	var a answerJSON
	if r.status != exitOK {
		t.Fatalf("status %d: %s", r.status, r.err)
	}
	if err := json.Unmarshal([]byte(r.lastLine()), &a); err != nil {
		t.Fatalf("%v in %q", err, r.lastLine())
	}
	return a
}

func recorded(t *testing.T) []generationRecord {
	t.Helper()
	var list []generationRecord
	if err := readJSON(filepath.Join(story, "generation.json"), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWrongCallsExitWithTwo(t *testing.T) {
	for name, args := range map[string][]string{
		"an unknown command":          {"dance"},
		"an unknown flag":             {"generate", "x", "--dance"},
		"no prompt":                   {"generate"},
		"the model twice":             {"generate", "x", model, "--model", model},
		"a number that is none":       {"generate", "x", "--temperature", "warm"},
		"an engine that is none":      {"generate", "x", "--engine", "steam"},
		"negative threads":            {"check", fixtures + "/llama-int4", "--threads=-1"},
		"a system message and raw":    {"generate", "x", "--raw", "--system", "y"},
		"a tokenizer without a model": {"generate", "x", "--tokenizer", "y"},
		"no folder to check":          {"check"},
		"two forms of output":         {"inspect", model, "--mil", "--json"},
		"a temperature below zero":    {"generate", "x", "--temperature", "-1"},
	} {
		t.Run(name, func(t *testing.T) {
			r := call(t, args...)
			r.want(t, exitUsage, "", "coreml: ")
			if r.out != "" {
				t.Errorf("standard output has %q", r.out)
			}
		})
	}
}

func TestHelpAndVersion(t *testing.T) {
	call(t, "--help").want(t, exitOK, "inspect", "")
	call(t).want(t, exitOK, "Usage: coreml", "")
	call(t, "generate", "--help").want(t, exitOK, "--repetition-penalty", "")
	call(t, "version").want(t, exitOK, "coreml ", "")
}

func TestGenerateWritesTextAndStatisticsApart(t *testing.T) {
	r := call(t, "generate", "Once upon a time", "--temperature", "0", "--max-tokens", "16")
	if want := ", in an old garden, there lived a kind child named Tom. He wanted\n"; r.out != want {
		t.Errorf("standard output has %q, want %q", r.out, want)
	}
	r.want(t, exitOK, "", "prompt")
	r.want(t, exitOK, "", "16 tokens")
	r.want(t, exitOK, "", "token limit")
	if r := call(t, "generate", "Once upon a time", "-q", "-n", "3"); r.err != "" {
		t.Errorf("with --quiet standard error has %q", r.err)
	}
}

func TestGenerateGivesTheReferencesTokens(t *testing.T) {
	record := recorded(t)[0]
	n := slices.IndexFunc(record.Margin, func(m float64) bool { return m < closeMargin })
	for name, args := range map[string][]string{
		"the embedded model":        nil,
		"the model by flag":         {"--model", model},
		"the model as Swift has it": {model},
		"with single tokens":        {"--prefill-chunk", "1", "--engine", "portable", "--compute-units", "cpuAndGPU"},
		"in one call":               {"--prefill-chunk", "-1", "--arithmetic", "faithful", "--threads", "1"},
		"with a tokenizer by flag":  {"--model", model, "--tokenizer", filepath.Dir(model)},
		"raw":                       {"--raw", "--max-length", "200"},
	} {
		t.Run(name, func(t *testing.T) {
			a := call(t, append([]string{"generate", record.Prompt, "--json", "--temperature", "0"}, args...)...).answer(t)
			if len(a.Tokens) < n || !slices.Equal(a.Tokens[:n], record.Greedy[:n]) {
				t.Errorf("got %v, want %v", a.Tokens, record.Greedy[:n])
			}
			// The clock of Windows may be too coarse for a prompt of five tokens.
			timed := a.Stats.FirstTokenMS > 0 && a.Stats.PrefillRate > 0 ||
				runtime.GOOS == "windows" && a.Stats.FirstTokenMS >= 0 && a.Stats.PrefillRate >= 0
			if a.PromptTokens != len(record.IDs) || a.FinishReason != "end_token" || strings.Contains(a.Text, "<|") || a.Stats.LoadMS <= 0 ||
				!timed || a.Stats.DecodeRate <= 0 {
				t.Errorf("got %+v", a)
			}
			if wantCalls := map[bool]int{false: 1, true: len(record.IDs)}[name == "with single tokens"]; a.Stats.PrefillCalls != wantCalls {
				t.Errorf("%d prefill calls, want %d", a.Stats.PrefillCalls, wantCalls)
			}
		})
	}
}

func TestGenerateTakesItsSettingsFromFlags(t *testing.T) {
	tell := func(args ...string) answerJSON {
		t.Helper()
		return call(t, append([]string{"generate", "Once upon a time", "--json", "--max-tokens=40"}, args...)...).answer(t)
	}
	if a, b := tell("--seed", "5"), tell("--seed", "5"); a.Text != b.Text {
		t.Errorf("seed 5 told %q and %q", a.Text, b.Text)
	}
	if a, b := tell("--seed", "5"), tell("--seed", "6"); a.Text == b.Text {
		t.Errorf("seeds 5 and 6 both told %q", a.Text)
	}
	greedy := tell("--temperature", "0")
	if a := tell("--top-k", "1", "--seed", "9"); a.Text != greedy.Text {
		t.Errorf("top-k 1 told %q, greedy %q", a.Text, greedy.Text)
	}
	if a := tell("--top-p", "0.001", "--min-p", "0.9", "--temperature", "2"); a.Text != greedy.Text {
		t.Errorf("a tiny nucleus told %q, greedy %q", a.Text, greedy.Text)
	}
	if a := tell("--temperature", "0", "--repetition-penalty", "5"); a.Text == greedy.Text {
		t.Error("a repetition penalty changed nothing")
	}
	if a := tell("--temperature", "0", "--stop", "zebra", "--stop", " child"); a.FinishReason != "stop_string" ||
		a.Text != ", in an old garden, there lived a kind" {
		t.Errorf("stopped with %+v", a)
	}
	if a := tell("--temperature", "0", "--max-length", "3"); len(a.Tokens) != 3 || a.FinishReason != "length" {
		t.Errorf("limited with %+v", a)
	}
	if r := callWith(t, "Once upon a time\n", "generate", "-", "--json", "--temperature=0", "-n", "40"); r.answer(t).Text != greedy.Text {
		t.Errorf("from standard input came %q", r.answer(t).Text)
	}
}

func TestGenerateSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name, want string
		args       []string
	}{
		{"a package that is not there", "nowhere.mlpackage", []string{"x", "-m", "nowhere.mlpackage"}},
		{"a tokenizer that is not there", "no/such/folder", []string{"x", "-m", model, "--tokenizer", "no/such/folder"}},
		{"a system message without a template", "chat template", []string{"x", "--system", "y"}},
		{"a function that is not there", "dance", []string{"x", "-m", model, "--function", "dance"}},
		{"a prompt beyond the context", "the prompt has 1203 tokens, the model takes 512", []string{strings.Repeat("once upon ", 600)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := call(t, append([]string{"generate"}, c.args...)...)
			r.want(t, exitFailure, "", c.want)
			if !strings.HasPrefix(r.err, "coreml: ") || strings.Count(r.err, "\n") != 1 || strings.Contains(r.err, "generate: ") {
				t.Errorf("standard error has %q", r.err)
			}
		})
	}
}

// lonely copies the package, without the tokenizer, to a folder of its own.
func lonely(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, storyteller.FS()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tokenizer.json", "tokenizer_config.json"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, storyteller.Package)
}

func TestTheTokenizerIsFoundInTheHubsCache(t *testing.T) {
	pkg, cache := lonely(t), t.TempDir()
	t.Setenv("HF_HUB_CACHE", cache)
	// The package says that it was made from local/storyteller.
	r := call(t, "generate", "x", "-m", pkg)
	r.want(t, exitFailure, "", "local/storyteller")
	r.want(t, exitFailure, "", cache)

	repo := filepath.Join(cache, "models--local--storyteller")
	commit := strings.Repeat("0123456789", 4)
	snapshot := filepath.Join(repo, "snapshots", commit)
	if err := os.CopyFS(snapshot, storyteller.FS()); err != nil {
		t.Fatal(err)
	}
	greedy := []string{"generate", "Once upon a time", "--temperature=0", "-n", "5", "-q", "-m", pkg}
	want := call(t, greedy[:len(greedy)-2]...).out
	call(t, greedy...).want(t, exitOK, want, "")
	call(t, append(greedy, "--tokenizer", "local/storyteller")...).want(t, exitOK, want, "")

	if err := os.MkdirAll(filepath.Join(repo, "refs"), 0o700); err != nil {
		t.Fatal(err)
	}
	for ref, name := range map[string]string{commit: "of main", "../../../etc": "that leads outside"} {
		if err := os.WriteFile(filepath.Join(repo, "refs", "main"), []byte(ref), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := call(t, greedy...); r.status != exitOK || r.out != want {
			t.Errorf("with a reference %s: %+v", name, r)
		}
	}
}

func TestTheHubsCacheLiesWhereTheHubSays(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home) // HOME on Windows
	for _, name := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"} {
		t.Setenv(name, "")
	}
	for _, step := range []struct{ name, value, want string }{
		{"", "", filepath.Join(home, ".cache/huggingface/hub")},
		{"XDG_CACHE_HOME", "/x", filepath.FromSlash("/x/huggingface/hub")},
		{"HF_HOME", "~/hf", filepath.Join(home, "hf/hub")},
		{"HUGGINGFACE_HUB_CACHE", "/old", filepath.FromSlash("/old")},
		{"HF_HUB_CACHE", "$HOME/c", filepath.Join(home, "c")},
	} {
		if step.name != "" {
			t.Setenv(step.name, step.value)
		}
		if got, err := newClient(false).CacheFolder(); err != nil || got != step.want {
			t.Errorf("with %s=%s the cache is %s, want %s: %v", step.name, step.value, got, step.want, err)
		}
	}
	for id, want := range map[string]bool{
		"a/b": true, "HuggingFaceTB/SmolLM2-135M-Instruct": true, "a": false, "a/../b": false, "a/b/c": false, "../b": false, "a--b/c": false,
	} {
		if got := isRepository(id); got != want {
			t.Errorf("%q is a repository: %v, want %v", id, got, want)
		}
	}
}

// cancelling cancels at its first write.
type cancelling struct {
	strings.Builder
	cancel context.CancelFunc
}

func (c *cancelling) Write(p []byte) (int, error) {
	c.cancel()
	return c.Builder.Write(p)
}

func TestAnInterruptEndsWith130(t *testing.T) {
	for _, args := range [][]string{{"generate", "Once upon a time", "--temperature=0"}, {"check", story}} {
		ctx, cancel := context.WithCancel(t.Context())
		out := &cancelling{cancel: cancel}
		var errs strings.Builder
		status := run(ctx, args, strings.NewReader(""), out, &errs)
		if status != exitInterrupted || errs.String() != "" {
			t.Errorf("%v: status %d, standard error %q", args, status, errs.String())
		}
		if got := out.String(); args[0] == "generate" && got != ",\n" {
			t.Errorf("after the first token standard output has %q", got)
		}
	}
}
