package op

import (
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

// unary is an operator of one operand, element by element. Integers pass through
// i where it is set, else through f64.
type unary struct {
	name string
	f64  func(x float64) float64
	i    func(x int64) int64
	// row computes a whole row; nil: f64 is called for every element.
	row func(dst, x []float32)
	// rowwise is Operator.Rowwise.
	rowwise func(s *Setup) (int, bool)
}

var unaries = []unary{
	{name: "abs", f64: math.Abs, i: absI, row: kernel.Abs},
	{name: "acos", f64: math.Acos},
	{name: "asin", f64: math.Asin},
	{name: "atan", f64: math.Atan},
	{name: "atanh", f64: math.Atanh},
	{name: "ceil", f64: math.Ceil},
	{name: "cos", f64: math.Cos},
	{name: "cosh", f64: math.Cosh},
	{name: "erf", f64: math.Erf},
	{name: "exp", f64: math.Exp, row: kernel.Exp},
	{name: "exp2", f64: math.Exp2},
	{name: "floor", f64: math.Floor},
	{name: "round", f64: math.RoundToEven},
	{name: "sign", f64: sign, i: func(x int64) int64 { return int64(sign(float64(x))) }},
	{name: "sin", f64: math.Sin},
	{name: "sinh", f64: math.Sinh},
	{name: "sqrt", f64: math.Sqrt, row: kernel.Sqrt},
	{name: "square", f64: func(x float64) float64 { return x * x }, i: func(x int64) int64 { return x * x }, row: squareRow},
	{name: "tan", f64: math.Tan},
	{name: "tanh", f64: math.Tanh, row: kernel.Tanh, rowwise: firstOperand},
}

// shifted is an operator that adds epsilon to its operand first.
type shifted struct {
	name    string
	epsilon float32 // where the operand is absent; rounded to the type of x
	f64     func(x float64) float64
	grouped bool // Operator.Grouped
}

var shifteds = []shifted{
	{name: "inverse", epsilon: 1e-4, f64: func(x float64) float64 { return 1 / x }},
	{name: "log", epsilon: 1e-45, f64: math.Log},
	{name: "rsqrt", epsilon: 1e-12, f64: func(x float64) float64 { return 1 / math.Sqrt(x) }, grouped: true},
}

func init() {
	for k := range unaries {
		u := &unaries[k]
		add(Operator{Name: u.name, Params: in("x"), Eval: func(c *Call) error { return c.unary(u) }, Local: newSpread, Rowwise: u.rowwise})
	}
	for k := range shifteds {
		s := &shifteds[k]
		add(Operator{Name: s.name, Params: in("x", "epsilon."), Eval: func(c *Call) error { return c.shifted(s) }, Grouped: s.grouped})
	}
	add(
		Operator{Name: "clip", Params: in("x", "alpha!.", "beta!."), Eval: clip},
		Operator{Name: "threshold", Params: in("x", "alpha!."), Eval: threshold},
		Operator{Name: "identity", Params: in("x*"), Eval: identity, View: true, Exact: true, Rowwise: firstOperand},
		Operator{
			Name: "cast", Params: in("x*", "dtype"), Eval: cast, View: true, Exact: true, Rowwise: firstOperand,
			Texts: Texts{"dtype": castTypes}, Declared: castDeclared,
		},
	)
}

// unary applies a function to every element, as numbers or as integers.
func (c *Call) unary(u *unary) error {
	if c.floatOut(0) {
		x := c.F32(c.In(0))
		dst := c.newF32(0)
		if u.row != nil {
			c.spread(u.row, dst, x)
			return nil
		}
		c.Env.Pieces(len(x), func(lo, hi int) {
			for k, v := range x[lo:hi] {
				dst[lo+k] = float32(u.f64(float64(v)))
			}
		})
		return nil
	}
	x, dt := c.I32(c.In(0)), c.out(0).DType
	dst := c.newI32(0)
	c.Env.Pieces(len(x), func(lo, hi int) {
		for k, v := range x[lo:hi] {
			if u.i != nil {
				dst[lo+k] = array.Wrap(u.i(int64(v)), dt)
			} else {
				dst[lo+k] = int32(array.Saturate(float32(u.f64(float64(v))), dt))
			}
		}
	})
	return nil
}

// shifted applies a function to every element with epsilon added.
func (c *Call) shifted(s *shifted) error {
	def := s.epsilon
	if c.In(0).DType == dtype.Float16 {
		def = dtype.RoundFloat16(def)
	}
	eps, err := c.floatIn(1, def)
	if err != nil {
		return err
	}
	x := c.F32(c.In(0))
	dst := c.newF32(0)
	c.Env.Pieces(len(x), func(lo, hi int) {
		for k, v := range x[lo:hi] {
			dst[lo+k] = float32(s.f64(float64(v + eps)))
		}
	})
	return nil
}

func absI(x int64) int64 { return max(x, -x) }

func squareRow(dst, x []float32) { kernel.Mul(dst, x, x) }

// sign is -1, 0 or 1; NaN stays NaN.
func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	case x == 0:
		return 0
	default:
		return x
	}
}

