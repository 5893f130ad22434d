package op_test

import "testing"

func TestArgSort(t *testing.T) {
	x := f32(dims{2, 3}, 2, 9, 4, 8, 1, 5)
	testExamples(t, []example{
		{name: "the largest comes first", op: "argsort", in: operands{"x": x}, want: i32(dims{2, 3}, 1, 2, 0, 0, 2, 1)},
		{name: "the smallest comes first when ascending", op: "argsort", in: operands{"x": x, "ascending": flag(true)}, want: i32(dims{2, 3}, 0, 2, 1, 1, 2, 0)},
		{name: "along the first axis", op: "argsort", in: operands{"x": x, "axis": whole(0)}, want: i32(dims{2, 3}, 1, 0, 1, 0, 1, 0)},
		{name: "equal elements keep their order", op: "argsort", in: operands{"x": f32(dims{4}, 3, 5, 3, 5)}, want: ints(1, 3, 0, 2)},
		{
			name: "equal elements keep their order when ascending too", op: "argsort",
			in: operands{"x": f32(dims{4}, 3, 5, 3, 5), "ascending": flag(true)}, want: ints(0, 2, 1, 3),
		},
		{name: "NaN comes last", op: "argsort", in: operands{"x": f32(dims{4}, nan, 1, nan, inf)}, want: ints(3, 1, 0, 2)},
		{
			name: "NaN comes last when ascending too", op: "argsort",
			in: operands{"x": f32(dims{4}, nan, 1, -inf, 2), "ascending": flag(true)}, want: ints(2, 1, 3, 0),
		},
		{name: "both zeros are equal", op: "argsort", in: operands{"x": f32(dims{2}, float32(minusZero), 0)}, want: ints(0, 1)},
		{name: "integers that float32 cannot tell apart", op: "argsort", in: operands{"x": ints(16777216, 16777217)}, want: ints(1, 0)},
		{name: "a scalar has one place", op: "argsort", in: operands{"x": num(7)}, want: whole(0)},
		{name: "nothing", op: "argsort", in: operands{"x": f32(dims{2, 0})}, want: i32(dims{2, 0})},
		{name: "an axis outside is refused", op: "argsort", in: operands{"x": x, "axis": whole(5)}, want: ints(), refused: "axis 5 is outside rank 2"},
	})
}
