package portable

import (
	"fmt"
	"math"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
)

// binary is an operator of two operands, element by element, with NumPy's
// broadcasting. Integers are computed in 64 bits and wrapped to the declared
// type.
type binary struct {
	name string
	f    func(a, b float32) float32
	i    func(a, b int64) int64
	// divides says that an integer divisor of zero is an error.
	divides bool
	// vv, vs and sv are f over rows: of two vectors, with a scalar on the right,
	// with a scalar on the left. Nil: f is called for every element.
	vv, vs, sv func(dst, a, b []float32)
}

// comparison is an operator of two operands whose result is a boolean.
type comparison uint8

const (
	isEqual comparison = iota
	isNotEqual
	isLess
	isLessEqual
	isGreater
	isGreaterEqual
	isBoth
	isEither
	isOneOf
)

var binaries = []binary{
	{name: "add", f: addF, i: func(a, b int64) int64 { return a + b }, vv: kernel.Add, vs: addVS, sv: addSV},
	{name: "sub", f: subF, i: func(a, b int64) int64 { return a - b }, vv: subVV, vs: subVS, sv: subSV},
	{name: "mul", f: mulF, i: func(a, b int64) int64 { return a * b }, vv: kernel.Mul, vs: mulVS, sv: mulSV},
	// The quotient of integers is an integer: exact where it is whole, as shape
	// arithmetic expects, else truncated toward zero.
	{name: "real_div", f: divF, i: func(a, b int64) int64 { return a / b }, divides: true, vv: divVV, vs: divVS, sv: divSV},
	{name: "floor_div", f: floorDivF, i: floorDivI, divides: true},
	{name: "mod", f: modF, i: func(a, b int64) int64 { return a - floorDivI(a, b)*b }, divides: true},
	{name: "maximum", f: func(a, b float32) float32 { return max(a, b) }, i: func(a, b int64) int64 { return max(a, b) }, vv: maxVV, vs: maxVS, sv: maxSV},
	{name: "minimum", f: func(a, b float32) float32 { return min(a, b) }, i: func(a, b int64) int64 { return min(a, b) }, vv: minVV, vs: minVS, sv: minSV},
	{name: "pow", f: powF, i: powI, vs: powVS},
}

var comparisons = [...]string{
	isEqual: "equal", isNotEqual: "not_equal", isLess: "less", isLessEqual: "less_equal",
	isGreater: "greater", isGreaterEqual: "greater_equal",
	isBoth: "logical_and", isEither: "logical_or", isOneOf: "logical_xor",
}

func init() {
	shape := func(c *call) error { return broadcastShape(c, 0, 2) }
	for k := range binaries {
		b := &binaries[k]
		add(operator{
			name: b.name, params: in("x*", "y*!"), shape: shape, local: newSpread,
			eval: func(c *call) error { return c.binary(b) },
		})
	}
	for k, name := range comparisons {
		op := comparison(k)
		add(operator{name: name, params: in("x*", "y*!"), shape: shape, exact: true, eval: func(c *call) error { return c.compare(op) }})
	}
	add(
		operator{name: "logical_not", params: in("x"), eval: logicalNot, exact: true},
		operator{
			name: "select", params: in("cond", "a*!", "b*!"), exact: true,
			shape: func(c *call) error { return broadcastShape(c, 0, 3) }, eval: selectOp,
		},
	)
}

// pair lays out a nest over output 0 and operands 0 and 1 as float32. ok is
// false when there are no elements.
func (c *call) pair(w *nest) (a, b []float32, ok bool) {
	x, y, out := c.in(0), c.in(1), c.out(0)
	a, da := c.floatsOf(x)
	b, db := c.floatsOf(y)
	w.denseStrides(0, out.shape())
	w.broadcast(1, x, out.rank, da)
	w.broadcast(2, y, out.rank, db)
	return a, b, w.start(out.shape(), 3)
}

// pairInt is pair for integers.
func (c *call) pairInt(w *nest) (a, b []int32, ok bool) {
	x, y, out := c.in(0), c.in(1), c.out(0)
	a, b = c.i32(x), c.i32(y)
	w.denseStrides(0, out.shape())
	w.broadcast(1, x, out.rank, true)
	w.broadcast(2, y, out.rank, true)
	return a, b, w.start(out.shape(), 3)
}

