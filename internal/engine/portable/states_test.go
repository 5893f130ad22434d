package portable_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

func half(shape ...int) mil.Type { return mil.TensorType(dtype.Float16, shape...) }

// build plans what fill adds to a builder, or fails the test.
func build(t *testing.T, fill func(b *mil.Builder)) *portable.Built {
	t.Helper()
	b := mil.NewBuilder("main", "CoreML8")
	fill(b)
	p, err := portable.Build(b, engine.ArithmeticFaithful, true)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// run predicts and returns the outputs as numbers.
func run(t *testing.T, p *portable.Built, st engine.State, in ...*tensor.Tensor) [][]float32 {
	t.Helper()
	out, err := p.Run(st, in...)
	if err != nil {
		t.Fatal(err)
	}
	nums := make([][]float32, len(out))
	for k, o := range out {
		if nums[k], err = tensor.Values[float32](o); err != nil {
			t.Fatal(err)
		}
	}
	return nums
}

func halves(v ...float32) *tensor.Tensor {
	return tensor.FromSlice(v, len(v)).To(tensor.Float16)
}

// update adds slice_update(x, v, [at], [at+1]) to a builder.
func update(b *mil.Builder, x, v *mil.Value, begin, end int) *mil.Value {
	return b.Op("slice_update", "", x.Type, mil.Args{
		"x": x, "update": v, "begin": b.Ints("", begin), "end": b.Ints("", end),
	})
}

func readState(b *mil.Builder, s *mil.Value, n int) *mil.Value {
	return b.Op("read_state", "", half(n), mil.Args{"input": s})
}

func TestStateAccumulates(t *testing.T) {
	p := build(t, func(b *mil.Builder) {
		x, s := b.Input("x", dtype.Float16, 3), b.State("sum", dtype.Float16, 3)
		sum := b.Op("add", "", half(3), mil.Args{"x": readState(b, s, 3), "y": x})
		b.Do("write_state", "", mil.Args{"input": s, "data": sum})
		b.Output("y", readState(b, s, 3))
	})
	st, other := p.State(), p.State()
	for k := range 4 {
		got := run(t, p, st, halves(1, 2, 3))
		n := float32(k + 1)
		if diff := cmp.Diff([][]float32{{n, 2 * n, 3 * n}}, got); diff != "" {
			t.Errorf("after %d predictions (-want +got):\n%s", k+1, diff)
		}
	}
	if got := run(t, p, other, halves(1, 2, 3)); got[0][0] != 1 {
		t.Errorf("a second state starts at %v, want its own zeros", got[0])
	}
}

// The cache step of language models: the update happens in place and every read
// sees what was current at its place in the program.
func TestSliceUpdates(t *testing.T) {
	for _, c := range []struct {
		name    string
		fill    func(b *mil.Builder, s, x *mil.Value)
		inPlace bool
		want    [][]float32 // outputs of the second prediction
	}{
		{
			name: "write, then read, happens in place", inPlace: true,
			fill: func(b *mil.Builder, s, x *mil.Value) {
				u := update(b, readState(b, s, 4), x, 1, 2)
				b.Do("write_state", "", mil.Args{"input": s, "data": u})
				b.Output("new", readState(b, s, 4))
			},
			want: [][]float32{{0, 7, 0, 0}},
		},
		{
			name: "the result of the update may be read directly", inPlace: true,
			fill: func(b *mil.Builder, s, x *mil.Value) {
				u := update(b, readState(b, s, 4), x, 2, 3)
				b.Do("write_state", "", mil.Args{"input": s, "data": u})
				b.Output("new", u)
			},
			want: [][]float32{{0, 0, 7, 0}},
		},
		{
			name: "an old value that is read later is kept",
			fill: func(b *mil.Builder, s, x *mil.Value) {
				old := readState(b, s, 4)
				u := update(b, old, x, 1, 2)
				b.Do("write_state", "", mil.Args{"input": s, "data": u})
				b.Output("old", old)
				b.Output("new", readState(b, s, 4))
			},
			want: [][]float32{{0, 5, 0, 0}, {0, 7, 0, 0}},
		},
		{
			name: "a view of the old value that is read later is kept",
			fill: func(b *mil.Builder, s, x *mil.Value) {
				old := readState(b, s, 4)
				view := b.Op("slice_by_index", "", half(2), mil.Args{"x": old, "begin": b.Ints("", 1), "end": b.Ints("", 3)})
				u := update(b, old, x, 1, 2)
				b.Do("write_state", "", mil.Args{"input": s, "data": u})
				b.Output("old", view)
			},
			want: [][]float32{{5, 0}},
		},
		{
			name: "a read between update and write sees the old value",
			fill: func(b *mil.Builder, s, x *mil.Value) {
				u := update(b, readState(b, s, 4), x, 1, 2)
				between := readState(b, s, 4)
				b.Do("write_state", "", mil.Args{"input": s, "data": u})
				b.Output("old", between)
				b.Output("new", readState(b, s, 4))
			},
			want: [][]float32{{0, 5, 0, 0}, {0, 7, 0, 0}},
		},
		{
			name: "an update with a part of the old value does not overwrite what it reads", inPlace: true, // the second update
			fill: func(b *mil.Builder, s, x *mil.Value) {
				old := readState(b, s, 4)
				tail := b.Op("slice_by_index", "", half(3), mil.Args{"x": old, "begin": b.Ints("", 1), "end": b.Ints("", 4)})
				u := update(b, old, tail, 0, 3)
				b.Do("write_state", "", mil.Args{"input": s, "data": u})
				v := update(b, readState(b, s, 4), x, 3, 4)
				b.Do("write_state", "", mil.Args{"input": s, "data": v})
				b.Output("new", readState(b, s, 4))
			},
			want: [][]float32{{0, 0, 5, 7}},
		},
		{
			name: "layers that take turns on one state do not see each other's writes early", inPlace: true,
			fill: func(b *mil.Builder, s, x *mil.Value) {
				u := update(b, readState(b, s, 4), x, 0, 1)
				b.Do("write_state", "", mil.Args{"input": s, "data": u})
				first := readState(b, s, 4)
				one := b.Op("add", "", half(4), mil.Args{"x": first, "y": b.Float("", dtype.Float16, 1)})
				v := update(b, readState(b, s, 4), x, 3, 4)
				b.Do("write_state", "", mil.Args{"input": s, "data": v})
				b.Output("one", one)
				b.Output("new", readState(b, s, 4))
				b.Output("first", first)
			},
			want: [][]float32{{8, 1, 1, 6}, {7, 0, 0, 7}, {7, 0, 0, 5}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := build(t, func(b *mil.Builder) {
				s := b.State("cache", dtype.Float16, 4)
				x := b.Input("x", dtype.Float16, 1)
				c.fill(b, s, x)
			})
			st := p.State()
			run(t, p, st, halves(5))
			if diff := cmp.Diff(c.want, run(t, p, st, halves(7))); diff != "" {
				t.Errorf("second prediction (-want +got):\n%s", diff)
			}
			if got := strings.Contains(p.Plan(), "[in place]"); got != c.inPlace {
				t.Errorf("in place: %v, want %v\n%s", got, c.inPlace, p.Plan())
			}
		})
	}
}

func TestStateServesFunctionsOfTheSameShape(t *testing.T) {
	make2 := func(first, second string) *portable.Built {
		return build(t, func(b *mil.Builder) {
			x := b.Input("x", dtype.Float16, 2)
			for _, name := range []string{first, second} {
				s := b.State(name, dtype.Float16, 2)
				sum := b.Op("add", "", half(2), mil.Args{"x": readState(b, s, 2), "y": x})
				b.Do("write_state", "", mil.Args{"input": s, "data": sum})
				b.Output("y"+name, readState(b, s, 2))
			}
		})
	}
	p, q := make2("a", "b"), make2("b", "a")
	st := p.State()
	run(t, p, st, halves(1, 2))
	if got := run(t, q, st, halves(1, 2)); got[0][1] != 4 || got[1][1] != 4 {
		t.Errorf("the state of another function gives %v, want sums of 2 and 4", got)
	}
	r := make2("a", "c")
	if _, err := r.Run(st, halves(1, 2)); err == nil {
		t.Error("a state without buffer c is accepted")
	}
}

func TestStateOperations(t *testing.T) {
	p := build(t, func(b *mil.Builder) {
		s := b.State("cache", dtype.Float16, 4)
		x := b.Input("x", dtype.Float16, 1)
		u := update(b, readState(b, s, 4), x, 1, 2)
		b.Do("write_state", "", mil.Args{"input": s, "data": u})
		b.Output("new", readState(b, s, 4))
	})
	st := p.State()
	if err := st.Write("cache", halves(1, 2, 3, 4)); err != nil {
		t.Fatal(err)
	}
	clone, err := st.Clone()
	if err != nil {
		t.Fatal(err)
	}
	run(t, p, st, halves(9))
	if got := run(t, p, clone, halves(8)); got[0][1] != 8 || got[0][3] != 4 {
		t.Errorf("clone gives %v, want 1 8 3 4", got[0])
	}
	x, err := st.Read("cache")
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := tensor.Values[float32](x); v[1] != 9 {
		t.Errorf("the state holds %v, want 1 9 3 4", v)
	}
	if err := st.Reset(); err != nil {
		t.Fatal(err)
	}
	if got := run(t, p, st, halves(9)); got[0][3] != 0 {
		t.Errorf("after reset the state gives %v", got[0])
	}
	for name, err := range map[string]error{
		"unknown name": st.Write("other", halves(1, 2, 3, 4)),
		"wrong shape":  st.Write("cache", halves(1, 2)),
	} {
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