// clip is min(max(x, alpha), beta).
func clip(c *Call) error {
	lo, err := c.floatIn(1, 0)
	if err != nil {
		return err
	}
	hi, err := c.floatIn(2, 0)
	if err != nil {
		return err
	}
	return c.clamp(lo, hi)
}

// threshold is max(x, alpha).
func threshold(c *Call) error {
	lo, err := c.floatIn(1, 0)
	if err != nil {
		return err
	}
	return c.clamp(lo, float32(math.Inf(1)))
}

// clamp stores operand 0 limited to lo..hi in output 0.
func (c *Call) clamp(lo, hi float32) error {
	x := c.F32(c.In(0))
	if c.floatOut(0) {
		dst := c.newF32(0)
		c.Env.Pieces(len(x), func(from, to int) {
			for k, v := range x[from:to] {
				dst[from+k] = min(max(v, lo), hi)
			}
		})
		return nil
	}
	dst, dt := c.newI32(0), c.out(0).DType
	c.Env.Pieces(len(x), func(from, to int) {
		for k, v := range x[from:to] {
			dst[from+k] = int32(array.Saturate(min(max(v, lo), hi), dt))
		}
	})
	return nil
}

// identity shows its operand.
func identity(c *Call) error {
	c.out(0).Alias(c.In(0))
	return nil
}

// cast converts to the declared type. Floating-point numbers become integers by
// truncation toward zero, limited to the range of the type; integers wrap; a
// boolean is whatever is not zero. Where nothing changes in memory the result is
// a view.
func cast(c *Call) error {
	x, out := c.In(0), c.out(0)
	switch {
	case c.floatOut(0) && !x.IsInt():
		if out.DType == dtype.Float16 && x.DType != dtype.Float16 && x.Repr != array.ReprF16 {
			c.roundF16(c.copyF32(x))
			return nil
		}
		out.Alias(x)
	case c.floatOut(0):
		dst := c.copyF32(x)
		if out.DType == dtype.Float16 {
			c.roundF16(dst)
		}
	case x.IsInt():
		if out.DType == x.DType || !array.Narrow(out.DType) {
			out.Alias(x)
			return nil
		}
		src := c.I32(x)
		dst := c.newI32(0)
		wrapAll(&c.Env.Poller, dst, src, out.DType)
	default:
		src := c.F32(x)
		dst := c.newI32(0)
		dt := out.DType
		c.Env.Pieces(len(src), func(lo, hi int) {
			for k, v := range src[lo:hi] {
				if dt == dtype.Bool {
					dst[lo+k] = bit(v != 0)
				} else {
					dst[lo+k] = int32(array.Saturate(v, dt))
				}
			}
		})
	}
	return nil
}

// wrapAll stores src in dst, each element brought into the range of t.
func wrapAll(p *array.Poller, dst, src []int32, t dtype.Type) {
	p.Pieces(len(src), func(lo, hi int) {
		for k, v := range src[lo:hi] {
			dst[lo+k] = array.Wrap(int64(v), t)
		}
	})
}

// copyF32 makes output 0 a float32 copy of v.
func (c *Call) copyF32(v *array.Value) []float32 {
	dst := c.newF32(0)
	v.Widen(&c.Env.Poller, dst)
	return dst
}
