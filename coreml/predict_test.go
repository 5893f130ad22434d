package coreml_test

import (
	"context"
	"errors"
	"image"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/tensor"
)

func TestPredict(t *testing.T) {
	m, _ := load(t, "adder")
	st := newState(t, m)
	if got, want := step(t, m, st, 1, 2), []float32{2.5, 4.5}; !slices.Equal(got, want) {
		t.Errorf("first step: y = %v, want %v", got, want)
	}
	if got, want := step(t, m, st, 1), []float32{5.5}; !slices.Equal(got, want) {
		t.Errorf("second step: y = %v, want %v", got, want)
	}
	in := x(1)
	in["bias"] = coreml.MultiArray(tensor.FromSlice([]tensor.Half{tensor.HalfOf(10)}, 1))
	out, err := m.Predict(t.Context(), in, st, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := floats(t, out.Tensor("y")), []float32{16}; !slices.Equal(got, want) {
		t.Errorf("with bias: y = %v, want %v", got, want)
	}
	if got := floats(t, out.Tensor("n")); got[0] != 3 {
		t.Errorf("n = %v, want 3", got)
	}
}

func TestInputsAreConverted(t *testing.T) {
	m, _ := load(t, "stateless")
	twice := func(v *tensor.Tensor) []float32 {
		t.Helper()
		out, err := m.Predict(t.Context(), coreml.Features{"x": coreml.MultiArray(v)}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		return floats(t, out.Tensor("y"))
	}
	wide := tensor.FromSlice([]float32{1, 9, 2, 9, 3, 9}, 3, 2).Slice(tensor.All(), tensor.Span(0, 1)).Transpose()
	for name, v := range map[string]*tensor.Tensor{
		"int32":              tensor.FromSlice([]int32{1, 2, 3}, 1, 3),
		"int64":              tensor.FromSlice([]int64{1, 2, 3}, 1, 3),
		"float64":            tensor.FromSlice([]float64{1, 2, 3}, 1, 3),
		"float16":            tensor.FromSlice([]float32{1, 2, 3}, 1, 3).To(tensor.Float16),
		"uint8":              tensor.FromSlice([]uint8{1, 2, 3}, 1, 3),
		"not contiguous":     wide,
		"the declared types": tensor.FromSlice([]float32{1, 2, 3}, 1, 3),
	} {
		if got, want := twice(v), []float32{2.5, 4.5, 6.5}; !slices.Equal(got, want) {
			t.Errorf("%s: y = %v, want %v", name, got, want)
		}
	}
	in := x(1)
	in["bias"] = coreml.MultiArray(tensor.FromSlice([]float32{4}))
	out, err := m.Predict(t.Context(), in, nil, nil)
	if err != nil {
		t.Fatalf("a scalar for shape [1]: %v", err)
	}
	if got := floats(t, out.Tensor("y")); got[0] != 6 {
		t.Errorf("a scalar for shape [1]: y = %v, want 6", got)
	}
}

func TestInputsAreRefused(t *testing.T) {
	m, _ := load(t, "stateless")
	kinds, _ := load(t, "kinds")
	array := func(shape ...int) coreml.Value { return coreml.MultiArray(tensor.New(tensor.Float32, shape...)) }
	for _, test := range []struct {
		name  string
		model *coreml.Model
		in    coreml.Features
		is    error
		text  string
	}{
		{"a missing input", m, coreml.Features{}, coreml.ErrMissingFeature, `input "x": feature is missing: want multi-array float32 (1 x 1..5)`},
		{"a misspelt input", m, coreml.Features{"X": array(1, 1)}, coreml.ErrMissingFeature, `; there is no input "X": the inputs are x, bias`},
		{"an unknown input", m, coreml.Features{"x": array(1, 1), "z": array(1)}, coreml.ErrUnknownFeature, `input "z": no such feature: the inputs are x, bias`},
		{"another kind", m, coreml.Features{"x": coreml.Int64(3)}, coreml.ErrKind, `got int64 3, want multi-array float32`},
		{"the zero value", m, coreml.Features{"x": {}}, coreml.ErrKind, `got invalid, want multi-array`},
		{"a size out of range", m, coreml.Features{"x": array(1, 99)}, coreml.ErrShape, `Size (99) of dimension (1) is not in allowed range (1..5)`},
		{"another rank", m, coreml.Features{"x": array(1, 1, 1)}, coreml.ErrShape, `(1 x 1 x 1) has rank 3, want rank 2 as in (1 x 1..5)`},
		{"a fixed shape", m, coreml.Features{"x": array(1, 1), "bias": array(2)}, coreml.ErrShape, `input "bias": shape is not allowed: MultiArray Shape (2) is not the fixed shape (1)`},
		{"a nil tensor", m, coreml.Features{"x": coreml.MultiArray(nil)}, tensor.ErrInvalid, `the tensor carries an error`},
		{"a failed tensor", m, coreml.Features{"x": coreml.MultiArray(tensor.New(tensor.Float32, 4).Reshape(3))}, tensor.ErrShape, `the tensor carries an error: tensor: reshape`},
		{"an image", kinds, coreml.Features{"picture": coreml.Image(image.Black)}, coreml.ErrUnsupportedModel, `features of kind image are unsupported`},
		{"a float for an integer", kinds, coreml.Features{"i": coreml.Double(1.5)}, coreml.ErrKind, `got double 1.5, want int64`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.model.Predict(t.Context(), test.in, nil, nil)
			if !errors.Is(err, test.is) {
				t.Errorf("error %v is not %v", err, test.is)
			}
			if err == nil || !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %q lacks %q", err, test.text)
			}
			var ie *coreml.InputError
			if !errors.As(err, &ie) || ie.Output {
				t.Errorf("error %v is no InputError of an input", err)
			}
			if err != nil && strings.Count(err.Error(), "coreml:") != 1 {
				t.Errorf("error %q names the package more or less than once", err)
			}
		})
	}
}

