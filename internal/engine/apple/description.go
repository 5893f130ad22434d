//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/objc"
	"github.com/gocoreml/coreml/tensor"
)

// The pixel formats of images that Core ML takes and gives. CoreVideo calls them
// kCVPixelFormatType_32BGRA, OneComponent8 and OneComponent16Half.
const (
	formatBGRA = 0x42475241
	formatGray = objc.CVPixelFormatOneComponent8
	formatHalf = objc.CVPixelFormatOneComponent16Half
)

// formatPixels is the way back from a format. BGR is missing: Core ML has one
// format for both orders, and only the package tells which was meant.
var formatPixels = map[int64]engine.Pixels{formatBGRA: engine.RGB, formatGray: engine.Gray, formatHalf: engine.GrayHalf}

// describe turns a model's description into engine-neutral terms. What the
// framework says of kinds, types and shapes decides; the outline adds what it
// does not say. It must be called inside a pool. The result holds Go values
// only and outlives the pool. An unknown kind of feature is an error, as a
// prediction would need it.
func describe(m objc.ID, o *outline) (*engine.Description, error) {
	d := &engine.Description{
		Function: o.function, Functions: o.functions, DefaultFunction: o.defaultFunction,
		ShortDescription: o.shortText, Version: o.release, Author: o.author, License: o.license,
		UserDefined: o.texts, SpecificationVersion: o.version,
	}
	if d.UserDefined == nil {
		d.UserDefined = map[string]string{}
	}
	for _, part := range []struct {
		what   string
		method *objc.Method
		order  []outlined
		to     *[]engine.Feature
	}{
		{"input", objc.MLModelDescription.Inputs, o.inputs, &d.Inputs},
		{"output", objc.MLModelDescription.Outputs, o.outputs, &d.Outputs},
		{"state", objc.MLModelDescription.States, o.states, &d.States},
	} {
		if !part.method.Available() {
			continue // states, before macOS 15
		}
		features, err := describeAll(objc.Send(m, part.method), part.order)
		if err != nil {
			return nil, fmt.Errorf("%s %w", part.what, err)
		}
		*part.to = features
	}
	classes(m, d)
	// An empty outline means that the file was not one that this module reads,
	// so the texts have not been read either.
	if len(o.inputs)+len(o.outputs) == 0 {
		metadata(m, d)
	}
	return d, nil
}

// describeAll describes features in the order of the package, where that is
// known. The framework gives them as a dictionary, whose order means nothing.
func describeAll(byName objc.ID, order []outlined) ([]engine.Feature, error) {
	found := objc.Entries(byName)
	features := make(map[string]engine.Feature, len(found))
	for name, d := range found {
		f, err := describeFeature(d)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		f.Name = name
		features[name] = f
	}
	return arrange(features, order), nil
}

// describeFeature describes one input or output. Strings and dictionaries get
// type and shape from classes, where they are a classifier's; sequences keep
// their kind alone, and predictions with them are refused. The constraint is
// nil for a feature that has none.
func describeFeature(d objc.ID) (engine.Feature, error) {
	kind, ok := featureKinds[int(objc.SendInt(d, objc.MLFeatureDescription.Type))]
	if !ok {
		return engine.Feature{}, fmt.Errorf("is of a kind that Core ML did not have when this was written")
	}
	f := engine.Feature{Kind: kind, Optional: objc.SendBool(d, objc.MLFeatureDescription.IsOptional)}
	var err error
	switch kind {
	case engine.MultiArray:
		if c := objc.Send(d, objc.MLFeatureDescription.MultiArrayConstraint); c != 0 {
			err = describeArray(&f, c)
		}
	case engine.StateArray:
		if c := objc.Send(d, objc.MLFeatureDescription.StateConstraint); c != 0 {
			err = describeState(&f, c)
		}
	case engine.Image:
		if c := objc.Send(d, objc.MLFeatureDescription.ImageConstraint); c != 0 {
			err = describeImage(&f, c)
		}
	case engine.Int64:
		f.DType, f.Shape = tensor.Int64, []int{1}
	case engine.Double:
		f.DType, f.Shape = tensor.Float64, []int{1}
	default:
	}
	return f, err
}

