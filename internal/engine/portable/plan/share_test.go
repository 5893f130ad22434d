package plan_test

import (
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
)

// repeats adds what exporters write in each layer before a cache's heads are repeated:
// the shape of a slice of x with end as its end, and how many times it goes into sizes.
func repeats(b *mil.Builder, x, end, sizes *mil.Value) *mil.Value {
	part := b.Op("slice_by_index", "", f32(mil.Unknown, 4), mil.Args{"x": x, "begin": b.Ints("", 0, 0), "end": end, "end_mask": b.Bools("", false, true)})
	shape := b.Op("shape", "", i32(2), mil.Args{"x": b.Op("expand_dims", "", f32(1, mil.Unknown, 4), mil.Args{"x": part, "axes": b.Ints("", 0)})})
	return b.Op("real_div", "", i32(2), mil.Args{"x": sizes, "y": shape})
}

// use makes an output of integers, so that they are needed and not shared themselves.
func use(b *mil.Builder, name string, x *mil.Value, reps *mil.Value) {
	b.Output(name, b.Op("tile", "", f32(mil.Unknown, mil.Unknown), mil.Args{"x": x, "reps": reps}))
}

// steps counts those of an operator.
func steps(p *plan.Plan, name string) (n int) {
	for _, st := range p.Body.Steps {
		if st.Def.Name == name {
			n++
		}
	}
	return n
}

func TestTheShapesOfEveryLayerAreComputedOnce(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x, y := b.Input("x", dtype.Float32, mil.Unknown, 4), b.Input("y", dtype.Float32, 2, 2)
		n := b.Op("gather", "", i32(), mil.Args{"x": b.Op("shape", "", i32(2), mil.Args{"x": x}), "indices": b.Int("", 0), "axis": b.Int("", 0)})
		end := b.Op("stack", "", i32(2), mil.Args{"values": mil.Values{n, n}, "axis": b.Int("", 0)})
		for _, name := range []string{"a", "b", "c"} {
			use(b, name, y, repeats(b, x, end, b.Ints("", 8, 8)))
		}
	})
	const once = "shape gather stack slice_by_index expand_dims shape real_div tile "
	if got, want := strings.ReplaceAll(all(p), " tail", ""), once+"slice_by_index expand_dims tile slice_by_index expand_dims tile"; got != want {
		t.Errorf("the steps are %s, want %s", got, want)
	}
	if !noted(p, "shared: 4 steps") {
		t.Errorf("the listing says %q", p.Notes)
	}
	// The tiles read one slot.
	var reps []int32
	for _, st := range p.Body.Steps {
		if st.Def.Name == "tile" {
			reps = append(reps, st.In[1])
		}
	}
	if reps[0] != reps[1] || reps[1] != reps[2] {
		t.Errorf("the tiles repeat by slots %v", reps)
	}
}

// Each of these has two steps of an operator that differ in what they follow from, or
// whose results have to stay apart.
func TestWhatIsNotTheSameIsNotShared(t *testing.T) {
	shape := func(b *mil.Builder, x *mil.Value) *mil.Value {
		return b.Op("shape", "", i32(2), mil.Args{"x": x})
	}
	add := func(b *mil.Builder, typ mil.Type, x, y *mil.Value) *mil.Value {
		return b.Op("add", "", typ, mil.Args{"x": x, "y": y})
	}
	for name, c := range map[string]struct {
		operator string
		fill     func(b *mil.Builder, x, y *mil.Value)
	}{
		"slices with other ends": {"real_div", func(b *mil.Builder, x, y *mil.Value) {
			use(b, "a", y, repeats(b, x, b.Ints("", 1, 4), b.Ints("", 8, 8)))
			use(b, "b", y, repeats(b, x, b.Ints("", 2, 4), b.Ints("", 8, 8)))
		}},
		"other constants": {"add", func(b *mil.Builder, x, y *mil.Value) {
			use(b, "a", y, add(b, i32(2), b.Ints("", 8, 8), shape(b, x)))
			use(b, "b", y, add(b, i32(2), b.Ints("", 8, 9), shape(b, x)))
		}},
		"operands the other way round": {"sub", func(b *mil.Builder, x, y *mil.Value) {
			s := shape(b, x)
			use(b, "a", y, b.Op("sub", "", i32(2), mil.Args{"x": b.Ints("", 8, 8), "y": s}))
			use(b, "b", y, b.Op("sub", "", i32(2), mil.Args{"x": s, "y": b.Ints("", 8, 8)}))
		}},
		"the shapes of two inputs": {"shape", func(b *mil.Builder, x, y *mil.Value) {
			use(b, "a", y, add(b, i32(2), shape(b, x), shape(b, y)))
		}},
		"results that are declared otherwise": {"add", func(b *mil.Builder, x, y *mil.Value) {
			use(b, "a", y, add(b, i32(2), b.Ints("", 8, 8), shape(b, x)))
			use(b, "b", y, add(b, i32(mil.Unknown), b.Ints("", 8, 8), shape(b, x)))
		}},
		"floating-point numbers": {"add", func(b *mil.Builder, x, _ *mil.Value) {
			for _, name := range []string{"a", "b"} {
				b.Output(name, add(b, f32(mil.Unknown, 4), x, x))
			}
		}},
		"outputs": {"shape", func(b *mil.Builder, x, _ *mil.Value) {
			for _, name := range []string{"a", "b"} {
				b.Output(name, shape(b, x))
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p := planOf(t, func(b *mil.Builder) {
				c.fill(b, b.Input("x", dtype.Float32, mil.Unknown, 4), b.Input("y", dtype.Float32, 2, 2))
			})
			if n := steps(p, c.operator); n != 2 {
				t.Errorf("%d steps of %s are left: %s", n, c.operator, names(p))
			}
		})
	}
}

// A step in a nested block reads what stands for a step that is gone.
func TestBlocksReadWhatIsShared(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x, y := b.Input("x", dtype.Float32, mil.Unknown, 4), b.Input("y", dtype.Float32, 2, 2)
		yes := b.Input("yes", dtype.Bool)
		use(b, "a", y, b.Op("add", "", i32(2), mil.Args{"x": b.Ints("", 1, 1), "y": b.Op("shape", "", i32(2), mil.Args{"x": x})}))
		twice := b.Op("add", "", i32(2), mil.Args{"x": b.Ints("", 1, 1), "y": b.Op("shape", "", i32(2), mil.Args{"x": x})})
		branch := func() *mil.Block {
			return b.Block(nil, func([]*mil.Value) []*mil.Value {
				return []*mil.Value{b.Op("tile", "", f32(mil.Unknown, mil.Unknown), mil.Args{"x": y, "reps": twice})}
			})
		}
		b.Output("b", b.MultiOp("cond", "", []mil.Type{f32(mil.Unknown, mil.Unknown)}, mil.Args{"pred": yes}, branch(), branch())[0])
	})
	add := step(t, p, "add")
	for _, inner := range step(t, p, "cond").Blocks {
		if got := inner.Steps[0].In[1]; got != add.Out[0] {
			t.Errorf("the block reads slot %d, not %d", got, add.Out[0])
		}
	}
	if n := steps(p, "add"); n != 1 {
		t.Errorf("%d adds are left: %s", n, names(p))
	}
}
