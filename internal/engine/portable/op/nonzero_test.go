package op_test

import "testing"

// Coordinates are those of numpy.argwhere.
func TestNonZero(t *testing.T) {
	testExamples(t, []example{
		{
			name: "a row of coordinates for each element", op: "non_zero",
			in:   operands{"x": f32(dims{2, 3}, 0, 1, 0, -2, 0, 0.5)},
			want: i32(dims{3, 2}, 0, 1, 1, 0, 1, 2),
		},
		{
			name: "a vector has coordinates of one number", op: "non_zero",
			in:   operands{"x": ints(0, 0, 7, 8)},
			want: i32(dims{2, 1}, 2, 3),
		},
		{
			name: "three dimensions", op: "non_zero",
			in:   operands{"x": i32(dims{2, 1, 2}, 0, 4, 5, 0)},
			want: i32(dims{2, 3}, 0, 0, 1, 1, 0, 0),
		},
		{
			name: "neither zero counts, and NaN is not zero", op: "non_zero",
			in:   operands{"x": f32(dims{4}, 0, float32(minusZero), nan, -inf)},
			want: i32(dims{2, 1}, 2, 3),
		},
		{
			name: "booleans", op: "non_zero",
			in:   operands{"x": bools(dims{3}, 1, 0, 1)},
			want: i32(dims{2, 1}, 0, 2),
		},
		{
			name: "a scalar has coordinates of no numbers", op: "non_zero",
			in:   operands{"x": num(3)},
			want: i32(dims{1, 0}),
		},
		{
			name: "all zero", op: "non_zero",
			in:   operands{"x": f32(dims{2, 2}, 0, 0, 0, 0)},
			want: i32(dims{0, 2}),
		},
		{
			name: "nothing at all", op: "non_zero",
			in:   operands{"x": f32(dims{0, 3})},
			want: i32(dims{0, 2}),
		},
	})
}