// describeArray reads the constraint of a multi-array: type, default shape, and
// the shapes or sizes that are allowed. An unspecified constraint leaves the
// shape as the only one allowed.
func describeArray(f *engine.Feature, c objc.ID) (err error) {
	m := &objc.MLMultiArrayConstraint
	if f.DType, err = tensorType(int(objc.SendInt(c, m.DataType))); err != nil {
		return err
	}
	if f.Shape, err = dimensions(objc.Send(c, m.Shape)); err != nil {
		return err
	}
	s := objc.Send(c, m.ShapeConstraint)
	switch objc.SendInt(s, objc.MLMultiArrayShapeConstraint.Type) {
	case objc.MLMultiArrayShapeConstraintTypeEnumerated:
		for _, e := range objc.Elements(objc.Send(s, objc.MLMultiArrayShapeConstraint.EnumeratedShapes)) {
			shape, err := dimensions(e)
			if err != nil {
				return err
			}
			f.Enumerated = append(f.Enumerated, shape)
		}
	case objc.MLMultiArrayShapeConstraintTypeRange:
		for _, v := range objc.Elements(objc.Send(s, objc.MLMultiArrayShapeConstraint.SizeRanges)) {
			allowed, err := objc.GoRange(v)
			if err != nil {
				return err
			}
			r, err := sizeRange(allowed)
			if err != nil {
				return err
			}
			f.Ranges = append(f.Ranges, r)
		}
	}
	f.Shape, f.Enumerated, f.Ranges = plainShapes(f.Shape, f.Enumerated, f.Ranges)
	return nil
}

// plainShapes drops constraints that only repeat the shape, which the framework
// gives to arrays of a fixed one. An engine-neutral feature has either list or
// ranges only where the shape may vary, which is how callers tell fixed inputs
// from flexible ones.
func plainShapes(shape []int, enumerated [][]int, ranges []engine.Range) ([]int, [][]int, []engine.Range) {
	if len(enumerated) == 1 && slices.Equal(enumerated[0], shape) {
		enumerated = nil
	}
	if len(ranges) == len(shape) {
		fixed := true
		for k, r := range ranges {
			fixed = fixed && r.Lower == shape[k] && r.Upper == shape[k]
		}
		if fixed {
			ranges = nil
		}
	}
	if slices.Contains(shape, 0) {
		shape = nil // left open
	}
	return shape, enumerated, ranges
}

// sizeRange translates an NSRange: its length counts the allowed sizes. {1, 4}
// allows 1 to 4. A range without an end has a length near the largest integer;
// whatever goes beyond 31 bits is taken for open.
func sizeRange(r objc.Range) (engine.Range, error) {
	if r.Location > math.MaxInt32 {
		return engine.Range{}, fmt.Errorf("has a lower bound of %d", r.Location)
	}
	out := engine.Range{Lower: int(r.Location), Upper: -1}
	if end := r.End(); end <= math.MaxInt32 {
		out.Upper = max(int(end)-1, 0)
	}
	return out, nil
}

// dimensions reads a shape. 0 stands for a dimension that is left open.
func dimensions(numbers objc.ID) ([]int, error) {
	shape, err := objc.GoInts(numbers)
	if err != nil {
		return nil, err
	}
	for _, d := range shape {
		// Numbers of a file that the framework passed on: 31 bits keep products
		// of two of them within an int.
		if d < 0 || d > math.MaxInt32 {
			return nil, fmt.Errorf("has a dimension of %d", d)
		}
	}
	if len(shape) > tensor.MaxRank {
		return nil, fmt.Errorf("has %d dimensions", len(shape))
	}
	return shape, nil
}

// describeState reads the constraint of a state, which has a fixed shape. An
// open dimension is refused by elements: the buffer is made when there is no
// input yet.
func describeState(f *engine.Feature, c objc.ID) (err error) {
	if f.DType, err = tensorType(int(objc.SendInt(c, objc.MLStateConstraint.DataType))); err != nil {
		return err
	}
	if f.Shape, err = dimensions(objc.Send(c, objc.MLStateConstraint.BufferShape)); err != nil {
		return err
	}
	_, err = elements(f.Shape, f.DType.Size())
	return err
}

