package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// Borders are those of numpy.pad; replicate is its mode edge.
func TestPad(t *testing.T) {
	row := f32(dims{3}, 1, 2, 3)
	in := func(mode string, pads ...int32) operands {
		return operands{"x": row, "pad": ints(pads...), "mode": text(mode)}
	}
	matrix := func(pads *array.Value, mode string) operands {
		return operands{"x": f32(dims{2, 2}, 1, 2, 3, 4), "pad": pads, "mode": text(mode)}
	}
	testExamples(t, []example{
		{name: "zeros by default", op: "pad", in: operands{"x": row, "pad": ints(1, 2)}, want: f32(dims{6}, 0, 1, 2, 3, 0, 0)},
		{name: "another constant", op: "pad", in: with(in("constant", 1, 0), operands{"constant_val": num(-inf)}), want: f32(dims{4}, -inf, 1, 2, 3)},
		{name: "reflect does not repeat the border", op: "pad", in: in("reflect", 2, 1), want: f32(dims{6}, 3, 2, 1, 2, 3, 2)},
		{name: "replicate repeats the border", op: "pad", in: in("replicate", 2, 1), want: f32(dims{6}, 1, 1, 1, 2, 3, 3)},
		{name: "replicate of more than there are", op: "pad", in: in("replicate", 0, 4), want: f32(dims{7}, 1, 2, 3, 3, 3, 3, 3)},
		{name: "no border", op: "pad", in: in("constant", 0, 0), want: row},
		{
			name: "the last dimensions alone, in their order", op: "pad",
			in: matrix(ints(1, 0), "constant"), want: f32(dims{2, 3}, 0, 1, 2, 0, 3, 4),
		},
		{
			name: "both dimensions", op: "pad",
			in: matrix(ints(1, 0, 0, 1), "constant"), want: f32(dims{3, 3}, 0, 0, 0, 1, 2, 0, 3, 4, 0),
		},
		{
			name: "reflect both dimensions", op: "pad",
			in: matrix(ints(1, 0, 0, 1), "reflect"), want: f32(dims{3, 3}, 3, 4, 3, 1, 2, 1, 3, 4, 3),
		},
		{
			name: "integers wrap their constant", op: "pad",
			in: operands{"x": integers(dtype.UInt8, dims{1}, 7), "pad": ints(0, 1), "constant_val": whole(257)}, want: integers(dtype.UInt8, dims{2}, 7, 1),
		},
		{name: "integers reflect", op: "pad", in: operands{"x": ints(1, 2), "pad": ints(1, 1), "mode": text("reflect")}, want: ints(2, 1, 2, 1)},
		{name: "a border around nothing", op: "pad", in: operands{"x": f32(dims{0}), "pad": ints(1, 1)}, want: f32(dims{2}, 0, 0)},
		{name: "a scalar has no borders", op: "pad", in: operands{"x": num(5), "pad": ints()}, want: num(5)},
		{name: "reflect of more than there are is refused", op: "pad", in: in("reflect", 3, 0), refused: "3 elements of reflect do not fit dimension 0 of 3"},
		{
			name: "replicate of nothing is refused", op: "pad",
			in: operands{"x": f32(dims{0}), "pad": ints(1, 0), "mode": text("replicate")}, refused: "1 elements of replicate do not fit dimension 0 of 0",
		},
		{name: "an odd number of pads is refused", op: "pad", in: in("constant", 1), refused: "pad holds 1 numbers for x of rank 1"},
		{name: "pads for more dimensions are refused", op: "pad", in: in("constant", 1, 1, 1, 1), refused: "pad holds 4 numbers for x of rank 1"},
		{name: "a negative pad is refused", op: "pad", in: in("constant", -1, 0), refused: "pad is -1 and 0 for dimension 0"},
		{name: "another mode is refused", op: "pad", in: in("wrap", 1, 1), refused: `mode "wrap" is unknown`, late: true},
	})
}
