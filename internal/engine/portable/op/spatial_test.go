package op_test

import "testing"

// Blocks of channels are those of PyTorch's pixel_shuffle and of TensorFlow's
// depth_to_space, which order them in opposite ways.
func TestBlocksOfPixels(t *testing.T) {
	deep := f32(dims{1, 8, 1, 1}, 0, 1, 2, 3, 4, 5, 6, 7)
	testExamples(t, []example{
		{
			name: "depth_to_space reads channels as row, column, channel", op: "depth_to_space",
			in: operands{"x": deep, "block_size": whole(2)}, want: f32(dims{1, 2, 2, 2}, 0, 2, 4, 6, 1, 3, 5, 7),
		},
		{
			name: "pixel_shuffle reads channels as channel, row, column", op: "pixel_shuffle",
			in: operands{"x": deep, "upscale_factor": whole(2)}, want: f32(dims{1, 2, 2, 2}, 0, 1, 2, 3, 4, 5, 6, 7),
		},
		{
			name: "space_to_depth undoes depth_to_space", op: "space_to_depth",
			in: operands{"x": f32(dims{1, 2, 2, 2}, 0, 2, 4, 6, 1, 3, 5, 7), "block_size": whole(2)}, want: deep,
		},
		{
			name: "pixel_unshuffle undoes pixel_shuffle", op: "pixel_unshuffle",
			in: operands{"x": f32(dims{1, 2, 2, 2}, 0, 1, 2, 3, 4, 5, 6, 7), "downscale_factor": whole(2)}, want: deep,
		},
		{
			name: "blocks of more than one pixel keep their places", op: "pixel_shuffle",
			in:   operands{"x": f32(dims{1, 4, 1, 2}, 0, 1, 2, 3, 4, 5, 6, 7), "upscale_factor": whole(2)},
			want: f32(dims{1, 1, 2, 4}, 0, 2, 1, 3, 4, 6, 5, 7),
		},
		{
			name: "integers too", op: "depth_to_space",
			in: operands{"x": i32(dims{1, 4, 1, 1}, 1, 2, 3, 4), "block_size": whole(2)}, want: i32(dims{1, 1, 2, 2}, 1, 2, 3, 4),
		},
		{name: "a factor of one changes nothing", op: "pixel_shuffle", in: operands{"x": deep, "upscale_factor": whole(1)}, want: deep},
		{
			name: "an empty batch", op: "space_to_depth",
			in: operands{"x": f32(dims{0, 1, 2, 2}), "block_size": whole(2)}, want: f32(dims{0, 4, 1, 1}),
		},
		{name: "channels that do not divide are refused", op: "depth_to_space", in: operands{"x": deep, "block_size": whole(3)}, refused: "8 channels do not divide into blocks of 3 by 3"},
		{
			name: "pixels that do not divide are refused", op: "space_to_depth",
			in: operands{"x": counting(1, 1, 3, 4), "block_size": whole(2)}, refused: "3 by 4 does not divide into blocks of 2 by 2",
		},
		{name: "a factor of zero is refused", op: "pixel_shuffle", in: operands{"x": deep, "upscale_factor": whole(0)}, refused: "upscale_factor is 0"},
		{name: "three dimensions are refused", op: "pixel_shuffle", in: operands{"x": counting(4, 1, 1), "upscale_factor": whole(2)}, refused: "x has rank 3 where 4 is expected"},
	})
}

func TestCrop(t *testing.T) {
	in := func(top, bottom, left, right int32) operands {
		return operands{"x": counting(1, 3, 4), "crop_height": ints(top, bottom), "crop_width": ints(left, right)}
	}
	testExamples(t, []example{
		{name: "borders are taken off", op: "crop", in: in(1, 0, 1, 2), want: f32(dims{1, 2, 1}, 5, 9)},
		{name: "no borders", op: "crop", in: in(0, 0, 0, 0), want: counting(1, 3, 4)},
		{name: "all of it", op: "crop", in: in(2, 1, 0, 0), want: f32(dims{1, 0, 4})},
		{name: "more than there is is refused", op: "crop", in: in(2, 2, 0, 0), refused: "2 and 2 cannot be cut from dimension 1 of 3"},
		{name: "a negative border is refused", op: "crop", in: in(0, 0, -1, 0), refused: "-1 and 0 cannot be cut from dimension 2 of 4"},
		{
			name: "a vector is refused", op: "crop",
			in: operands{"x": counting(3), "crop_height": ints(0, 0), "crop_width": ints(0, 0)}, refused: "rank 1, 2 and 2 border sizes",
		},
	})
}
