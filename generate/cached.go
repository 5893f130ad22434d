package generate

import (
	"context"
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// cachedLane drives packages that keep a cache, in states or through inputs and
// outputs. The mask's width less its height tells the model where to write, so
// that a sequence is cut back simply by feeding at an earlier place.
type cachedLane struct {
	p  *program
	st *coreml.State
	in coreml.Features
	// spare holds the caches that the next prediction writes to, by output.
	spare coreml.Features

	single *tensor.Tensor // token ids [1, 1]
	// one and many are the outputs of the last prediction of one token and of
	// chunk tokens, which serve the next one of the same length; last says that
	// many has the logits of the last token alone.
	one, many coreml.Features
	chunk     int
	last      bool
	maskBuf   []byte
	opts      coreml.PredictOptions
	shape     [4]int
	dirty     bool
}

func newCachedLane(p *program) (*cachedLane, error) {
	l := &cachedLane{p: p, in: coreml.Features{}, spare: coreml.Features{}, single: tensor.New(p.tokens.DType, 1, 1)}
	for name, v := range p.fixed {
		l.in[name] = v
	}
	if p.d.Family == FamilyStateful {
		st, err := p.model.NewState()
		if err != nil {
			return nil, fmt.Errorf("new state: %w", err)
		}
		l.st = st
	}
	if err := l.zeroCaches(); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// zeroCaches gives every cache input zeros.
func (l *cachedLane) zeroCaches() error {
	for _, c := range l.p.caches {
		t := tensor.New(c.dtype, c.shape...)
		if err := t.Err(); err != nil {
			return fmt.Errorf("cache %s: %w", c.in, err)
		}
		l.in[c.in] = coreml.MultiArray(t)
	}
	clear(l.spare)
	return nil
}

func (l *cachedLane) take(past, n, limit int) (int, error) {
	if l.p.d.MaxQuery > 0 {
		limit = min(limit, l.p.d.MaxQuery)
	}
	var refused error
	for q := min(n, limit); q > 0; q-- {
		l.shape = [4]int{1, q}
		err := l.p.tokens.Check(l.shape[:2]...)
		if err == nil {
			l.shape = [4]int{1, 1, q, past + q}
			if err = l.p.mask.Check(l.shape[:]...); err == nil {
				return q, nil
			}
		}
		refused = err
	}
	return 0, fmt.Errorf("%w: the declared shapes allow no prediction of %d or fewer tokens after %d: %w",
		ErrDriver, min(n, limit), past, refused)
}

func (l *cachedLane) feed(ctx context.Context, all []int, n int, last bool) (*tensor.Tensor, int, error) {
	past := len(all) - n
	tokens, mask := l.single, (*tensor.Tensor)(nil)
	if n == 1 {
		mask = l.p.zeros.get(past + 1)
	} else {
		var err error
		tokens = tensor.New(l.p.tokens.DType, 1, n)
		if mask, err = causalMask(l.p.mask.DType, &l.maskBuf, n, past, l.p.fill); err != nil {
			return nil, 0, err
		}
	}
	if err := putTokens(tokens, all[past:], l.p.pad); err != nil {
		return nil, 0, err
	}
	l.in[l.p.d.Tokens] = coreml.MultiArray(tokens)
	l.in[l.p.d.Mask] = coreml.MultiArray(mask)
	out, err := l.predict(ctx, n, last && n > 1)
	if err != nil {
		return nil, 0, err
	}
	return out.Tensor(l.p.d.Logits), 0, nil
}

// predict runs the model and lets the caches change places. last asks for the
// logits of the last token alone.
func (l *cachedLane) predict(ctx context.Context, n int, last bool) (coreml.Features, error) {
	reuse := l.one
	if n > 1 {
		reuse = nil
		if n == l.chunk && last == l.last {
			reuse = l.many
		}
	}
	l.dirty = true
	l.opts.Outputs, l.opts.LastRows = nil, nil
	if last {
		l.opts.LastRows = l.p.lastRow
	}
	if reuse != nil && len(l.spare) == len(l.p.caches) {
		for name, v := range l.spare {
			reuse[name] = v
		}
		l.opts.Outputs = reuse
	}
	out, err := l.p.model.Predict(ctx, l.in, l.st, &l.opts)
	if err != nil {
		return nil, err
	}
	for _, c := range l.p.caches {
		l.spare[c.out], l.in[c.in] = l.in[c.in], out[c.out]
	}
	if n == 1 {
		l.one = out
	} else {
		l.many, l.chunk, l.last = out, n, last
	}
	return out, nil
}

func (l *cachedLane) reserve(past, n int) { l.p.zeros.prepare(past+1, n) }

func (l *cachedLane) trim() {
	l.many, l.chunk, l.maskBuf = nil, 0, nil
	delete(l.in, l.p.d.Mask)
}

func (l *cachedLane) reset() error {
	l.trim()
	if !l.dirty {
		return nil
	}
	if err := l.zeroCaches(); err != nil {
		return err
	}
	if l.st != nil {
		if err := l.st.Reset(); err != nil {
			return fmt.Errorf("reset state: %w", err)
		}
	}
	l.dirty = false
	return nil
}

func (l *cachedLane) close() error {
	if l.st == nil {
		return nil
	}
	if err := l.st.Close(); err != nil && !errors.Is(err, coreml.ErrClosed) {
		return err
	}
	return nil
}
