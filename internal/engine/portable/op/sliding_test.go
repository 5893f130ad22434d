package op_test

import "testing"

// Windows are those of numpy.lib.stride_tricks.sliding_window_view, put in place of
// the axis.
func TestSlidingWindows(t *testing.T) {
	in := func(axis, size, stride int32) operands {
		return operands{"x": f32(dims{2, 4}, 1, 2, 3, 4, 5, 6, 7, 8), "axis": whole(axis), "size": whole(size), "stride": whole(stride)}
	}
	testExamples(t, []example{
		{
			name: "windows overlap", op: "sliding_windows", in: in(1, 3, 1),
			want: f32(dims{2, 2, 3}, 1, 2, 3, 2, 3, 4, 5, 6, 7, 6, 7, 8),
		},
		{name: "windows side by side", op: "sliding_windows", in: in(-1, 2, 2), want: f32(dims{2, 2, 2}, 1, 2, 3, 4, 5, 6, 7, 8)},
		{name: "a window that is not whole is left out", op: "sliding_windows", in: in(1, 3, 2), want: f32(dims{2, 1, 3}, 1, 2, 3, 5, 6, 7)},
		{
			name: "along the first axis", op: "sliding_windows", in: in(0, 2, 1),
			want: f32(dims{1, 2, 4}, 1, 2, 3, 4, 5, 6, 7, 8),
		},
		{name: "empty windows", op: "sliding_windows", in: in(1, 0, 2), want: f32(dims{2, 3, 0})},
		{name: "integers", op: "sliding_windows", in: operands{"x": ints(1, 2, 3), "axis": whole(0), "size": whole(2)}, want: i32(dims{2, 2}, 1, 2, 2, 3)},
		{name: "a window wider than the axis is refused", op: "sliding_windows", in: in(0, 3, 1), refused: "windows of 3 elements 1 apart do not fit dimension 0 of shape [2 4]"},
		{name: "a stride of zero is refused", op: "sliding_windows", in: in(0, 1, 0), refused: "windows of 1 elements 0 apart do not fit"},
		{
			name: "a ninth dimension is refused", op: "sliding_windows",
			in: operands{"x": counting(1, 1, 1, 1, 1, 1, 1, 1), "axis": whole(0), "size": whole(1)}, refused: "do not fit dimension 0",
		},
	})
}
