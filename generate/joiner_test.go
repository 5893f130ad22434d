package generate_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
)

// manyModel is a fakeModel that makes several predictions at once.
type manyModel struct {
	*fakeModel
	// made holds, of each prediction of several, the tokens that its steps took.
	made [][]int
	// gate, when set, is what a prediction of one token by itself waits for, once it has
	// told so.
	gate, there chan struct{}
	// broken makes the next prediction of several panic.
	broken bool
}

func (m *manyModel) Predict(ctx context.Context, in coreml.Features, st *coreml.State, opts *coreml.PredictOptions) (coreml.Features, error) {
	if m.gate != nil && in.Tensor("inputIds").Len() == 1 {
		m.there <- struct{}{}
		<-m.gate
	}
	return m.fakeModel.Predict(ctx, in, st, opts)
}

func (m *manyModel) PredictMany(_ context.Context, requests []coreml.Request) error {
	if m.broken {
		m.broken = false
		panic("broken")
	}
	var tokens []int
	for i := range requests {
		r := &requests[i]
		ids, err := intsOf(r.Inputs.Tensor("inputIds"))
		if err != nil {
			return err
		}
		tokens = append(tokens, ids...)
		r.Outputs, r.Err = m.fakeModel.Predict(r.Context, r.Inputs, r.State, r.Options)
	}
	m.made = append(m.made, tokens)
	return nil
}

