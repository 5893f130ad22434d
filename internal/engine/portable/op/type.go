package op

import (
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// Operators that keep the elements: identity(x), and cast(x, dtype), which changes their
// type. Which types a program may name depends on its opset, which is checked when it
// is loaded. Sources: coremltools, mil/ops/defs, elementwise_unary.py of iOS15 and iOS17.
func init() {
	add(
		Operator{Name: "identity", Params: in("x*"), Eval: identity, View: true, Exact: true, Rowwise: firstOperand},
		Operator{
			Name: "cast", Params: in("x*", "dtype"), Eval: cast, View: true, Exact: true, Rowwise: firstOperand,
			Texts: Texts{"dtype": castTypes}, Declared: castDeclared,
		},
	)
}

// identity shows its operand. Converters leave it where they rename a value.
func identity(c *Call) error {
	c.out(0).Alias(c.In(0))
	return nil
}

// cast converts to the declared type; the text of operand dtype was compared with
// that when the program was loaded. Floating-point numbers become integers by
// truncation toward zero, limited to the range of the type, and NaN becomes 0; integers
// wrap; a boolean is whatever is not zero. Numbers of every width lie as float32 or
// int32 in memory, so most conversions change nothing there and the result is a view.
func cast(c *Call) error {
	x, out := c.In(0), c.out(0)
	switch {
	case c.floatOut(0) && x.IsInt():
		dst := c.copyF32(x)
		if out.DType == dtype.Float16 {
			c.roundF16(dst)
		}
	case c.floatOut(0):
		// fp16 to fp32 and fp16 to fp16 keep every bit.
		if out.DType == dtype.Float16 && x.DType != dtype.Float16 && x.Repr != array.ReprF16 {
			c.roundF16(c.copyF32(x))
			return nil
		}
		out.Alias(x)
	case x.IsInt(): // to other integers or booleans
		// Widening changes nothing: an int8 lies as the int32 of the same value.
		if out.DType == x.DType || !array.Narrow(out.DType) {
			out.Alias(x)
			return nil
		}
		src := c.I32(x)
		dst := c.newI32(0)
		wrapAll(&c.Env.Poller, dst, src, out.DType)
	default:
		src := c.F32(x)
		c.truncate(c.newI32(0), src, out.DType)
	}
	return nil
}

// truncate stores numbers as integers of type t.
func (c *Call) truncate(dst []int32, src []float32, t dtype.Type) {
	c.Env.Pieces(len(src), func(lo, hi int) {
		for k, v := range src[lo:hi] {
			if t == dtype.Bool {
				dst[lo+k] = bit(v != 0)
			} else {
				dst[lo+k] = int32(array.Saturate(v, t))
			}
		}
	})
}

// wrapAll stores src in dst, each element brought into the range of t by dropping high
// bits, as a conversion in C or Go does.
func wrapAll(p *array.Poller, dst, src []int32, t dtype.Type) {
	p.Pieces(len(src), func(lo, hi int) {
		for k, v := range src[lo:hi] {
			dst[lo+k] = array.Wrap(int64(v), t)
		}
	})
}

// copyF32 makes output 0 a float32 copy of v, whatever v holds.
func (c *Call) copyF32(v *array.Value) []float32 {
	dst := c.newF32(0)
	v.Widen(&c.Env.Poller, dst)
	return dst
}
