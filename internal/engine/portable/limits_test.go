package portable

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
)

// planOf plans what fill builds.
func planOf(t *testing.T, fill func(b *mil.Builder)) (*plan.Plan, error) {
	t.Helper()
	b := mil.NewBuilder("main", "CoreML8")
	fill(b)
	fn, err := b.Function()
	if err != nil {
		t.Fatal(err)
	}
	return plan.New(t.Context(), fn, engine.ArithmeticFaithful, true)
}

// Programs of a few bytes that ask for much memory or for work without end.
func TestProgramsThatAskForTooMuchAreRefused(t *testing.T) {
	defer func(old int) { plan.MaxWidened = old }(plan.MaxWidened)
	plan.MaxWidened = 1 << 20
	tests := map[string]struct {
		fill func(b *mil.Builder)
		want string
	}{
		"states that are too large together": {func(b *mil.Builder) {
			for k := range 5 {
				s := b.State(fmt.Sprintf("s%d", k), dtype.Float16, 1<<15, 1<<14)
				r := b.Op("read_state", "", f16(1<<15, 1<<14), mil.Args{"input": s})
				b.Do("write_state", "", mil.Args{"input": s, "data": r})
			}
		}, "the states have more than"},
		"one state that is too large": {func(b *mil.Builder) {
			s := b.State("s", dtype.Float16, 1<<17, 1<<15)
			b.Output("y", b.Op("read_state", "", f16(1<<17, 1<<15), mil.Args{"input": s}))
		}, "too large"},
		"constant expressions that feed each other many times": {func(b *mil.Builder) {
			w := b.Op("constexpr_cast", "", f32(2), mil.Args{"source_val": b.Float16s("", []int{2}, 1, 2)})
			for range 12 {
				w = b.Op("constexpr_blockwise_shift_scale", "", f32(2), mil.Args{"data": w, "scale": w, "offset": w})
			}
			b.Output("y", b.Op("relu", "", f32(2), mil.Args{"x": w}))
		}, "constexpr operations feed it"},
		"palettes of long vectors that must be widened": {func(b *mil.Builder) {
			for k := range 3 {
				w := b.Op("constexpr_lut_to_dense", "", f16(mil.Unknown), mil.Args{
					"indices":     b.IntTensor("", dtype.UInt1, []int{1 << 6}, make([]int, 1<<6)...),
					"lut":         b.Const("", dtype.Float16, []int{1, 2, 1 << 13}, make([]byte, 4<<13)),
					"vector_axis": b.Int("", 0),
				})
				b.Output(fmt.Sprintf("y%d", k), b.Op("relu", "", f16(mil.Unknown), mil.Args{"x": w}))
			}
		}, "must be widened"},
		"an operand that is missing": {func(b *mil.Builder) {
			b.Output("y", b.Op("matmul", "", f32(2, 2), mil.Args{"x": b.Input("x", dtype.Float32, 2, 2)}))
		}, "operand y is missing"},
		"a result too many": {func(b *mil.Builder) {
			v := b.MultiOp("relu", "r", []mil.Type{f32(2), f32(2)}, mil.Args{"x": b.Input("x", dtype.Float32, 2)})
			b.Output("y", v[0])
		}, "has 2 results"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := planOf(t, test.fill)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
			if errors.Is(err, array.ErrFault) {
				t.Errorf("error is a fault: %v", err)
			}
		})
	}
}

// Values that read each other in more than one place: following every path would
// never end.
func TestManyPathsToAStateArePlannedQuickly(t *testing.T) {
	p, err := planOf(t, func(b *mil.Builder) {
		s := b.State("s", dtype.Int32, 4)
		v := b.Op("read_state", "", i32(4), mil.Args{"input": s})
		old := v
		for range 200 {
			v = b.Op("slice_by_size", "", i32(4), mil.Args{"x": v, "begin": v, "size": v})
		}
		b.Do("write_state", "", mil.Args{"input": s, "data": b.Op("add", "", i32(4), mil.Args{"x": old, "y": b.Int("", 1)})})
		b.Output("y", v)
	})
	if err != nil {
		t.Fatal(err)
	}
	if !p.Body.Steps[0].Copied {
		t.Error("a read whose views outlive the next write is not copied")
	}
}

