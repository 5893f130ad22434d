package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
)

// The modes and what becomes of indices outside are those of coremltools'
// documentation; scatter_along_axis is numpy.put_along_axis, scatter_nd tf's.
func TestScatter(t *testing.T) {
	data := f32(dims{3, 2}, 1, 2, 3, 4, 5, 6)
	rows := f32(dims{2, 2}, 10, 20, 30, 40)
	in := func(mode string) operands {
		return operands{"data": data, "indices": ints(2, 0), "updates": rows, "axis": whole(0), "mode": text(mode)}
	}
	testExamples(t, []example{
		{name: "update replaces rows", op: "scatter", in: in("update"), want: f32(dims{3, 2}, 30, 40, 3, 4, 10, 20)},
		{name: "add", op: "scatter", in: in("add"), want: f32(dims{3, 2}, 31, 42, 3, 4, 15, 26)},
		{name: "sub", op: "scatter", in: in("sub"), want: f32(dims{3, 2}, -29, -38, 3, 4, -5, -14)},
		{name: "mul", op: "scatter", in: in("mul"), want: f32(dims{3, 2}, 30, 80, 3, 4, 50, 120)},
		{name: "div", op: "scatter", in: in("div"), want: f32(dims{3, 2}, 1./30, 2./40, 3, 4, 5./10, 6./20)},
		{name: "max", op: "scatter", in: with(in("max"), operands{"updates": f32(dims{2, 2}, 0, 9, 9, 0)}), want: f32(dims{3, 2}, 9, 2, 3, 4, 5, 9)},
		{name: "min", op: "scatter", in: with(in("min"), operands{"updates": f32(dims{2, 2}, 0, 9, 9, 0)}), want: f32(dims{3, 2}, 1, 0, 3, 4, 0, 6)},
		{
			name: "add is the default, along the first axis", op: "scatter",
			in: operands{"data": data, "indices": ints(2, 0), "updates": rows}, want: f32(dims{3, 2}, 31, 42, 3, 4, 15, 26),
		},
		{
			name: "an index that comes twice adds twice", op: "scatter",
			in: with(in("add"), operands{"indices": ints(1, 1)}), want: f32(dims{3, 2}, 1, 2, 43, 64, 5, 6),
		},
		{
			name: "of two updates of one place the later one wins", op: "scatter",
			in: with(in("update"), operands{"indices": ints(1, 1)}), want: f32(dims{3, 2}, 1, 2, 30, 40, 5, 6),
		},
		{
			name: "along the last axis", op: "scatter",
			in:   operands{"data": data, "indices": ints(1), "updates": f32(dims{3, 1}, 7, 8, 9), "axis": whole(-1), "mode": text("update")},
			want: f32(dims{3, 2}, 1, 7, 3, 8, 5, 9),
		},
		{
			name: "a single index without a dimension", op: "scatter",
			in:   operands{"data": data, "indices": whole(1), "updates": f32(dims{2}, 7, 8), "mode": text("update")},
			want: f32(dims{3, 2}, 1, 2, 7, 8, 5, 6),
		},
		{
			name: "no updates leave a copy", op: "scatter",
			in: operands{"data": data, "indices": ints(), "updates": f32(dims{0, 2})}, want: data,
		},
		{
			name: "from iOS17 on an index outside changes nothing, and a negative one is outside", op: "scatter",
			in: with(in("update"), operands{"indices": ints(3, -1)}), want: data,
		},
		{
			name: "up to iOS16 a negative index counts from the end", op: "scatter", opset: 6,
			in: with(in("update"), operands{"indices": ints(-1, -3)}), want: f32(dims{3, 2}, 30, 40, 3, 4, 10, 20),
		},
		{
			name: "up to iOS16 an index outside is refused", op: "scatter", opset: 6,
			in: with(in("update"), operands{"indices": ints(3, 0)}), refused: "index 3 is outside a dimension of 3",
		},
		{
			name: "an index outside is refused where validation is asked for", op: "scatter",
			in: with(in("update"), operands{"indices": ints(3, 0), "validate_indices": flag(true)}), refused: "index 3 is outside a dimension of 3",
		},
		{
			name: "integers of a narrow type wrap", op: "scatter",
			in: operands{
				"data": integers(dtype.Int8, dims{2}, 100, 1), "indices": ints(0), "updates": integers(dtype.Int8, dims{1}, 100), "mode": text("add"),
			},
			want: integers(dtype.Int8, dims{2}, -56, 1),
		},
		{
			name: "integers divided by zero are refused", op: "scatter",
			in:   operands{"data": ints(1, 2), "indices": ints(0), "updates": ints(0), "mode": text("div")},
			want: ints(1, 2), refused: "zero",
		},
		{
			name: "numbers divided by zero are infinite", op: "scatter",
			in: operands{"data": f32(dims{2}, 1, 2), "indices": ints(0), "updates": f32(dims{1}, 0), "mode": text("div")}, want: f32(dims{2}, inf, 2),
		},
		{
			name: "updates of another shape are refused", op: "scatter",
			in:      with(in("add"), operands{"updates": counting(2, 3)}),
			refused: "updates of shape [2 3] and indices of shape [2] do not fit data of shape [3 2] along axis 0",
		},
		{name: "another mode is refused", op: "scatter", in: in("xor"), refused: `mode "xor" is unknown`},
		{name: "an axis outside is refused", op: "scatter", in: with(in("add"), operands{"axis": whole(2)}), refused: "axis 2 is outside rank 2"},
	})
}

