package generate_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

func TestAnswersToOnePromptAreThoseOfTheirSeeds(t *testing.T) {
	m := &fakeModel{fillRow: tableRow, unrecorded: true}
	g := newFake(t, m, generate.Config{PrefillChunk: 3})
	seed := uint64(40)
	s := &generate.Sampling{Temperature: 2, PresencePenalty: 1, Mirostat: &generate.Mirostat{}, Seed: &seed}
	opts := &generate.Options{MaxTokens: 9, Sampling: s, LogProbs: 1}
	n := 0
	long := slices.Concat(prompt, prompt, prompt)
	for r, err := range g.Answers(t.Context(), generate.Prompt{Tokens: long}, 4, opts) {
		if err != nil {
			t.Fatal(err)
		}
		own := *s
		own.Seed = new(seed + uint64(n))
		alone, err := generate.Collect(g.StreamTokens(t.Context(), long, &generate.Options{MaxTokens: 9, Sampling: &own}))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(r.Tokens, alone.Tokens) || r.Text != alone.Text || r.Finish != alone.Finish || r.Stats.Seed != *own.Seed || len(r.LogProbs) != len(r.Tokens) {
			t.Errorf("answer %d is %v, by itself %v", n, r.Tokens, alone.Tokens)
		}
		calls, cached := alone.Stats.PrefillCalls, 0
		if n > 0 {
			calls, cached = 0, len(long)
		}
		if r.Stats.PrefillCalls != calls || r.Stats.CachedTokens != cached || r.Stats.PromptTokens != len(long) {
			t.Errorf("answer %d read %d of %d tokens in %d predictions", n, r.Stats.PromptTokens-r.Stats.CachedTokens, r.Stats.PromptTokens, r.Stats.PrefillCalls)
		}
		n++
	}
	if n != 4 {
		t.Errorf("%d answers", n)
	}
	for range g.Answers(t.Context(), generate.Prompt{Tokens: long}, 4, opts) {
		break
	}
	if held := generate.HeldLanes(g); held != 0 {
		t.Errorf("%d states are still held", held)
	}
}

func TestAnswersTellTheirErrorOnce(t *testing.T) {
	g := newFake(t, &fakeModel{fillRow: tableRow, unrecorded: true}, generate.Config{})
	errs := func(ctx context.Context, n int, p generate.Prompt) (list []error) {
		for _, err := range g.Answers(ctx, p, n, &generate.Options{MaxTokens: 3}) {
			list = append(list, err)
		}
		return list
	}
	if list := errs(t.Context(), 0, generate.Prompt{Tokens: prompt}); len(list) != 1 {
		t.Errorf("%v", list)
	} else {
		wantConfigError(t, list[0], "n", "is 0, want 1 answer or more")
	}
	if list := errs(t.Context(), 3, generate.Prompt{Tokens: []int{-1}}); len(list) != 1 || !errors.Is(list[0], generate.ErrConfig) {
		t.Errorf("%v", list)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var list []error
	for _, err := range g.Answers(ctx, generate.Prompt{Tokens: prompt}, 3, &generate.Options{MaxTokens: 3}) {
		list = append(list, err)
		cancel()
	}
	if len(list) != 2 || list[0] != nil || !errors.Is(list[1], context.Canceled) {
		t.Errorf("%v", list)
	}
}

// TestGuidedStreamsDoNotWaitForEachOther has as many streams as states, each of which
// takes two.
func TestGuidedStreamsDoNotWaitForEachOther(t *testing.T) {
	g := newFake(t, &fakeModel{fillRow: tableRow, unrecorded: true}, generate.Config{MaxStates: 3})
	opts := &generate.Options{MaxTokens: 5, Sampling: &generate.Sampling{}, Guidance: &generate.Guidance{Scale: 2, Negative: &generate.Prompt{Text: "Once"}}}
	want, err := generate.Collect(g.StreamTokens(t.Context(), prompt, opts))
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	for range 6 {
		work.Go(func() {
			if r, err := generate.Collect(g.StreamTokens(t.Context(), prompt, opts)); err != nil || !slices.Equal(r.Tokens, want.Tokens) {
				t.Errorf("%v, %v, want %v", r.Tokens, err, want.Tokens)
			}
		})
	}
	work.Wait()
	many := slices.Repeat([]generate.Prompt{{Tokens: prompt}}, 5)
	for r, err := range g.Batch(t.Context(), slices.Values(many), opts) {
		if err != nil || !slices.Equal(r.Tokens, want.Tokens) {
			t.Errorf("in a batch: %v, %v", r.Tokens, err)
		}
	}
	if held := generate.HeldLanes(g); held != 0 {
		t.Errorf("%d states are still held", held)
	}
}

func TestASessionRefusesGuidance(t *testing.T) {
	g := newFake(t, &fakeModel{fillRow: tableRow}, generate.Config{Chat: &tokenizer.ChatOptions{Template: "{% for m in messages %}{{ m.content }}{% endfor %}"}})
	s, err := g.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	_, err = generate.Collect(s.Send(t.Context(), "Once", &generate.Options{Guidance: &generate.Guidance{Scale: 2}}))
	wantConfigError(t, err, "Guidance", "needs a state of its own")
}
