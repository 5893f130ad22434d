package generate_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tokenizer"
)

// loraAdapters are the adapters that the fixture's functions after the first were made of.
var loraAdapters = [][]coreml.Adapter{{}, {{Path: "../testdata/adapters/poet"}}, {{Path: "../testdata/adapters/coder"}}}

// TestSequencesWithDifferentAdaptersRunAtOnce has sequences of the base function with each
// adapter under way at once. Their logits are those that PyTorch recorded of the adapters,
// and what one has in its cache does nothing to another.
func TestSequencesWithDifferentAdaptersRunAtOnce(t *testing.T) {
	dir := t.TempDir() // of a name that no other test maps
	if err := os.CopyFS(filepath.Join(dir, "lora.mlpackage"), os.DirFS(filepath.Join(loraFixture, "model.mlpackage"))); err != nil {
		t.Fatal(err)
	}
	m, err := coreml.Load(t.Context(), filepath.Join(dir, "lora.mlpackage"), portableConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // only read
	g, err := generate.New(m, nil, &generate.Config{MaxStates: 6})
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := safetensors.Open(os.DirFS(loraFixture), "tensors.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer recorded.Close() //nolint:errcheck // only read
	var wait sync.WaitGroup
	for k := range 2 * len(loraAdapters) {
		run := k % len(loraAdapters)
		s, err := g.NewAdaptedSequence(t.Context(), "", loraAdapters[run]...)
		if err != nil {
			t.Fatal(err)
		}
		wait.Go(func() {
			defer s.Close() //nolint:errcheck // only read
			for step := range 4 {
				compareStep(t, s, recorded, "r"+string(rune('0'+run))+".s"+string(rune('0'+step)))
			}
		})
	}
	wait.Wait()
	if runtime.GOOS == "linux" {
		weights := filepath.Join(dir, "lora.mlpackage", "Data", "com.apple.CoreML", "weights", "weight.bin")
		if n := mappings(t, weights); n != 1 {
			t.Errorf("the weights are mapped %d times, want once", n)
		}
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}

func TestAGeneratorKeepsSoManyAdapters(t *testing.T) {
	m, err := coreml.Load(t.Context(), filepath.Join(loraFixture, "model.mlpackage"), portableConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // only read
	g, err := generate.New(m, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close() //nolint:errcheck // only read
	load := func(scale float64) error {
		s, err := g.NewAdaptedSequence(t.Context(), "base", coreml.Adapter{Path: loraAdapters[1][0].Path, Scale: &scale})
		if err == nil {
			err = s.Close()
		}
		return err
	}
	for k := range 64 {
		if err := load(float64(k)); err != nil {
			t.Fatal(err)
		}
	}
	if err := load(3); err != nil { // is there already
		t.Error(err)
	}
	if err := load(0.5); !errors.Is(err, generate.ErrConfig) || !strings.Contains(err.Error(), "64") {
		t.Errorf("one more gives %v", err)
	}
}

// TestASessionKeepsItsAdapters looks that a conversation goes on with the adapters that it
// began with, and that its cache serves no others.
func TestASessionKeepsItsAdapters(t *testing.T) {
	g := openStory(t, &generate.Config{Chat: &tokenizer.ChatOptions{Template: "{% for m in messages %}{{ m.content }} {% endfor %}"}})
	adapters := []coreml.Adapter{{Path: "../testdata/adapters/poet", Scale: new(2.0)}}
	first := &generate.Options{MaxTokens: 8, Sampling: &generate.Sampling{}, Adapters: adapters, IgnoreEnd: true}
	then := &generate.Options{MaxTokens: 8, Sampling: &generate.Sampling{}, IgnoreEnd: true}
	ids := func(s *generate.Session, opts *generate.Options) []int {
		t.Helper()
		var out []int
		for tok, err := range s.Send(t.Context(), "Once upon a time there was a cat.", opts) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, tok.ID)
		}
		return out
	}
	session := func() *generate.Session {
		s, err := g.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() }) // only read
		return s
	}
	plain, adapted := session(), session()
	a, b := ids(plain, then), ids(adapted, first)
	if slices.Equal(a, b) {
		t.Fatal("the adapter changes nothing: the test tells nothing")
	}
	// The same conversation with the adapters named each time is what it must give.
	named := session()
	if got := ids(named, first); !slices.Equal(got, b) {
		t.Errorf("two conversations begin with %v and %v", b, got)
	}
	if got, want := ids(adapted, then), ids(named, first); !slices.Equal(got, want) {
		t.Errorf("the conversation goes on with %v, want %v", got, want)
	}
	for _, err := range adapted.Send(t.Context(), "More", &generate.Options{Adapters: []coreml.Adapter{}}) {
		if !errors.Is(err, generate.ErrConfig) {
			t.Errorf("other adapters give %v", err)
		}
	}
	if got := ids(plain, then); len(got) == 0 {
		t.Error("the session without adapters says nothing")
	}
}
