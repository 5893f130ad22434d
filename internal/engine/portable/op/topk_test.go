package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
)

func TestTopK(t *testing.T) {
	x := f32(dims{2, 4}, 2, 9, 4, 1, 8, 1, 5, 8)
	testExamples(t, []example{
		{
			name: "the two largest and their places", op: "topk",
			in: operands{"x": x, "k": whole(2)}, want: f32(dims{2, 2}, 9, 4, 8, 8), more: results{i32(dims{2, 2}, 1, 2, 0, 3)},
		},
		{
			name: "the two smallest when ascending", op: "topk",
			in:   operands{"x": x, "k": whole(2), "ascending": flag(true)},
			want: f32(dims{2, 2}, 1, 2, 1, 5), more: results{i32(dims{2, 2}, 3, 0, 1, 2)},
		},
		{
			name: "one by default", op: "topk",
			in: operands{"x": x}, want: f32(dims{2, 1}, 9, 8), more: results{i32(dims{2, 1}, 1, 0)},
		},
		{
			name: "a k of minus one is all", op: "topk",
			in: operands{"x": x, "k": whole(-1)}, want: f32(dims{2, 4}, 9, 4, 2, 1, 8, 8, 5, 1), more: results{i32(dims{2, 4}, 1, 2, 0, 3, 0, 3, 2, 1)},
		},
		{
			name: "along the first axis", op: "topk",
			in:   operands{"x": x, "k": whole(1), "axis": whole(0)},
			want: f32(dims{1, 4}, 8, 9, 5, 8), more: results{i32(dims{1, 4}, 1, 0, 1, 1)},
		},
		{name: "without places", op: "topk", in: operands{"x": x, "k": whole(1), "return_indices": flag(false)}, want: f32(dims{2, 1}, 9, 8)},
		{name: "sorted though sort is false", op: "topk", in: operands{"x": x, "k": whole(3), "sort": flag(false)}, want: f32(dims{2, 3}, 9, 4, 2, 8, 8, 5)},
		{name: "NaN comes after every number", op: "topk", in: operands{"x": f32(dims{3}, nan, -inf, 1), "k": whole(3)}, want: f32(dims{3}, 1, -inf, nan)},
		{
			name: "integers keep their type, and places may be narrow", op: "topk",
			in:   operands{"x": integers(dtype.Int8, dims{3}, -5, 7, 0), "k": whole(2), "output_indices_dtype": text("uint16")},
			want: integers(dtype.Int8, dims{2}, 7, 0), more: results{integers(dtype.UInt16, dims{2}, 1, 2)},
		},
		{name: "none", op: "topk", in: operands{"x": x, "k": whole(0)}, want: f32(dims{2, 0}), more: results{i32(dims{2, 0})}},
		{name: "more than there are is refused", op: "topk", in: operands{"x": x, "k": whole(5)}, refused: "k is 5 for a dimension of 4"},
		{name: "less than none is refused", op: "topk", in: operands{"x": x, "k": whole(-2)}, refused: "k is -2 for a dimension of 4"},
		{name: "an axis outside is refused", op: "topk", in: operands{"x": x, "axis": whole(2)}, refused: "axis 2 is outside rank 2"},
		{name: "three results are refused", op: "topk", in: operands{"x": x}, more: results{nil, nil}, refused: "has 3 results where 1 or 2 are expected"},
		{name: "a result of another kind is refused", op: "topk", in: operands{"x": ints(1, 2)}, want: f32(dims{1}), refused: "type does not go with x"},
	})
}

// Up to 64 elements are found by insertion, more by sorting the lane: both ways give
// the same order.
func TestTopKByInsertionAndBySorting(t *testing.T) {
	const n = 300
	x := f32(dims{n})
	for i := range n {
		x.F32 = append(x.F32, float32(i*37%100)) // every number three times
	}
	var list []example
	for _, k := range []int{1, 63, 64, 65, n} {
		values, places := f32(dims{k}), i32(dims{k})
		for top := 99; len(values.F32) < k; top-- {
			for i := 0; i < n && len(values.F32) < k; i++ {
				if i*37%100 == top {
					values.F32, places.I32 = append(values.F32, float32(top)), append(places.I32, int32(i))
				}
			}
		}
		list = append(list, example{name: "of many", op: "topk", in: operands{"x": x, "k": whole(int32(k))}, want: values, more: results{places}})
	}
	testExamples(t, list)
}
