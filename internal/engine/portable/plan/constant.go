package plan

import (
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/weight"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/storage"
)

// smallConst is the number of elements up to which a binary16 constant is
// widened once and for all; larger ones stay as stored for operators that read
// them so. Norms' factors and biases lie below, matrices above: widening a
// vocabulary's embedding would double the memory of a small model.
// smallMatrix is that of constants of two dimensions, such as the factors of adapters.
const (
	smallConst  = 1 << 14
	smallMatrix = 1 << 10
)

// constValue makes the content of a constant's slot: numbers in the form in
// which steps read them, or w for a compressed constant.
func constValue(p *array.Poller, v *mil.Value, w *weight.Weight) (*array.Value, error) {
	if w != nil {
		k := &array.Value{DType: v.Type.DType, Repr: array.ReprWeight, Stored: w}
		return k, k.SetShape(w.Shape...)
	}
	c := v.Const
	k := &array.Value{DType: c.DType}
	if err := k.SetShape(c.Shape...); err != nil {
		return nil, err
	}
	if c.DType == dtype.String {
		k.Repr, k.Text = array.ReprText, c.Strings
		return k, nil
	}
	n := k.Len()
	// The verifier has compared them; a plan of a program that was built in memory may
	// not have been verified, and reading past the end is no error that can be caught.
	if need, ok := c.DType.PackedLen(n); !ok || len(c.Data) < need {
		return nil, fmt.Errorf("constant %s of %d %v elements holds %d bytes", mil.Plain(v.Name), n, c.DType, len(c.Data))
	}
	fillNumbers(p, k, c, n)
	return k, nil
}

// fillNumbers gives k the n elements of c: where they lie in the package when steps
// can read that, else in memory of their own.
func fillNumbers(p *array.Poller, k *array.Value, c *mil.Const, n int) {
	switch {
	case c.DType == dtype.Float16 && (n > smallConst || n > smallMatrix && len(c.Shape) == 2 && min(c.Shape[0], c.Shape[1]) > 1):
		k.Repr, k.F16 = array.ReprF16, array.Halves(c.Data[:2*n])
	case c.DType == dtype.Float32:
		k.Repr, k.F32 = array.ReprF32, array.Floats(c.Data[:4*n])
	case c.DType.IsFloat():
		k.Repr, k.F32 = array.ReprF32, storage.Unzeroed[float32](n)
		p.Pieces(n, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				k.F32[i] = mil.FloatAt(c.Data, c.DType, i)
			}
		})
	default:
		k.Repr, k.I32 = array.ReprI32, storage.Unzeroed[int32](n)
		p.Pieces(n, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				// int64 constants are sizes such as "to the end", 2^63-1: the nearest
				// int32 means the same.
				k.I32[i] = int32(max(math.MinInt32, min(math.MaxInt32, mil.IntAt(c.Data, c.DType, i))))
			}
		})
	}
}
