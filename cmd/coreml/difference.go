package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/gocoreml/coreml/tensor"
)

// How far two tensors are apart, by which check and verify judge.

// difference is how far two tensors are apart.
//
// Both are needed: one element that is far off hardly turns the direction of a
// million others, and a small error everywhere stays below every limit of the first
// kind.
type difference struct {
	relative float64 // the largest difference, in parts of the largest value
	cosine   float64
}

// compare measures the difference between what came and what was recorded.
func compare(got, want *tensor.Tensor) (difference, error) {
	// A tensor that carries an error has no shape: the error says more.
	if !slices.Equal(got.Shape(), want.Shape()) {
		if err := got.Err(); err != nil {
			return difference{}, err
		}
		return difference{}, fmt.Errorf("shape %v where %v was recorded", got.Shape(), want.Shape())
	}
	a, err := tensor.Values[float64](got)
	if err != nil {
		return difference{}, err
	}
	b, err := tensor.Values[float64](want)
	if err != nil {
		return difference{}, err
	}
	// In float64, whatever the types: float16 squares overflow.
	var apart, largest, dot, aa, bb float64
	for i := range a {
		if a[i] == b[i] && math.IsInf(a[i], 0) {
			continue // equal infinities are equal
		}
		apart = nanMax(apart, math.Abs(a[i]-b[i]))
		largest = nanMax(largest, math.Abs(b[i]))
		dot += a[i] * b[i]
		aa += a[i] * a[i]
		bb += b[i] * b[i]
	}
	d := difference{cosine: 1}
	if apart != 0 {
		// All that was recorded may be zeros; the infinity that comes out passes no
		// limit.
		d.relative = apart / largest
	}
	if aa != bb || dot != aa {
		d.cosine = dot / math.Sqrt(aa) / math.Sqrt(bb)
	}
	return d, nil
}

// nanMax is max that keeps a NaN.
func nanMax(a, b float64) float64 {
	if math.IsNaN(a) || b <= a {
		return a
	}
	return b
}

// nonFinite reports what no arithmetic goes on with.
func nonFinite(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }
