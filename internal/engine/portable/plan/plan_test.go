package plan_test

import (
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// chain applies n operators, one after the other.
func chain(n int) func(b *mil.Builder) {
	return func(b *mil.Builder) {
		x := b.Input("x", dtype.Float32, 64)
		for range n {
			x = unary(b, "exp", x)
		}
		b.Output("y", x)
	}
}

func TestStepsAreNumberedWithTheirNestedOnes(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float16, 4)
		give := func(name string) *mil.Block {
			return b.Block(nil, func([]*mil.Value) []*mil.Value { return []*mil.Value{unary(b, name, x)} })
		}
		pred := b.Op("cast", "", bools(), mil.Args{"x": b.Input("n", dtype.Int32), "dtype": b.Text("", "bool")})
		y := b.MultiOp("cond", "", []mil.Type{f16(4)}, mil.Args{"pred": pred}, give("sin"), give("cos"))[0]
		b.Output("y", unary(b, "relu", y))
	})
	cond := step(t, p, "cond")
	got := []int{step(t, p, "cast").Index, cond.Index, cond.Blocks[0].Steps[0].Index, cond.Blocks[1].Steps[0].Index, step(t, p, "relu").Index}
	if want := []int{0, 1, 2, 3, 4}; !slices.Equal(got, want) {
		t.Errorf("the numbers are %v, want %v", got, want)
	}
	if p.Steps != 5 {
		t.Errorf("the plan has %d steps, want 5", p.Steps)
	}
}

func TestReadersAreTheTopLevelStepsThatReadASlot(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x, y := b.Input("x", dtype.Float32, 2), b.Input("y", dtype.Float32, 2)
		sum := binary(b, "add", x, y)
		b.Output("z", b.Op("concat", "", f32(6), mil.Args{"values": mil.Values{sum, x, sum}, "axis": b.Int("", 0)}))
		b.Output("sum", sum)
	})
	if got := all(p); got != "add concat" {
		t.Fatalf("the steps are %q", got)
	}
	x, y, sum := p.Inputs[0], p.Inputs[1], step(t, p, "add").Out[0]
	for name, c := range map[string]struct {
		slot int32
		want []int32
	}{
		"x, a second operand and one of many": {x, []int32{0, 1}},
		"y":                                   {y, []int32{0}},
		"the sum, read twice by one step":     {sum, []int32{1, 1}},
		"an output":                           {p.Outputs[0], nil},
	} {
		if got := p.Readers[c.slot]; !slices.Equal(got, c.want) {
			t.Errorf("%s is read by %v, want %v", name, got, c.want)
		}
	}
	if !slices.Equal(p.MakesOutput, []bool{true, true}) {
		t.Errorf("the steps that make outputs are %v", p.MakesOutput)
	}
}

func TestStepsOfTheMiddleMakeNoOutput(t *testing.T) {
	p := planOf(t, chain(3))
	if want := []bool{false, false, true}; !slices.Equal(p.MakesOutput, want) {
		t.Errorf("%v, want %v", p.MakesOutput, want)
	}
}

func TestTheListingNamesWhatWasNotFused(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float32, 2, 4)
		y := b.Op("softmax", "", f32(2, 4), mil.Args{"x": x, "axis": b.Int("", -1)})
		y = b.Op("softmax", "", f32(2, 4), mil.Args{"x": unary(b, "silu", y), "axis": b.Int("", -1)})
		b.Output("y", unary(b, "tanh", linear(b, y, 3)))
	})
	if want := []string{"not fused: 1 silu, 2 softmax"}; !slices.Equal(p.Notes, want) {
		t.Errorf("the notes are %q, want %q", p.Notes, want)
	}
}

// A product with a constant matrix is as fast by itself as it can be.
func TestAProductWithAConstantMatrixStandsByItselfByRight(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float32, 2, 4)
		y := b.Op("matmul", "", f32(2, 3), mil.Args{"x": x, "y": zeros(b, 3, 4), "transpose_y": b.Bool("", true)})
		b.Output("y", y)
	})
	if len(p.Notes) != 0 {
		t.Errorf("the notes are %q", p.Notes)
	}
}
