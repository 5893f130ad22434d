package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Places are those of numpy.argmax and numpy.argmin.
func TestArgMaxAndArgMin(t *testing.T) {
	x := f32(dims{2, 3}, 1, 7, 3, 9, 2, 9)
	testExamples(t, []example{
		{name: "the last axis by default", op: "reduce_argmax", in: operands{"x": x}, want: ints(1, 0)},
		{name: "another axis", op: "reduce_argmax", in: operands{"x": x, "axis": whole(0)}, want: ints(1, 0, 1)},
		{name: "the place of the least", op: "reduce_argmin", in: operands{"x": x}, want: ints(0, 1)},
		{
			name: "the axis is kept as one where that is asked for", op: "reduce_argmax",
			in: operands{"x": x, "axis": whole(1), "keep_dims": flag(true)}, want: i32(dims{2, 1}, 1, 0),
		},
		{name: "of equal elements the first", op: "reduce_argmax", in: operands{"x": f32(dims{4}, 5, 8, 8, 1)}, want: whole(1)},
		{name: "the first NaN is the greatest", op: "reduce_argmax", in: operands{"x": f32(dims{4}, 1, nan, inf, nan)}, want: whole(1)},
		{name: "and the least", op: "reduce_argmin", in: operands{"x": f32(dims{4}, -inf, 3, nan, 1)}, want: whole(2)},
		{name: "minus infinities alone", op: "reduce_argmax", in: operands{"x": f32(dims{2}, -inf, -inf)}, want: whole(0)},
		{name: "integers that float32 cannot tell apart", op: "reduce_argmax", in: operands{"x": ints(16777216, 16777217)}, want: whole(1)},
		{
			name: "places of a narrow type", op: "reduce_argmax",
			in: operands{"x": f32(dims{3}, 1, 2, 3), "output_dtype": text("uint16")}, want: integers(dtype.UInt16, nil, 2),
		},
		{
			name: "the middle axis of three", op: "reduce_argmin",
			in: operands{"x": f32(dims{1, 2, 2}, 4, 1, 3, 2), "axis": whole(1)}, want: i32(dims{1, 2}, 1, 0),
		},
		{name: "no lanes", op: "reduce_argmax", in: operands{"x": f32(dims{0, 3})}, want: ints()},
		{name: "a lane of nothing is refused", op: "reduce_argmax", in: operands{"x": f32(dims{2, 0})}, want: ints(), refused: "axis 1 has no elements"},
		{
			name: "an axis outside is refused", op: "reduce_argmax",
			in: operands{"x": x, "axis": whole(-3)}, want: ints(), refused: "axis -1 is outside rank 2",
		},
	})
}
