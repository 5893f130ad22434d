package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
)

// The formulas are those of coremltools' documentation of quantize and dequantize.
func TestQuantize(t *testing.T) {
	testExamples(t, []example{
		{
			name: "halves go to the even neighbour", op: "quantize",
			in:   operands{"input": f32(dims{5}, 0.5, 1.5, 2.5, -0.5, -1.5), "scale": num(1), "output_dtype": text("int8")},
			want: integers(dtype.Int8, dims{5}, 0, 2, 2, 0, -2),
		},
		{
			name: "the zero point is added after rounding", op: "quantize",
			in: operands{
				"input": f32(dims{3}, -1, 0, 1), "scale": num(0.5), "zero_point": integers(dtype.UInt8, nil, 128), "output_dtype": text("uint8"),
			},
			want: integers(dtype.UInt8, dims{3}, 126, 128, 130),
		},
		{
			name: "numbers outside the range are limited to it", op: "quantize",
			in:   operands{"input": f32(dims{4}, -1000, 1000, inf, -inf), "scale": num(1), "output_dtype": text("int8")},
			want: integers(dtype.Int8, dims{4}, -128, 127, 127, -128),
		},
		{
			name: "unsigned numbers end at zero", op: "quantize",
			in:   operands{"input": f32(dims{2}, -3, 300), "scale": num(1), "output_dtype": text("uint8")},
			want: integers(dtype.UInt8, dims{2}, 0, 255),
		},
		{
			name: "NaN is the zero point, and so is zero over a scale of zero", op: "quantize",
			in: operands{
				"input": f32(dims{2}, nan, 0), "scale": num(0), "zero_point": integers(dtype.Int8, nil, 5), "output_dtype": text("int8"),
			},
			want: integers(dtype.Int8, dims{2}, 5, 5),
		},
		{
			name: "an axis has a scale for each index", op: "quantize",
			in: operands{
				"input": f32(dims{2, 2}, 1, 2, 3, 4), "scale": f32(dims{2}, 1, 0.5), "axis": whole(0), "output_dtype": text("int8"),
			},
			want: integers(dtype.Int8, dims{2, 2}, 1, 2, 6, 8),
		},
		{
			name: "an axis counts from the end", op: "quantize",
			in: operands{
				"input": f32(dims{2, 2}, 1, 2, 3, 4), "scale": f32(dims{2}, 1, 0.5), "axis": whole(-1), "output_dtype": text("int8"),
				"zero_point": integers(dtype.Int8, dims{2}, 0, 10),
			},
			want: integers(dtype.Int8, dims{2, 2}, 1, 14, 3, 18),
		},
		{
			name: "nothing to quantize", op: "quantize",
			in:   operands{"input": f32(dims{0, 2}), "scale": num(1), "output_dtype": text("int8")},
			want: integers(dtype.Int8, dims{0, 2}),
		},
		{
			name: "scales for another dimension are refused", op: "quantize",
			in: operands{
				"input": counting(2, 2), "scale": f32(dims{3}, 1, 1, 1), "axis": whole(0), "output_dtype": text("int8"),
			},
			want:    integers(dtype.Int8, dims{2, 2}),
			refused: "scale holds 3 elements for dimension 0 of 2",
		},
		{
			name: "zero points that are not as many as scales are refused", op: "quantize",
			in: operands{
				"input": counting(2), "scale": num(1), "zero_point": integers(dtype.Int8, dims{2}, 1, 2), "output_dtype": text("int8"),
			},
			want:    integers(dtype.Int8, dims{2}),
			refused: "zero_point holds 2 elements, scale 1",
		},
		{
			name: "no scale is refused", op: "quantize",
			in:   operands{"input": counting(2), "scale": f32(dims{0}), "output_dtype": text("int8")},
			want: integers(dtype.Int8, dims{2}), refused: "scale is empty",
		},
		{
			name: "a floating-point result is refused", op: "quantize",
			in: operands{"input": counting(2), "scale": num(1), "output_dtype": text("int8")}, refused: "type does not go with x",
		},
	})
}

func TestDequantize(t *testing.T) {
	testExamples(t, []example{
		{
			name: "the zero point is taken off first", op: "dequantize",
			in: operands{
				"input": integers(dtype.UInt8, dims{3}, 126, 128, 255), "scale": num(0.5), "zero_point": integers(dtype.UInt8, nil, 128),
			},
			want: f32(dims{3}, -1, 0, 63.5),
		},
		{
			name: "without a zero point it is zero", op: "dequantize",
			in: operands{"input": integers(dtype.Int8, dims{2}, -128, 127), "scale": num(0.25)}, want: f32(dims{2}, -32, 31.75),
		},
		{
			name: "the difference of int8 numbers does not wrap", op: "dequantize",
			in: operands{
				"input": integers(dtype.Int8, dims{1}, 127), "scale": num(1), "zero_point": integers(dtype.Int8, nil, -128),
			},
			want: f32(dims{1}, 255),
		},
		{
			name: "scales along the middle dimension", op: "dequantize",
			in: operands{
				"input": integers(dtype.Int8, dims{1, 2, 2}, 1, 2, 3, 4), "scale": f32(dims{2}, 10, 100), "axis": whole(1),
			},
			want: f32(dims{1, 2, 2}, 10, 20, 300, 400),
		},
		{
			name: "fp16 results are rounded", op: "dequantize",
			in: operands{"input": integers(dtype.Int8, dims{1}, 3), "scale": num(0.1)}, want: f16(dims{1}, 0.3),
		},
		{
			name: "a result of integers is refused", op: "dequantize",
			in:   operands{"input": integers(dtype.Int8, dims{1}, 3), "scale": num(1)},
			want: ints(3), refused: "type does not go with x",
		},
	})
}
