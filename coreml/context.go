package coreml

import (
	"context"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/tensor"
)

// orBackground returns ctx, and context.Background for a nil one.
func orBackground(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}

// convertEvery is the number of elements that are converted between two looks at
// the context: about a millisecond's work.
const convertEvery = 1 << 18

// convert returns t contiguous and of the given type, t itself where it is that. A
// large tensor is converted piece by piece, so that ctx is obeyed meanwhile.
func convert(ctx context.Context, t *tensor.Tensor, dtype tensor.DType) (*tensor.Tensor, error) {
	if t.Len() <= convertEvery || t.DType() == dtype && t.IsContiguous() {
		// To and Contiguous return t itself when there is nothing to do.
		t = t.To(dtype).Contiguous()
		return t, t.Err()
	}
	dst := engine.NewTensor(dtype, t.Shape()...)
	if err := copyPieces(ctx, dst, t); err != nil {
		return nil, err
	}
	return dst, nil
}

// copyPieces copies src to dst, which has the same shape, by halving the largest
// dimension until a piece is small.
func copyPieces(ctx context.Context, dst, src *tensor.Tensor) error {
	if src.Len() <= convertEvery {
		if err := ctx.Err(); err != nil {
			return err
		}
		return src.CopyTo(dst)
	}
	largest := 0
	ranges := make([]tensor.Range, src.Rank())
	for d := range ranges {
		ranges[d] = tensor.All()
		if src.Dim(d) > src.Dim(largest) {
			largest = d
		}
	}
	half := src.Dim(largest) / 2
	for _, r := range []tensor.Range{tensor.Until(half), tensor.From(half)} {
		ranges[largest] = r
		if err := copyPieces(ctx, dst.Slice(ranges...), src.Slice(ranges...)); err != nil {
			return err
		}
	}
	return nil
}