func (c *call) binary(op *binary) error {
	if !c.floatOut(0) {
		return c.binaryInt(op)
	}
	out := c.newF32(0)
	w := c.nest()
	a, b, ok := c.pair(&w)
	if !ok {
		return nil
	}
	if op.vv != nil && w.rank == 0 && w.step[1] == 1 && w.step[2] == 1 {
		c.spread2(op.vv, out, a[:len(out)], b[:len(out)])
		return nil
	}
	for {
		dst := out[w.at[0] : w.at[0]+w.n]
		x, y := a[w.at[1]:], b[w.at[2]:]
		switch {
		case op.vv != nil && (w.n == 1 || w.step[1] == 1 && w.step[2] == 1):
			c.spread2(op.vv, dst, x[:w.n], y[:w.n])
		case op.vs != nil && w.step[1] == 1 && w.step[2] == 0:
			op.vs(dst, x[:w.n], y)
		case op.sv != nil && w.step[1] == 0 && w.step[2] == 1:
			op.sv(dst, x, y[:w.n])
		default:
			for k := range dst {
				dst[k] = op.f(x[k*w.step[1]], y[k*w.step[2]])
			}
		}
		if !w.next() {
			return nil
		}
	}
}

func (c *call) binaryInt(op *binary) error {
	out, dt := c.newI32(0), c.out(0).dt
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
		dst := out[w.at[0] : w.at[0]+w.n]
		x, y := a[w.at[1]:], b[w.at[2]:]
		for k := range dst {
			dst[k] = wrap(op.i(int64(x[k*w.step[1]]), int64(y[k*w.step[2]])), dt)
		}
		if !w.next() {
			return nil
		}
	}
}

// noZero fails when a divisor is zero.
func (c *call) noZero(divisors []int32) (err error) {
	c.fr.pieces(len(divisors), func(lo, hi int) {
		if slices.Contains(divisors[lo:hi], 0) {
			err = fmt.Errorf("integer division by zero")
		}
	})
	return err
}

func (c *call) compare(op comparison) error {
	out := c.newI32(0)
	w := c.nest()
	if c.in(0).isInt() && c.in(1).isInt() {
		a, b, ok := c.pairInt(&w)
		for ; ok; ok = w.next() {
			compareRow(op, out[w.at[0]:w.at[0]+w.n], a[w.at[1]:], b[w.at[2]:], w.step[1], w.step[2])
		}
		return nil
	}
	a, b, ok := c.pair(&w)
	for ; ok; ok = w.next() {
		compareRow(op, out[w.at[0]:w.at[0]+w.n], a[w.at[1]:], b[w.at[2]:], w.step[1], w.step[2])
	}
	return nil
}

// compareRow compares elements of a, p apart, with elements of b, q apart.
func compareRow[T int32 | float32](op comparison, dst []int32, a, b []T, p, q int) {
	switch op {
	case isEqual:
		for k := range dst {
			dst[k] = bit(a[k*p] == b[k*q])
		}
	case isNotEqual:
		for k := range dst {
			dst[k] = bit(a[k*p] != b[k*q])
		}
	case isLess:
		for k := range dst {
			dst[k] = bit(a[k*p] < b[k*q])
		}
	case isLessEqual:
		for k := range dst {
			dst[k] = bit(a[k*p] <= b[k*q])
		}
	case isGreater:
		for k := range dst {
			dst[k] = bit(a[k*p] > b[k*q])
		}
	case isGreaterEqual:
		for k := range dst {
			dst[k] = bit(a[k*p] >= b[k*q])
		}
	case isBoth:
		for k := range dst {
			dst[k] = bit(a[k*p] != 0 && b[k*q] != 0)
		}
	case isEither:
		for k := range dst {
			dst[k] = bit(a[k*p] != 0 || b[k*q] != 0)
		}
	case isOneOf:
		for k := range dst {
			dst[k] = bit((a[k*p] != 0) != (b[k*q] != 0))
		}
	}
}

