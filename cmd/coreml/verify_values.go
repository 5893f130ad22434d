package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// leastSteps is how many predictions are compared at least, so that a state has
// something to remember.
const leastSteps = 3

// values makes predictions with made-up inputs on both sides and compares the
// outputs, and the states at the end.
//
// An input that cannot be made up is an error of the call and not a failed
// comparison: nothing was compared.
func (v *verifier) values(ctx context.Context, r *verifyReport) error {
	d := v.reference.Description()
	steps := leastSteps
	for i := range d.Inputs {
		// Every shape of a list gets its turn.
		steps = max(steps, len(shapesOf(&d.Inputs[i])))
	}
	w := verifyWay{Name: fmt.Sprintf("%d predictions with made-up inputs", steps)}
	err := v.step(ctx, d, steps, &w)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var refused *unsuitable
	if errors.As(err, &refused) {
		return err
	}
	w.Predictions = steps
	w.judge(r, err)
	r.Ways = append(r.Ways, w)
	return nil
}

func (v *verifier) step(ctx context.Context, d *coreml.Description, steps int, w *verifyWay) error {
	got, err := v.subject.NewState()
	if err != nil {
		return err
	}
	defer got.Close()
	want, err := v.reference.NewState()
	if err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	defer want.Close()
	random := newRandom()
	for n := range steps {
		in, err := madeUp(d, n, random)
		if err != nil {
			return err
		}
		a, err := v.subject.Predict(ctx, in, got, nil)
		if err != nil {
			return fmt.Errorf("step %d: %w", n, err)
		}
		b, err := v.reference.Predict(ctx, in, want, nil)
		if err != nil {
			return fmt.Errorf("reference: step %d: %w", n, err)
		}
		for i := range d.Outputs {
			name := d.Outputs[i].Name
			if err := w.compareValues(fmt.Sprintf("step %d, output %s", n, name), a[name], b[name]); err != nil {
				return err
			}
		}
	}
	for _, name := range want.Names() {
		a, err := got.Read(name)
		if err != nil {
			return err
		}
		b, err := want.Read(name)
		if err != nil {
			return fmt.Errorf("reference: %w", err)
		}
		if err := w.compareValues("state "+name, coreml.MultiArray(a), coreml.MultiArray(b)); err != nil {
			return err
		}
	}
	return nil
}

// newRandom gives the same values in every run: a failure can be looked at again.
func newRandom() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// compareValues compares two results and keeps the worst figures.
func (w *verifyWay) compareValues(what string, got, want coreml.Value) error {
	if got.Kind() != want.Kind() {
		return fmt.Errorf("%s: a %v, the reference has a %v", what, got.Kind(), want.Kind())
	}
	// Labels and numbers are equal or not. A label that changes within the rounding
	// of two probabilities is a difference that a user sees.
	if want.Kind() != coreml.KindMultiArray {
		if got.String() != want.String() {
			return fmt.Errorf("%s: %v, the reference has %v", what, got, want)
		}
		w.Compared++
		return nil
	}
	a, b, err := finiteParts(got.MultiArray(), want.MultiArray())
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	d, err := compare(a, b)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	w.Compared++
	w.worse(what, d.relative, d.cosine)
	return nil
}

// finiteParts returns both tensors with zeros where neither has a finite number:
// made-up inputs may well overflow, and whether to infinity or past it depends on
// the order of a sum.
func finiteParts(got, want *tensor.Tensor) (*tensor.Tensor, *tensor.Tensor, error) {
	a, err := tensor.Values[float64](got)
	if err != nil {
		return nil, nil, err
	}
	b, err := tensor.Values[float64](want)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Equal(got.Shape(), want.Shape()) {
		return nil, nil, fmt.Errorf("shape %v, the reference has %v", got.Shape(), want.Shape())
	}
	for i := range b {
		// One side has a result, the other has none.
		if bad := nonFinite(b[i]); bad != nonFinite(a[i]) {
			return nil, nil, fmt.Errorf("element %d is %v, the reference has %v", i, a[i], b[i])
		} else if bad {
			a[i], b[i] = 0, 0
		}
	}
	return tensor.FromSlice(a, got.Shape()...), tensor.FromSlice(b, want.Shape()...), nil
}

// unsuitable means that no inputs can be made up for a package.
type unsuitable struct{ what string }

// Error says which input is in the way.
//
// It names the input, so that the caller knows what to record a case for in place
// of this.
func (e *unsuitable) Error() string {
	return "no inputs can be made up for this package: " + e.what
}

// madeUp returns the inputs of step n: multiples of an eighth between -2 and 2
// for fractions, and 0 or 1 for integers, which are often positions or indices.
func madeUp(d *coreml.Description, n int, random *rand.Rand) (coreml.Features, error) {
	in := coreml.Features{}
	for i := range d.Inputs {
		f := &d.Inputs[i]
		switch f.Kind {
		case coreml.KindMultiArray:
			shapes := shapesOf(f)
			if len(shapes) == 0 {
				return nil, &unsuitable{fmt.Sprintf("input %s has no default shape", f.Name)}
			}
			t, err := madeUpArray(f.DType, shapes[n%len(shapes)], random)
			if err != nil {
				return nil, err
			}
			in[f.Name] = coreml.MultiArray(t)
		case coreml.KindInt64:
			in[f.Name] = coreml.Int64(int64(n % 2))
		case coreml.KindDouble:
			in[f.Name] = coreml.Double(float64(n) / 8)
		case coreml.KindImage, coreml.KindString, coreml.KindDictionary, coreml.KindSequence, coreml.KindState, coreml.KindInvalid:
			if !f.Optional {
				return nil, &unsuitable{fmt.Sprintf("input %s is of kind %v", f.Name, f.Kind)}
			}
		}
	}
	return in, nil
}

// maxMadeUp bounds the elements of one input.
const maxMadeUp = 1 << 26

// madeUpArray fills an array of one shape.
func madeUpArray(dtype tensor.DType, shape []int, random *rand.Rand) (*tensor.Tensor, error) {
	n := 1
	for _, size := range shape {
		if size < 0 || size > 0 && n > maxMadeUp/size {
			return nil, &unsuitable{fmt.Sprintf("shape %v is too large", shape)}
		}
		n *= size
	}
	v := make([]float32, n)
	for i := range v {
		if dtype == tensor.Int32 || dtype == tensor.Int8 {
			v[i] = float32(random.IntN(2))
		} else {
			// Exact in float16 and in bfloat16: what differs is what the engines
			// did, not how they rounded their inputs.
			v[i] = float32(random.IntN(33)-16) / 8
		}
	}
	t := tensor.FromSlice(v, shape...).To(dtype)
	return t, t.Err()
}

// shapesOf returns shapes that an input allows: each enumerated one, or the
// default and, where a dimension may grow, the next larger one.
func shapesOf(f *coreml.FeatureDescription) [][]int {
	if len(f.Enumerated) > 0 {
		return f.Enumerated
	}
	var shapes [][]int
	if len(f.Shape) > 0 && f.Check(f.Shape...) == nil {
		shapes = append(shapes, f.Shape)
	}
	if len(f.Ranges) > 0 {
		least := make([]int, len(f.Ranges))
		for i, r := range f.Ranges {
			least[i] = max(r.Lower, 1)
		}
		shapes = append(shapes, least)
		next := slices.Clone(least)
		for i, r := range f.Ranges {
			if r.Contains(next[i] + 1) {
				next[i]++
			}
		}
		if !slices.Equal(next, least) {
			shapes = append(shapes, next)
		}
	}
	return shapes
}
