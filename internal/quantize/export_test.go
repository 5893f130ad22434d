package quantize

import (
	"context"

	"github.com/gocoreml/coreml/internal/dtype"
)

// DefinedCodes are the codes of linear, a code to a byte, and the scales as fp16 bits,
// none of them made the quick way.
func DefinedCodes(ctx context.Context, f Form, shape []int, values []float32) (codes []byte, scales []uint16, err error) {
	t := Matrix(shape, values)
	q, err := linear(ctx, &t, f.Linear, false)
	if err != nil {
		return nil, nil, err
	}
	scales = make([]uint16, len(q.scale))
	for i, s := range q.scale {
		scales[i] = dtype.Float32ToFloat16(s)
	}
	return q.codes, scales, nil
}
