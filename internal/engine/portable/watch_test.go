package portable_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// counted builds a function that counts its predictions in a state before it does
// what use adds with n integers. Few results are repeated and doubled: a rehearsal does
// not compute as many, so that the step of the output sees no change and a series begins.
func counted(t *testing.T, n int, use func(b *mil.Builder, ids *mil.Value) *mil.Value) *portable.Built {
	t.Helper()
	return build(t, func(b *mil.Builder) {
		ids := b.Input("ids", dtype.Int32, n)
		s := b.State("count", dtype.Float16, 1)
		one := b.Float("", dtype.Float16, 1)
		b.Do("write_state", "", mil.Args{"input": s, "data": b.Op("add", "", half(1), mil.Args{"x": readState(b, s, 1), "y": one})})
		y := use(b, ids)
		if n == 1 {
			large := mil.TensorType(y.Type.DType, mil.Unknown)
			y = b.Op("tile", "", large, mil.Args{"x": y, "reps": b.Ints("", 5000)})
			y = b.Op("add", "", large, mil.Args{"x": y, "y": y})
		}
		b.Output("y", y)
	})
}

func ints(shape ...int) mil.Type { return mil.TensorType(dtype.Int32, shape...) }

// lookUp gathers from a table of three elements.
func lookUp(b *mil.Builder, idx *mil.Value, n int) *mil.Value {
	return b.Op("gather", "", half(n), mil.Args{
		"x": b.Float16s("", []int{3}, 1, 2, 3), "indices": idx, "axis": b.Int("", 0), "validate_indices": b.Bool("", true),
	})
}

// ones returns n ones, the last of which is v.
func ones(n int, v int32) *tensor.Tensor {
	x := make([]int32, n)
	for k := range x {
		x[k] = 1
	}
	x[n-1] = v
	return tensor.FromSlice(x, n)
}

// What an input holds may be refused by a step behind the first write to a state.
// However many predictions of the same shapes were fine before, and however large
// the input is, it must be found before that write.
func TestContentsThatAreRefusedLeaveTheState(t *testing.T) {
	for _, c := range []struct {
		name string
		n    int
		bad  int32
		use  func(b *mil.Builder, ids *mil.Value) *mil.Value
	}{
		{"an index of gather that is outside", 1, 7, func(b *mil.Builder, ids *mil.Value) *mil.Value { return lookUp(b, ids, 1) }},
		{"an index that is computed", 1, 3, func(b *mil.Builder, ids *mil.Value) *mil.Value {
			sum := b.Op("sub", "", ints(1), mil.Args{"x": ids, "y": b.Ints("", 1)})
			return lookUp(b, b.Op("mul", "", ints(1), mil.Args{"x": sum, "y": b.Ints("", 2)}), 1)
		}},
		{"an index of scatter that is outside", 1, 9, func(b *mil.Builder, ids *mil.Value) *mil.Value {
			return b.Op("scatter", "", half(4), mil.Args{
				"data": b.Float16s("", []int{4}, 1, 2, 3, 4), "indices": ids, "updates": b.Float16s("", []int{1}, 5),
				"axis": b.Int("", 0), "mode": b.Text("", "add"), "validate_indices": b.Bool("", true),
			})
		}},
		{"a divisor of zero", 1, 0, func(b *mil.Builder, ids *mil.Value) *mil.Value {
			return b.Op("floor_div", "", ints(1), mil.Args{"x": b.Ints("", 6), "y": ids})
		}},
		{"a negative size of fill", 1, -1, func(b *mil.Builder, ids *mil.Value) *mil.Value {
			return b.Op("fill", "", half(mil.Unknown), mil.Args{"shape": ids, "value": b.Float("", dtype.Float16, 1)})
		}},
		{"the last of 5,000 indices", 5000, 9, func(b *mil.Builder, ids *mil.Value) *mil.Value { return lookUp(b, ids, 5000) }},
		{"the last of 5,000 computed indices", 5000, 3, func(b *mil.Builder, ids *mil.Value) *mil.Value {
			below := b.Op("less", "", mil.TensorType(dtype.Bool, 5000), mil.Args{"x": ids, "y": b.Int("", 0)})
			wrapped := b.Op("add", "", ints(5000), mil.Args{"x": ids, "y": b.Int("", 3)})
			return lookUp(b, b.Op("select", "", ints(5000), mil.Args{"cond": below, "a": wrapped, "b": ids}), 5000)
		}},
		{"the last of 100,000 indices", 100000, 9, func(b *mil.Builder, ids *mil.Value) *mil.Value { return lookUp(b, ids, 100000) }},
		{"the last of 100,000 divisors", 100000, 0, func(b *mil.Builder, ids *mil.Value) *mil.Value {
			return b.Op("floor_div", "", ints(100000), mil.Args{"x": b.Int("", 6), "y": ids})
		}},
	} {
		for _, before := range []int{0, 1, 2, 4} {
			t.Run(c.name, func(t *testing.T) {
				p := counted(t, c.n, c.use)
				st, other := p.State(), p.State()
				for k := range before { // a series may go from state to state
					run(t, p, []engine.State{st, other}[k%2], ones(c.n, int32(1+k%2)))
				}
				want := stateOf(t, st)
				_, err := p.Run(st, ones(c.n, c.bad))
				var unchanged *engine.UnchangedError
				if !errors.As(err, &unchanged) {
					t.Errorf("after %d predictions the error is %v, want one that says that the state is as it was", before, err)
				}
				if diff := cmp.Diff(want, stateOf(t, st)); diff != "" {
					t.Errorf("state after the error (-want +got):\n%s", diff)
				}
				run(t, p, st, ones(c.n, 1))
			})
		}
	}
}

// stateOf returns what the counter of a state holds.
func stateOf(t *testing.T, st engine.State) []float32 {
	t.Helper()
	x, err := st.Read("count")
	if err != nil {
		t.Fatal(err)
	}
	v, err := tensor.Values[float32](x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
