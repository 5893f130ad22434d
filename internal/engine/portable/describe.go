package portable

import (
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/tensor"
)

// Describe turns what the file says of a function into engine-neutral terms. An
// error names the first feature that no engine can take; the description has
// what is known of all of them, for those who only look at the package. The
// strings are the package's, copied out of the file, and stay valid when it is
// closed.
func Describe(pkg *modelpkg.Package, f *milpb.FunctionDescription) (*engine.Description, error) {
	m := pkg.Model()
	d := &engine.Description{
		Function: f.Name, Functions: pkg.Functions(), DefaultFunction: pkg.DefaultFunction(),
		SpecificationVersion: int(m.SpecificationVersion), UserDefined: map[string]string{},
	}
	describeAuthor(d, m.Description)
	var first error
	for _, part := range []struct {
		from []milpb.FeatureDescription
		to   *[]engine.Feature
	}{{f.Input, &d.Inputs}, {f.Output, &d.Outputs}, {f.State, &d.States}} {
		for k := range part.from {
			ft, err := feature(&part.from[k])
			// The rest is described all the same: inspection shows what can be shown.
			if err != nil && first == nil {
				first = fmt.Errorf("function %s: feature %s: %w", mil.Plain(f.Name), mil.Plain(part.from[k].Name), err)
			}
			*part.to = append(*part.to, ft)
		}
	}
	return d, first
}

// describeAuthor copies what the author says of the model.
func describeAuthor(d *engine.Description, m *milpb.ModelDescription) {
	if m == nil || m.Metadata == nil {
		return
	}
	md := m.Metadata
	d.ShortDescription, d.Version, d.Author, d.License = md.ShortDescription, md.VersionString, md.Author, md.License
	for _, kv := range md.UserDefined {
		d.UserDefined[kv.Key] = kv.Value
	}
}

// featureKinds are the format's sorts of feature in the engine's terms.
var featureKinds = map[milpb.FeatureKind]engine.FeatureKind{
	milpb.Int64Feature: engine.Int64, milpb.DoubleFeature: engine.Double, milpb.StringFeature: engine.String,
	milpb.ImageFeature: engine.Image, milpb.MultiArrayFeature: engine.MultiArray,
	milpb.DictionaryFeature: engine.Dictionary, milpb.SequenceFeature: engine.Sequence,
	milpb.StateFeature: engine.StateArray,
}

// arrayTypes are the element types that cross a model's boundary: those of
// MLMultiArrayDataType, by the numbers of the format.
var arrayTypes = map[milpb.ArrayDataType]tensor.DType{
	milpb.ArrayFloat16: tensor.Float16, milpb.ArrayFloat32: tensor.Float32, milpb.ArrayDouble: tensor.Float64,
	milpb.ArrayInt8: tensor.Int8, milpb.ArrayInt32: tensor.Int32,
}

// feature describes one input, output or state.
func feature(m *milpb.FeatureDescription) (engine.Feature, error) {
	f := engine.Feature{Name: m.Name, Description: m.ShortDescription}
	if m.Type == nil {
		return f, fmt.Errorf("has no type")
	}
	// Kind 0 is what a file has that leaves the type out.
	kind, ok := featureKinds[m.Type.Kind]
	if !ok {
		return f, fmt.Errorf("has no type")
	}
	f.Kind, f.Optional = kind, m.Type.Optional
	switch {
	case m.Type.Image != nil:
		return f, imageFeature(&f, m.Type.Image)
	case m.Type.Array != nil:
		return f, arrayFeature(&f, m.Type.Array)
	}
	return f, nil
}

// arrayFeature describes a multi-array, or the one that a state holds. An
// output may have no shape.
func arrayFeature(f *engine.Feature, a *milpb.ArrayFeatureType) (err error) {
	var ok bool
	if f.DType, ok = arrayTypes[a.DataType]; !ok {
		return fmt.Errorf("has element type %d", a.DataType)
	}
	f.Default = a.Default
	if f.Shape, err = sizes(a.Shape); err != nil {
		return err
	}
	for _, e := range a.Enumerated {
		s, err := sizes(e.Sizes)
		if err != nil {
			return err
		}
		f.Enumerated = append(f.Enumerated, s)
	}
	for k := range a.Ranges {
		r, err := sizeRange(&a.Ranges[k])
		if err != nil {
			return err
		}
		f.Ranges = append(f.Ranges, r)
	}
	return nil
}

