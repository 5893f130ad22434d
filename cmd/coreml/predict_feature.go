package main

import (
	"context"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// The inputs and outputs of a model by their names, and the value that an input takes
// of a tensor.

// checkName says which inputs there are when name is none of them.
func checkName(d *coreml.Description, name string) error {
	if d.Input(name) != nil {
		return nil
	}
	return markedf(coreml.ErrUnknownFeature, "there is no input %q; %s", name, among("inputs", name, d.Inputs))
}

// chosen returns the outputs of these names, or all when there are none.
func chosen(d *coreml.Description, names []string) ([]*coreml.FeatureDescription, error) {
	var out []*coreml.FeatureDescription
	for _, name := range names {
		o := d.Output(name)
		if o == nil {
			return nil, markedf(coreml.ErrUnknownFeature, "there is no output %q; %s", name, among("outputs", name, d.Outputs))
		}
		if !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	// All of them, in the order of the package.
	if names == nil {
		for i := range d.Outputs {
			out = append(out, &d.Outputs[i])
		}
	}
	return out, nil
}

// valueOf makes the value of an input of a tensor: its only element where the
// feature is a number, a picture where it is an image, and else the tensor. d is
// nil when there is no such input.
func valueOf(ctx context.Context, d *coreml.FeatureDescription, t *tensor.Tensor, opts *imageOptions) (coreml.Value, error) {
	if d == nil {
		return coreml.MultiArray(t), nil
	}
	if d.Kind == coreml.KindMultiArray && t.Err() == nil && t.DType() == tensor.Bool && d.DType.IsFloat() {
		t = t.To(d.DType) // in the command's inputs true and false are 1 and 0
	}
	switch d.Kind {
	case coreml.KindInt64:
		i, err := tensor.Item[int64](t.To(tensor.Int64))
		return coreml.Int64(i), err
	case coreml.KindDouble:
		f, err := tensor.Item[float64](t.To(tensor.Float64))
		return coreml.Double(f), err
	case coreml.KindImage:
		img, err := arrayImage(ctx, d, t, opts)
		return coreml.Image(img), err
	default:
		return coreml.MultiArray(t), nil
	}
}
