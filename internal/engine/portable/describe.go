package portable

import (
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/tensor"
)

// describe turns what the file says of a function into engine-neutral terms.
func describe(pkg *modelpkg.Package, f *milpb.FunctionDescription) (*engine.Description, error) {
	m := pkg.Model()
	d := &engine.Description{
		Function: f.Name, Functions: pkg.Functions(), DefaultFunction: pkg.DefaultFunction(),
		SpecificationVersion: int(m.SpecificationVersion), UserDefined: map[string]string{},
	}
	if m.Description != nil && m.Description.Metadata != nil {
		md := m.Description.Metadata
		d.ShortDescription, d.Version, d.Author, d.License = md.ShortDescription, md.VersionString, md.Author, md.License
		for _, kv := range md.UserDefined {
			d.UserDefined[kv.Key] = kv.Value
		}
	}
	for _, part := range []struct {
		from []milpb.FeatureDescription
		to   *[]engine.Feature
	}{{f.Input, &d.Inputs}, {f.Output, &d.Outputs}, {f.State, &d.States}} {
		for k := range part.from {
			ft, err := feature(&part.from[k])
			if err != nil {
				return nil, fmt.Errorf("function %s: feature %s: %w", f.Name, part.from[k].Name, err)
			}
			*part.to = append(*part.to, ft)
		}
	}
	return d, nil
}

var featureKinds = map[milpb.FeatureKind]engine.FeatureKind{
	milpb.Int64Feature: engine.Int64, milpb.DoubleFeature: engine.Double, milpb.StringFeature: engine.String,
	milpb.ImageFeature: engine.Image, milpb.MultiArrayFeature: engine.MultiArray,
	milpb.DictionaryFeature: engine.Dictionary, milpb.SequenceFeature: engine.Sequence,
	milpb.StateFeature: engine.StateArray,
}

var arrayTypes = map[milpb.ArrayDataType]tensor.DType{
	milpb.ArrayFloat16: tensor.Float16, milpb.ArrayFloat32: tensor.Float32, milpb.ArrayDouble: tensor.Float64,
	milpb.ArrayInt8: tensor.Int8, milpb.ArrayInt32: tensor.Int32,
}

func feature(m *milpb.FeatureDescription) (engine.Feature, error) {
	f := engine.Feature{Name: m.Name, Description: m.ShortDescription}
	if m.Type == nil {
		return f, fmt.Errorf("has no type")
	}
	kind, ok := featureKinds[m.Type.Kind]
	if !ok {
		return f, fmt.Errorf("has no type")
	}
	f.Kind, f.Optional = kind, m.Type.Optional
	a := m.Type.Array
	if a == nil {
		return f, nil
	}
	if f.DType, ok = arrayTypes[a.DataType]; !ok {
		return f, fmt.Errorf("has element type %d", a.DataType)
	}
	f.Default = a.Default
	var err error
	if f.Shape, err = sizes(a.Shape); err != nil {
		return f, err
	}
	for _, e := range a.Enumerated {
		s, err := sizes(e.Sizes)
		if err != nil {
			return f, err
		}
		f.Enumerated = append(f.Enumerated, s)
	}
	for _, r := range a.Ranges {
		if r.Lower > maxElements {
			return f, fmt.Errorf("has a lower bound of %d", r.Lower)
		}
		upper := -1
		if r.Upper >= 0 {
			upper = int(min(r.Upper, math.MaxInt32))
		}
		f.Ranges = append(f.Ranges, engine.Range{Lower: int(r.Lower), Upper: upper})
	}
	return f, nil
}

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

var tensorTypes = map[dtype.Type]tensor.DType{
	dtype.Bool: tensor.Bool, dtype.Float16: tensor.Float16, dtype.Float32: tensor.Float32,
	dtype.Float64: tensor.Float64, dtype.Int8: tensor.Int8, dtype.UInt8: tensor.UInt8,
	dtype.Int16: tensor.Int16, dtype.UInt16: tensor.UInt16, dtype.Int32: tensor.Int32,
}
