package portable_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

func TestCondRunsOneBlock(t *testing.T) {
	p := build(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float16, 2)
		sum := b.Op("reduce_sum", "", half(), mil.Args{"x": x, "keep_dims": b.Bool("", false)})
		pred := b.Op("greater", "", mil.TensorType(dtype.Bool), mil.Args{"x": sum, "y": b.Float("", dtype.Float16, 0)})
		branch := func(by float32) *mil.Block {
			return b.Block(nil, func([]*mil.Value) []*mil.Value {
				return []*mil.Value{b.Op("mul", "", half(2), mil.Args{"x": x, "y": b.Float("", dtype.Float16, by)})}
			})
		}
		y := b.MultiOp("cond", "", []mil.Type{half(2)}, mil.Args{"pred": pred}, branch(2), branch(-1))
		b.Output("y", y[0])
	})
	if diff := cmp.Diff([][]float32{{2, 4}}, run(t, p, nil, halves(1, 2))); diff != "" {
		t.Errorf("true (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]float32{{3, -1}}, run(t, p, nil, halves(-3, 1))); diff != "" {
		t.Errorf("false (-want +got):\n%s", diff)
	}
}

// A loop whose body gives its variables back in another order: Fibonacci.
func TestWhileLoopKeepsItsVariablesApart(t *testing.T) {
	i32 := mil.TensorType(dtype.Int32)
	p := build(t, func(b *mil.Builder) {
		n := b.Input("n", dtype.Int32, 1)
		limit := b.Op("squeeze", "", i32, mil.Args{"x": n})
		types := []mil.Type{i32, half(1), half(1)}
		cond := b.Block(types, func(in []*mil.Value) []*mil.Value {
			return []*mil.Value{b.Op("less", "", mil.TensorType(dtype.Bool), mil.Args{"x": in[0], "y": limit})}
		})
		body := b.Block(types, func(in []*mil.Value) []*mil.Value {
			next := b.Op("add", "", i32, mil.Args{"x": in[0], "y": b.Int("", 1)})
			sum := b.Op("add", "", half(1), mil.Args{"x": in[1], "y": in[2]})
			return []*mil.Value{next, in[2], sum}
		})
		out := b.MultiOp("while_loop", "", types, mil.Args{"loop_vars": mil.Values{
			b.Int("", 0), b.Float16s("", []int{1}, 0), b.Float16s("", []int{1}, 1),
		}}, cond, body)
		b.Output("fib", out[1])
	})
	for n, want := range map[int32]float32{0: 0, 1: 1, 2: 1, 7: 13, 15: 610} {
		got := run(t, p, nil, tensor.FromSlice([]int32{n}, 1))
		if got[0][0] != want {
			t.Errorf("number %d is %v, want %v", n, got[0][0], want)
		}
	}
}

func TestWhileLoopSwapsItsVariables(t *testing.T) {
	i32 := mil.TensorType(dtype.Int32)
	p := build(t, func(b *mil.Builder) {
		x, y := b.Input("x", dtype.Float16, 2), b.Input("y", dtype.Float16, 2)
		types := []mil.Type{i32, half(2), half(2)}
		cond := b.Block(types, func(in []*mil.Value) []*mil.Value {
			return []*mil.Value{b.Op("less", "", mil.TensorType(dtype.Bool), mil.Args{"x": in[0], "y": b.Int("", 3)})}
		})
		body := b.Block(types, func(in []*mil.Value) []*mil.Value {
			next := b.Op("add", "", i32, mil.Args{"x": in[0], "y": b.Int("", 1)})
			return []*mil.Value{next, in[2], in[1]}
		})
		out := b.MultiOp("while_loop", "", types, mil.Args{"loop_vars": mil.Values{b.Int("", 0), x, y}}, cond, body)
		b.Output("a", out[1])
		b.Output("b", out[2])
	})
	if diff := cmp.Diff([][]float32{{3, 4}, {1, 2}}, run(t, p, nil, halves(1, 2), halves(3, 4))); diff != "" {
		t.Errorf("after three swaps (-want +got):\n%s", diff)
	}
}
