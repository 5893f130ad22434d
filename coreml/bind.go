package coreml

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// bindInputs checks the inputs and puts them into the frame.
func (p *program) bindInputs(ctx context.Context, f *frame, in Features) error {
	found := 0
	for i := range p.inputs {
		d := &p.inputs[i]
		v, ok := in[d.Name]
		if !ok {
			if d.Optional {
				continue
			}
			err := fmt.Errorf("%w: want %s", ErrMissingFeature, d.Type())
			if name := stranger(in, p.inputs); name != "" {
				// A name that was misspelt is both missing and unknown.
				err = fmt.Errorf("%w; there is no input %q: the inputs are %s", err, name, names(p.inputs))
			}
			return &InputError{Name: d.Name, Err: err}
		}
		found++
		t, err := inputTensor(ctx, d, v)
		if ended := ctx.Err(); ended != nil {
			return ended
		}
		if err != nil {
			return &InputError{Name: d.Name, Err: err}
		}
		f.in[i] = t
	}
	if found != len(in) {
		name := stranger(in, p.inputs)
		return &InputError{Name: name, Err: fmt.Errorf("%w: the inputs are %s", ErrUnknownFeature, names(p.inputs))}
	}
	return nil
}

// inputTensor returns what an engine is given for a value: contiguous, of the
// declared type and of an allowed shape.
func inputTensor(ctx context.Context, d *FeatureDescription, v Value) (*tensor.Tensor, error) {
	switch d.Kind {
	case KindMultiArray, KindInt64, KindDouble, KindImage:
	case KindString, KindDictionary, KindSequence, KindState, KindInvalid:
		return nil, fmt.Errorf("features of kind %v are %w", d.Kind, ErrUnsupportedModel)
	}
	if v.kind != d.Kind {
		return nil, fmt.Errorf("%w: got %v, want %s", ErrKind, v, d.Type())
	}
	switch d.Kind {
	case KindInt64:
		return tensor.FromSlice([]int64{int64(v.bits)}, 1), nil
	case KindDouble:
		f, _ := v.Double()
		return tensor.FromSlice([]float64{f}, 1), nil
	case KindImage:
		t, err := imageTensor(ctx, d, v.Image())
		if err != nil {
			return nil, err
		}
		return inputArray(ctx, d, t)
	default:
		return inputArray(ctx, d, v.tensor)
	}
}

func inputArray(ctx context.Context, d *FeatureDescription, t *tensor.Tensor) (*tensor.Tensor, error) {
	if err := t.Err(); err != nil {
		return nil, fmt.Errorf("want %s: the tensor carries an error: %w", d.Type(), err)
	}
	if t.Rank() == 0 {
		t = t.Reshape(1)
	}
	if !allows(d, t) {
		return nil, d.Check(t.Shape()...)
	}
	if t.DType() == tensor.Bool && d.DType.IsFloat() {
		return nil, fmt.Errorf("got booleans, want %s: in a mask that is added they would hide nothing (tensor.Tensor.To makes them 1 and 0 where that is meant): %w", d.Type(), ErrDType)
	}
	return convert(ctx, t, d.DType)
}

// bindOutputs checks the caller's buffers and puts them into the frame.
func (p *program) bindOutputs(f *frame, buffers Features) error {
	if len(buffers) == 0 {
		return nil
	}
	found := 0
	for i := range p.outputs {
		d := &p.outputs[i]
		v, ok := buffers[d.Name]
		if !ok {
			continue
		}
		found++
		if v.kind == KindInvalid || d.Kind != KindMultiArray {
			continue
		}
		if err := checkBuffer(d, v, f.rows[i] > 0); err != nil {
			return &InputError{Name: d.Name, Output: true, Err: err}
		}
		f.out[i] = v.tensor
	}
	if i, withInput := f.sharing(); i >= 0 {
		other := "another one"
		if withInput {
			other = "an input"
		}
		return &InputError{Name: p.outputs[i].Name, Output: true, Err: fmt.Errorf("the buffer shares memory with %s: %w", other, tensor.ErrValue)}
	}
	if found != len(buffers) {
		name := stranger(buffers, p.outputs)
		return &InputError{
			Name: name, Output: true,
			Err: fmt.Errorf("%w: the outputs are %s", ErrUnknownFeature, names(p.outputs)),
		}
	}
	return nil
}

