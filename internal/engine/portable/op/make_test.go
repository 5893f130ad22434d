package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Ranges are those of numpy.arange(start, end, step).
func TestRange1D(t *testing.T) {
	testExamples(t, []example{
		{
			name: "a range leaves its end out", op: "range_1d",
			in:   operands{"end": whole(5), "start": whole(0), "step": whole(2)},
			want: ints(0, 2, 4),
		},
		{
			name: "an end that is a multiple of the step is left out too", op: "range_1d",
			in:   operands{"end": whole(6), "start": whole(0), "step": whole(2)},
			want: ints(0, 2, 4),
		},
		{
			name: "a negative step counts down", op: "range_1d",
			in:   operands{"end": whole(-3), "start": whole(2), "step": whole(-2)},
			want: ints(2, 0, -2),
		},
		{
			name: "a range that runs the wrong way is empty", op: "range_1d",
			in:   operands{"end": whole(1), "start": whole(4), "step": whole(1)},
			want: ints(),
		},
		{
			name: "a range of one number", op: "range_1d",
			in:   operands{"end": whole(-7), "start": whole(-8), "step": whole(100)},
			want: ints(-8),
		},
		{
			name: "differences beyond int32 are counted right", op: "range_1d",
			in:   operands{"end": whole(2147483647), "start": whole(-2147483648), "step": whole(2147483647)},
			want: ints(-2147483648, -1, 2147483646),
		},
		{
			name: "numbers are computed from their place and do not drift", op: "range_1d",
			in:   operands{"end": num(1), "start": num(0), "step": num(0.25)},
			want: f32(dims{4}, 0, 0.25, 0.5, 0.75),
		},
		{
			name: "fp16 numbers are rounded once", op: "range_1d",
			in:   operands{"end": num(2052), "start": num(2047), "step": num(1)},
			want: f16(dims{5}, 2047, 2048, 2048, 2050, 2052),
		},
		{
			name: "a negative step of floating-point numbers", op: "range_1d",
			in:   operands{"end": num(-1), "start": num(0.5), "step": num(-0.5)},
			want: f32(dims{3}, 0.5, 0, -0.5),
		},
		{
			name: "a step of zero is refused", op: "range_1d",
			in:      operands{"end": whole(5), "start": whole(0), "step": whole(0)},
			want:    ints(),
			refused: "step is 0",
		},
		{
			name: "a floating-point step of zero is refused", op: "range_1d",
			in:      operands{"end": num(5), "start": num(0), "step": num(0)},
			refused: "cannot be listed",
		},
		{
			name: "an endless range is refused", op: "range_1d",
			in:      operands{"end": num(inf), "start": num(0), "step": num(1)},
			refused: "numbers from 0 to +Inf in steps of 1 cannot be listed",
		},
		{
			name: "an end that is no number is refused", op: "range_1d",
			in:      operands{"end": num(nan), "start": num(0), "step": num(1)},
			refused: "cannot be listed",
		},
		{
			name: "a range longer than any value is refused", op: "range_1d",
			in:      operands{"end": whole(2147483647), "start": whole(-2147483648), "step": whole(1)},
			want:    ints(),
			refused: "cannot be listed",
		},
		{
			name: "two starts are refused", op: "range_1d",
			in:      operands{"end": whole(5), "start": ints(0, 1), "step": whole(1)},
			want:    ints(),
			refused: "start holds 2 values where one is expected",
		},
	})
}

