package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// A list is a value with a dimension in front for its places; writing gives another
// list. The meaning of the operators is that of coremltools' classes of the same names.

func TestMakeList(t *testing.T) {
	testExamples(t, []example{
		{
			name: "elements are zeros", op: "make_list", list: results{whole(2), whole(1)},
			in: operands{"init_length": whole(3)}, want: f32(dims{3, 2, 1}, make([]float32, 6)...),
		},
		{name: "one place is the default", op: "make_list", list: results{whole(2)}, want: f32(dims{1, 2}, 0, 0)},
		{name: "lists of integers", op: "make_list", list: results{whole(2)}, want: i32(dims{1, 2}, 0, 0)},
		{
			name: "a size that is a name waits for the first element", op: "make_list", list: results{text("is1"), whole(2)},
			in: operands{"init_length": whole(2)}, want: f32(dims{2, 0, 2}),
		},
		{
			name: "a size of several numbers is refused", op: "make_list", list: results{ints(1, 2)}, refused: "size 0 of the elements is of shape [2]",
		},
		{
			name: "elements of too many dimensions are refused", op: "make_list",
			list: results{whole(1), whole(1), whole(1), whole(1), whole(1), whole(1), whole(1), whole(1)}, refused: "elements of rank 8, the limit is 7",
		},
	})
}

func TestReadingOfLists(t *testing.T) {
	ls := counting(3, 2)
	testExamples(t, []example{
		{name: "the length is the number of places", op: "list_length", in: operands{"ls": ls}, want: whole(3)},
		{name: "an element", op: "list_read", in: operands{"ls": ls, "index": whole(1)}, want: f32(dims{2}, 2, 3)},
		{name: "an element of integers", op: "list_read", in: operands{"ls": ints(5, 1<<24+1), "index": whole(1)}, want: whole(1<<24 + 1)},
		{name: "elements in any order, and twice", op: "list_gather", in: operands{"ls": ls, "indices": ints(2, 0, 2)}, want: f32(dims{3, 2}, 4, 5, 0, 1, 4, 5)},
		{name: "no elements", op: "list_gather", in: operands{"ls": ls, "indices": ints()}, want: f32(dims{0, 2})},
		{name: "a place behind the end is refused", op: "list_read", in: operands{"ls": ls, "index": whole(3)}, refused: "index 3 is outside a list of 3 places"},
		{name: "a place before the beginning is refused", op: "list_gather", in: operands{"ls": ls, "indices": ints(0, -1)}, refused: "index -1 is outside a list of 3 places"},
		{name: "two places for one element are refused", op: "list_read", in: operands{"ls": ls, "index": ints(0, 1)}, refused: "index of shape [2]"},
		{name: "a scalar is no list", op: "list_length", in: operands{"ls": num(1)}, refused: "ls is not a list"},
	})
}

func TestWritingToLists(t *testing.T) {
	ls := counting(2, 2)
	testExamples(t, []example{
		{
			name: "an element is set", op: "list_write",
			in: operands{"ls": ls, "index": whole(0), "value": f32(dims{2}, 8, 9)}, want: f32(dims{2, 2}, 8, 9, 2, 3),
		},
		{
			name: "a list grows to the index, with zeros between", op: "list_write",
			in: operands{"ls": ls, "index": whole(3), "value": f32(dims{2}, 8, 9)}, want: f32(dims{4, 2}, 0, 1, 2, 3, 0, 0, 8, 9),
		},
		{
			name: "several elements are set", op: "list_scatter",
			in:   operands{"ls": ls, "indices": ints(2, 0), "value": f32(dims{2, 2}, 4, 5, 6, 7)},
			want: f32(dims{3, 2}, 6, 7, 2, 3, 4, 5),
		},
		{
			name: "of two elements for one place the last stays", op: "list_scatter",
			in: operands{"ls": ls, "indices": ints(1, 1), "value": f32(dims{2, 2}, 4, 5, 6, 7)}, want: f32(dims{2, 2}, 0, 1, 6, 7),
		},
		{
			name: "the first element says what size a list of names has", op: "list_write",
			in: operands{"ls": f32(dims{2, 0}), "index": whole(1), "value": f32(dims{3}, 1, 2, 3)}, want: f32(dims{2, 3}, 0, 0, 0, 1, 2, 3),
		},
		{
			name: "integers stay integers", op: "list_write",
			in: operands{"ls": ints(1, 2), "index": whole(0), "value": whole(1<<24 + 1)}, want: ints(1<<24+1, 2),
		},
		{
			name: "an element of another shape is refused", op: "list_write",
			in: operands{"ls": ls, "index": whole(0), "value": f32(dims{3}, 1, 2, 3)}, refused: "value of shape [3] in a list of shape [2 2]",
		},
		{
			name: "a negative place is refused", op: "list_write",
			in: operands{"ls": ls, "index": whole(-1), "value": f32(dims{2}, 1, 2)}, refused: "index -1 is negative",
		},
		{
			name: "a value for every index", op: "list_scatter",
			in: operands{"ls": ls, "indices": ints(0, 1), "value": f32(dims{1, 2}, 1, 2)}, refused: "indices of shape [2] and value of shape [1 2]",
		},
		{
			name: "a place that no memory holds is refused", op: "list_write",
			in: operands{"ls": ls, "index": whole(array.MaxElements), "value": f32(dims{2}, 1, 2)}, refused: "too large",
		},
	})
}
