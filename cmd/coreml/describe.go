package main

import (
	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/tensor"
)

// describe returns the description of a function as the portable engine gives it
// once it has loaded the package. Nothing is loaded for it, so that a package
// which no engine can run is described too.
//
// inspect and generate look at packages with it before they decide what to do.
func describe(pkg *modelpkg.Package, function string) (*coreml.Description, error) {
	f, err := pkg.FunctionInterface(function)
	if err != nil {
		return nil, err
	}
	// What is wrong with a feature is told by who tries to load it.
	e, _ := portable.Describe(pkg, f)
	return &coreml.Description{
		Function: e.Function, Functions: e.Functions, DefaultFunction: e.DefaultFunction,
		Inputs: features(e.Inputs), Outputs: features(e.Outputs), States: features(e.States),
		ShortDescription: e.ShortDescription, Version: e.Version, Author: e.Author, License: e.License,
		SpecificationVersion: e.SpecificationVersion, UserDefined: e.UserDefined,
	}, nil
}

var featureKinds = map[engine.FeatureKind]coreml.Kind{
	engine.MultiArray: coreml.KindMultiArray, engine.Image: coreml.KindImage, engine.Int64: coreml.KindInt64,
	engine.Double: coreml.KindDouble, engine.String: coreml.KindString, engine.Dictionary: coreml.KindDictionary,
	engine.Sequence: coreml.KindSequence, engine.StateArray: coreml.KindState,
}

// features translates what an engine says of features, as package coreml does.
func features(list []engine.Feature) []coreml.FeatureDescription {
	out := make([]coreml.FeatureDescription, len(list))
	for i := range list {
		f := &list[i]
		out[i] = coreml.FeatureDescription{
			Name: f.Name, Text: f.Description, Kind: featureKinds[f.Kind], DType: f.DType, Pixels: coreml.Pixels(f.Pixels), Labels: f.Labels,
			Shape: f.Shape, Enumerated: f.Enumerated, Optional: f.Optional, Default: f.Default,
		}
		if f.Kind == engine.MultiArray && f.DType == tensor.Invalid {
			out[i].Kind = coreml.KindInvalid // the package has no type for it, or an unknown one
		}
		for _, r := range f.Ranges {
			out[i].Ranges = append(out[i].Ranges, coreml.Range(r))
		}
	}
	return out
}