// waitFor waits until a condition holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for start := time.Now(); !holds(); time.Sleep(100 * time.Microsecond) {
		if time.Since(start) > time.Minute {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// firstToken is the one that the first sequence of joined appends, the second the next.
const firstToken = 20

// joined is sequences whose steps wait, in their order, behind the first one's, which is
// at the model's gate.
type joined struct {
	g       *generate.Generator
	model   *manyModel
	cancels []context.CancelFunc
	errs    []chan error // of the steps
	logits  [][]float32
}

// errThrown is the error of a step that panicked.
var errThrown = errors.New("it panicked")

// join lets n sequences come.
func join(t *testing.T, n int) *joined {
	t.Helper()
	m := &manyModel{fakeModel: &fakeModel{next: counting, unrecorded: true}}
	g, err := generate.NewFake(m, m.description(), storyTokenizer(t), &generate.Config{MaxStates: n, Driver: m.driver()})
	if err != nil {
		t.Fatal(err)
	}
	j := &joined{g: g, model: m, logits: make([][]float32, n)}
	var sequences []*generate.Sequence
	for range n {
		s, err := g.NewSequence(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(t.Context(), prompt); err != nil {
			t.Fatal(err)
		}
		sequences = append(sequences, s)
	}
	m.gate, m.there = make(chan struct{}), make(chan struct{}, n)
	for i, s := range sequences {
		ctx, cancel := context.WithCancel(t.Context())
		t.Cleanup(cancel)
		j.cancels, j.errs = append(j.cancels, cancel), append(j.errs, make(chan error, 1))
		go func() { j.errs[i] <- j.step(ctx, s, i) }()
		if i == 0 {
			<-m.there // it leads, and waits no more
			continue
		}
		waitFor(t, "the steps wait", func() bool { return generate.WaitingSteps(g) == i })
	}
	return j
}

// step appends a token, and closes the sequence.
func (j *joined) step(ctx context.Context, s *generate.Sequence, i int) (err error) {
	defer func() { err = errors.Join(err, s.Close()) }()
	defer func() {
		if recover() != nil {
			err = errThrown
		}
	}()
	logits, err := s.Append(ctx, []int{firstToken + i})
	j.logits[i] = slices.Clone(logits)
	return err
}

// tokens are those of the sequences from to end-1.
func tokens(from, end int) (list []int) {
	for i := from; i < end; i++ {
		list = append(list, firstToken+i)
	}
	return list
}

func TestStepsThatWaitAreMadeTogetherInTheirOrder(t *testing.T) {
	j := join(t, 12)
	j.cancels[4]()
	if err := <-j.errs[4]; !errors.Is(err, context.Canceled) {
		t.Errorf("a step that was cancelled while it waited gave %v", err)
	}
	close(j.model.gate)
	for i, ended := range j.errs {
		if i == 4 {
			continue
		}
		if err := <-ended; err != nil {
			t.Fatalf("sequence %d: %v", i, err)
		}
		all := append(slices.Clone(prompt), firstToken+i)
		if next := counting(all); j.logits[i][next] != 10 {
			t.Errorf("sequence %d: the logits are not those of its tokens", i)
		}
	}
	want := [][]int{append(tokens(1, 4), tokens(5, 10)...), tokens(10, 12)}
	if diff := cmp.Diff(want, j.model.made); diff != "" {
		t.Errorf("the predictions of several differ (-want +got):\n%s", diff)
	}
	j.model.gate = nil
	wantUsable(t, j.g)
}

// TestAPanicLeavesNobodyWaiting panics in the prediction that the second sequence leads.
func TestAPanicLeavesNobodyWaiting(t *testing.T) {
	j := join(t, 11)
	j.model.broken = true
	close(j.model.gate)
	for i, ended := range j.errs {
		err := <-ended
		switch {
		case i == 0 || i > 8: // by itself, and in the prediction after
			if err != nil {
				t.Errorf("sequence %d: %v", i, err)
			}
		case err == nil || errors.Is(err, errThrown) != (i == 1):
			t.Errorf("sequence %d, in the prediction that panicked: %v", i, err)
		}
	}
	if diff := cmp.Diff([][]int{tokens(9, 11)}, j.model.made); diff != "" {
		t.Errorf("the predictions of several differ (-want +got):\n%s", diff)
	}
	j.model.gate = nil
	wantUsable(t, j.g)
}

// TestStreamsTogetherWriteWhatEachWritesAlone runs more streams at once than one pass
// over the weights serves, each with its own prompt and sampler.
func TestStreamsTogetherWriteWhatEachWritesAlone(t *testing.T) {
	const streams = 12
	m, err := coreml.LoadFS(t.Context(), storyteller.FS(), storyteller.Package, &coreml.Config{Engine: coreml.EnginePortable, Arithmetic: coreml.ArithmeticFast})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	counted := &countedModel{Model: m}
	g, err := generate.NewFake(counted, m.Description(), storyTokenizer(t), &generate.Config{MaxStates: streams})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	ids := encode(t, "Once upon a time, there was a little girl who had a red ball.")
	write := func(i int) ([]int, error) {
		seed := uint64(i)
		r, err := generate.Collect(g.StreamTokens(t.Context(), ids[:1+i], &generate.Options{
			MaxTokens: 40 + i, Sampling: &generate.Sampling{Temperature: 0.8, TopK: 1 + 5*i, Seed: &seed},
		}))
		if err != nil {
			return nil, err
		}
		return r.Tokens, nil
	}
	want, got := make([][]int, streams), make([][]int, streams)
	for i := range streams {
		if want[i], err = write(i); err != nil {
			t.Fatal(err)
		}
	}
	if len(counted.sizes) != 0 {
		t.Errorf("a stream by itself was joined with others: %v", counted.sizes)
	}
	// Whoever is by himself takes long enough for the others to come.
	counted.pause = 2 * time.Millisecond
	var all sync.WaitGroup
	for i := range streams {
		all.Go(func() {
			var err error
			if got[i], err = write(i); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("streams together differ from each alone (-alone +together):\n%s", diff)
	}
	if len(counted.sizes) == 0 || slices.Max(counted.sizes) > 8 {
		t.Errorf("the predictions of several were of %v steps, want some, of 8 at most", counted.sizes)
	}
}

// countedModel notes how many requests each prediction of several has, and pauses before
// each of one.
type countedModel struct {
	*coreml.Model
	sizes []int // one leads at a time
	pause time.Duration
}

func (m *countedModel) Predict(ctx context.Context, in coreml.Features, st *coreml.State, o *coreml.PredictOptions) (coreml.Features, error) {
	time.Sleep(m.pause)
	return m.Model.Predict(ctx, in, st, o)
}

func (m *countedModel) PredictMany(ctx context.Context, requests []coreml.Request) error {
	m.sizes = append(m.sizes, len(requests))
	return m.Model.PredictMany(ctx, requests)
}

func TestShortStepsAreMadeOneByOne(t *testing.T) {
	m := &manyModel{fakeModel: &fakeModel{next: counting, unrecorded: true}}
	g, err := generate.NewFake(m, m.description(), storyTokenizer(t), &generate.Config{MaxStates: 2, Driver: m.driver()})
	if err != nil {
		t.Fatal(err)
	}
	generate.JoinAbove(g, time.Hour)
	var sequences [2]*generate.Sequence
	for i := range sequences {
		if sequences[i], err = g.NewSequence(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer sequences[i].Close()
		if _, err := sequences[i].Append(t.Context(), prompt[:1]); err != nil {
			t.Fatal(err)
		}
	}
	m.gate, m.there = make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	for i, s := range sequences {
		wg.Go(func() {
			if _, err := s.Append(t.Context(), []int{firstToken + i}); err != nil {
				t.Error(err)
			}
		})
	}
	for range sequences {
		<-m.there // both are with the model at the same time
	}
	close(m.gate)
	wg.Wait()
	if len(m.made) > 0 {
		t.Errorf("steps that are short were made together: %v", m.made)
	}
}
