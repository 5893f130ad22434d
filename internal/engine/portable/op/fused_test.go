package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/kernel"
)

// The wanted results are those of PyTorch 2.7 in float64 for the formulas in the
// comments of the fused operators, and of the separate operations where they round.

func TestFusedGate(t *testing.T) {
	gate, up := f32(dims{4}, -1, 0, 1, 3), f32(dims{4}, 2, 4, -1, 10)
	testExamples(t, []example{
		{
			name: "silu(gate)·up is SwiGLU", def: op.FusedGate, data: op.NewGate(kernel.Gate{Activation: kernel.SiluActivation, Round: false}),
			in: operands{"gate": gate, "up": up}, want: f32(dims{4}, -0.537882843, 0, -0.731058579, 28.5772238),
		},
		{
			// silu(3) is 2.857722, in fp16 2.857421875.
			name: "the activation is rounded as an operation of its own would be", def: op.FusedGate, data: op.NewGate(kernel.Gate{Activation: kernel.SiluActivation, Round: true}),
			in: operands{"gate": f32(dims{1}, 3), "up": f32(dims{1}, 10)}, want: f32(dims{1}, 28.57421875),
		},
		{
			name: "shapes may differ in dimensions of one", def: op.FusedGate, data: op.NewGate(kernel.Gate{Activation: kernel.SiluActivation, Round: false}),
			in: operands{"gate": f32(dims{1, 4}, gate.F32...), "up": up}, want: f32(dims{1, 4}, -0.537882843, 0, -0.731058579, 28.5772238),
		},
		{
			name: "other shapes are refused", def: op.FusedGate, data: op.NewGate(kernel.Gate{Activation: kernel.SiluActivation, Round: false}),
			in: operands{"gate": gate, "up": num(1)}, refused: "gate of shape [4] and up of shape [] do not fit",
		},
	})
}

func TestFusedRMSNorm(t *testing.T) {
	x, gamma := f32(dims{2, 2}, 3, 4, 0, 2), f32(dims{2}, 2, 10)
	testExamples(t, []example{
		{
			name: "rows are divided by their root mean square", def: op.FusedRMSNorm, data: &op.NormPattern{Eps: 0.5},
			in: operands{"x": x, "gamma": gamma}, want: f32(dims{2, 2}, 1.66410059, 11.0940039, 0, 12.6491106),
		},
		{
			// The factor 1/√13 = 0.2773501 becomes 0.27734375.
			name: "the factor is rounded where it is a result of its own", def: op.FusedRMSNorm, data: &op.NormPattern{Eps: 0.5, RoundFactor: true},
			in: operands{"x": f32(dims{1, 2}, 3, 4), "gamma": f32(dims{2}, 1, 1)}, want: f32(dims{1, 2}, 0.83203125, 1.109375),
		},
		{
			// 3/√13 = 0.8320503 becomes 0.83203125 and 4/√13 = 1.1094004 becomes 1.109375.
			name: "the product is rounded where it is a result of its own", def: op.FusedRMSNorm, data: &op.NormPattern{Eps: 0.5, RoundProduct: true},
			in: operands{"x": f32(dims{1, 2}, 3, 4), "gamma": f32(dims{2}, 2, 10)}, want: f32(dims{1, 2}, 1.6640625, 11.09375),
		},
		{
			// 300² is more than fp16 holds; separate operations would give 0.
			name: "squares may be larger than fp16 holds", def: op.FusedRMSNorm, data: &op.NormPattern{},
			in: operands{"x": f16(dims{1, 2}, 300, 300), "gamma": f32(dims{2}, 1, 1)}, want: f16(dims{1, 2}, 1, 1),
		},
		{
			name: "no rows", def: op.FusedRMSNorm, data: &op.NormPattern{},
			in: operands{"x": f32(dims{0, 2}), "gamma": gamma}, want: f32(dims{0, 2}),
		},
		{
			name: "a factor for other columns is refused", def: op.FusedRMSNorm, data: &op.NormPattern{},
			in: operands{"x": counting(2, 3), "gamma": gamma}, refused: "x of shape [2 3] and gamma of shape [2] do not fit",
		},
	})
}

