package op_test

import (
	"math"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/workpool"
)

// pair is an example of an operator of two operands.
func pair(name, operator string, x, y, want *array.Value) example {
	return example{name: name, op: operator, in: operands{"x": x, "y": y}, want: want}
}

// Shapes go together as in NumPy: lined up at the end, where a dimension of one
// element, or none, stands for any number.
func TestBroadcasting(t *testing.T) {
	matrix, row, column := counting(2, 3), f32(dims{3}, 10, 20, 30), f32(dims{2, 1}, 100, 200)
	refused := pair("other sizes are refused", "add", matrix, f32(dims{2}, 1, 2), nil)
	refused.refused = "shape [2] of y does not broadcast"
	testExamples(t, []example{
		pair("a row meets every row", "add", matrix, row, f32(dims{2, 3}, 10, 21, 32, 13, 24, 35)),
		pair("a column meets every column", "add", matrix, column, f32(dims{2, 3}, 100, 101, 102, 203, 204, 205)),
		pair("a row and a column make a matrix", "add", row, column, f32(dims{2, 3}, 110, 120, 130, 210, 220, 230)),
		pair("a number on the right", "sub", matrix, num(1), f32(dims{2, 3}, -1, 0, 1, 2, 3, 4)),
		pair("a number on the left", "sub", num(1), matrix, f32(dims{2, 3}, 1, 0, -1, -2, -3, -4)),
		pair("ones in the middle", "mul", counting(2, 1, 2), f32(dims{3, 1}, 1, 10, 100), f32(dims{2, 3, 2}, 0, 1, 0, 10, 0, 100, 2, 3, 20, 30, 200, 300)),
		pair("none meets one", "add", f32(dims{0}), num(1), f32(dims{0})),
		pair("integers too", "add", i32(dims{2, 1}, 1, 2), i32(dims{2}, 10, 20), i32(dims{2, 2}, 11, 21, 12, 22)),
		refused,
	})
}

func TestArithmetic(t *testing.T) {
	a, b := f32(dims{4}, 7, -7, 7, -7), f32(dims{4}, 2, 2, -2, -2)
	testExamples(t, []example{
		pair("real_div is the quotient", "real_div", a, b, f32(dims{4}, 3.5, -3.5, -3.5, 3.5)),
		pair("floor_div rounds down, not toward zero", "floor_div", a, b, f32(dims{4}, 3, -4, -4, 3)),
		pair("mod has the sign of the divisor", "mod", a, b, f32(dims{4}, 1, 1, -1, -1)),
		pair("division by zero is infinite or NaN", "real_div", f32(dims{3}, 1, -1, 0), num(0), f32(dims{3}, inf, -inf, nan)),
		pair("mod by zero is NaN", "mod", f32(dims{1}, 1), num(0), f32(dims{1}, nan)),
		pair("maximum", "maximum", a, num(2), f32(dims{4}, 7, 2, 7, 2)),
		pair("minimum", "minimum", num(2), a, f32(dims{4}, 2, -7, 2, -7)),
		pair("maximum hands NaN on", "maximum", f32(dims{2}, nan, 1), f32(dims{2}, 1, nan), f32(dims{2}, nan, nan)),
		pair("pow", "pow", f32(dims{4}, 2, -2, 4, -8), f32(dims{4}, 3, 3, 0.5, 1./3), f32(dims{4}, 8, -8, 2, nan)),
		pair("a power of minus one is the inverse", "pow", f32(dims{3}, 4, -0.5, 0), num(-1), f32(dims{3}, 0.25, -2, inf)),
		pair("a power of one changes nothing", "pow", f32(dims{2}, 3, nan), num(1), f32(dims{2}, 3, nan)),
		pair("a square", "pow", f32(dims{2}, -3, 1e30), num(2), f32(dims{2}, 9, inf)),
		pair("a cube", "pow", f32(dims{2}, -3, 2), num(3), f32(dims{2}, -27, 8)),
		pair("fp16 results are rounded to fp16", "add", f16(dims{2}, 2048, 65504), f16(dims{2}, 1, 32), f16(dims{2}, 2048, inf)),
		pair("fp16 and fp32 give what is declared", "mul", f16(dims{1}, 3), f32(dims{1}, 0.1), f32(dims{1}, 0.3)),
	})
}

