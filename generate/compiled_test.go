package generate_test

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/enginetest"
)

// continued returns the logits behind some tokens and the tokens that continue them.
func continued(t *testing.T, pkg string) (tokens []int, logits []float32) {
	t.Helper()
	m, err := coreml.Load(t.Context(), pkg, &coreml.Config{Engine: coreml.EnginePortable, Arithmetic: coreml.ArithmeticFast})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	g, err := generate.New(m, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	next := []int{1, 7, 3, 9, 4}
	for range 6 {
		l, err := s.Append(t.Context(), next)
		if err != nil {
			t.Fatal(err)
		}
		logits = append(logits, l...)
		next = []int{slices.Index(l, slices.Max(l))}
		tokens = append(tokens, next[0])
	}
	if err := errors.Join(s.Close(), g.Close()); err != nil {
		t.Fatal(err)
	}
	return tokens, logits
}

// TestACompiledTwinGeneratesTheSameTokens has the compiled model of every fixture.
func TestACompiledTwinGeneratesTheSameTokens(t *testing.T) {
	for _, pkg := range fixturePackages(t) {
		name := filepath.Base(filepath.Dir(pkg))
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name == "smollm2" {
				t.Skip("SKIPPED: takes minutes in plain Go")
			}
			tokens, logits := continued(t, pkg)
			got, twin := continued(t, enginetest.Twin(t, pkg))
			if len(tokens) != 6 || !slices.Equal(got, tokens) || !slices.Equal(twin, logits) {
				t.Errorf("the twin continues with %v, the package with %v", got, tokens)
			}
		})
	}
}

// TestTheStoryIsTheSameFromItsCompiledTwin opens one as a user does.
func TestTheStoryIsTheSameFromItsCompiledTwin(t *testing.T) {
	dir := "../examples/storyteller/model"
	twin := enginetest.Twin(t, filepath.Join(dir, "model.mlpackage"))
	g, err := generate.Open(t.Context(), twin, &generate.Config{Tokenizer: dir, Model: &coreml.Config{Engine: coreml.EnginePortable}})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for _, r := range records(t, "../testdata/storyteller")[:2] {
		got, err := g.Generate(t.Context(), r.Prompt, greedyConfig(len(r.Greedy)))
		if err != nil {
			t.Fatal(err)
		}
		want, err := openStory(t, nil).Generate(t.Context(), r.Prompt, greedyConfig(len(r.Greedy)))
		if err != nil || got.Text == "" || got.Text != want.Text {
			t.Errorf("%q from the twin, %q from the package, %v", got.Text, want.Text, err)
		}
	}
}
