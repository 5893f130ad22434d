package portable

import (
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
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
}

var unaries = []unary{
	{name: "abs", f64: math.Abs, i: absI, row: absRow},
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
	{name: "sqrt", f64: math.Sqrt, row: sqrtRow},
	{name: "square", f64: func(x float64) float64 { return x * x }, i: func(x int64) int64 { return x * x }, row: squareRow},
	{name: "tan", f64: math.Tan},
	{name: "tanh", f64: math.Tanh, row: tanhRow},
}

// shifted is an operator that adds epsilon to its operand first.
type shifted struct {
	name    string
	epsilon float32 // where the operand is absent; rounded to the type of x
	f64     func(x float64) float64
}

var shifteds = []shifted{
	{"inverse", 1e-4, func(x float64) float64 { return 1 / x }},
	{"log", 1e-45, math.Log},
	{"rsqrt", 1e-12, func(x float64) float64 { return 1 / math.Sqrt(x) }},
}

func init() {
	for k := range unaries {
		u := &unaries[k]
		add(operator{name: u.name, params: in("x"), eval: func(c *call) error { return c.unary(u) }, local: newSpread})
	}
	for k := range shifteds {
		s := &shifteds[k]
		add(operator{name: s.name, params: in("x", "epsilon"), eval: func(c *call) error { return c.shifted(s) }})
	}
	add(
		operator{name: "clip", params: in("x", "alpha!", "beta!"), eval: clip},
		operator{name: "threshold", params: in("x", "alpha!"), eval: threshold},
		operator{name: "identity", params: in("x*"), eval: identity, view: true, exact: true},
		operator{name: "cast", params: in("x*", "dtype"), eval: cast, view: true, exact: true},
	)
}

func (c *call) unary(u *unary) error {
	if c.floatOut(0) {
		x := c.f32(c.in(0))
		dst := c.newF32(0)
		if u.row != nil {
			c.spread(u.row, dst, x)
			return nil
		}
		c.fr.pieces(len(x), func(lo, hi int) {
			for k, v := range x[lo:hi] {
				dst[lo+k] = float32(u.f64(float64(v)))
			}
		})
		return nil
	}
	x, dt := c.i32(c.in(0)), c.out(0).dt
	dst := c.newI32(0)
	c.fr.pieces(len(x), func(lo, hi int) {
		for k, v := range x[lo:hi] {
			if u.i != nil {
				dst[lo+k] = wrap(u.i(int64(v)), dt)
			} else {
				dst[lo+k] = int32(saturate(float32(u.f64(float64(v))), dt))
			}
		}
	})
	return nil
}

func (c *call) shifted(s *shifted) error {
	def := s.epsilon
	if c.in(0).dt == dtype.Float16 {
		def = dtype.RoundFloat16(def)
	}
	eps, err := c.floatIn(1, def)
	if err != nil {
		return err
	}
	x := c.f32(c.in(0))
	dst := c.newF32(0)
	c.fr.pieces(len(x), func(lo, hi int) {
		for k, v := range x[lo:hi] {
			dst[lo+k] = float32(s.f64(float64(v + eps)))
		}
	})
	return nil
}

func absI(x int64) int64 { return max(x, -x) }

func absRow(dst, x []float32) {
	for k, v := range x {
		dst[k] = math.Float32frombits(math.Float32bits(v) &^ (1 << 31))
	}
}

func sqrtRow(dst, x []float32) {
	for k, v := range x {
		dst[k] = float32(math.Sqrt(float64(v)))
	}
}

// smallTanh is where tanhRow changes its formula.
const smallTanh = 0.625

// tanhRow is tanh to about two units in the last place: for large x by the
// exponential function, for small x, where that would cancel, by five levels of
// Lambert's continued fraction, which is within 1e-9 there.
func tanhRow(dst, x []float32) {
	for k, v := range x {
		dst[k] = 2 * abs32(v)
	}
	kernel.Exp(dst, dst)
	for k, v := range x {
		if abs32(v) < smallTanh {
			z := float64(v) * float64(v)
			dst[k] = float32(float64(v) * (945 + z*(105+z)) / (945 + z*(420+15*z)))
		} else {
			dst[k] = float32(math.Copysign(float64(1-2/(dst[k]+1)), float64(v)))
		}
	}
}

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
func clip(c *call) error {
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
func threshold(c *call) error {
	lo, err := c.floatIn(1, 0)
	if err != nil {
		return err
	}
	return c.clamp(lo, float32(math.Inf(1)))
}

// clamp stores operand 0 limited to lo..hi in output 0.
func (c *call) clamp(lo, hi float32) error {
	x := c.f32(c.in(0))
	if c.floatOut(0) {
		dst := c.newF32(0)
		c.fr.pieces(len(x), func(from, to int) {
			for k, v := range x[from:to] {
				dst[from+k] = min(max(v, lo), hi)
			}
		})
		return nil
	}
	dst, dt := c.newI32(0), c.out(0).dt
	c.fr.pieces(len(x), func(from, to int) {
		for k, v := range x[from:to] {
			dst[from+k] = int32(saturate(min(max(v, lo), hi), dt))
		}
	})
	return nil
}

func identity(c *call) error {
	c.out(0).alias(c.in(0))
	return nil
}

// cast converts to the declared type. Floating-point numbers become integers by
// truncation toward zero, limited to the range of the type; integers wrap; a
// boolean is whatever is not zero. Where nothing changes in memory the result is
// a view.
func cast(c *call) error {
	x, out := c.in(0), c.out(0)
	switch {
	case c.floatOut(0) && !x.isInt():
		if out.dt == dtype.Float16 && x.dt != dtype.Float16 && x.repr != reprF16 {
			c.roundF16(c.copyF32(x))
			return nil
		}
		out.alias(x)
	case c.floatOut(0):
		dst := c.copyF32(x)
		if out.dt == dtype.Float16 {
			c.roundF16(dst)
		}
	case x.isInt():
		if out.dt == x.dt || !narrow(out.dt) {
			out.alias(x)
			return nil
		}
		src := c.i32(x)
		dst := c.newI32(0)
		wrapAll(&c.fr.poller, dst, src, out.dt)
	default:
		src := c.f32(x)
		dst := c.newI32(0)
		dt := out.dt
		c.fr.pieces(len(src), func(lo, hi int) {
			for k, v := range src[lo:hi] {
				if dt == dtype.Bool {
					dst[lo+k] = bit(v != 0)
				} else {
					dst[lo+k] = int32(saturate(v, dt))
				}
			}
		})
	}
	return nil
}

// wrapAll stores src in dst, each element brought into the range of t.
func wrapAll(p *poller, dst, src []int32, t dtype.Type) {
	p.pieces(len(src), func(lo, hi int) {
		for k, v := range src[lo:hi] {
			dst[lo+k] = wrap(int64(v), t)
		}
	})
}

// copyF32 makes output 0 a float32 copy of v.
func (c *call) copyF32(v *value) []float32 {
	dst := c.newF32(0)
	v.widen(&c.fr.poller, dst)
	return dst
}
