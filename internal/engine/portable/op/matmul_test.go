package op_test

import (
	"math"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/workpool"
)

var minusZero = math.Copysign(0, -1)

// Products are those of numpy.matmul, small enough to be worked out by hand.
func TestMatMul(t *testing.T) {
	a := f32(dims{2, 3}, 1, 2, 3, 4, 5, 6)
	b := f32(dims{3, 2}, 7, 8, 9, 10, 11, 12)
	ab := f32(dims{2, 2}, 58, 64, 139, 154)
	testExamples(t, []example{
		{name: "rows times columns", op: "matmul", in: operands{"x": a, "y": b}, want: ab},
		{
			name: "a transposed y is read row by row", op: "matmul",
			in:   operands{"x": a, "y": f32(dims{2, 3}, 7, 9, 11, 8, 10, 12), "transpose_y": flag(true)},
			want: ab,
		},
		{
			name: "a transposed x", op: "matmul",
			in:   operands{"x": f32(dims{3, 2}, 1, 4, 2, 5, 3, 6), "y": b, "transpose_x": flag(true)},
			want: ab,
		},
		{
			name: "both transposed", op: "matmul",
			in: operands{
				"x": f32(dims{3, 2}, 1, 4, 2, 5, 3, 6), "y": f32(dims{2, 3}, 7, 9, 11, 8, 10, 12),
				"transpose_x": flag(true), "transpose_y": flag(true),
			},
			want: ab,
		},
		{
			name: "a constant y that is transposed is a weight, read as it is stored", op: "matmul",
			in:       operands{"x": a, "y": f32(dims{2, 3}, 7, 9, 11, 8, 10, 12), "transpose_y": flag(true)},
			constant: []string{"y", "transpose_y"},
			want:     ab,
		},
		{
			name: "a constant y that is not transposed", op: "matmul",
			in: operands{"x": a, "y": b}, constant: []string{"y"}, want: ab,
		},
		{
			name: "a weight serves every matrix of a batch", op: "matmul",
			in: operands{
				"x": f32(dims{2, 1, 2}, 1, 2, 3, 4), "y": f32(dims{3, 2}, 1, 0, 0, 1, 1, 1), "transpose_y": flag(true),
			},
			constant: []string{"y", "transpose_y"},
			want:     f32(dims{2, 1, 3}, 1, 2, 3, 3, 4, 7),
		},
		{
			name: "a vector x is a row that the result does not have", op: "matmul",
			in: operands{"x": f32(dims{3}, 1, 2, 3), "y": b}, want: f32(dims{2}, 58, 64),
		},
		{
			name: "a vector y is a column that the result does not have", op: "matmul",
			in: operands{"x": a, "y": f32(dims{3}, 1, 0, -1)}, want: f32(dims{2}, -2, -2),
		},
		{
			name: "two vectors make one number", op: "matmul",
			in: operands{"x": f32(dims{3}, 1, 2, 3), "y": f32(dims{3}, 4, 5, 6)}, want: num(32),
		},
		{
			name: "a vector and a batch", op: "matmul",
			in:   operands{"x": f32(dims{2}, 1, 10), "y": f32(dims{2, 2, 1}, 1, 2, 3, 4)},
			want: f32(dims{2, 1}, 21, 43),
		},
		{
			name: "batches side by side", op: "matmul",
			in:   operands{"x": f32(dims{2, 1, 2}, 1, 2, 3, 4), "y": f32(dims{2, 2, 1}, 5, 6, 7, 8)},
			want: f32(dims{2, 1, 1}, 17, 53),
		},
		{
			name: "one matrix y for a batch of x", op: "matmul",
			in:   operands{"x": f32(dims{2, 1, 2}, 1, 2, 3, 4), "y": f32(dims{2, 1}, 5, 6)},
			want: f32(dims{2, 1, 1}, 17, 39),
		},
		{
			name: "both batches broadcast", op: "matmul",
			in:   operands{"x": f32(dims{2, 1, 1, 1}, 2, 3), "y": f32(dims{1, 3, 1, 1}, 5, 7, 11)},
			want: f32(dims{2, 3, 1, 1}, 10, 14, 22, 15, 21, 33),
		},
		{
			name: "an inner dimension of zero gives zeros", op: "matmul",
			in: operands{"x": f32(dims{2, 0}), "y": f32(dims{0, 2})}, want: f32(dims{2, 2}, 0, 0, 0, 0),
		},
		{
			name: "no rows", op: "matmul",
			in: operands{"x": f32(dims{0, 3}), "y": b}, want: f32(dims{0, 2}),
		},
		{
			name: "an empty batch", op: "matmul",
			in: operands{"x": f32(dims{0, 2, 3}), "y": b}, want: f32(dims{0, 2, 2}),
		},
		{
			name: "no row meets an infinity that is not its own", op: "matmul",
			in:   operands{"x": f32(dims{2, 2}, inf, 1, 1, 1), "y": f32(dims{2, 1}, 1, 1)},
			want: f32(dims{2, 1}, inf, 2),
		},
		{
			name: "an infinity times zero is no number", op: "matmul",
			in:   operands{"x": f32(dims{1, 2}, inf, 1), "y": f32(dims{2, 1}, 0, 1)},
			want: f32(dims{1, 1}, nan),
		},
		{
			name: "fp16 is summed in float32 and rounded once", op: "matmul",
			in: operands{
				"x": f16(dims{1, 3}, 2048, 1, 1), "y": f16(dims{3, 1}, 1, 1, 1),
			},
			want: f16(dims{1, 1}, 2050),
		},
		{
			name: "fp16 overflows to an infinity", op: "matmul",
			in: operands{"x": f16(dims{1, 2}, 60000, 60000), "y": f16(dims{2, 1}, 1, 1)}, want: f16(dims{1, 1}, inf),
		},
		{
			name: "sizes that do not meet are refused", op: "matmul",
			in:      operands{"x": a, "y": f32(dims{2, 2}, 1, 2, 3, 4)},
			refused: "x of shape [2 3] and y of shape [2 2] do not multiply",
		},
		{
			name: "a transposed vector is refused", op: "matmul",
			in:      operands{"x": f32(dims{3}, 1, 2, 3), "y": b, "transpose_x": flag(true)},
			refused: "do not multiply",
		},
		{
			name: "a scalar is refused", op: "matmul",
			in: operands{"x": a, "y": num(2)}, refused: "y of shape [] do not multiply",
		},
		{
			name: "batches that do not broadcast are refused", op: "matmul",
			in:      operands{"x": f32(dims{2, 1, 1}, 1, 2), "y": f32(dims{3, 1, 1}, 1, 2, 3)},
			refused: "batch dimensions [2] and [3] do not broadcast",
		},
	})
}