// Rows are x·cos + [-x₂, x₁]·sin with the halves x₁ and x₂ of a row, the form of Llama.
func TestFusedRotary(t *testing.T) {
	x := f32(dims{2, 4}, 1, 2, 3, 4, 5, 6, 7, 8)
	cos, sin := f32(dims{2, 4}, 0.5, 0.25, 0.5, 0.25, 1, 2, 1, 2), f32(dims{2, 4}, 1, 2, 1, 2, 0.5, 0.5, 0.5, 0.5)
	want := f32(dims{2, 4}, -2.5, -7.5, 2.5, 5, 1.5, 8, 9.5, 19)
	testExamples(t, []example{
		{name: "halves are rotated", def: op.FusedRotary, data: &op.RotaryPattern{}, in: operands{"x": x, "cos": cos, "sin": sin}, want: want},
		{
			name: "every head is rotated alike", def: op.FusedRotary, data: &op.RotaryPattern{},
			in:   operands{"x": f32(dims{1, 2, 1, 4}, x.F32...), "cos": f32(dims{1, 1, 4}, cos.F32[:4]...), "sin": f32(dims{1, 1, 4}, sin.F32[:4]...)},
			want: f32(dims{1, 2, 1, 4}, -2.5, -7.5, 2.5, 5, -4.5, -14.5, 8.5, 14),
		},
		{
			name: "one number of cos or sin is for the whole row", def: op.FusedRotary, data: &op.RotaryPattern{},
			in:   operands{"x": x, "cos": f32(dims{2, 1}, 0, 1), "sin": f32(dims{2, 1}, 1, 0)},
			want: f32(dims{2, 4}, -3, -4, 1, 2, 5, 6, 7, 8),
		},
		{
			// 2049 becomes 2048 before the sum.
			name: "the products are rounded where they are results of their own", def: op.FusedRotary, data: &op.RotaryPattern{Round: true},
			in: operands{"x": f32(dims{1, 2}, 2049, 1), "cos": f32(dims{1, 2}, 1, 1), "sin": f32(dims{1, 2}, 0.5, 0.5)}, want: f32(dims{1, 2}, 2047.5, 1025),
		},
		{name: "nothing to rotate", def: op.FusedRotary, data: &op.RotaryPattern{}, in: operands{"x": f32(dims{0, 4}), "cos": f32(dims{1, 4}, cos.F32[:4]...), "sin": f32(dims{1, 4}, sin.F32[:4]...)}, want: f32(dims{0, 4})},
		{
			name: "positions that do not match are refused", def: op.FusedRotary, data: &op.RotaryPattern{},
			in: operands{"x": x, "cos": counting(3, 4), "sin": sin}, refused: "the shapes of the operands do not fit",
		},
	})
}

// A row longer than what lies between two looks at the context is rotated in pieces.
func TestALongRowIsRotatedAsAShortOne(t *testing.T) {
	const n = 2 * (array.PollEvery + 7)
	x, cos, sin := f32(dims{1, n}, make([]float32, n)...), f32(dims{1}, 0.5), f32(dims{1}, 2)
	for k := range x.F32 {
		x.F32[k] = float32(k % 1000)
	}
	got := floatsOf(t, example{def: op.FusedRotary, data: &op.RotaryPattern{}, in: operands{"x": x, "cos": cos, "sin": sin}})
	for k, y := range got {
		other := -2 * x.F32[(k+n/2)%n]
		if k >= n/2 {
			other = -other
		}
		if want := x.F32[k]/2 + other; y != want {
			t.Fatalf("element %d is %v, want %v", k, y, want)
		}
	}
}
