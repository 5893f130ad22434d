package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// Boxes are given by centre, width and height. Of the unit squares below, those whose
// centres are half a side apart overlap by a third of their union.
func TestNonMaximumSuppression(t *testing.T) {
	// Four squares in a row at 0, 0.5, 1 and 5.
	boxes := f32(dims{1, 4, 4}, 0, 0, 1, 1, 0.5, 0, 1, 1, 1, 0, 1, 1, 5, 0, 1, 1)
	in := func(most int32, iou float32, scores ...float32) operands {
		return operands{
			"boxes": boxes, "scores": f32(dims{1, 4, len(scores) / 4}, scores...), "iou_threshold": num(iou), "max_boxes": whole(most),
			"score_threshold": num(0),
		}
	}
	square := func(places ...float32) *array.Value {
		v := f32(dims{1, len(places), 4})
		for _, x := range places {
			v.F32 = append(v.F32, x, 0, 1, 1)
		}
		return v
	}
	// chosen are the results after the boxes, for one class.
	chosen := func(count int32, scores []float32, indices ...int32) results {
		return results{f32(dims{1, len(indices), 1}, scores...), i32(dims{1, len(indices)}, indices...), ints(count)}
	}
	testExamples(t, []example{
		{
			name: "a worse box that overlaps a better one goes", op: "non_maximum_suppression", opset: 6,
			in: in(3, 0.3, 0.9, 0.8, 0.7, 0.6), want: square(0, 1, 5), more: chosen(3, []float32{0.9, 0.7, 0.6}, 0, 2, 3),
		},
		{
			name: "an overlap below the threshold may stay", op: "non_maximum_suppression", opset: 6,
			in: in(4, 0.34, 0.9, 0.8, 0.7, 0.6), want: square(0, 0.5, 1, 5), more: chosen(4, []float32{0.9, 0.8, 0.7, 0.6}, 0, 1, 2, 3),
		},
		{
			name: "the best come first, wherever they stand", op: "non_maximum_suppression", opset: 6,
			in: in(2, 0.3, 0.1, 0.8, 0.7, 0.9), want: square(5, 0.5), more: chosen(2, []float32{0.9, 0.8}, 3, 1),
		},
		{
			name: "a box that was suppressed suppresses no other", op: "non_maximum_suppression", opset: 6,
			in: in(3, 0, 0.9, 0.8, 0.7, 0.6), want: square(0, 1, 5), more: chosen(3, []float32{0.9, 0.7, 0.6}, 0, 2, 3),
		},
		{
			name: "of equal scores the first", op: "non_maximum_suppression", opset: 6,
			in: in(1, 0.3, 0.5, 0.5, 0.5, 0.5), want: square(0), more: chosen(1, []float32{0.5}, 0),
		},
		{
			name: "places that are left are zero, with the index -1", op: "non_maximum_suppression", opset: 6,
			in:   in(4, 0, 0.9, 0.8, 0.7, 0.6),
			want: f32(dims{1, 4, 4}, 0, 0, 1, 1, 1, 0, 1, 1, 5, 0, 1, 1, 0, 0, 0, 0), more: chosen(3, []float32{0.9, 0.7, 0.6, 0}, 0, 2, 3, -1),
		},
		{
			name: "scores below the threshold are left out", op: "non_maximum_suppression", opset: 6,
			in:   with(in(2, 1, 0.9, 0.8, 0.1, 0.05), operands{"score_threshold": num(0.85)}),
			want: f32(dims{1, 2, 4}, 0, 0, 1, 1, 0, 0, 0, 0), more: chosen(1, []float32{0.9, 0}, 0, -1),
		},
		{
			name: "where all are below it the best is chosen all the same", op: "non_maximum_suppression", opset: 6,
			in: with(in(1, 1, 0.2, 0.4, 0.1, 0.3), operands{"score_threshold": num(0.5)}), want: square(0.5), more: chosen(1, []float32{0.4}, 1),
		},
		{
			name: "a box counts by its best class", op: "non_maximum_suppression", opset: 6,
			in:   in(2, 0.3, 0.1, 0.7, 0.9, 0.2, 0.3, 0.4, 0, 0.8),
			want: square(0.5, 5), more: results{f32(dims{1, 2, 2}, 0.9, 0.2, 0, 0.8), i32(dims{1, 2}, 1, 3), ints(2)},
		},
		{
			name: "per class only boxes of one class stand in each other's way", op: "non_maximum_suppression", opset: 6,
			in:   with(in(3, 0.3, 0.1, 0.7, 0.9, 0.2, 0.3, 0.4, 0, 0.8), operands{"per_class_suppression": flag(true)}),
			want: square(0.5, 5, 0), more: results{
				f32(dims{1, 3, 2}, 0.9, 0.2, 0, 0.8, 0.1, 0.7), i32(dims{1, 3}, 1, 3, 0), ints(3),
			},
		},
		{
			name: "elements of a batch are chosen alone", op: "non_maximum_suppression", opset: 5,
			in: operands{
				"boxes": f32(dims{2, 2, 4}, 0, 0, 1, 1, 5, 0, 1, 1, 0, 0, 1, 1, 5, 0, 1, 1), "scores": f32(dims{2, 2, 1}, 0.1, 0.2, 0.4, 0.3),
				"iou_threshold": num(0.5), "max_boxes": whole(1), "score_threshold": num(0),
			},
			want: f32(dims{2, 1, 4}, 5, 0, 1, 1, 0, 0, 1, 1), more: results{f32(dims{2, 1, 1}, 0.2, 0.4), i32(dims{2, 1}, 1, 0), ints(1, 1)},
		},
		{
			name: "from iOS17 on boxes run along the last dimension", op: "non_maximum_suppression", opset: 7,
			in: operands{
				"boxes": f32(dims{1, 4, 3}, 0, 0.5, 5, 0, 0, 0, 1, 1, 1, 1, 1, 1), "scores": f32(dims{1, 2, 3}, 0.9, 0.8, 0.1, 0, 0, 0.7),
				"iou_threshold": num(0.3), "max_boxes": whole(2),
			},
			want: f32(dims{1, 4, 2}, 0, 5, 0, 0, 1, 1, 1, 1), more: results{f32(dims{1, 2, 2}, 0.9, 0.1, 0, 0.7), i32(dims{1, 2}, 0, 2)},
		},
		{
			name: "none are wanted", op: "non_maximum_suppression", opset: 6,
			in: in(0, 0.3, 1, 1, 1, 1), want: f32(dims{1, 0, 4}), more: chosen(0, nil),
		},
		{
			name: "there are none", op: "non_maximum_suppression", opset: 6,
			in: operands{
				"boxes": f32(dims{1, 0, 4}), "scores": f32(dims{1, 0, 1}), "iou_threshold": num(0), "max_boxes": whole(1), "score_threshold": num(0),
			},
			want: f32(dims{1, 1, 4}, 0, 0, 0, 0), more: chosen(0, []float32{0}, -1),
		},
		{
			name: "scores for other boxes are refused", op: "non_maximum_suppression", opset: 6,
			in: with(in(1, 0, 1, 1, 1, 1), operands{"scores": counting(1, 3, 1)}), more: results{nil, nil, nil},
			refused: "boxes of shape [1 4 4] and scores of shape [1 3 1] do not fit",
		},
		{
			name: "boxes without a batch are refused", op: "non_maximum_suppression", opset: 6,
			in: with(in(1, 0, 1, 1, 1, 1), operands{"boxes": counting(4, 4)}), more: results{nil, nil, nil}, refused: "boxes of shape [4 4] and scores",
		},
		{
			name: "less than none are refused", op: "non_maximum_suppression", opset: 6,
			in: in(-1, 0, 1, 1, 1, 1), more: results{nil, nil, nil}, refused: "shape [1 -1 4] is negative or too large",
		},
	})
}
