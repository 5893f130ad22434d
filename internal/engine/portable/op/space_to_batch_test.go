package op_test

import "testing"

// Results are those of tf.space_to_batch_nd, with channels before the pixels.
func TestSpaceToBatch(t *testing.T) {
	image := f32(dims{1, 1, 2, 2}, 1, 2, 3, 4)
	testExamples(t, []example{
		{
			name: "every place of a block becomes a batch", op: "space_to_batch",
			in: operands{"x": image, "block_shape": ints(2, 2), "paddings": i32(dims{2, 2}, 0, 0, 0, 0)}, want: f32(dims{4, 1, 1, 1}, 1, 2, 3, 4),
		},
		{
			name: "the border is zero", op: "space_to_batch",
			in:   operands{"x": image, "block_shape": ints(2, 1), "paddings": i32(dims{2, 2}, 1, 1, 0, 1)},
			want: f32(dims{2, 1, 2, 3}, 0, 0, 0, 3, 4, 0, 1, 2, 0, 0, 0, 0),
		},
		{
			name: "places count before the elements of the batch", op: "space_to_batch",
			in:   operands{"x": f32(dims{2, 1, 1, 2}, 1, 2, 3, 4), "block_shape": ints(1, 2), "paddings": i32(dims{2, 2}, 0, 0, 0, 0)},
			want: f32(dims{4, 1, 1, 1}, 1, 3, 2, 4),
		},
		{
			name: "batch_to_space puts the places together again", op: "batch_to_space",
			in: operands{"x": f32(dims{4, 1, 1, 1}, 1, 2, 3, 4), "block_shape": ints(2, 2), "crops": i32(dims{2, 2}, 0, 0, 0, 0)}, want: image,
		},
		{
			name: "batch_to_space cuts borders off", op: "batch_to_space",
			in:   operands{"x": f32(dims{2, 1, 2, 3}, 0, 0, 0, 3, 4, 0, 1, 2, 0, 0, 0, 0), "block_shape": ints(2, 1), "crops": i32(dims{2, 2}, 1, 1, 0, 1)},
			want: image,
		},
		{
			name: "integers", op: "batch_to_space",
			in: operands{"x": i32(dims{2, 1, 1, 1}, 1, 2), "block_shape": ints(1, 2), "crops": i32(dims{2, 2}, 0, 0, 0, 0)}, want: i32(dims{1, 1, 1, 2}, 1, 2),
		},
		{
			name: "an empty batch", op: "space_to_batch",
			in: operands{"x": f32(dims{0, 1, 2, 2}), "block_shape": ints(2, 2), "paddings": i32(dims{2, 2}, 0, 0, 0, 0)}, want: f32(dims{0, 1, 1, 1}),
		},
		{
			name: "pixels that do not divide are refused", op: "space_to_batch",
			in: operands{"x": image, "block_shape": ints(3, 1), "paddings": i32(dims{2, 2}, 0, 0, 0, 0)}, refused: "2 by 2 does not divide into blocks of 3 by 1",
		},
		{
			name: "a batch that does not divide is refused", op: "batch_to_space",
			in: operands{"x": image, "block_shape": ints(2, 1), "crops": i32(dims{2, 2}, 0, 0, 0, 0)}, refused: "batch of 1 does not divide into blocks of 2 by 1",
		},
		{
			name: "more than there is cannot be cut off", op: "batch_to_space",
			in: operands{"x": image, "block_shape": ints(1, 1), "crops": i32(dims{2, 2}, 2, 1, 0, 0)}, refused: "is negative or too large",
		},
		{
			name: "a negative border is refused", op: "space_to_batch",
			in: operands{"x": image, "block_shape": ints(1, 1), "paddings": i32(dims{2, 2}, -1, 0, 0, 0)}, refused: "a border is -1",
		},
		{
			name: "a block of nothing is refused", op: "space_to_batch",
			in: operands{"x": image, "block_shape": ints(0, 1), "paddings": i32(dims{2, 2}, 0, 0, 0, 0)}, refused: "blocks are 0 by 1",
		},
		{
			name: "operands for other dimensions are refused", op: "space_to_batch",
			in:      operands{"x": image, "block_shape": ints(1), "paddings": i32(dims{1, 2}, 0, 0)},
			refused: "rank 4, 1 block sizes and 2 border sizes where 4, 2 and 4 are expected",
		},
	})
}
