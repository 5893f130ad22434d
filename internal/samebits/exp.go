package samebits

import "math"

// ln 2 in two parts. The first has few enough bits for a float64 to hold its product
// with any exponent (Cody and Waite).
const (
	ln2Hi = 0x1.62e42fefa3p-1
	ln2Lo = math.Ln2 - ln2Hi
)

// smallExp is ln(2)/2, to which arguments are reduced.
const smallExp = math.Ln2 / 2

// expm1Small is exp(r)-1 for |r| up to about smallExp,
// by its series, in which r² takes four chains of r's powers further at a time: a
// processor computes them side by side.
func expm1Small(r float64) float64 {
	r2 := float64(r * r)
	r4 := float64(r2 * r2)
	a := mulAdd(mulAdd(1.0/6, r, 1.0/2), r2, r)
	b := mulAdd(mulAdd(1.0/5040, r, 1.0/720), r2, mulAdd(1.0/120, r, 1.0/24))
	c := mulAdd(mulAdd(1.0/39916800, r, 1.0/3628800), r2, mulAdd(1.0/362880, r, 1.0/40320))
	d := mulAdd(1.0/6227020800, r, 1.0/479001600)
	return a + float64(r4*mulAdd(mulAdd(d, r4, c), r4, b))
}

// power2 is x·2^n.
func power2(x float64, n int) float64 {
	if n > -1000 && n < 1000 {
		return float64(x * math.Float64frombits(uint64(n+1023)<<52))
	}
	return math.Ldexp(x, n)
}

// Exp returns e to the power of x.
func Exp(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > 709.8:
		return math.Inf(1)
	case x < -745.2:
		return 0
	}
	n := math.RoundToEven(float64(x * (1 / math.Ln2)))
	r := x - float64(n*ln2Hi) - float64(n*ln2Lo)
	return power2(1+expm1Small(r), int(n))
}

// Exp2 returns 2 to the power of x.
func Exp2(x float64) float64 {
	switch {
	case x != x:
		return x
	case x >= 1024:
		return math.Inf(1)
	case x < -1076:
		return 0
	}
	n := math.RoundToEven(x)
	return power2(1+expm1Small(float64((x-n)*math.Ln2)), int(n))
}

// Expm1 returns exp(x)-1.
func Expm1(x float64) float64 {
	if x == 0 {
		return x // with its sign
	}
	if x < smallExp && x > -smallExp {
		return expm1Small(x)
	}
	return Exp(x) - 1
}

// logSeries are the coefficients of log((1+s)/(1-s))/2s in s², without the first, which
// is 1, from that of the highest degree down.
var logSeries = []float64{
	1.0 / 25, 1.0 / 23, 1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3,
}

// Log returns the natural logarithm of x.
func Log(x float64) float64 {
	switch {
	case x != x || x > math.MaxFloat64:
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	f, k := math.Frexp(x)
	if f < math.Sqrt2/2 {
		f *= 2
		k--
	}
	s := (f - 1) / (f + 1)
	z := float64(s * s)
	small := float64(2*s*z*horner(z, logSeries)) + float64(float64(k)*ln2Lo)
	return float64(float64(k)*ln2Hi) + (float64(2*s) + small)
}

// Log1p returns log(1+x).
func Log1p(x float64) float64 {
	u := 1 + x
	if u == 1 {
		return x
	}
	if u <= 0 || u > math.MaxFloat64 || u != u {
		return Log(u)
	}
	return Log(u) + (x-(u-1))/u
}

// Pow returns x to the power of y.
func Pow(x, y float64) float64 {
	a := math.Abs(x)
	if special(a) || special(math.Abs(y)) || a == 1 || y == 1 {
		return math.Pow(x, y) // which is exact then
	}
	p := power(a, y)
	if x > 0 {
		return p
	}
	// Every float64 from 2^53 on is even.
	switch whole, part := math.Modf(y); {
	case part != 0:
		return math.NaN()
	case math.Mod(whole, 2) != 0:
		return -p
	}
	return p
}

// power is a to the power of y for a above 0. Small whole powers are products, which
// are exact where there is nothing to round.
func power(a, y float64) float64 {
	if n := math.Abs(y); n <= 64 && n == math.Trunc(n) {
		p := 1.0
		for k, square := int(n), a; k > 0; k, square = k>>1, square*square {
			if k&1 != 0 {
				p *= square
			}
		}
		if p > 1e-300 && p < 1e300 {
			if y < 0 {
				return 1 / p
			}
			return p
		}
	}
	return Exp(float64(y * Log(a)))
}

func special(a float64) bool { return a == 0 || a != a || a > math.MaxFloat64 }
