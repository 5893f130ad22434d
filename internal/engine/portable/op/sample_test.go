package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// Random places in random images are recorded from PyTorch's grid_sample; here an
// image is a row of three pixels, and a coordinate runs along it.
func TestResample(t *testing.T) {
	in := func(mode, padding, places string, align bool, xs ...float32) operands {
		at := f32(dims{1, 1, len(xs), 2})
		y := float32(0) // the middle of one row in every mode but this one
		if places == "normalized_zero_to_one" {
			y = 0.5
		}
		for _, x := range xs {
			at.F32 = append(at.F32, x, y)
		}
		return operands{
			"x": f32(dims{1, 1, 1, 3}, 10, 20, 40), "coordinates": at, "sampling_mode": text(mode), "padding_mode": text(padding),
			"padding_value": num(-1), "coordinates_mode": text(places), "align_corners": flag(align),
		}
	}
	row := func(x ...float32) *array.Value { return f32(dims{1, 1, 1, len(x)}, x...) }
	testExamples(t, []example{
		{
			name: "coordinates that count pixels", op: "resample",
			in: in("bilinear", "constant", "unnormalized", false, 0, 0.5, 2), want: row(10, 15, 40),
		},
		{
			name: "from minus one to one between the centres of the outermost pixels", op: "resample",
			in: in("bilinear", "constant", "normalized_minus_one_to_one", true, -1, 0, 0.5, 1), want: row(10, 20, 30, 40),
		},
		{
			name: "from minus one to one between their edges", op: "resample",
			in: in("bilinear", "border", "normalized_minus_one_to_one", false, -2./3, 0, 1./3, 2./3), want: row(10, 20, 30, 40),
		},
		{
			name: "from zero to one between centres", op: "resample",
			in: in("bilinear", "border", "normalized_zero_to_one", true, 0, 0.5, 0.75, 1), want: row(10, 20, 30, 40),
		},
		{
			name: "from zero to one between edges", op: "resample",
			in: in("bilinear", "border", "normalized_zero_to_one", false, 1./6, 0.5, 2./3, 5./6), want: row(10, 20, 30, 40),
		},
		{
			name: "constant padding mixes in at the border and is alone outside", op: "resample",
			in: in("bilinear", "constant", "unnormalized", false, -0.5, -1, -9, 2.5, 3), want: row(4.5, -1, -1, 19.5, -1),
		},
		{
			name: "a border is repeated", op: "resample",
			in: in("bilinear", "border", "unnormalized", false, -0.5, -9, 2.5, 99), want: row(10, 10, 40, 40),
		},
		{
			// 0 1 2 1 0 1 2: the outermost pixels are not repeated.
			name: "reflection mirrors at the centres of the outermost pixels", op: "resample",
			in: in("bilinear", "reflection", "unnormalized", false, -1, -2, 3, 4, 5), want: row(20, 40, 20, 10, 20),
		},
		{
			// 1 0 0 1 2 2 1 0: the outermost pixels are repeated.
			name: "symmetric mirrors at their edges", op: "resample",
			in: in("bilinear", "symmetric", "unnormalized", false, -1, -2, 3, 4, 5), want: row(10, 20, 40, 20, 10),
		},
		{
			name: "the nearest pixel of a place half-way is the even one", op: "resample",
			in: in("nearest", "constant", "unnormalized", false, 0.4, 0.5, 0.6, 1.5, -0.6), want: row(10, 10, 20, 40, -1),
		},
		{
			name: "a place that is no number is outside", op: "resample",
			in: in("nearest", "constant", "unnormalized", false, nan, inf), want: row(-1, -1),
		},
		{
			name: "every channel is read at the same places", op: "resample",
			in: operands{
				"x": f32(dims{1, 2, 1, 2}, 1, 2, 10, 20), "coordinates": f32(dims{1, 1, 1, 2}, 0.5, 0), "sampling_mode": text("bilinear"),
				"padding_mode": text("constant"), "padding_value": num(0), "coordinates_mode": text("unnormalized"), "align_corners": flag(false),
			},
			want: f32(dims{1, 2, 1, 1}, 1.5, 15),
		},
		{
			name: "integer coordinates", op: "resample",
			in:   with(in("bilinear", "constant", "unnormalized", false), operands{"coordinates": i32(dims{1, 1, 1, 2}, 1, 0)}),
			want: row(20),
		},
		{name: "no places", op: "resample", in: in("bilinear", "constant", "unnormalized", false), want: f32(dims{1, 1, 1, 0})},
		{
			name: "coordinates of three numbers are refused", op: "resample",
			in:      with(in("bilinear", "constant", "unnormalized", false), operands{"coordinates": counting(1, 1, 1, 3)}),
			refused: "x of shape [1 1 1 3] and coordinates of shape [1 1 1 3] do not fit",
		},
		{
			name: "coordinates for another batch are refused", op: "resample",
			in:      with(in("bilinear", "constant", "unnormalized", false), operands{"coordinates": counting(2, 1, 1, 2)}),
			refused: "coordinates of shape [2 1 1 2] do not fit",
		},
		{name: "another sampling mode is refused", op: "resample", in: in("cubic", "constant", "unnormalized", false, 0), refused: `sampling_mode "cubic" is unknown`, late: true},
		{name: "another padding is refused", op: "resample", in: in("nearest", "wrap", "unnormalized", false, 0), refused: `padding_mode "wrap" is unknown`, late: true},
		{name: "another range of coordinates is refused", op: "resample", in: in("nearest", "constant", "degrees", false, 0), refused: `coordinates_mode "degrees" is unknown`, late: true},
	})
}

