package kernel

import "math"

// The functions whose names end in Until ask stop now and then and return early,
// with results that nobody may use, once it says true. A nil stop never does. Rows
// of up to longRow elements are computed as the functions without Until do.

// longRow is the number of elements from which one pass over a row takes a part of
// a millisecond. Longer rows are summed in pieces of pieceLen, in float64.
const (
	longRow  = 1 << 19
	pieceLen = 1 << 16
)

// stops asks a function that may be missing.
func stops(stop func() bool) bool { return stop != nil && stop() }

// pieces calls f for the ranges that make up 0 to n-1 and reports whether it
// came to the end. f is not called for n of 0.
func pieces(stop func() bool, n int, f func(lo, hi int)) bool {
	for lo := 0; lo < n; lo += pieceLen {
		if stops(stop) {
			return false
		}
		f(lo, min(lo+pieceLen, n))
	}
	return true
}

// SoftmaxUntil is [Softmax].
func SoftmaxUntil(stop func() bool, x []float32) {
	if len(x) <= longRow {
		Softmax(x)
		return
	}
	most, sum := float32(math.Inf(-1)), 0.0
	pieces(stop, len(x), func(lo, hi int) { most = max(most, MaxF32(x[lo:hi])) })
	pieces(stop, len(x), func(lo, hi int) { sum += float64(expSum(x[lo:hi], most)) })
	pieces(stop, len(x), func(lo, hi int) { Scale(x[lo:hi], x[lo:hi], float32(1/sum)) })
}

// LayerNormUntil is [LayerNorm]. The first pass makes the mean, the second
// centres and squares, the third scales.
func LayerNormUntil(stop func() bool, dst, x, gamma, beta []float32, eps float32) {
	n := len(dst)
	if n <= longRow {
		LayerNorm(dst, x, gamma, beta, eps)
		return
	}
	x = x[:n]
	sum, squares := 0.0, 0.0
	pieces(stop, n, func(lo, hi int) { sum += float64(SumF32(x[lo:hi])) })
	mean := float32(sum / float64(n))
	pieces(stop, n, func(lo, hi int) {
		shift(dst[lo:hi], x[lo:hi], -mean)
		squares += float64(SumSquares(dst[lo:hi]))
	})
	inv := float32(1 / math.Sqrt(squares/float64(n)+float64(eps)))
	pieces(stop, n, func(lo, hi int) {
		part := dst[lo:hi]
		if gamma == nil {
			Scale(part, part, inv)
		} else {
			mulScale(part, part, gamma[lo:hi], inv)
		}
		if beta != nil {
			Add(part, part, beta[lo:hi])
		}
	})
}

// SumSquaresUntil is [SumSquares].
func SumSquaresUntil(stop func() bool, x []float32) float32 {
	if len(x) <= longRow {
		return SumSquares(x)
	}
	sum := 0.0
	pieces(stop, len(x), func(lo, hi int) { sum += float64(SumSquares(x[lo:hi])) })
	return float32(sum)
}

// roundUntil is [RoundF16] and scaleUntil [Scale], in place.
func roundUntil(stop func() bool, x []float32) {
	pieces(stop, len(x), func(lo, hi int) { RoundF16(x[lo:hi]) })
}

func scaleUntil(stop func() bool, x []float32, s float32) {
	pieces(stop, len(x), func(lo, hi int) { Scale(x[lo:hi], x[lo:hi], s) })
}
