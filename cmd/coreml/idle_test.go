package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tensor"
)

// TestFlagsWithoutEffectAreToldOf holds the lines on standard error. The calls do
// what they did all the same.
func TestFlagsWithoutEffectAreToldOf(t *testing.T) {
	dir := t.TempDir()
	chat := filepath.Join(dir, "chat.json")
	writeJSONFile(t, chat, []object{{"role": "user", "content": "hi"}})
	bench := []string{"bench", model, "--rounds", "1", "--prefill", "4"}
	predict := []string{"predict", adder(t), "-i", "x=" + writeNPY(t, tensor.New(tensor.Float32, 2, 2))}
	story := []string{"generate", "Once", "-n", "1"}
	ids := []string{"verify", "--engine", "portable", "--ids", "3,4", "-n", "1"}
	for _, c := range []struct {
		name string
		args []string
		want string // the lines about flags, without "coreml: "
	}{
		{"bench: a tokenizer and no text", append(bench, "--decode", "none", "--tokenizer", dir), "--tokenizer has no effect without --perplexity or --fingerprint, which alone read a text"},
		{"bench: a number of tokens that nobody takes", append(bench, "--decode", "none", "-n", "3"), "--tokens has no effect with --decode none"},
		{"bench: a number that is taken", append(bench, "--decode", "0", "-n", "3"), ""},
		{"predict: an object and a file", append(predict, "--json", "-o", filepath.Join(dir, "out.npz")), "--json has no effect with --output: the outputs go to the file, which the ending of its name gives its form"},
		{"predict: an object", append(predict, "--json"), ""},
		{"predict: units for requests", []string{"predict", "--stdio", "--compute-units", "cpu-only"}, "--compute-units has no effect with --stdio: each load request names its own compute_units"},
		{"predict: an engine for requests", []string{"predict", "--stdio", "--engine", "portable", "--threads", "1"}, ""},
		{"tokenize: an object for requests", []string{"tokenize", "--stdio", "--json", "--no-special"}, "--json has no effect with --stdio: requests and replies have one form\n--no-special has no effect with --stdio: requests and replies have one form"},
		{"tokenize: special tokens of a template", []string{"tokenize", "--chat", chat, "--no-special"}, "--no-special has no effect with --chat: the template writes the special tokens"},
		{"verify: a tokenizer for ids", append(ids, "--tokenizer", dir), "--tokenizer has no effect with --ids, which are tokens already"},
		{"verify: ids", ids, ""},
		{"inspect: how the program would be run", []string{"inspect", model, "--mil", "--arithmetic", "fast", "--threads", "2"}, "--arithmetic has no effect with --mil: the program is printed as the package has it\n--threads has no effect with --mil: the program is printed as the package has it"},
		{"inspect: a plan", []string{"inspect", model, "--plan", "--arithmetic", "fast"}, ""},
		{"generate: a seed for the likeliest token", append(story, "--temperature", "0", "--seed", "5"), "--seed has no effect where the likeliest token is taken: give a --temperature above 0"},
		{"generate: a choice among tokens of which one is taken", append(story, "--temperature", "0", "--top-k", "5", "--top-p", "0.5", "--min-p", "0.1"), "--top-k has no effect where the likeliest token is taken: give a --temperature above 0\n" +
			"--top-p has no effect where the likeliest token is taken: give a --temperature above 0\n--min-p has no effect where the likeliest token is taken: give a --temperature above 0"},
		{"generate: choices that are turned off", append(story, "--temperature", "0", "--top-k", "0", "--top-p", "0"), ""},
		{"generate: a seed for a random choice", append(story, "--seed", "5"), ""},
		{"generate: top-k alone, which asks for a random choice", append(story, "--top-k", "5", "--seed", "5"), ""},
		{"generate: in a quiet call", append(story, "-q", "--temperature", "0", "--seed", "5"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := call(t, c.args...)
			var got []string
			for line := range strings.Lines(r.err) {
				if strings.Contains(line, "has no effect") {
					got = append(got, strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "coreml: "))
				}
			}
			if strings.Join(got, "\n") != c.want {
				t.Errorf("told %q, want %q", got, c.want)
			}
			// The storyteller has no chat template; every other call succeeds.
			if r.status != exitOK && !strings.Contains(r.err, "no chat template") {
				t.Errorf("status %d: %s", r.status, r.err)
			}
		})
	}
}
