package plan_test

import (
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
)

func TestStepsOverConstantsAreFolded(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float32, 3)
		two := b.Op("add", "", f32(3), mil.Args{"x": b.Float32s("", []int{3}, 1, 2, 3), "y": b.Float("", dtype.Float32, 1)})
		b.Output("y", b.Op("sub", "", f32(3), mil.Args{"x": x, "y": b.Op("exp2", "", f32(3), mil.Args{"x": two})}))
	})
	if got := names(p); got != "sub" {
		t.Fatalf("the steps are %s", got)
	}
	k := p.Slots[p.Body.Steps[0].In[1]].Const
	if k == nil || !slices.Equal(k.F32[:3], []float32{4, 8, 16}) {
		t.Errorf("the folded constant is %v", k)
	}
}

// The outputs of these programs follow from constants: all of their steps go. The
// numbers are worked out by hand.
func TestWhatIsFolded(t *testing.T) {
	for _, c := range []struct {
		name string
		fill func(b *mil.Builder) *mil.Value
		want []float32
	}{
		{"arithmetic", func(b *mil.Builder) *mil.Value {
			return binary(b, "add", b.Float32s("", []int{2}, 1, 2), b.Float32s("", []int{2}, 10, 20))
		}, []float32{11, 22}},
		{"a view, which keeps showing the constant", func(b *mil.Builder) *mil.Value {
			return b.Op("transpose", "", f32(2, 2), mil.Args{"x": b.Float32s("", []int{2, 2}, 1, 2, 3, 4), "perm": b.Ints("", 1, 0)})
		}, []float32{1, 3, 2, 4}},
		{"a view of what was folded", func(b *mil.Builder) *mil.Value {
			x := unary(b, "square", b.Float32s("", []int{2, 2}, 1, 2, 3, 4))
			return b.Op("reshape", "", f32(4), mil.Args{"x": x, "shape": b.Ints("", 4)})
		}, []float32{1, 4, 9, 16}},
		{"the values of a variadic operand", func(b *mil.Builder) *mil.Value {
			return b.Op("concat", "", f32(3), mil.Args{"values": mil.Values{b.Float32s("", []int{1}, 7), b.Float32s("", []int{2}, 8, 9)}, "axis": b.Int("", 0)})
		}, []float32{7, 8, 9}},
		{"a product of matrices", func(b *mil.Builder) *mil.Value {
			return b.Op("matmul", "", f32(1, 1), mil.Args{"x": b.Float32s("", []int{1, 2}, 3, 4), "y": b.Float32s("", []int{2, 1}, 10, 1)})
		}, []float32{34}},
		{"results in halves are rounded as a prediction rounds them", func(b *mil.Builder) *mil.Value {
			return b.Op("add", "", f16(1), mil.Args{"x": b.Float16s("", []int{1}, 2048), "y": b.Float16s("", []int{1}, 1)})
		}, []float32{2048}}, // 2049 lies between two halves, and the even one is below
	} {
		t.Run(c.name, func(t *testing.T) {
			p := planOf(t, func(b *mil.Builder) {
				b.Input("x", dtype.Float32, 1)
				b.Output("y", c.fill(b))
			})
			if got := all(p); got != "" {
				t.Fatalf("the steps are %q", got)
			}
			k := p.Slots[p.Outputs[0]].Const
			got := make([]float32, k.Len())
			k.Widen(nil, got)
			if !slices.Equal(got, c.want) {
				t.Errorf("the constant is %v, want %v", got, c.want)
			}
		})
	}
}

func TestWhatFoldingLeavesToThePrediction(t *testing.T) {
	for _, c := range []struct {
		name, want string
		fill       func(b *mil.Builder) *mil.Value
	}{
		{"what differs from prediction to prediction", "random_uniform", func(b *mil.Builder) *mil.Value {
			return b.Op("random_uniform", "", f32(2), mil.Args{"shape": b.Ints("", 2), "seed": b.Int("", 1)})
		}},
		{"work that depends on numbers in the program", "upsample_bilinear", func(b *mil.Builder) *mil.Value {
			return b.Op("upsample_bilinear", "", f32(1, 1, 4, 4), mil.Args{
				"x": zeros(b, 1, 1, 2, 2), "scale_factor_height": b.Float("", dtype.Float32, 2), "scale_factor_width": b.Float("", dtype.Float32, 2),
			})
		}},
		{"more elements than are worth keeping", "fill", func(b *mil.Builder) *mil.Value {
			return b.Op("fill", "", f32(plan.MaxFolded+1), mil.Args{"shape": b.Ints("", plan.MaxFolded+1), "value": b.Float("", dtype.Float32, 1)})
		}},
		{"a step that fails: its error belongs to the prediction", "reshape", func(b *mil.Builder) *mil.Value {
			return b.Op("reshape", "", f32(7), mil.Args{"x": zeros(b, 6), "shape": b.Ints("", 7)})
		}},
		{"a step behind one that fails", "reshape exp", func(b *mil.Builder) *mil.Value {
			return unary(b, "exp", b.Op("reshape", "", f32(7), mil.Args{"x": zeros(b, 6), "shape": b.Ints("", 7)}))
		}},
		{"a block, whatever it is over", "cond", func(b *mil.Builder) *mil.Value {
			give := func() *mil.Block {
				return b.Block(nil, func([]*mil.Value) []*mil.Value { return []*mil.Value{zeros(b, 2)} })
			}
			return b.MultiOp("cond", "", []mil.Type{f32(2)}, mil.Args{"pred": b.Bool("", true)}, give(), give())[0]
		}},
		{"the content of a state", "read_state exp", func(b *mil.Builder) *mil.Value {
			return unary(b, "exp", b.Op("read_state", "", f16(2), mil.Args{"input": b.State("s", dtype.Float16, 2)}))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := names(planOf(t, func(b *mil.Builder) { b.Output("y", c.fill(b)) })); got != c.want {
				t.Errorf("the steps are %q, want %q", got, c.want)
			}
		})
	}
}

// The largest result that is kept, to the element.
func TestTheLargestFoldedConstant(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		b.Output("y", b.Op("fill", "", f32(plan.MaxFolded), mil.Args{"shape": b.Ints("", plan.MaxFolded), "value": b.Float("", dtype.Float32, 3)}))
	})
	if got := names(p); got != "" {
		t.Errorf("the steps are %q", got)
	}
}

func TestFoldingHasABoundedAmountOfWork(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		// 512 by 512 operands and results: 2^36 by the measure of products, above 2^28.
		b.Output("y", b.Op("matmul", "", f32(512, 512), mil.Args{"x": zeros(b, 512, 512), "y": zeros(b, 512, 512)}))
	})
	if got := names(p); got != "matmul" {
		t.Errorf("the steps are %q", got)
	}
}

func TestFoldingGoesWithoutFusion(t *testing.T) {
	fn := function(t, func(b *mil.Builder) {
		b.Output("y", binary(b, "add", b.Input("x", dtype.Float32, 2), unary(b, "exp", zeros(b, 2))))
	})
	p, err := plan.New(t.Context(), fn, engine.ArithmeticWide, false)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(p); got != "add" {
		t.Errorf("the steps are %q", got)
	}
	naive, err := plan.NewNaive(t.Context(), fn, engine.ArithmeticWide)
	if err != nil {
		t.Fatal(err)
	}
	if got := all(naive); got != "exp add" {
		t.Errorf("the steps of a naive plan are %q", got)
	}
}
