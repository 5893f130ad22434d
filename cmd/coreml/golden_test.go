package main

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/tensor"
)

// go test -run Golden -update writes the files under testdata/golden anew; the
// difference is to be read before it is committed.
var update = flag.Bool("update", false, "write the golden files anew")

// wantGolden compares a text with a golden file.
func wantGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.ReplaceAll(string(want), "\r\n", "\n"); text != got {
		t.Errorf("%s differs; with -update it is written anew\ngot:\n%s\nwant:\n%s", path, got, text)
	}
}

// masks are what differs from run to run and from machine to machine: measures of
// time, memory and rounding.
var masks = []struct {
	find *regexp.Regexp
	put  string
}{
	{regexp.MustCompile(`\d+(\.\d+)? (ms|s)\b`), "0 $2"},
	// Where a clock is too coarse for them, as that of Windows, these are not said at all.
	{regexp.MustCompile(`, \d+(\.\d+)?/s`), ""},
	{regexp.MustCompile(`, \d+(\.\d+)? (ms|s) to the first token`), ""},
	{regexp.MustCompile(`memory  \d+(\.\d+)? [KMG]iB`), "memory  0 MiB"},
	{regexp.MustCompile(`\d\.\d+e[-+]\d+`), "0e+00"},
	{regexp.MustCompile(`\b[01]\.\d{7}\b`), "0.0000000"},
	// Which positions differ most is a matter of rounding, too.
	{regexp.MustCompile(`(?m)^ {6,}\d+ +\d+ +\d+ .*\n`), ""},
	{regexp.MustCompile(`at position \d+`), "at position 0"},
	{regexp.MustCompile(`\b0\.\d{5,}`), "0.0"},
	{regexp.MustCompile(`lead over the next \d+\.\d+`), "lead over the next 0"},
}

// shown is what a call wrote, for a golden file: the call as it is typed, its
// output, and its errors and status where there are any.
func shown(r result, args ...string) string {
	text := "$ coreml " + strings.Join(args, " ") + "\n" + r.out
	if r.err != "" {
		text += "--- standard error\n" + r.err
	}
	if r.status != exitOK {
		text += "--- status " + string(rune('0'+r.status)) + "\n"
	}
	text = filepath.ToSlash(text)
	if here, err := os.Getwd(); err == nil {
		text = strings.ReplaceAll(text, filepath.ToSlash(here), "HERE")
	}
	for _, m := range masks {
		text = m.find.ReplaceAllString(text, m.put)
	}
	return text
}

