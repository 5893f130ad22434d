package portable

import (
	le "encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/storage"
)

// smallConst is the number of elements up to which a binary16 constant is
// widened once and for all; larger ones stay as stored for operators that read
// them so.
const smallConst = 1 << 14

// constValue makes the content of a constant's slot: numbers in the form in
// which steps read them, or w for a compressed constant.
func constValue(p *poller, v *mil.Value, w *weight) (*value, error) {
	k := &value{dt: v.Type.DType}
	if w != nil {
		k.repr, k.w = reprWeight, w
		return k, k.setShape(w.shape...)
	}
	c := v.Const
	k.dt = c.DType
	if err := k.setShape(c.Shape...); err != nil {
		return nil, err
	}
	if c.DType == dtype.String {
		k.repr, k.s = reprText, c.Strings
		return k, nil
	}
	n := k.len()
	if need, ok := c.DType.PackedLen(n); !ok || len(c.Data) < need {
		return nil, fmt.Errorf("constant %s of %d %v elements holds %d bytes", mil.Plain(v.Name), n, c.DType, len(c.Data))
	}
	switch {
	case c.DType == dtype.Float16 && n > smallConst:
		k.repr, k.h = reprF16, halves(c.Data[:2*n])
	case c.DType == dtype.Float32:
		k.repr, k.f = reprF32, floats(c.Data[:4*n])
	case c.DType.IsFloat():
		k.repr, k.f = reprF32, storage.Unzeroed[float32](n)
		p.pieces(n, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				k.f[i] = mil.FloatAt(c.Data, c.DType, i)
			}
		})
	default:
		k.repr, k.i = reprI32, storage.Unzeroed[int32](n)
		p.pieces(n, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				k.i[i] = int32(max(math.MinInt32, min(math.MaxInt32, mil.IntAt(c.Data, c.DType, i))))
			}
		})
	}
	return k, nil
}

// floats views bytes as float32 where they are aligned, else copies them.
func floats(b []byte) []float32 {
	n := len(b) / 4
	if n == 0 {
		return nil
	}
	p := unsafe.Pointer(unsafe.SliceData(b))
	if uintptr(p)%4 == 0 {
		return unsafe.Slice((*float32)(p), n)
	}
	f := make([]float32, n)
	for i := range f {
		f[i] = math.Float32frombits(le.LittleEndian.Uint32(b[4*i:]))
	}
	return f
}
