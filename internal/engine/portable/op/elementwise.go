package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/samebits"
)

// binary is an operator of two operands, element by element, with NumPy's
// broadcasting. The declared type of the result says how it is computed: numbers in
// float32, integers in 64 bits and wrapped to their type as two's complement does. So
// int32 overflows as it does in NumPy and in Core ML, without an error.
type binary struct {
	name string
	f    func(a, b float32) float32
	i    func(a, b int64) int64
	// divides says that an integer divisor of zero is an error.
	divides bool
	// vv, vs and sv are f over rows: of two vectors, with a scalar on the right,
	// with a scalar on the left. Nil: f is called for every element. A row's operands are
	// those of the innermost loop, whatever the shapes were before dimensions were merged.
	vv, vs, sv func(dst, a, b []float32)
	// rowwise is Operator.Rowwise.
	rowwise func(s *Setup) (int, bool)
}

// binaries are the operators, each with its definition for numbers and for integers.
// Those with vv, vs and sv have kernels that equal the definition bit by bit on every
// processor. The others are rare in models, or a function that no kernel has.
//
// maximum and minimum hand NaN on, as Go's max and min do and NumPy's. floor_div and mod
// belong together as in Python: a = floor_div(a,b)·b + mod(a,b).
var binaries = []binary{
	{name: "add", f: addF, i: func(a, b int64) int64 { return a + b }, vv: kernel.Add, vs: onRight(kernel.AddScalar), sv: onLeft(kernel.AddScalar), rowwise: constantScale},
	{name: "sub", f: subF, i: func(a, b int64) int64 { return a - b }, vv: kernel.Sub, vs: onRight(kernel.SubScalar), sv: onLeft(kernel.ScalarSub), rowwise: constantScale},
	{name: "mul", f: mulF, i: func(a, b int64) int64 { return a * b }, vv: kernel.Mul, vs: onRight(kernel.Scale), sv: onLeft(kernel.Scale), rowwise: constantScale},
	// The quotient of integers is an integer: exact where it is whole, as shape
	// arithmetic expects, else truncated toward zero.
	{name: "real_div", f: divF, i: func(a, b int64) int64 { return a / b }, divides: true, vv: kernel.Div, vs: onRight(kernel.DivScalar), sv: onLeft(kernel.ScalarDiv), rowwise: constantScale},
	{name: "floor_div", f: floorDivF, i: dtype.FloorDiv, divides: true},
	{name: "mod", f: modF, i: dtype.FloorMod, divides: true},
	{name: "maximum", f: func(a, b float32) float32 { return max(a, b) }, i: func(a, b int64) int64 { return max(a, b) }, vv: kernel.Max, vs: onRight(kernel.MaxScalar), sv: onLeft(kernel.MaxScalar)},
	{name: "minimum", f: func(a, b float32) float32 { return min(a, b) }, i: func(a, b int64) int64 { return min(a, b) }, vv: kernel.Min, vs: onRight(kernel.MinScalar), sv: onLeft(kernel.MinScalar)},
	{name: "pow", f: powF, i: dtype.Pow, vs: powVS},
}

func init() {
	shape := func(c *Call) error { return broadcastShape(c, 0, 2) }
	for k := range binaries {
		b := &binaries[k]
		var check func(c *Call) error
		if b.divides {
			check = checkDivisors
		}
		add(Operator{
			Name: b.name, Params: in("x*", "y*!"), Shape: shape, Local: newSpread, Rowwise: b.rowwise, Check: check,
			Eval: func(c *Call) error { return c.binary(b) },
		})
	}
}

// pair lays out a nest over output 0 and operands 0 and 1 as float32, in memories 0, 1
// and 2. Strided operands are walked where they lie. ok is false when there are no
// elements.
func (c *Call) pair(w *array.Nest) (a, b []float32, ok bool) {
	x, y, out := c.In(0), c.In(1), c.out(0)
	a, da := c.floatsOf(x)
	b, db := c.floatsOf(y)
	w.DenseStrides(0, out.Shape())
	w.Broadcast(1, x, out.Rank, da)
	w.Broadcast(2, y, out.Rank, db)
	return a, b, w.Start(out.Shape(), 3)
}

// pairInt is pair for integers.
func (c *Call) pairInt(w *array.Nest) (a, b []int32, ok bool) {
	x, y, out := c.In(0), c.In(1), c.out(0)
	a, b = c.I32(x), c.I32(y)
	w.DenseStrides(0, out.Shape())
	w.Broadcast(1, x, out.Rank, true)
	w.Broadcast(2, y, out.Rank, true)
	return a, b, w.Start(out.Shape(), 3)
}

