package plan

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/mil"
)

func f32(shape ...int) mil.Type { return mil.TensorType(dtype.Float32, shape...) }
func f16(shape ...int) mil.Type { return mil.TensorType(dtype.Float16, shape...) }

func function(t *testing.T, fill func(b *mil.Builder)) *mil.Function {
	t.Helper()
	b := mil.NewBuilder("main", "CoreML8")
	fill(b)
	fn, err := b.Function()
	if err != nil {
		t.Fatal(err)
	}
	return fn
}

// planOf plans what fill builds, fused.
func planOf(t *testing.T, fill func(b *mil.Builder)) *Plan {
	t.Helper()
	p, err := New(t.Context(), function(t, fill), engine.ArithmeticFaithful, true)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// names lists the operators of a plan without tails.
func names(p *Plan) string {
	var list []string
	for _, st := range p.Body.Steps {
		if st.Def != op.TailOperator {
			list = append(list, st.Def.Name)
		}
	}
	return strings.Join(list, " ")
}

func TestOnlyWhatAnOutputOrAStateNeedsIsLowered(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x, s := b.Input("x", dtype.Float16, 4), b.State("s", dtype.Float16, 4)
		b.Op("exp", "", f16(4), mil.Args{"x": b.Op("sin", "", f16(4), mil.Args{"x": x})})
		b.Do("write_state", "", mil.Args{"input": s, "data": b.Op("cos", "", f16(4), mil.Args{"x": x})})
		b.Output("y", b.Op("relu", "", f16(4), mil.Args{"x": x}))
	})
	if got := names(p); got != "cos write_state relu" {
		t.Errorf("the steps are %s", got)
	}
}

func TestStepsOverConstantsAreFolded(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float32, 3)
		two := b.Op("add", "", f32(3), mil.Args{"x": b.Float32s("", []int{3}, 1, 2, 3), "y": b.Float("", dtype.Float32, 1)})
		b.Output("y", b.Op("sub", "", f32(3), mil.Args{"x": x, "y": b.Op("exp2", "", f32(3), mil.Args{"x": two})}))
	})
	if got := names(p); got != "sub" {
		t.Fatalf("the steps are %s", got)
	}
	k := p.constant(p.Body.Steps[0].In[1])
	if k == nil || !slices.Equal(k.F32[:3], []float32{4, 8, 16}) {
		t.Errorf("the folded constant is %v", k)
	}
}

func TestWhatFoldingLeavesToThePrediction(t *testing.T) {
	c := func(b *mil.Builder, shape ...int) *mil.Value {
		n, _ := dtype.Count(shape)
		return b.Float32s("", shape, make([]float32, n)...)
	}
	for want, fill := range map[string]func(b *mil.Builder) *mil.Value{
		"random_uniform": func(b *mil.Builder) *mil.Value {
			return b.Op("random_uniform", "", f32(2), mil.Args{"shape": b.Ints("", 2), "seed": b.Int("", 1)})
		},
		"upsample_bilinear": func(b *mil.Builder) *mil.Value {
			return b.Op("upsample_bilinear", "", f32(1, 1, 4, 4), mil.Args{
				"x": c(b, 1, 1, 2, 2), "scale_factor_height": b.Float("", dtype.Float32, 2), "scale_factor_width": b.Float("", dtype.Float32, 2),
			})
		},
		"fill": func(b *mil.Builder) *mil.Value { // more elements than are worth keeping
			return b.Op("fill", "", f32(maxFolded+1), mil.Args{"shape": b.Ints("", maxFolded+1), "value": b.Float("", dtype.Float32, 1)})
		},
		"reshape": func(b *mil.Builder) *mil.Value { // fails: its error belongs to the prediction
			return b.Op("reshape", "", f32(7), mil.Args{"x": c(b, 6), "shape": b.Ints("", 7)})
		},
	} {
		if got := names(planOf(t, func(b *mil.Builder) { b.Output("y", fill(b)) })); got != want {
			t.Errorf("%s: the steps are %q", want, got)
		}
	}
}

func TestLinearsOfOneInputBecomeOneStep(t *testing.T) {
	fill := func(b *mil.Builder) {
		x := b.Input("x", dtype.Float32, 2, 4)
		for _, name := range []string{"q", "k", "v"} {
			w := b.Float32s("", []int{3, 4}, make([]float32, 12)...)
			y := b.Op("linear", "", f32(2, 3), mil.Args{"x": x, "weight": w})
			b.Output(name, b.Op("tanh", "", f32(2, 3), mil.Args{"x": b.Op("transpose", "", f32(3, 2), mil.Args{"x": y, "perm": b.Ints("", 1, 0)})}))
		}
	}
	p := planOf(t, fill)
	if got := names(p); strings.Count(got, "linear ") != 0 || !strings.Contains(got, "linears") {
		t.Errorf("the steps are %s", got)
	}
	plain, err := New(t.Context(), function(t, fill), engine.ArithmeticFaithful, false)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(plain); strings.Count(got, "linear ") != 3 {
		t.Errorf("without fusion the steps are %s", got)
	}
}

