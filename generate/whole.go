package generate

import (
	"context"
	"fmt"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// wholeLane drives packages without a cache: every prediction takes the whole
// text, padded at its right end to a length that the package allows.
type wholeLane struct {
	p       *program
	out     coreml.Features
	length  int
	maskBuf []byte
}

// take returns n: without a cache there is nothing to gain from chunks.
func (l *wholeLane) take(past, n, _ int) (int, error) {
	_, err := l.padded(past + n)
	return n, err
}

// padded returns the smallest allowed length that holds n tokens.
func (l *wholeLane) padded(n int) (int, error) {
	f := l.p.tokens
	for _, length := range l.lengths(n) {
		if length >= n && f.Check(1, length) == nil &&
			(l.p.attend == nil || l.p.attend.Check(1, length) == nil) &&
			(l.p.mask == nil || l.p.mask.Check(1, 1, length, length) == nil) {
			return length, nil
		}
	}
	return 0, fmt.Errorf("%w: input %s takes no %d tokens", ErrContextFull, f, n)
}

// lengths lists the lengths that can be tried, in rising order where it matters.
func (l *wholeLane) lengths(n int) []int {
	f := l.p.tokens
	if len(f.Enumerated) > 0 {
		best := -1
		for _, shape := range f.Enumerated {
			if len(shape) == 2 && shape[1] >= n && (best < 0 || shape[1] < best) {
				best = shape[1]
			}
		}
		return []int{best}
	}
	lo, _ := bounds(f, 1)
	return []int{max(n, lo)}
}

func (l *wholeLane) feed(ctx context.Context, all []int, n int, _ bool) (*tensor.Tensor, int, error) {
	length, err := l.padded(len(all))
	if err != nil {
		return nil, 0, err
	}
	in := coreml.Features{}
	for name, v := range l.p.fixed {
		in[name] = v
	}
	tokens := tensor.New(l.p.tokens.DType, 1, length)
	if err := putTokens(tokens, all, l.p.pad); err != nil {
		return nil, 0, err
	}
	in[l.p.d.Tokens] = coreml.MultiArray(tokens)
	if l.p.attend != nil {
		ones := make([]float32, length)
		for i := range all {
			ones[i] = 1
		}
		in[l.p.d.AttentionMask] = coreml.MultiArray(tensor.Wrap(ones, 1, length).To(l.p.attend.DType))
	}
	if l.p.mask != nil {
		mask, err := causalMask(l.p.mask.DType, &l.maskBuf, length, 0, l.p.fill)
		if err != nil {
			return nil, 0, err
		}
		in[l.p.d.Mask] = coreml.MultiArray(mask)
	}
	opts := &coreml.PredictOptions{}
	if l.length == length {
		opts.Outputs = l.out
	}
	out, err := l.p.model.Predict(ctx, in, nil, opts)
	if err != nil {
		return nil, 0, err
	}
	l.out, l.length = out, length
	logits := out.Tensor(l.p.d.Logits)
	if rows := rowsOf(logits); rows == 1 && length > len(all) {
		return nil, 0, fmt.Errorf("%w: output %s has one row, which belongs to the padding", ErrDriver, l.p.d.Logits)
	}
	return logits, len(all) - n, nil
}

func (l *wholeLane) reserve(int, int) {}

func (l *wholeLane) trim() { l.maskBuf = nil }

func (l *wholeLane) reset() error {
	l.out, l.length = nil, 0
	return nil
}

func (l *wholeLane) close() error { return nil }

// rowsOf returns the number of rows of logits.
func rowsOf(t *tensor.Tensor) int {
	if v := t.Dim(-1); v > 0 {
		return t.Len() / v
	}
	return 0
}
