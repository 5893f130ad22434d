package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

func joined(name, operator string, list results, in operands, want *array.Value) example {
	return example{name: name, op: operator, list: list, in: in, want: want}
}

func refusedJoin(name, operator string, list results, in operands, why string) example {
	return example{name: name, op: operator, list: list, in: in, refused: why}
}

// numpy.concatenate, but for scalars and interleave.
func TestConcat(t *testing.T) {
	a, b := counting(2, 2), f32(dims{2, 1}, 10, 20)
	testExamples(t, []example{
		joined("columns after columns", "concat", results{a, b}, operands{"axis": whole(1)}, f32(dims{2, 3}, 0, 1, 10, 2, 3, 20)),
		joined("rows after rows", "concat", results{a, f32(dims{1, 2}, 8, 9)}, operands{"axis": whole(0)}, f32(dims{3, 2}, 0, 1, 2, 3, 8, 9)),
		joined("axes count from the end too", "concat", results{b, a}, operands{"axis": whole(-1)}, f32(dims{2, 3}, 10, 0, 1, 20, 2, 3)),
		joined("scalars make a vector", "concat", results{whole(4), whole(5)}, operands{"axis": whole(0)}, ints(4, 5)),
		joined("one value is itself", "concat", results{a}, operands{"axis": whole(0)}, a),
		joined("values of no rows add nothing", "concat", results{f32(dims{0, 2}), a}, operands{"axis": whole(0)}, a),
		joined("integers stay integers", "concat", results{ints(1<<24 + 1), ints(2)}, operands{"axis": whole(0)}, ints(1<<24+1, 2)),
		joined("binary16 is widened as it is copied", "concat", results{f16(dims{1, 2}, 1, 2), f16(dims{1, 2}, 3, 4)}, operands{"axis": whole(0)}, f16(dims{2, 2}, 1, 2, 3, 4)),
		joined("a compressed constant is decoded", "concat", results{stored(1, 2), a}, operands{"axis": whole(0)}, f32(dims{3, 2}, 0, 10, 0, 1, 2, 3)),
		joined("interleaved values take turns", "concat", results{a, f32(dims{2, 2}, 10, 11, 12, 13)}, operands{"axis": whole(1), "interleave": flag(true)},
			f32(dims{2, 4}, 0, 10, 1, 11, 2, 12, 3, 13)),
		refusedJoin("other sizes beside the axis", "concat", results{a, b}, operands{"axis": whole(0)}, "value 1 of shape [2 1] does not join [2 2] along axis 0"),
		refusedJoin("other ranks", "concat", results{a, num(1)}, operands{"axis": whole(0)}, "value 1 has rank 0, the first 2"),
		refusedJoin("a vector after a scalar", "concat", results{num(1), f32(dims{1}, 2)}, operands{"axis": whole(0)}, "value 1 has rank 1 where the first is a scalar"),
		refusedJoin("interleaved values of other sizes", "concat", results{a, b}, operands{"axis": whole(1), "interleave": flag(true)}, "does not join"),
	})
}

// numpy.stack.
func TestStack(t *testing.T) {
	a, b := f32(dims{2}, 1, 2), f32(dims{2}, 10, 20)
	testExamples(t, []example{
		joined("as rows", "stack", results{a, b}, operands{"axis": whole(0)}, f32(dims{2, 2}, 1, 2, 10, 20)),
		joined("as columns", "stack", results{a, b}, operands{"axis": whole(1)}, f32(dims{2, 2}, 1, 10, 2, 20)),
		joined("minus one is behind the last axis", "stack", results{a, b}, operands{"axis": whole(-1)}, f32(dims{2, 2}, 1, 10, 2, 20)),
		joined("between two axes", "stack", results{counting(2, 2), f32(dims{2, 2}, 4, 5, 6, 7)}, operands{"axis": whole(1)}, f32(dims{2, 2, 2}, 0, 1, 4, 5, 2, 3, 6, 7)),
		joined("scalars", "stack", results{num(1), num(2)}, operands{"axis": whole(0)}, f32(dims{2}, 1, 2)),
		refusedJoin("other shapes", "stack", results{a, f32(dims{1}, 1)}, operands{"axis": whole(0)}, "value 1 of shape [1] does not stack on [2]"),
		refusedJoin("an axis that is not there", "stack", results{a, b}, operands{"axis": whole(2)}, "axis 2 is outside rank 2"),
	})
}

