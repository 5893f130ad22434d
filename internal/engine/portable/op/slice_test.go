package op_test

import "testing"

// Slices are those of NumPy: x[begin:end:stride].
func TestSliceByIndex(t *testing.T) {
	row := ints(0, 1, 2, 3, 4, 5)
	of := func(begin, end int32, more operands) operands {
		return with(operands{"x": row, "begin": ints(begin), "end": ints(end)}, more)
	}
	by := func(n int32) operands { return operands{"stride": ints(n)} }
	open := func(name string) operands { return operands{name: bools(dims{1}, 1)} }
	testExamples(t, []example{
		{name: "the end is left out", op: "slice_by_index", in: of(1, 4, nil), want: ints(1, 2, 3)},
		{name: "bounds count from the end", op: "slice_by_index", in: of(-3, -1, nil), want: ints(3, 4)},
		{name: "what lies outside is cut off", op: "slice_by_index", in: of(-99, 99, nil), want: row},
		{name: "an end before the beginning is empty", op: "slice_by_index", in: of(4, 1, nil), want: ints()},
		{name: "every other element", op: "slice_by_index", in: of(1, 6, by(2)), want: ints(1, 3, 5)},
		{name: "a step longer than the rest", op: "slice_by_index", in: of(4, 6, by(9)), want: ints(4)},
		{name: "backward", op: "slice_by_index", in: of(4, 1, by(-1)), want: ints(4, 3, 2)},
		{name: "backward by two", op: "slice_by_index", in: of(5, 0, by(-2)), want: ints(5, 3, 1)},
		{name: "backward an end of minus one is the last element, so nothing is left", op: "slice_by_index", in: of(5, -1, by(-1)), want: ints()},
		{name: "backward only an open end reaches the first element", op: "slice_by_index", in: of(5, 0, with(by(-2), open("end_mask"))), want: ints(5, 3, 1)},
		{name: "all of it backward", op: "slice_by_index", in: of(0, 0, with(by(-1), with(open("begin_mask"), open("end_mask")))), want: ints(5, 4, 3, 2, 1, 0)},
		{name: "backward from outside", op: "slice_by_index", in: of(99, 3, by(-1)), want: ints(5, 4)},
		{name: "an open beginning", op: "slice_by_index", in: of(4, 2, open("begin_mask")), want: ints(0, 1)},
		{name: "an open end", op: "slice_by_index", in: of(4, 0, open("end_mask")), want: ints(4, 5)},
		{name: "a squeezed dimension is one index", op: "slice_by_index", in: of(-2, 0, open("squeeze_mask")), want: whole(4)},
		{
			name: "a squeezed dimension with an open beginning is the first index", op: "slice_by_index",
			in: of(3, 0, with(open("squeeze_mask"), open("begin_mask"))), want: whole(0),
		},
		{
			name: "a part of a matrix, its first dimension squeezed", op: "slice_by_index",
			in: operands{
				"x": counting(2, 3, 4), "begin": ints(1, 0, 3), "end": ints(0, 3, -5), "stride": ints(1, 2, -1),
				"squeeze_mask": bools(dims{3}, 1, 0, 0), "end_mask": bools(dims{3}, 0, 0, 1),
			},
			want: f32(dims{2, 4}, 15, 14, 13, 12, 23, 22, 21, 20),
		},
		{name: "nothing of nothing", op: "slice_by_index", in: operands{"x": f32(dims{0}), "begin": ints(0), "end": ints(4)}, want: f32(dims{0})},
		{name: "a scalar has no bounds", op: "slice_by_index", in: operands{"x": num(3), "begin": ints(), "end": ints()}, want: num(3)},
		{
			name: "a step back over binary16", op: "slice_by_index",
			in: operands{"x": f16(dims{3}, 1, 2, 3), "begin": ints(2), "end": ints(0), "stride": ints(-1)}, want: f16(dims{2}, 3, 2),
		},
		{name: "a step of zero is refused", op: "slice_by_index", in: of(0, 1, by(0)), want: ints(), refused: "stride of dimension 0 is 0"},
		{
			name: "a squeezed index outside is refused", op: "slice_by_index",
			in: of(-7, 0, open("squeeze_mask")), want: ints(), refused: "index -7 is outside dimension 0 of 6",
		},
		{
			name: "bounds for another rank are refused", op: "slice_by_index",
			in: operands{"x": row, "begin": ints(0, 0), "end": ints(1)}, want: ints(), refused: "begin has 2 elements for x of rank 1",
		},
	})
}

func TestSliceBySize(t *testing.T) {
	of := func(begin, size int32) operands {
		return operands{"x": ints(0, 1, 2, 3, 4), "begin": ints(begin), "size": ints(size)}
	}
	testExamples(t, []example{
		{name: "so many from there on", op: "slice_by_size", in: of(1, 3), want: ints(1, 2, 3)},
		{name: "minus one takes the rest", op: "slice_by_size", in: of(2, -1), want: ints(2, 3, 4)},
		{name: "a beginning counts from the end", op: "slice_by_size", in: of(-2, 2), want: ints(3, 4)},
		{name: "none", op: "slice_by_size", in: of(5, 0), want: ints()},
		{
			name: "a part of a matrix", op: "slice_by_size",
			in: operands{"x": counting(3, 4), "begin": ints(1, 2), "size": ints(2, -1)}, want: f32(dims{2, 2}, 6, 7, 10, 11),
		},
		{name: "more than there are is refused", op: "slice_by_size", in: of(3, 3), want: ints(), refused: "begin 3 and size 3 are outside dimension 0 of 5"},
		{name: "a beginning outside is refused", op: "slice_by_size", in: of(-6, 1), want: ints(), refused: "begin -6 and size 1 are outside"},
		{name: "less than none is refused", op: "slice_by_size", in: of(0, -2), want: ints(), refused: "begin 0 and size -2 are outside"},
		{
			name: "sizes for another rank are refused", op: "slice_by_size",
			in: operands{"x": counting(2, 2), "begin": ints(0), "size": ints(1, 1)}, refused: "begin and size have 1 and 2 elements for x of rank 2",
		},
	})
}
