package plan_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
)

func TestParametersAndStatesKeepTheirOrder(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x, s := b.Input("x", dtype.Float16, 4), b.State("keys", dtype.Float16, 2, 3)
		n := b.Input("n", dtype.Int32)
		b.State("unused", dtype.Int8, 5)
		b.Output("y", unary(b, "exp", x))
		b.Output("m", unary(b, "abs", n))
		b.Output("k", b.Op("read_state", "", f16(2, 3), mil.Args{"input": s}))
	})
	var inputs, states []string
	for _, s := range p.Inputs {
		inputs = append(inputs, p.Slots[s].Name)
	}
	for _, s := range p.States {
		states = append(states, s.Name)
	}
	if !slices.Equal(inputs, []string{"x", "n"}) || !slices.Equal(states, []string{"keys", "unused"}) {
		t.Errorf("inputs %v and states %v", inputs, states)
	}
	if k := p.States[0]; k.Count != 6 || k.DType != dtype.Float16 || !slices.Equal(k.Shape, []int{2, 3}) {
		t.Errorf("the first state is %+v", k)
	}
	if len(p.Outputs) != 3 || len(p.Body.Results) != 3 || p.Body.Results[2].Name != "k" {
		t.Errorf("outputs %v, results %v", p.Outputs, p.Body.Results)
	}
}

func TestConstantsAreKeptInTheFormInWhichStepsReadThem(t *testing.T) {
	many := plan.SmallConst + 1
	for _, c := range []struct {
		name string
		fill func(b *mil.Builder, x *mil.Value) *mil.Value
		step string
		k    int // the operand
		want array.Value
	}{
		{"a small one of halves is widened, though the operator reads halves", func(b *mil.Builder, x *mil.Value) *mil.Value {
			return b.Op("gather", "", f16(1), mil.Args{"x": b.Float16s("", []int{2}, 1, 2), "indices": x, "axis": b.Int("", 0)})
		}, "gather", 0, array.Value{Repr: array.ReprF32}},
		{"a large one of halves stays as stored", func(b *mil.Builder, x *mil.Value) *mil.Value {
			return b.Op("gather", "", f16(1), mil.Args{"x": b.Float16s("", []int{many}, make([]float32, many)...), "indices": x, "axis": b.Int("", 0)})
		}, "gather", 0, array.Value{Repr: array.ReprF16}},
		{"a large one is widened for an operator that reads numbers alone", func(b *mil.Builder, x *mil.Value) *mil.Value {
			data := b.Op("tile", "", f16(many), mil.Args{"x": b.Op("cast", "", f16(1), mil.Args{"x": x, "dtype": b.Text("", "fp16")}), "reps": b.Ints("", many)})
			return b.Op("scatter", "", f16(many), mil.Args{
				"data": data, "indices": b.Ints("", make([]int, many)...), "updates": b.Float16s("", []int{many}, make([]float32, many)...), "axis": b.Int("", 0),
			})
		}, "scatter", 2, array.Value{Repr: array.ReprF32}},
		{"a compressed one stays as stored", func(b *mil.Builder, x *mil.Value) *mil.Value {
			w := b.Op("constexpr_blockwise_shift_scale", "", f16(2, 2), mil.Args{
				"data": b.IntTensor("", dtype.Int4, []int{2, 2}, 1, 2, 3, 4), "scale": b.Float16s("", []int{2, 1}, 1, 2),
			})
			return b.Op("gather", "", f16(1, 2), mil.Args{"x": w, "indices": x, "axis": b.Int("", 0)})
		}, "gather", 0, array.Value{Repr: array.ReprWeight}},
		{"booleans become integers", func(b *mil.Builder, x *mil.Value) *mil.Value {
			return b.Op("select", "", i32(1), mil.Args{"cond": b.Bools("", true), "a": x, "b": x})
		}, "select", 0, array.Value{Repr: array.ReprI32}},
		{"texts stay texts", func(b *mil.Builder, x *mil.Value) *mil.Value {
			return b.Op("cast", "", f16(1), mil.Args{"x": x, "dtype": b.Text("", "fp16")})
		}, "cast", 1, array.Value{Repr: array.ReprText}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := planOf(t, func(b *mil.Builder) { b.Output("y", c.fill(b, b.Input("x", dtype.Int32, 1))) })
			k := p.Slots[step(t, p, c.step).In[c.k]].Const
			if k == nil || k.Repr != c.want.Repr {
				t.Errorf("the operand is %+v, want representation %d", k, c.want.Repr)
			}
		})
	}
}

func TestIntegersOf64BitsAreCutToTheNearestOf32(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Int32, 4)
		c := b.IntTensor("", dtype.Int64, []int{4}, math.MaxInt64, math.MinInt64, 7, 1<<31)
		b.Output("y", binary(b, "maximum", x, c))
	})
	k := p.Slots[step(t, p, "maximum").In[1]].Const
	if want := []int32{math.MaxInt32, math.MinInt32, 7, math.MaxInt32}; k == nil || !slices.Equal(k.I32, want) {
		t.Errorf("the constant is %+v, want %v", k, want)
	}
}

func TestAConstantThatIsReadTwiceHasOneSlot(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x, c := b.Input("x", dtype.Float32, 2), b.Float32s("c", []int{2}, 1, 2)
		b.Output("y", binary(b, "add", binary(b, "mul", x, c), c))
	})
	if a, m := step(t, p, "add").In[1], step(t, p, "mul").In[1]; a != m {
		t.Errorf("slots %d and %d", a, m)
	}
}

