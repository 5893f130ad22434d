package main

import (
	"maps"

	"github.com/gocoreml/coreml/coreml"
)

// wireFeature is a feature of a description.
type wireFeature struct {
	Name       string   `json:"name"`
	Type       string   `json:"type"`
	DType      string   `json:"dtype,omitempty"`
	Shape      []int    `json:"shape,omitempty"`
	Optional   bool     `json:"optional"`
	Enumerated [][]int  `json:"enumerated,omitempty"`
	Range      [][2]int `json:"range,omitempty"`
	Default    *float64 `json:"default,omitempty"`
}

// wireDescription is what a load replies of the model.
type wireDescription struct {
	Inputs    []wireFeature     `json:"inputs"`
	Outputs   []wireFeature     `json:"outputs"`
	States    []wireFeature     `json:"states"`
	Functions []string          `json:"functions"`
	Metadata  map[string]string `json:"metadata"`
}

func describeModel(d *coreml.Description) wireDescription {
	metadata := map[string]string{}
	maps.Copy(metadata, d.UserDefined)
	for key, text := range map[string]string{
		"shortDescription": d.ShortDescription, "versionString": d.Version, "author": d.Author, "license": d.License,
	} {
		if text != "" {
			metadata[key] = text
		}
	}
	return wireDescription{
		Inputs: wireFeatures(d.Inputs), Outputs: wireFeatures(d.Outputs), States: wireFeatures(d.States),
		Functions: append([]string{}, d.Functions...), Metadata: metadata,
	}
}

func wireFeatures(list []coreml.FeatureDescription) []wireFeature {
	out := make([]wireFeature, len(list))
	for i := range list {
		f := &list[i]
		w := wireFeature{Name: f.Name, Type: f.Kind.String(), Shape: f.Shape, Optional: f.Optional, Enumerated: f.Enumerated}
		if f.Kind == coreml.KindMultiArray || f.Kind == coreml.KindState {
			w.Type, w.DType = "array", f.DType.String()
		}
		for _, r := range f.Ranges {
			w.Range = append(w.Range, [2]int{r.Lower, r.Upper})
		}
		if f.Optional {
			w.Default = &f.Default
		}
		out[i] = w
	}
	return out
}
