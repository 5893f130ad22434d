package generate_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/generate"
)

// hold takes n states of a generator and returns them.
func hold(t *testing.T, g *generate.Generator, n int) []*generate.Sequence {
	t.Helper()
	var list []*generate.Sequence
	for range n {
		s, err := g.NewSequence(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	return list
}

func TestStatesGoByPriorityAndThenByArrival(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting, unrecorded: true}, generate.Config{MaxStates: 1})
	held := hold(t, g, 1)
	var mu sync.Mutex
	var order []int
	var wg sync.WaitGroup
	for i, priority := range []int{0, 1, 0, -1, 1} {
		wg.Go(func() {
			for _, err := range g.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: 1, Priority: priority}) {
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
			}
		})
		waitFor(t, "it waits", func() bool { return g.Stats().Waiting == i+1 })
	}
	if err := held[0].Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if diff := cmp.Diff([]int{1, 4, 0, 2, 3}, order); diff != "" {
		t.Errorf("the order differs (-want +got):\n%s", diff)
	}
}

func TestAFullQueueRefuses(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting, unrecorded: true}, generate.Config{MaxStates: 1, MaxQueue: 2})
	held := hold(t, g, 1)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() {
			if _, err := g.Generate(ctx, "hi", nil); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		waitFor(t, "it waits", func() bool { return g.Stats().Waiting == i+1 })
	}
	_, err := g.Generate(t.Context(), "hi", nil)
	full, ok := errors.AsType[*generate.QueueError](err)
	if !ok || !errors.Is(err, generate.ErrQueueFull) || full.Waiting != 2 || full.MaxQueue != 2 {
		t.Errorf("a third caller got %v", err)
	}
	cancel()
	wg.Wait()
	if s := g.Stats(); s.Waiting != 0 || s.Cancelled != 2 || s.Failed != 1 || s.Answers != 3 {
		t.Errorf("%+v", s)
	}
	if err := held[0].Close(); err != nil {
		t.Fatal(err)
	}
	wantUsable(t, g)
}

// TestStatesAreBoundedByBytes has a cache of 64 numbers of 4 bytes, which a lane has
// twice.
func TestStatesAreBoundedByBytes(t *testing.T) {
	const lane = 2 * 4 * fakeContext
	m := &fakeModel{next: counting, unrecorded: true}
	if _, err := generate.NewFake(m, m.description(), storyTokenizer(t), &generate.Config{Driver: m.driver(), MaxStateBytes: lane - 1}); !errors.Is(err, generate.ErrConfig) || !strings.Contains(err.Error(), "512 bytes") {
		t.Errorf("a bound below one state gave %v", err)
	}
	g := newFake(t, m, generate.Config{MaxStates: 8, MaxStateBytes: 2*lane + 1})
	held := hold(t, g, 2)
	if s := g.Stats(); s.StateBytes != 2*lane || s.States != 2 {
		t.Errorf("%+v", s)
	}
	got := make(chan *generate.Sequence)
	go func() {
		s, err := g.NewSequence(t.Context())
		if err != nil {
			t.Error(err)
		}
		got <- s
	}()
	waitFor(t, "the third waits", func() bool { return g.Stats().Waiting == 1 })
	if err := held[0].Close(); err != nil {
		t.Fatal(err)
	}
	third := <-got
	for _, s := range []*generate.Sequence{third, held[1]} {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if s := g.Stats(); s.StateBytes != 2*lane || s.States != 0 || s.FreeStates != 2 {
		t.Errorf("%+v", s)
	}
}

func TestCloseSendsAwayWhoeverWaits(t *testing.T) {
	m := &fakeModel{next: counting, unrecorded: true}
	drained := 0
	g, err := generate.NewDrained(m, m.description(), storyTokenizer(t), &generate.Config{MaxStates: 1, Driver: m.driver()}, func() error { drained++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	held := hold(t, g, 1)
	refused := make(chan error)
	go func() {
		_, err := g.NewSequence(t.Context())
		refused <- err
	}()
	waitFor(t, "it waits", func() bool { return g.Stats().Waiting == 1 })
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-refused; !errors.Is(err, generate.ErrClosed) {
		t.Errorf("who waited got %v", err)
	}
	if drained != 0 {
		t.Error("the model was let go of while a sequence had it")
	}
	if err := held[0].Close(); err != nil || drained != 1 {
		t.Errorf("%v; drained %d times", err, drained)
	}
}

// TestManyStreamsAtOnce is for the race detector: 32 streams, some of which are cancelled
// or broken off, with Close in the midst of others, leave nothing behind, and what they
// write is what each writes alone.
func TestManyStreamsAtOnce(t *testing.T) {
	const streams = 32
	g := openStory(t, &generate.Config{MaxStates: 6, PrefillChunk: 8, Speculation: &generate.Speculation{}})
	ids := encode(t, strings.Repeat(repeats+" ball. ", 2))
	options := func(i int) *generate.Options {
		return &generate.Options{MaxTokens: 24, IgnoreEnd: true, Priority: i % 3, Sampling: &generate.Sampling{Temperature: float64(i%2) * 0.8, Seed: new(uint64(i))}}
	}
	prompt := func(i int) []int { return ids[:1+i*7%len(ids)] }
	want := make([][]int, streams)
	for i := range streams {
		r, err := generate.Collect(g.StreamTokens(t.Context(), prompt(i), options(i)))
		if err != nil {
			t.Fatal(err)
		}
		want[i] = r.Tokens
	}
	var wg sync.WaitGroup
	for i := range streams {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var got []int
			for tok, err := range g.StreamTokens(ctx, prompt(i), options(i)) {
				if err != nil {
					if i%4 != 1 || !errors.Is(err, context.Canceled) {
						t.Errorf("stream %d: %v", i, err)
					}
					return
				}
				got = append(got, tok.ID)
				switch {
				case i%4 == 1 && len(got) == i%7:
					cancel()
				case i%4 == 2 && len(got) == i%11:
					return // breaks off
				}
			}
			if i%4 != 1 && !slices.Equal(got, want[i]) {
				t.Errorf("stream %d wrote %v, and %v alone", i, got, want[i])
			}
		})
	}
	wg.Wait()
	waitFor(t, "all states are back", func() bool { return g.Stats().States == 0 })
	if s := g.Stats(); s.Active != 0 || s.Waiting != 0 || s.WaitingPrompts != 0 || s.Failed != 0 || s.Answers != 2*streams {
		t.Errorf("%+v", s)
	}
	// Close in flight.
	for i := range streams {
		wg.Go(func() {
			n := 0
			for _, err := range g.StreamTokens(t.Context(), prompt(i), options(i)) {
				if err != nil && !errors.Is(err, generate.ErrClosed) {
					t.Errorf("stream %d: %v", i, err)
				}
				if n++; n == 5 && i == 3 {
					if err := g.Close(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	if s := g.Stats(); s.States != 0 || s.FreeStates != 0 || s.Waiting != 0 || s.Active != 0 {
		t.Errorf("after Close: %+v", s)
	}
}
