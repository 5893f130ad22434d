package plan_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

func TestOnlyWhatAnOutputOrAStateNeedsIsLowered(t *testing.T) {
	for _, c := range []struct {
		name string
		fill func(b *mil.Builder, x, s *mil.Value)
		want string
	}{
		{"what nothing reads is left out, and what only that reads", func(b *mil.Builder, x, _ *mil.Value) {
			unary(b, "exp", unary(b, "sin", x))
			b.Output("y", unary(b, "relu", x))
		}, "relu"},
		{"a write of a state is needed, with what it stores", func(b *mil.Builder, x, s *mil.Value) {
			b.Do("write_state", "", mil.Args{"input": s, "data": unary(b, "cos", x)})
			b.Output("y", unary(b, "relu", x))
		}, "cos write_state relu"},
		{"a read of a state is not", func(b *mil.Builder, x, s *mil.Value) {
			b.Op("read_state", "", f16(4), mil.Args{"input": s})
			b.Output("y", unary(b, "relu", x))
		}, "relu"},
		{"an operation with a result that is needed is kept with the others", func(b *mil.Builder, x, _ *mil.Value) {
			out := b.MultiOp("split", "", []mil.Type{f16(2), f16(2)}, mil.Args{"x": x, "num_splits": b.Int("", 2), "axis": b.Int("", 0)})
			unary(b, "exp", out[0])
			b.Output("y", unary(b, "relu", out[1]))
		}, "split relu"},
		{"a block that writes a state is needed, though nothing reads its result", func(b *mil.Builder, x, s *mil.Value) {
			pred := b.Op("reduce_max", "", i32(), mil.Args{"x": b.Input("n", dtype.Int32, 1), "keep_dims": b.Bool("", false)})
			give := func(write bool) *mil.Block {
				return b.Block(nil, func([]*mil.Value) []*mil.Value {
					y := unary(b, "sin", x)
					if write {
						b.Do("write_state", "", mil.Args{"input": s, "data": y})
					}
					return []*mil.Value{y}
				})
			}
			b.MultiOp("cond", "", []mil.Type{f16(4)}, mil.Args{"pred": pred}, give(true), give(false))
			b.Output("y", unary(b, "relu", x))
		}, "reduce_max cond relu"},
		{"a block whose result nothing reads is not", func(b *mil.Builder, x, _ *mil.Value) {
			give := func() *mil.Block {
				return b.Block(nil, func([]*mil.Value) []*mil.Value { return []*mil.Value{unary(b, "sin", x)} })
			}
			b.MultiOp("cond", "", []mil.Type{f16(4)}, mil.Args{"pred": b.Bool("", true)}, give(), give())
			b.Output("y", unary(b, "relu", x))
		}, "relu"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := planOf(t, func(b *mil.Builder) { c.fill(b, b.Input("x", dtype.Float16, 4), b.State("s", dtype.Float16, 4)) })
			if got := names(p); got != c.want {
				t.Errorf("the steps are %q, want %q", got, c.want)
			}
		})
	}
}

func TestNestedBlocksAreKeptWhole(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float16, 4)
		give := func() *mil.Block {
			return b.Block(nil, func([]*mil.Value) []*mil.Value {
				unary(b, "exp", x)
				return []*mil.Value{unary(b, "sin", x)}
			})
		}
		pred := b.Op("cast", "", bools(), mil.Args{"x": b.Input("n", dtype.Int32), "dtype": b.Text("", "bool")})
		b.Output("y", b.MultiOp("cond", "", []mil.Type{f16(4)}, mil.Args{"pred": pred}, give(), give())[0])
	})
	for k, blk := range step(t, p, "cond").Blocks {
		if len(blk.Steps) != 2 || len(blk.Outs) != 1 {
			t.Errorf("block %d has %d steps and %d results", k, len(blk.Steps), len(blk.Outs))
		}
	}
}

// A constant that only dead code reads is not decoded: this one could not be, as its
// table does not have the dimensions of its indices.
func TestConstantsOfDeadCodeAreNotDecoded(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float16, 4)
		w := b.Op("constexpr_lut_to_dense", "", f16(4, 4), mil.Args{ // indices without a table
			"indices": b.IntTensor("", dtype.UInt4, []int{4, 4}, make([]int, 16)...), "lut": b.Float16s("", []int{1}, 1),
		})
		b.Op("linear", "", f16(4), mil.Args{"x": x, "weight": w})
		b.Output("y", unary(b, "relu", x))
	})
	if got := names(p); got != "relu" {
		t.Errorf("the steps are %q", got)
	}
}
