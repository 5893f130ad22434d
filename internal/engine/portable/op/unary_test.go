package op_test

import (
	"math"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Functions that package math has are compared with themselves elsewhere; here are
// the values that say which function it is, and the corners of its domain.
func TestUnaryFunctions(t *testing.T) {
	of := func(x ...float32) operands { return operands{"x": f32(dims{len(x)}, x...)} }
	testExamples(t, []example{
		{name: "abs", op: "abs", in: of(-2, 0, 3, -inf, nan), want: f32(dims{5}, 2, 0, 3, inf, nan)},
		{name: "acos", op: "acos", in: of(-1, 0, 1, 2), want: f32(dims{4}, math.Pi, math.Pi/2, 0, nan)},
		{name: "asin", op: "asin", in: of(-1, 0, 1, -2), want: f32(dims{4}, -math.Pi/2, 0, math.Pi/2, nan)},
		{name: "atan", op: "atan", in: of(-inf, 0, 1, inf), want: f32(dims{4}, -math.Pi/2, 0, math.Pi/4, math.Pi/2)},
		{name: "atanh", op: "atanh", in: of(-1, 0, 0.5, 1, 2), want: f32(dims{5}, -inf, 0, 0.54930614, inf, nan)},
		{name: "ceil", op: "ceil", in: of(-1.5, -0.5, 0.5, 2), want: f32(dims{4}, -1, 0, 1, 2)},
		{name: "floor", op: "floor", in: of(-1.5, -0.5, 0.5, 2), want: f32(dims{4}, -2, -1, 0, 2)},
		{name: "round takes halves to the even neighbour", op: "round", in: of(-1.5, -0.5, 0.5, 1.5, 2.5, 2.6), want: f32(dims{6}, -2, 0, 0, 2, 2, 3)},
		{name: "cos", op: "cos", in: of(0, math.Pi, inf), want: f32(dims{3}, 1, -1, nan)},
		{name: "cosh", op: "cosh", in: of(0, 1, 100), want: f32(dims{3}, 1, 1.5430806, inf)},
		{name: "sin", op: "sin", in: of(0, math.Pi/2, inf), want: f32(dims{3}, 0, 1, nan)},
		{name: "sinh", op: "sinh", in: of(0, 1, -100), want: f32(dims{3}, 0, 1.1752012, -inf)},
		{name: "tan", op: "tan", in: of(0, math.Pi/4), want: f32(dims{2}, 0, 1)},
		{name: "tanh", op: "tanh", in: of(-inf, 0, 1, inf, nan), want: f32(dims{5}, -1, 0, 0.7615942, 1, nan)},
		{name: "erf", op: "erf", in: of(-inf, 0, 0.5, inf), want: f32(dims{4}, -1, 0, 0.5204999, 1)},
		{name: "exp", op: "exp", in: of(-inf, 0, 1, 89), want: f32(dims{4}, 0, 1, math.E, inf)},
		{name: "exp2", op: "exp2", in: of(-1, 0, 10, 128), want: f32(dims{4}, 0.5, 1, 1024, inf)},
		{name: "sign", op: "sign", in: of(-3, 0, 5, nan), want: f32(dims{4}, -1, 0, 1, nan)},
		{name: "sqrt", op: "sqrt", in: of(0, 4, inf, -1), want: f32(dims{4}, 0, 2, inf, nan)},
		{name: "square", op: "square", in: of(-3, 1e30), want: f32(dims{2}, 9, inf)},
		{name: "square of fp16 overflows", op: "square", in: operands{"x": f16(dims{2}, 255, 256)}, want: f16(dims{2}, 65024, inf)},
		{name: "nothing", op: "exp", in: of(), want: f32(dims{0})},
		{name: "a scalar", op: "exp2", in: operands{"x": num(3)}, want: num(8)},
	})
}

func TestUnaryFunctionsOfIntegers(t *testing.T) {
	testExamples(t, []example{
		{name: "abs", op: "abs", in: operands{"x": ints(-3, 4)}, want: ints(3, 4)},
		{name: "abs of the least number wraps back to it", op: "abs", in: operands{"x": ints(-2147483648)}, want: ints(-2147483648)},
		{name: "abs of the least int8", op: "abs", in: operands{"x": integers(dtype.Int8, dims{1}, -128)}, want: integers(dtype.Int8, dims{1}, -128)},
		{name: "sign", op: "sign", in: operands{"x": ints(-3, 0, 4)}, want: ints(-1, 0, 1)},
		{name: "square wraps", op: "square", in: operands{"x": integers(dtype.Int8, dims{2}, 11, 12)}, want: integers(dtype.Int8, dims{2}, 121, -112)},
		{name: "floor changes nothing", op: "floor", in: operands{"x": ints(-3, 4)}, want: ints(-3, 4)},
		{name: "a root is rounded toward zero", op: "sqrt", in: operands{"x": ints(8, 9)}, want: ints(2, 3)},
		{name: "a power is limited to the type", op: "exp2", in: operands{"x": ints(3, 40)}, want: ints(8, 2147483647)},
	})
}

func TestFunctionsWithEpsilon(t *testing.T) {
	x := f32(dims{2}, 0, 4)
	testExamples(t, []example{
		{name: "inverse of zero is finite by default", op: "inverse", in: operands{"x": x}, want: f32(dims{2}, 1e4, 1/4.0001)},
		{name: "inverse with another epsilon", op: "inverse", in: operands{"x": x, "epsilon": num(1)}, want: f32(dims{2}, 1, 0.2)},
		{name: "rsqrt of zero is finite by default", op: "rsqrt", in: operands{"x": x}, want: f32(dims{2}, 1e6, 0.5)},
		{name: "rsqrt with another epsilon", op: "rsqrt", in: operands{"x": f32(dims{1}, 3), "epsilon": num(1)}, want: f32(dims{1}, 0.5)},
		{name: "log of zero is finite by default", op: "log", in: operands{"x": f32(dims{2}, 0, math.E)}, want: f32(dims{2}, -103.27893, 1)},
		{name: "log without epsilon", op: "log", in: operands{"x": f32(dims{2}, 0, 1), "epsilon": num(0)}, want: f32(dims{2}, -inf, 0)},
		{name: "log of less than zero is no number", op: "log", in: operands{"x": f32(dims{1}, -1)}, want: f32(dims{1}, nan)},
		{name: "in fp16 the epsilon of log is zero", op: "log", in: operands{"x": f16(dims{1}, 0)}, want: f16(dims{1}, -inf)},
		{name: "in fp16 the epsilon of rsqrt is zero", op: "rsqrt", in: operands{"x": f16(dims{1}, 0)}, want: f16(dims{1}, inf)},
		{name: "two epsilons are refused", op: "log", in: operands{"x": x, "epsilon": f32(dims{2}, 0, 0)}, refused: "epsilon holds 2 values where one is expected"},
	})
}

func TestClipAndThreshold(t *testing.T) {
	in := func(lo, hi float32, x ...float32) operands {
		return operands{"x": f32(dims{len(x)}, x...), "alpha": num(lo), "beta": num(hi)}
	}
	testExamples(t, []example{
		{name: "between the bounds", op: "clip", in: in(-1, 2, -3, 0, 5, inf, -inf), want: f32(dims{5}, -1, 0, 2, 2, -1)},
		{name: "NaN stays", op: "clip", in: in(-1, 2, nan), want: f32(dims{1}, nan)},
		{name: "the upper bound wins over a lower one above it", op: "clip", in: in(3, 2, 0, 9), want: f32(dims{2}, 2, 2)},
		{name: "open bounds", op: "clip", in: in(-inf, inf, -1e30, 1e30), want: f32(dims{2}, -1e30, 1e30)},
		{
			name: "integers are limited by whole numbers", op: "clip",
			in: operands{"x": ints(-3, 0, 5), "alpha": num(-1.5), "beta": num(2.5)}, want: ints(-1, 0, 2),
		},
		{
			name: "two bounds at once are refused", op: "clip",
			in: operands{"x": num(1), "alpha": f32(dims{2}, 0, 1), "beta": num(2)}, refused: "alpha holds 2 values where one is expected",
		},
		{name: "threshold has a lower bound alone", op: "threshold", in: operands{"x": f32(dims{3}, -3, 0.5, inf), "alpha": num(0.25)}, want: f32(dims{3}, 0.25, 0.5, inf)},
	})
}
