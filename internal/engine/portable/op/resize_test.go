package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// Places are those of coremltools' documentation of resize_bilinear for the two
// elements 0 and 1; larger images are recorded from PyTorch.
func TestResizeBilinear(t *testing.T) {
	in := func(to int32, mode string) operands {
		o := operands{"x": f32(dims{1, 1, 2}, 0, 1), "target_size_height": whole(1), "target_size_width": whole(to)}
		if mode != "" {
			o["sampling_mode"] = text(mode)
		}
		return o
	}
	testExamples(t, []example{
		{name: "strictly aligned corners keep the corners", op: "resize_bilinear", in: in(5, "STRICT_ALIGN_CORNERS"), want: f32(dims{1, 1, 5}, 0, 0.25, 0.5, 0.75, 1)},
		{name: "aligned corners keep the corners", op: "resize_bilinear", in: in(5, "ALIGN_CORNERS"), want: f32(dims{1, 1, 5}, 0, 0.25, 0.5, 0.75, 1)},
		{name: "default spaces by the quotient of the sizes", op: "resize_bilinear", in: in(5, "DEFAULT"), want: f32(dims{1, 1, 5}, 0, 0.4, 0.8, 1, 1)},
		{name: "default is the default", op: "resize_bilinear", in: in(5, ""), want: f32(dims{1, 1, 5}, 0, 0.4, 0.8, 1, 1)},
		{name: "offset corners lie inside", op: "resize_bilinear", in: in(5, "OFFSET_CORNERS"), want: f32(dims{1, 1, 5}, 0.1, 0.3, 0.5, 0.7, 0.9)},
		{name: "unaligned corners count half pixels", op: "resize_bilinear", in: in(5, "UNALIGN_CORNERS"), want: f32(dims{1, 1, 5}, 0, 0.1, 0.5, 0.9, 1)},
		{name: "strictly aligned corners of six", op: "resize_bilinear", in: in(6, "STRICT_ALIGN_CORNERS"), want: f32(dims{1, 1, 6}, 0, 0.2, 0.4, 0.6, 0.8, 1)},
		{name: "default of six", op: "resize_bilinear", in: in(6, "DEFAULT"), want: f32(dims{1, 1, 6}, 0, 1./3, 2./3, 1, 1, 1)},
		{
			name: "offset corners of six", op: "resize_bilinear", in: in(6, "OFFSET_CORNERS"),
			want: f32(dims{1, 1, 6}, 1./12, 3./12, 5./12, 7./12, 9./12, 11./12),
		},
		{name: "unaligned corners of six", op: "resize_bilinear", in: in(6, "UNALIGN_CORNERS"), want: f32(dims{1, 1, 6}, 0, 0, 1./3, 2./3, 1, 1)},
		{name: "one strictly aligned element is the first", op: "resize_bilinear", in: in(1, "STRICT_ALIGN_CORNERS"), want: f32(dims{1, 1, 1}, 0)},
		{name: "one aligned element is the middle", op: "resize_bilinear", in: in(1, "ALIGN_CORNERS"), want: f32(dims{1, 1, 1}, 0.5)},
		{name: "nothing is wanted", op: "resize_bilinear", in: in(0, ""), want: f32(dims{1, 1, 0})},
		{
			name: "both dimensions", op: "resize_bilinear",
			in: operands{
				"x": f32(dims{1, 2, 2}, 0, 2, 4, 6), "target_size_height": whole(3), "target_size_width": whole(3), "sampling_mode": text("ALIGN_CORNERS"),
			},
			want: f32(dims{1, 3, 3}, 0, 1, 2, 2, 3, 4, 4, 5, 6),
		},
		{
			name: "an element that a place lies on is not mixed with its neighbours", op: "resize_bilinear",
			in: operands{
				"x": f32(dims{1, 1, 3}, 1, nan, 3), "target_size_height": whole(1), "target_size_width": whole(3), "sampling_mode": text("ALIGN_CORNERS"),
			},
			want: f32(dims{1, 1, 3}, 1, nan, 3),
		},
		{name: "a target of one by default", op: "resize_bilinear", in: operands{"x": f32(dims{1, 2, 2}, 5, 6, 7, 8)}, want: f32(dims{1, 1, 1}, 5)},
		{name: "a matrix is refused", op: "resize_bilinear", in: operands{"x": counting(2, 2)}, refused: "x of rank 2 is not a floating-point image"},
		{name: "a negative size is refused", op: "resize_bilinear", in: in(-1, ""), refused: "size 1 by -1"},
		{
			name: "an image without elements is refused", op: "resize_bilinear",
			in: operands{"x": f32(dims{1, 0, 2})}, refused: "x of shape [1 0 2] has no elements to sample",
		},
		{name: "another mode is refused", op: "resize_bilinear", in: in(5, "CENTRED"), refused: `sampling_mode "CENTRED" is unknown`, late: true},
	})
}