func TestScatterAlongAxis(t *testing.T) {
	data := f32(dims{2, 3}, 1, 2, 3, 4, 5, 6)
	testExamples(t, []example{
		{
			name: "every update goes to its own lane", op: "scatter_along_axis",
			in: operands{
				"data": data, "indices": i32(dims{2, 2}, 2, 0, 1, 1), "updates": f32(dims{2, 2}, 10, 20, 30, 40), "axis": whole(1), "mode": text("update"),
			},
			want: f32(dims{2, 3}, 20, 2, 10, 4, 40, 6),
		},
		{
			name: "down the columns", op: "scatter_along_axis",
			in: operands{
				"data": data, "indices": i32(dims{1, 3}, 1, 0, 1), "updates": f32(dims{1, 3}, 10, 20, 30), "axis": whole(0), "mode": text("add"),
			},
			want: f32(dims{2, 3}, 1, 22, 3, 14, 5, 36),
		},
		{
			name: "an index outside changes nothing", op: "scatter_along_axis",
			in: operands{
				"data": data, "indices": i32(dims{2, 1}, 3, 1), "updates": f32(dims{2, 1}, 9, 9), "axis": whole(1), "mode": text("update"),
			},
			want: f32(dims{2, 3}, 1, 2, 3, 4, 9, 6),
		},
		{
			name: "an index outside is refused where validation is asked for", op: "scatter_along_axis",
			in: operands{
				"data": data, "indices": i32(dims{2, 1}, 3, 1), "updates": f32(dims{2, 1}, 9, 9), "axis": whole(1), "validate_indices": flag(true),
			},
			refused: "index 3 is outside a dimension of 3",
		},
		{
			name: "updates that do not pair with indices are refused", op: "scatter_along_axis",
			in:      operands{"data": data, "indices": i32(dims{2, 1}, 0, 1), "updates": counting(2, 2), "axis": whole(1)},
			refused: "updates of shape [2 2] do not pair with indices of shape [2 1]",
		},
	})
}

func TestScatterND(t *testing.T) {
	data := f32(dims{2, 3}, 1, 2, 3, 4, 5, 6)
	testExamples(t, []example{
		{
			name: "coordinates of single elements", op: "scatter_nd",
			in:   operands{"data": data, "indices": i32(dims{2, 2}, 0, 2, 1, 0), "updates": f32(dims{2}, 10, 20), "mode": text("update")},
			want: f32(dims{2, 3}, 1, 2, 10, 20, 5, 6),
		},
		{
			name: "fewer coordinates name slices", op: "scatter_nd",
			in:   operands{"data": data, "indices": i32(dims{1, 1}, 1), "updates": f32(dims{1, 3}, 10, 20, 30), "mode": text("add")},
			want: f32(dims{2, 3}, 1, 2, 3, 14, 25, 36),
		},
		{
			name: "no coordinates name all of it", op: "scatter_nd",
			in:   operands{"data": data, "indices": i32(dims{1, 0}), "updates": f32(dims{1, 2, 3}, 6, 5, 4, 3, 2, 1), "mode": text("max")},
			want: f32(dims{2, 3}, 6, 5, 4, 4, 5, 6),
		},
		{
			name: "coordinates outside change nothing", op: "scatter_nd",
			in: operands{"data": data, "indices": i32(dims{2, 2}, 0, 3, -1, 0), "updates": f32(dims{2}, 10, 20), "mode": text("update")}, want: data,
		},
		{
			name: "up to iOS16 they count from the end", op: "scatter_nd", opset: 5,
			in:   operands{"data": data, "indices": i32(dims{1, 2}, -1, -1), "updates": f32(dims{1}, 10), "mode": text("update")},
			want: f32(dims{2, 3}, 1, 2, 3, 4, 5, 10),
		},
		{
			name: "coordinates outside are refused where validation is asked for", op: "scatter_nd",
			in: operands{
				"data": data, "indices": i32(dims{1, 2}, 0, 3), "updates": f32(dims{1}, 10), "mode": text("update"), "validate_indices": flag(true),
			},
			refused: "index 3 is outside a dimension of 3",
		},
		{
			name: "more coordinates than dimensions are refused", op: "scatter_nd",
			in:      operands{"data": data, "indices": i32(dims{1, 3}, 0, 0, 0), "updates": f32(dims{1}, 10)},
			refused: "indices of shape [1 3] are too deep for x of rank 2",
		},
		{
			name: "updates of another size are refused", op: "scatter_nd",
			in:      operands{"data": data, "indices": i32(dims{1, 1}, 0), "updates": f32(dims{2}, 1, 2)},
			refused: "updates of shape [2] and indices of shape [1 1] do not fit data of shape [2 3]",
		},
	})
}
