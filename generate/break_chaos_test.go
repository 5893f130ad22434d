package generate_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/grammar"
)

// chaos has a generator on which everything goes on at once.
type chaos struct {
	g     *generate.Generator
	words *grammar.Grammar
	ids   []int
}

// options returns options of all kinds.
func (c *chaos) options(rng *rand.Rand) *generate.Options {
	o := &generate.Options{MaxTokens: 1 + rng.IntN(40), IgnoreEnd: true, Priority: rng.IntN(3), Sampling: &generate.Sampling{Seed: new(rng.Uint64())}}
	if rng.IntN(2) == 0 {
		o.Sampling.Temperature, o.Sampling.PresencePenalty = 0.9, 0.2
	}
	if rng.IntN(3) == 0 {
		o.LogProbs = 2
	}
	if rng.IntN(3) == 0 {
		o.Guidance = &generate.Guidance{Scale: 1.3}
	}
	if rng.IntN(3) == 0 {
		o.Grammar, o.MaxTokens = c.words, 40
	}
	if rng.IntN(3) == 0 {
		o.Overflow = generate.OverflowSlide
	}
	if rng.IntN(3) == 0 {
		o.Speculation = drafting(4)
	}
	return o
}

// once does one thing, and returns its error.
func (c *chaos) once(ctx context.Context, rng *rand.Rand, emit func() bool) error {
	opts := c.options(rng)
	p := generate.Prompt{Tokens: c.ids[:1+rng.IntN(len(c.ids)-1)]}
	switch rng.IntN(6) {
	case 0:
		for _, err := range c.g.Answers(ctx, p, 3, opts) {
			if err != nil || !emit() {
				return err
			}
		}
	case 1:
		_, err := c.g.BeamSearch(ctx, p, &generate.Beams{N: 3}, &generate.Options{MaxTokens: 12, Priority: opts.Priority, Sampling: &generate.Sampling{}})
		return err
	case 2:
		opts.MaxTokens = 8
		for _, err := range c.g.Batch(ctx, slices.Values([]generate.Prompt{p, p, {Tokens: p.Tokens, Options: c.options(rng)}}), opts) {
			if err != nil || !emit() {
				return err
			}
		}
	case 3:
		return c.converse(ctx, opts, emit)
	default:
		for _, err := range c.g.StreamTokens(ctx, p.Tokens, opts) {
			if err != nil || !emit() {
				return err
			}
		}
	}
	return nil
}

// converse sends, forks, saves and goes on.
func (c *chaos) converse(ctx context.Context, opts *generate.Options, emit func() bool) (err error) {
	s, err := c.g.NewTextSession()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	opts.Guidance = nil
	for _, err := range s.Send(ctx, repeats, opts) {
		if err != nil || !emit() {
			return err
		}
	}
	fork, err := s.Fork(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fork.Close()) }()
	if err := s.Save(ctx, new(bytes.Buffer)); err != nil {
		return err
	}
	for _, err := range fork.Send(ctx, " Then", opts) {
		if err != nil || !emit() {
			return err
		}
	}
	return nil
}

// TestEverythingAtOnceLeavesNothingBehind is for the race detector: callers of all kinds
// want more states than there are, and are cancelled, or break off, at random places.
func TestEverythingAtOnceLeavesNothingBehind(t *testing.T) {
	rounds, callers := 12, 8
	if testing.Short() {
		rounds = 3
	}
	words, err := grammar.Regex(`( [A-Za-z]+[,.]?){2,20}`)
	if err != nil {
		t.Fatal(err)
	}
	small := openStory(t, &generate.Config{MaxStates: 2})
	observer := &spans{attrs: map[string]string{}}
	g := openStory(t, &generate.Config{
		MaxStates: 3, MaxQueue: 5, PrefillChunk: 8, Draft: small, Tracer: observer, Speculation: &generate.Speculation{},
	})
	prefix, err := g.NewPrefix(t.Context(), repeats, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &chaos{g: g, words: words, ids: encode(t, repeats+" ball. Then Tom had a blue ball.")}
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(i), 1))
			for range rounds {
				ctx, cancel := context.WithCancel(t.Context())
				left, breaks := rng.IntN(30), rng.IntN(2) == 0
				err := c.once(ctx, rng, func() bool {
					if left--; left < 0 && !breaks {
						cancel()
					}
					return left >= 0 || !breaks
				})
				cancel()
				for _, usual := range []error{context.Canceled, generate.ErrQueueFull, generate.ErrBusy, generate.ErrIncomplete, nil} {
					if errors.Is(err, usual) {
						err = nil
					}
				}
				if err != nil {
					t.Errorf("caller %d: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	if err := prefix.Close(); err != nil {
		t.Error(err)
	}
	for name, g := range map[string]*generate.Generator{"the model": g, "the draft model": small} {
		if s := g.Stats(); s.States != 0 || s.Waiting != 0 || s.WaitingPrompts != 0 || s.Active != 0 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	begun, ended, _ := observed(observer)
	if diff := cmp.Diff(begun, ended); diff != "" {
		t.Errorf("spans have no end (-begun +ended):\n%s", diff)
	}
}

// TestASavedConversationGoesOnWithDrafts breaks answers off within drafts, saves and restores.
func TestASavedConversationGoesOnWithDrafts(t *testing.T) {
	for _, spec := range []*generate.Speculation{nil, drafting(7)} {
		g := openStory(t, &generate.Config{MaxStates: 2})
		opts := &generate.Options{MaxTokens: 40, Sampling: &generate.Sampling{}, IgnoreEnd: true, Speculation: spec}
		want, err := g.Generate(t.Context(), repeats, opts)
		if err != nil {
			t.Fatal(err)
		}
		for cut := 1; cut < 12; cut++ {
			s, err := g.NewTextSession()
			if err != nil {
				t.Fatal(err)
			}
			var got []int
			for tok, err := range s.Send(t.Context(), repeats, opts) { // broken off within a draft
				if err != nil {
					t.Fatal(err)
				}
				if got = append(got, tok.ID); len(got) == cut {
					break
				}
			}
			var file bytes.Buffer
			if err := errors.Join(s.Save(t.Context(), &file), s.Close()); err != nil {
				t.Fatal(err)
			}
			restored, err := g.RestoreSession(t.Context(), &file, nil)
			if err != nil {
				t.Fatal(err)
			}
			rest := *opts
			rest.MaxTokens -= cut
			r, err := generate.Collect(restored.Continue(t.Context(), &rest))
			if err := errors.Join(err, restored.Close()); err != nil {
				t.Fatal(err)
			}
			if got = append(got, r.Tokens...); !slices.Equal(got, want.Tokens) {
				t.Errorf("cut behind %d tokens: %v, want %v", cut, got, want.Tokens)
			}
		}
	}
}
