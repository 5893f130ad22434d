package kernel

import "math"

// Softmax replaces x by exp(x-max)/sum in place. An element of -Inf becomes
// exactly 0; a row without any finite element, or with a NaN, becomes NaN. It
// multiplies by the reciprocal of the sum, which costs one rounding more than a
// division of each element would. The maximum is subtracted first, so that no
// exp overflows.
func Softmax(x []float32) {
	if len(x) == 0 {
		return
	}
	Scale(x, x, 1/expSum(x, MaxF32(x)))
}

// Exp stores exp(x[i]) in dst, which may be x. Below -104 it is 0, above 89 it
// is +Inf.
func Exp(dst, x []float32) { exponential.apply(dst, x) }

// Silu stores x/(1+exp(-x)) in dst, which may be x.
func Silu(dst, x []float32) { SiluActivation.apply(dst, x) }

// GeluTanh stores 0.5·x·(1+tanh(sqrt(2/π)·(x+0.044715·x³))) in dst, which may
// be x (Hendrycks and Gimpel, 2016). It is computed as x/(1+exp(-2u)), the same
// function.
func GeluTanh(dst, x []float32) { GeluTanhActivation.apply(dst, x) }

// GeluErf stores 0.5·x·(1+erf(x/sqrt 2)) in dst, which may be x. It is computed as
// max(x, 0) - |x|·erfc(|x|/sqrt 2)/2, which keeps the digits that 1+erf would lose
// for negative x.
func GeluErf(dst, x []float32) { GeluErfActivation.apply(dst, x) }

// Activation is a function of single elements.
type Activation int

// The functions, by the names of those that apply them.
const (
	exponential Activation = iota
	SiluActivation
	GeluTanhActivation
	GeluErfActivation
)

// apply stores the function of each element of x in dst, which may be x. The assembly takes groups of
// 8, and what is left filled up, so that an element's bits do not depend on where it
// lies.
func (a Activation) apply(dst, x []float32) {
	x = x[:len(dst)]
	if !useAsm {
		a.define(dst, x)
		return
	}
	done := len(dst) &^ 7
	if done > 0 {
		a.assembly(&dst[0], &x[0], done)
	}
	if done < len(dst) {
		var last [8]float32
		copy(last[:], x[done:])
		a.assembly(&last[0], &last[0], len(last))
		copy(dst[done:], last[:])
	}
}

func (a Activation) assembly(dst, x *float32, n int) {
	switch a {
	case exponential:
		expAsm(dst, x, n)
	case SiluActivation:
		siluAsm(dst, x, n)
	case GeluTanhActivation:
		geluTanhAsm(dst, x, n)
	case GeluErfActivation:
		geluErfAsm(dst, x, n)
	}
}

// define is the definition.
func (a Activation) define(dst, x []float32) {
	f := [...]func(float32) float32{exponential: exp32, SiluActivation: silu32, GeluTanhActivation: geluTanh32, GeluErfActivation: geluErf32}[a]
	for i, v := range x {
		dst[i] = f(v)
	}
}

// The coefficients of GELU in its tanh form: x/(1+exp(geluA·x·(1+geluB·x²))).
var geluA = float32(-2 * math.Sqrt(2/math.Pi))

const geluB = float32(0.044715)

// silu32, geluTanh32 and geluErf32 have the steps of the assembly.
func silu32(x float32) float32 { return x / (1 + exp32(-x)) }

func geluTanh32(x float32) float32 {
	return x / (1 + exp32(fma32(x*x, geluB, 1)*(x*geluA)))
}

// erfcP are the coefficients of P, from that of degree 11 down, in erfc(z) =
// t·exp(-z² + P(t)) with t = 2/(2+z), the form of Numerical Recipes' erfcc. P is a
// Chebyshev fit to ln(erfc(z)·exp(z²)/t) for t from 1/11 to 1, off by 8e-9 at most.
var erfcP = [12]float32{
	-0.1408787809, 0.7615953693, -1.593290467, 1.458525086, -0.3033158074, -0.2671378491,
	0.03244148997, -0.1535689363, 0.09781668407, 0.3732103696, 1.000118156, -1.265515321,
}

// erfcMax is where erfc is 0 for a float32.
const erfcMax = 20

func geluErf32(x float32) float32 {
	const rsqrt2 = float32(1 / math.Sqrt2)
	z := min(abs32(x)*rsqrt2, erfcMax)
	t := 2 / (z + 2)
	p := erfcP[0]
	for _, c := range erfcP[1:] {
		p = fma32(p, t, c)
	}
	// The conversion keeps the product from being fused into the difference.
	r := float32(exp32(fma32(-z, z, p)) * (t * z * rsqrt2))
	return max(x, 0) - r
}