// sizes converts dimensions, checked: the program's own are bounded when it is
// read, a description's only here. 31 bits are more than any array here can
// have.
func sizes(s []int64) ([]int, error) {
	out := make([]int, len(s))
	for k, d := range s {
		if d < 0 || d > math.MaxInt32 {
			return nil, fmt.Errorf("has a dimension of %d", d)
		}
		out[k] = int(d)
	}
	return out, nil
}

// tensorTypes are the element types of states in those of tensors.
var tensorTypes = map[dtype.Type]tensor.DType{
	dtype.Bool: tensor.Bool, dtype.Float16: tensor.Float16, dtype.Float32: tensor.Float32,
	dtype.Float64: tensor.Float64, dtype.Int8: tensor.Int8, dtype.UInt8: tensor.UInt8,
	dtype.Int16: tensor.Int16, dtype.UInt16: tensor.UInt16, dtype.Int32: tensor.Int32,
}

// imagePixels are the values of ImageFeatureType.ColorSpace in FeatureTypes.proto.
var imagePixels = map[int32]engine.Pixels{10: engine.Gray, 20: engine.RGB, 30: engine.BGR, 40: engine.GrayHalf}

// imageFeature describes an image as the array that a program makes of it: [1,
// channels, height, width]. Size 0 by 0 is how the format leaves a size open.
func imageFeature(f *engine.Feature, m *milpb.ImageFeatureType) error {
	f.Pixels, f.DType = imagePixels[m.ColorSpace], tensor.Float32
	channels := int64(1)
	switch f.Pixels {
	case engine.NoPixels:
		return fmt.Errorf("has colour space %d", m.ColorSpace)
	case engine.RGB, engine.BGR:
		channels = 3
	case engine.GrayHalf:
		f.DType = tensor.Float16
	}
	var err error
	if m.Height != 0 || m.Width != 0 {
		if f.Shape, err = sizes([]int64{1, channels, m.Height, m.Width}); err != nil {
			return err
		}
	}
	for _, s := range m.Sizes {
		if s.Width > math.MaxInt32 || s.Height > math.MaxInt32 {
			return fmt.Errorf("has a size of %d by %d", s.Width, s.Height)
		}
		f.Enumerated = append(f.Enumerated, []int{1, int(channels), int(s.Height), int(s.Width)})
	}
	return imageRanges(f, m, int(channels))
}

// imageRanges describes the allowed sizes of an image that has ranges of them.
// Batch and channels are fixed.
func imageRanges(f *engine.Feature, m *milpb.ImageFeatureType, channels int) error {
	if m.Widths == nil && m.Heights == nil {
		return nil
	}
	f.Ranges = []engine.Range{{Lower: 1, Upper: 1}, {Lower: channels, Upper: channels}}
	for _, r := range []*milpb.SizeRange{m.Heights, m.Widths} {
		s, err := sizeRange(r)
		if err != nil {
			return err
		}
		f.Ranges = append(f.Ranges, s)
	}
	return nil
}

// sizeRange translates a range; none allows every size. A negative upper bound is how
// the format says that there is none; one above 2^31-1 comes to the same here.
func sizeRange(r *milpb.SizeRange) (engine.Range, error) {
	if r == nil {
		return engine.Range{Upper: -1}, nil
	}
	if r.Lower > array.MaxElements { // no array has so many elements
		return engine.Range{}, fmt.Errorf("has a lower bound of %d", r.Lower)
	}
	s := engine.Range{Lower: int(r.Lower), Upper: -1}
	if r.Upper >= 0 {
		s.Upper = int(min(r.Upper, math.MaxInt32))
	}
	return s, nil
}