func bit(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

// logicalNot is 1 where x is 0, else 0.
func logicalNot(c *call) error {
	out := c.newI32(0)
	x := c.i32(c.in(0))
	c.fr.pieces(len(x), func(lo, hi int) {
		for k, v := range x[lo:hi] {
			out[lo+k] = bit(v == 0)
		}
	})
	return nil
}

// selectOp takes elements of a where cond is true, else of b.
func selectOp(c *call) error {
	cond, a, b, out := c.in(0), c.in(1), c.in(2), c.out(0)
	w := c.nest()
	flags := c.i32(cond)
	w.denseStrides(0, out.shape())
	w.broadcast(1, cond, out.rank, true)
	if !c.floatOut(0) {
		dst, x, y := c.newI32(0), c.i32(a), c.i32(b)
		w.broadcast(2, a, out.rank, true)
		w.broadcast(3, b, out.rank, true)
		selectRows(&w, out.shape(), dst, flags, x, y)
		return nil
	}
	x, dx := c.floatsOf(a)
	y, dy := c.floatsOf(b)
	w.broadcast(2, a, out.rank, dx)
	w.broadcast(3, b, out.rank, dy)
	selectRows(&w, out.shape(), c.newF32(0), flags, x, y)
	if out.dt == dtype.Float16 && (a.dt != dtype.Float16 || b.dt != dtype.Float16) {
		c.roundF16(out.f[:out.len()])
	}
	return nil
}

func selectRows[T any](w *nest, dims []int, dst []T, cond []int32, a, b []T) {
	for ok := w.start(dims, maxStreams); ok; ok = w.next() {
		row := dst[w.at[0] : w.at[0]+w.n]
		p, x, y := w.at[1], w.at[2], w.at[3]
		for k := range row {
			if cond[p] != 0 {
				row[k] = a[x]
			} else {
				row[k] = b[y]
			}
			p += w.step[1]
			x += w.step[2]
			y += w.step[3]
		}
	}
}

func addF(a, b float32) float32 { return a + b }
func subF(a, b float32) float32 { return a - b }
func mulF(a, b float32) float32 { return a * b }
func divF(a, b float32) float32 { return a / b }

func addVS(dst, a, b []float32) {
	s := b[0]
	for k, x := range a {
		dst[k] = x + s
	}
}
func addSV(dst, a, b []float32) { addVS(dst, b, a) }

func subVV(dst, a, b []float32) {
	b = b[:len(a)]
	dst = dst[:len(a)]
	for k, x := range a {
		dst[k] = x - b[k]
	}
}

func subVS(dst, a, b []float32) {
	s := b[0]
	for k, x := range a {
		dst[k] = x - s
	}
}

func subSV(dst, a, b []float32) {
	s := a[0]
	for k, x := range b {
		dst[k] = s - x
	}
}

func mulVS(dst, a, b []float32) { kernel.Scale(dst, a, b[0]) }
func mulSV(dst, a, b []float32) { kernel.Scale(dst, b, a[0]) }

func divVV(dst, a, b []float32) {
	b = b[:len(a)]
	dst = dst[:len(a)]
	for k, x := range a {
		dst[k] = x / b[k]
	}
}

func divVS(dst, a, b []float32) {
	s := b[0]
	for k, x := range a {
		dst[k] = x / s
	}
}

func divSV(dst, a, b []float32) {
	s := a[0]
	for k, x := range b {
		dst[k] = s / x
	}
}

func maxVV(dst, a, b []float32) {
	b = b[:len(a)]
	dst = dst[:len(a)]
	for k, x := range a {
		dst[k] = max(x, b[k])
	}
}

func maxVS(dst, a, b []float32) {
	s := b[0]
	for k, x := range a {
		dst[k] = max(x, s)
	}
}
func maxSV(dst, a, b []float32) { maxVS(dst, b, a) }

func minVV(dst, a, b []float32) {
	b = b[:len(a)]
	dst = dst[:len(a)]
	for k, x := range a {
		dst[k] = min(x, b[k])
	}
}

func minVS(dst, a, b []float32) {
	s := b[0]
	for k, x := range a {
		dst[k] = min(x, s)
	}
}
func minSV(dst, a, b []float32) { minVS(dst, b, a) }

// floorDivF rounds the quotient toward minus infinity, as Python does.
func floorDivF(a, b float32) float32 { return float32(math.Floor(float64(a) / float64(b))) }

// floorDivI is floorDivF for integers; b is not zero.
func floorDivI(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// modF is the remainder of floorDivF: it has the sign of the divisor.
func modF(a, b float32) float32 {
	r := math.Mod(float64(a), float64(b))
	if r != 0 && (r < 0) != (b < 0) {
		r += float64(b)
	}
	return float32(r)
}

func powF(a, b float32) float32 { return float32(math.Pow(float64(a), float64(b))) }

// powVS knows the exponents that models use.
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

// powI is exact modulo 2^64. A negative exponent gives the truncated fraction:
// 0 except for bases 1 and -1; 0 has no inverse and stays 0.
func powI(a, b int64) int64 {
	if b < 0 {
		switch a {
		case 1:
			return 1
		case -1:
			return 1 - 2*(-b&1)
		default:
			return 0
		}
	}
	r := int64(1)
	for ; b > 0; b >>= 1 {
		if b&1 != 0 {
			r *= a
		}
		a *= a
	}
	return r
}
