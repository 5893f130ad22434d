package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// einsums is an example of an equation over two operands.
func einsum(name, equation string, a, b, want *array.Value) example {
	return example{name: name, op: "einsum", list: results{a, b}, in: operands{"equation": text(equation)}, want: want}
}

// The wanted results are those of PyTorch 2.7.
func TestEinsum(t *testing.T) {
	a, b := counting(2, 3), counting(3, 2)
	testExamples(t, []example{
		einsum("a product of matrices", "ij,jk->ik", a, b, f32(dims{2, 2}, 10, 13, 28, 40)),
		einsum("spaces mean nothing", " ij , jk -> ik ", a, b, f32(dims{2, 2}, 10, 13, 28, 40)),
		einsum("a product with the second transposed", "ij,kj->ik", a, a, f32(dims{2, 2}, 5, 14, 14, 50)),
		einsum("a product whose result is transposed", "ij,jk->ki", a, b, f32(dims{2, 2}, 10, 28, 13, 40)),
		einsum("the scores of attention", "bhqd,bhkd->bhqk", counting(1, 2, 2, 2), counting(1, 2, 3, 2),
			f32(dims{1, 2, 2, 3}, 1, 3, 5, 3, 13, 23, 59, 77, 95, 85, 111, 137)),
		einsum("the form of coremltools, over a dimension in the middle", "nchw,nwhu->nchu", counting(1, 2, 2, 2), counting(1, 2, 2, 3),
			f32(dims{1, 2, 2, 3}, 6, 7, 8, 33, 38, 43, 30, 39, 48, 81, 94, 107)),
		einsum("an outer product", "i,j->ij", counting(2), counting(3), f32(dims{2, 3}, 0, 0, 0, 0, 1, 2)),
		einsum("an inner product", "i,i->", counting(3), counting(3), num(5)),
		einsum("a letter of both operands that the result has is not summed", "ij,ij->j", a, a, f32(dims{3}, 9, 17, 29)),
		einsum("letters of the result in any order", "ij,k->jik", a, counting(2), f32(dims{3, 2, 2}, 0, 0, 0, 3, 0, 1, 0, 4, 0, 2, 0, 5)),
		einsum("a letter twice in an operand is its diagonal", "ii,i->i", counting(2, 2), counting(2), f32(dims{2}, 0, 3)),
		einsum("letters of one operand alone are summed", "ij,k->i", a, counting(2), f32(dims{2}, 3, 12)),
		einsum("a dimension of one element stands for any number", "ij,jk->ik", counting(2, 1), b, f32(dims{2, 2}, 0, 0, 6, 9)),
		einsum("a sum of nothing is zero", "ij,jk->ik", f32(dims{1, 0}), f32(dims{0, 2}), f32(dims{1, 2}, 0, 0)),
		einsum("no rows give no rows", "ij,jk->ik", f32(dims{0, 3}), b, f32(dims{0, 2})),
	})
}

func TestEinsumRefusesEquationsThatDoNotFit(t *testing.T) {
	a, b := counting(2, 3), counting(3, 2)
	refuse := func(name, equation, why string) example {
		x := einsum(name, equation, a, b, nil)
		x.refused = why
		return x
	}
	testExamples(t, []example{
		refuse("no result", "ij,jk", "is not of the form a,b->c"),
		refuse("one operand", "ij->ij", "is not of the form a,b->c"),
		refuse("fewer letters than dimensions", "i,jk->ik", "operand 0 of shape [2 3] has more dimensions than letters"),
		refuse("more letters than dimensions", "ijk,jk->ik", "operand 0 of shape [2 3] has fewer dimensions than letters"),
		refuse("one letter for two sizes", "ij,ik->jk", `letter 'i' means both 2 and 3`),
		refuse("a letter of the result alone", "ij,jk->iz", "letter 'z' of the result is not one of the operands'"),
		refuse("a letter of the result twice", "ij,jk->ii", "letter 'i' of the result"),
		refuse("other characters", "iJ,Jk->ik", "letter 'J'"),
		{name: "three values", op: "einsum", list: results{a, b, a}, in: operands{"equation": text("ij,jk->ik")}, refused: "3 values where 2 are expected"},
	})
}
