package tensor

import (
	"math"

	"github.com/gocoreml/coreml/internal/samebits"
)

// Abs returns the absolute value of every element. The smallest integer of a
// type, which has none, stays as it is.
func (t *Tensor) Abs() *Tensor { return unary(&absOp, t) }

// Neg returns every element with its sign changed. Integers wrap around.
func (t *Tensor) Neg() *Tensor { return unary(&negOp, t) }

// Sign returns -1, 0 or 1 for every element, and NaN for NaN.
func (t *Tensor) Sign() *Tensor { return unary(&signOp, t) }

// Floor rounds every element down. Integers stay as they are.
func (t *Tensor) Floor() *Tensor { return unary(&floorOp, t) }

// Ceil rounds every element up. Integers stay as they are.
func (t *Tensor) Ceil() *Tensor { return unary(&ceilOp, t) }

// Round rounds every element to the nearest integer, ties to even. Integers
// stay as they are.
func (t *Tensor) Round() *Tensor { return unary(&roundOp, t) }

// Square returns every element times itself. Integers wrap around.
func (t *Tensor) Square() *Tensor { return unary(&squareOp, t) }

// Relu returns the greater of every element and 0, and NaN for NaN.
func (t *Tensor) Relu() *Tensor { return unary(&reluOp, t) }

// Exp returns e to the power of every element, which must be floating-point,
// as for all functions that follow.
func (t *Tensor) Exp() *Tensor { return unary(&expOp, t) }

// Exp2 returns 2 to the power of every element.
func (t *Tensor) Exp2() *Tensor { return unary(&exp2Op, t) }

// Log returns the natural logarithm: -Inf for 0 and NaN below.
func (t *Tensor) Log() *Tensor { return unary(&logOp, t) }

// Sqrt returns the square root, and NaN for a negative number.
func (t *Tensor) Sqrt() *Tensor { return unary(&sqrtOp, t) }

// Rsqrt returns one over the square root.
func (t *Tensor) Rsqrt() *Tensor { return unary(&rsqrtOp, t) }

// Reciprocal returns one over every element.
func (t *Tensor) Reciprocal() *Tensor { return unary(&reciprocalOp, t) }

// Sin returns the sine.
func (t *Tensor) Sin() *Tensor { return unary(&sinOp, t) }

// Cos returns the cosine.
func (t *Tensor) Cos() *Tensor { return unary(&cosOp, t) }

// Tan returns the tangent.
func (t *Tensor) Tan() *Tensor { return unary(&tanOp, t) }

// Asin returns the inverse sine.
func (t *Tensor) Asin() *Tensor { return unary(&asinOp, t) }

// Acos returns the inverse cosine.
func (t *Tensor) Acos() *Tensor { return unary(&acosOp, t) }

// Atan returns the inverse tangent.
func (t *Tensor) Atan() *Tensor { return unary(&atanOp, t) }

// Sinh returns the hyperbolic sine.
func (t *Tensor) Sinh() *Tensor { return unary(&sinhOp, t) }

// Cosh returns the hyperbolic cosine.
func (t *Tensor) Cosh() *Tensor { return unary(&coshOp, t) }

// Tanh returns the hyperbolic tangent.
func (t *Tensor) Tanh() *Tensor { return unary(&tanhOp, t) }

// Asinh returns the inverse hyperbolic sine.
func (t *Tensor) Asinh() *Tensor { return unary(&asinhOp, t) }

// Acosh returns the inverse hyperbolic cosine.
func (t *Tensor) Acosh() *Tensor { return unary(&acoshOp, t) }

// Atanh returns the inverse hyperbolic tangent.
func (t *Tensor) Atanh() *Tensor { return unary(&atanhOp, t) }

// Erf returns the error function.
func (t *Tensor) Erf() *Tensor { return unary(&erfOp, t) }

// Sigmoid returns 1/(1+e⁻ˣ).
func (t *Tensor) Sigmoid() *Tensor { return unary(&sigmoidOp, t) }

// Silu returns x·sigmoid(x), also called swish, and 0 for -Inf.
func (t *Tensor) Silu() *Tensor { return unary(&siluOp, t) }

// Softplus returns log(1+eˣ).
func (t *Tensor) Softplus() *Tensor { return unary(&softplusOp, t) }

// Gelu returns x·Φ(x), where Φ is the normal distribution, computed with the
// error function, and 0 for -Inf. [Tensor.GeluTanh] is its approximation.
func (t *Tensor) Gelu() *Tensor { return unary(&geluOp, t) }

