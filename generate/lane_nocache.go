package generate

import (
	"context"
	"fmt"
	"maps"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// noCacheLane drives packages without a cache: every forward pass takes the
// whole text, padded at its right end to a length that the package allows.
type noCacheLane struct {
	m *boundModel
	// out holds the outputs of the last pass, which the next one of the same
	// length writes to.
	out     coreml.Features
	length  int
	maskBuf []byte
}

// chunk returns n: without a cache there is nothing to gain from chunks.
func (l *noCacheLane) chunk(past, n, _ int) (int, error) {
	_, err := textLength(l.m, past+n)
	return n, err
}

func (l *noCacheLane) forward(ctx context.Context, all []int, n int, _ bool) (*tensor.Tensor, int, error) {
	length, err := textLength(l.m, len(all))
	if err != nil {
		return nil, 0, err
	}
	in, err := l.inputs(ctx, all, length)
	if err != nil {
		return nil, 0, err
	}
	opts := &coreml.PredictOptions{}
	if l.length == length {
		opts.Outputs = l.out
	}
	out, err := l.m.model.Predict(ctx, in, nil, opts)
	if err != nil {
		return nil, 0, err
	}
	l.out, l.length = l.m.reusable(out, false), length
	logits := out.Tensor(l.m.d.Logits)
	// With one row for the last token, that is the last of the padding.
	if rows := rowsOf(logits); rows == 1 && length > len(all) {
		return nil, 0, fmt.Errorf("%w: output %s has one row, which belongs to the padding", ErrDriver, l.m.d.Logits)
	}
	return logits, len(all) - n, nil
}

// inputs returns what the model takes for a text that is padded to length.
func (l *noCacheLane) inputs(ctx context.Context, all []int, length int) (coreml.Features, error) {
	in := maps.Clone(l.m.constants)
	tokens := tensor.New(l.m.tokens.DType, 1, length)
	if err := putTokens(tokens, all, l.m.pad); err != nil {
		return nil, err
	}
	in[l.m.d.Tokens] = coreml.MultiArray(tokens)
	if l.m.attention != nil {
		ones := make([]float32, length)
		for i := range all {
			ones[i] = 1
		}
		in[l.m.d.AttentionMask] = coreml.MultiArray(tensor.Wrap(ones, 1, length).To(l.m.attention.DType))
	}
	if l.m.mask != nil {
		mask, err := causalMask(ctx, l.m.mask.DType, &l.maskBuf, length, 0, l.m.maskFill)
		if err != nil {
			return nil, err
		}
		in[l.m.d.Mask] = coreml.MultiArray(mask)
	}
	return in, nil
}

// reserve does nothing: a pass over a longer text has other inputs anyway.
func (l *noCacheLane) reserve(int, int) {}

func (l *noCacheLane) trim() { l.maskBuf = nil }

func (l *noCacheLane) reset() error {
	l.out, l.length = nil, 0
	return nil
}

func (l *noCacheLane) close() error { return nil }

// textLength returns the smallest length that the inputs of a text allow and
// that holds n tokens. None is beyond maxContext: a package may list lengths for
// which there is no memory.
func textLength(m *boundModel, n int) (int, error) {
	length := shortestLength(m.tokens, n)
	if length >= n && length <= maxContext && m.tokens.Check(1, length) == nil &&
		(m.attention == nil || m.attention.Check(1, length) == nil) &&
		(m.mask == nil || m.mask.Check(1, 1, length, length) == nil) {
		return length, nil
	}
	return 0, fmt.Errorf("%w: input %s takes no %d tokens", ErrContextFull, m.tokens, n)
}

// shortestLength returns the smallest length that a feature [1, length] may have
// and that is not below n, or -1 where it enumerates only shorter ones.
func shortestLength(f *coreml.FeatureDescription, n int) int {
	if len(f.Enumerated) == 0 {
		lo, _ := bounds(f, 1)
		return max(n, lo)
	}
	best := -1
	for _, shape := range f.Enumerated {
		if len(shape) == 2 && shape[1] >= n && (best < 0 || shape[1] < best) {
			best = shape[1]
		}
	}
	return best
}
