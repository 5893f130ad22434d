//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/objc"
	"github.com/gocoreml/coreml/tensor"
)

// featureKinds are MLFeatureType's values. A kind without an entry is newer
// than this module.
var featureKinds = map[int]engine.FeatureKind{
	objc.MLFeatureTypeInt64: engine.Int64, objc.MLFeatureTypeDouble: engine.Double, objc.MLFeatureTypeString: engine.String,
	objc.MLFeatureTypeImage: engine.Image, objc.MLFeatureTypeMultiArray: engine.MultiArray, objc.MLFeatureTypeDictionary: engine.Dictionary,
	objc.MLFeatureTypeSequence: engine.Sequence, objc.MLFeatureTypeState: engine.StateArray,
}

// tensorTypes are MLMultiArrayDataType's values: 0x10000 or 0x20000 for floats
// or integers, plus the bits. int8 came with macOS 26.
var tensorTypes = map[int]tensor.DType{
	objc.MLMultiArrayDataTypeDouble: tensor.Float64, objc.MLMultiArrayDataTypeFloat32: tensor.Float32, objc.MLMultiArrayDataTypeFloat16: tensor.Float16,
	objc.MLMultiArrayDataTypeInt32: tensor.Int32, objc.MLMultiArrayDataTypeInt8: tensor.Int8,
}

// tensorType returns the element type of an array of the framework. The number
// comes from the framework, which a later system may extend.
func tensorType(arrayType int) (tensor.DType, error) {
	if d, ok := tensorTypes[arrayType]; ok {
		return d, nil
	}
	return tensor.Invalid, fmt.Errorf("element type %#x is not one that Core ML had when this was written: %w", arrayType, tensor.ErrDType)
}

// arrayType returns the framework's name of an element type. A system that does
// not know a type raises when it is asked for an array of it. The stand-in has
// no version and takes all of them.
func arrayType(d tensor.DType) (int, error) {
	if v := objc.OSVersion(); d == tensor.Int8 && !v.IsZero() && v.Major < 26 {
		return 0, fmt.Errorf("arrays of %v: %w: they need macOS 26", d, engine.ErrUnsupportedOS)
	}
	for a, t := range tensorTypes {
		if t == d {
			return a, nil
		}
	}
	return 0, fmt.Errorf("core ML has no arrays of %v: %w", d, tensor.ErrDType)
}

// checkArray says whether the framework takes t for the feature. The API has
// asked already; but what it would let pass here ends the process. The provider
// is filled from t's bytes as they lie, hence contiguous.
func checkArray(f *engine.Feature, t *tensor.Tensor) error {
	if err := t.Err(); err != nil {
		return err
	}
	if t.DType() != f.DType {
		return fmt.Errorf("element type %v, want %v: %w", t.DType(), f.DType, tensor.ErrDType)
	}
	if !t.IsContiguous() {
		return fmt.Errorf("is not contiguous: %w", tensor.ErrNotContiguous)
	}
	shape := t.Shape()
	if _, err := elements(shape, t.DType().Size()); err != nil {
		return err
	}
	return checkShape(f, shape)
}

// checkShape says whether a feature allows a shape. A feature without any shape
// leaves the choice to the caller.
func checkShape(f *engine.Feature, shape []int) error {
	switch {
	case f.Enumerated != nil:
		if slices.ContainsFunc(f.Enumerated, func(s []int) bool { return slices.Equal(s, shape) }) {
			return nil
		}
		return fmt.Errorf("shape %v is not one of %v: %w", shape, f.Enumerated, tensor.ErrShape)
	case f.Ranges != nil:
		if len(shape) != len(f.Ranges) {
			return fmt.Errorf("rank %d, want %d: %w", len(shape), len(f.Ranges), tensor.ErrShape)
		}
		for k, r := range f.Ranges {
			if shape[k] < r.Lower || r.Upper >= 0 && shape[k] > r.Upper {
				return fmt.Errorf("dimension %d of shape %v is not in %s: %w", k, shape, rangeText(r), tensor.ErrShape)
			}
		}
		return nil
	case len(f.Shape) > 0 && !slices.Equal(f.Shape, shape):
		return fmt.Errorf("shape %v, want %v: %w", shape, f.Shape, tensor.ErrShape)
	}
	return nil
}

// rangeText shows a range of sizes to people.
func rangeText(r engine.Range) string {
	if r.Upper < 0 {
		return strconv.Itoa(r.Lower) + ".."
	}
	return strconv.Itoa(r.Lower) + ".." + strconv.Itoa(r.Upper)
}
