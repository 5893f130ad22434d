package generate

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// cachedLane drives packages that keep a cache, in states or through inputs and
// outputs. The mask's width less its height tells the model where to write, so
// that a sequence is cut back simply by going on at an earlier place.
type cachedLane struct {
	m     *boundModel
	state *coreml.State // nil where the cache goes in and out
	in    coreml.Features
	// spare holds the caches that the next pass writes to, by output: what goes in
	// and what comes out change places after each pass, and none is copied.
	spare coreml.Features

	token *tensor.Tensor // token ids [1, 1]
	// decoded and prefilled are the outputs of the last pass of one token and of
	// chunkLen tokens, which serve the next one of the same length. lastRow says
	// that prefilled has the logits of the last token alone.
	decoded, prefilled coreml.Features
	chunkLen           int
	lastRow            bool
	maskBuf            []byte
	// opts and shape are fields because values that are passed on by a pointer
	// would be allocated at every step.
	opts  coreml.PredictOptions
	shape [4]int
	step  *tokenStep
	dirty bool // whether a pass has run since the last reset
}

// newCachedLane makes a lane with an empty cache. Stateful says that the model has
// states; caches that go in and out it may have besides.
func newCachedLane(m *boundModel, stateful bool) (*cachedLane, error) {
	l := &cachedLane{m: m, in: maps.Clone(m.constants), spare: coreml.Features{}, token: tensor.New(m.tokens.DType, 1, 1), step: newTokenStep()}
	if stateful {
		state, err := m.model.NewState()
		if err != nil {
			return nil, fmt.Errorf("new state: %w", err)
		}
		l.state = state
	}
	if err := l.zeroCaches(); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// zeroCaches gives every cache input zeros.
func (l *cachedLane) zeroCaches() error {
	for _, c := range l.m.caches {
		t := tensor.New(c.dtype, c.shape...)
		if err := t.Err(); err != nil {
			return fmt.Errorf("cache %s: %w", c.in, err)
		}
		l.in[c.in] = coreml.MultiArray(t)
	}
	clear(l.spare)
	return nil
}

// chunk returns the greatest number of tokens that the declared shapes allow and
// whose mask is not too large.
func (l *cachedLane) chunk(past, n, limit int) (int, error) {
	if l.m.d.MaxQuery > 0 {
		limit = min(limit, l.m.d.MaxQuery)
	}
	limit = min(limit, max(maxMaskBytes/l.m.mask.DType.Size()/(past+n), 1))
	var refused error
	for q := min(n, limit); q > 0; q-- {
		l.shape = [4]int{1, q}
		err := l.m.tokens.Check(l.shape[:2]...)
		if err == nil {
			l.shape = [4]int{1, 1, q, past + q}
			if err = l.m.mask.Check(l.shape[:]...); err == nil {
				return q, nil
			}
		}
		refused = err
	}
	return 0, fmt.Errorf("%w: the declared shapes allow no prediction of %d or fewer tokens after %d: %w",
		ErrDriver, min(n, limit), past, refused)
}

func (l *cachedLane) forward(ctx context.Context, all []int, n int, last bool) (*tensor.Tensor, int, error) {
	if err := l.setInputs(ctx, all, n); err != nil {
		return nil, 0, err
	}
	last = last && n > 1 // a single token has no other row
	l.prepare(n, last)
	l.dirty = true
	out, err := l.predict(ctx, n)
	if err != nil {
		return nil, 0, err
	}
	l.keep(out, n, last)
	return out.Tensor(l.m.d.Logits), 0, nil
}

// predict makes a pass of n tokens. That of one may go with those of other sequences.
func (l *cachedLane) predict(ctx context.Context, n int) (coreml.Features, error) {
	if n > 1 {
		return l.m.model.Predict(ctx, l.in, l.state, &l.opts)
	}
	l.step.request = coreml.Request{Inputs: l.in, State: l.state, Options: &l.opts}
	return l.m.steps.predict(ctx, l.step)
}

// setInputs sets the token ids and the mask. What one token needs is there
// already, so that a step of decoding allocates nothing.
func (l *cachedLane) setInputs(ctx context.Context, all []int, n int) (err error) {
	past := len(all) - n
	tokens, mask := l.token, (*tensor.Tensor)(nil)
	if n == 1 {
		mask = l.m.zeros.get(past + 1)
	} else {
		tokens = tensor.New(l.m.tokens.DType, 1, n)
		if mask, err = causalMask(ctx, l.m.mask.DType, &l.maskBuf, n, past, l.m.maskFill); err != nil {
			return err
		}
	}
	if err := putTokens(tokens, all[past:], l.m.pad); err != nil {
		return err
	}
	l.in[l.m.d.Tokens] = coreml.MultiArray(tokens)
	l.in[l.m.d.Mask] = coreml.MultiArray(mask)
	return nil
}

// prepare sets the options of a pass of n tokens: the outputs of an earlier pass
// of the same shapes are written to again. Last asks for one row of the logits.
func (l *cachedLane) prepare(n int, last bool) {
	l.opts.Outputs, l.opts.LastRows = nil, nil
	if last {
		l.opts.LastRows = l.m.lastRow
	}
	// Caches are spare from the second pass on; before that there is nothing to
	// write them to.
	if reuse := l.reusable(n, last); reuse != nil && len(l.spare) == len(l.m.caches) {
		maps.Copy(reuse, l.spare)
		l.opts.Outputs = reuse
	}
}

// reusable returns the outputs of an earlier pass of the same shapes, or nil.
func (l *cachedLane) reusable(n int, last bool) coreml.Features {
	switch {
	case n == 1:
		return l.decoded
	case n == l.chunkLen && last == l.lastRow:
		return l.prefilled
	}
	return nil
}

// keep stores the outputs of a pass for the next ones and lets the caches change
// places.
func (l *cachedLane) keep(out coreml.Features, n int, last bool) {
	for _, c := range l.m.caches {
		l.spare[c.out], l.in[c.in] = l.in[c.in], out[c.out]
	}
	if l.opts.Outputs == nil { // those that were written to again have been looked at
		out = l.m.reusable(out, last)
	}
	if n == 1 {
		l.decoded = out
	} else {
		l.prefilled, l.chunkLen, l.lastRow = out, n, last
	}
}

func (l *cachedLane) reserve(past, n int) { l.m.zeros.prepare(past+1, n) }

// trim drops the mask from the inputs too, which would keep its memory.
func (l *cachedLane) trim() {
	l.prefilled, l.chunkLen, l.maskBuf = nil, 0, nil
	delete(l.in, l.m.d.Mask)
}

// reset empties the cache. One that no pass has written to is empty: clearing it
// would cost a write of all its memory.
func (l *cachedLane) reset() error {
	l.trim()
	if !l.dirty {
		return nil
	}
	if err := l.zeroCaches(); err != nil {
		return err
	}
	if l.state != nil {
		if err := l.state.Reset(); err != nil {
			return fmt.Errorf("reset state: %w", err)
		}
	}
	l.dirty = false
	return nil
}

func (l *cachedLane) close() error {
	if l.state == nil {
		return nil
	}
	err := l.state.Close()
	if errors.Is(err, coreml.ErrClosed) {
		return nil // the model closed its states when it was closed
	}
	return err
}