// TestGoldenOutputs holds what each verb writes for people, as they see it.
func TestGoldenOutputs(t *testing.T) {
	withoutFramework(t)
	t.Setenv("HF_HUB_CACHE", "cache")
	t.Setenv("COREML_ENGINE", "")
	for name, calls := range map[string][][]string{
		"generate": {
			{"generate", "Once upon a time", "--temperature", "0", "-n", "16"},
			{"generate", "Once upon a time", "--temperature", "0", "-n", "40", "--stop", " child"},
			{"generate", "Once", "-q", "--temperature", "0", "-n", "4"},
			{"generate", "x", "--system", "y"},
			{"generate", "x", "-m", "nowhere.mlpackage"},
			{"generate", "tell", "me", "a", "story"},
			{"generate", "x", "--max-tokens", "-2"},
		},
		"score": {
			{"score", "testdata/README.md"},
			{"score", "testdata/absent"},
			{"score", "testdata/README.md", "-m", "nowhere.mlpackage"},
			{"score"},
		},
		"inspect": {
			{"inspect", model},
			{"inspect", "testdata/classifier/model.mlpackage"},
			{"inspect", "testdata/picture/model.mlpackage"},
			{"inspect", "testdata/classifier/model.mlpackage", "--mil"},
			{"inspect", "testdata/classifier/model.mlpackage", "--listing"},
			{"inspect", "testdata/classifier/model.mlpackage", "--listing", "--mil"},
			{"inspect", "testdata/classifier/model.mlpackage", "--function", "dance"},
			{"inspect", "testdata/classifier/model.mlpackage", "--mil", "--plan"},
			{"inspect", "testdata"},
		},
		"check": {
			{"check", story},
			{"check", "testdata"},
			{"check", "testdata/absent"},
		},
		"verify": {
			{"verify", "--engine", "portable", "-n", "4"},
			{"verify", "testdata/classifier/model.mlpackage", "--engine", "portable"},
			{"verify", model, "--engine", "portable", "--ids", "5,6,7", "-n", "2"},
			{"verify", "--engine", "portable", "--ids", "1", "--tolerance", "-1"},
			{"verify", model, "words", "--ids", "1"},
		},
		"predict": {
			{"predict", "testdata/classifier/model.mlpackage", "-i", "x=testdata/classifier/x.npy"},
			{"predict", "testdata/classifier/model.mlpackage", "-i", "x=testdata/classifier/x.npy", "--json"},
			{"predict", "testdata/classifier/model.mlpackage", "-i", "x=testdata/classifier/x.npy", "--only", "classLabel"},
			{"predict", "testdata/picture/model.mlpackage", "-i", "image=testdata/picture/cmyk.jpg"},
			{"predict", "testdata/classifier/model.mlpackage", "-i", "y=testdata/classifier/x.npy"},
			{"predict", "testdata/classifier/model.mlpackage", "-i", "x=testdata/README.md"},
			{"predict", "testdata/classifier/model.mlpackage"},
			{"predict"},
		},
		"tokenize": {
			{"tokenize", "Once upon a time, naïve 👍"},
			{"tokenize", "--json", "Once"},
			{"tokenize", "--decode", "1, 66 29"},
			{"tokenize", "--decode", "--json", "66 29"},
			{"tokenize", "--decode", "99999"},
			{"tokenize", "--decode", "one"},
			{"tokenize", "-t", "nobody/nothing", "hi"},
		},
		"embed": {
			{"embed", "-m", encoder("mean-bert"), "--dimensions", "2", "the cat sat", "mat"},
			{"embed", "-m", encoder("reranker"), "--score", "where did the cat sit", "the cat sat on the mat"},
			{"embed", "-m", model, "Once"},
			{"embed", "-m", encoder("mean-bert"), "--pooling", "sum", "mat"},
			{"embed", "mat"},
		},
		"synth": {
			{"synth", "x", "--shape", "unknown"},
			{"synth", "x", "--weights", "int3"},
			{"synth", "x", "--heads", "5", "--kv-heads", "2"},
			{"synth", "testdata"},
			{"synth", "x", "--layers", "-1"},
		},
		"bench": {
			{"bench", model, "--prefill", "x"},
			{"bench", model, "--rounds", "0"},
			{"bench", model, "--perplexity", "absent.txt"},
			{"bench", "testdata/classifier/model.mlpackage"},
		},
		"commands": {
			{"dance"},
			{"inspect"},
			{"inspect", "a", "b"},
			{"generate", "x", "--temprature", "1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var text strings.Builder
			for _, args := range calls {
				text.WriteString(shown(call(t, args...), args...) + "\n")
			}
			wantGolden(t, name+".txt", text.String())
		})
	}
}

// TestGoldenHelp holds the flags of every verb: they are added to, and never
// renamed or removed.
func TestGoldenHelp(t *testing.T) {
	var text strings.Builder
	calls := [][]string{{"--help"}}
	for _, verb := range verbsOf() {
		calls = append(calls, []string{verb.Name, "--help"})
	}
	for _, args := range calls {
		text.WriteString(shown(call(t, args...), args...) + "\n")
	}
	wantGolden(t, "help.txt", text.String())
}

// jsonShape lists the fields of a JSON value by their paths, each with its kind.
// The keys of an object that are data and not names of fields are shown as *.
func jsonShape(v any, path string, data []string, found map[string]bool) {
	switch v := v.(type) {
	case object:
		found[path+" object"] = true
		for key, inner := range v {
			if slices.Contains(data, path) {
				key = "*"
			}
			jsonShape(inner, strings.TrimPrefix(path+"."+key, "."), data, found)
		}
	case []any:
		found[path+" list"] = true
		for _, inner := range v {
			jsonShape(inner, path+"[]", data, found)
		}
	case string:
		found[path+" string"] = true
	case float64:
		found[path+" number"] = true
	case bool:
		found[path+" bool"] = true
	case nil:
		found[path+" null"] = true
	}
}