// GeluTanh returns the approximation of [Tensor.Gelu] by a hyperbolic tangent
// (Hendrycks and Gimpel, 2016).
func (t *Tensor) GeluTanh() *Tensor { return unary(&geluTanhOp, t) }

var (
	absOp = unaryOp{
		name: "abs", f32: each(magnitude[float32]), f64: each(magnitude[float64]),
		i64: each(func(v int64) int64 { return max(v, -v) }),
	}
	negOp = unaryOp{
		"neg",
		each(func(v int64) int64 { return -v }),
		each(func(v float32) float32 { return -v }),
		each(func(v float64) float64 { return -v }),
	}
	signOp   = unaryOp{"sign", each(sign[int64]), each(sign[float32]), each(sign[float64])}
	squareOp = unaryOp{"square", each(square[int64]), each(square[float32]), each(square[float64])}
	reluOp   = unaryOp{"relu", each(relu[int64]), each(relu[float32]), each(relu[float64])}

	floorOp = integral(float("floor", math.Floor))
	ceilOp  = integral(float("ceil", math.Ceil))
	roundOp = integral(float("round", math.RoundToEven))

	expOp        = float("exp", samebits.Exp)
	exp2Op       = float("exp2", samebits.Exp2)
	logOp        = float("log", samebits.Log)
	sqrtOp       = float("sqrt", math.Sqrt)
	rsqrtOp      = float("rsqrt", func(x float64) float64 { return 1 / math.Sqrt(x) })
	reciprocalOp = float("reciprocal", func(x float64) float64 { return 1 / x })
	sinOp        = float("sin", samebits.Sin)
	cosOp        = float("cos", samebits.Cos)
	tanOp        = float("tan", samebits.Tan)
	asinOp       = float("asin", samebits.Asin)
	acosOp       = float("acos", samebits.Acos)
	atanOp       = float("atan", samebits.Atan)
	sinhOp       = float("sinh", samebits.Sinh)
	coshOp       = float("cosh", samebits.Cosh)
	tanhOp       = float("tanh", samebits.Tanh)
	asinhOp      = float("asinh", samebits.Asinh)
	acoshOp      = float("acosh", samebits.Acosh)
	atanhOp      = float("atanh", samebits.Atanh)
	erfOp        = float("erf", samebits.Erf)
	sigmoidOp    = float("sigmoid", sigmoid)
	siluOp       = float("silu", func(x float64) float64 { return vanish(x, sigmoid(x)) })
	softplusOp   = float("softplus", func(x float64) float64 {
		return math.Max(x, 0) + samebits.Log1p(samebits.Exp(-math.Abs(x)))
	})
	geluOp = float("gelu", func(x float64) float64 {
		return vanish(x, 0.5*samebits.Erfc(-x/math.Sqrt2))
	})
	geluTanhOp = float("gelu tanh", func(x float64) float64 {
		return vanish(x, 0.5*(1+samebits.Tanh(math.Sqrt(2/math.Pi)*(x+float64(0.044715*x*x*x)))))
	})
)

// each makes a kernel of a function on one element.
func each[C compute](f func(C) C) func(dst, a []C) {
	return func(dst, a []C) {
		a = a[:len(dst)]
		for i := range dst {
			dst[i] = f(a[i])
		}
	}
}

// float makes an operation on floating-point elements. It is computed in
// float64 and rounded once, which for narrower types is within a rounding of
// the true value.
func float(name string, f func(float64) float64) unaryOp {
	return unaryOp{
		name: name,
		f32:  each(func(v float32) float32 { return float32(f(float64(v))) }),
		f64:  each(f),
	}
}

// integral lets op return integers as they are.
func integral(op unaryOp) unaryOp {
	op.i64 = func(dst, a []int64) { copy(dst, a) }
	return op
}

func magnitude[C float32 | float64](v C) C { return C(math.Abs(float64(v))) }

func square[C compute](v C) C { return v * v }

func relu[C compute](v C) C { return max(v, 0) }

func sign[C compute](v C) C {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return v // zero keeps its sign, NaN stays NaN
}

func sigmoid(x float64) float64 { return 1 / (1 + samebits.Exp(-x)) }

// vanish returns x·gate, and 0 where the gate of an infinite x is closed.
func vanish(x, gate float64) float64 {
	if gate == 0 {
		return 0
	}
	return x * gate
}
