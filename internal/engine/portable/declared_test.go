package portable_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// loadBuilt writes a package of what fill adds to a builder and loads it.
func loadBuilt(t *testing.T, cfg engine.Config, fill func(b *mil.Builder)) error {
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
	path := filepath.Join(t.TempDir(), "m.mlpackage")
	if err := mil.Write(path, p, d); err != nil {
		t.Fatal(err)
	}
	prog, err := portable.Engine{}.Load(t.Context(), engine.Source{Path: path}, cfg)
	if err == nil {
		_ = prog.Close()
	}
	return err
}

// wide is the type of float32 numbers.
func wide(shape ...int) mil.Type { return mil.TensorType(dtype.Float32, shape...) }

// Fusion and tails decide by the shapes that a program declares. One that computes
// others is refused when it is loaded, whichever steps it becomes.
func TestResultsHaveTheDeclaredShapes(t *testing.T) {
	for _, c := range []struct {
		name string
		fill func(b *mil.Builder)
		want string // part of the error; none for a program that is fine
	}{
		{"a size that differs", func(b *mil.Builder) {
			b.Output("y", b.Op("relu", "r", wide(2, 4), mil.Args{"x": b.Input("x", dtype.Float32, 2, 5)}))
		}, `relu "r": result "y" is declared with shape [2 4] and computed with shape [2 5]`},
		{"a rank that differs", func(b *mil.Builder) {
			b.Output("y", b.Op("reshape", "r", wide(4, 3), mil.Args{"x": b.Input("x", dtype.Float32, 4, 3), "shape": b.Ints("", 2, 2, 3)}))
		}, `declared with shape [4 3] and computed with shape [2 2 3]`},
		{"one of two results", func(b *mil.Builder) {
			p := b.MultiOp("split", "s", []mil.Type{wide(2, 2), wide(2, 2)}, mil.Args{
				"x": b.Input("x", dtype.Float32, 2, 4), "split_sizes": b.Ints("", 1, 3), "axis": b.Int("", 1),
			})
			b.Output("y", p[1])
		}, `split "s": result`},
		{"inside of attention", func(b *mil.Builder) {
			q, k, v := b.Input("q", dtype.Float32, 1, 2, 3, 4), b.Input("k", dtype.Float32, 1, 2, 3, 4), b.Input("v", dtype.Float32, 1, 2, 3, 4)
			s := b.Op("matmul", "", wide(1, 2, 3, 3), mil.Args{"x": q, "y": k, "transpose_x": b.Bool("", false), "transpose_y": b.Bool("", true)})
			s = b.Op("cast", "c", wide(2, 3, 3), mil.Args{"x": s, "dtype": b.Text("", "fp32")})
			s = b.Op("softmax", "", wide(1, 2, 3, 3), mil.Args{"x": s, "axis": b.Int("", 2)})
			b.Output("y", b.Op("matmul", "", wide(1, 2, 3, 4), mil.Args{"x": s, "y": v}))
		}, `cast "c": result "c" is declared with shape [2 3 3] and computed with shape [1 2 3 3]`},
		{"inside of rotary embedding", func(b *mil.Builder) {
			x, cos, sin := b.Input("x", dtype.Float32, 2, 4), b.Input("cos", dtype.Float32, 2, 4), b.Input("sin", dtype.Float32, 2, 4)
			p := b.MultiOp("split", "s", []mil.Type{wide(2, 2), wide(2, 2)}, mil.Args{"x": x, "split_sizes": b.Ints("", 1, 3), "axis": b.Int("", 1)})
			n := b.Op("mul", "", wide(2, 2), mil.Args{"x": p[1], "y": b.Float("", dtype.Float32, -1)})
			r := b.Op("concat", "", wide(2, 4), mil.Args{"values": mil.Values{n, p[0]}, "axis": b.Int("", -1), "interleave": b.Bool("", false)})
			b.Output("y", b.Op("add", "", wide(2, 4), mil.Args{
				"x": b.Op("mul", "", wide(2, 4), mil.Args{"x": x, "y": cos}), "y": b.Op("mul", "", wide(2, 4), mil.Args{"x": r, "y": sin}),
			}))
		}, `split "s": result`},
		{"sizes that are left open", func(b *mil.Builder) {
			b.Output("y", b.Op("relu", "", wide(mil.Unknown, 5), mil.Args{"x": b.Input("x", dtype.Float32, 2, 5)}))
		}, ""},
		{"a scalar declared as one element", func(b *mil.Builder) {
			x := b.Input("x", dtype.Float32, 5)
			b.Output("y", b.Op("reduce_sum", "", wide(1), mil.Args{"x": x, "axes": b.Ints("", 0), "keep_dims": b.Bool("", false)}))
		}, ""},
	} {
		for _, cfg := range []engine.Config{{}, {NoFusion: true}, {Arithmetic: engine.ArithmeticWide}} {
			t.Run(c.name, func(t *testing.T) {
				err := loadBuilt(t, cfg, c.fill)
				if c.want == "" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, tensor.ErrShape) {
					t.Errorf("%+v: the error is %v, want one of %q that blames no input", cfg, err, c.want)
				}
			})
		}
	}
}

// A shape that only some inputs lead to is found by the prediction that has them,
// before a state is written.
func TestShapesThatContradictTheDeclaredLeaveTheState(t *testing.T) {
	p := build(t, func(b *mil.Builder) {
		x, s := b.Input("x", dtype.Float16, mil.Unknown), b.State("count", dtype.Float16, 1)
		sum := b.Op("add", "", half(1), mil.Args{"x": readState(b, s, 1), "y": b.Float("", dtype.Float16, 1)})
		b.Do("write_state", "", mil.Args{"input": s, "data": sum})
		b.Output("y", b.Op("relu", "r", half(2), mil.Args{"x": x}))
	})
	st := p.State()
	run(t, p, st, halves(1, 2))
	_, err := p.Run(st, halves(1, 2, 3))
	var unchanged *engine.UnchangedError
	if !errors.As(err, &unchanged) || !strings.Contains(err.Error(), "declared with shape [2] and computed with shape [3]") {
		t.Errorf("the error is %v, want one of the shapes that left the state as it was", err)
	}
	if got := stateOf(t, st); got[0] != 1 {
		t.Errorf("the state counts %v, want 1", got)
	}
}
