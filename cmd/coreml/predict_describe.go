package main

import (
	"maps"
	"strings"

	"github.com/gocoreml/coreml/coreml"
)

// wireFeature is a feature of a description.
//
// Its fields are those of docs/stdio.md.
type wireFeature struct {
	Name       string   `json:"name"`
	Type       string   `json:"type"`
	DType      string   `json:"dtype,omitempty"`
	Pixels     string   `json:"pixels,omitempty"`
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

// The four texts that Core ML has fields for stand among the metadata, under the
// names that coremltools has for them.
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

// wireFeatures turns features into what a client reads.
func wireFeatures(list []coreml.FeatureDescription) []wireFeature {
	out := make([]wireFeature, len(list))
	for i := range list {
		f := &list[i]
		w := wireFeature{Name: f.Name, Type: f.Kind.String(), Shape: f.Shape, Optional: f.Optional, Enumerated: f.Enumerated}
		if f.Kind == coreml.KindMultiArray || f.Kind == coreml.KindState {
			w.Type, w.DType = "array", f.DType.String()
		}
		if f.Kind == coreml.KindImage {
			w.Pixels = f.Pixels.String()
		}
		// Left out where the shape is fixed.
		w.Range = bounds(f.Ranges)
		if f.Optional {
			w.Default = &f.Default
		}
		out[i] = w
	}
	return out
}

// bounds writes ranges as pairs, -1 standing for no upper bound.
func bounds(list []coreml.Range) (out [][2]int) {
	for _, r := range list {
		out = append(out, [2]int{r.Lower, r.Upper})
	}
	return out
}

// featureText describes the values of a feature for people, such as int32 (1 x 4),
// image rgb (1 x 3 x 16 x 20) or string. What arrays and states hold needs no
// further word.
func featureText(f *coreml.FeatureDescription) string {
	text := f.Type()
	if f.Kind == coreml.KindMultiArray || f.Kind == coreml.KindState {
		text = strings.TrimPrefix(text, f.Kind.String()+" ")
	}
	if f.Optional {
		text += ", optional"
	}
	return text
}
