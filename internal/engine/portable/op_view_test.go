package portable

import (
	"slices"
	"testing"
	"unsafe"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
)

// runFunction plans and runs a function with one input and returns its first
// result with the frame.
func runFunction(t *testing.T, b *mil.Builder, name string, in array.Value) (*frame, *array.Value) {
	t.Helper()
	fn, err := b.Function()
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(t.Context(), fn, engine.Faithful, false)
	if err != nil {
		t.Fatal(err)
	}
	fr := newFrame(p, nil, 1)
	bindAll(fr, []feeding{{name, in}})
	if err := fr.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return fr, &fr.Values[p.Outputs[0]]
}

func counting(shape ...int) array.Value {
	n := 1
	for _, d := range shape {
		n *= d
	}
	data := make([]float32, n)
	for k := range data {
		data[k] = float32(k)
	}
	return feed(dtype.Float32, shape, data)
}

func fp32(shape ...int) mil.Type { return mil.TensorType(dtype.Float32, shape...) }

// TestRepeatedHeadsAreNotCopied runs the operations by which exporters repeat
// key-value heads for grouped-query attention.
func TestRepeatedHeadsAreNotCopied(t *testing.T) {
	const kv, group, n, d = 2, 3, 4, 5
	in := counting(1, kv, n, d)
	b := mil.NewBuilder("main", "CoreML8")
	x := b.Input("x", dtype.Float32, 1, kv, n, d)
	x = b.Op("expand_dims", "", fp32(1, kv, 1, n, d), mil.Args{"x": x, "axes": b.Ints("", 2)})
	x = b.Op("tile", "", fp32(1, kv, group, n, d), mil.Args{"x": x, "reps": b.Ints("", 1, 1, group, 1, 1)})
	x = b.Op("reshape", "", fp32(1, kv*group, n, d), mil.Args{"x": x, "shape": b.Ints("", 1, kv*group, n, d)})
	b.Output("y", x)
	fr, y := runFunction(t, b, "x", in)
	if unsafe.SliceData(y.F32) != unsafe.SliceData(in.F32) {
		t.Fatal("the result does not lie in the memory of the input")
	}
	if got := y.Repeat[1]; got != group {
		t.Errorf("heads repeat %d times, want %d", got, group)
	}
	got := fr.call.F32(y)
	for h := range kv * group {
		from := h / group * n * d
		if !slices.Equal(got[h*n*d:(h+1)*n*d], in.F32[from:from+n*d]) {
			t.Errorf("head %d is not key-value head %d", h, h/group)
		}
	}
}

func TestViewsShareMemory(t *testing.T) {
	for name, op := range map[string]struct {
		typ    string
		result mil.Type
		args   func(b *mil.Builder) mil.Args
	}{
		"a transpose": {"transpose", fp32(4, 2, 3), func(b *mil.Builder) mil.Args {
			return mil.Args{"perm": b.Ints("", 2, 0, 1)}
		}},
		"a slice with steps": {"slice_by_index", fp32(2, 2, 2), func(b *mil.Builder) mil.Args {
			return mil.Args{"begin": b.Ints("", 0, 0, 0), "end": b.Ints("", 2, 3, 4), "stride": b.Ints("", 1, 2, 2)}
		}},
		"a gather of one index": {"gather", fp32(2, 4), func(b *mil.Builder) mil.Args {
			return mil.Args{"indices": b.Int("", 0), "axis": b.Int("", 1)}
		}},
		"a part of a split": {"split", fp32(2, 3, 2), func(b *mil.Builder) mil.Args {
			return mil.Args{"num_splits": b.Int("", 1), "axis": b.Int("", 2)}
		}},
		"a squeeze": {"squeeze", fp32(2, 3, 4), func(*mil.Builder) mil.Args { return mil.Args{} }},
	} {
		t.Run(name, func(t *testing.T) {
			in := counting(2, 3, 4)
			b := mil.NewBuilder("main", "CoreML8")
			args := op.args(b)
			args["x"] = b.Input("x", dtype.Float32, 2, 3, 4)
			b.Output("y", b.Op(op.typ, "", op.result, args))
			_, y := runFunction(t, b, "x", in)
			if unsafe.SliceData(y.F32) != unsafe.SliceData(in.F32) {
				t.Error("the result is a copy")
			}
		})
	}
}
