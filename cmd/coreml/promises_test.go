package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/tensor"
)

// TestStandardOutputHasTheAnswerAlone is what every verb promises to who pipes it:
// whatever goes wrong, and all that is told besides, goes to standard error.
func TestStandardOutputHasTheAnswerAlone(t *testing.T) {
	t.Setenv("HF_HUB_CACHE", t.TempDir())
	for _, args := range [][]string{
		{"generate", "x", "-m", "absent.mlpackage"},
		{"generate", "x", "--temperature", "-1"},
		{"generate", "x", "--function", "absent"},
		{"chat", "absent.mlpackage"},
		{"chat", "--function", "absent"},
		{"chat", "--tools", "absent"},
		{"inspect", "absent.mlpackage"},
		{"inspect", model, "--function", "absent"},
		{"verify", "absent.mlpackage", "--engine", "portable"},
		{"verify", model, "--engine", "portable", "--function", "absent"},
		{"predict", "absent.mlpackage"},
		{"predict", model},
		{"predict", model, "-i", "inputIds=absent.npy"},
		{"bench", "absent.mlpackage"},
		{"bench", model, "--function", "absent"},
		{"synth", t.TempDir()},
		{"tokenize", "-t", "absent", "x"},
		{"tokenize", "--decode", "x"},
		{"inspect", "org/absent"},
		{"inspect", "org/absent", "--verify"},
		{"pull", "org/absent"},
		{"pull", "x y"},
		{"list", "org/absent"},
		{"rm", "org/absent", "--yes"},
		{"rm", "org/absent"},
		{"dance"},
	} {
		r := call(t, args...)
		if r.status == exitOK || r.out != "" || !strings.HasPrefix(r.err, "coreml: ") || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%q: status %d, standard output %q, standard error %q", args, r.status, r.out, r.err)
		}
	}
}

// TestEveryVerbEndsWhenItIsInterrupted calls each with a context that has ended.
func TestEveryVerbEndsWhenItIsInterrupted(t *testing.T) {
	newUser(t)
	for _, args := range [][]string{
		{"generate", "x"},
		{"chat"},
		{"inspect", model},
		{"inspect", model, "--plan"},
		{"check", story},
		{"verify", "--engine", "portable"},
		{"doctor"},
		{"predict", model},
		{"predict", "--stdio"},
		{"bench", model},
		{"synth", filepath.Join(t.TempDir(), "x.mlpackage")},
		{"tokenize", "--stdio"},
		{"pull", "org/name"},
		{"list"},
		{"rm", "org/name", "--yes"},
		{"inspect", "org/name"},
		{"inspect", "org/name", "--verify"},
	} {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		var out, errs strings.Builder
		if status := run(ctx, args, strings.NewReader(""), &out, &errs); status != exitInterrupted || errs.String() != "" {
			t.Errorf("%q: status %d, standard error %q", args, status, errs.String())
		}
	}
}

// TestNotesAboutLinksAndFoldersCannotCommandATerminal is for names that others
// chose, in the newer messages.
func TestNotesAboutLinksAndFoldersCannotCommandATerminal(t *testing.T) {
	t.Setenv("COLUMNS", "1000") // the notes are looked for as one line
	dir := t.TempDir()
	if err := os.CopyFS(dir, storyteller.FS()); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "generation_config.json")
	if err := os.Remove(config); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("blob\x1b[31m\u202e", config); err != nil {
		if runtime.GOOS != "windows" {
			t.Fatal(err)
		}
		t.Skipf("no such links here: %q", err)
	}
	r := callOnTerminal(t, "", "generate", "x", "-m", filepath.Join(dir, storyteller.Package))
	r.want(t, exitFailure, "", `is a link to "blob\x1b[31m\u202e", where there is no file`)
	r.harmless(t)
	request := object{"op": "predict", "model": "m1", "inputs": object{"x": [][]int{{1, 2}, {3, 4}}}, "npy_dir": "\x1b]0;t\x07"}
	in := string(mustJSON(object{"op": "load", "path": adder(t)})) + "\n" + string(mustJSON(request)) + "\n"
	r = callOnTerminal(t, in, "predict", "--stdio")
	r.harmless(t)
	if !strings.Contains(r.out, codeBadInput) {
		t.Errorf("replies %s", r.out)
	}
}