// broken builds a program of one product and lets change damage it: what is planned
// may have been built in memory, and no verifier has seen it then.
func broken(t *testing.T, change func(fn *mil.Function, o *mil.Op)) error {
	t.Helper()
	fn := function(t, func(b *mil.Builder) {
		b.State("s", dtype.Float16, 2)
		x := b.Input("x", dtype.Float32, 2, 4)
		b.Output("y", b.Op("linear", "product", f32(2, 3), mil.Args{"x": x, "weight": zeros(b, 3, 4)}))
	})
	change(fn, fn.Body.Ops[len(fn.Body.Ops)-1])
	_, err := plan.New(t.Context(), fn, engine.ArithmeticFaithful, true)
	return err
}

func TestWhatCannotBeLoweredIsRefusedByName(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(fn *mil.Function, o *mil.Op)
		want   string
	}{
		{"a state whose shape is open", func(fn *mil.Function, _ *mil.Op) { fn.Inputs[0].Type.Shape[0] = mil.Unknown }, "function main: state s: shape [-1] is not fixed or too large"},
		{"a state of more elements than one value may have", func(fn *mil.Function, _ *mil.Op) { fn.Inputs[0].Type.Shape[0] = array.MaxElements + 1 }, "is not fixed or too large"},
		{"a state of a type that buffers do not have", func(fn *mil.Function, _ *mil.Op) { fn.Inputs[0].Type.DType = dtype.BFloat16 }, "state s: element type bf16 is not supported"},
		{"states that are too large together", func(fn *mil.Function, _ *mil.Op) {
			for range 3 {
				fn.Inputs = append(fn.Inputs, &mil.Value{Name: "t", Type: mil.Type{Kind: mil.State, DType: dtype.Int8, Shape: []int{1 << 30}}})
			}
		}, "the states have more than 2147483648 elements together"},
		{"an operator that is not known", func(_ *mil.Function, o *mil.Op) { o.Type = "nonsense" }, "operator is not supported"},
		{"an operand that is missing", func(_ *mil.Function, o *mil.Op) { o.Inputs = o.Inputs[:1] }, "function main: linear \"product\": operand x is missing"},
		{"a state in the place of a tensor", func(fn *mil.Function, o *mil.Op) { o.Inputs[1].Values[0] = fn.Inputs[0] }, "operand x: state s is used as a tensor"},
		{"a value from nowhere", func(_ *mil.Function, o *mil.Op) { o.Inputs[1].Values[0] = &mil.Value{Name: "ghost"} }, "operand x: value ghost is not defined here"},
		{"a result that is a tuple", func(_ *mil.Function, o *mil.Op) { o.Outputs[0].Type.Kind = mil.Tuple }, "is a tuple, which is not supported"},
		{"more results than the operator has", func(_ *mil.Function, o *mil.Op) { o.Outputs = append(o.Outputs, &mil.Value{Name: "z"}) }, "has 2 results"},
		{"a constant of too few bytes", func(_ *mil.Function, o *mil.Op) {
			c := o.Inputs[0].Values[0].Const
			c.Data = c.Data[:8]
		}, "of 12 fp32 elements holds 8 bytes"},
		{"an output that nothing gives", func(fn *mil.Function, _ *mil.Op) { fn.Body.Outputs[0] = &mil.Value{Name: "ghost"} }, "function main: output ghost: value ghost is not defined here"},
		{"a state operation on what is no state", func(_ *mil.Function, o *mil.Op) {
			o.Type, o.Inputs[1].Name = "read_state", "input"
		}, "operand input is not a state"},
		{"a cond of one block", func(_ *mil.Function, o *mil.Op) {
			o.Type, o.Blocks = "cond", []*mil.Block{{}}
		}, "has 1 blocks where 2 are expected"},
		{"a mode that does not exist", func(_ *mil.Function, o *mil.Op) {
			o.Type = "gelu"
			o.Inputs = []mil.Argument{
				{Name: "mode", Values: []*mil.Value{{Type: mil.TensorType(dtype.String), Const: &mil.Const{DType: dtype.String, Strings: []string{"GUESS"}}}}},
				o.Inputs[1],
			}
		}, "GUESS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := broken(t, c.change)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestConstantsAreNotWidenedWithoutBound(t *testing.T) {
	defer plan.LowerMaxWidened(100)()
	widened := func(n int) error {
		fn := function(t, func(b *mil.Builder) {
			x := b.Input("x", dtype.Int32, n)
			for range 4 {
				x = binary(b, "add", x, b.IntTensor("", dtype.Int8, []int{n}, make([]int, n)...))
			}
			b.Output("y", x)
		})
		_, err := plan.New(t.Context(), fn, engine.ArithmeticFaithful, true)
		return err
	}
	if err := widened(25); err != nil {
		t.Errorf("four constants of 25 elements: %v", err)
	}
	if err := widened(26); err == nil || !strings.Contains(err.Error(), "the constants that must be widened have more than 100 elements") {
		t.Errorf("four constants of 26 elements: %v", err)
	}
}

func TestErrorsOfPlanningNameTheOperation(t *testing.T) {
	fn := function(t, func(b *mil.Builder) {
		b.Output("y", b.Op("linear", "product", f32(2, 3), mil.Args{"x": b.Input("x", dtype.Float32, 2, 4), "weight": b.Float32s("", []int{0, 4})}))
	})
	_, err := plan.New(t.Context(), fn, engine.ArithmeticFaithful, true)
	var at *plan.OpError
	if !errors.As(err, &at) || at.Op != "linear" || at.Name != "product" || at.Function != "main" {
		t.Errorf("error is %v", err)
	}
}

func TestPlanningStopsWhenItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := plan.New(ctx, function(t, chain(3000)), engine.ArithmeticFaithful, true); !errors.Is(err, context.Canceled) {
		t.Errorf("planning went on without its context: %v", err)
	}
}
