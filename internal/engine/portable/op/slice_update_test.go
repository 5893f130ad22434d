package op_test

import (
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

func TestSliceUpdate(t *testing.T) {
	x := f32(dims{2, 3}, 1, 2, 3, 4, 5, 6)
	in := func(update *array.Value, begin, end *array.Value) operands {
		return operands{"x": x, "update": update, "begin": begin, "end": end}
	}
	testExamples(t, []example{
		{
			name: "a window is replaced in a copy", op: "slice_update",
			in: in(f32(dims{2, 2}, 10, 20, 30, 40), ints(0, 1), ints(2, 3)), want: f32(dims{2, 3}, 1, 10, 20, 4, 30, 40),
		},
		{
			name: "bounds count from the end", op: "slice_update",
			in: in(f32(dims{1, 1}, 9), ints(-1, -1), ints(2, 3)), want: f32(dims{2, 3}, 1, 2, 3, 4, 5, 9),
		},
		{
			name: "every other column, backward", op: "slice_update",
			in:   with(in(f32(dims{1, 2}, 10, 20), ints(0, 2), ints(1, 0)), operands{"stride": ints(1, -2), "end_mask": bools(dims{2}, 0, 1)}),
			want: f32(dims{2, 3}, 20, 2, 10, 4, 5, 6),
		},
		{
			name: "an update without the squeezed dimension", op: "slice_update",
			in:   with(in(f32(dims{3}, 7, 8, 9), ints(1, 0), ints(0, 3)), operands{"squeeze_mask": bools(dims{2}, 1, 0)}),
			want: f32(dims{2, 3}, 1, 2, 3, 7, 8, 9),
		},
		{name: "an empty window changes nothing", op: "slice_update", in: in(f32(dims{0, 3}), ints(1, 0), ints(1, 3)), want: x},
		{
			name: "integers", op: "slice_update",
			in: operands{"x": ints(1, 2, 3), "update": ints(9), "begin": ints(1), "end": ints(2)}, want: ints(1, 9, 3),
		},
		{
			name: "binary16 becomes a copy in float32", op: "slice_update",
			in: operands{"x": f16(dims{2}, 1, 2), "update": f16(dims{1}, 0.1), "begin": ints(0), "end": ints(1)}, want: f16(dims{2}, 0.1, 2),
		},
		{
			name: "an update of another size is refused before anything is written", op: "slice_update",
			in:      in(counting(2, 3), ints(0, 1), ints(2, 3)),
			refused: "update of shape [2 3] does not fill a window of shape [2 2] of x of shape [2 3]",
		},
		{name: "a step of zero is refused", op: "slice_update", in: with(in(x, ints(0, 0), ints(2, 3)), operands{"stride": ints(0, 1)}), refused: "stride of dimension 0 is 0"},
	})
}

// inState makes a slice_update of a state's memory in place.
func inState(t *testing.T, state *array.Value, more operands) *op.Call {
	t.Helper()
	c := bind(t, &example{op: "slice_update", in: with(operands{"x": state}, more), want: value(state.DType, nil)}, forms[0])
	c.Step.InPlace = true
	return c
}

func TestSliceUpdateWritesIntoAState(t *testing.T) {
	for _, tc := range []struct {
		name  string
		state *array.Value
		more  operands
		want  []float32
	}{
		{
			name: "float32", state: f32(dims{2, 2}, 1, 2, 3, 4),
			more: operands{"update": f32(dims{1, 2}, 8, 9), "begin": ints(1, 0), "end": ints(2, 2)}, want: []float32{1, 2, 8, 9},
		},
		{
			name: "binary16, rounded", state: f16(dims{2, 2}, 1, 2, 3, 4),
			more: operands{"update": f32(dims{1, 2}, 2049, 1e6), "begin": ints(0, 0), "end": ints(1, 2)}, want: []float32{2048, inf, 3, 4},
		},
		{
			name: "binary16 in columns", state: f16(dims{2, 2}, 1, 2, 3, 4),
			more: operands{"update": f32(dims{2, 1}, 8, 9), "begin": ints(0, 1), "end": ints(2, 2)}, want: []float32{1, 8, 3, 9},
		},
		{
			name: "integers", state: integers(dtype.Int32, dims{3}, 1, 2, 3),
			more: operands{"update": ints(7), "begin": ints(2), "end": ints(3)}, want: []float32{1, 2, 7},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := inState(t, tc.state, tc.more)
			if err := once(c); err != nil {
				t.Fatal(err)
			}
			y := c.Env.Values[c.Step.Out[0]]
			if got := c.F32(&y); !slices.Equal(got, tc.want) {
				t.Errorf("the result is %v, want %v", got, tc.want)
			}
			state := *tc.state // its memory, seen from outside
			if got := c.F32(&state); !slices.Equal(got, tc.want) || !c.Env.Changed {
				t.Errorf("the state is %v, want %v; changed is %v", got, tc.want, c.Env.Changed)
			}
		})
	}
}

func TestSliceUpdateThatIsRefusedLeavesTheState(t *testing.T) {
	state := f32(dims{2}, 1, 2)
	c := inState(t, state, operands{"update": f32(dims{2}, 8, 9), "begin": ints(1), "end": ints(2)})
	if err := op.Eval(c); err == nil {
		t.Error("an update of two elements fits a window of one")
	}
	if state.F32[0] != 1 || state.F32[1] != 2 || c.Env.Changed {
		t.Errorf("the state is %v, changed %v", state.F32, c.Env.Changed)
	}
}
