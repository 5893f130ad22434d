package coreml

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// Description is what a package says of itself and of the function that was
// loaded; MLModelDescription of Core ML.
type Description struct {
	// Function is the loaded function's name.
	Function string
	// Functions are the names of all functions of the package.
	Functions []string
	// DefaultFunction is the function that is loaded when none is named.
	DefaultFunction string

	// Inputs, Outputs and States are the function's features in the package's
	// order.
	Inputs, Outputs, States []FeatureDescription

	// ShortDescription, Version, Author and License are what the author wrote
	// there; each may be empty.
	ShortDescription, Version, Author, License string
	// UserDefined is the free metadata.
	UserDefined map[string]string
	// SpecificationVersion is the file format's version: 6 came with iOS 15, 9
	// with iOS 18.
	SpecificationVersion int
}

// Input returns the input of that name, or nil.
func (d *Description) Input(name string) *FeatureDescription { return find(d.orEmpty().Inputs, name) }

// Output returns the output of that name, or nil.
func (d *Description) Output(name string) *FeatureDescription { return find(d.orEmpty().Outputs, name) }

// State returns the state of that name, or nil.
func (d *Description) State(name string) *FeatureDescription { return find(d.orEmpty().States, name) }

// orEmpty returns d, and a description of nothing for nil.
func (d *Description) orEmpty() *Description {
	if d == nil {
		return new(Description)
	}
	return d
}

func find(list []FeatureDescription, name string) *FeatureDescription {
	for i := range list {
		if list[i].Name == name {
			return &list[i]
		}
	}
	return nil
}

// FeatureDescription describes an input, an output or a state.
type FeatureDescription struct {
	// Name is the feature's name and Text what the author wrote about it.
	Name, Text string
	// Kind says what values the feature takes or gives.
	Kind Kind
	// DType is the element type of a multi-array or state.
	DType tensor.DType
	// Pixels says what an image consists of. Shape, Ranges and Enumerated are
	// those of the array [1, channels, height, width] that the program sees.
	Pixels Pixels
	// Labels are the classes of a classifier, in the outputs that hold the best of
	// them or the probability of each. Integers are written in decimal.
	Labels []string
	// Shape is the default shape; empty where the package leaves it open, as it
	// often does for outputs.
	Shape []int
	// Ranges, when not nil, holds the allowed sizes of each dimension.
	Ranges []Range
	// Enumerated, when not nil, holds the only shapes that are allowed.
	Enumerated [][]int
	// Optional is true for an input that may be left out.
	Optional bool
	// Default is the number that stands for every element of an absent optional
	// input.
	Default float64
}

// Range holds the sizes that a dimension may have, both ends included.
type Range struct {
	// Lower is the smallest size.
	Lower int
	// Upper is the greatest size, or -1 when there is none.
	Upper int
}

// Contains reports whether a dimension may have size n.
func (r Range) Contains(n int) bool { return n >= r.Lower && (r.Upper < 0 || n <= r.Upper) }

// String returns the range as lower..upper, or the size alone where both ends
// are equal. An open end is left out.
func (r Range) String() string {
	switch {
	case r.Upper < 0:
		return strconv.Itoa(r.Lower) + ".."
	case r.Lower == r.Upper:
		return strconv.Itoa(r.Lower)
	}
	return fmt.Sprintf("%d..%d", r.Lower, r.Upper)
}

// String describes the feature for people, such as
//
//	inputIds: multi-array int32 (1 x 1..2048)
func (f *FeatureDescription) String() string {
	s := mil.Plain(f.Name) + ": " + f.Type()
	if f.Optional {
		s += ", optional, default " + strconv.FormatFloat(f.Default, 'g', -1, 64)
	}
	return s
}

// Type describes the values that the feature takes or gives: the kind, the
// element type and the shapes.
func (f *FeatureDescription) Type() string {
	s := f.Kind.String()
	switch f.Kind {
	case KindMultiArray, KindState:
		s += " " + f.DType.String()
	case KindImage:
		s += " " + f.Pixels.String()
	default:
		return s
	}
	if shapes := f.shapes(); shapes != "" {
		s += " " + shapes
	}
	return s
}

