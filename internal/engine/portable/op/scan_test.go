package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Sums are those of tf.cumsum, whose operands cumsum has.
func TestCumSum(t *testing.T) {
	x := f32(dims{2, 3}, 1, 2, 3, 4, 5, 6)
	testExamples(t, []example{
		{name: "along the first axis by default", op: "cumsum", in: operands{"x": x}, want: f32(dims{2, 3}, 1, 2, 3, 5, 7, 9)},
		{name: "along the last axis", op: "cumsum", in: operands{"x": x, "axis": whole(-1)}, want: f32(dims{2, 3}, 1, 3, 6, 4, 9, 15)},
		{
			name: "an exclusive sum leaves the element itself out", op: "cumsum",
			in: operands{"x": x, "axis": whole(1), "exclusive": flag(true)}, want: f32(dims{2, 3}, 0, 1, 3, 0, 4, 9),
		},
		{
			name: "a reversed sum begins at the end", op: "cumsum",
			in: operands{"x": x, "axis": whole(1), "reverse": flag(true)}, want: f32(dims{2, 3}, 6, 5, 3, 15, 11, 6),
		},
		{
			name: "exclusive and reversed", op: "cumsum",
			in: operands{"x": x, "axis": whole(1), "exclusive": flag(true), "reverse": flag(true)}, want: f32(dims{2, 3}, 5, 3, 0, 11, 6, 0),
		},
		{
			name: "the middle axis of three", op: "cumsum",
			in: operands{"x": f32(dims{1, 2, 2}, 1, 2, 3, 4), "axis": whole(1)}, want: f32(dims{1, 2, 2}, 1, 2, 4, 6),
		},
		{name: "small numbers are not lost in a large sum", op: "cumsum", in: operands{"x": f32(dims{4}, 1e8, 1, 1, -1e8)}, want: f32(dims{4}, 1e8, 1e8, 1e8, 2)},
		{name: "a NaN stays from where it is on", op: "cumsum", in: operands{"x": f32(dims{3}, 1, nan, 2)}, want: f32(dims{3}, 1, nan, nan)},
		{name: "integers", op: "cumsum", in: operands{"x": ints(1, -2, 3)}, want: ints(1, -1, 2)},
		{name: "integers, exclusive and reversed", op: "cumsum", in: operands{"x": ints(1, -2, 3), "exclusive": flag(true), "reverse": flag(true)}, want: ints(1, 3, 0)},
		{name: "integers wrap", op: "cumsum", in: operands{"x": integers(dtype.Int8, dims{2}, 100, 100)}, want: integers(dtype.Int8, dims{2}, 100, -56)},
		{name: "nothing", op: "cumsum", in: operands{"x": f32(dims{0, 2})}, want: f32(dims{0, 2})},
		{name: "an axis outside is refused", op: "cumsum", in: operands{"x": x, "axis": whole(2)}, refused: "axis 2 is outside rank 2"},
		{name: "a scalar has no axis", op: "cumsum", in: operands{"x": num(1)}, refused: "axis 0 is outside rank 0"},
	})
}
