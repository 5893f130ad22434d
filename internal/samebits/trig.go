package samebits

import (
	"math"
	"math/big"
	"sync"
)

// π/2 in three parts: the products of the first two with a number of 20 bits fit a
// float64 (Cody and Waite).
const (
	halfPi1 = 0x1.921fb544p+0
	halfPi2 = 0x1.0b4611a6p-34
	halfPi3 = math.Pi/2 - halfPi1 - halfPi2
)

// mostReduced is up to where the three parts are enough.
const mostReduced = 1 << 20

// reduce returns x less a multiple of π/2, up to π/4 away from 0, and that multiple
// modulo 4. x is finite.
func reduce(x float64) (r float64, quadrant int) {
	a := math.Abs(x)
	switch {
	case a <= math.Pi/4:
		return x, 0
	case a >= mostReduced:
		return reduceExactly(x)
	}
	n := math.RoundToEven(float64(x * (2 / math.Pi)))
	// The first difference is exact. What rounding the second one leaves goes to the
	// third.
	r1 := x - float64(n*halfPi1)
	w := float64(n * halfPi2)
	r2 := r1 - w
	return r2 + ((r1 - r2) - w - float64(n*halfPi3)), int(int64(n) & 3)
}

// digits is to how many bits π is known: those before the point of the largest float64,
// and enough behind it.
const digits = 1024 + 192

// halfPi is π/2·2^digits (Machin's formula).
var halfPi = sync.OnceValue(func() *big.Int {
	arctan := func(n int64) *big.Int { // of 1/n, with some bits more
		term := new(big.Int).Lsh(big.NewInt(1), digits+32)
		term.Quo(term, big.NewInt(n))
		sum, square := new(big.Int), big.NewInt(n*n)
		for k := int64(1); term.Sign() != 0; k += 4 {
			for _, odd := range []int64{k, k + 2} {
				part := new(big.Int).Quo(term, big.NewInt(odd))
				if odd == k {
					sum.Add(sum, part)
				} else {
					sum.Sub(sum, part)
				}
				term.Quo(term, square)
			}
		}
		return sum
	}
	pi := new(big.Int).Lsh(arctan(5), 2)
	pi.Sub(pi, arctan(239)) // π/4
	return pi.Rsh(pi.Lsh(pi, 1), 32)
})

// reduceExactly is reduce for large numbers, by division of integers. The remainder has
// 192 bits at least, of which no float64 makes more than some seventy vanish.
func reduceExactly(x float64) (r float64, quadrant int) {
	f, e := math.Frexp(math.Abs(x))
	n := big.NewInt(int64(math.Ldexp(f, 53)))
	n.Lsh(n, uint(digits+e-53))
	period := halfPi()
	half := new(big.Int).Rsh(period, 1)
	q, rest := new(big.Int).QuoRem(n.Add(n, half), period, new(big.Int))
	rest.Sub(rest, half)
	r, _ = new(big.Float).SetMantExp(new(big.Float).SetInt(rest), -digits).Float64()
	quadrant = int(q.Bits()[0] & 3)
	if x < 0 {
		return -r, -quadrant & 3
	}
	return r, quadrant
}

// The series of sin(r)/r and cos(r) in r², from the highest degree down, without their
// first coefficients, which are 1.
var (
	sinSeries = []float64{
		1.0 / 355687428096000, -1.0 / 1307674368000, 1.0 / 6227020800, -1.0 / 39916800, 1.0 / 362880, -1.0 / 5040,
		1.0 / 120, -1.0 / 6,
	}
	cosSeries = []float64{
		1.0 / 20922789888000, -1.0 / 87178291200, 1.0 / 479001600, -1.0 / 3628800, 1.0 / 40320, -1.0 / 720, 1.0 / 24, -1.0 / 2,
	}
)

func smallSin(r float64) float64 {
	z := float64(r * r)
	return r + float64(r*z*horner(z, sinSeries))
}

func smallCos(r float64) float64 {
	z := float64(r * r)
	return 1 + float64(z*horner(z, cosSeries))
}

// Sin returns the sine of x, an angle in radians.
func Sin(x float64) float64 {
	if x == 0 {
		return x // with its sign
	}
	return turned(x, 0)
}

// Cos returns the cosine of x, an angle in radians.
func Cos(x float64) float64 { return turned(x, 1) }

// turned is the sine of x and some quarters of a turn.
func turned(x float64, quarters int) float64 {
	if math.IsInf(x, 0) || x != x {
		return math.NaN()
	}
	r, q := reduce(x)
	switch (q + quarters) & 3 {
	case 0:
		return smallSin(r)
	case 1:
		return smallCos(r)
	case 2:
		return -smallSin(r)
	default:
		return -smallCos(r)
	}
}

// Tan returns the tangent of x, an angle in radians.
func Tan(x float64) float64 {
	switch {
	case x == 0:
		return x
	case math.IsInf(x, 0) || x != x:
		return math.NaN()
	}
	r, q := reduce(x)
	if q&1 == 0 {
		return smallSin(r) / smallCos(r)
	}
	return -smallCos(r) / smallSin(r)
}

// atanSeries are the coefficients of atan(t)/t in t², without the first, which is 1, from
// that of the highest degree down.
var atanSeries = func() []float64 {
	const terms = 22
	c := make([]float64, terms)
	sign := -1.0
	for n := range terms {
		c[terms-1-n] = sign / float64(2*n+3)
		sign = -sign
	}
	return c
}()

// Atan returns the inverse tangent of x.
func Atan(x float64) float64 {
	a := math.Abs(x)
	t, base := a, 0.0
	switch {
	case x != x:
		return x
	case a > math.Sqrt2+1: // tan(3π/8)
		t, base = -1/a, math.Pi/2
	case a > math.Sqrt2-1: // tan(π/8)
		t, base = (a-1)/(a+1), math.Pi/4
	}
	z := float64(t * t)
	return math.Copysign(base+(t+float64(t*z*horner(z, atanSeries))), x)
}

// Asin returns the inverse sine of x.
func Asin(x float64) float64 {
	if !(math.Abs(x) <= 1) {
		return math.NaN()
	}
	return Atan(x / math.Sqrt((1-x)*(1+x)))
}

// Acos returns the inverse cosine of x.
func Acos(x float64) float64 {
	if !(math.Abs(x) <= 1) {
		return math.NaN()
	}
	return float64(2 * Atan(math.Sqrt((1-x)/(1+x))))
}
