package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

// tty is a terminal that keeps what it is sent.
type tty struct{ strings.Builder }

func (*tty) IsTerminal() bool { return true }

// callOnTerminal calls the program with a terminal for its outputs.
func callOnTerminal(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, errs tty
	status := run(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	return result{status, out.String(), errs.String()}
}

// harmless fails the test when an output commands the terminal.
func (r result) harmless(t *testing.T) {
	t.Helper()
	for name, text := range map[string]string{"standard output": r.out, "standard error": r.err} {
		if bad := commands(text); bad != "" {
			at := strings.Index(text, bad)
			t.Errorf("%s has %q: …%q…", name, bad, text[max(0, at-60):min(len(text), at+60)])
		}
	}
}

// hostileMetadata has the foreign text in everything that an author writes.
func hostileMetadata() *milpb.Metadata {
	return &milpb.Metadata{
		ShortDescription: foreign, VersionString: foreign, Author: foreign + "\nfunction main", License: foreign,
		UserDefined: []milpb.StringPair{{Key: foreign, Value: foreign + "\n\nweights"}, {Key: repositoryKey, Value: foreign}},
	}
}

// hostileRunnable writes a package that runs, in which every name is foreign:
// features, functions, states, operations.
func hostileRunnable(t *testing.T, dir string) string {
	t.Helper()
	var list []*mil.Function
	for _, name := range []string{"main" + foreign, "other" + foreign} {
		b := mil.NewBuilder(name, "CoreML8")
		result := mil.TensorType(dtype.Float16, 2, 2)
		x := b.Input("x"+foreign, dtype.Float32, 2, 2)
		narrow := b.Op("cast", "narrow"+foreign, result, mil.Args{"x": x, "dtype": b.Text("", "fp16")})
		acc := b.State("acc"+foreign, dtype.Float16, 2, 2)
		old := b.Op("read_state", "old"+foreign, result, mil.Args{"input": acc})
		total := b.Op("add", "total"+foreign, result, mil.Args{"x": old, "y": narrow})
		b.Do("write_state", foreign, mil.Args{"input": acc, "data": total})
		b.Output("y"+foreign, b.Op("relu", "y"+foreign, result, mil.Args{"x": total}))
		fn, err := b.Function()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fn)
	}
	p := mil.NewProgram(list...)
	d, err := mil.Describe(p, list[0].Name)
	if err != nil {
		t.Fatal(err)
	}
	d.Metadata = hostileMetadata()
	for i := range d.Functions {
		for _, features := range [][]milpb.FeatureDescription{d.Functions[i].Input, d.Functions[i].Output, d.Functions[i].State} {
			for k := range features {
				features[k].ShortDescription = foreign
			}
		}
	}
	path := filepath.Join(dir, "runs"+foreign+".mlpackage")
	if err := mil.Write(path, p, d); err != nil {
		t.Fatal(err)
	}
	return path
}

// hostileClassifier writes a package whose labels are foreign.
func hostileClassifier(t *testing.T, dir string) string {
	t.Helper()
	labels := &mil.Const{DType: dtype.String, Shape: []int{3}, Strings: []string{"cat" + foreign, foreign, "dog" + foreign}}
	b := mil.NewBuilder("main", "CoreML7")
	x := b.Input("x", dtype.Float32, 3)
	classes := &mil.Value{Type: mil.Type{Kind: mil.List, DType: labels.DType}, Const: labels}
	results := []mil.Type{mil.TensorType(labels.DType), {Kind: mil.Dictionary, DType: labels.DType}}
	out := b.MultiOp("classify", foreign, results, mil.Args{"probabilities": x, "classes": classes})
	b.Output("label"+foreign, out[0])
	b.Output("probabilities"+foreign, out[1])
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	array := &milpb.ArrayFeatureType{Shape: []int64{3}, DataType: milpb.ArrayFloat32}
	path := filepath.Join(dir, "labels.mlpackage")
	if err := mil.Write(path, p, &milpb.ModelDescription{
		PredictedFeatureName: "label" + foreign, PredictedProbabilitiesName: "probabilities" + foreign, Metadata: hostileMetadata(),
		Input: []milpb.FeatureDescription{{Name: "x", ShortDescription: foreign, Type: &milpb.FeatureType{Kind: milpb.MultiArrayFeature, Array: array}}},
		Output: []milpb.FeatureDescription{
			{Name: "label" + foreign, Type: &milpb.FeatureType{Kind: milpb.StringFeature}},
			{Name: "probabilities" + foreign, Type: &milpb.FeatureType{
				Kind: milpb.DictionaryFeature, Dictionary: &milpb.DictionaryFeatureType{Key: milpb.StringFeature},
			}},
		},
	}); err != nil {
		t.Fatal(err)
	}
	return path
}

