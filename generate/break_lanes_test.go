package generate_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
)

// led leads answers away from an empty prompt.
func led() *generate.Options {
	return &generate.Options{MaxTokens: 3, Guidance: &generate.Guidance{Scale: 1.5}}
}

// TestGuidanceWaitsForBothStatesAtOnce has copies and guided answers want the same two
// states: who waits for two holds none, and lets a copy go first of what it waits for.
func TestGuidanceWaitsForBothStatesAtOnce(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting, unrecorded: true}, generate.Config{MaxStates: 2})
	held := hold(t, g, 1)[0]
	ended := make(chan error)
	go func() {
		_, err := generate.Collect(g.StreamTokens(t.Context(), prompt, led()))
		ended <- err
	}()
	waitFor(t, "the guided answer waits", func() bool { return g.Stats().Waiting == 1 })
	if n := generate.HeldLanes(g); n != 1 {
		t.Errorf("%d states are held while a guided answer waits, want 1", n)
	}
	copied := make(chan error)
	go func() {
		fork, err := held.Fork(t.Context())
		copied <- errors.Join(err, fork.Close())
	}()
	if err := <-copied; err != nil {
		t.Error(err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := generate.HeldLanes(g); n != 0 {
		t.Errorf("%d states are still held", n)
	}
}

// TestCopiesThatWaitForEachOtherAreRefused lets all who hold a state want another.
func TestCopiesThatWaitForEachOtherAreRefused(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting, unrecorded: true}, generate.Config{MaxStates: 3})
	held := hold(t, g, 3)
	errs := make(chan error)
	for _, s := range held {
		go func() {
			fork, err := s.Fork(t.Context())
			errs <- errors.Join(err, fork.Close(), s.Close())
		}()
	}
	refused := 0
	for range held {
		if err := <-errs; errors.Is(err, generate.ErrBusy) {
			refused++
		} else if err != nil {
			t.Error(err)
		}
	}
	if refused == 0 || refused == len(held) {
		t.Errorf("%d of %d copies were refused", refused, len(held))
	}
	if n := generate.HeldLanes(g); n != 0 {
		t.Errorf("%d states are still held", n)
	}
}

// TestGuidedAnswersWaitInTheQueue bounds those that wait, and goes by their priority.
func TestGuidedAnswersWaitInTheQueue(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting, unrecorded: true}, generate.Config{MaxStates: 2, MaxQueue: 2})
	held := hold(t, g, 2)
	var mu sync.Mutex
	var order []int
	var wg sync.WaitGroup
	for i, priority := range []int{0, 3} {
		wg.Go(func() {
			opts := led()
			opts.MaxTokens, opts.Priority = 1, priority
			for _, err := range g.StreamTokens(t.Context(), prompt, opts) {
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				order = append(order, priority)
				mu.Unlock()
			}
		})
		waitFor(t, "it waits", func() bool { return g.Stats().Waiting == i+1 })
	}
	if _, err := generate.Collect(g.StreamTokens(t.Context(), prompt, led())); !errors.Is(err, generate.ErrQueueFull) {
		t.Errorf("a third guided answer got %v", err)
	}
	for _, s := range held {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	if len(order) != 2 || order[0] != 3 {
		t.Errorf("answers came in the order %v of their priorities", order)
	}
}

// TestAGuidedBatchDoesNotFillTheQueue has more states than a queue has places.
func TestAGuidedBatchDoesNotFillTheQueue(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting, unrecorded: true}, generate.Config{MaxStates: 6, MaxQueue: 1})
	prompts := func(yield func(generate.Prompt) bool) {
		for range 12 {
			if !yield(generate.Prompt{Tokens: prompt}) {
				return
			}
		}
	}
	for _, err := range g.Batch(t.Context(), prompts, led()) {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// brittleModel is one of which the second state panics.
type brittleModel struct {
	*coreml.Model
	states int
}

func (m *brittleModel) NewState() (*coreml.State, error) {
	if m.states++; m.states == 2 {
		panic("no second state")
	}
	return m.Model.NewState()
}

// TestAPanicForTheSecondStateGivesTheFirstBack makes the guide's state panic.
func TestAPanicForTheSecondStateGivesTheFirstBack(t *testing.T) {
	model, err := coreml.LoadFS(t.Context(), storyteller.FS(), storyteller.Package, portableConfig())
	if err != nil {
		t.Fatal(err)
	}
	m := &brittleModel{Model: model}
	g, err := generate.NewFake(m, model.Description(), storyTokenizer(t), &generate.Config{MaxStates: 2})
	if err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("nothing panicked")
			}
		}()
		_, _ = g.Generate(t.Context(), "Once", led())
	}()
	if n := generate.HeldLanes(g); n != 0 {
		t.Errorf("%d states are still held", n)
	}
	if s := g.Stats(); s.Active != 0 || s.Failed != 1 {
		t.Errorf("%+v", s)
	}
	if _, err := g.Generate(t.Context(), "Once", led()); err != nil {
		t.Error(err)
	}
	if err := errors.Join(g.Close(), model.Close()); err != nil {
		t.Error(err)
	}
}

// TestARestingSessionGivesItsStateToOneThatWaits has two states and three sessions, one of
// which goes on all the time.
func TestARestingSessionGivesItsStateToOneThatWaits(t *testing.T) {
	g := fakeChat(t, plainTemplate, counting, 2)
	s := keeper(t, g, nil)
	goOn, done := make(chan struct{}), make(chan error)
	use := func(name string, wait chan struct{}, began chan struct{}) {
		done <- s.Do(context.Background(), name, func(session *generate.Session) error {
			_, err := generate.Collect(session.Send(t.Context(), "hi", &generate.Options{MaxTokens: 2}))
			if began != nil {
				close(began)
			}
			<-wait
			return err
		})
	}
	began, rests := make(chan struct{}), make(chan struct{})
	both := make(chan struct{})
	go use("busy", goOn, began)
	<-began
	go use("rests", rests, both)
	<-both
	go use("waits", rests, nil)
	waitFor(t, "the third waits", func() bool { return g.Stats().Waiting == 1 })
	close(rests)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	close(goOn)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestTheNegativePromptIsReadByThePriorityOfItsAnswer lets it come behind longer ones.
func TestTheNegativePromptIsReadByThePriorityOfItsAnswer(t *testing.T) {
	p := newArrivals(t, 4)
	p.come(t.Context(), 20, 2, 0, nil)
	p.come(t.Context(), 21, 2, 0, nil)
	p.wg.Go(func() {
		opts := led()
		opts.MaxTokens, opts.Priority, opts.Guidance.Negative = 1, 1, &generate.Prompt{Tokens: slices.Repeat([]int{22}, 8)}
		if _, err := generate.Collect(p.g.StreamTokens(t.Context(), prompt[:1], opts)); err != nil {
			t.Error(err)
		}
	})
	waitFor(t, "the negative prompt waits", func() bool { return p.g.Stats().WaitingPrompts == 2 })
	if diff := cmp.Diff([]int{20, 22, 22, 21, 20, 21}, p.end()); diff != "" {
		t.Errorf("the order of chunks differs (-want +got):\n%s", diff)
	}
}
