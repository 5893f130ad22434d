package kind

import "math"

// exp(x) = 2^n·e^r with n = round(x/ln 2) and |r| <= ln(2)/2, after Cody and
// Waite: ln 2 is subtracted in two parts. e^r is its Taylor polynomial of degree
// 7, whose remainder r^8/8! is below 2^-27. 2^n is applied in two factors, so
// that results below the normal range are rounded once and not flushed.
//
// ln2 is a variable for the difference to be the one of two float64s.
var ln2 = math.Ln2

var (
	// Log2E is 1/ln 2.
	Log2E = 1 / ln2

	// Ln2Hi is ln 2 to the precision of a float32.
	Ln2Hi = float64(float32(ln2))

	// Ln2Lo is what Ln2Hi lacks.
	Ln2Lo = ln2 - Ln2Hi
)

// The ends of exp's range: beyond them the result is 0 or infinity. Already below -104
// it rounds to 0; but processors take hundreds of cycles over a product that rounds so,
// and at ExpMin both factors of 2^n are exactly 0, so that masked scores cost nothing.
const (
	ExpMin = -176.0
	ExpMax = 89.0
)

// The tanh form of GELU is x/(1+exp(GeluA·x·(1+GeluB·x²))).
var (
	GeluA = -2 * math.Sqrt(2/math.Pi)
	GeluB = 0.044715
)

// Erfc are the coefficients of P, from the one of degree 0 on, in erfc(z) =
// t·exp(-z² + P(t)) with t = 2/(2+z), the form of Numerical Recipes' erfcc. P is
// a Chebyshev fit of degree 11 to ln(erfc(z)·exp(z²)/t) for t from 1/11 to 1, off
// by 8e-9 at most. Then x·Φ(x) = x - r for positive x and -r for negative x, where
// r = |x|·erfc(|x|/sqrt 2)/2.
var Erfc = [12]float64{
	-1.265515321, 1.000118156, 0.3732103696, 0.09781668407, -0.1535689363, 0.03244148997,
	-0.2671378491, -0.3033158074, 1.458525086, -1.593290467, 0.7615953693, -0.1408787809,
}

// ErfcMax is where erfc is 0 for a float32.
const ErfcMax = 20.0

// RSqrt2 is 1/sqrt 2.
const RSqrt2 = 1 / math.Sqrt2
