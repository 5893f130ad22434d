package portable_test

import (
	"slices"
	"testing"
	"time"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// stepCounts counts the steps of predictions by their operators.
type stepCounts map[string]int

// Step implements engine.Profiler.
func (c stepCounts) Step(operator, _ string, _ int, _ time.Duration) { c[operator]++ }

// lengths builds a function of a token and a mask that is as long as the text: it writes
// the length into a state and gives the token times the length, once for each of three
// heads, whose number and size follow from the shape of the token's vector.
func lengths(t *testing.T) *portable.Built {
	t.Helper()
	return build(t, func(b *mil.Builder) {
		x, mask := b.Input("x", dtype.Float16, 1, 60), b.Input("mask", dtype.Float16, 1, mil.Unknown)
		s := b.State("length", dtype.Float16, 1)
		item := func(v *mil.Value) *mil.Value {
			shape := b.Op("shape", "", ints(2), mil.Args{"x": v})
			return b.Op("gather", "", ints(), mil.Args{"x": shape, "indices": b.Int("", 1), "axis": b.Int("", 0), "validate_indices": b.Bool("", false)})
		}
		n := b.Op("cast", "", half(), mil.Args{"x": item(mask), "dtype": b.Text("", "fp16")})
		b.Do("write_state", "", mil.Args{"input": s, "data": b.Op("add", "", half(1), mil.Args{"x": n, "y": b.Float16s("", []int{1}, 0)})})
		size := b.Op("floor_div", "", ints(), mil.Args{"x": item(x), "y": b.Int("", 3)})
		heads := b.Op("concat", "", ints(2), mil.Args{"values": mil.Values{b.Int("", 3), size}, "axis": b.Int("", 0), "interleave": b.Bool("", false)})
		y := b.Op("reshape", "", half(3, 20), mil.Args{"x": b.Op("mul", "", half(1, 60), mil.Args{"x": x, "y": readState(b, s, 1)}), "shape": heads})
		b.Output("y", y)
	})
}

// TestASeriesComputesWhatChangesAlone looks at the steps that tokens behind the third
// take, and that they give what the length of the mask asks for all the same.
func TestASeriesComputesWhatChangesAlone(t *testing.T) {
	p := lengths(t)
	st := p.State()
	for n := 1; n <= 8; n++ {
		steps := stepCounts{}
		out, err := p.RunIn(engine.WithProfiler(t.Context(), steps), st, tensor.Full[tensor.Half](0x3c00, 1, 60), tensor.New(tensor.Float16, 1, n))
		if err != nil {
			t.Fatalf("length %d: %v", n, err)
		}
		v, err := tensor.Values[float32](out[0])
		if err != nil {
			t.Fatal(err)
		}
		if len(v) != 60 || slices.ContainsFunc(v, func(x float32) bool { return x != float32(n) }) {
			t.Fatalf("length %d gave %v", n, v)
		}
		if n < 3 {
			continue // a series is one from the third on
		}
		// What the length goes through is computed, the number of heads is not.
		for name, want := range map[string]int{"shape": 1, "gather": 1, "cast": 1, "floor_div": 0, "concat": 0, "mul": 1, "reshape": 1} {
			if steps[name] != want {
				t.Errorf("length %d: %d steps of %s, want %d", n, steps[name], name, want)
			}
		}
	}
}

// TestASeriesEndsWhereAnotherDimensionChanges lets the mask grow, stay, jump and shrink:
// what stayed in a series must not stay beyond it.
func TestASeriesEndsWhereAnotherDimensionChanges(t *testing.T) {
	p := lengths(t)
	st := p.State()
	for _, n := range []int{1, 2, 3, 4, 5, 5, 5, 6, 7, 8, 20, 21, 22, 3, 4, 5, 6, 6, 2, 2, 2, 2, 3} {
		v := run(t, p, st, tensor.Full[tensor.Half](0x3c00, 1, 60), tensor.New(tensor.Float16, 1, n))[0]
		if len(v) != 60 || slices.ContainsFunc(v, func(x float32) bool { return x != float32(n) }) {
			t.Fatalf("length %d gave %v", n, v)
		}
	}
}
