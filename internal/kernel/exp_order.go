package kernel

import "math"

// The exponential function that every instruction set has: exp(x) = 2^n·e^r with
// n = round(x/ln 2), after Cody and Waite. ln 2 is subtracted in two parts, e^r is its
// Taylor polynomial of degree 7 by Horner's rule, each step a fused multiply-add, and
// 2^n is applied in two factors, so that a result below the normal numbers is rounded
// once. It is within two units of the last place. The generator of the assembly has the
// same numbers in its package kind.
const (
	// Beyond these the result is 0 or infinity. At expMin both factors of 2^n are 0.
	expMin = -176.0
	expMax = 89.0

	ln2    = float64(math.Ln2)
	log2E  = float32(1 / ln2)
	ln2Hi  = float32(ln2)
	ln2Lo  = float32(ln2 - float64(ln2Hi))
	nearby = 3 << 22 // added to a small float32 and taken off, it leaves an integer

	expC7 = float32(1.0 / 5040)
	expC6 = float32(1.0 / 720)
	expC5 = float32(1.0 / 120)
	expC4 = float32(1.0 / 24)
	expC3 = float32(1.0 / 6)
)

// exp32 returns e to the power of x. NaN stays NaN.
func exp32(x float32) float32 {
	switch {
	case x >= expMax:
		x = expMax
	case x >= expMin:
	case x == x:
		x = expMin
	default:
		return x
	}
	n := float32(x*log2E) + nearby
	k := int32(math.Float32bits(n)) - int32(math.Float32bits(nearby))
	n -= nearby
	// Both differences have few enough bits for a float64 to hold them.
	r := float64(x) - float64(float64(n)*float64(ln2Hi))
	x = float32(float64(float32(r)) - float64(float64(n)*float64(ln2Lo)))
	p := expPolynomial(x)
	half := k >> 1
	p *= math.Float32frombits(uint32(half+127) << 23)
	return p * math.Float32frombits(uint32(k-half+127)<<23)
}

// expPolynomial is the polynomial for |x| up to mostReduced. Each product is exact in a
// float64, and that the sum is rounded twice makes no difference for any x: a test looks
// at all of them.
func expPolynomial(x float32) float32 {
	r := float64(x)
	s := nearest32(float64(expC7)*r + float64(expC6))
	s = nearest32(s*r + float64(expC5))
	s = nearest32(s*r + float64(expC4))
	s = nearest32(s*r + float64(expC3))
	s = nearest32(s*r + 0.5)
	s = nearest32(s*r + 1)
	return float32(s*r + 1)
}

// mostReduced is more than ln(2)/2 and what rounding x/ln 2 before may add.
const mostReduced = 0.35

// nearest32 rounds to the 24 bits of a float32 (Veltkamp), away from zero from the
// middle, where the range is no matter. It is faster than two conversions.
func nearest32(s float64) float64 {
	c := float64(s * (1<<29 + 1))
	return c - (c - s)
}