func TestNumbersCrossAsNumbers(t *testing.T) {
	m, _ := load(t, "kinds")
	out, err := m.Predict(t.Context(), coreml.Features{"i": coreml.Int64(7), "d": coreml.Double(2.25)}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if i, ok := out["i2"].Int64(); !ok || i != 7 {
		t.Errorf("i2 = %v, want int64 7", out["i2"])
	}
	if d, ok := out["d2"].Double(); !ok || d != 2.25 {
		t.Errorf("d2 = %v, want double 2.25", out["d2"])
	}
}

func TestOutputBuffers(t *testing.T) {
	m, _ := load(t, "adder")
	st := newState(t, m)
	y, n := tensor.New(tensor.Float32, 1, 2), tensor.New(tensor.Int32, 1)
	buffers := coreml.Features{"y": coreml.MultiArray(y), "n": coreml.MultiArray(n)}
	out, err := m.Predict(t.Context(), x(1, 2), st, &coreml.PredictOptions{Outputs: buffers})
	if err != nil {
		t.Fatal(err)
	}
	if out.Tensor("y") != y || out.Tensor("n") != n || buffers.Tensor("y") != y {
		t.Error("the result does not refer to the caller's buffers")
	}
	if got, want := floats(t, y), []float32{2.5, 4.5}; !slices.Equal(got, want) {
		t.Errorf("y = %v, want %v", got, want)
	}

	buffers = coreml.Features{"n": {}}
	for range 2 {
		if _, err := m.Predict(t.Context(), x(1, 2), st, &coreml.PredictOptions{Outputs: buffers}); err != nil {
			t.Fatal(err)
		}
		if len(buffers) != 2 || buffers.Tensor("n").Err() != nil || buffers.Tensor("y").Err() != nil {
			t.Fatalf("the map was not completed: %v", buffers)
		}
	}
}

func TestOutputBuffersAreRefused(t *testing.T) {
	m, _ := load(t, "stateless")
	in := x(1, 2)
	y := func(v *tensor.Tensor) coreml.Features { return coreml.Features{"y": coreml.MultiArray(v)} }
	memory := make([]int32, 2)
	for _, test := range []struct {
		name string
		out  coreml.Features
		is   error
		text string
	}{
		{"another type", y(tensor.New(tensor.Float16, 1, 2)), coreml.ErrDType, "got element type float16, want multi-array float32"},
		{"another kind", coreml.Features{"y": coreml.Double(1)}, coreml.ErrKind, "got double 1"},
		{"an unknown name", coreml.Features{"q": coreml.MultiArray(tensor.New(tensor.Float32, 1))}, coreml.ErrUnknownFeature, "the outputs are y, n"},
		{"a view with gaps", y(tensor.New(tensor.Float32, 2, 2).Slice(tensor.All(), tensor.Span(0, 1)).Transpose()), tensor.ErrNotContiguous, "not contiguous"},
		{"the fixed shape", coreml.Features{"n": coreml.MultiArray(tensor.New(tensor.Int32, 2))}, coreml.ErrShape, "(2) is not the fixed shape (1)"},
		{"a shape that only the engine knows", y(tensor.New(tensor.Float32, 1, 3)), coreml.ErrShape, "output y"},
		{"the memory of an input", y(in.Tensor("x")), tensor.ErrValue, "shares memory with an input"},
		{"the memory of another buffer", coreml.Features{
			"n": coreml.MultiArray(tensor.Wrap(memory[:1], 1)),
			"y": coreml.MultiArray(overlay(t, memory)),
		}, tensor.ErrValue, "shares memory with another"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := m.Predict(t.Context(), in, nil, &coreml.PredictOptions{Outputs: test.out})
			if !errors.Is(err, test.is) {
				t.Errorf("error %v is not %v", err, test.is)
			}
			if err == nil || !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %q lacks %q", err, test.text)
			}
		})
	}
}