// Integers are computed in 64 bits and wrapped to the declared type.
func TestArithmeticOfIntegers(t *testing.T) {
	a, b := i32(dims{4}, 7, -7, 7, -7), i32(dims{4}, 2, 2, -2, -2)
	byZero := func(operator string) example {
		x := pair(operator+" by zero is refused", operator, a, whole(0), i32(dims{4}))
		x.refused = "integer division by zero"
		return x
	}
	testExamples(t, []example{
		pair("floor_div rounds down", "floor_div", a, b, i32(dims{4}, 3, -4, -4, 3)),
		pair("real_div of integers is cut toward zero", "real_div", a, b, i32(dims{4}, 3, -3, -3, 3)),
		pair("mod has the sign of the divisor", "mod", a, b, i32(dims{4}, 1, 1, -1, -1)),
		pair("int32 wraps around", "add", i32(dims{1}, math.MaxInt32), whole(1), i32(dims{1}, math.MinInt32)),
		pair("int8 wraps around", "mul", integers(dtype.Int8, dims{1}, 100), integers(dtype.Int8, nil, 2), integers(dtype.Int8, dims{1}, -56)),
		pair("uint8 wraps around", "sub", integers(dtype.UInt8, dims{1}, 1), integers(dtype.UInt8, nil, 2), integers(dtype.UInt8, dims{1}, 255)),
		pair("the sum of booleans is true or false", "add", bools(dims{3}, 0, 1, 1), bools(dims{3}, 0, 0, 1), bools(dims{3}, 0, 1, 1)),
		pair("maximum", "maximum", a, whole(2), i32(dims{4}, 7, 2, 7, 2)),
		pair("minimum", "minimum", a, b, i32(dims{4}, 2, -7, -2, -7)),
		pair("pow", "pow", i32(dims{4}, 2, -2, 0, 3), i32(dims{4}, 10, 3, 0, 1), i32(dims{4}, 1024, -8, 1, 3)),
		pair("a negative power is the fraction cut toward zero", "pow",
			i32(dims{5}, 2, 1, -1, -1, 0), i32(dims{5}, -1, -5, -2, -3, -1), i32(dims{5}, 0, 1, 1, -1, 0)),
		byZero("real_div"), byZero("floor_div"), byZero("mod"),
	})
}

func TestComparisons(t *testing.T) {
	x, y := f32(dims{4}, 1, 2, 3, nan), f32(dims{4}, 2, 2, 2, nan)
	p, q := bools(dims{4}, 0, 0, 1, 1), bools(dims{4}, 0, 1, 0, 1)
	testExamples(t, []example{
		pair("equal", "equal", x, y, bools(dims{4}, 0, 1, 0, 0)),
		pair("not_equal, which NaN is to itself", "not_equal", x, y, bools(dims{4}, 1, 0, 1, 1)),
		pair("less", "less", x, y, bools(dims{4}, 1, 0, 0, 0)),
		pair("less_equal", "less_equal", x, y, bools(dims{4}, 1, 1, 0, 0)),
		pair("greater", "greater", x, y, bools(dims{4}, 0, 0, 1, 0)),
		pair("greater_equal", "greater_equal", x, y, bools(dims{4}, 0, 1, 1, 0)),
		pair("logical_and", "logical_and", p, q, bools(dims{4}, 0, 0, 0, 1)),
		pair("logical_or", "logical_or", p, q, bools(dims{4}, 0, 1, 1, 1)),
		pair("logical_xor", "logical_xor", p, q, bools(dims{4}, 0, 1, 1, 0)),
		pair("any number but zero is true", "logical_xor", i32(dims{2}, 2, 0), i32(dims{2}, 5, -1), bools(dims{2}, 0, 1)),
		// float32 holds neither of them.
		pair("integers are compared as integers", "equal", i32(dims{1}, 1<<24+1), i32(dims{1}, 1<<24), bools(dims{1}, 0)),
		pair("integers meet numbers as numbers", "less", i32(dims{2}, 1, 2), f32(dims{2}, 1.5, 1.5), bools(dims{2}, 1, 0)),
		pair("operands broadcast", "greater", f32(dims{2, 1}, 1, 3), f32(dims{2}, 0, 2), bools(dims{2, 2}, 1, 0, 1, 1)),
		pair("no elements", "equal", f32(dims{0}), f32(dims{0}), bools(dims{0})),
		{name: "logical_not", op: "logical_not", in: operands{"x": p}, want: bools(dims{4}, 1, 1, 0, 0)},
	})
}

