package embed

import (
	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// rank returns the number of axes. A description may give flexible shapes in place
// of the plain one, which then says nothing.
func rank(f *coreml.FeatureDescription) int {
	switch {
	case len(f.Ranges) > 0:
		return len(f.Ranges)
	case len(f.Enumerated) > 0:
		return len(f.Enumerated[0])
	}
	return len(f.Shape)
}

// bounds returns the smallest and the greatest size of an axis, counted from the
// end when negative. The greatest is -1 where there is none.
func bounds(f *coreml.FeatureDescription, axis int) (lo, hi int) {
	if axis < 0 {
		axis += rank(f)
	}
	switch {
	case axis < 0 || axis >= rank(f):
		return 1, 1
	case len(f.Ranges) > 0:
		return max(f.Ranges[axis].Lower, 1), f.Ranges[axis].Upper
	case len(f.Enumerated) > 0:
		lo = f.Enumerated[0][axis]
		for _, shape := range f.Enumerated {
			if axis < len(shape) {
				lo, hi = min(lo, shape[axis]), max(hi, shape[axis])
			}
		}
		return lo, hi
	}
	return f.Shape[axis], f.Shape[axis]
}

// isNumber reports whether a feature is an array of numbers.
func isNumber(f *coreml.FeatureDescription) bool {
	return f.Kind == coreml.KindMultiArray && f.DType != tensor.Bool && f.DType != tensor.Invalid
}

// isFloat reports whether a feature is an array of floats.
func isFloat(f *coreml.FeatureDescription) bool {
	return f.Kind == coreml.KindMultiArray && (f.DType == tensor.Float16 || f.DType == tensor.Float32 || f.DType == tensor.Float64)
}

// sameLength reports whether an input can have the lengths of the tokens.
func sameLength(f, tokens *coreml.FeatureDescription) bool {
	if rank(f) < 1 || rank(f) > 2 {
		return false
	}
	lo, hi := bounds(f, -1)
	tlo, thi := bounds(tokens, -1)
	return (hi < 0 || tlo <= hi) && (thi < 0 || lo <= thi)
}