func (f *FeatureDescription) shapes() string {
	switch {
	case len(f.Enumerated) > 0:
		list := make([]string, min(len(f.Enumerated), maxNames))
		for i := range list {
			list[i] = "(" + dims(f.Enumerated[i]) + ")"
		}
		text := strings.Join(list, " or ")
		if more := len(f.Enumerated) - len(list); more > 0 {
			text += fmt.Sprintf(" or one of %d more", more)
		}
		return text
	case len(f.Ranges) > 0:
		list := make([]string, len(f.Ranges))
		for i, r := range f.Ranges {
			list[i] = r.String()
		}
		return "(" + strings.Join(list, " x ") + ")"
	case len(f.Shape) > 0:
		return "(" + dims(f.Shape) + ")"
	}
	return ""
}

// Flexible reports whether the feature allows more than one shape.
func (f *FeatureDescription) Flexible() bool {
	switch {
	case len(f.Enumerated) > 0:
		return len(f.Enumerated) > 1
	case len(f.Ranges) > 0:
		return slices.ContainsFunc(f.Ranges, func(r Range) bool { return r.Lower != r.Upper })
	}
	return len(f.Shape) == 0
}

// Check returns nil when the feature allows a multi-array of this shape, and an
// error that wraps [ErrShape] and names what is allowed otherwise.
func (f *FeatureDescription) Check(shape ...int) error {
	switch {
	case len(f.Enumerated) > 0:
		for _, allowed := range f.Enumerated {
			if slices.Equal(allowed, shape) {
				return nil
			}
		}
		return fmt.Errorf("shape is not allowed: MultiArray Shape (%s) was not in enumerated set of allowed shapes: want %s: %w",
			dims(shape), f.shapes(), ErrShape)
	case len(f.Ranges) > 0:
		return f.checkRanges(shape)
	case len(f.Shape) > 0 && !slices.Equal(f.Shape, shape):
		return fmt.Errorf("shape is not allowed: MultiArray Shape (%s) is not the fixed shape (%s): %w", dims(shape), dims(f.Shape), ErrShape)
	}
	return nil
}

func (f *FeatureDescription) checkRanges(shape []int) error {
	if len(shape) != len(f.Ranges) {
		return fmt.Errorf("shape is not allowed: MultiArray Shape (%s) has rank %d, want rank %d as in %s: %w",
			dims(shape), len(shape), len(f.Ranges), f.shapes(), ErrShape)
	}
	for i, n := range shape {
		if r := f.Ranges[i]; !r.Contains(n) {
			upper := "unbounded"
			if r.Upper >= 0 {
				upper = strconv.Itoa(r.Upper)
			}
			return fmt.Errorf("shape is not allowed: Size (%d) of dimension (%d) is not in allowed range (%d..%s): want %s: %w",
				n, i, r.Lower, upper, f.shapes(), ErrShape)
		}
	}
	return nil
}

// dims returns a shape as Core ML prints it: 1 x 3 x 29.
func dims(shape []int) string {
	var b strings.Builder
	for i, n := range shape {
		if i > 0 {
			b.WriteString(" x ")
		}
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// kinds translates an engine's kinds.
var kinds = map[engine.FeatureKind]Kind{
	engine.MultiArray: KindMultiArray, engine.Image: KindImage, engine.Int64: KindInt64,
	engine.Double: KindDouble, engine.String: KindString, engine.Dictionary: KindDictionary,
	engine.Sequence: KindSequence, engine.StateArray: KindState,
}

// describe copies an engine's description, so that a caller who changes what
// Description returns cannot disturb the model.
func describe(d *engine.Description) *Description {
	return &Description{
		Function: d.Function, Functions: slices.Clone(d.Functions), DefaultFunction: d.DefaultFunction,
		Inputs: describeFeatures(d.Inputs), Outputs: describeFeatures(d.Outputs), States: describeFeatures(d.States),
		ShortDescription: d.ShortDescription, Version: d.Version, Author: d.Author, License: d.License,
		UserDefined: maps.Clone(d.UserDefined), SpecificationVersion: d.SpecificationVersion,
	}
}

func describeFeatures(list []engine.Feature) []FeatureDescription {
	out := make([]FeatureDescription, len(list))
	for i, f := range list {
		out[i] = FeatureDescription{
			Name: f.Name, Text: f.Description, Kind: kinds[f.Kind], DType: f.DType,
			Shape: slices.Clone(f.Shape), Optional: f.Optional, Default: f.Default,
			Pixels: Pixels(f.Pixels), Labels: slices.Clone(f.Labels),
		}
		for _, r := range f.Ranges {
			out[i].Ranges = append(out[i].Ranges, Range(r))
		}
		for _, shape := range f.Enumerated {
			out[i].Enumerated = append(out[i].Enumerated, slices.Clone(shape))
		}
	}
	return out
}
