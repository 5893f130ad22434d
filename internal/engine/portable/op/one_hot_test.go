package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
)

func TestOneHot(t *testing.T) {
	testExamples(t, []example{
		{
			name: "classes come last by default", op: "one_hot",
			in:   operands{"indices": ints(1, 0, 2), "one_hot_vector_size": whole(3)},
			want: i32(dims{3, 3}, 0, 1, 0, 1, 0, 0, 0, 0, 1),
		},
		{
			name: "an axis of zero puts the classes first", op: "one_hot",
			in:   operands{"indices": ints(1, 0, 2), "one_hot_vector_size": whole(3), "axis": whole(0)},
			want: i32(dims{3, 3}, 0, 1, 0, 1, 0, 0, 0, 0, 1),
		},
		{
			name: "classes between two dimensions", op: "one_hot",
			in:   operands{"indices": i32(dims{2, 2}, 0, 1, 1, 1), "one_hot_vector_size": whole(2), "axis": whole(1)},
			want: i32(dims{2, 2, 2}, 1, 0, 0, 1, 0, 0, 1, 1),
		},
		{
			name: "an axis counts from the end of the result", op: "one_hot",
			in:   operands{"indices": i32(dims{2, 2}, 0, 1, 1, 1), "one_hot_vector_size": whole(2), "axis": whole(-2)},
			want: i32(dims{2, 2, 2}, 1, 0, 0, 1, 0, 0, 1, 1),
		},
		{
			name: "other values than one and zero", op: "one_hot",
			in:   operands{"indices": ints(1), "one_hot_vector_size": whole(3), "on_value": num(0.9), "off_value": num(0.05)},
			want: f32(dims{1, 3}, 0.05, 0.9, 0.05),
		},
		{
			name: "an index outside sets nothing, and a negative one is outside", op: "one_hot",
			in:   operands{"indices": ints(3, -1), "one_hot_vector_size": whole(3)},
			want: i32(dims{2, 3}, 0, 0, 0, 0, 0, 0),
		},
		{
			name: "one index is a vector", op: "one_hot",
			in:   operands{"indices": whole(1), "one_hot_vector_size": whole(2)},
			want: ints(0, 1),
		},
		{
			name: "no classes", op: "one_hot",
			in:   operands{"indices": ints(0, 1), "one_hot_vector_size": whole(0)},
			want: i32(dims{2, 0}),
		},
		{
			name: "values wrap to the declared type", op: "one_hot",
			in:   operands{"indices": ints(0), "one_hot_vector_size": whole(2), "on_value": whole(-1), "off_value": whole(256)},
			want: integers(dtype.UInt8, dims{1, 2}, 255, 0),
		},
		{
			name: "an axis outside the result is refused", op: "one_hot",
			in:      operands{"indices": ints(0), "one_hot_vector_size": whole(2), "axis": whole(2)},
			want:    ints(),
			refused: "axis 2 of 2 elements does not fit indices of rank 1",
		},
		{
			name: "less than no classes are refused", op: "one_hot",
			in:      operands{"indices": ints(0), "one_hot_vector_size": whole(-1)},
			want:    ints(),
			refused: "of -1 elements does not fit",
		},
	})
}
