package enginetest

import (
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// fp16, fp32 and int32s are the types of values in the programs of this suite.
func fp16(shape ...int) mil.Type { return mil.TensorType(dtype.Float16, shape...) }

func fp32(shape ...int) mil.Type { return mil.TensorType(dtype.Float32, shape...) }

func int32s(shape ...int) mil.Type { return mil.TensorType(dtype.Int32, shape...) }

// counter builds the program of most contract tests, over float16:
//
//	y     = factor*x + bias + state[0]
//	state = state + sum(x), which is also the output total
//
// x has 1 to any number of elements and bias is optional. All numbers that the
// tests feed it with are small integers and halves, so that sums are exact in
// float16 and are compared exactly. The state has four equal elements, which
// shows a buffer that was read in part.
func counter(factor float32) func(b *mil.Builder) {
	return func(b *mil.Builder) {
		x := b.Input("x", dtype.Float16, 1, mil.Unknown)
		// The prefix makes write describe it as optional.
		bias := b.Input(optional+"bias", dtype.Float16, 1, 1)
		acc := b.State("acc", dtype.Float16, 1, 4)
		// The state is read before it is written: y and total see the old
		// value.
		old := b.Op("read_state", "old", fp16(1, 4), mil.Args{"input": acc})
		first := b.Op("slice_by_index", "first", fp16(1, 1), mil.Args{
			"x": old, "begin": b.Ints("begin", 0, 0), "end": b.Ints("end", 1, 1),
		})
		y := b.Op("mul", "scaled", fp16(1, mil.Unknown), mil.Args{"x": x, "y": b.Float("factor", dtype.Float16, factor)})
		y = b.Op("add", "biased", y.Type, mil.Args{"x": y, "y": bias})
		y = b.Op("add", "y", y.Type, mil.Args{"x": y, "y": first})
		sum := b.Op("reduce_sum", "sum", fp16(1, 1), mil.Args{
			"x": x, "axes": b.Ints("axes", 1), "keep_dims": b.Bool("keep", true),
		})
		total := b.Op("add", "total", fp16(1, 4), mil.Args{"x": old, "y": sum})
		// write_state has no result; its place in the order is what counts.
		b.Do("write_state", "", mil.Args{"input": acc, "data": total})
		b.Output("y", y)
		b.Output("total", total)
	}
}

// twoCounters builds a program with two states in the other order of their
// names, of which it changes one. An engine that goes by order and not by name
// would mix them up.
func twoCounters(b *mil.Builder) {
	// Declared first and last by name.
	other := b.State("zeta", dtype.Float16, 1, 4)
	acc := b.State("acc", dtype.Float16, 1, 4)
	x := b.Input("x", dtype.Float16, 1, 1)
	a := b.Op("read_state", "a", fp16(1, 4), mil.Args{"input": acc})
	z := b.Op("read_state", "z", fp16(1, 4), mil.Args{"input": other})
	total := b.Op("add", "total", fp16(1, 4), mil.Args{"x": a, "y": x})
	b.Do("write_state", "", mil.Args{"input": acc, "data": total})
	b.Output("both", b.Op("sub", "both", fp16(1, 4), mil.Args{"x": total, "y": z}))
}

// identity builds a program that gives back inputs of every type that may cross
// a model's boundary. int8, which crosses the boundary from iOS26 on only, and
// double are left out: not every engine has them.
func identity(b *mil.Builder) {
	for _, t := range []dtype.Type{dtype.Float16, dtype.Float32, dtype.Int32} {
		x := b.Input("in_"+t.String(), t, 2, 3)
		b.Output("out_"+t.String(), b.Op("identity", "", x.Type, mil.Args{"x": x}))
	}
}

// longTurns is so many turns that a loop is under way for some tenths of a second, and few
// enough for an engine that has to let a prediction run to its end.
const longTurns = 1_000_000

// longLoop builds a program that counts to n, one addition at a time. It runs
// long in every engine, as no pass can do away with the loop, and so serves
// tests of cancelling.
func longLoop(b *mil.Builder, n int) {
	x := b.Input("x", dtype.Float32, 1)
	types := []mil.Type{int32s(), fp32(1)}
	condition := b.Block(types, func(in []*mil.Value) []*mil.Value {
		limit := b.Int("limit", n)
		return []*mil.Value{b.Op("less", "", mil.TensorType(dtype.Bool), mil.Args{"x": in[0], "y": limit})}
	})
	body := b.Block(types, func(in []*mil.Value) []*mil.Value {
		next := b.Op("add", "", int32s(), mil.Args{"x": in[0], "y": b.Int("one", 1)})
		v := b.Op("add", "", fp32(1), mil.Args{"x": in[1], "y": b.Float("step", dtype.Float32, 1)})
		return []*mil.Value{next, v}
	})
	// The loop variables are the counter, from 0 on, and x.
	out := b.MultiOp("while_loop", "loop", types, mil.Args{"loop_vars": mil.Values{b.Int("zero", 0), x}}, condition, body)
	b.Output("y", out[1])
}
