package portable

import (
	"fmt"
	"unsafe"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
)

// call is what an operator's rule and definition see of one step in one
// prediction.
type call struct {
	fr *frame
	st *step
}

// in returns operand k, or nil when it is absent.
func (c *call) in(k int) *value {
	if k >= len(c.st.in) || c.st.in[k] < 0 {
		return nil
	}
	return &c.fr.vals[c.st.in[k]]
}

// list returns the number of values bound to the variadic operand, which is
// always operand 0.
func (c *call) listLen() int { return len(c.st.list) }

// item returns value k of the variadic operand.
func (c *call) item(k int) *value { return &c.fr.vals[c.st.list[k]] }

// out returns output k.
func (c *call) out(k int) *value { return &c.fr.vals[c.st.out[k]] }

// local returns what operator.local made for this step in this frame.
func (c *call) local() any { return c.fr.locals[c.st.index] }

// localOf returns what operator.local made, as the type that it made. An
// operator that made another is a mistake in the program text, met with zeros
// and found by its tests.
func localOf[T any](c *call) *T {
	if l, ok := c.local().(*T); ok {
		return l
	}
	return new(T)
}

// opset returns the number of the opset: 5 (iOS15) to 8 (iOS18).
func (c *call) opset() int { return c.fr.plan.opset }

// f32 returns the elements of v as dense float32. The slice is valid until the
// prediction ends or the slot's buffer is used again; it must not be written.
func (c *call) f32(v *value) []float32 {
	n := v.len()
	if v.repr == reprF32 && v.dense {
		return v.f[:n]
	}
	if v.repr == reprUnknown {
		panic(unknownContent{})
	}
	if v.wide == nil {
		v.wide = c.other(v, n)
		v.widen(&c.fr.poller, v.wide)
	}
	return v.wide[:n]
}

// other returns memory for a second form of v: the slot's own buffer, unless v
// itself lies there.
func (c *call) other(v *value, n int) []float32 {
	if v.own {
		return c.fr.spare(v.slot, n)
	}
	return c.fr.buffer(v.slot, n)
}

// i32 returns the elements of v as dense int32: integers, booleans as 0 and 1,
// and floating-point numbers truncated toward zero.
func (c *call) i32(v *value) []int32 {
	n := v.len()
	if v.repr == reprI32 && v.dense {
		return v.i[:n]
	}
	if v.repr == reprUnknown {
		panic(unknownContent{})
	}
	if v.flat == nil {
		if v.repr == reprI32 {
			v.flat = asInt32(c.other(v, n))
			copyStrided(&c.fr.poller, v, v.flat, v.i, rowI32)
		} else {
			f := c.f32(v)
			v.flat = c.fr.flat(v.slot, n)
			flat := v.flat
			c.fr.pieces(n, func(lo, hi int) {
				for k, x := range f[lo:hi] {
					flat[lo+k] = int32(saturate(x, dtype.Int32))
				}
			})
		}
	}
	return v.flat[:n]
}

// isInt reports whether v's elements are integers or booleans.
func (v *value) isInt() bool { return v.repr == reprI32 }

// intIn returns the single integer of operand k, or def when it is absent.
func (c *call) intIn(k, def int) (int, error) {
	v := c.in(k)
	if v == nil {
		return def, nil
	}
	if v.len() != 1 || v.repr == reprText {
		return 0, fmt.Errorf("%s holds %d values where one is expected", c.name(k), v.len())
	}
	return int(c.i32(v)[0]), nil
}

// boolIn returns the single boolean of operand k, or def when it is absent.
func (c *call) boolIn(k int, def bool) (bool, error) {
	d := 0
	if def {
		d = 1
	}
	x, err := c.intIn(k, d)
	return x != 0, err
}

// floatIn returns the single number of operand k, or def when it is absent.
func (c *call) floatIn(k int, def float32) (float32, error) {
	v := c.in(k)
	if v == nil {
		return def, nil
	}
	if v.len() != 1 || v.repr == reprText {
		return 0, fmt.Errorf("%s holds %d values where one is expected", c.name(k), v.len())
	}
	return c.f32(v)[0], nil
}

// textIn returns the string of operand k, or def when it is absent.
func (c *call) textIn(k int, def string) (string, error) {
	v := c.in(k)
	if v == nil {
		return def, nil
	}
	if v.repr == reprUnknown {
		panic(unknownContent{})
	}
	if v.repr != reprText || len(v.s) != 1 {
		return "", fmt.Errorf("%s is not a string", c.name(k))
	}
	return v.s[0], nil
}

