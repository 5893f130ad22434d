package op_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/tensor"
)

// stateOf makes a state of a type and a shape, with numbers in it.
func stateOf(dt dtype.Type, shape dims, x ...float32) (*op.StateSpec, *op.Buffer) {
	spec := &op.StateSpec{Name: "cache", DType: dt, Shape: shape, Count: len(x)}
	b := op.NewBuffer(spec)
	for k, x := range x {
		switch {
		case b.F16 != nil:
			b.F16[k] = dtype.Float32ToFloat16(x)
		case b.F32 != nil:
			b.F32[k] = x
		default:
			b.I32[k] = int32(x)
		}
	}
	return spec, &b
}

// onState makes a step of read_state or write_state.
func onState(t *testing.T, name string, spec *op.StateSpec, b *op.Buffer, data *array.Value) *op.Call {
	t.Helper()
	x := example{op: name, in: operands{}, want: value(spec.DType, nil)}
	if data != nil {
		x.in["data"] = data
	}
	c := bind(t, &x, forms[0])
	c.Step.State, c.Env.Specs, c.Env.States = 0, []op.StateSpec{*spec}, []*op.Buffer{b}
	if name == "write_state" {
		c.Step.Out = nil
	}
	return c
}

// contents returns the elements of a state.
func contents(spec *op.StateSpec, b *op.Buffer) []float32 {
	v := b.Value(spec)
	f := make([]float32, spec.Count)
	v.Widen(nil, f)
	return f
}

var stateTypes = []dtype.Type{dtype.Float32, dtype.Float16, dtype.Int32}

func TestANewStateIsZeroAndAClearedOneAgain(t *testing.T) {
	for _, dt := range stateTypes {
		spec, b := stateOf(dt, dims{2}, 0, 0)
		if got := contents(spec, b); !slices.Equal(got, []float32{0, 0}) {
			t.Errorf("a new state of %v is %v", dt, got)
		}
		spec, b = stateOf(dt, dims{2}, 3, 4)
		clone := b.Clone()
		if b.Clear(); !slices.Equal(contents(spec, b), []float32{0, 0}) {
			t.Errorf("a cleared state of %v is %v", dt, contents(spec, b))
		}
		if got := contents(spec, &clone); !slices.Equal(got, []float32{3, 4}) {
			t.Errorf("its clone of %v is %v, want what it was", dt, got)
		}
	}
}

func TestReadState(t *testing.T) {
	for _, dt := range stateTypes {
		for _, copied := range []bool{false, true} {
			spec, b := stateOf(dt, dims{2, 1}, 3, 4)
			c := onState(t, "read_state", spec, b, nil)
			c.Step.Copied = copied
			if err := once(c); err != nil {
				t.Fatal(err)
			}
			b.Clear() // shows through a view and not through a copy
			y := c.Env.Values[c.Step.Out[0]]
			want := []float32{0, 0}
			if copied {
				want = []float32{3, 4}
			}
			if got := c.F32(&y); !slices.Equal(got, want) || !slices.Equal(y.Shape(), dims{2, 1}) {
				t.Errorf("%v, copied %v: %v of shape %v, want %v", dt, copied, got, y.Shape(), want)
			}
		}
	}
}

func TestWriteState(t *testing.T) {
	for _, tc := range []struct {
		name  string
		state dtype.Type
		data  *array.Value
		want  []float32
	}{
		{"float32 to float32", dtype.Float32, f32(dims{2}, 0.1, inf), []float32{0.1, inf}},
		{"float32 to binary16 is rounded", dtype.Float16, f32(dims{2}, 2049, 1e6), []float32{2048, inf}},
		{"binary16 to binary16", dtype.Float16, f16(dims{2}, 1.5, -2), []float32{1.5, -2}},
		{"binary16 to float32", dtype.Float32, f16(dims{2}, 1.5, -2), []float32{1.5, -2}},
		{"integers", dtype.Int32, ints(-7, 16777217), []float32{-7, 16777216}}, // as float32 shows it
		{"integers to floating-point numbers", dtype.Float32, ints(-7, 3), []float32{-7, 3}},
		{"elements in another order of memory", dtype.Float16, strided(f16(dims{1, 2}, 5, 6)), []float32{5, 6}},
		{"another shape of as many elements", dtype.Float32, f32(dims{1, 2, 1}, 5, 6), []float32{5, 6}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			spec, b := stateOf(tc.state, dims{2}, 1, 2)
			c := onState(t, "write_state", spec, b, tc.data)
			if err := once(c); err != nil {
				t.Fatal(err)
			}
			if got := contents(spec, b); !slices.Equal(got, tc.want) || !c.Env.Changed {
				t.Errorf("the state is %v, want %v; changed is %v", got, tc.want, c.Env.Changed)
			}
		})
	}
}

func TestAValueThatLiesInTheStateIsNotWrittenAgain(t *testing.T) {
	for _, dt := range stateTypes {
		spec, b := stateOf(dt, dims{2}, 3, 4)
		v := b.Value(spec)
		c := onState(t, "write_state", spec, b, &v)
		if err := once(c); err != nil || c.Env.Changed {
			t.Errorf("%v: error %v, changed %v", dt, err, c.Env.Changed)
		}
	}
}

func TestAValueOfAnotherSizeLeavesTheState(t *testing.T) {
	spec, b := stateOf(dtype.Float32, dims{2}, 3, 4)
	c := onState(t, "write_state", spec, b, counting(3))
	err := once(c)
	if err == nil || !strings.Contains(err.Error(), "data of shape [3] does not fit state cache of shape [2]") {
		t.Errorf("the error is %v", err)
	}
	if !errors.Is(err, tensor.ErrValue) || c.Env.Changed || !slices.Equal(contents(spec, b), []float32{3, 4}) {
		t.Errorf("error %v, changed %v, the state is %v", err, c.Env.Changed, contents(spec, b))
	}
	if err := once(onState(t, "write_state", spec, b, nil)); err == nil || !strings.Contains(err.Error(), "data is missing") {
		t.Errorf("without data: %v", err)
	}
}