// TestGoldenJSONFields holds the fields of the objects that programs read. They
// are added to, and never renamed, removed or given another kind.
func TestGoldenJSONFields(t *testing.T) {
	(&twin{spoil: spoilFrom(1, negated), found: &engine.Examination{
		System: "macOS 15.6", Devices: []string{"CPU"}, Newer: []string{"a"}, Missing: []string{"b"}, Different: []string{"c"},
	}}).install(t)
	t.Setenv("COREML_ENGINE", "portable")
	newUser(t)
	text := filepath.Join(t.TempDir(), "text.txt")
	if err := os.WriteFile(text, []byte("Once upon a time there was a story."), 0o600); err != nil {
		t.Fatal(err)
	}
	x := "x=" + writeNPY(t, tensor.New(tensor.Float32, 2, 2))
	loop := parrot(t)
	prompts := filepath.Join(t.TempDir(), "prompts.txt")
	if err := os.WriteFile(prompts, []byte("Once\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	called := written(t, "requests.jsonl", `{"messages": [{"role": "user", "content": "x"}], "tools": [{"type": "function", "function": {"name": "f", "parameters": {"additionalProperties": false}}}], "tool_choice": "f"}`)
	var all strings.Builder
	for _, c := range []struct {
		verb  string
		data  []string // objects whose keys are data
		calls [][]string
	}{
		{"generate", nil, [][]string{{"Once", "--json", "-n", "2", "--seed", "1"}, {"w1 w2", "-m", loop, "--json", "-n", "40"}, {"--prompts", prompts, "--json", "-n", "2"}, {"Once", "--json", "-n", "2", "--logprobs", "1"}, {"Once", "--json", "-n", "2", "--beams", "2"}, {"-m", templated(t, callTemplate), "--requests", called, "--json", "-n", "60"}}},
		{"score", nil, [][]string{{text, "--json", "--logprobs", "1"}}},
		{"inspect", []string{"metadata"}, [][]string{
			{model, "--json"},
			{"testdata/classifier/model.mlpackage", "--json"},
			{"testdata/picture/model.mlpackage", "--json"},
			{encoder("reranker"), "--json"},
		}},
		{"verify", nil, [][]string{{"--json", "--engine", "framework", "-n", "2"}, {"testdata/classifier/model.mlpackage", "--json", "--engine", "portable"}}},
		{"doctor", nil, [][]string{{"--json"}}},
		{"predict", []string{""}, [][]string{
			{adder(t), "-i", x, "--json"}, {"testdata/classifier/model.mlpackage", "-i", "x=testdata/classifier/x.npy", "--json"},
		}},
		{"bench", []string{"prefill", "decode", "decode_together", "together_gain"}, [][]string{
			{model, "--json", "--prefill", "4", "--decode", "0", "-n", "2", "--rounds", "1", "--profile", "--perplexity", text, "--sequences", "2"},
		}},
		{"bench", nil, [][]string{{model, "--json", "--fingerprint", "--fingerprint-tokens", "2"}}},
		{"embed", nil, [][]string{
			{"-m", encoder("mean-bert"), "--json", "mat"},
			{"-m", encoder("mean-bert"), "--json", "--max-tokens", "3", "the cat sat"},
			{"-m", encoder("reranker"), "--json", "--score", "where", "mat"},
		}},
		{"tokenize", nil, [][]string{{"--json", "Once"}, {"--json", "--decode", "66 29"}}},
		{"pull", nil, [][]string{{"org/story", "--json"}, {"org/absent", "--json"}}},
		{"list", nil, [][]string{{"--json"}}},
		{"inspect", nil, [][]string{{"org/story", "--verify", "--json"}}},
		{"rm", nil, [][]string{{"org/story", "--dry-run", "--json"}}},
		{"check", nil, [][]string{{story, "absent", "--json"}}},
		{"convert", nil, [][]string{{"../../testdata/checkpoints/llama-tied", "x.mlpackage", "--dry-run", "--json"}}},
		{"compress", nil, [][]string{{model, filepath.Join(t.TempDir(), "Small.mlpackage"), "--quantize", "int8", "--json"}}},
		{"edit", nil, [][]string{{model, filepath.Join(t.TempDir(), "New.mlpackage"), "--author", "x", "--json"}}},
		{"synth", nil, [][]string{{filepath.Join(t.TempDir(), "Tiny.mlpackage"), "--json"}}},
		{"grammar", nil, [][]string{{"--regex", "a", "--json"}}},
		{"config", nil, [][]string{{"generate", "--json"}}},
		{"version", nil, [][]string{{"--json"}}},
	} {
		found := map[string]bool{}
		for _, args := range c.calls {
			r := call(t, append([]string{c.verb}, args...)...)
			values := json.NewDecoder(strings.NewReader(r.out)) // pull writes several
			for more := true; more; more = values.More() {
				var v any
				if err := values.Decode(&v); err != nil {
					t.Fatalf("%s %q: %v in %q, %s", c.verb, args, err, r.out, r.err)
				}
				jsonShape(v, "", c.data, found)
			}
		}
		all.WriteString(c.verb + " --json\n  " + strings.Join(slices.Sorted(maps.Keys(found)), "\n  ") + "\n\n")
	}
	wantGolden(t, "json_fields.txt", strings.ReplaceAll(all.String(), "   object", "  an object"))
}

// TestGoldenReplies holds the replies of the two protocols over standard input,
// one for each operation and for each code of an error.
func TestGoldenReplies(t *testing.T) {
	pkg := adder(t)
	requests := []any{
		object{"id": "load", "op": "load", "path": pkg},
		object{"id": "state", "op": "new_state", "model": "m1"},
		object{"id": "predict", "op": "predict", "model": "m1", "state": "s1", "inputs": object{"x": [][]int{{1, 2}, {3, 4}}}},
		object{"id": "read", "op": "read_state", "state": "s1", "name": "acc"},
		object{"id": "write", "op": "write_state", "state": "s1", "name": "acc", "value": [][]int{{0, 0}, {0, 0}}},
		object{"id": "again", "op": "predict", "model": "m1", "state": "s1", "inputs": object{"x": [][]bool{{true, false}, {true, true}}}, "outputs": []string{"y"}},
		object{"id": "cancel", "cancel": "nothing"},
		object{"id": "labels", "op": "load", "path": "testdata/classifier/model.mlpackage"},
		object{"id": "label", "op": "predict", "model": "m2", "inputs": object{"x": object{"npy": "testdata/classifier/x.npy"}}},
		object{"id": "bad input", "op": "predict", "model": "m1", "inputs": object{"z": 1}},
		object{"id": "bad shape", "op": "predict", "model": "m1", "state": "s1", "inputs": object{"x": []int{1}}},
		object{"id": "bad model", "op": "load", "path": "testdata"},
		object{"id": "unsupported", "op": "dance"},
		object{"id": "timeout", "op": "predict", "model": "m1", "timeout_ms": -1},
		object{"id": "unload state", "op": "unload", "state": "s1"},
		object{"id": "unload", "op": "unload", "model": "m1"},
		object{"id": "gone", "op": "predict", "model": "m1", "inputs": object{}},
		`{"id":[1,{"a":null}],"op":"unload"}`,
		`{"op":"unload"}`,
		`nonsense`,
	}
	var in strings.Builder
	for _, q := range requests {
		if text, ok := q.(string); ok {
			in.WriteString(text + "\n")
			continue
		}
		in.Write(append(mustJSON(q), '\n'))
	}
	r := callWith(t, in.String(), "predict", "--stdio")
	out := regexp.MustCompile(`"ms":[0-9.e+-]+`).ReplaceAllString(r.out, `"ms":0`)
	out = regexp.MustCompile(`\b0\.\d{5,}`).ReplaceAllString(out, "0.0")
	tokens := `{"id":1,"text":"Once"}` + "\n" + `{"id":2,"ids":[66,29]}` + "\n" + `{"id":3,"template":"{{ a }}","input":{"a":"b"}}` + "\n" +
		`{"id":4,"cancel":9}` + "\n" + `{"id":5}` + "\n" + `{"id":6,"text":7}` + "\n" + `{"text":""}` + "\n"
	out += "\n" + callWith(t, tokens, "tokenize", "--stdio", "-t", embedded).out
	wantGolden(t, "replies.txt", out)
}
