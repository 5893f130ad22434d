package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/enginetest"
	"github.com/gocoreml/coreml/internal/npy"
	"github.com/gocoreml/coreml/tensor"
)

const compiled = "../../testdata/compiled/"

// TestEveryVerbTakesACompiledModel runs each by the compiled twin of the storyteller.
func TestEveryVerbTakesACompiledModel(t *testing.T) {
	path := enginetest.Twin(t, model)
	// The text is what the command prints of the package, byte for byte.
	r := call(t, "inspect", model, "--mil")
	r.want(t, exitOK, "program(1.3)", "")
	text, err := os.ReadFile(filepath.Join(path, "model.mil"))
	if err != nil || r.out != string(text) {
		t.Errorf("inspect --mil prints another text, %v", err)
	}
	call(t, "inspect", path, "--mil").want(t, exitOK, r.out, "")
	if a, b := call(t, "inspect", model, "--listing"), call(t, "inspect", path, "--listing"); a.out != b.out || a.status != exitOK {
		t.Errorf("the listings differ")
	}
	call(t, "inspect", path).want(t, exitOK, "weights/weight.bin", "")
	call(t, "inspect", path, "--json").want(t, exitOK, `"weights/weight.bin"`, "")
	call(t, "inspect", path, "--plan").want(t, exitOK, "linear", "")
	tok := filepath.Dir(model)
	want := call(t, "generate", "-m", model, "--tokenizer", tok, "-n", "12", "--temperature", "0", "Once upon a time")
	got := call(t, "generate", "-m", path, "--tokenizer", tok, "-n", "12", "--temperature", "0", "Once upon a time")
	if want.status != exitOK || want.out == "" || got.out != want.out {
		t.Errorf("the compiled model writes %q, the package %q: %s", got.out, want.out, got.err)
	}
	call(t, "verify", path, "--ids", "5,6,7", "-n", "2", "--engine", "portable").want(t, exitOK, "2 of 2 tokens equal", "")
	call(t, "bench", path, "-n", "2", "--rounds", "1").want(t, exitOK, "tokens", "")
	// A folder without the ending, as an archive unpacks it, and one around it.
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.Rename(path, plain); err != nil {
		t.Fatal(err)
	}
	call(t, "inspect", plain).want(t, exitOK, "weights/weight.bin", "")
	if err := os.Rename(plain, path); err != nil {
		t.Fatal(err)
	}
	call(t, "inspect", filepath.Dir(path)).want(t, exitOK, "weights/weight.bin", "")
}

// TestCheckTakesACompiledModel has the recorded predictions of a fixture.
func TestCheckTakesACompiledModel(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(fixtures, "lora-multifunction"))); err != nil {
		t.Fatal(err)
	}
	path := enginetest.Twin(t, filepath.Join(dir, "model.mlpackage"))
	if err := os.RemoveAll(filepath.Join(dir, "model.mlpackage")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, filepath.Join(dir, "model.mlmodelc")); err != nil {
		t.Fatal(err)
	}
	cases := filepath.Join(dir, "cases.json")
	data, err := os.ReadFile(cases)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cases, []byte(strings.ReplaceAll(string(data), ".mlpackage", ".mlmodelc")), 0o600); err != nil {
		t.Fatal(err)
	}
	call(t, "check", dir).want(t, exitOK, "0 failed", "")
}

// TestPredictTakesACompiledModel has one of Apple's, which exchanges two axes.
func TestPredictTakesACompiledModel(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "x.npy"), filepath.Join(dir, "y.npy")
	x := tensor.FromSlice([]float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 1, 3, 4)
	f, err := os.Create(in)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(npy.Write(f, x), f.Close()); err != nil {
		t.Fatal(err)
	}
	call(t, "predict", compiled+"transpose_flexible.mlmodelc", "--input", "x="+in, "-o", out).want(t, exitOK, "", "")
	y, err := npy.Open(os.DirFS(dir), "y.npy")
	if err != nil {
		t.Fatal(err)
	}
	got, err := tensor.Values[float32](y)
	if want := []float32{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}; err != nil || !slices.Equal(got, want) {
		t.Errorf("var_4 is %v, %v, want %v", got, err, want)
	}
}

// TestAClassifierIsTheSameFromItsCompiledTwin has labels and probabilities.
func TestAClassifierIsTheSameFromItsCompiledTwin(t *testing.T) {
	const path = "testdata/classifier/model.mlpackage"
	in := filepath.Join(t.TempDir(), "in.json")
	if err := os.WriteFile(in, []byte(`{"x": [[1, 2, 3, 4]]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	want := call(t, "predict", path, "--inputs", in, "--json")
	want.want(t, exitOK, "classLabel", "")
	call(t, "predict", enginetest.Twin(t, path), "--inputs", in, "--json").want(t, exitOK, want.out, "")
}

// TestRefusedCompiledModelsSayWhatTheyAre has a neural network.
func TestRefusedCompiledModelsSayWhatTheyAre(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "old.mlmodelc")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{"coremldata.bin": "\xf4\x01\x00\x00", "model.espresso.net": "{}"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, verb := range [][]string{{"inspect", dir}, {"predict", dir}, {"generate", "x", "-m", dir}, {"bench", dir}, {"inspect", dir, "--mil"}} {
		r := call(t, verb...)
		r.want(t, exitFailure, "", "a neural network of the type neuralNetwork (model.espresso.net)")
		if strings.Count(r.err, "old.mlmodelc") != 1 {
			t.Errorf("%v: %q", verb, r.err)
		}
	}
}
