package op

import (
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/samebits"
)

// Sources: coremltools, mil/ops/defs, iOS15/elementwise_unary.py and iOS17's. Activations
// of neural networks are in activation.go; cast and identity in type.go.

// unary is an operator of one operand, element by element. A function that has a
// kernel goes there; the others are those of package math in float64, rounded once, so
// they are as exact as float32 is. Integers pass through i where it is set, else
// through f64.
type unary struct {
	name string
	f64  func(x float64) float64
	i    func(x int64) int64
	// row computes a whole row, on several threads where it is long; nil: f64 is called
	// for every element.
	row func(dst, x []float32)
	// rowwise is Operator.Rowwise.
	rowwise func(s *Setup) (int, bool)
}

// unaries are the rows of this kind. round takes halves to the even neighbour, as
// NumPy and Core ML do. Outside of a function's domain the result is NaN or an
// infinity as IEEE 754 has it.
var unaries = []unary{
	{name: "abs", f64: math.Abs, i: absI, row: kernel.Abs},
	{name: "acos", f64: samebits.Acos},
	{name: "asin", f64: samebits.Asin},
	{name: "atan", f64: samebits.Atan},
	{name: "atanh", f64: samebits.Atanh},
	{name: "ceil", f64: math.Ceil},
	{name: "cos", f64: samebits.Cos},
	{name: "cosh", f64: samebits.Cosh},
	{name: "erf", f64: samebits.Erf},
	{name: "exp", f64: samebits.Exp, row: kernel.Exp},
	{name: "exp2", f64: samebits.Exp2},
	{name: "floor", f64: math.Floor},
	{name: "round", f64: math.RoundToEven},
	{name: "sign", f64: sign, i: func(x int64) int64 { return int64(sign(float64(x))) }},
	{name: "sin", f64: samebits.Sin},
	{name: "sinh", f64: samebits.Sinh},
	{name: "sqrt", f64: math.Sqrt, row: kernel.Sqrt},
	{name: "square", f64: func(x float64) float64 { return x * x }, i: func(x int64) int64 { return x * x }, row: squareRow},
	{name: "tan", f64: samebits.Tan},
	{name: "tanh", f64: samebits.Tanh, row: kernel.Tanh, rowwise: firstOperand},
}

// shifted is an operator that adds epsilon to its operand first, which keeps zero out
// of a quotient or a logarithm. The sum is one of float32, so the smallest epsilons
// change nothing but zero itself.
type shifted struct {
	name    string
	epsilon float32 // where the operand is absent; rounded to the type of x
	f64     func(x float64) float64
	grouped bool // Operator.Grouped
}

// shifteds are the rows of this kind with the defaults of coremltools. That of log is
// the smallest number of float32, so that the logarithm of 0 is finite. In fp16 the
// last two are 0.
var shifteds = []shifted{
	{name: "inverse", epsilon: 1e-4, f64: func(x float64) float64 { return 1 / x }},
	{name: "log", epsilon: 1e-45, f64: samebits.Log},
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
	)
}

// unary applies a function to every element, as numbers or as integers.
func (c *Call) unary(u *unary) error {
	if !c.floatOut(0) {
		c.unaryInt(u)
		return nil
	}
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

// unaryInt is unary for a result of integers. One that goes through f64 is limited to
// the range of its type, one that goes through i wraps.
func (c *Call) unaryInt(u *unary) {
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
}

// shifted applies a function to every element with epsilon added.
func (c *Call) shifted(s *shifted) error {
	def := s.epsilon // as the program would declare it: of the type of x
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

// absI of the least int32 does not fit int32 and wraps back to it, as NumPy's does.
func absI(x int64) int64 { return max(x, -x) }

// squareRow is square for a row, by the kernel of products.
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

// clip is min(max(x, alpha), beta), so beta wins where alpha lies above it, as in
// numpy.clip. NaN stays NaN. The bounds have the type of x and are rounded as it is.
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

// threshold is max(x, alpha): clip without an upper bound.
func threshold(c *Call) error {
	lo, err := c.floatIn(1, 0)
	if err != nil {
		return err
	}
	return c.clamp(lo, float32(math.Inf(1)))
}

// clamp stores operand 0 limited to lo..hi in output 0. Bounds of integers are
// numbers: the limited element is cut toward zero.
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
