package op_test

import "testing"

// The geometry is that of coremltools' documentation of avg_pool; pools in one, two
// and three dimensions are recorded from PyTorch.
func TestPools(t *testing.T) {
	row := f32(dims{1, 1, 5}, 1, 2, 3, 4, 5)
	testExamples(t, []example{
		{
			name: "without strides windows move by one", op: "max_pool",
			in: operands{"x": row, "kernel_sizes": ints(2), "pad_type": text("valid")}, want: f32(dims{1, 1, 4}, 2, 3, 4, 5),
		},
		{
			name: "valid drops a window that is not whole", op: "max_pool",
			in:   operands{"x": row, "kernel_sizes": ints(2), "strides": ints(2), "pad_type": text("valid")},
			want: f32(dims{1, 1, 2}, 2, 4),
		},
		{
			name: "ceil_mode keeps it", op: "max_pool",
			in:   operands{"x": row, "kernel_sizes": ints(2), "strides": ints(2), "pad_type": text("valid"), "ceil_mode": flag(true)},
			want: f32(dims{1, 1, 3}, 2, 4, 5),
		},
		{
			name: "ceil_mode drops a window that begins in the padding behind", op: "max_pool",
			in: operands{
				"x": row, "kernel_sizes": ints(1), "strides": ints(3), "pad_type": text("custom"), "pad": ints(1, 1), "ceil_mode": flag(true),
			},
			want: f32(dims{1, 1, 2}, -inf, 3),
		},
		{
			name: "same gives a window for every stride and pads behind first", op: "avg_pool",
			in:   operands{"x": f32(dims{1, 1, 3}, 2, 4, 6), "kernel_sizes": ints(2), "pad_type": text("same")},
			want: f32(dims{1, 1, 3}, 3, 5, 3),
		},
		{
			name: "same_lower pads before first", op: "avg_pool",
			in:   operands{"x": f32(dims{1, 1, 3}, 2, 4, 6), "kernel_sizes": ints(2), "pad_type": text("same_lower")},
			want: f32(dims{1, 1, 3}, 1, 3, 5),
		},
		{
			name: "same with strides rounds up", op: "max_pool",
			in:   operands{"x": row, "kernel_sizes": ints(3), "strides": ints(2), "pad_type": text("same")},
			want: f32(dims{1, 1, 3}, 2, 4, 5),
		},
		{
			name: "padding counts as zeros in a mean", op: "avg_pool",
			in: operands{
				"x": f32(dims{1, 1, 2}, 3, 6), "kernel_sizes": ints(3), "pad_type": text("custom"), "pad": ints(1, 1),
			},
			want: f32(dims{1, 1, 2}, 3, 3),
		},
		{
			name: "padding may be left out of a mean", op: "avg_pool",
			in: operands{
				"x": f32(dims{1, 1, 2}, 3, 6), "kernel_sizes": ints(3), "pad_type": text("custom"), "pad": ints(1, 1),
				"exclude_padding_from_average": flag(true),
			},
			want: f32(dims{1, 1, 2}, 4.5, 4.5),
		},
		{
			name: "what ceil_mode adds behind the padding never counts in a mean", op: "avg_pool",
			in: operands{
				"x": f32(dims{1, 1, 3}, 2, 4, 6), "kernel_sizes": ints(2), "strides": ints(2), "pad_type": text("valid"), "ceil_mode": flag(true),
			},
			want: f32(dims{1, 1, 2}, 3, 6),
		},
		{
			name: "padding never is the largest", op: "max_pool",
			in: operands{
				"x": f32(dims{1, 1, 2}, -3, -6), "kernel_sizes": ints(2), "pad_type": text("custom"), "pad": ints(1, 0),
			},
			want: f32(dims{1, 1, 2}, -3, -3),
		},
		{
			name: "pads count under custom alone", op: "max_pool",
			in:   operands{"x": row, "kernel_sizes": ints(5), "pad_type": text("valid"), "pad": ints(2, 2)},
			want: f32(dims{1, 1, 1}, 5),
		},
		{
			name: "each dimension has its own pads, before and after", op: "max_pool",
			in: operands{
				"x": f32(dims{1, 1, 2, 2}, 1, 2, 3, 4), "kernel_sizes": ints(2, 2), "pad_type": text("custom"), "pad": ints(1, 0, 0, 1),
			},
			want: f32(dims{1, 1, 2, 2}, 2, 2, 4, 4),
		},
		{
			name: "a NaN is the largest of its windows", op: "max_pool",
			in:   operands{"x": f32(dims{1, 1, 3}, nan, 1, 2), "kernel_sizes": ints(2), "pad_type": text("valid")},
			want: f32(dims{1, 1, 2}, nan, 2),
		},
		{
			name: "l2_pool is the length of a window", op: "l2_pool",
			in:   operands{"x": f32(dims{1, 1, 3}, 3, -4, 0), "kernel_sizes": ints(2), "pad_type": text("valid")},
			want: f32(dims{1, 1, 2}, 5, 4),
		},
		{
			name: "l2_pool of large fp16 numbers does not overflow on the way", op: "l2_pool",
			in:   operands{"x": f16(dims{1, 1, 2}, 30000, 40000), "kernel_sizes": ints(2), "pad_type": text("valid")},
			want: f16(dims{1, 1, 1}, 49984), within: 1e-3,
		},
		{
			name: "channels and batches stay apart", op: "max_pool",
			in:   operands{"x": f32(dims{2, 2, 2}, 1, 2, 4, 3, 5, 6, 8, 7), "kernel_sizes": ints(2), "pad_type": text("valid")},
			want: f32(dims{2, 2, 1}, 2, 4, 6, 8),
		},
		{
			name: "an empty batch", op: "avg_pool",
			in:   operands{"x": f32(dims{0, 2, 2}), "kernel_sizes": ints(2), "pad_type": text("valid")},
			want: f32(dims{0, 2, 1}),
		},
		{
			name: "a window larger than the padded input is refused", op: "max_pool",
			in:      operands{"x": row, "kernel_sizes": ints(6), "pad_type": text("valid")},
			refused: "kernel of 6 does not fit 5 elements with padding 0 and 0",
		},
		{
			name: "a stride of zero is refused", op: "max_pool",
			in:      operands{"x": row, "kernel_sizes": ints(2), "strides": ints(0), "pad_type": text("valid")},
			refused: "kernel of 2 with stride 0",
		},
		{
			name: "sizes for another rank are refused", op: "max_pool",
			in:      operands{"x": row, "kernel_sizes": ints(2, 2), "pad_type": text("valid")},
			refused: "2 kernel sizes, 0 strides and 0 pads for x of rank 3",
		},
		{
			name: "four spatial dimensions are refused", op: "max_pool",
			in:      operands{"x": counting(1, 1, 1, 1, 1, 1), "kernel_sizes": ints(1, 1, 1, 1), "pad_type": text("valid")},
			refused: "for x of rank 6",
		},
		{
			name: "a negative pad is refused", op: "max_pool",
			in:      operands{"x": row, "kernel_sizes": ints(2), "pad_type": text("custom"), "pad": ints(-1, 0)},
			refused: "does not fit 5 elements with padding -1 and 0",
		},
		{
			name: "another pad_type is refused", op: "max_pool",
			in:      operands{"x": row, "kernel_sizes": ints(2), "pad_type": text("mirror")},
			refused: `pad_type "mirror" is unknown`,
		},
	})
}
