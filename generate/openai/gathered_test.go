package openai

import (
	"testing"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
)

// What a reply gathers before it is sent is bounded over all of its answers.
func TestWhatIsGatheredIsBounded(t *testing.T) {
	g, err := generate.OpenFS(t.Context(), storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for _, c := range []struct {
		name    string
		opts    generate.Options
		answers int
		want    int
	}{
		{"a limit within the context", generate.Options{MaxTokens: 100}, 8, 100},
		{"no limit: the context is one", generate.Options{MaxTokens: -1}, 8, -1},
		{"the model's own", generate.Options{}, 1, 0},
		{"no limit, and a text that slides along", generate.Options{MaxTokens: -1, Overflow: generate.OverflowSlide}, 1, maxGathered},
		{"a large one with alternatives", generate.Options{MaxTokens: 100_000_000, Overflow: generate.OverflowSlide, LogProbs: 100}, 1, maxGathered / 101},
		{"a large one with answers", generate.Options{MaxTokens: 100_000_000, Overflow: generate.OverflowSlide}, 8, maxGathered / 8},
	} {
		x := &exchange{}
		j := &job{to: &target{served: &served{Model: Model{Generator: g}}}, opts: c.opts, answers: c.answers}
		x.boundGathered(j)
		if j.opts.MaxTokens != c.want {
			t.Errorf("%s: the limit is %d, want %d", c.name, j.opts.MaxTokens, c.want)
		}
	}
	x, total := &exchange{}, 0
	for range 300 { // as many prompts
		j := &job{to: &target{served: &served{Model: Model{Generator: g}}}, opts: generate.Options{MaxTokens: -1, LogProbs: 100}, answers: 8}
		x.boundGathered(j)
		limit := j.opts.MaxTokens
		if limit < 0 {
			limit = g.ContextLength()
		}
		total += limit * 8 * 101
	}
	if most := maxGathered + 300*8*101; total > most {
		t.Errorf("%d tokens and alternatives, want %d at most", total, most)
	}
}