// intsIn returns the integers of operand k, nil when it is absent.
func (c *call) intsIn(k int) []int32 {
	v := c.in(k)
	if v == nil || v.repr == reprText {
		return nil
	}
	return c.i32(v)
}

// name returns the name of operand k.
func (c *call) name(k int) string { return c.st.def.params[k].name }

// newF32 gives output k memory for its shape as float32.
func (c *call) newF32(k int) []float32 {
	v := c.out(k)
	n := v.len()
	v.repr, v.dense, v.own, v.wide, v.flat = reprF32, true, true, nil, nil
	v.f = c.fr.buffer(v.slot, n)
	return v.f
}

// newI32 gives output k memory for its shape as int32.
func (c *call) newI32(k int) []int32 {
	v := c.out(k)
	n := v.len()
	v.repr, v.dense, v.own, v.wide, v.flat = reprI32, true, true, nil, nil
	v.i = asInt32(c.fr.buffer(v.slot, n))
	return v.i
}

// view makes output k a view of src: the shape that the rule set for the output
// with the given strides and repeats over src's memory from element off on. The
// slices need only live during the call.
func (c *call) view(k int, src *value, off int, stride, repeat []int) {
	v := c.out(k)
	dims, rank := v.dims, v.rank
	v.alias(src)
	v.dims, v.rank = dims, rank
	if v.len() == 0 {
		off = 0
	}
	v.base(off)
	copy(v.stride[:], stride)
	if repeat == nil {
		for d := range rank {
			v.repeat[d] = 1
		}
	} else {
		copy(v.repeat[:], repeat)
	}
	v.settle()
}

// reshaped makes output k the elements of src in row-major order under the shape
// that the rule set, without a copy when src is dense.
func (c *call) reshaped(k int, src *value) {
	v := c.out(k)
	if src.dense && src.repr != reprText {
		dims, rank := v.dims, v.rank
		v.alias(src)
		v.dims, v.rank, v.dense = dims, rank, true
		return
	}
	if src.repr == reprI32 {
		copyStrided(&c.fr.poller, src, c.newI32(k), src.i, rowI32)
		return
	}
	src.widen(&c.fr.poller, c.newF32(k))
}

// saturate rounds x toward zero into the range of an integer type; NaN is 0.
func saturate(x float32, t dtype.Type) int64 {
	lo, hi := intRange(t)
	switch {
	case x != x:
		return 0
	case float64(x) <= float64(lo):
		return lo
	case float64(x) >= float64(hi):
		return hi
	default:
		return int64(x)
	}
}

// intRange returns the smallest and largest number that t holds, as far as
// int32, in which the engine keeps them, goes.
func intRange(t dtype.Type) (lo, hi int64) {
	switch t {
	case dtype.Bool:
		return 0, 1
	case dtype.Int8:
		return -128, 127
	case dtype.UInt8:
		return 0, 255
	case dtype.Int16:
		return -32768, 32767
	case dtype.UInt16:
		return 0, 65535
	case dtype.UInt32:
		return 0, 1<<31 - 1
	default:
		return -1 << 31, 1<<31 - 1
	}
}

// round brings the outputs of a step to the type that the program declares.
func (c *call) round() {
	for _, s := range c.st.out {
		v := &c.fr.vals[s]
		if v.dt == dtype.Float16 && v.repr == reprF32 && v.dense {
			c.roundF16(v.f[:v.len()])
		}
	}
}

// roundF16 is kernel.RoundF16.
func (c *call) roundF16(x []float32) {
	c.fr.pieces(len(x), func(lo, hi int) { kernel.RoundF16(x[lo:hi]) })
}

// halves views bytes as binary16 where they are aligned, else copies them.
func halves(b []byte) []uint16 {
	n := len(b) / 2
	if n == 0 {
		return nil
	}
	p := unsafe.Pointer(unsafe.SliceData(b))
	if uintptr(p)%2 == 0 {
		return unsafe.Slice((*uint16)(p), n)
	}
	h := make([]uint16, n)
	for i := range h {
		h[i] = uint16(b[2*i]) | uint16(b[2*i+1])<<8
	}
	return h
}