func TestTailsStandBeforeTheRowwiseSteps(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x := b.Op("softmax", "", f32(1, 8, 4), mil.Args{"x": b.Input("x", dtype.Float32, 1, 8, 4), "axis": b.Int("", 1)})
		y := b.Op("linear", "", f32(1, 8, 3), mil.Args{"x": x, "weight": b.Float32s("", []int{3, 4}, make([]float32, 12)...)})
		b.Output("y", b.Op("tanh", "", f32(1, 8, 3), mil.Args{"x": y}))
	})
	var list []string
	for _, st := range p.Body.Steps {
		list = append(list, st.Def.Name)
	}
	if got := strings.Join(list, " "); got != "softmax tail linear tanh" {
		t.Errorf("the steps are %s", got)
	}
}

// chain applies n operators, one after the other.
func chain(n int) func(b *mil.Builder) {
	return func(b *mil.Builder) {
		x := b.Input("x", dtype.Float32, 64)
		for range n {
			x = b.Op("exp", "", f32(64), mil.Args{"x": x})
		}
		b.Output("y", x)
	}
}

func TestValuesThatDoNotLiveTogetherShareABuffer(t *testing.T) {
	if p := planOf(t, chain(20)); p.Buffers > 4 {
		t.Errorf("a chain of 20 steps takes %d buffers", p.Buffers)
	}
	p, err := NewNaive(t.Context(), function(t, chain(20)), engine.ArithmeticFaithful)
	if err != nil {
		t.Fatal(err)
	}
	if p.Buffers != len(p.Slots) {
		t.Errorf("a naive plan shares buffers: %d for %d slots", p.Buffers, len(p.Slots))
	}
}

func TestAViewKeepsItsMemoryAlive(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x := b.Op("exp", "", f32(4, 4), mil.Args{"x": b.Input("x", dtype.Float32, 4, 4)})
		v := b.Op("transpose", "", f32(4, 4), mil.Args{"x": x, "perm": b.Ints("", 1, 0)})
		y := b.Op("sin", "", f32(4, 4), mil.Args{"x": b.Input("z", dtype.Float32, 4, 4)})
		b.Output("y", b.Op("maximum", "", f32(4, 4), mil.Args{"x": y, "y": v}))
	})
	buffer := map[string]int32{}
	for _, st := range p.Body.Steps {
		buffer[st.Def.Name] = p.Slots[st.Out[0]].buffer
	}
	if buffer["exp"] == buffer["sin"] || buffer["exp"] == buffer["maximum"] {
		t.Errorf("what a view shows is overwritten: %v", buffer)
	}
}

func TestReadsOfStatesAreCopiedOnlyWhereAWriteWouldShow(t *testing.T) {
	for copied, fill := range map[bool]func(b *mil.Builder, old, x *mil.Value, write func(*mil.Value)){
		false: func(b *mil.Builder, old, x *mil.Value, write func(*mil.Value)) {
			y := b.Op("add", "", f16(4), mil.Args{"x": old, "y": x})
			b.Output("y", y)
			write(y)
		},
		true: func(b *mil.Builder, old, x *mil.Value, write func(*mil.Value)) {
			write(b.Op("add", "", f16(4), mil.Args{"x": old, "y": x}))
			b.Output("y", b.Op("exp", "", f16(4), mil.Args{"x": old}))
		},
	} {
		p := planOf(t, func(b *mil.Builder) {
			x, s := b.Input("x", dtype.Float16, 4), b.State("s", dtype.Float16, 4)
			old := b.Op("read_state", "", f16(4), mil.Args{"input": s})
			fill(b, old, x, func(v *mil.Value) { b.Do("write_state", "", mil.Args{"input": s, "data": v}) })
		})
		if st := p.Body.Steps[0]; st.Def.Name != "read_state" || st.Copied != copied {
			t.Errorf("%s is copied: %v, want %v", st.Def.Name, st.Copied, copied)
		}
	}
}

func TestErrorsOfPlanningNameTheOperation(t *testing.T) {
	fn := function(t, func(b *mil.Builder) {
		b.Output("y", b.Op("linear", "product", f32(2, 3), mil.Args{"x": b.Input("x", dtype.Float32, 2, 4), "weight": b.Float32s("", []int{0, 4})}))
	})
	_, err := New(t.Context(), fn, engine.ArithmeticFaithful, true)
	var at *OpError
	if !errors.As(err, &at) || at.Op != "linear" || at.Name != "product" || at.Function != "main" {
		t.Errorf("error is %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(ctx, function(t, chain(3000)), engine.ArithmeticFaithful, true); !errors.Is(err, context.Canceled) {
		t.Errorf("planning went on without its context: %v", err)
	}
}
