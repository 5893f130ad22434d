package op

import (
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

// convWeight is the weight of a convolution as it lies. Compressed and half-precision
// weights are decoded by small parts where they are used, never as a whole.
type convWeight struct {
	f32    []float32 // nil for the others
	f16    []uint16
	stored array.Decoder
}

// convWeight returns operand 1.
func (c *Call) convWeight() convWeight {
	v := c.In(1)
	switch {
	case v.Repr == array.ReprF16 && v.Dense:
		return convWeight{f16: v.F16[:v.Len()]}
	case v.Repr == array.ReprWeight && v.Dense:
		return convWeight{stored: v.Stored}
	}
	return convWeight{f32: c.F32(v)}
}

// read decodes len(dst) elements from number at on.
func (w *convWeight) read(dst []float32, at int) {
	switch {
	case w.f32 != nil:
		copy(dst, w.f32[at:])
	case w.stored != nil:
		w.stored.Decode(dst, at)
	default:
		kernel.F16ToF32(dst, w.f16[at:at+len(dst)])
	}
}
