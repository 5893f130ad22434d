package generate

import (
	"context"
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// predictor is what a lane needs of a *coreml.Model.
type predictor interface {
	Predict(ctx context.Context, in coreml.Features, st *coreml.State, opts *coreml.PredictOptions) (coreml.Features, error)
	NewState() (*coreml.State, error)
}

// lane is what one sequence needs to run the model: the state, or what stands
// for it, and the buffers. One call at a time may use it.
//
// The words of the way down are one for each level: a [Sequence] appends tokens,
// a lane makes forward passes over chunks of them, and a model predicts.
type lane interface {
	// chunk returns how many of n further tokens one forward pass takes, at most
	// limit. Past is the number of tokens before them.
	chunk(past, n, limit int) (int, error)
	// forward runs the model over the last n of all. What the lane has seen beyond
	// those before it forgets. What comes out is good until the next call.
	forward(ctx context.Context, all []int, n int, want wanted) (*answer, error)
	// show replaces the pictures of the sequence. Their places are among its tokens.
	show(pictures []placed)
	// reserve makes what passes of one token up to length n need, so that these
	// allocate nothing.
	reserve(past, n int)
	// trim gives up buffers that only long prompts need.
	trim()
	// reset makes the lane good for a new sequence.
	reset() error
	// become makes the lane hold what another one of the same function holds, which
	// nothing uses meanwhile. After an error it is good for nothing.
	become(other lane) error
	// back returns how many of the first n tokens the lane has seen are there without
	// reading any of them again.
	back(n int) int
	// recover reports whether the lane holds the first n tokens, and those alone, behind a
	// pass that was not finished, and makes it good for further ones.
	recover(n int) bool
	// close releases the state. The lane is not used again.
	close() error
}

// wanted says which rows of logits a forward pass is made for.
type wanted int

const (
	wantNone wanted = iota
	wantLast
	wantEvery
	// wantAlone is wantEvery with the bits that each row has by itself.
	wantAlone
)

// stageLane is the lane of every driver: it runs the stages one after the other.
type stageLane struct {
	m      *boundModel
	states []*coreml.State
	calls  []*call // by the index of a function; nil until it is first used
	// held holds the caches that go in and out by the name of the input, for each
	// stage, and spare those that the next pass writes to.
	held, spare []coreml.Features
	length      int // the number of tokens in the caches
	pictures    []placed
	next        pass // what chunk found last
	span        span
	rows        *rows // of a batch, nil for a single text
	answer      answer
	copies      []snapshot
	prompt      bool // the tokens of a prompt are being taken
	alone       bool // rows have the bits that they have one by one
	dirty       bool // whether a pass has run since the last reset
}

// newStageLane makes a lane with empty caches.
func newStageLane(m *boundModel) (lane, error) {
	l := &stageLane{
		m: m, calls: make([]*call, m.functions),
		held: make([]coreml.Features, len(m.stages)), spare: make([]coreml.Features, len(m.stages)),
	}
	for i := range m.stages {
		l.held[i], l.spare[i] = coreml.Features{}, coreml.Features{}
	}
	for _, model := range m.states {
		state, err := model.NewState()
		if err != nil {
			return nil, errors.Join(fmt.Errorf("new state: %w", err), l.close())
		}
		l.states = append(l.states, state)
	}
	if err := l.zeroCaches(); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// zeroCaches gives every cache input zeros.
func (l *stageLane) zeroCaches() error {
	for i := range l.m.stages {
		for _, c := range l.m.stages[i].caches {
			t := tensor.New(c.dtype, c.shape...)
			if err := t.Err(); err != nil {
				return fmt.Errorf("cache %s: %w", c.in, err)
			}
			l.held[i][c.in] = coreml.MultiArray(t)
		}
		clear(l.spare[i])
	}
	return nil
}

func (l *stageLane) forward(ctx context.Context, all []int, n int, want wanted) (*answer, error) {
	past := len(all) - n
	if err := l.rewind(ctx, all[:past]); err != nil {
		return nil, err
	}
	p := l.next
	if p.past != past || p.take != n {
		var err error
		if p, err = l.pick(past, n, n); err != nil {
			return nil, err
		}
		if p.take != n {
			return nil, fmt.Errorf("%w: no prediction takes %d tokens after %d", ErrDriver, n, past)
		}
	}
	if want != wantLast || n > 1 {
		l.prompt = true
	}
	a, err := l.run(ctx, all, p, want)
	if err != nil {
		return nil, err
	}
	return a, l.keep(want)
}

// run makes the predictions of a pass, those of stages that only logits need where
// logits are wanted.
func (l *stageLane) run(ctx context.Context, all []int, p pass, want wanted) (*answer, error) {
	l.span = span{ctx: ctx, past: p.base, q: p.q, ids: all[p.base : p.past+p.take], pad: l.m.pad, rows: l.rows}
	l.dirty, l.length = true, p.past // until the pass is through
	l.answer.clear()
	l.alone = want == wantAlone
	last := len(p.chain.fns) - 1
	for i, fn := range p.chain.fns {
		if l.m.stages[i].answers && (want == wantNone || p.bare) {
			continue
		}
		out, err := l.predict(ctx, fn, p, i == last && want <= wantLast)
		if err != nil {
			return nil, err
		}
		if i == last && !p.bare {
			if err := l.answer.take(l.m, out, p); err != nil {
				return nil, err
			}
		}
	}
	l.length = p.past + p.take
	if err := l.shift(p); err != nil {
		return nil, err
	}
	return &l.answer, nil
}

func (l *stageLane) show(pictures []placed) { l.pictures = pictures }

func (l *stageLane) reserve(past, n int) {
	for _, fn := range l.m.decode.fns {
		for k := range fn.inputs {
			if v := fn.inputs[k].views; v != nil {
				v.prepare(past+1, n)
			}
		}
	}
}

func (l *stageLane) trim() {
	for _, c := range l.calls {
		if c != nil {
			c.trim()
		}
	}
	l.answer, l.span = answer{}, span{}
}

// reset empties the caches. Those that no pass has written to are empty: clearing
// them would cost a write of all their memory.
func (l *stageLane) reset() error {
	l.trim()
	l.copies, l.length, l.next, l.prompt, l.pictures, l.rows = nil, 0, pass{}, false, nil, nil
	if !l.dirty {
		return nil
	}
	return l.empty()
}

// empty clears states and caches.
func (l *stageLane) empty() error {
	if err := l.zeroCaches(); err != nil {
		return err
	}
	for _, s := range l.states {
		if err := s.Reset(); err != nil {
			return fmt.Errorf("reset state: %w", err)
		}
	}
	l.dirty, l.length = false, 0
	return nil
}

func (l *stageLane) close() error {
	var errs []error
	for _, s := range l.states {
		// The model closes its states when it is closed.
		if err := s.Close(); err != nil && !errors.Is(err, coreml.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
