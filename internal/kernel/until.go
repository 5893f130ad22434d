package kernel

import "math"

// The functions whose names end in Until ask stop now and then and return early,
// with results that nobody may use, once it says true. A nil stop never does. They
// compute the bits that the functions without Until do: a piece is of whole chunks, and
// its sum goes on from that of the pieces before.

// longRow is the number of elements from which one pass over a row takes a part of
// a millisecond. Longer rows are computed in pieces of pieceLen.
const (
	longRow  = 1 << 19
	pieceLen = 128 * chunkCols
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
	most, sum := float32(math.Inf(-1)), negZero
	pieces(stop, len(x), func(lo, hi int) { most = max(most, MaxF32(x[lo:hi])) })
	pieces(stop, len(x), func(lo, hi int) { sum = expSumFrom(sum, x[lo:hi], most) })
	pieces(stop, len(x), func(lo, hi int) { Scale(x[lo:hi], x[lo:hi], 1/sum) })
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
	sum, squares := negZero, negZero
	pieces(stop, n, func(lo, hi int) { sum = sumFrom(sum, x[lo:hi]) })
	mean := float32(float64(sum) / float64(n))
	pieces(stop, n, func(lo, hi int) {
		shift(dst[lo:hi], x[lo:hi], -mean)
		squares = squaresFrom(squares, dst[lo:hi])
	})
	inv := float32(1 / math.Sqrt(float64(squares)/float64(n)+float64(eps)))
	pieces(stop, n, func(lo, hi int) {
		part := dst[lo:hi]
		if gamma == nil {
			Scale(part, part, inv)
		} else {
			MulScale(part, part, gamma[lo:hi], inv)
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
	sum := negZero
	pieces(stop, len(x), func(lo, hi int) { sum = squaresFrom(sum, x[lo:hi]) })
	return sum
}