func TestAffine(t *testing.T) {
	in := func(matrix *array.Value, h, w int32) operands {
		return operands{
			"x": f32(dims{1, 1, 2, 2}, 1, 2, 3, 4), "transform_matrix": matrix, "sampling_mode": text("bilinear"), "padding_mode": text("constant"),
			"padding_value": num(0), "coordinates_mode": text("normalized_minus_one_to_one"), "align_corners": flag(true),
			"output_height": whole(h), "output_width": whole(w),
		}
	}
	same := f32(dims{1, 6}, 1, 0, 0, 0, 1, 0)
	testExamples(t, []example{
		{name: "the identity", op: "affine", in: in(same, 2, 2), want: f32(dims{1, 1, 2, 2}, 1, 2, 3, 4)},
		{name: "a larger result lies between the pixels", op: "affine", in: in(same, 3, 3), want: f32(dims{1, 1, 3, 3}, 1, 1.5, 2, 2, 2.5, 3, 3, 3.5, 4)},
		{name: "a single pixel is the middle", op: "affine", in: in(same, 1, 1), want: f32(dims{1, 1, 1, 1}, 2.5)},
		{name: "x and y change places", op: "affine", in: in(f32(dims{1, 6}, 0, 1, 0, 1, 0, 0), 2, 2), want: f32(dims{1, 1, 2, 2}, 1, 3, 2, 4)},
		{name: "x is turned round", op: "affine", in: in(f32(dims{1, 6}, -1, 0, 0, 0, 1, 0), 2, 2), want: f32(dims{1, 1, 2, 2}, 2, 1, 4, 3)},
		{name: "a shift by two, which is one pixel, brings padding in", op: "affine", in: in(f32(dims{1, 6}, 1, 0, 2, 0, 1, 0), 2, 2), want: f32(dims{1, 1, 2, 2}, 2, 0, 4, 0)},
		{
			name: "one matrix serves the whole batch", op: "affine",
			in: with(in(same, 1, 2), operands{"x": f32(dims{2, 1, 1, 2}, 1, 2, 3, 4)}), want: f32(dims{2, 1, 1, 2}, 1, 2, 3, 4),
		},
		{
			name: "each element of a batch has a matrix", op: "affine",
			in:   with(in(f32(dims{2, 6}, 1, 0, 0, 0, 1, 0, -1, 0, 0, 0, 1, 0), 1, 2), operands{"x": f32(dims{2, 1, 1, 2}, 1, 2, 3, 4)}),
			want: f32(dims{2, 1, 1, 2}, 1, 2, 4, 3),
		},
		{
			name: "two matrices for one image are refused", op: "affine",
			in: in(counting(2, 6), 1, 1), refused: "x of shape [1 1 2 2] and transform_matrix of shape [2 6] do not fit",
		},
		{
			name: "coordinates that count pixels are not supported", op: "affine",
			in: with(in(same, 1, 1), operands{"coordinates_mode": text("unnormalized")}), refused: "operator is not supported", late: true,
		},
	})
}