func TestUpsample(t *testing.T) {
	row := f32(dims{1, 1, 2}, 0, 1)
	testExamples(t, []example{
		{
			name: "upsample_bilinear aligns corners by default", op: "upsample_bilinear",
			in: operands{"x": row, "scale_factor_width": num(2.5)}, want: f32(dims{1, 1, 5}, 0, 0.25, 0.5, 0.75, 1),
		},
		{
			name: "upsample_bilinear counts half pixels where corners are not aligned", op: "upsample_bilinear",
			in: operands{"x": row, "scale_factor_width": num(2.5), "align_corners": flag(false)}, want: f32(dims{1, 1, 5}, 0, 0.1, 0.5, 0.9, 1),
		},
		{
			name: "upsample_bilinear can do without either", op: "upsample_bilinear",
			in:   operands{"x": row, "scale_factor_width": num(2.5), "align_corners": flag(false), "half_pixel_centers": flag(false)},
			want: f32(dims{1, 1, 5}, 0, 0.4, 0.8, 1, 1),
		},
		{
			name: "integer factors", op: "upsample_bilinear",
			in: operands{"x": row, "scale_factor_height": whole(2), "scale_factor_width": whole(1)}, want: f32(dims{1, 2, 2}, 0, 1, 0, 1),
		},
		{
			name: "upsample_nearest_neighbor repeats elements", op: "upsample_nearest_neighbor",
			in:   operands{"x": f32(dims{1, 2, 2}, 1, 2, 3, 4), "scale_factor_height": whole(2), "scale_factor_width": whole(3)},
			want: f32(dims{1, 4, 6}, 1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 3, 3, 3, 4, 4, 4),
		},
		{
			name: "a size is rounded down, and then counts instead of the factor", op: "upsample_nearest_neighbor",
			in: operands{"x": f32(dims{1, 1, 3}, 1, 2, 3), "scale_factor_width": num(0.67)}, want: f32(dims{1, 1, 2}, 1, 2),
		},
		{name: "no factors change nothing", op: "upsample_nearest_neighbor", in: operands{"x": row}, want: row},
		{
			name: "a factor of zero is refused", op: "upsample_nearest_neighbor",
			in: operands{"x": row, "scale_factor_width": num(0)}, refused: "factors 1 and 0 for x of rank 3",
		},
		{
			name: "a factor that is no number is refused", op: "upsample_bilinear",
			in: operands{"x": row, "scale_factor_height": num(nan)}, refused: "factors NaN and 1",
		},
		{
			name: "a size that no memory holds is refused", op: "upsample_bilinear",
			in: operands{"x": row, "scale_factor_width": num(1e30)}, refused: "size 1 by 2",
		},
		{
			name: "resize_nearest_neighbor takes the element at i·n/out", op: "resize_nearest_neighbor",
			in:   operands{"x": f32(dims{1, 1, 3}, 1, 2, 3), "target_size_height": whole(2), "target_size_width": whole(5)},
			want: f32(dims{1, 2, 5}, 1, 1, 2, 2, 3, 1, 1, 2, 2, 3),
		},
	})
}

func TestResize(t *testing.T) {
	in := func(mode string, shape *array.Value, n int32) operands {
		return operands{"x": f32(dims{1, 1, 3}, 1.5, -2.5, 3.5), "shape": shape, "resized_dims": whole(n), "interpolation_mode": text(mode)}
	}
	testExamples(t, []example{
		{name: "the last dimensions of shape count", op: "resize", in: in("LINEAR", ints(9, 9, 1, 2), 2), want: f32(dims{1, 1, 2}, 1.5, 0.5)},
		{name: "one dimension", op: "resize", in: in("LINEAR", ints(2), 1), want: f32(dims{1, 1, 2}, 1.5, 0.5)},
		{name: "zero keeps a dimension", op: "resize", in: in("LINEAR", ints(2, 0), 2), want: f32(dims{1, 2, 3}, 1.5, -2.5, 3.5, 1.5, -2.5, 3.5)},
		{name: "none changes nothing", op: "resize", in: in("LINEAR", ints(1, 2), 0), want: f32(dims{1, 1, 3}, 1.5, -2.5, 3.5)},
		{
			// Places are 0 and 1.5; of two equally close elements it takes the first.
			name: "the nearest element, of two equally close ones the first", op: "resize",
			in: in("NEAREST_NEIGHBOR", ints(1, 2), 2), want: f32(dims{1, 1, 2}, 1.5, -2.5),
		},
		{
			// Places are 0, 0.5, 1, 1.5, 2 and 2 (limited).
			name: "a whole factor repeats every element alike", op: "resize",
			in: in("NEAREST_NEIGHBOR", ints(1, 6), 2), want: f32(dims{1, 1, 6}, 1.5, 1.5, -2.5, -2.5, 3.5, 3.5),
		},
		{
			// Places are 0, 0.75, 1.5 and 2.25.
			name: "the nearest of places between", op: "resize",
			in: in("NEAREST_NEIGHBOR", ints(1, 4), 2), want: f32(dims{1, 1, 4}, 1.5, -2.5, -2.5, 3.5),
		},
		{
			// Places are 0, 0.5, 1, 1.5 and 2: halves go up.
			name: "of two equally close ones the second where corners are aligned", op: "resize",
			in: with(in("NEAREST_NEIGHBOR", ints(1, 5), 2), operands{"sampling_mode": text("ALIGN_CORNERS")}), want: f32(dims{1, 1, 5}, 1.5, -2.5, -2.5, 3.5, 3.5),
		},
		{
			name: "more than two dimensions are refused", op: "resize",
			in: in("LINEAR", ints(1, 1, 2), 3), refused: "3 dimensions of a shape of 3 for x of rank 3, where at most the last two can change",
		},
		{name: "more dimensions than shape has are refused", op: "resize", in: in("LINEAR", ints(2), 2), refused: "2 dimensions of a shape of 1"},
		{name: "another interpolation is refused", op: "resize", in: in("CUBIC", ints(2), 1), refused: `interpolation_mode "CUBIC" is unknown`, late: true},
	})
}