func TestSelect(t *testing.T) {
	testExamples(t, []example{
		{
			name: "a where the condition holds, else b", op: "select",
			in: operands{"cond": bools(dims{3}, 1, 0, 1), "a": f32(dims{3}, 1, 2, 3), "b": f32(dims{3}, 10, 20, 30)}, want: f32(dims{3}, 1, 20, 3),
		},
		{
			name: "all three broadcast", op: "select",
			in:   operands{"cond": bools(dims{2, 1}, 1, 0), "a": f32(dims{2}, 1, 2), "b": num(0)},
			want: f32(dims{2, 2}, 1, 2, 0, 0),
		},
		{
			name: "what is not taken does no harm", op: "select",
			in: operands{"cond": bools(dims{2}, 1, 0), "a": f32(dims{2}, 1, nan), "b": f32(dims{2}, inf, 2)}, want: f32(dims{2}, 1, 2),
		},
		{
			name: "integers stay integers", op: "select",
			in: operands{"cond": bools(dims{2}, 0, 1), "a": i32(dims{2}, 1<<24+1, 1<<24+1), "b": whole(7)}, want: i32(dims{2}, 7, 1<<24+1),
		},
		{
			name: "a number of fp32 becomes one of the result's fp16", op: "select",
			in: operands{"cond": bools(dims{2}, 0, 1), "a": f16(dims{2}, 1, 2), "b": num(2049)}, want: f16(dims{2}, 2048, 2),
		},
		{
			name: "shapes that do not broadcast are refused", op: "select",
			in: operands{"cond": bools(dims{2}, 0, 1), "a": f32(dims{3}, 1, 2, 3), "b": num(0)}, refused: "does not broadcast",
		},
	})
}

// Vectors that are long enough are shared among threads, by other loops than short ones.
func TestLongVectorsGiveTheSameBitsOnAnyNumberOfThreads(t *testing.T) {
	pool := workpool.New(3)
	defer pool.Close()
	const rows, cols = 37, 1 << 10
	x := f32(dims{rows, cols}, make([]float32, rows*cols)...)
	for k := range x.F32 {
		x.F32[k] = float32(k%1999)/250 - 4
	}
	for _, name := range []string{"silu", "gelu", "sigmoid", "exp", "tanh", "sqrt", "softmax", "add", "mul", "sub", "maximum"} {
		e := example{op: name, in: operands{"x": x}}
		if slices.Contains([]string{"add", "mul", "sub", "maximum"}, name) {
			e.in["y"] = x
		}
		want := floatsOf(t, e)
		c := bind(t, &e, forms[0])
		c.Env.Pool = pool
		if err := once(c); err != nil {
			t.Fatal(err)
		}
		same := func(a, b float32) bool { return a == b || a != a && b != b }
		if got := c.F32(&c.Env.Values[c.Step.Out[0]]); !slices.EqualFunc(got, want, same) {
			t.Errorf("%s: three threads give other bits than one", name)
		}
	}
}