// overlay returns a float32 tensor over the memory of integers.
func overlay(t *testing.T, v []int32) *tensor.Tensor {
	t.Helper()
	raw, err := tensor.Wrap(v, len(v)).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return tensor.FromBytes(tensor.Float32, raw, 1, len(v))
}

func TestPredictIntoBuffersAllocatesNothing(t *testing.T) {
	m, _ := load(t, "adder")
	st := newState(t, m)
	in := x(1, 2)
	opts := &coreml.PredictOptions{Outputs: coreml.Features{
		"y": coreml.MultiArray(tensor.New(tensor.Float32, 1, 2)),
		"n": coreml.MultiArray(tensor.New(tensor.Int32, 1)),
	}}
	ctx := context.Background()
	n := testutil.Allocs(100, func() {
		if _, err := m.Predict(ctx, in, st, opts); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func TestManyGoroutinesShareAModel(t *testing.T) {
	m, _ := load(t, "adder")
	const goroutines, steps = 16, 200
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			st, err := m.NewState()
			if err != nil {
				t.Error(err)
				return
			}
			defer func() {
				if err := st.Close(); err != nil {
					t.Error(err)
				}
			}()
			opts := &coreml.PredictOptions{Outputs: coreml.Features{}}
			sum := float32(0)
			for i := range steps {
				v := float32((g + i) % 7)
				out, err := m.Predict(t.Context(), x(v), st, opts)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := tensor.Values[float32](out.Tensor("y"))
				if err != nil || got[0] != 2*v+0.5+sum {
					t.Errorf("goroutine %d, step %d: y = %v, %v, want %v", g, i, got, err, 2*v+0.5+sum)
					return
				}
				sum += v
				if i%50 == 0 {
					_ = m.Info()
					_ = m.PlanText()
				}
			}
		})
	}
	wg.Wait()
}
