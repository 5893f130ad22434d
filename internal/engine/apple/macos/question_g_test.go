//go:build (darwin || linux) && (amd64 || arm64)

package macos_test

import (
	"sync"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/objc"
)

// growth is how much more memory may be resident after a long run. A leak of the
// smallest array in each of 10,000 steps is more.
const growth = 24 << 20

// Question G: does memory stay flat? Objects that nobody releases, because no
// pool was around them, add up from step to step.
func TestQuestionG_MemoryStaysFlatOverManySteps(t *testing.T) {
	needStates(t)
	onEveryDevice(t, func(t *testing.T, cfg coreml.Config) {
		balanced(t)
		m := open(t, "accumulator", cfg)
		n := steps(t)
		run := func(n int) {
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					if err := accumulate(t.Context(), m, n/4); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
		run(n / 5) // what grows once does so here
		objects, before := objc.Owned(), resident(t)
		run(n)
		after := resident(t)
		if grown := after - before; grown > growth {
			t.Errorf("%.1f MiB more are resident after %d steps", mib(grown), n)
		}
		if n := objc.Owned(); n > objects+8 {
			t.Errorf("%d objects are owned, %d before", n, objects)
		}
		tell(t, "memory-over-steps", "%d steps: %.1f MiB before, %.1f MiB after", n, mib(before), mib(after))
	})
}

// Question G: and over the tokens of a real model?
func TestQuestionG_MemoryStaysFlatOverManyTokens(t *testing.T) {
	needStates(t)
	balanced(t)
	cfg := config(coreml.UnitsAll)
	g, err := generate.OpenFS(t.Context(), storyteller.FS(), storyteller.Package, &generate.Config{Model: &cfg, MaxStates: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	tokens := 0
	run := func(n int) {
		for seed := uint64(0); n > 0; seed++ {
			r, err := g.Generate(t.Context(), "Once upon a time", &generate.Options{
				MaxTokens: min(n, 400), Sampling: &generate.Sampling{Temperature: 1, Seed: &seed},
			})
			if err != nil {
				t.Fatal(err)
			}
			tokens += len(r.Tokens)
			n -= max(1, len(r.Tokens))
		}
	}
	n := steps(t)
	run(n / 5)
	before := resident(t)
	run(n)
	after := resident(t)
	if grown := after - before; grown > growth {
		t.Errorf("%.1f MiB more are resident after %d tokens", mib(grown), tokens)
	}
	tell(t, "memory-over-tokens", "%d tokens: %.1f MiB before, %.1f MiB after", tokens, mib(before), mib(after))
}
