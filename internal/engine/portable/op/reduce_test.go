package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Sums, means and extremes over all sets of axes are recorded from PyTorch; here are
// the corners, with the answers of NumPy.
func TestReductions(t *testing.T) {
	x := f32(dims{2, 3}, 1, 2, 3, 4, 5, 6)
	testExamples(t, []example{
		{name: "without axes all are reduced", op: "reduce_sum", in: operands{"x": x}, want: num(21)},
		{
			name: "dimensions are kept as one where that is asked for", op: "reduce_sum",
			in: operands{"x": x, "axes": ints(0, 1), "keep_dims": flag(true)}, want: f32(dims{1, 1}, 21),
		},
		{
			name: "an axis counts from the end", op: "reduce_sum",
			in: operands{"x": x, "axes": ints(-2)}, want: f32(dims{3}, 5, 7, 9),
		},
		{
			name: "an axis that is named twice is reduced once", op: "reduce_sum",
			in: operands{"x": x, "axes": ints(1, -1)}, want: f32(dims{2}, 6, 15),
		},
		{
			name: "no axes reduce nothing", op: "reduce_sum",
			in: operands{"x": x, "axes": ints()}, want: x,
		},
		{
			name: "a scalar", op: "reduce_sum",
			in: operands{"x": num(4)}, want: num(4),
		},
		{
			name: "large sums do not lose small numbers", op: "reduce_sum",
			in: operands{"x": f32(dims{4}, 1e8, 1, 1, -1e8)}, want: num(2),
		},
		{
			name: "a product", op: "reduce_prod",
			in: operands{"x": x, "axes": ints(1)}, want: f32(dims{2}, 6, 120),
		},
		{
			name: "the sum of magnitudes", op: "reduce_l1_norm",
			in: operands{"x": f32(dims{2, 2}, -1, 2, -3, 4), "axes": ints(1)}, want: f32(dims{2}, 3, 7),
		},
		{
			name: "the length", op: "reduce_l2_norm",
			in: operands{"x": f32(dims{2, 2}, 3, 4, -6, 8), "axes": ints(1)}, want: f32(dims{2}, 5, 10),
		},
		{
			name: "the length of large fp16 numbers does not overflow on the way", op: "reduce_l2_norm",
			in: operands{"x": f16(dims{2}, 30000, 40000)}, want: f16(nil, 50000), within: 1e-3,
		},
		{
			name: "the sum of squares", op: "reduce_sum_square",
			in: operands{"x": f32(dims{3}, -1, 2, 3)}, want: num(14),
		},
		{
			name: "the logarithm of the sum, not the sum of logarithms", op: "reduce_log_sum",
			in: operands{"x": f32(dims{2}, 1, 1.7182817)}, want: num(1),
		},
		{
			name: "log_sum_exp does not overflow", op: "reduce_log_sum_exp",
			in: operands{"x": f32(dims{2}, 1000, 1000)}, want: num(1000.6931),
		},
		{
			name: "log_sum_exp of minus infinities is one", op: "reduce_log_sum_exp",
			in: operands{"x": f32(dims{2, 2}, -inf, -inf, -inf, 3), "axes": ints(1)}, want: f32(dims{2}, -inf, 3),
		},
		{
			name: "log_sum_exp of an infinity is one, and of NaN is NaN", op: "reduce_log_sum_exp",
			in: operands{"x": f32(dims{3, 2}, inf, inf, inf, 1, nan, inf), "axes": ints(1)}, want: f32(dims{3}, inf, inf, nan),
		},
		{
			name: "NaN is the greatest and the least wherever it stands", op: "reduce_max",
			in: operands{"x": f32(dims{2, 3}, 1, nan, inf, nan, 1, -inf), "axes": ints(1)}, want: f32(dims{2}, nan, nan),
		},
		{
			name: "the least of infinities", op: "reduce_min",
			in: operands{"x": f32(dims{3}, inf, -inf, 0)}, want: num(-inf),
		},
		{
			name: "the sum of nothing is zero", op: "reduce_sum",
			in: operands{"x": f32(dims{2, 0}), "axes": ints(1)}, want: f32(dims{2}, 0, 0),
		},
		{
			name: "the product of nothing is one", op: "reduce_prod",
			in: operands{"x": f32(dims{2, 0}), "axes": ints(1)}, want: f32(dims{2}, 1, 1),
		},
		{
			name: "the mean of nothing is no number", op: "reduce_mean",
			in: operands{"x": f32(dims{0})}, want: num(nan),
		},
		{
			name: "the greatest of no numbers is minus infinity", op: "reduce_max",
			in: operands{"x": f32(dims{0})}, want: num(-inf),
		},
		{
			name: "log_sum_exp of nothing is minus infinity", op: "reduce_log_sum_exp",
			in: operands{"x": f32(dims{2, 0}), "axes": ints(1)}, want: f32(dims{2}, -inf, -inf),
		},
		{
			name: "fp16 is summed wide and rounded once", op: "reduce_sum",
			in: operands{"x": f16(dims{4}, 2048, 1, 1, 1)}, want: f16(nil, 2052),
		},
		{
			name: "an axis outside is refused", op: "reduce_sum",
			in: operands{"x": x, "axes": ints(2)}, refused: "axis 2 is outside rank 2",
		},
	})
}

func TestReductionsOfIntegers(t *testing.T) {
	x := i32(dims{2, 3}, 1, -2, 3, 4, 5, -6)
	testExamples(t, []example{
		{name: "a sum of rows", op: "reduce_sum", in: operands{"x": x, "axes": ints(1)}, want: ints(2, 3)},
		{name: "a sum of columns", op: "reduce_sum", in: operands{"x": x, "axes": ints(0)}, want: ints(5, 3, -3)},
		{name: "a product", op: "reduce_prod", in: operands{"x": x, "axes": ints(1)}, want: ints(-6, -120)},
		{name: "the greatest", op: "reduce_max", in: operands{"x": x, "axes": ints(0)}, want: ints(4, 5, 3)},
		{name: "the least", op: "reduce_min", in: operands{"x": x}, want: whole(-6)},
		{name: "the sum of magnitudes", op: "reduce_l1_norm", in: operands{"x": x}, want: whole(21)},
		{name: "the sum of squares", op: "reduce_sum_square", in: operands{"x": x, "axes": ints(1)}, want: ints(14, 77)},
		{name: "a mean is rounded toward zero", op: "reduce_mean", in: operands{"x": ints(-3, -4)}, want: whole(-3)},
		{name: "a length is rounded toward zero", op: "reduce_l2_norm", in: operands{"x": ints(1, 1)}, want: whole(1)},
		{name: "a sum that overflows wraps", op: "reduce_sum", in: operands{"x": ints(2147483647, 1)}, want: whole(-2147483648)},
		{
			name: "a sum wraps to a narrow type", op: "reduce_sum",
			in: operands{"x": integers(dtype.Int8, dims{2}, 100, 100)}, want: integers(dtype.Int8, nil, -56),
		},
		{
			name: "numbers that float32 cannot hold are summed exactly", op: "reduce_sum",
			in: operands{"x": ints(16777217, 16777217)}, want: whole(33554434),
		},
		{name: "the sum of nothing is zero", op: "reduce_sum", in: operands{"x": ints()}, want: whole(0)},
		{
			name: "there is no greatest of no integers", op: "reduce_max",
			in: operands{"x": i32(dims{2, 0}), "axes": ints(1)}, want: ints(), refused: "no elements to reduce",
		},
	})
}
