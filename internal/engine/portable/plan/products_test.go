package plan_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
)

// middle lets something stand between a product and its output, so that no tail cuts
// the product's input.
func middle(b *mil.Builder, name string, y *mil.Value) {
	n := y.Type.Shape
	turned := b.Op("transpose", "", f32(n[1], n[0]), mil.Args{"x": y, "perm": b.Ints("", 1, 0)})
	b.Output(name, unary(b, "tanh", turned))
}

func TestLinearsOfOneInputBecomeOneStep(t *testing.T) {
	for _, c := range []struct {
		name string
		fill func(b *mil.Builder, x *mil.Value)
		want string
	}{
		{"query, key and value, in the place of the first", func(b *mil.Builder, x *mil.Value) {
			y := linear(b, x, 3)
			z := unary(b, "exp", x)
			middle(b, "q", y)
			middle(b, "k", linear(b, x, 3))
			middle(b, "v", linear(b, x, 5))
			middle(b, "z", z)
		}, "linears exp transpose tanh transpose tanh transpose tanh transpose tanh"},
		{"one product stays what it is", func(b *mil.Builder, x *mil.Value) {
			middle(b, "q", linear(b, x, 3))
		}, "linear transpose tanh"},
		{"products of two inputs are two", func(b *mil.Builder, x *mil.Value) {
			middle(b, "q", linear(b, x, 3))
			middle(b, "k", linear(b, unary(b, "exp", x), 3))
		}, "linear transpose tanh exp linear transpose tanh"},
		{"a product with a bias goes with the others", func(b *mil.Builder, x *mil.Value) {
			middle(b, "q", linear(b, x, 3))
			middle(b, "k", b.Op("linear", "", f32(2, 3), mil.Args{"x": x, "weight": zeros(b, 3, 4), "bias": b.Float32s("", []int{3}, 1, 2, 3)}))
		}, "linears transpose tanh transpose tanh"},
		{"products that are outputs are cut to their rows, one by one", func(b *mil.Builder, x *mil.Value) {
			b.Output("p", linear(b, x, 3))
			b.Output("r", linear(b, x, 5))
		}, "linear linear"}, // each reads the rows of x that its output is asked for
		{"an output's product whose input only it reads has a tail before it", func(b *mil.Builder, x *mil.Value) {
			middle(b, "q", linear(b, x, 3))
			b.Output("p", linear(b, unary(b, "exp", x), 5))
		}, "linear transpose tanh exp linear"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := planOf(t, func(b *mil.Builder) { c.fill(b, b.Input("x", dtype.Float32, 2, 4)) })
			if got := names(p); got != c.want {
				t.Errorf("the steps are %q, want %q", got, c.want)
			}
		})
	}
}

func TestAGroupOfLinearsKeepsWeightsAndResultsInOrder(t *testing.T) {
	fill := func(b *mil.Builder) {
		x := b.Input("x", dtype.Float32, 2, 4)
		for k, rows := range []int{3, 5, 7} {
			middle(b, string(rune('q'+k)), linear(b, x, rows))
		}
	}
	p := planOf(t, fill)
	st := step(t, p, "linears")
	group, ok := st.Data.(*op.ProductGroup)
	if !ok || len(group.Factors) != 3 || len(st.Out) != 3 {
		t.Fatalf("the group is %+v with results %v", group, st.Out)
	}
	for k, rows := range []int{3, 5, 7} {
		if w := p.Slots[group.Factors[k].Weight].Const; w.Dims[0] != rows {
			t.Errorf("weight %d has %d rows, want %d", k, w.Dims[0], rows)
		}
		if got := p.Slots[st.Out[k]].Type.Shape[1]; got != rows {
			t.Errorf("result %d has %d columns, want %d", k, got, rows)
		}
		if group.Factors[k].BiasSlot != -1 {
			t.Errorf("product %d has a bias in slot %d", k, group.Factors[k].BiasSlot)
		}
	}
	if !noted(p, "fused: 1 groups of linears") {
		t.Errorf("the notes are %q", p.Notes)
	}
	plain, err := plan.New(t.Context(), function(t, fill), engine.ArithmeticFaithful, false)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(plain); got != "linear transpose tanh linear transpose tanh linear transpose tanh" {
		t.Errorf("without fusion the steps are %s", got)
	}
}

// A gate goes into the step of the two products that it reads, where it can: biases and
// other readers leave it a step of its own.
func TestAGateGoesIntoTheStepOfItsProducts(t *testing.T) {
	biased := func(b *mil.Builder, x *mil.Value, bias ...float32) *mil.Value {
		return b.Op("linear", "", f32(2, 3), mil.Args{"x": x, "weight": zeros(b, 3, 4), "bias": b.Float32s("", []int{3}, bias...)})
	}
	for _, c := range []struct {
		name string
		fill func(b *mil.Builder, x *mil.Value) (gate, up *mil.Value)
		want string
	}{
		{"two products of one input", func(b *mil.Builder, x *mil.Value) (gate, up *mil.Value) {
			return linear(b, x, 3), linear(b, x, 3)
		}, "gated_linears"},
		{"biases that are zeros", func(b *mil.Builder, x *mil.Value) (gate, up *mil.Value) {
			return biased(b, x, 0, 0, 0), biased(b, x, 0, 0, 0)
		}, "gated_linears"},
		{"a bias", func(b *mil.Builder, x *mil.Value) (gate, up *mil.Value) {
			return biased(b, x, 0, 0, 0), biased(b, x, 0, 1, 0)
		}, "linears gated"},
		{"a third product", func(b *mil.Builder, x *mil.Value) (gate, up *mil.Value) {
			middle(b, "z", linear(b, x, 5))
			return linear(b, x, 3), linear(b, x, 3)
		}, "linears transpose tanh gated"},
		{"a product that something else reads", func(b *mil.Builder, x *mil.Value) (gate, up *mil.Value) {
			gate, up = linear(b, x, 3), linear(b, x, 3)
			middle(b, "z", up)
			return gate, up
		}, "linears transpose tanh gated"},
		{"the same product twice", func(b *mil.Builder, x *mil.Value) (gate, up *mil.Value) {
			y := linear(b, x, 3)
			middle(b, "z", linear(b, x, 3))
			return y, y
		}, "linears transpose tanh gated"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := planOf(t, func(b *mil.Builder) {
				gate, up := c.fill(b, b.Input("x", dtype.Float32, 2, 4))
				b.Output("y", binary(b, "mul", unary(b, "silu", gate), up))
			})
			if got := names(p); got != c.want {
				t.Errorf("the steps are %q, want %q", got, c.want)
			}
		})
	}
}