// checkBuffer says whether an output can be written to a value. The result's
// shape, where the description leaves it open or only some of the rows are
// wanted, is for the engine to check.
func checkBuffer(d *FeatureDescription, v Value, partial bool) error {
	if v.kind != KindMultiArray {
		return fmt.Errorf("%w: got %v, want %s", ErrKind, v, d.Type())
	}
	if _, err := v.tensor.Bytes(); err != nil {
		return fmt.Errorf("want %s: %w", d.Type(), err)
	}
	if got := v.tensor.DType(); got != d.DType {
		return fmt.Errorf("got element type %v, want %s: %w", got, d.Type(), ErrDType)
	}
	if !partial && !allows(d, v.tensor) {
		return d.Check(v.tensor.Shape()...)
	}
	return nil
}

// allows is FeatureDescription.Check without an allocation.
func allows(d *FeatureDescription, t *tensor.Tensor) bool {
	switch {
	case len(d.Enumerated) > 0:
		for _, shape := range d.Enumerated {
			if hasShape(t, shape) {
				return true
			}
		}
		return false
	case len(d.Ranges) > 0:
		if t.Rank() != len(d.Ranges) {
			return false
		}
		for i, r := range d.Ranges {
			if !r.Contains(t.Dim(i)) {
				return false
			}
		}
		return true
	}
	return len(d.Shape) == 0 || hasShape(t, d.Shape)
}

func hasShape(t *tensor.Tensor, shape []int) bool {
	if t.Rank() != len(shape) {
		return false
	}
	for i, n := range shape {
		if t.Dim(i) != n {
			return false
		}
	}
	return true
}

// outputValue returns the value of an output that the engine made.
func outputValue(ctx context.Context, d *FeatureDescription, t *tensor.Tensor) (Value, error) {
	switch d.Kind {
	case KindImage:
		img, err := imageOf(ctx, d, t)
		return Image(img), err
	case KindDictionary:
		return labelled(d, t)
	case KindString:
		text, err := label(d, t)
		return String(text), err
	case KindInt64:
		if d.Labels != nil {
			text, err := label(d, t)
			if err != nil {
				return Value{}, err
			}
			i, err := strconv.ParseInt(text, 10, 64)
			return Int64(i), err
		}
		i, err := tensor.Item[int64](t)
		return Int64(i), err
	case KindDouble:
		f, err := tensor.Item[float64](t)
		return Double(f), err
	case KindMultiArray, KindSequence, KindState, KindInvalid:
	}
	return MultiArray(t), nil
}

// label returns the class whose index t holds.
func label(d *FeatureDescription, t *tensor.Tensor) (string, error) {
	i, err := tensor.Item[int64](t)
	if err != nil {
		return "", err
	}
	if i < 0 || i >= int64(len(d.Labels)) {
		return "", fmt.Errorf("%w: class %d of %d", tensor.ErrValue, i, len(d.Labels))
	}
	return d.Labels[i], nil
}

// labelled returns the probabilities in t by class.
func labelled(d *FeatureDescription, t *tensor.Tensor) (Value, error) {
	p, err := tensor.Values[float64](t)
	if err != nil {
		return Value{}, err
	}
	if len(p) != len(d.Labels) {
		return Value{}, fmt.Errorf("%w: %d probabilities of %d classes", ErrShape, len(p), len(d.Labels))
	}
	m := make(map[string]float64, len(p))
	for k, name := range d.Labels {
		m[name] = p[k]
	}
	return Dictionary(m), nil
}

// stranger returns the first name, in alphabetical order, that list lacks.
func stranger[V any](f map[string]V, list []FeatureDescription) string {
	known := make(map[string]bool, len(list))
	for i := range list {
		known[list[i].Name] = true
	}
	first, found := "", false
	for name := range f {
		if !known[name] && (!found || name < first) {
			first, found = name, true
		}
	}
	return first
}

// maxNames bounds the features that an error lists.
const maxNames = 32

// names lists features for an error message.
func names(list []FeatureDescription) string {
	if len(list) == 0 {
		return "none"
	}
	out := make([]string, min(len(list), maxNames))
	for i := range out {
		out[i] = mil.Plain(list[i].Name)
	}
	text := strings.Join(out, ", ")
	if more := len(list) - len(out); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
