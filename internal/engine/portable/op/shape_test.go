package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
)

func TestShape(t *testing.T) {
	testExamples(t, []example{
		{name: "the dimensions", op: "shape", in: operands{"x": counting(2, 3, 4)}, want: ints(2, 3, 4)},
		{name: "of a scalar there are none", op: "shape", in: operands{"x": num(1)}, want: ints()},
		{name: "a dimension of zero", op: "shape", in: operands{"x": f32(dims{2, 0})}, want: ints(2, 0)},
		{name: "a narrow type gives its largest number", op: "shape", in: operands{"x": f32(dims{300, 0})}, want: integers(dtype.UInt8, dims{2}, 255, 0)},
	})
}

func TestReshape(t *testing.T) {
	x := counting(2, 3, 4)
	to := func(n ...int32) operands { return operands{"x": x, "shape": ints(n...)} }
	testExamples(t, []example{
		{name: "the order of elements stays", op: "reshape", in: to(4, 6), want: counting(4, 6)},
		{name: "minus one takes what is left", op: "reshape", in: to(3, -1), want: counting(3, 8)},
		{name: "a vector", op: "reshape", in: to(-1), want: counting(24)},
		{name: "more dimensions", op: "reshape", in: to(1, 2, 3, 2, 2), want: counting(1, 2, 3, 2, 2)},
		{name: "from iOS17 on a zero copies the dimension counted from the right", op: "reshape", in: to(6, 0), want: counting(6, 4)},
		{name: "from iOS17 on a zero without a partner is one", op: "reshape", in: to(0, 0, 0, 0), want: counting(1, 2, 3, 4)},
		{name: "up to iOS16 a zero copies the same dimension", op: "reshape", opset: 6, in: to(0, -1, 2), want: counting(2, 6, 2)},
		{
			name: "up to iOS16 a zero of another rank is a dimension of zero", op: "reshape", opset: 6,
			in: operands{"x": f32(dims{0, 3}), "shape": ints(0)}, want: f32(dims{0}),
		},
		{name: "a scalar is one element", op: "reshape", in: operands{"x": f32(dims{1, 1}, 5), "shape": ints()}, want: num(5)},
		{name: "nothing stays nothing", op: "reshape", in: operands{"x": f32(dims{0, 4}), "shape": ints(2, -1)}, want: f32(dims{2, 0})},
		{name: "integers", op: "reshape", in: operands{"x": ints(1, 2, 3, 4), "shape": ints(2, 2)}, want: i32(dims{2, 2}, 1, 2, 3, 4)},
		{name: "another number of elements is refused", op: "reshape", in: to(5, 5), refused: "x of shape [2 3 4] does not fit shape [5 5]"},
		{name: "a rest that does not divide is refused", op: "reshape", in: to(5, -1), refused: "does not fit shape [5 -1]"},
		{name: "two unknown dimensions are refused", op: "reshape", in: to(-1, -1), refused: "shape [-1 -1] has more than one -1"},
		{name: "a negative dimension is refused", op: "reshape", in: to(-2, 12), refused: "shape [-2 12] has a negative dimension"},
		{name: "a shape beyond all memory is refused", op: "reshape", in: to(1<<20, 1<<20, -1), refused: "is too large"},
		{name: "nine dimensions are refused", op: "reshape", in: to(1, 1, 1, 1, 1, 1, 1, 1, 24), refused: "shape has 9 dimensions, above the limit of 8"},
	})
}

