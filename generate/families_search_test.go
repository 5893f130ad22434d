package generate_test

import (
	"slices"
	"testing"

	"github.com/gocoreml/coreml/generate"
)

// choosesItself reports whether a package gives the likeliest token alone.
func choosesItself(g *generate.Generator) bool {
	out := g.Driver().Output
	return out != nil && (out.Greedy || len(out.Offsets) > 0)
}

// answersTwice asks for two answers to a prompt, for which the state goes back to its end.
func answersTwice(t *testing.T, p familyPackage) {
	g := p.open(t, generate.Config{})
	if g.Tokenizer() == nil {
		t.Skip("the package has no tokenizer: there are no answers")
	}
	ids := p.records[0].IDs
	opts := &generate.Options{MaxTokens: 6, Sampling: &generate.Sampling{}, IgnoreEnd: true}
	want, err := generate.Collect(g.StreamTokens(t.Context(), ids, opts))
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range g.Answers(t.Context(), generate.Prompt{Tokens: ids}, 3, opts) {
		if err != nil || !slices.Equal(r.Tokens, want.Tokens) {
			t.Errorf("%v, %v, want %v", r.Tokens, err, want.Tokens)
		}
	}
}

// searchesAlike compares beams that take turns in one state with beams that have copies
// of it.
func searchesAlike(t *testing.T, p familyPackage) {
	search := func(states int) []generate.BeamResult {
		g := p.open(t, generate.Config{MaxStates: states})
		if g.Tokenizer() == nil || choosesItself(g) {
			t.Skip("the package has no tokenizer, or chooses its tokens itself: there are no beams")
		}
		opts := &generate.Options{MaxTokens: 5, Sampling: &generate.Sampling{}, IgnoreEnd: true}
		r, err := g.BeamSearch(t.Context(), generate.Prompt{Tokens: p.records[0].IDs}, &generate.Beams{N: 3, Return: 3}, opts)
		if err != nil {
			t.Fatal(err)
		}
		if held := generate.HeldLanes(g); held != 0 {
			t.Errorf("%d states are still held", held)
		}
		return r
	}
	one, several := search(1), search(3)
	for i := range one {
		// Rounding of a prompt that is read again may change the order of equal ones.
		if d := one[i].Score - several[i].Score; d > 0.02 || d < -0.02 {
			t.Errorf("answer %d has the score %v in one state and %v in three: %v and %v", i, one[i].Score, several[i].Score, one[i].Tokens, several[i].Tokens)
		}
	}
}