// numpy.split; the parts are views of x.
func TestSplit(t *testing.T) {
	x := counting(2, 3)
	split := func(in operands) operands {
		in["x"] = x
		return in
	}
	testExamples(t, []example{
		{
			name: "into equal parts", op: "split", view: true, in: split(operands{"num_splits": whole(3), "axis": whole(1)}),
			want: f32(dims{2, 1}, 0, 3), more: results{f32(dims{2, 1}, 1, 4), f32(dims{2, 1}, 2, 5)},
		},
		{
			name: "into parts of given sizes", op: "split", view: true, in: split(operands{"split_sizes": ints(1, 2), "axis": whole(1)}),
			want: f32(dims{2, 1}, 0, 3), more: results{f32(dims{2, 2}, 1, 2, 4, 5)},
		},
		{
			name: "a part may have nothing", op: "split", view: true, in: split(operands{"split_sizes": ints(0, 3), "axis": whole(1)}),
			want: f32(dims{2, 0}), more: results{f32(dims{2, 3}, 0, 1, 2, 3, 4, 5)},
		},
		{
			name: "rows", op: "split", view: true, in: split(operands{"num_splits": whole(2), "axis": whole(0)}),
			want: f32(dims{1, 3}, 0, 1, 2), more: results{f32(dims{1, 3}, 3, 4, 5)},
		},
		{
			name: "a compressed constant", op: "split", in: operands{"x": stored(2, 2), "num_splits": whole(2), "axis": whole(1)},
			want: f32(dims{2, 1}, 0, 20), more: results{f32(dims{2, 1}, 10, 30)},
		},
		{name: "parts that are not equal are refused", op: "split", in: split(operands{"num_splits": whole(2), "axis": whole(1)}), more: results{nil}, refused: "dimension 1 of 3 does not split into 2 parts"},
		{name: "sizes of too little are refused", op: "split", in: split(operands{"split_sizes": ints(1, 1), "axis": whole(1)}), more: results{nil}, refused: "sizes add up to 2 for dimension 1 of 3"},
		{name: "negative sizes are refused", op: "split", in: split(operands{"split_sizes": ints(-1, 4), "axis": whole(1)}), more: results{nil}, refused: "negative"},
		{name: "every part has a result", op: "split", in: split(operands{"num_splits": whole(3), "axis": whole(1)}), more: results{nil}, refused: "do not match 2 results"},
	})
}

// numpy.tile with a repetition for every dimension.
func TestTile(t *testing.T) {
	x := counting(2, 2)
	testExamples(t, []example{
		{name: "columns", op: "tile", in: operands{"x": x, "reps": ints(1, 2)}, want: f32(dims{2, 4}, 0, 1, 0, 1, 2, 3, 2, 3)},
		{name: "rows", op: "tile", in: operands{"x": x, "reps": ints(2, 1)}, want: f32(dims{4, 2}, 0, 1, 2, 3, 0, 1, 2, 3)},
		{name: "both", op: "tile", in: operands{"x": f32(dims{1, 2}, 1, 2), "reps": ints(2, 2)}, want: f32(dims{2, 4}, 1, 2, 1, 2, 1, 2, 1, 2)},
		{name: "dimensions of one element are shown again, not copied", op: "tile", view: true, in: operands{"x": f32(dims{2, 1}, 1, 2), "reps": ints(1, 3)}, want: f32(dims{2, 3}, 1, 1, 1, 2, 2, 2)},
		{name: "a compressed constant", op: "tile", in: operands{"x": stored(1, 2), "reps": ints(2, 1)}, want: f32(dims{2, 2}, 0, 10, 0, 10)},
		{name: "no times", op: "tile", in: operands{"x": x, "reps": ints(0, 1)}, want: f32(dims{0, 2})},
		{name: "integers stay integers", op: "tile", in: operands{"x": ints(1<<24+1, 2), "reps": ints(2)}, want: ints(1<<24+1, 2, 1<<24+1, 2)},
		{name: "fewer repetitions than dimensions are refused", op: "tile", in: operands{"x": x, "reps": ints(2)}, refused: "reps has 1 elements for x of rank 2"},
		{name: "negative repetitions are refused", op: "tile", in: operands{"x": x, "reps": ints(1, -1)}, refused: "reps of dimension 1 is -1"},
	})
}
