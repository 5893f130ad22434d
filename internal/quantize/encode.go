package quantize

import (
	"context"
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Encode compresses a weight whose first axis are its output and whose second its
// input channels, and whose values are exact in fp16. The error is ErrUnfit when the
// weight cannot have the form, ErrForm when the form contradicts itself, and that of
// ctx when it has ended.
func Encode(ctx context.Context, f Form, shape []int, values []float32) (*Encoded, error) {
	return EncodeTensor(ctx, f, Matrix(shape, values))
}

// EncodeTensor is Encode for any weight.
func EncodeTensor(ctx context.Context, f Form, t Tensor) (*Encoded, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	if n, ok := dtype.Count(t.Shape); !ok || n != len(t.Values) {
		return nil, fmt.Errorf("%w: %d values for shape %v", ErrUnfit, len(t.Values), t.Shape)
	}
	if f.IsNone() {
		return Store(ctx, t)
	}
	e, err := &Encoded{Type: t.float(), Shape: t.Shape}, ctx.Err()
	if err == nil && f.Prune.Mode != NoPruning {
		e, err = e.prune(ctx, t, f.Prune)
	}
	if err == nil && f.Palette.On {
		e, err = e.palettize(ctx, t, f.Palette)
	}
	if err == nil && f.Linear.Type != dtype.Invalid {
		e, err = e.quantize(ctx, t, f.Linear)
	}
	if err != nil {
		return nil, err
	}
	return e, ctx.Err()
}

// unfit makes an ErrUnfit.
func unfit(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnfit, fmt.Sprintf(format, args...))
}

// finite returns an error for a weight that is infinite or no number.
func finite(values []float32) error {
	for i, v := range values {
		if math.Float32bits(v)&0x7f800000 == 0x7f800000 {
			return unfit("element %d is %v", i, v)
		}
	}
	return nil
}
