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
	p, err := plan.New(t.Context(), fn, engine.ArithmeticFaithful, false)
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

// TestReshapesOfViewsAgreeWithReshapesOfCopies shows views of all sorts under
// every shape of the list and compares the order of the elements.
func TestReshapesOfViewsAgreeWithReshapesOfCopies(t *testing.T) {
	shapes := [][]int{
		{48},
		{6, 8},
		{2, 24},
		{4, 12},
		{1, 48, 1},
		{3, 2, 8},
		{2, 3, 2, 4},
		{8, 6},
		{2, 2, 12},
		{16, 3},
		{3, 16},
		{2, 1, 3, 8},
		{4, 3, 4},
		{12, 4},
		{2, 2, 2, 2, 3},
		{24, 2},
		{3, 2, 2, 4},
	}
	ones := []int{1, 1, 1, 1}
	views := map[string]struct{ dims, stride, repeat []int }{
		"swapped outer dimensions":   {[]int{3, 2, 2, 4}, []int{8, 24, 4, 1}, ones},
		"swapped inner dimensions":   {[]int{2, 3, 4, 2}, []int{24, 8, 1, 4}, ones},
		"swapped middle dimensions":  {[]int{2, 2, 3, 4}, []int{24, 4, 8, 1}, ones},
		"reversed dimensions":        {[]int{4, 2, 3, 2}, []int{1, 4, 8, 24}, ones},
		"a part of the rows":         {[]int{2, 3, 2, 4}, []int{48, 16, 8, 1}, ones},
		"every other element":        {[]int{2, 3, 2, 4}, []int{48, 16, 8, 2}, ones},
		"an outer stride of zero":    {[]int{2, 3, 2, 4}, []int{0, 8, 4, 1}, ones},
		"a middle stride of zero":    {[]int{2, 3, 2, 4}, []int{12, 4, 0, 1}, ones},
		"two strides of zero":        {[]int{2, 3, 2, 4}, []int{4, 0, 0, 1}, ones},
		"an inner stride of zero":    {[]int{2, 3, 2, 4}, []int{6, 2, 1, 0}, ones},
		"repeated heads":             {[]int{1, 6, 2, 4}, []int{0, 8, 4, 1}, []int{1, 3, 1, 1}},
		"repeated heads of batches":  {[]int{2, 6, 1, 4}, []int{8, 4, 0, 1}, []int{1, 3, 1, 1}},
		"a repeated inner dimension": {[]int{2, 3, 2, 4}, []int{12, 4, 2, 1}, []int{1, 1, 1, 2}},
	}
	shown := 0
	for name, view := range views {
		mem := counting(200)
		v := array.Value{Rank: len(view.dims), F32: mem.F32}
		copy(v.Dims[:], view.dims)
		copy(v.Stride[:], view.stride)
		copy(v.Repeat[:], view.repeat)
		want := make([]float32, v.Len())
		v.Widen(nil, want)
		for _, shape := range shapes {
			var w array.Value
			w.Rank = copy(w.Dims[:], shape)
			if w.Len() != v.Len() || !v.Regroup(shape, &w.Stride, &w.Repeat) {
				continue
			}
			shown++
			w.F32 = mem.F32
			got := make([]float32, v.Len())
			w.Widen(nil, got)
			if !slices.Equal(got, want) {
				t.Errorf("%s as %v: got %v, want %v", name, shape, got, want)
			}
		}
		var w array.Value
		if !v.Regroup(view.dims, &w.Stride, &w.Repeat) {
			t.Errorf("%s cannot be shown in its own shape", name)
		}
	}
	if shown < 60 {
		t.Errorf("only %d reshapes were views", shown)
	}
	t.Logf("%d reshapes were views", shown)
}
