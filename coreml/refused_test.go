package coreml_test

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/tensor"
)

// writePackage writes a package of one function; change may alter its description.
func writePackage(t testing.TB, fill func(b *mil.Builder), change func(d *milpb.ModelDescription)) string {
	t.Helper()
	b := mil.NewBuilder("main", "CoreML8")
	fill(b)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	d, err := mil.Describe(p, "")
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(d)
	}
	path := filepath.Join(t.TempDir(), "m.mlpackage")
	if err := mil.Write(path, p, d); err != nil {
		t.Fatal(err)
	}
	return path
}

func loadPackage(t testing.TB, path string) *coreml.Model {
	t.Helper()
	m, err := coreml.Load(t.Context(), path, portable)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// cachePackage looks a token up, writes its row into a cache at a place, and gives
// the cache and what the row is.
func cachePackage(b *mil.Builder) {
	f, i := dtype.Float32, dtype.Int32
	token, place := b.Input("token", i, 1), b.Input("place", i, 1)
	cache := b.State("cache", dtype.Float16, 4, 2)
	counter := b.State("counter", dtype.Float16, 1)
	old := b.Op("read_state", "count", mil.TensorType(dtype.Float16, 1), mil.Args{"input": counter})
	b.Do("write_state", "", mil.Args{"input": counter, "data": b.Op("add", "counted", mil.TensorType(dtype.Float16, 1), mil.Args{
		"x": old, "y": b.Float("", dtype.Float16, 1),
	})})
	table := b.Float32s("", []int{3, 2}, 1, 2, 3, 4, 5, 6)
	row := b.Op("gather", "row", mil.TensorType(f, 1, 2), mil.Args{"x": table, "indices": token, "axis": b.Int("", 0)})
	row16 := b.Op("cast", "row16", mil.TensorType(dtype.Float16, 1, 2), mil.Args{"x": row, "dtype": b.Text("", "fp16")})
	begin := b.Op("concat", "begin", mil.TensorType(i, 2), mil.Args{
		"values": mil.Values{place, b.Ints("", 0)}, "axis": b.Int("", 0), "interleave": b.Bool("", false),
	})
	next := b.Op("add", "next", mil.TensorType(i, 1), mil.Args{"x": place, "y": b.Int("", 1)})
	end := b.Op("concat", "end", mil.TensorType(i, 2), mil.Args{
		"values": mil.Values{next, b.Ints("", 2)}, "axis": b.Int("", 0), "interleave": b.Bool("", false),
	})
	x := b.Op("read_state", "x", mil.TensorType(dtype.Float16, 4, 2), mil.Args{"input": cache})
	u := b.Op("slice_update", "u", mil.TensorType(dtype.Float16, 4, 2), mil.Args{"x": x, "update": row16, "begin": begin, "end": end})
	b.Do("write_state", "", mil.Args{"input": cache, "data": u})
	b.Output("row", row)
}

// What a prediction refuses is refused before the state changes: the counter, which
// the program changes first, tells.
func TestWhatIsRefusedLeavesTheStateAsItWas(t *testing.T) {
	m := loadPackage(t, writePackage(t, cachePackage, nil))
	st := newState(t, m)
	count := func() float32 { return floats(t, must(st.Read("counter")))[0] }
	features := func(token, place int32) coreml.Features {
		return coreml.Features{
			"token": coreml.MultiArray(tensor.FromSlice([]int32{token}, 1)), "place": coreml.MultiArray(tensor.FromSlice([]int32{place}, 1)),
		}
	}
	if _, err := m.Predict(t.Context(), features(1, 0), st, nil); err != nil {
		t.Fatal(err)
	}
	buffer := func(v *tensor.Tensor) *coreml.PredictOptions {
		return &coreml.PredictOptions{Outputs: coreml.Features{"row": coreml.MultiArray(v)}}
	}
	for name, test := range map[string]struct {
		token, place int32
		opts         *coreml.PredictOptions
		want         error
		says         string
	}{
		"a token beyond the vocabulary":      {3, 1, nil, tensor.ErrValue, `gather "row"`},
		"a token that no vocabulary has":     {1<<31 - 1, 1, nil, tensor.ErrValue, `gather "row"`},
		"a negative token":                   {-1, 1, nil, tensor.ErrValue, `gather "row"`},
		"a place past the cache's end":       {1, 4, nil, tensor.ErrValue, `slice_update "u"`},
		"a place far past the cache's end":   {1, 1 << 30, nil, tensor.ErrValue, `slice_update "u"`},
		"a place before the cache":           {1, -9, nil, tensor.ErrValue, `slice_update "u"`},
		"an output buffer of another shape":  {1, 1, buffer(tensor.New(tensor.Float32, 2, 2)), coreml.ErrShape, `output buffer "row"`},
		"an output buffer of another rank":   {1, 1, buffer(tensor.New(tensor.Float32, 2)), coreml.ErrShape, `output buffer "row"`},
		"an output buffer of another type":   {1, 1, buffer(tensor.New(tensor.Float16, 1, 2)), coreml.ErrDType, `output buffer "row"`},
		"an output buffer with gaps":         {1, 1, buffer(tensor.New(tensor.Float32, 1, 4).Slice(tensor.All(), tensor.All().By(2))), nil, `output buffer "row"`},
		"an output buffer that holds errors": {1, 1, buffer(tensor.Failed(errors.New("broken"))), nil, `output buffer "row"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := m.Predict(t.Context(), features(test.token, test.place), st, test.opts)
			if err == nil || test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error is %v, want %v about %s", err, test.want, test.says)
			}
			if err := st.Err(); err != nil {
				t.Errorf("the state is marked: %v", err)
			}
			if got := count(); got != 1 {
				t.Errorf("the state counts %v predictions, want 1", got)
			}
		})
	}
	if _, err := m.Predict(t.Context(), features(2, 3), st, nil); err != nil {
		t.Fatal(err)
	}
	if got := count(); got != 2 {
		t.Errorf("the state counts %v predictions, want 2", got)
	}
	if got := floats(t, must(st.Read("cache"))); !slices.Equal(got, []float32{3, 4, 0, 0, 0, 0, 5, 6}) {
		t.Errorf("the cache holds %v", got)
	}
}

func must(t *tensor.Tensor, err error) *tensor.Tensor {
	if err != nil {
		return tensor.Failed(err)
	}
	return t
}

// stacked joins two inputs whose first dimension is open.
func stacked(b *mil.Builder) {
	f := dtype.Float32
	x, y := b.Input("left", f, mil.Unknown, 2), b.Input("right", f, mil.Unknown, 2)
	b.Output("both", b.Op("stack", "both", mil.TensorType(f, 2, mil.Unknown, 2), mil.Args{"values": mil.Values{x, y}, "axis": b.Int("", 0)}))
}

func TestShapesThatDoNotGoTogetherAreRefusedWhenTheModelIsLoaded(t *testing.T) {
	shapes := func(sizes ...int64) []milpb.Shape {
		var list []milpb.Shape
		for _, n := range sizes {
			list = append(list, milpb.Shape{Sizes: []int64{n, 2}})
		}
		return list
	}
	for name, test := range map[string]struct {
		left, right milpb.ArrayFeatureType
		want        string
	}{
		"default shapes that go together": {
			milpb.ArrayFeatureType{Shape: []int64{3, 2}}, milpb.ArrayFeatureType{Shape: []int64{3, 2}}, "",
		},
		"default shapes that do not": {
			milpb.ArrayFeatureType{Shape: []int64{3, 2}}, milpb.ArrayFeatureType{Shape: []int64{4, 2}}, "the default shapes",
		},
		"enumerated shapes that go together": {
			milpb.ArrayFeatureType{Shape: []int64{3, 2}, Enumerated: shapes(3, 5)},
			milpb.ArrayFeatureType{Shape: []int64{3, 2}, Enumerated: shapes(3, 5)},
			"",
		},
		"enumerated shapes that do not": {
			milpb.ArrayFeatureType{Shape: []int64{3, 2}, Enumerated: shapes(3, 5)},
			milpb.ArrayFeatureType{Shape: []int64{3, 2}, Enumerated: shapes(3, 6)},
			"number 2 of the enumerated shapes",
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := writePackage(t, stacked, func(d *milpb.ModelDescription) {
				for k, a := range []milpb.ArrayFeatureType{test.left, test.right} {
					a.DataType = milpb.ArrayFloat32
					d.Input[k].Type.Array = &a
				}
			})
			m, err := coreml.Load(t.Context(), path, portable)
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if err := m.Close(); err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, coreml.ErrShape) {
				t.Fatalf("error is %v, want ErrShape", err)
			}
			for _, part := range []string{test.want, `"left"`, `"right"`, `stack "both"`} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %s", err, part)
				}
			}
		})
	}
}

// TestADefaultShapeMayBeTooSmallToPredictWith loads what coremltools' own tests load
// and then predict with larger inputs: converters write 1 for every open dimension.
func TestADefaultShapeMayBeTooSmallToPredictWith(t *testing.T) {
	f := dtype.Float32
	for name, program := range map[string]func(b *mil.Builder){
		"a slice beyond it": func(b *mil.Builder) {
			x := b.Input("x", f, mil.Unknown, mil.Unknown)
			b.Output("y", b.Op("slice_by_index", "y", mil.TensorType(f, mil.Unknown), mil.Args{
				"x": x, "begin": b.Ints("", 0, 3), "end": b.Ints("", 0, 4), "begin_mask": b.Bools("", true, false),
				"end_mask": b.Bools("", true, false), "squeeze_mask": b.Bools("", false, true),
			}))
		},
		"a window wider than it": func(b *mil.Builder) {
			x := b.Input("x", f, 1, 1, mil.Unknown)
			b.Output("y", b.Op("max_pool", "y", mil.TensorType(f, 1, 1, mil.Unknown), mil.Args{
				"x": x, "kernel_sizes": b.Ints("", 5), "strides": b.Ints("", 1), "pad_type": b.Text("", "valid"), "pad": b.Ints("", 0, 0),
				"ceil_mode": b.Bool("", false),
			}))
		},
		"more than it has": func(b *mil.Builder) {
			x := b.Input("x", f, mil.Unknown)
			k := b.MultiOp("topk", "y", []mil.Type{mil.TensorType(f, 4), mil.TensorType(dtype.Int32, 4)}, mil.Args{
				"x": x, "k": b.Int("", 4), "axis": b.Int("", 0), "ascending": b.Bool("", false),
			})
			b.Output("y", k[0])
		},
		// As in TestSliceScatter::test_slice_scatter with a dynamic input.
		"a window of another size than what fills it": func(b *mil.Builder) {
			x, update := b.Input("x", f, mil.Unknown, 4), b.Input("update", f, 2, 4)
			b.Output("y", b.Op("slice_update", "y", mil.TensorType(f, mil.Unknown, 4), mil.Args{
				"x": x, "update": update, "begin": b.Ints("", 0, 0), "end": b.Ints("", -1, 4), "stride": b.Ints("", 1, 1),
				"begin_mask": b.Bools("", true, true), "end_mask": b.Bools("", false, true), "squeeze_mask": b.Bools("", false, false),
			}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := coreml.Load(t.Context(), writePackage(t, program, nil), portable)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNilContextsAreTheBackground(t *testing.T) {
	var none context.Context
	dir := filepath.Join(fixture, "model.mlpackage")
	m, err := coreml.Load(none, dir, portable)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for name, call := range map[string]func() error{
		"LoadFS": func() error {
			m, err := coreml.LoadFS(none, os.DirFS(fixture), "model.mlpackage", portable)
			if err == nil {
				err = m.Close()
			}
			return err
		},
		"Load of nothing": func() error {
			if _, err := coreml.Load(none, filepath.Join(t.TempDir(), "no.mlpackage"), nil); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		},
		"Predict": func() error {
			_, err := m.Predict(none, decodeStep(5, 1), newState(t, m), nil)
			return err
		},
		"ComputePlan": func() error {
			if _, err := m.ComputePlan(none); !errors.Is(err, errors.ErrUnsupported) {
				return err
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := call(); err != nil {
				t.Error(err)
			}
		})
	}
}

// One operation over hundreds of megabytes ends with its context, and so does the
// conversion of a large input.
func TestOneLargeOperationEndsWithItsContext(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a gigabyte")
	}
	m := loadPackage(t, writePackage(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float32, 1, 1, 1<<12, 1<<12)
		acc := b.State("acc", dtype.Float16, 1)
		b.Do("write_state", "", mil.Args{"input": acc, "data": b.Op("read_state", "", mil.TensorType(dtype.Float16, 1), mil.Args{"input": acc})})
		b.Output("y", b.Op("upsample_nearest_neighbor", "y", mil.TensorType(dtype.Float32, 1, 1, 1<<14, 1<<13), mil.Args{
			"x": x, "scale_factor_height": b.Int("", 4), "scale_factor_width": b.Int("", 2),
		}))
	}, nil))
	for name, x := range map[string]*tensor.Tensor{
		"as it is":  tensor.New(tensor.Float32, 1, 1, 1<<12, 1<<12),
		"converted": tensor.New(tensor.Int32, 1, 1, 1<<12, 1<<12),
	} {
		predict := func(ctx context.Context) error {
			_, err := m.Predict(ctx, coreml.Features{"x": coreml.MultiArray(x)}, newState(t, m), nil)
			return err
		}
		whole := &looked{Context: t.Context(), most: math.MaxInt64}
		if err := predict(whole); err != nil {
			t.Fatal(err)
		}
		looks := whole.looks.Load()
		if looks < 100 {
			t.Errorf("%s: the context is looked at %d times", name, looks)
		}
		for _, most := range []int64{looks / 10, looks / 4} {
			ctx := &looked{Context: t.Context(), most: most}
			if err := predict(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: error is %v", name, err)
			}
			// What is under way is given up at the next look of each thread.
			if late := ctx.looks.Load() - most; late > max(looks/10, 8) {
				t.Errorf("%s: a context that ended after %d of %d looks was looked at %d times more", name, most, looks, late)
			}
		}
	}
}

// looked is a context that ends when it has been looked at often enough: within the same
// work on every machine.
type looked struct {
	context.Context //nolint:containedctx // the other methods
	looks           atomic.Int64
	most            int64
}

func (l *looked) Err() error {
	if l.looks.Add(1) > l.most {
		return context.Canceled
	}
	return l.Context.Err()
}
