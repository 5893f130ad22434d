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
// them so.
const smallConst = 1 << 14

// constValue makes the content of a constant's slot: numbers in the form in
// which steps read them, or w for a compressed constant.
func constValue(p *array.Poller, v *mil.Value, w *weight.Weight) (*array.Value, error) {
	k := &array.Value{DType: v.Type.DType}
	if w != nil {
		k.Repr, k.Stored = array.ReprWeight, w
		return k, k.SetShape(w.Shape...)
	}
	c := v.Const
	k.DType = c.DType
	if err := k.SetShape(c.Shape...); err != nil {
		return nil, err
	}
	if c.DType == dtype.String {
		k.Repr, k.Text = array.ReprText, c.Strings
		return k, nil
	}
	n := k.Len()
	if need, ok := c.DType.PackedLen(n); !ok || len(c.Data) < need {
		return nil, fmt.Errorf("constant %s of %d %v elements holds %d bytes", mil.Plain(v.Name), n, c.DType, len(c.Data))
	}
	switch {
	case c.DType == dtype.Float16 && n > smallConst:
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
				k.I32[i] = int32(max(math.MinInt32, min(math.MaxInt32, mil.IntAt(c.Data, c.DType, i))))
			}
		})
	}
	return k, nil
}