func TestFill(t *testing.T) {
	testExamples(t, []example{
		{
			name: "fill repeats a number", op: "fill",
			in:   operands{"shape": ints(2, 3), "value": num(1.5)},
			want: f32(dims{2, 3}, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5),
		},
		{
			name: "the default is zero", op: "fill",
			in:   operands{"shape": ints(2)},
			want: f32(dims{2}, 0, 0),
		},
		{
			name: "an empty shape is a scalar", op: "fill",
			in:   operands{"shape": ints(), "value": whole(7)},
			want: whole(7),
		},
		{
			name: "a dimension of zero leaves nothing to fill", op: "fill",
			in:   operands{"shape": ints(3, 0, 2), "value": num(1)},
			want: f32(dims{3, 0, 2}),
		},
		{
			name: "an infinity fills a mask", op: "fill",
			in:   operands{"shape": ints(1, 2), "value": num(-inf)},
			want: f16(dims{1, 2}, -inf, -inf),
		},
		{
			name: "integers wrap to the declared type", op: "fill",
			in:   operands{"shape": ints(1), "value": whole(200)},
			want: integers(dtype.Int8, dims{1}, -56),
		},
		{
			name: "fill_like takes the shape of another value", op: "fill_like",
			in:   operands{"ref_tensor": counting(2, 1, 2), "value": num(-1)},
			want: f32(dims{2, 1, 2}, -1, -1, -1, -1),
		},
		{
			name: "fill_like of integers gives floating-point numbers where they are declared", op: "fill_like",
			in:   operands{"ref_tensor": ints(1, 2, 3), "value": num(0.5)},
			want: f32(dims{3}, 0.5, 0.5, 0.5),
		},
		{
			name: "a negative dimension is refused", op: "fill",
			in:      operands{"shape": ints(2, -1), "value": num(1)},
			refused: "shape [2 -1] is negative or too large",
		},
		{
			name: "more elements than a value may have are refused", op: "fill",
			in:      operands{"shape": ints(1<<20, 1<<20), "value": num(1)},
			refused: "is negative or too large",
		},
		{
			name: "nine dimensions are refused", op: "fill",
			in:      operands{"shape": ints(1, 1, 1, 1, 1, 1, 1, 1, 1), "value": num(1)},
			refused: "shape has 9 dimensions, above the limit of 8",
		},
		{
			name: "two numbers to fill with are refused", op: "fill",
			in:      operands{"shape": ints(2), "value": f32(dims{2}, 1, 2)},
			refused: "value holds 2 values where one is expected",
		},
	})
}

// Triangles are those of numpy.tril and numpy.triu.
func TestBandPart(t *testing.T) {
	square := f32(dims{3, 3}, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	testExamples(t, []example{
		{
			name: "the defaults keep all", op: "band_part",
			in: operands{"x": square}, want: square,
		},
		{
			name: "nothing above the diagonal is the lower triangle", op: "band_part",
			in:   operands{"x": square, "lower": whole(-1), "upper": whole(0)},
			want: f32(dims{3, 3}, 1, 0, 0, 4, 5, 0, 7, 8, 9),
		},
		{
			name: "nothing below the diagonal is the upper triangle", op: "band_part",
			in:   operands{"x": square, "lower": whole(0), "upper": whole(-1)},
			want: f32(dims{3, 3}, 1, 2, 3, 0, 5, 6, 0, 0, 9),
		},
		{
			name: "one below and none above", op: "band_part",
			in:   operands{"x": square, "lower": whole(1), "upper": whole(0)},
			want: f32(dims{3, 3}, 1, 0, 0, 4, 5, 0, 0, 8, 9),
		},
		{
			name: "every matrix of a batch has its own diagonal", op: "band_part",
			in:   operands{"x": f32(dims{2, 2, 2}, 1, 2, 3, 4, 5, 6, 7, 8), "lower": whole(0), "upper": whole(0)},
			want: f32(dims{2, 2, 2}, 1, 0, 0, 4, 5, 0, 0, 8),
		},
		{
			name: "more columns than rows", op: "band_part",
			in:   operands{"x": f32(dims{2, 4}, 1, 2, 3, 4, 5, 6, 7, 8), "lower": whole(0), "upper": whole(1)},
			want: f32(dims{2, 4}, 1, 2, 0, 0, 0, 6, 7, 0),
		},
		{
			name: "more rows than columns", op: "band_part",
			in:   operands{"x": f32(dims{4, 2}, 1, 2, 3, 4, 5, 6, 7, 8), "lower": whole(0), "upper": whole(0)},
			want: f32(dims{4, 2}, 1, 0, 0, 4, 0, 0, 0, 0),
		},
		{
			name: "what is cut off is zero even where it was no number", op: "band_part",
			in:   operands{"x": f32(dims{2, 2}, nan, nan, -inf, inf), "lower": whole(-1), "upper": whole(0)},
			want: f32(dims{2, 2}, nan, 0, -inf, inf),
		},
		{
			name: "integers and booleans keep their type", op: "band_part",
			in:   operands{"x": bools(dims{2, 2}, 1, 1, 1, 1), "lower": whole(-1), "upper": whole(0)},
			want: bools(dims{2, 2}, 1, 0, 1, 1),
		},
		{
			name: "no rows", op: "band_part",
			in: operands{"x": f32(dims{0, 3})}, want: f32(dims{0, 3}),
		},
		{
			name: "a vector has no diagonal", op: "band_part",
			in: operands{"x": f32(dims{3}, 1, 2, 3)}, refused: "x of rank 1 has no matrices",
		},
	})
}
