package plan_test

import (
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
)

func f32(shape ...int) mil.Type   { return mil.TensorType(dtype.Float32, shape...) }
func f16(shape ...int) mil.Type   { return mil.TensorType(dtype.Float16, shape...) }
func i32(shape ...int) mil.Type   { return mil.TensorType(dtype.Int32, shape...) }
func bools(shape ...int) mil.Type { return mil.TensorType(dtype.Bool, shape...) }

// function builds what fill adds to a builder.
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
func planOf(t *testing.T, fill func(b *mil.Builder)) *plan.Plan {
	t.Helper()
	return planIn(t, engine.ArithmeticFaithful, fill)
}

// planIn is planOf in an arithmetic.
func planIn(t *testing.T, arith engine.Arithmetic, fill func(b *mil.Builder)) *plan.Plan {
	t.Helper()
	p, err := plan.New(t.Context(), function(t, fill), arith, true)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// names lists the operators of a plan without tails.
func names(p *plan.Plan) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(" "+all(p)+" ", " tail ", " ")), " ")
}

// all lists the operators of a plan.
func all(p *plan.Plan) string {
	var list []string
	for _, st := range p.Body.Steps {
		list = append(list, st.Def.Name)
	}
	return strings.Join(list, " ")
}

// step returns the first step of an operator.
func step(t *testing.T, p *plan.Plan, name string) *plan.Step {
	t.Helper()
	for _, st := range p.Body.Steps {
		if st.Def.Name == name {
			return st
		}
	}
	t.Fatalf("no %s among %s", name, all(p))
	return nil
}

// noted reports whether the listing says something.
func noted(p *plan.Plan, what string) bool {
	return strings.Contains(strings.Join(p.Notes, "\n"), what)
}

// unary adds an operation of one operand that changes no type.
func unary(b *mil.Builder, name string, x *mil.Value) *mil.Value {
	return b.Op(name, "", x.Type, mil.Args{"x": x})
}

// binary adds an operation of two operands with the type of the first.
func binary(b *mil.Builder, name string, x, y *mil.Value) *mil.Value {
	return b.Op(name, "", x.Type, mil.Args{"x": x, "y": y})
}

// zeros adds an fp32 constant.
func zeros(b *mil.Builder, shape ...int) *mil.Value {
	n, _ := dtype.Count(shape)
	return b.Float32s("", shape, make([]float32, n)...)
}

// linear adds a product with a constant matrix of so many rows.
func linear(b *mil.Builder, x *mil.Value, rows int) *mil.Value {
	cols := x.Type.Shape[len(x.Type.Shape)-1]
	t := x.Type
	t.Shape = append(append([]int(nil), t.Shape[:len(t.Shape)-1]...), rows)
	return b.Op("linear", "", t, mil.Args{"x": x, "weight": b.Floats("", x.Type.DType, []int{rows, cols}, make([]float32, rows*cols)...)})
}