// A product large enough for several units of work, and rows that no unit fills.
func TestMatMulOfManyRows(t *testing.T) {
	const m, k, n = 67, 33, 41
	x, y, want := counting(m, k), counting(k, n), f32(dims{m, n})
	for i := range x.F32 {
		x.F32[i] = float32(i%7 - 3)
	}
	for i := range y.F32 {
		y.F32[i] = float32(i%5 - 2)
	}
	want.F32 = make([]float32, m*n)
	for i := range m {
		for j := range n {
			for l := range k { // small integers, so any order of sums gives the same
				want.F32[i*n+j] += x.F32[i*k+l] * y.F32[l*n+j]
			}
		}
	}
	testExamples(t, []example{{name: "67 rows", op: "matmul", in: operands{"x": x, "y": y}, want: want}})
}

// A product's rows are shared out too, and its sums keep their order.
func TestProductsGiveTheSameBitsOnAnyNumberOfThreads(t *testing.T) {
	pool := workpool.New(3)
	defer pool.Close()
	fill := func(v *array.Value) *array.Value {
		for k := range v.F32 {
			v.F32[k] = float32(k%1999)/777 - 1
		}
		return v
	}
	x := example{op: "matmul", in: operands{"x": fill(counting(2, 130, 70)), "y": fill(counting(70, 50))}}
	want := onThreads(t, x, nil, 1)
	for _, threads := range []int{2, 3} {
		if got := onThreads(t, x, pool, threads); !slices.Equal(got, want) {
			t.Errorf("%d threads give another product", threads)
		}
	}
}

// onThreads runs an example on a pool and returns a copy of its result.
func onThreads(t *testing.T, x example, pool *workpool.Pool, threads int) []float32 {
	t.Helper()
	c := bind(t, &x, forms[0])
	c.Env.Pool, c.Env.Threads = pool, threads
	if err := once(c); err != nil {
		t.Fatal(err)
	}
	return slices.Clone(c.F32(&c.Env.Values[c.Step.Out[0]]))
}
