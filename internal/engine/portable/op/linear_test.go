package op_test

import (
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

func TestLinear(t *testing.T) {
	x, w, b := counting(2, 3), counting(2, 3), f32(dims{2}, 10, 20)
	want := f32(dims{2, 2}, 15, 34, 24, 70) // PyTorch 2.7
	constants := []string{"weight", "bias"}
	testExamples(t, []example{
		{name: "the weight is [out, in]", op: "linear", in: operands{"x": x, "weight": w, "bias": b}, want: want},
		{name: "a constant weight gives the same", op: "linear", in: operands{"x": x, "weight": w, "bias": b}, constant: constants, want: want},
		{name: "a constant weight of binary16 stays as it is", op: "linear", in: operands{"x": x, "weight": asHalf(w), "bias": b}, constant: constants, want: want},
		{
			name: "a bias of one number is for every column", op: "linear", constant: constants,
			in: operands{"x": x, "weight": w, "bias": f32(dims{1}, 100)}, want: f32(dims{2, 2}, 105, 114, 114, 150),
		},
		{
			name: "the outer dimensions of x stay", op: "linear",
			in: operands{"x": counting(1, 2, 1, 3), "weight": w, "bias": b}, want: f32(dims{1, 2, 1, 2}, 15, 34, 24, 70),
		},
		{name: "a vector gives a vector", op: "linear", in: operands{"x": counting(3), "weight": w}, want: f32(dims{2}, 5, 14)},
		{name: "no rows give no rows", op: "linear", in: operands{"x": f32(dims{0, 3}), "weight": w}, want: f32(dims{0, 2})},
		{
			// 2049 would become 2048 in fp16 before the bias is added.
			name: "the sum with its bias is rounded once", op: "linear", constant: constants,
			in: operands{"x": f16(dims{1, 2}, 2048, 1), "weight": f32(dims{1, 2}, 1, 1), "bias": f32(dims{1}, 1)}, want: f16(dims{1, 1}, 2050),
		},
		{
			name: "and so it is where the weight is computed", op: "linear",
			in: operands{"x": f16(dims{1, 2}, 2048, 1), "weight": f32(dims{1, 2}, 1, 1), "bias": f32(dims{1}, 1)}, want: f16(dims{1, 1}, 2050),
		},
		{name: "columns that do not match are refused", op: "linear", in: operands{"x": counting(2), "weight": w}, refused: "x of shape [2] does not fit weight of shape [2 3]"},
		{name: "a bias for other rows is refused", op: "linear", in: operands{"x": x, "weight": w, "bias": f32(dims{3}, 1, 2, 3)}, refused: "bias of shape [3] does not fit"},
		{name: "a scalar is refused", op: "linear", in: operands{"x": num(1), "weight": f32(dims{1, 1}, 1)}, refused: "does not fit weight"},
	})
}

func TestAWeightOfNoElementsIsRefusedWhenThePlanIsMade(t *testing.T) {
	for name, w := range map[string]*array.Value{"a scalar": num(1), "no rows": f32(dims{0, 3}), "no columns": f32(dims{2, 0})} {
		_, err := op.Lookup("linear").Prepare(&op.Setup{
			Step:     &op.Binding{Def: op.Lookup("linear"), In: []int32{-1, 0, -1}},
			Constant: func(int32) *array.Value { return w },
		})
		if err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// Query, key and value of a layer read one input.
func TestSeveralLinearsAsOneTask(t *testing.T) {
	x := counting(2, 3)
	weights := []*array.Value{counting(2, 3), f32(dims{1, 3}, 1, 10, 100)}
	bias := f32(dims{2}, 10, 20)
	slots := []*array.Value{weights[0], weights[1], bias}
	group := &op.ProductGroup{Factors: []op.Factor{{Weight: 0, BiasSlot: 2}, {Weight: 1, BiasSlot: -1}}}
	data, err := op.FusedProducts.Prepare(&op.Setup{
		Step:     &op.Binding{Def: op.FusedProducts, Data: group},
		Constant: func(slot int32) *array.Value { return slots[slot] },
	})
	if err != nil {
		t.Fatal(err)
	}
	def := *op.FusedProducts
	def.Prepare = nil // it is done
	testExamples(t, []example{
		{
			name: "each has the rows of its weight", def: &def, data: data,
			in: operands{"x": x}, want: f32(dims{2, 2}, 15, 34, 24, 70), more: results{f32(dims{2, 1}, 210, 543)},
		},
		{
			name: "each result is rounded to its own type, 10265 to a multiple of 8", def: &def, data: data,
			in: operands{"x": f32(dims{1, 3}, 0, 0, 2049)}, want: f16(dims{1, 2}, 4108, 10264), more: results{f32(dims{1, 1}, 204900)},
		},
		{name: "columns that do not match are refused", def: &def, data: data, in: operands{"x": counting(4)}, more: results{nil}, refused: "weights of 3 columns"},
	})
}

// Matrix is what a listing of the plan and the memory's estimate ask for.
func TestTheMatrixOfAStep(t *testing.T) {
	c := bind(t, &example{op: "linear", in: operands{"x": counting(3), "weight": counting(2, 3)}, constant: []string{"weight"}}, forms[0])
	if m := c.Step.Matrix(); m == nil || !slices.Equal([]int{m.Rows(), m.Cols()}, []int{2, 3}) {
		t.Errorf("the matrix of a constant weight is %v", m)
	}
	c = bind(t, &example{op: "linear", in: operands{"x": counting(3), "weight": counting(2, 3)}}, forms[0])
	if m := c.Step.Matrix(); m != nil {
		t.Errorf("a weight that is computed has the matrix %v", m)
	}
}
