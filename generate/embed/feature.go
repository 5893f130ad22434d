package embed

import (
	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
	"github.com/gocoreml/coreml/tensor"
)

// bounds is [axes.Bounds] without the size 0 of ranges: a prediction takes a token.
func bounds(f *coreml.FeatureDescription, axis int) (lo, hi int) {
	lo, hi = axes.Bounds(f, axis)
	if len(f.Ranges) > 0 {
		lo = max(lo, 1)
	}
	return lo, hi
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
	if axes.Rank(f) < 1 || axes.Rank(f) > 2 {
		return false
	}
	lo, hi := bounds(f, -1)
	tlo, thi := bounds(tokens, -1)
	return (hi < 0 || tlo <= hi) && (thi < 0 || lo <= thi)
}
