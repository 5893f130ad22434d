package op_test

import "testing"

func TestReverse(t *testing.T) {
	x := f32(dims{2, 3}, 1, 2, 3, 4, 5, 6)
	testExamples(t, []example{
		{name: "all axes without a list", op: "reverse", in: operands{"x": x}, want: f32(dims{2, 3}, 6, 5, 4, 3, 2, 1)},
		{name: "the rows", op: "reverse", in: operands{"x": x, "axes": ints(0)}, want: f32(dims{2, 3}, 4, 5, 6, 1, 2, 3)},
		{name: "the columns", op: "reverse", in: operands{"x": x, "axes": ints(-1)}, want: f32(dims{2, 3}, 3, 2, 1, 6, 5, 4)},
		{name: "booleans", op: "reverse", in: operands{"x": bools(dims{3}, 1, 0, 0)}, want: bools(dims{3}, 0, 0, 1)},
		{name: "nothing", op: "reverse", in: operands{"x": f32(dims{0, 2})}, want: f32(dims{0, 2})},
		{name: "a scalar", op: "reverse", in: operands{"x": num(1)}, want: num(1)},
		{name: "an axis outside is refused", op: "reverse", in: operands{"x": x, "axes": ints(2)}, refused: "axis 2 is outside rank 2"},
	})
}

// Results are those of tf.reverse_sequence.
func TestReverseSequence(t *testing.T) {
	x := f32(dims{2, 4}, 1, 2, 3, 4, 5, 6, 7, 8)
	in := func(lengths ...int32) operands {
		return operands{"x": x, "lengths": ints(lengths...), "seq_axis": whole(1), "batch_axis": whole(0)}
	}
	testExamples(t, []example{
		{name: "each sequence as far as it goes", op: "reverse_sequence", in: in(3, 2), want: f32(dims{2, 4}, 3, 2, 1, 4, 6, 5, 7, 8)},
		{name: "none and all of it", op: "reverse_sequence", in: in(0, 4), want: f32(dims{2, 4}, 1, 2, 3, 4, 8, 7, 6, 5)},
		{
			name: "sequences down the columns", op: "reverse_sequence",
			in:   operands{"x": f32(dims{3, 2}, 1, 2, 3, 4, 5, 6), "lengths": ints(2, 3), "seq_axis": whole(0), "batch_axis": whole(1)},
			want: f32(dims{3, 2}, 3, 6, 1, 4, 5, 2),
		},
		{
			name: "what is behind both axes moves along", op: "reverse_sequence",
			in:   operands{"x": f32(dims{1, 2, 2}, 1, 2, 3, 4), "lengths": ints(2), "seq_axis": whole(1), "batch_axis": whole(0)},
			want: f32(dims{1, 2, 2}, 3, 4, 1, 2),
		},
		{name: "a length beyond the sequence is refused", op: "reverse_sequence", in: in(5, 0), refused: "length 5 is outside dimension 1 of 4"},
		{name: "a negative length is refused", op: "reverse_sequence", in: in(-1, 0), refused: "length -1 is outside dimension 1 of 4"},
		{name: "lengths for another batch are refused", op: "reverse_sequence", in: in(1), refused: "1 lengths for dimension 0 of 2"},
		{
			name: "a result of another kind is refused", op: "reverse_sequence",
			in: in(1, 1), want: i32(dims{2, 4}), refused: "type does not go with x",
		},
	})
}
