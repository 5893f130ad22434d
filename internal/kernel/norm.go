package kernel

import "math"

// RMSNorm stores x·gamma/sqrt(mean(x²)+eps) in dst, which may be x. A nil gamma
// stands for ones. The sum of squares is float32, the mean and the root
// float64: the sum has the error of [Dot].
func RMSNorm(dst, x, gamma []float32, eps float32) {
	if len(dst) == 0 {
		return
	}
	x = x[:len(dst)]
	inv := float32(1 / math.Sqrt(float64(SumSquares(x))/float64(len(x))+float64(eps)))
	if gamma == nil {
		Scale(dst, x, inv)
		return
	}
	MulScale(dst, x, gamma, inv)
}

// MulScale stores a[i]*s*b[i] in dst, which may be a or b. a[i]*s is rounded first: another
// order would change the last bit.
func MulScale(dst, a, b []float32, s float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	done := 0
	if useAsm {
		if done = len(dst) &^ 7; done > 0 {
			mulScaleAsm(&dst[0], &a[0], &b[0], done, s)
		}
	}
	for i := done; i < len(dst); i++ {
		dst[i] = a[i] * s * b[i]
	}
}

// LayerNorm stores (x-mean)/sqrt(var+eps)·gamma+beta in dst, which may be x.
// The variance is taken of the centred values, so a large mean costs no
// accuracy. A nil gamma stands for ones, a nil beta for zeros. It takes several
// passes over the row, which is in the cache after the first.
func LayerNorm(dst, x, gamma, beta []float32, eps float32) {
	n := len(dst)
	if n == 0 {
		return
	}
	x = x[:n]
	mean := float32(float64(SumF32(x)) / float64(n))
	shift(dst, x, -mean)
	inv := float32(1 / math.Sqrt(float64(SumSquares(dst))/float64(n)+float64(eps)))
	if gamma == nil {
		Scale(dst, dst, inv)
	} else {
		MulScale(dst, dst, gamma, inv)
	}
	if beta != nil {
		Add(dst, dst, beta)
	}
}

// shift stores a[i]+s in dst.
func shift(dst, a []float32, s float32) {
	a = a[:len(dst)]
	done := 0
	if useAsm {
		if done = len(dst) &^ 7; done > 0 {
			shiftAsm(&dst[0], &a[0], done, s)
		}
	}
	for i := done; i < len(dst); i++ {
		dst[i] = a[i] + s
	}
}
