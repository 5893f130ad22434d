package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// slope is an image of [1,1,3,5] whose pixel in row i and column j is 10i+j, so that
// what is sampled between pixels shows the place: 12.5 lies in row 1 at 2.5.
func slope() *array.Value {
	v := counting(1, 1, 3, 5)
	for k := range v.F32 {
		v.F32[k] = float32(10*(k/5) + k%5)
	}
	return v
}

// crop is an example of two columns of one row, cut from rows 1 to 1 and columns 1 to 3.
func crop(name, mode string, columns int32, want ...float32) example {
	return example{
		name: name, op: "crop_resize", want: f32(dims{1, 1, 1, len(want)}, want...),
		in: operands{
			"x": slope(), "boxes": f32(dims{1, 4}, 1, 1, 1, 3), "box_indices": ints(0),
			"target_height": whole(1), "target_width": whole(columns), "sampling_mode": text(mode),
		},
	}
}

// Where the columns of a box lie, by the formulas in coremltools' documentation of
// crop_resize with a = 1 and b = 3. The row of the modes without corners is not the
// box's first: see the last digits but two.
func TestCropResizeSamples(t *testing.T) {
	testExamples(t, []example{
		crop("STRICT_ALIGN_CORNERS has the first and the last pixel", "STRICT_ALIGN_CORNERS", 3, 11, 12, 13),
		crop("a single one is the first pixel", "STRICT_ALIGN_CORNERS", 1, 11),
		crop("ALIGN_CORNERS has them too", "ALIGN_CORNERS", 2, 11, 13),
		crop("but a single one is the middle", "ALIGN_CORNERS", 1, 12),
		crop("DEFAULT has steps of (b-a+1)/n from the first", "DEFAULT", 2, 11, 12.5),
		crop("OFFSET_CORNERS has the middles of steps of (b-a)/n", "OFFSET_CORNERS", 2, 11.5, 12.5),
		crop("UNALIGN_CORNERS has the middles of n parts of the pixels", "UNALIGN_CORNERS", 2, 11.25, 12.75),
	})
}

func TestCropResizeBoxes(t *testing.T) {
	with := func(more operands) operands {
		in := operands{
			"x": slope(), "target_height": whole(2), "target_width": whole(2), "sampling_mode": text("STRICT_ALIGN_CORNERS"),
		}
		for name, v := range more {
			in[name] = v
		}
		return in
	}
	box := func(x ...float32) *array.Value { return f32(dims{1, 4}, x...) }
	want := f32(dims{1, 1, 2, 2}, 1, 3, 21, 23)
	testExamples(t, []example{
		{name: "corners, rows first", op: "crop_resize", in: with(operands{"boxes": box(0, 1, 2, 3)}), want: want},
		{
			name: "corners, columns first", op: "crop_resize",
			in: with(operands{"boxes": box(1, 0, 3, 2), "box_coordinate_mode": text("CORNERS_WIDTH_FIRST")}), want: want,
		},
		{
			name: "centre and size, rows first", op: "crop_resize",
			in: with(operands{"boxes": box(1, 2, 2, 2), "box_coordinate_mode": text("CENTER_SIZE_HEIGHT_FIRST")}), want: want,
		},
		{
			name: "centre and size, columns first", op: "crop_resize",
			in: with(operands{"boxes": box(2, 1, 2, 2), "box_coordinate_mode": text("CENTER_SIZE_WIDTH_FIRST")}), want: want,
		},
		{
			name: "normalised coordinates are parts of the last pixel's place", op: "crop_resize",
			in: with(operands{"boxes": box(0, 0.25, 1, 0.75), "normalized_coordinates": flag(true)}), want: want,
		},
		{
			name: "a spatial scale multiplies coordinates", op: "crop_resize",
			in: with(operands{"boxes": box(0, 2, 4, 6), "spatial_scale": num(0.5)}), want: want,
		},
		{
			name: "places outside the image have the pad value", op: "crop_resize",
			in: with(operands{"boxes": box(0, 3, 2, 5), "pad_value": num(-1)}), want: f32(dims{1, 1, 2, 2}, 3, -1, 23, -1),
		},
		{
			name: "a turned box turns the image", op: "crop_resize",
			in: with(operands{"boxes": box(2, 3, 0, 1)}), want: f32(dims{1, 1, 2, 2}, 23, 21, 3, 1),
		},
		{name: "NaN is outside", op: "crop_resize", in: with(operands{"boxes": box(0, nan, 2, nan)}), want: f32(dims{1, 1, 2, 2}, 0, 0, 0, 0)},
	})
}

// Which image a box is cut from changed with iOS17.
func TestCropResizeImages(t *testing.T) {
	images := f32(dims{2, 2, 1, 1}, 1, 2, 3, 4)
	in := func(name string, boxes *array.Value, more operands) operands {
		all := operands{"x": images, name: boxes}
		for name, v := range more {
			all[name] = v
		}
		return all
	}
	zeros := f32(dims{2, 4}, make([]float32, 8)...)
	testExamples(t, []example{
		{
			name: "box_indices name the images", op: "crop_resize",
			in: in("boxes", zeros, operands{"box_indices": ints(1, 1)}), want: f32(dims{2, 2, 1, 1}, 3, 4, 3, 4),
		},
		{name: "without them each box is of the image of its number", op: "crop_resize", in: in("boxes", zeros, nil), want: images},
		{
			name: "up to iOS16 a box of five numbers begins with its image", op: "crop_resize", opset: 6,
			in: in("roi", f32(dims{1, 1, 5, 1, 1}, 1, 0, 0, 0, 0), nil), want: f32(dims{1, 1, 2, 1, 1}, 3, 4),
		},
		{
			name: "and one of four is cut from every image", op: "crop_resize", opset: 6,
			in: in("roi", f32(dims{1, 1, 4, 1, 1}, 0, 0, 0, 0), nil), want: f32(dims{1, 2, 2, 1, 1}, 1, 2, 3, 4),
		},
		{
			name: "an image that is not there is refused", op: "crop_resize",
			in: in("boxes", zeros, operands{"box_indices": ints(0, 2)}), refused: "box 1 is of image 2 of 2",
		},
		{
			name: "nor is a number an image that is none", op: "crop_resize", opset: 6,
			in: in("roi", f32(dims{1, 1, 5, 1, 1}, nan, 0, 0, 0, 0), nil), refused: "box 0 is of image -1 of 2",
		},
		{name: "every box needs an index", op: "crop_resize", in: in("boxes", zeros, operands{"box_indices": ints(0)}), refused: "1 box_indices for 2 boxes"},
		{name: "boxes of three numbers are refused", op: "crop_resize", in: in("boxes", f32(dims{1, 3}, 0, 0, 0), nil), refused: "boxes of shape [1 3]"},
		{name: "a vector has no boxes", op: "crop_resize", in: operands{"x": counting(3), "boxes": zeros}, refused: "x of shape [3] without boxes"},
	})
}