func TestExpandSqueezeFlatten(t *testing.T) {
	x := counting(2, 3)
	testExamples(t, []example{
		{name: "a dimension in front", op: "expand_dims", in: operands{"x": x, "axes": ints(0)}, want: counting(1, 2, 3)},
		{name: "a dimension behind", op: "expand_dims", in: operands{"x": x, "axes": ints(-1)}, want: counting(2, 3, 1)},
		{name: "axes count in the result", op: "expand_dims", in: operands{"x": x, "axes": ints(0, 2, 4)}, want: counting(1, 2, 1, 3, 1)},
		{name: "axes in any order", op: "expand_dims", in: operands{"x": x, "axes": ints(3, 0)}, want: counting(1, 2, 3, 1)},
		{name: "an axis named twice is refused", op: "expand_dims", in: operands{"x": x, "axes": ints(0, -4)}, refused: "axes [0 -4] do not fit rank 4"},
		{name: "an axis outside is refused", op: "expand_dims", in: operands{"x": x, "axes": ints(3)}, refused: "axes [3] do not fit rank 3"},
		{name: "dimensions of one go", op: "squeeze", in: operands{"x": counting(1, 2, 1, 3)}, want: counting(2, 3)},
		{name: "the listed ones alone", op: "squeeze", in: operands{"x": counting(1, 2, 1, 3), "axes": ints(2)}, want: counting(1, 2, 3)},
		{name: "a listed dimension of another size stays", op: "squeeze", in: operands{"x": counting(1, 2, 1, 3), "axes": ints(0, 1)}, want: counting(2, 1, 3)},
		{name: "a scalar is left of ones", op: "squeeze", in: operands{"x": f32(dims{1, 1}, 4)}, want: num(4)},
		{name: "an axis outside cannot go", op: "squeeze", in: operands{"x": x, "axes": ints(2)}, refused: "axis 2 is outside rank 2"},
		{name: "two dimensions are left", op: "flatten2d", in: operands{"x": counting(2, 3, 4)}, want: counting(2, 12)},
		{name: "parted at another axis", op: "flatten2d", in: operands{"x": counting(2, 3, 4), "axis": whole(-1)}, want: counting(6, 4)},
		{name: "parted in front", op: "flatten2d", in: operands{"x": counting(2, 3), "axis": whole(0)}, want: counting(1, 6)},
		{name: "parted behind", op: "flatten2d", in: operands{"x": counting(2, 3), "axis": whole(2)}, want: counting(6, 1)},
		{name: "parted outside is refused", op: "flatten2d", in: operands{"x": counting(2, 3), "axis": whole(3)}, refused: "axis 3 is outside rank 2"},
	})
}

func TestTranspose(t *testing.T) {
	testExamples(t, []example{
		{name: "rows and columns", op: "transpose", in: operands{"x": f32(dims{2, 3}, 1, 2, 3, 4, 5, 6), "perm": ints(1, 0)}, want: f32(dims{3, 2}, 1, 4, 2, 5, 3, 6)},
		{
			name: "three dimensions in a circle", op: "transpose",
			in: operands{"x": counting(2, 1, 3), "perm": ints(2, 0, 1)}, want: f32(dims{3, 2, 1}, 0, 3, 1, 4, 2, 5),
		},
		{name: "axes count from the end", op: "transpose", in: operands{"x": f32(dims{1, 2}, 1, 2), "perm": ints(-1, -2)}, want: f32(dims{2, 1}, 1, 2)},
		{name: "binary16 is shown where it lies", op: "transpose", in: operands{"x": f16(dims{2, 2}, 1, 2, 3, 4), "perm": ints(1, 0)}, want: f16(dims{2, 2}, 1, 3, 2, 4)},
		{name: "nothing", op: "transpose", in: operands{"x": f32(dims{0, 2}), "perm": ints(1, 0)}, want: f32(dims{2, 0})},
		{name: "an axis named twice is refused", op: "transpose", in: operands{"x": counting(2, 3), "perm": ints(1, -1)}, refused: "perm [1 -1] names an axis twice"},
		{name: "too few axes are refused", op: "transpose", in: operands{"x": counting(2, 3), "perm": ints(0)}, refused: "perm [0] does not fit rank 2"},
		{name: "an axis outside is refused", op: "transpose", in: operands{"x": counting(2, 3), "perm": ints(0, 2)}, refused: "axis 2 is outside rank 2"},
	})
}

// Where strides can express the new shape nothing is copied.
func TestViewsShareTheMemoryOfTheirOperand(t *testing.T) {
	x := counting(2, 3, 4)
	for _, v := range []example{
		{name: "reshape", op: "reshape", in: operands{"x": x, "shape": ints(6, 4)}},
		{name: "expand_dims", op: "expand_dims", in: operands{"x": x, "axes": ints(0)}},
		{name: "squeeze", op: "squeeze", in: operands{"x": x}},
		{name: "transpose", op: "transpose", in: operands{"x": x, "perm": ints(2, 0, 1)}},
		{name: "flatten2d", op: "flatten2d", in: operands{"x": x}},
		{name: "identity", op: "identity", in: operands{"x": x}},
		{name: "slice_by_size", op: "slice_by_size", in: operands{"x": x, "begin": ints(0, 0, 0), "size": ints(1, 2, 3)}},
		{name: "sliding_windows", op: "sliding_windows", in: operands{"x": x, "axis": whole(2), "size": whole(2)}},
		{name: "slice_by_index", op: "slice_by_index", in: operands{"x": x, "begin": ints(0, 0, 0), "end": ints(2, 3, 4), "stride": ints(1, 2, 3)}},
	} {
		t.Run(v.name, func(t *testing.T) {
			c := bind(t, &v, forms[0])
			if err := once(c); err != nil {
				t.Fatal(err)
			}
			if y := c.Env.Values[c.Step.Out[0]]; &y.F32[0] != &x.F32[0] || y.Own {
				t.Error("the result is a copy")
			}
		})
	}
}