func TestFoldingStopsWhereItWouldTakeLong(t *testing.T) {
	p, err := planOf(t, func(b *mil.Builder) {
		big := b.Op("fill", "", f32(1<<10, 1<<10), mil.Args{"shape": b.Ints("", 1<<10, 1<<10), "value": b.Float("", dtype.Float32, 1)})
		for range 40 {
			big = b.Op("matmul", "", f32(1<<10, 1<<10), mil.Args{"x": big, "y": big})
		}
		b.Output("y", big)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Body.Steps) < 40 {
		t.Errorf("only %d products are left for the prediction", len(p.Body.Steps))
	}
}

func TestMemoryBeyondTheLimitIsAnErrorAndTheNextPredictionWorks(t *testing.T) {
	lowerArena(t, 1<<20)
	b := mil.NewBuilder("main", "CoreML8")
	x := b.Input("x", dtype.Int32, 1)
	y := b.Op("fill", "", f32(mil.Unknown), mil.Args{"shape": x, "value": b.Float("", dtype.Float32, 1)})
	b.Output("y", y)
	built, err := Build(b, engine.ArithmeticFaithful, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int32{16, 1 << 24, 1 << 19, 1 << 28, 32} {
		out, err := built.Run(nil, intTensor(n))
		switch {
		case n > 1<<20:
			var op *plan.OpError
			if !errors.As(err, &op) || op.Op != "fill" || !strings.Contains(err.Error(), "working memory") {
				t.Errorf("%d elements: error is %v", n, err)
			}
		case err != nil:
			t.Errorf("%d elements: %v", n, err)
		case out[0].Len() != int(n):
			t.Errorf("%d elements: the result has %d", n, out[0].Len())
		}
	}
}

// A value is read as integers and as numbers, in either order.
func TestBothFormsOfAValueKeepApart(t *testing.T) {
	p, err := planOf(t, func(b *mil.Builder) {
		b.Output("y", b.Op("relu", "", f16(3), mil.Args{"x": b.Input("x", dtype.Float16, 3)}))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, order := range []string{"fi", "if", "fif", "ifi"} {
		fr := newFrame(p, nil, 1)
		v := feed(dtype.Float16, []int{3}, []float32{1.5, -2.5, 3})
		v.Slot, v.Own = p.Inputs[0], true
		fr.Values[v.Slot] = v
		x := &fr.Values[v.Slot]
		for _, form := range order {
			if form == 'f' {
				if got := fr.call.F32(x); !slices.Equal(got, []float32{1.5, -2.5, 3}) {
					t.Errorf("%s: numbers are %v", order, got)
				}
			} else if got := fr.call.I32(x); !slices.Equal(got, []int32{1, -2, 3}) {
				t.Errorf("%s: integers are %v", order, got)
			}
		}
	}
}

// Updates whose new content is a view of the old, so that writing in place would
// read what it has written.
func TestStatesUpdatedFromThemselves(t *testing.T) {
	for _, dt := range []dtype.Type{dtype.Float16, dtype.Float32, dtype.Int32} {
		tests := map[string]struct {
			update func(b *mil.Builder, old, again *mil.Value) *mil.Value
			want   []float32
		}{
			"transposed": {func(b *mil.Builder, old, _ *mil.Value) *mil.Value {
				return b.Op("transpose", "", mil.TensorType(dt, 2, 2), mil.Args{"x": old, "perm": b.Ints("", 1, 0)})
			}, []float32{1, 3, 2, 4}},
			"transposed from another read": {func(b *mil.Builder, _, again *mil.Value) *mil.Value {
				return b.Op("transpose", "", mil.TensorType(dt, 2, 2), mil.Args{"x": again, "perm": b.Ints("", 1, 0)})
			}, []float32{1, 3, 2, 4}},
			"itself": {func(_ *mil.Builder, old, _ *mil.Value) *mil.Value { return old }, []float32{1, 2, 3, 4}},
		}
		for name, test := range tests {
			t.Run(fmt.Sprintf("%v %s", dt, name), func(t *testing.T) {
				p, err := planOf(t, func(b *mil.Builder) {
					s := b.State("s", dt, 2, 2)
					again := b.Op("read_state", "", mil.TensorType(dt, 2, 2), mil.Args{"input": s})
					old := b.Op("read_state", "", mil.TensorType(dt, 2, 2), mil.Args{"input": s})
					u := b.Op("slice_update", "", mil.TensorType(dt, 2, 2), mil.Args{
						"x": old, "update": test.update(b, old, again), "begin": b.Ints("", 0, 0), "end": b.Ints("", 2, 2),
					})
					b.Do("write_state", "", mil.Args{"input": s, "data": u})
				})
				if err != nil {
					t.Fatal(err)
				}
				fr := newFrame(p, nil, 1)
				fr.States = newState(p.States).buffers
				start := feed(dt, []int{2, 2}, []float32{1, 2, 3, 4})
				copy(fr.States[0].F32, start.F32)
				copy(fr.States[0].F16, start.F16)
				copy(fr.States[0].I32, start.I32)
				if err := fr.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				got := make([]float32, 4)
				v := fr.States[0].Value(&p.States[0])
				v.Widen(nil, got)
				if !slices.Equal(got, test.want) {
					t.Errorf("the state holds %v, want %v", got, test.want)
				}
			})
		}
	}
}

// A fault in the table while planning is an error too.
func TestFaultsWhilePlanningAreErrors(t *testing.T) {
	broken := *op.Table["relu"]
	broken.Prepare = func(*op.Setup) (any, error) { panic("broken") }
	old := op.Table["relu"]
	op.Table["relu"] = &broken
	defer func() { op.Table["relu"] = old }()
	_, err := planOf(t, func(b *mil.Builder) {
		b.Output("y", b.Op("relu", "", f32(2), mil.Args{"x": b.Input("x", dtype.Float32, 2)}))
	})
	if !errors.Is(err, array.ErrFault) {
		t.Errorf("error is %v", err)
	}
}
