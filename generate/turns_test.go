package generate_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
)

// chunks is a model at whose gate each prediction of a chunk waits, and which notes the
// first token of each in their order.
type chunks struct {
	*fakeModel
	there, gate chan struct{}
	mu          sync.Mutex
	order       []int
	running     int
	most        int // chunks that ran at once
}

func (m *chunks) Predict(ctx context.Context, in coreml.Features, st *coreml.State, opts *coreml.PredictOptions) (coreml.Features, error) {
	ids, err := intsOf(in.Tensor("inputIds"))
	if err != nil {
		return nil, err
	}
	if len(ids) > 1 {
		m.mu.Lock()
		m.order = append(m.order, ids[0])
		m.running++
		m.most = max(m.most, m.running)
		m.mu.Unlock()
		m.there <- struct{}{}
		<-m.gate
		m.mu.Lock()
		m.running--
		m.mu.Unlock()
	}
	return m.fakeModel.Predict(ctx, in, st, opts)
}

// arrivals is streams whose prompts wait for their turns behind the first one's chunk,
// which is at the gate.
type arrivals struct {
	t     *testing.T
	g     *generate.Generator
	model *chunks
	wg    sync.WaitGroup
	n     int
}

func newArrivals(t *testing.T, states int) *arrivals {
	t.Helper()
	m := &chunks{fakeModel: &fakeModel{next: counting, unrecorded: true}, there: make(chan struct{}, 100), gate: make(chan struct{})}
	g, err := generate.NewFake(m, m.description(), storyTokenizer(t), &generate.Config{MaxStates: states, PrefillChunk: 4, Driver: m.driver()})
	if err != nil {
		t.Fatal(err)
	}
	return &arrivals{t: t, g: g, model: m}
}

// come lets a prompt of so many chunks of one token come, and returns when it waits.
func (p *arrivals) come(ctx context.Context, token, chunks, priority int, wantErr error) {
	p.t.Helper()
	ids := slices.Repeat([]int{token}, 4*chunks)
	p.wg.Go(func() {
		_, err := generate.Collect(p.g.StreamTokens(ctx, ids, &generate.Options{MaxTokens: 1, Priority: priority}))
		if !errors.Is(err, wantErr) {
			p.t.Errorf("prompt %d: %v, want %v", token, err, wantErr)
		}
	})
	if p.n++; p.n == 1 {
		<-p.model.there
		return
	}
	waitFor(p.t, fmt.Sprintf("prompt %d waits", token), func() bool { return p.g.Stats().WaitingPrompts == p.n-1 })
}

// end lets all chunks be read and returns their order.
func (p *arrivals) end() []int {
	p.t.Helper()
	close(p.model.gate)
	p.wg.Wait()
	if p.model.most != 1 {
		p.t.Errorf("%d chunks were read at once", p.model.most)
	}
	if s := p.g.Stats(); s.States != 0 || s.WaitingPrompts != 0 || s.Active != 0 {
		p.t.Errorf("after all: %+v", s)
	}
	if err := p.g.Close(); err != nil {
		p.t.Error(err)
	}
	return p.model.order
}

// TestAShortPromptWaitsForOneChunk lets a short prompt come behind three long ones, of
// which the first one's chunk is being read: its own is the next one, so that it has its
// first token within the time of two.
func TestAShortPromptWaitsForOneChunk(t *testing.T) {
	p := newArrivals(t, 4)
	for long := range 3 {
		p.come(t.Context(), 20+long, 5, 0, nil)
	}
	// The first chunks of the other two come before: they are new as well.
	for range 2 {
		p.model.gate <- struct{}{}
		<-p.model.there
	}
	p.come(t.Context(), 30, 1, 0, nil)
	want := []int{20, 21, 22, 30, 20, 21, 22, 20, 21, 22, 20, 21, 22, 20, 21, 22}
	if diff := cmp.Diff(want, p.end()); diff != "" {
		t.Errorf("the order of chunks differs (-want +got):\n%s", diff)
	}
}

func TestTheHighestPriorityIsReadFirst(t *testing.T) {
	p := newArrivals(t, 4)
	p.come(t.Context(), 20, 2, 0, nil)
	p.come(t.Context(), 21, 2, -1, nil)
	p.come(t.Context(), 22, 2, 0, nil)
	p.come(t.Context(), 23, 2, 1, nil)
	if diff := cmp.Diff([]int{20, 23, 23, 22, 20, 22, 21, 21}, p.end()); diff != "" {
		t.Errorf("the order of chunks differs (-want +got):\n%s", diff)
	}
}

// TestNewcomersDoNotKeepOthersForEver has more newcomers than may go in a row.
func TestNewcomersDoNotKeepOthersForEver(t *testing.T) {
	p := newArrivals(t, 9)
	p.come(t.Context(), 20, 2, 0, nil)
	for i := range 6 {
		p.come(t.Context(), 30+i, 1, 0, nil)
	}
	if diff := cmp.Diff([]int{20, 30, 31, 32, 33, 20, 34, 35}, p.end()); diff != "" {
		t.Errorf("the order of chunks differs (-want +got):\n%s", diff)
	}
}

func TestWhoeverIsCancelledLosesHisTurn(t *testing.T) {
	p := newArrivals(t, 4)
	p.come(t.Context(), 20, 2, 0, nil)
	ctx, cancel := context.WithCancel(t.Context())
	p.come(ctx, 21, 2, 0, context.Canceled)
	p.come(t.Context(), 22, 1, 0, nil)
	cancel()
	waitFor(t, "it has gone", func() bool { return p.g.Stats().WaitingPrompts == 1 })
	if diff := cmp.Diff([]int{20, 22, 20}, p.end()); diff != "" {
		t.Errorf("the order of chunks differs (-want +got):\n%s", diff)
	}
}

// TestAShortPromptOvertakesLongNewcomers lets all come at about the same time.
func TestAShortPromptOvertakesLongNewcomers(t *testing.T) {
	p := newArrivals(t, 4)
	for long := range 3 {
		p.come(t.Context(), 20+long, 2, 0, nil)
	}
	p.come(t.Context(), 30, 1, 0, nil)
	if diff := cmp.Diff([]int{20, 30, 21, 22, 20, 21, 22}, p.end()); diff != "" {
		t.Errorf("the order of chunks differs (-want +got):\n%s", diff)
	}
}

// TestAShortPromptBehindEightLongOnes: however many there are, it waits for one chunk.
func TestAShortPromptBehindEightLongOnes(t *testing.T) {
	p := newArrivals(t, 10)
	for long := range 8 {
		p.come(t.Context(), 20+long, 5, 0, nil)
	}
	for range 7 { // each has had a turn
		p.model.gate <- struct{}{}
		<-p.model.there
	}
	p.come(t.Context(), 40, 1, 0, nil)
	if order := p.end(); len(order) != 41 || slices.Index(order, 40) != 8 {
		t.Errorf("the order of chunks is %v", order)
	}
}