// spoil appends the foreign text to every text of a decoded message.
func spoil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			spoil(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			spoil(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoil(v.Index(i))
		}
	case reflect.String:
		if v.CanSet() && v.String() != "" {
			v.SetString(v.String() + foreign)
		}
	default:
	}
}

// spoiled writes a copy of a package whose model file change has changed.
func spoiled(t *testing.T, from, to string, change func(*milpb.Model)) string {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	pkg, err := modelpkg.OpenPath(from)
	if err != nil {
		t.Fatal(err)
	}
	defer pkg.Close()
	change(pkg.Model())
	if err := os.WriteFile(filepath.Join(to, "Data", "com.apple.CoreML", "model.mlmodel"), pkg.Model().Encode(), 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

// hostileTokenizer writes a tokenizer whose tokens and chat template are
// foreign, and a driver that names what no model has.
func hostileTokenizer(t *testing.T, dir string) {
	t.Helper()
	vocab := map[string]int{}
	for i, word := range []string{"hi", "there", "esc" + foreign, "\x1b[31mred", "\u009bc1", "cr\r"} {
		vocab[word] = i
	}
	for i := 7; i < 991; i++ { // as many as the storyteller has
		vocab[fmt.Sprintf("w%d\x1b[3%dm", i, i%8)] = i
	}
	writeJSONFile(t, filepath.Join(dir, "tokenizer.json"), map[string]any{
		"version": "1.0",
		"model":   map[string]any{"type": "WordLevel", "vocab": vocab, "unk_token": "hi"},
		"added_tokens": []any{map[string]any{
			"id": 6, "content": "<" + foreign + ">", "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
		}},
		"pre_tokenizer": map[string]any{"type": "WhitespaceSplit"},
	})
	writeJSONFile(t, filepath.Join(dir, "tokenizer_config.json"), map[string]any{
		"chat_template": `{{ raise_exception("no: " + messages[0]["content"] + "` + `\u001b[31m` + `") }}`,
	})
}

func writeJSONFile(t *testing.T, path string, v any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// hostileFiles returns calls with other files than packages that hold what they
// should not: records, values, drivers, tokenizers.
func hostileFiles(t *testing.T, dir, pkg, input string) [][]string {
	t.Helper()
	sub := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	records, named, driven, words, spoken := sub("records"), sub("named"), sub("driven"), sub("words"), sub("spoken")
	writeJSONFile(t, filepath.Join(records, "cases.json"), map[string]any{
		"package": "../" + filepath.Base(pkg), "tensors": "../" + filepath.Base(input), foreign: foreign,
		"runs": []any{map[string]any{"name": foreign, "function": foreign, "steps": []any{map[string]any{"inputs": map[string]any{foreign: foreign}, "outputs": map[string]any{foreign: foreign}}}}},
	})
	writeJSONFile(t, filepath.Join(named, "cases.json"), map[string]any{"package": foreign, "tensors": foreign, "runs": []any{map[string]any{"steps": []any{}}}})
	writeJSONFile(t, filepath.Join(named, "generation.json"), []any{map[string]any{"prompt": foreign, foreign: foreign}})
	if err := os.CopyFS(filepath.Join(driven, "m.mlpackage"), os.DirFS(model)); err != nil {
		t.Fatal(err)
	}
	writeJSONFile(t, filepath.Join(driven, "driver.json"), map[string]any{"tokens": foreign, "logits": foreign, foreign: foreign})
	writeJSONFile(t, filepath.Join(words, "tokenizer.json"), map[string]any{"model": map[string]any{"type": foreign}, foreign: foreign})
	hostileTokenizer(t, spoken)
	writeJSONFile(t, filepath.Join(spoken, "tokenizer_config.json"), map[string]any{"chat_template": foreign + "{% " + foreign})
	values := filepath.Join(dir, "values.json")
	writeJSONFile(t, values, map[string]any{foreign: foreign, "x" + foreign: foreign})
	one := filepath.Join(dir, "one.json")
	writeJSONFile(t, one, map[string]any{"dtype": foreign, foreign: foreign})
	return [][]string{
		{"check", records},
		{"check", named},
		{"generate", "x", "-m", driven, "--tokenizer", filepath.Dir(model)},
		{"bench", driven},
		{"inspect", driven},
		{"verify", driven, "--engine", "portable"},
		{"tokenize", "-t", words, "x"},
		{"tokenize", "-t", spoken, "--chat", filepath.Join(dir, "messages.json")},
		{"predict", pkg, "--inputs", values},
		{"predict", pkg, "--inputs", one},
		{"predict", pkg, "-i", "x" + foreign + "=" + one},
		{"predict", pkg, "-i", "x" + foreign + "=" + input + ":" + foreign},
		{"predict", pkg, "-i", "x" + foreign + "=" + input, "--only", foreign},
		{"predict", pkg, "-i", "x" + foreign + "=" + input, "-o", filepath.Join(dir, foreign, foreign)},
		{"predict", pkg, "-i", "x" + foreign + "=" + input, "-o", filepath.Join(dir, "o"+foreign+".jpg")},
		{"predict", pkg, "-i", "x" + foreign + "=" + input, "--state-in", input},
		{"predict", pkg, "-i", "x" + foreign + "=" + input, "--json"},
		{"predict", pkg, "--function", foreign},
	}
}

func TestNothingForeignCommandsTheTerminal(t *testing.T) {
	t.Setenv("NO_COLOR", "1") // the prompt before an answer is dim otherwise
	dir := filepath.Join(t.TempDir(), "folder"+foreign)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Skipf("no such file names here: %v", err)
	}
	hostileTokenizer(t, dir)
	messages := filepath.Join(dir, "messages.json")
	writeJSONFile(t, messages, []any{map[string]any{"role": "user", "content": foreign}})
	runs := hostileRunnable(t, dir)
	labels := hostileClassifier(t, dir)
	llama := filepath.Join(fixtures, "llama-int4", "model.mlpackage")
	unknown := renamed(t, llama, "silu", "moonwalk"+foreign)
	all := spoiled(t, llama, filepath.Join(dir, "all.mlpackage"), func(m *milpb.Model) { spoil(reflect.ValueOf(m)) })
	told := spoiled(t, model, filepath.Join(dir, "told.mlpackage"), func(m *milpb.Model) { m.Description.Metadata = hostileMetadata() })
	broken := filepath.Join(dir, "broken"+foreign+".mlmodel")
	if err := os.WriteFile(broken, []byte(foreign), 0o600); err != nil {
		t.Fatal(err)
	}
	input := filepath.Join(dir, "in"+foreign+".safetensors")
	writeTensors(t, input, safetensors.Named{Name: "x" + foreign, Tensor: tensor.New(tensor.Float32, 2, 2)})

	three := filepath.Join(dir, "three.safetensors")
	writeTensors(t, three, safetensors.Named{Name: "x", Tensor: tensor.New(tensor.Float32, 3)})

	calls := [][]string{
		{"predict", labels, "-i", "x=" + three},
		{"doctor"},
		{foreign},
		{"generate", "x", "--" + foreign},
		{"generate", "x", "--stop", foreign, "-n", "2"},
		{"tokenize", "-t", dir, "hi esc" + foreign + " \x1b[31mred"},
		{"tokenize", "-t", dir, "--json", "hi " + foreign},
		{"tokenize", "-t", dir, "--decode", "0 2 3 4 5 6"},
		{"tokenize", "-t", dir, "--decode", foreign},
		{"tokenize", "-t", foreign, "x"},
		{"tokenize", "-t", dir, "--chat", messages},
		{"tokenize", "-t", dir, "--chat", foreign},
		{"generate", foreign, "-n", "2"},
		{"generate", "x", "-m", foreign},
		{"generate", "x", "-m", dir},
		{"generate", "x", "-m", told},
		{"generate", "x", "-m", told, "--tokenizer", filepath.Dir(model), "-n", "2"},
		{"generate", "x", foreign},
		{"generate", runs},
		{"check", dir},
		{"check", foreign},
		{"predict", runs, "-i", "x" + foreign + "=" + input},
		{"predict", runs},
		{"predict", runs, "-i", foreign + "=" + input},
		{"predict", runs, "-i", "x" + foreign + "=" + foreign},
		{"bench", told, "--prefill", "4", "--decode", "0", "-n", "1", "--rounds", "1", "--profile"},
		{"bench", told, "--perplexity", foreign},
		{"bench", foreign, "--prefill", foreign},
		{"synth", "--shape", foreign, "x"},
		{"synth", "--weights", foreign, "x"},
		{"synth", filepath.Join(dir, foreign, foreign)},
		{"synth", dir},
		{"synth", "--layers", "1", "--vocab", "64", filepath.Join(dir, "made"+foreign)},
	}
	calls = append(calls, hostileFiles(t, dir, runs, input)...)
	for _, pkg := range []string{runs, unknown, all, told, broken, labels} {
		calls = append(
			calls, []string{"inspect", pkg}, []string{"inspect", pkg, "--json"}, []string{"inspect", pkg, "--mil"}, []string{"inspect", pkg, "--plan"},
			[]string{"inspect", pkg, "--function", foreign}, []string{"generate", "x", "-m", pkg, "--tokenizer", dir, "-n", "3"},
			[]string{"verify", pkg, "--engine", "portable", "-n", "1"}, []string{"verify", pkg, "x", "--engine", "portable", "-n", "1"},
			[]string{"bench", pkg, "--prefill", "4", "--decode", "none", "--rounds", "1"}, []string{"predict", pkg},
		)
	}
	for _, args := range calls {
		callOnTerminal(t, "", args...).harmless(t)
		if args[0] != "generate" && !slices.Contains(args, "--decode") {
			call(t, args...).harmless(t)
		}
		if t.Failed() {
			t.Fatalf("in %q", args)
		}
	}
	for _, q := range []object{
		{"id": foreign, "op": foreign},
		{"op": "load", "path": foreign},
		{"op": "load", "path": runs, "function": foreign},
		{"op": "load", "path": runs},
		{"op": "predict", "model": foreign},
		{"op": "load", "path": runs, "backend": foreign, foreign: foreign},
		{"text": "hi " + foreign},
		{"ids": []int{3, 5}},
		{"template": "{{ raise_exception(x) }}", "input": object{"x": foreign}},
		{"template": foreign + "{{ " + foreign},
		{"template": "{{ x }}", "input": object{"x": foreign}},
	} {
		text, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		for _, verb := range [][]string{{"predict", "--stdio"}, {"tokenize", "--stdio", "-t", dir}} {
			callOnTerminal(t, string(text)+"\n"+foreign+"\n", verb...).harmless(t)
			callWith(t, string(text)+"\n"+foreign+"\n", verb...).harmless(t)
		}
	}
	// The calls get as far as they are meant to.
	call(t, "inspect", runs).want(t, exitOK, `author         a\x1b[31mb`, "")
	call(t, "verify", runs, "--engine", "portable").want(t, exitOK, "ok ", "")
	call(t, "inspect", unknown).want(t, exitOK, `cannot run it: no "moonwalka\x1b[31mb`, "")
	call(t, "tokenize", "-t", dir, "--chat", messages).want(t, exitFailure, "", `no: a\x1b[31mb`)
	spoken := []string{"generate", "hi", "-m", told, "--tokenizer", dir, "--raw", "-n", "5"}
	callOnTerminal(t, "", spoken...).want(t, exitOK, `\x1b[3`, "")
	call(t, spoken...).want(t, exitOK, "\x1b[3", "")
	callOnTerminal(t, "", "tokenize", "-t", dir, "--decode", "3 5").want(t, exitOK, `\x1b[31mred`, "")
	call(t, "tokenize", "-t", dir, "--decode", "3 5").want(t, exitOK, "\x1b[31mred", "")
}

func TestANewLineInAForeignNameMakesNoLine(t *testing.T) {
	dir := t.TempDir()
	pkg := spoiled(t, model, filepath.Join(dir, "m.mlpackage"), func(m *milpb.Model) { m.Description.Metadata = hostileMetadata() })
	r := call(t, "inspect", pkg)
	for line := range strings.Lines(r.out) {
		if strings.HasPrefix(line, "weights") && line != "weights\n" || strings.HasPrefix(line, "function main") && !strings.HasPrefix(line, "function main (") {
			t.Errorf("a line of the package's own: %q", line)
		}
	}
	r = call(t, "generate", "x", "-m", "no\ncoreml: all is well.mlpackage")
	if strings.Count(r.err, "\n") != 1 {
		t.Errorf("standard error has %q", r.err)
	}
}

func TestJSONKeepsWhatItHolds(t *testing.T) {
	dir := t.TempDir()
	pkg := spoiled(t, model, filepath.Join(dir, "m.mlpackage"), func(m *milpb.Model) { m.Description.Metadata = hostileMetadata() })
	var info packageInfo
	if err := json.Unmarshal([]byte(call(t, "inspect", pkg, "--json").out), &info); err != nil {
		t.Fatal(err)
	}
	if info.License != foreign || !slices.Contains(slices.Collect(maps.Keys(info.Metadata)), foreign) {
		t.Errorf("got %q and %q", info.License, info.Metadata)
	}
}
