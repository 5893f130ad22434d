package op_test

import (
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

// A tail passes on the last rows that the caller wants of an output, number 1 here.
func TestTail(t *testing.T) {
	x := f32(dims{1, 3, 2}, 1, 2, 3, 4, 5, 6)
	repeated := func() *array.Value { // rows 1 1 2 2, each element of memory a row and a half
		v := f32(dims{4, 1}, 10, 20)
		v.Dense, v.Stride, v.Repeat = false, [array.MaxRank]int{1, 1}, [array.MaxRank]int{2, 1}
		return v
	}
	for _, tc := range []struct {
		name  string
		x     *array.Value
		rows  []int
		shape dims
		want  []float32
	}{
		{"the last row", x, []int{0, 1}, dims{1, 1, 2}, []float32{5, 6}},
		{"two rows", x, []int{0, 2}, dims{1, 2, 2}, []float32{3, 4, 5, 6}},
		{"zero wants all rows", x, []int{1, 0}, dims{1, 3, 2}, []float32{1, 2, 3, 4, 5, 6}},
		{"more than there are are all rows", x, []int{0, 9}, dims{1, 3, 2}, []float32{1, 2, 3, 4, 5, 6}},
		{"where no number is known all rows are wanted", x, nil, dims{1, 3, 2}, []float32{1, 2, 3, 4, 5, 6}},
		{"every element of a batch has its last row", f32(dims{2, 2, 1}, 1, 2, 3, 4), []int{0, 1}, dims{2, 1, 1}, []float32{2, 4}},
		{"a vector has no rows", f32(dims{2}, 1, 2), []int{0, 1}, dims{2}, []float32{1, 2}},
		{"rows in another order of memory", strided(f32(dims{3, 2}, 1, 2, 3, 4, 5, 6)), []int{0, 1}, dims{1, 2}, []float32{5, 6}},
		{"binary16", f16(dims{2, 2}, 1, 2, 3, 4), []int{0, 1}, dims{1, 2}, []float32{3, 4}},
		{"integers", i32(dims{2, 2}, 1, 2, 3, 4), []int{0, 1}, dims{1, 2}, []float32{3, 4}},
		{"rows that repeat, from the first of a kind", repeated(), []int{0, 2}, dims{2, 1}, []float32{20, 20}},
		{"rows that repeat, from the middle", repeated(), []int{0, 3}, dims{3, 1}, []float32{10, 20, 20}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := bind(t, &example{def: op.TailOperator, data: &op.TailOutput{Number: 1}, in: operands{"x": tc.x}, want: value(tc.x.DType, nil)}, forms[0])
			c.Env.Rows = tc.rows
			if err := once(c); err != nil {
				t.Fatal(err)
			}
			y := c.Env.Values[c.Step.Out[0]]
			if got := c.F32(&y); !slices.Equal(y.Shape(), tc.shape) || !slices.Equal(got, tc.want) {
				t.Errorf("%v of shape %v, want %v of shape %v", got, y.Shape(), tc.want, tc.shape)
			}
		})
	}
}
