package kernel

import (
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Sums in the order that order.go states. Assembly takes whole groups of lanes, and
// what is left of a row copied and filled up.

// Dot returns the sum of a[i]*b[i], 0 of none. The slices have the same length.
func Dot(a, b []float32) float32 {
	b = b[:len(a)]
	if !useAsm || len(a) == 0 {
		return dotOrdered(a, b)
	}
	n, rest := len(a)/lanes, len(a)%lanes
	if rest == 0 {
		return dotAsm(&a[0], &b[0], n, nil, negZero)
	}
	var last [2 * lanes]float32
	copy(last[:rest], a[lanes*n:])
	copy(last[lanes:], b[lanes*n:])
	return dotAsm(&a[0], &b[0], n, &last[0], negZero)
}

// DotF16 returns the sum of w[i]*x[i] for half-precision w. The halves are
// widened, which is exact, before they are multiplied.
func DotF16(w []uint16, x []float32) float32 {
	x = x[:len(w)]
	switch {
	case len(w) == 0:
		return 0
	case !useAsm:
		return dotF16Ordered(w, x)
	}
	n, rest := len(w)/lanes, len(w)%lanes
	if rest == 0 {
		return dotF16Asm(&w[0], &x[0], n, nil, negZero)
	}
	var last [2 * lanes]float32
	for i, h := range w[lanes*n:] {
		last[i] = dtype.Float16ToFloat32(h)
	}
	copy(last[lanes:], x[lanes*n:])
	return dotF16Asm(&w[0], &x[0], n, &last[0], negZero)
}

// SumF32 returns the sum of x, 0 of none.
func SumF32(x []float32) float32 {
	if len(x) == 0 {
		return 0
	}
	return sumFrom(negZero, x)
}

// sumFrom is SumF32 that goes on from the sum of the chunks before.
func sumFrom(total float32, x []float32) float32 {
	if !useAsm || len(x) == 0 {
		return sumOrderedFrom(total, x)
	}
	n, rest := len(x)/lanes, len(x)%lanes
	if rest == 0 {
		return sumAsm(&x[0], n, nil, total)
	}
	var last [lanes]float32
	copy(last[:], x[lanes*n:])
	return sumAsm(&x[0], n, &last[0], total)
}

// SumSquares returns the sum of x[i]*x[i], 0 of none.
func SumSquares(x []float32) float32 {
	if len(x) == 0 {
		return 0
	}
	return squaresFrom(negZero, x)
}

// squaresFrom is SumSquares that goes on from the sum of the chunks before. It is a dot
// product that loads each element once.
func squaresFrom(total float32, x []float32) float32 {
	if !useAsm || len(x) == 0 {
		return dotOrderedFrom(total, x, x)
	}
	n, rest := len(x)/lanes, len(x)%lanes
	if rest == 0 {
		return squaresAsm(&x[0], n, nil, total)
	}
	var last [lanes]float32
	copy(last[:], x[lanes*n:])
	return squaresAsm(&x[0], n, &last[0], total)
}

// expSum replaces x by exp(x-shift) and returns the sum.
func expSum(x []float32, shift float32) float32 { return expSumFrom(negZero, x, shift) }

// expSumFrom is expSum that goes on from the sum of the chunks before.
func expSumFrom(total float32, x []float32, shift float32) float32 {
	if !useAsm || len(x) == 0 {
		return expSumOrderedFrom(total, x, shift)
	}
	n, rest := len(x)/lanes, len(x)%lanes
	if rest == 0 {
		return expSumAsm(&x[0], n, nil, shift, total)
	}
	// The exponential of what is filled up with is 0, also where shift is infinite and
	// the sum therefore not a number.
	last := [lanes]float32{}
	for i := copy(last[:], x[lanes*n:]); i < lanes; i++ {
		last[i] = float32(math.Inf(-1))
	}
	sum := expSumAsm(&x[0], n, &last[0], shift, total)
	copy(x[lanes*n:], last[:])
	return sum
}

// MaxF32 returns the greatest element that is not NaN, or -Inf when there is
// none. Softmax relies on NaN being left out: it comes back by way of exp. Of zeros
// it returns +0.
func MaxF32(x []float32) float32 {
	m, done := float32(math.Inf(-1)), 0
	if useAsm {
		if done = len(x) &^ 7; done > 0 {
			m = maxAsm(&x[0], done)
		}
	}
	for _, v := range x[done:] {
		if v > m {
			m = v
		}
	}
	return m + 0
}
