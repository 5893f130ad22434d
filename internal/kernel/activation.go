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

// expSum replaces x by exp(x-shift) and returns the sum. The assembly takes
// whole groups of 8; the tail is computed in float64 and rounded. So an
// element's value may depend on whether it lies in the tail, but never on how
// work is split: rows are not cut.
func expSum(x []float32, shift float32) float32 {
	done, sum := 0, float32(0)
	if useAsm {
		if done = len(x) &^ 7; done > 0 {
			sum = expSumAsm(&x[0], done, shift)
		}
	}
	for i, v := range x[done:] {
		e := float32(math.Exp(float64(v - shift)))
		x[done+i] = e
		sum += e
	}
	return sum
}

// Exp stores exp(x[i]) in dst, which may be x. Below -105 it is 0, above 89 it
// is +Inf.
func Exp(dst, x []float32) {
	x = x[:len(dst)]
	done := 0
	if useAsm {
		if done = len(dst) &^ 7; done > 0 {
			expAsm(&dst[0], &x[0], done)
		}
	}
	for i := done; i < len(dst); i++ {
		dst[i] = float32(math.Exp(float64(x[i])))
	}
}

// Silu stores x/(1+exp(-x)) in dst, which may be x.
func Silu(dst, x []float32) {
	x = x[:len(dst)]
	done := 0
	if useAsm {
		if done = len(dst) &^ 7; done > 0 {
			siluAsm(&dst[0], &x[0], done)
		}
	}
	for i := done; i < len(dst); i++ {
		v := float64(x[i])
		dst[i] = float32(v / (1 + math.Exp(-v)))
	}
}

// sqrt(2/pi) and the cubic coefficient of the tanh form of GELU (Hendrycks and
// Gimpel, 2016).
const (
	geluA = 0.7978845608028654
	// The polynomial's coefficient, as in the paper and in PyTorch.
	geluB = 0.044715
)

// GeluTanh stores 0.5·x·(1+tanh(sqrt(2/π)·(x+0.044715·x³))) in dst, which may
// be x. It is computed as x/(1+exp(-2u)), the same function.
func GeluTanh(dst, x []float32) {
	x = x[:len(dst)]
	done := 0
	if useAsm {
		if done = len(dst) &^ 7; done > 0 {
			geluTanhAsm(&dst[0], &x[0], done)
		}
	}
	for i := done; i < len(dst); i++ {
		v := float64(x[i])
		u := geluA * (v + geluB*v*v*v)
		dst[i] = float32(v / (1 + math.Exp(-2*u)))
	}
}

// GeluErf stores 0.5·x·(1+erf(x/sqrt 2)) in dst, which may be x. For negative x
// erfc keeps the digits that 1+erf would lose.
func GeluErf(dst, x []float32) {
	x = x[:len(dst)]
	done := 0
	if useAsm {
		if done = len(dst) &^ 7; done > 0 {
			geluErfAsm(&dst[0], &x[0], done)
		}
	}
	for i := done; i < len(dst); i++ {
		v := float64(x[i])
		dst[i] = float32(0.5 * v * math.Erfc(-v/math.Sqrt2))
	}
}