// describeImage describes an image as the array [1, channels, height, width]
// that a program makes of it: float32 from 0 to 255 for pixels of bytes,
// float16 for those of halves.
func describeImage(f *engine.Feature, c objc.ID) error {
	m := &objc.MLImageConstraint
	format := objc.SendInt(c, m.PixelFormatType)
	f.Pixels, f.DType = formatPixels[format], tensor.Float32
	channels := 1
	switch f.Pixels {
	case engine.NoPixels:
		return fmt.Errorf("has pixels of format %#x", format)
	case engine.RGB:
		channels = 3
	case engine.GrayHalf:
		f.DType = tensor.Float16
	default:
	}
	size := func(high, wide int64) ([]int, error) {
		if high < 0 || wide < 0 || high > math.MaxInt32 || wide > math.MaxInt32 {
			return nil, fmt.Errorf("has a size of %d by %d", wide, high)
		}
		return []int{1, channels, int(high), int(wide)}, nil
	}
	shape, err := size(objc.SendInt(c, m.PixelsHigh), objc.SendInt(c, m.PixelsWide))
	if err != nil {
		return err
	}
	f.Shape = shape
	s := objc.Send(c, m.SizeConstraint)
	switch objc.SendInt(s, objc.MLImageSizeConstraint.Type) {
	case objc.MLImageSizeConstraintTypeEnumerated:
		for _, e := range objc.Elements(objc.Send(s, objc.MLImageSizeConstraint.EnumeratedSizes)) {
			shape, err := size(objc.SendInt(e, objc.MLImageSize.PixelsHigh), objc.SendInt(e, objc.MLImageSize.PixelsWide))
			if err != nil {
				return err
			}
			f.Enumerated = append(f.Enumerated, shape)
		}
	case objc.MLImageSizeConstraintTypeRange:
		// Batch and channels are no choice; only height and width have ranges.
		f.Ranges = []engine.Range{{Lower: 1, Upper: 1}, {Lower: channels, Upper: channels}}
		for _, method := range []*objc.Method{objc.MLImageSizeConstraint.HighRange, objc.MLImageSizeConstraint.WideRange} {
			r, err := sizeRange(objc.SendRange(s, method))
			if err != nil {
				return err
			}
			f.Ranges = append(f.Ranges, r)
		}
	}
	f.Shape, f.Enumerated, f.Ranges = plainShapes(f.Shape, f.Enumerated, f.Ranges)
	return nil
}

// classes gives the outputs of a classifier their labels. A label is text or a
// number. Indices into Labels are what the API gives, so a classifier's results
// become tensors: the class as an int64 index, the probabilities as float64 in
// the order of the labels.
func classes(m objc.ID, d *engine.Description) {
	md := &objc.MLModelDescription
	if !md.ClassLabels.Available() {
		return
	}
	best := objc.GoString(objc.Send(m, md.PredictedFeatureName))
	all := objc.GoString(objc.Send(m, md.PredictedProbabilitiesName))
	if best == "" && all == "" {
		return
	}
	var labels []string
	for _, l := range objc.Elements(objc.Send(m, md.ClassLabels)) {
		if objc.IsKind(l, objc.NSNumber.Class) {
			labels = append(labels, strconv.FormatInt(objc.GoInt(l), 10))
			continue
		}
		labels = append(labels, objc.GoString(l))
	}
	for k := range d.Outputs {
		f := &d.Outputs[k]
		switch {
		case f.Name == best && (f.Kind == engine.String || f.Kind == engine.Int64):
			f.Labels, f.DType, f.Shape = labels, tensor.Int64, []int{1}
		case f.Name == all && f.Kind == engine.Dictionary:
			f.Labels, f.DType, f.Shape = labels, tensor.Float64, []int{len(labels)}
		}
	}
}

// metadata reads what the author wrote, for models whose file is not read here.
// It must be called inside a pool, like everything that returns borrowed
// objects.
func metadata(m objc.ID, d *engine.Description) {
	all := objc.Send(m, objc.MLModelDescription.Metadata)
	for _, part := range []struct {
		key *objc.Symbol
		to  *string
	}{
		{objc.CoreML.DescriptionKey, &d.ShortDescription},
		{objc.CoreML.VersionStringKey, &d.Version},
		{objc.CoreML.AuthorKey, &d.Author},
		{objc.CoreML.LicenseKey, &d.License},
	} {
		*part.to = objc.GoString(objc.Get(all, part.key.ID()))
	}
	for k, v := range objc.Entries(objc.Get(all, objc.CoreML.CreatorDefinedKey.ID())) {
		d.UserDefined[k] = objc.GoString(v)
	}
}