func TestStandardInputIsRead(t *testing.T) {
	s := newStreams(strings.NewReader("a\nb"), io.Discard, io.Discard)
	if got, err := readInput(t.Context(), s); string(got) != "a\nb" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	torn := errors.New("torn")
	s.in = readerOf(func([]byte) (int, error) { return 0, torn })
	if _, err := readInput(t.Context(), s); !errors.Is(err, torn) || err.Error() != "standard input: torn" {
		t.Errorf("got %v", err)
	}
	s.in = readerOf(func(p []byte) (int, error) { return len(p), nil }) // without an end
	if _, err := readInput(t.Context(), s); err == nil || err.Error() != "standard input: more than 64.0 MiB" {
		t.Errorf("got %v", err)
	}
}

func TestACharacterThatWasCutOffIsShownAtTheEnd(t *testing.T) {
	var out strings.Builder
	s := newStreams(strings.NewReader(""), &out, io.Discard)
	if _, err := io.WriteString(s.out, "caf\xc3"); err != nil {
		t.Fatal(err)
	}
	if out.String() != "caf" {
		t.Errorf("half a character was written: %q", out.String())
	}
	if err := s.finish(); err != nil || out.String() != `caf\xc3` {
		t.Errorf("at the end: %q, %v", out.String(), err)
	}
}

func TestADescriptionForClientsHasEverythingTheyChooseBy(t *testing.T) {
	d := &coreml.Description{
		Inputs: []coreml.FeatureDescription{
			{Name: "a", Kind: coreml.KindMultiArray, DType: tensor.Float32, Shape: []int{1, 2}, Optional: true, Default: 0.5},
			{Name: "r", Kind: coreml.KindMultiArray, DType: tensor.Int32, Ranges: []coreml.Range{{Lower: 1, Upper: -1}}},
			{Name: "i", Kind: coreml.KindImage, Pixels: coreml.PixelsRGB, Shape: []int{1, 3, 4, 5}},
		},
		Outputs:   []coreml.FeatureDescription{{Name: "s", Kind: coreml.KindString}},
		States:    []coreml.FeatureDescription{{Name: "k", Kind: coreml.KindState, DType: tensor.Float16, Shape: []int{3}}},
		Functions: []string{"main"}, Author: "A", UserDefined: map[string]string{"key": "text"},
	}
	want := `{"inputs":[{"name":"a","type":"array","dtype":"float32","shape":[1,2],"optional":true,"default":0.5},` +
		`{"name":"r","type":"array","dtype":"int32","optional":false,"range":[[1,-1]]},` +
		`{"name":"i","type":"image","pixels":"rgb","shape":[1,3,4,5],"optional":false}],` +
		`"outputs":[{"name":"s","type":"string","optional":false}],` +
		`"states":[{"name":"k","type":"array","dtype":"float16","shape":[3],"optional":false}],` +
		`"functions":["main"],"metadata":{"author":"A","key":"text"}}`
	if got := string(mustJSON(describeModel(d))); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := string(mustJSON(describeModel(&coreml.Description{}))); got != `{"inputs":[],"outputs":[],"states":[],"functions":[],"metadata":{}}` {
		t.Errorf("of nothing: %s", got)
	}
}

func TestDevicesAreSummedForAPlan(t *testing.T) {
	got := shares([]coreml.PlannedOperation{
		{Device: "CPU", Cost: 0.25}, {Device: "GPU", Cost: 0.5}, {Device: "", Cost: 0}, {Device: "CPU", Cost: 0.25}, {Device: "NPU", Cost: -1},
	})
	want := []deviceShare{{"CPU", 2, 0.5, true}, {"GPU", 1, 0.5, true}, {"NPU", 1, 0, false}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
