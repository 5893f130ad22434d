package generate

import (
	"fmt"
	"math"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
	"github.com/gocoreml/coreml/tensor"
)

// The functions of this file say why a feature cannot have a use, in words that
// continue a sentence whose subject is the feature, and "" where it can.
// Detection asks them of features that it found, and the check of a driver file
// of those that the file names.

// notTokens says why an input cannot take token ids. Older exports declare them
// as floats, which hold every id of their vocabulary.
func notTokens(f *coreml.FeatureDescription) string {
	switch {
	case f.DType != tensor.Int32 && f.DType != tensor.Float32 && f.DType != tensor.Float16:
		return fmt.Sprintf("is of type %v, want int32, or float32 or float16 for an older export", f.DType)
	case axes.Rank(f) != 2 || !allowsSize(f, 0, 1):
		return "has not the shape [1, q]"
	}
	return ""
}

// notMask says why an input cannot take the additive causal mask.
func notMask(f *coreml.FeatureDescription) string {
	switch {
	case f.DType != tensor.Float32 && f.DType != tensor.Float16:
		return fmt.Sprintf("is of type %v, want float32 or float16", f.DType)
	case axes.Rank(f) != 4 || !allowsSize(f, 0, 1) || !allowsSize(f, 1, 1):
		return "has not the shape [1, 1, q, past+q]"
	}
	return ""
}

// notAttentionMask says why an input cannot take ones for tokens and zeros for
// padding. Every element type can hold these.
func notAttentionMask(f *coreml.FeatureDescription) string {
	if axes.Rank(f) != 2 || !allowsSize(f, 0, 1) {
		return "has not the shape [1, n]"
	}
	return ""
}

// notLogits says why an output cannot give logits. Some packages declare no
// shape for them at all, which is no reason.
func notLogits(f *coreml.FeatureDescription) string {
	if f.DType != tensor.Float32 && f.DType != tensor.Float16 {
		return fmt.Sprintf("is of type %v, want float32 or float16", f.DType)
	}
	n := axes.Rank(f)
	for axis := range n - 2 {
		if !allowsSize(f, axis, 1) {
			return "has not the shape [1, q, vocabulary]"
		}
	}
	if lo, hi := axes.Bounds(f, -1); n > 0 && lo == hi && hi < 2 {
		return fmt.Sprintf("has %d logits for a token", hi)
	}
	return ""
}

// notCache says why an output cannot become an input of the next prediction. It
// names both features, and is a sentence of its own.
func notCache(in, out *coreml.FeatureDescription) string {
	switch {
	case in.Flexible():
		return fmt.Sprintf("cache input %s has no fixed shape", in)
	case in.DType != out.DType:
		return fmt.Sprintf("input %s and output %s differ in type", in, out)
	case out.Check(in.Shape...) != nil:
		return fmt.Sprintf("input %s and output %s differ in shape", in, out)
	}
	return ""
}

// notConstant says why an input cannot be filled with a number, in a sentence of
// its own. A number that its type would change, as 1.5 in an int32, is refused:
// it cannot be what its author meant.
func notConstant(f *coreml.FeatureDescription, v float64) string {
	if f.Flexible() {
		return fmt.Sprintf("constant input %s has no fixed shape", f)
	}
	stored := tensor.FromSlice([]float64{v}).To(f.DType).To(tensor.Float64)
	back, err := tensor.Item[float64](stored)
	switch {
	case err != nil:
		return fmt.Sprintf("input %s: %v", f, err)
	case math.IsNaN(v) || math.IsInf(back, 0):
		return fmt.Sprintf("%v is no number that input %s can hold", v, f)
	case f.DType.IsInt() && back != v:
		return fmt.Sprintf("%v is no whole number that input %s can hold", v, f)
	}
	return ""
}
