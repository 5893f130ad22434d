package main

import (
	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/tensor"
)

// describe returns the description of a function as an engine would give it.
// No engine is needed for it, so that a package which none can run is described
// too.
func describe(pkg *modelpkg.Package, function string) (*coreml.Description, error) {
	f, err := pkg.FunctionInterface(function)
	if err != nil {
		return nil, err
	}
	d := &coreml.Description{
		Function: f.Name, Functions: pkg.Functions(), DefaultFunction: pkg.DefaultFunction(),
		Inputs: features(f.Input), Outputs: features(f.Output), States: features(f.State),
		SpecificationVersion: int(pkg.Model().SpecificationVersion),
		UserDefined:          map[string]string{},
	}
	if desc := pkg.Model().Description; desc != nil && desc.Metadata != nil {
		m := desc.Metadata
		d.ShortDescription, d.Version, d.Author, d.License = m.ShortDescription, m.VersionString, m.Author, m.License
		for _, pair := range m.UserDefined {
			d.UserDefined[pair.Key] = pair.Value
		}
	}
	return d, nil
}

var featureKinds = map[milpb.FeatureKind]coreml.Kind{
	milpb.Int64Feature: coreml.KindInt64, milpb.DoubleFeature: coreml.KindDouble,
	milpb.StringFeature: coreml.KindString, milpb.ImageFeature: coreml.KindImage,
	milpb.MultiArrayFeature: coreml.KindMultiArray, milpb.DictionaryFeature: coreml.KindDictionary,
	milpb.SequenceFeature: coreml.KindSequence, milpb.StateFeature: coreml.KindState,
}

var arrayTypes = map[milpb.ArrayDataType]tensor.DType{
	milpb.ArrayFloat16: tensor.Float16, milpb.ArrayFloat32: tensor.Float32, milpb.ArrayDouble: tensor.Float64,
	milpb.ArrayInt8: tensor.Int8, milpb.ArrayInt32: tensor.Int32,
}

func features(list []milpb.FeatureDescription) []coreml.FeatureDescription {
	out := make([]coreml.FeatureDescription, len(list))
	for i := range list {
		f := &list[i]
		d := coreml.FeatureDescription{Name: f.Name, Text: f.ShortDescription}
		if f.Type != nil {
			d.Kind, d.Optional = featureKinds[f.Type.Kind], f.Type.Optional
			if a := f.Type.Array; a != nil {
				arrayFeature(&d, a)
			}
		}
		out[i] = d
	}
	return out
}

func arrayFeature(d *coreml.FeatureDescription, a *milpb.ArrayFeatureType) {
	d.DType, d.Shape, d.Default = arrayTypes[a.DataType], sizes(a.Shape), a.Default
	for _, s := range a.Enumerated {
		d.Enumerated = append(d.Enumerated, sizes(s.Sizes))
	}
	for _, r := range a.Ranges {
		upper := -1
		if r.Upper >= 0 {
			upper = clampInt(r.Upper)
		}
		d.Ranges = append(d.Ranges, coreml.Range{Lower: clampInt(int64(min(r.Lower, 1<<62))), Upper: upper})
	}
}

func sizes(list []int64) []int {
	out := make([]int, len(list))
	for i, n := range list {
		out[i] = clampInt(n)
	}
	return out
}

// clampInt keeps a size of a file within the sizes that any tensor can have.
func clampInt(n int64) int { return int(min(max(n, -1), 1<<31-1)) }
