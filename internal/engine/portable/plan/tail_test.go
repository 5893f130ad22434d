package plan_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/mil"
)

func TestTailsStandBeforeTheRowwiseSteps(t *testing.T) {
	for _, c := range []struct {
		name string
		fill func(b *mil.Builder, x *mil.Value)
		want string
	}{
		{"a product and what follows it", func(b *mil.Builder, x *mil.Value) {
			x = b.Op("softmax", "", x.Type, mil.Args{"x": x, "axis": b.Int("", 1)})
			b.Output("y", unary(b, "tanh", linear(b, x, 3)))
		}, "softmax tail linear tanh"},
		{"a norm, once it is one step", func(b *mil.Builder, x *mil.Value) {
			x = b.Op("softmax", "", x.Type, mil.Args{"x": x, "axis": b.Int("", 1)})
			s := b.Op("reduce_mean", "", f32(1, 8, 1), mil.Args{"x": unary(b, "square", x), "axes": b.Ints("", -1), "keep_dims": b.Bool("", true)})
			s = unary(b, "rsqrt", binary(b, "add", s, b.Float("", dtype.Float32, 1e-5)))
			b.Output("y", linear(b, binary(b, "mul", binary(b, "mul", x, s), zeros(b, 4)), 3))
		}, "softmax tail rms_norm linear"},
		{"no row-wise step: the tail is the last", func(b *mil.Builder, x *mil.Value) {
			b.Output("y", b.Op("softmax", "", x.Type, mil.Args{"x": x, "axis": b.Int("", 1)}))
		}, "softmax tail"},
		{"a step whose value something else reads must have all rows", func(b *mil.Builder, x *mil.Value) {
			y := unary(b, "tanh", x)
			b.Output("all", b.Op("softmax", "", y.Type, mil.Args{"x": y, "axis": b.Int("", 1)}))
			b.Output("y", linear(b, y, 3))
		}, "tanh softmax tail linear tail"},
		{"an input is cut too", func(b *mil.Builder, x *mil.Value) {
			b.Output("y", linear(b, x, 3))
		}, "tail linear"},
		{"a vector has no rows", func(b *mil.Builder, x *mil.Value) {
			b.Output("y", b.Op("reduce_sum", "", f32(8), mil.Args{"x": x, "axes": b.Ints("", 0, 2), "keep_dims": b.Bool("", false)}))
		}, "reduce_sum"},
		{"a change of the rank makes other rows", func(b *mil.Builder, x *mil.Value) {
			y := b.Op("squeeze", "", f32(8, 4), mil.Args{"x": x, "axes": b.Ints("", 0)})
			b.Output("y", unary(b, "tanh", y))
		}, "squeeze tail tanh"},
		{"two outputs have two", func(b *mil.Builder, x *mil.Value) {
			b.Output("y", linear(b, unary(b, "exp", x), 3))
			b.Output("z", linear(b, unary(b, "sin", x), 3))
		}, "exp tail linear sin tail linear"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := planOf(t, func(b *mil.Builder) { c.fill(b, b.Input("x", dtype.Float32, 1, 8, 4)) })
			if got := all(p); got != c.want {
				t.Errorf("the steps are %q, want %q", got, c.want)
			}
		})
	}
}

func TestATailKnowsItsOutput(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float32, 2, 4)
		b.Output("a", b.Op("softmax", "", x.Type, mil.Args{"x": x, "axis": b.Int("", 0)}))
		b.Output("b", linear(b, unary(b, "exp", x), 3))
	})
	seen := map[int]bool{}
	for _, st := range p.Body.Steps {
		if d, ok := st.Data.(*op.TailOutput); ok {
			seen[d.Number] = true
		}
	}
	if len(seen) != 2 || !seen[0] || !seen[1] {
		t.Errorf("there are tails of outputs %v", seen)
	}
	// The first is the output itself, the second stands before what makes the output.
	if s := p.Outputs[0]; step(t, p, "softmax").Out[0] == s {
		t.Error("the first output is not cut")
	}
	if s := p.Outputs[1]; step(t, p, "linear").Out[0] != s {
		t.Error("the second output is not what the product gives")
	}
}

func TestAConstantOutputHasNoTail(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		b.Output("y", unary(b, "tanh", binary(b, "add", zeros(b, 2, 2), b.Input("x", dtype.Float32, 2, 2))))
		b.Output("z", zeros(b, 2, 2))
	})
	tails := 0
	for _, st := range p.Body.Steps {
		if st.Def == op.TailOperator {
			tails++
		}
	}
	if tails != 2 { // z passes through an identity, which is folded after the tails
		t.Logf("the steps are %s", all(p))
	}
	if p.Slots[p.Outputs[1]].Const == nil {
		t.Errorf("a constant output is computed: %s", all(p))
	}
}