// binary applies an operator of two operands, which broadcast, as numbers or as
// integers. Two vectors that lie side by side are one loop, on the pool when it is long;
// otherwise the innermost rows are of two vectors, or of a vector and a number that is
// repeated, which has a stride of zero. Any other row goes element by element.
func (c *Call) binary(op *binary) error {
	if !c.floatOut(0) {
		return c.binaryInt(op)
	}
	out := c.newF32(0)
	w := c.nest()
	a, b, ok := c.pair(&w)
	if !ok {
		return nil
	}
	if op.vv != nil && w.Rank == 0 && w.Step[1] == 1 && w.Step[2] == 1 {
		c.spread2(op.vv, out, a[:len(out)], b[:len(out)])
		return nil
	}
	for {
		dst := out[w.At[0] : w.At[0]+w.N]
		x, y := a[w.At[1]:], b[w.At[2]:]
		switch {
		case op.vv != nil && (w.N == 1 || w.Step[1] == 1 && w.Step[2] == 1):
			c.spread2(op.vv, dst, x[:w.N], y[:w.N])
		case op.vs != nil && w.Step[1] == 1 && w.Step[2] == 0:
			op.vs(dst, x[:w.N], y)
		case op.sv != nil && w.Step[1] == 0 && w.Step[2] == 1:
			op.sv(dst, x, y[:w.N])
		default:
			for k := range dst {
				dst[k] = op.f(x[k*w.Step[1]], y[k*w.Step[2]])
			}
		}
		if !w.Next() {
			return nil
		}
	}
}

// binaryInt is binary for integers, which wrap around at the declared type. They are
// indices and shapes, so few that they have no loops of their own.
func (c *Call) binaryInt(op *binary) error {
	out, dt := c.newI32(0), c.out(0).DType
	w := c.nest()
	a, b, ok := c.pairInt(&w)
	if !ok {
		return nil
	}
	if op.divides {
		if err := c.noZero(b); err != nil {
			return err
		}
	}
	for {
		dst := out[w.At[0] : w.At[0]+w.N]
		x, y := a[w.At[1]:], b[w.At[2]:]
		for k := range dst {
			dst[k] = array.Wrap(op.i(int64(x[k*w.Step[1]]), int64(y[k*w.Step[2]])), dt)
		}
		if !w.Next() {
			return nil
		}
	}
}

// noZero fails when a divisor is zero: the processor would end the process, and for
// integers there is no infinity to give.
func (c *Call) noZero(divisors []int32) (err error) {
	c.Env.Pieces(len(divisors), func(lo, hi int) {
		if slices.Contains(divisors[lo:hi], 0) {
			err = fmt.Errorf("integer division by zero")
		}
	})
	return err
}

// The definitions of the operators whose vectors have kernels.
func addF(a, b float32) float32 { return a + b }

func subF(a, b float32) float32 { return a - b }

func mulF(a, b float32) float32 { return a * b }

func divF(a, b float32) float32 { return a / b }

// onRight and onLeft make of a loop with a number one whose number is the only
// element of the right or of the left operand.
func onRight(f func(dst, a []float32, s float32)) func(dst, a, b []float32) {
	return func(dst, a, b []float32) { f(dst, a, b[0]) }
}

func onLeft(f func(dst, a []float32, s float32)) func(dst, a, b []float32) {
	return func(dst, a, b []float32) { f(dst, b, a[0]) }
}

// floorDivF rounds the quotient toward minus infinity, as Python does.
func floorDivF(a, b float32) float32 { return float32(math.Floor(float64(a) / float64(b))) }

// modF is the remainder of floorDivF: it has the sign of the divisor, as in Python and
// unlike Go's.
func modF(a, b float32) float32 {
	r := math.Mod(float64(a), float64(b))
	if r != 0 && (r < 0) != (b < 0) {
		r += float64(b)
	}
	return float32(r)
}

// powF follows IEEE 754 in its corner cases: 0^0 is 1, and a negative number to a power
// that is not whole is NaN.
func powF(a, b float32) float32 { return float32(samebits.Pow(float64(a), float64(b))) }

// powVS is pow with one exponent and knows those that models use: the square and the
// cube of norms and of GELU, the inverse. The cube is rounded once, as math.Pow would.
func powVS(dst, a, b []float32) {
	switch b[0] {
	case 1:
		copy(dst, a)
	case 2:
		kernel.Mul(dst, a, a)
	case 3:
		for k, x := range a {
			dst[k] = float32(float64(x) * float64(x) * float64(x))
		}
	case -1:
		for k, x := range a {
			dst[k] = 1 / x
		}
	default:
		for k, x := range a {
			dst[k] = powF(x, b[0])
		}
	}
}

// checkDivisors refuses to divide integers by zero, before anything is written.
func checkDivisors(c *Call) error {
	if c.floatOut(0) {
		return nil
	}
	return c.noZero(c.I32(c.In(1)))
}
