package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
)

func TestCast(t *testing.T) {
	of := func(x ...float32) operands { return operands{"x": f32(dims{len(x)}, x...), "dtype": text("int32")} }
	testExamples(t, []example{
		{name: "numbers are cut toward zero", op: "cast", in: of(-1.9, -0.5, 0.5, 1.9), want: ints(-1, 0, 0, 1)},
		{name: "numbers outside are limited", op: "cast", in: of(3e9, -3e9, inf, -inf), want: ints(2147483647, -2147483648, 2147483647, -2147483648)},
		{name: "NaN is zero", op: "cast", in: of(nan), want: ints(0)},
		{name: "numbers are limited to int8", op: "cast", in: of(200, -200, 5.5), want: integers(dtype.Int8, dims{3}, 127, -128, 5)},
		{name: "numbers are limited to uint8", op: "cast", in: of(-1, 256), want: integers(dtype.UInt8, dims{2}, 0, 255)},
		{name: "numbers are limited to int16", op: "cast", in: of(-1e6, 1e6), want: integers(dtype.Int16, dims{2}, -32768, 32767)},
		{name: "numbers are limited to uint16", op: "cast", in: of(-1, 65536), want: integers(dtype.UInt16, dims{2}, 0, 65535)},
		{name: "a boolean is whatever is not zero", op: "cast", in: of(0, 0.1, -3, nan), want: bools(dims{4}, 0, 1, 1, 1)},
		{name: "integers wrap", op: "cast", in: operands{"x": ints(200, -129, 127)}, want: integers(dtype.Int8, dims{3}, -56, 127, 127)},
		{name: "integers as booleans", op: "cast", in: operands{"x": ints(0, 256, -1)}, want: bools(dims{3}, 0, 1, 1)},
		{name: "booleans as integers", op: "cast", in: operands{"x": bools(dims{2}, 0, 1)}, want: ints(0, 1)},
		{name: "integers as numbers", op: "cast", in: operands{"x": ints(-7, 16777217)}, want: f32(dims{2}, -7, 16777216)},
		{name: "integers as fp16 overflow", op: "cast", in: operands{"x": ints(2049, 70000)}, want: f16(dims{2}, 2048, inf)},
		{name: "fp32 to fp16 rounds to the even neighbour", op: "cast", in: of(2049, 2051, 65519, 65520), want: f16(dims{4}, 2048, 2052, 65504, inf)},
		{name: "small numbers become subnormal or zero", op: "cast", in: of(6e-8, 2e-8), want: f16(dims{2}, 5.9604645e-8, 0)},
		{name: "fp16 to fp32 keeps every bit", op: "cast", in: operands{"x": f16(dims{3}, 0.1, -inf, nan)}, want: f32(dims{3}, 0.099975586, -inf, nan)},
		{name: "nothing", op: "cast", in: of(), want: ints()},
	})
}

func TestIdentity(t *testing.T) {
	for _, v := range []example{
		{name: "numbers", want: counting(2, 3)},
		{name: "binary16", want: f16(dims{2}, 1, inf)},
		{name: "integers", want: integers(dtype.Int16, dims{2}, -1, 7)},
	} {
		v.op, v.in = "identity", operands{"x": v.want}
		testExamples(t, []example{v})
	}
}
