//go:build linux && (amd64 || arm64)

package rig_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/apple"
	"github.com/gocoreml/coreml/internal/engine/apple/rig"
)

// prompts are what the generators are asked.
var prompts = []string{"Once upon a time", "The dog", "Tom and Mia went to the park. They"}

// story opens the storyteller on an engine. The framework's package has options.
func story(t testing.TB, choice coreml.EngineChoice, cache string, options ...string) *generate.Generator {
	t.Helper()
	engine.Register(apple.Engine{})
	var fsys fs.FS = storyteller.FS()
	if len(options) > 0 {
		dir := t.TempDir()
		if err := os.CopyFS(dir, fsys); err != nil {
			t.Fatal(err)
		}
		rig.SetOptions(t, filepath.Join(dir, storyteller.Package), options...)
		fsys = os.DirFS(dir)
	}
	g, err := generate.OpenFS(t.Context(), fsys, storyteller.Package, &generate.Config{
		PrefillChunk: 4,
		Model: &coreml.Config{
			Engine: choice, Arithmetic: coreml.ArithmeticFaithful,
			Framework: coreml.FrameworkConfig{CacheDir: cache},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// cacheFolder starts the rig, and returns a folder for compiled packages.
func cacheFolder(t testing.TB) string {
	t.Helper()
	return newFramework(t).dir
}

func greedy(n int) *generate.Options {
	return &generate.Options{MaxTokens: n, Sampling: &generate.Sampling{}, IgnoreEnd: true}
}

func tokens(t testing.TB, g *generate.Generator, prompt string, n int) []int {
	t.Helper()
	r, err := g.Generate(t.Context(), prompt, greedy(n))
	if err != nil {
		t.Fatal(err)
	}
	return r.Tokens
}

func TestTheStorytellerWritesThroughObjectiveCWhatItWritesInGo(t *testing.T) {
	cache := cacheFolder(t)
	n, prompts := 48, prompts
	if testing.Short() {
		n, prompts = 12, prompts[:1]
	}
	plain := story(t, coreml.EnginePortable, "")
	for _, options := range [][]string{nil, {"pad=64", "state-pad=64"}, {"pixels=1", "keep-inputs=1"}} {
		g := story(t, coreml.EngineFramework, cache, options...)
		if name := g.Model().Info().Engine; name != apple.Name {
			t.Fatalf("the engine is %q", name)
		}
		for _, prompt := range prompts {
			got, want := tokens(t, g, prompt, n), tokens(t, plain, prompt, n)
			if len(want) != n || !slices.Equal(got, want) {
				t.Errorf("with %q, %q continues with %v, want %v", options, prompt, got, want)
			}
		}
	}
}

func TestACancelledGenerationEndsAndGivesItsStateBack(t *testing.T) {
	g := story(t, coreml.EngineFramework, cacheFolder(t))
	want := tokens(t, g, prompts[0], 8)
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		seen := 0
		var last error
		for _, err := range g.Stream(ctx, prompts[0], greedy(200)) {
			if last = err; err != nil {
				break
			}
			if seen++; seen == 4 {
				cancel()
			}
		}
		cancel()
		if seen > 5 || !errors.Is(last, context.Canceled) {
			t.Errorf("%d tokens, then %v", seen, last)
		}
	}
	if got := tokens(t, g, prompts[0], 8); !slices.Equal(got, want) {
		t.Errorf("after the cancellations: %v, want %v", got, want)
	}
}

func TestAFailedPredictionEndsTheGenerationWithTheFrameworksError(t *testing.T) {
	g := story(t, coreml.EngineFramework, cacheFolder(t), "predict-error=7", "predict-error-at=6")
	want := tokens(t, story(t, coreml.EnginePortable, ""), prompts[0], 8)
	_, err := g.Generate(t.Context(), prompts[0], greedy(16))
	var fe *coreml.FrameworkError
	if !errors.As(err, &fe) || fe.Code != int(apple.Parameters) {
		t.Errorf("the sixth prediction: %v", err)
	}
	if got := tokens(t, g, prompts[0], 8); !slices.Equal(got, want) {
		t.Errorf("after the failure: %v, want %v", got, want)
	}
}

func TestSeveralStoriesAtOnceDoNotDisturbEachOther(t *testing.T) {
	g := story(t, coreml.EngineFramework, cacheFolder(t), "pad=64")
	var want [][]int
	for _, prompt := range prompts {
		want = append(want, tokens(t, g, prompt, 12))
	}
	var wg sync.WaitGroup
	for k := range 6 {
		wg.Go(func() {
			r, err := g.Generate(t.Context(), prompts[k%len(prompts)], greedy(12))
			if err != nil || !slices.Equal(r.Tokens, want[k%len(prompts)]) {
				t.Errorf("story %d: %v, %v, want %v", k, r, err, want[k%len(prompts)])
			}
		})
	}
	wg.Wait()
}
