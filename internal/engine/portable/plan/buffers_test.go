package plan_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
)

func TestAChainOfStepsTakesTwoBuffersInTurn(t *testing.T) {
	long, longer := planOf(t, chain(20)), planOf(t, chain(200))
	// The input's and the constants' are made when something asks for them.
	if long.Buffers > 4 || longer.Buffers != long.Buffers {
		t.Errorf("20 steps take %d buffers, 200 steps %d", long.Buffers, longer.Buffers)
	}
	naive, err := plan.NewNaive(t.Context(), function(t, chain(20)), engine.ArithmeticFaithful)
	if err != nil {
		t.Fatal(err)
	}
	if naive.Buffers != len(naive.Slots) {
		t.Errorf("a naive plan shares buffers: %d for %d slots", naive.Buffers, len(naive.Slots))
	}
}

// Which results have one buffer: programs in which two values may share one, or would
// be overwritten.
func TestWhichValuesShareABuffer(t *testing.T) {
	for _, c := range []struct {
		name   string
		fill   func(b *mil.Builder, x, z *mil.Value)
		a, b   string // the steps whose results are compared
		shared bool
	}{
		{"one that is read for the last time by the step before", func(b *mil.Builder, x, _ *mil.Value) {
			b.Output("y", unary(b, "tan", unary(b, "sin", unary(b, "exp", x))))
		}, "exp", "tan", true},
		{"a step's operand and its own result do not", func(b *mil.Builder, x, _ *mil.Value) {
			b.Output("y", unary(b, "sin", unary(b, "exp", x)))
		}, "exp", "sin", false},
		{"one that is read again later does not", func(b *mil.Builder, x, _ *mil.Value) {
			e := unary(b, "exp", x)
			b.Output("y", binary(b, "maximum", unary(b, "tan", unary(b, "sin", e)), e))
		}, "exp", "tan", false},
		{"one of another size does not", func(b *mil.Builder, x, _ *mil.Value) {
			e := b.Op("reduce_sum", "", f32(4, 1), mil.Args{"x": unary(b, "exp", x), "axes": b.Ints("", 1), "keep_dims": b.Bool("", true)})
			b.Output("y", unary(b, "tan", unary(b, "sin", e)))
		}, "exp", "tan", false},
		{"what a view shows does not", func(b *mil.Builder, x, z *mil.Value) {
			v := b.Op("transpose", "", f32(4, 4), mil.Args{"x": unary(b, "exp", x), "perm": b.Ints("", 1, 0)})
			b.Output("y", binary(b, "maximum", unary(b, "sin", z), v))
		}, "exp", "sin", false},
		{"nor what a view of a view shows", func(b *mil.Builder, x, z *mil.Value) {
			v := b.Op("transpose", "", f32(4, 4), mil.Args{"x": unary(b, "exp", x), "perm": b.Ints("", 1, 0)})
			w := b.Op("reshape", "", f32(4, 4), mil.Args{"x": v, "shape": b.Ints("", 4, 4)})
			b.Output("y", binary(b, "maximum", unary(b, "sin", z), w))
		}, "exp", "sin", false},
		{"an output is read after the last step", func(b *mil.Builder, x, z *mil.Value) {
			b.Output("e", unary(b, "exp", x))
			b.Output("y", unary(b, "tan", unary(b, "sin", z)))
		}, "exp", "tan", false},
		{"what an output views is too", func(b *mil.Builder, x, z *mil.Value) {
			b.Output("e", b.Op("transpose", "", f32(4, 4), mil.Args{"x": unary(b, "exp", x), "perm": b.Ints("", 1, 0)}))
			b.Output("y", unary(b, "tan", unary(b, "sin", z)))
		}, "exp", "tan", false},
		{"what a block reads is in use until the block ends", func(b *mil.Builder, x, _ *mil.Value) {
			e := unary(b, "exp", x)
			pred := b.Op("cast", "", bools(), mil.Args{"x": b.Input("n", dtype.Int32), "dtype": b.Text("", "bool")})
			give := func() *mil.Block {
				return b.Block(nil, func([]*mil.Value) []*mil.Value { return []*mil.Value{unary(b, "sin", e)} })
			}
			b.Output("y", b.MultiOp("cond", "", []mil.Type{f32(4, 4)}, mil.Args{"pred": pred}, give(), give())[0])
		}, "exp", "cond", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := planOf(t, func(b *mil.Builder) { c.fill(b, b.Input("x", dtype.Float32, 4, 4), b.Input("z", dtype.Float32, 4, 4)) })
			one, two := p.Buffer(step(t, p, c.a).Out[0]), p.Buffer(step(t, p, c.b).Out[0])
			if (one == two) != c.shared {
				t.Errorf("buffers %d and %d, shared is to be %v", one, two, c.shared)
			}
		})
	}
}

func TestValuesOfOpenSizesShareWithTheirLike(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float32, mil.Unknown, 8)
		y := unary(b, "tan", unary(b, "sin", unary(b, "exp", x)))
		b.Output("y", b.Op("concat", "", f32(mil.Unknown, 8), mil.Args{"values": mil.Values{y, zeros(b, 1, 8)}, "axis": b.Int("", 0)}))
	})
	if p.Buffer(step(t, p, "exp").Out[0]) != p.Buffer(step(t, p, "tan").Out[0]) {
		t.Error("two values of [?, 8] have two buffers")
	}
	fixed := planOf(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float32, mil.Unknown, 8)
		y := unary(b, "sin", unary(b, "exp", x))
		z := b.Op("reshape", "", f32(8, mil.Unknown), mil.Args{"x": unary(b, "cos", b.Input("z", dtype.Float32, 8)), "shape": b.Ints("", 8, -1)})
		b.Output("y", b.Op("matmul", "", f32(mil.Unknown, mil.Unknown), mil.Args{"x": y, "y": z}))
	})
	if fixed.Buffer(step(t, fixed, "exp").Out[0]) == fixed.Buffer(step(t, fixed, "cos").Out[0]) {
		t.Error("a value of 8 elements shares the buffer of one of any number")
	}
}

func TestNestedValuesAndParametersHaveBuffersOfTheirOwn(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float32, 2)
		types := []mil.Type{i32(), f32(2)}
		cond := b.Block(types, func(in []*mil.Value) []*mil.Value {
			return []*mil.Value{b.Op("less", "", bools(), mil.Args{"x": in[0], "y": b.Int("", 3)})}
		})
		body := b.Block(types, func(in []*mil.Value) []*mil.Value {
			return []*mil.Value{binary(b, "add", in[0], b.Int("", 1)), unary(b, "tan", unary(b, "sin", unary(b, "exp", in[1])))}
		})
		b.Output("y", b.MultiOp("while_loop", "", types, mil.Args{"loop_vars": mil.Values{b.Int("", 0), x}}, cond, body)[1])
	})
	seen := map[int32]string{p.Buffer(p.Inputs[0]): "the input"}
	note := func(slots []int32, what string) {
		for _, s := range slots {
			if other, ok := seen[p.Buffer(s)]; ok {
				t.Errorf("%s shares the buffer of %s", what, other)
			}
			seen[p.Buffer(s)] = what
		}
	}
	for _, blk := range step(t, p, "while_loop").Blocks {
		note(blk.Ins, "a parameter")
		for _, st := range blk.Steps {
			note(st.Out, "the result of "+st.Def.Name)
		}
	}
}
