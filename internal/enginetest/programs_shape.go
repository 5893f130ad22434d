package enginetest

import (
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// shapePrograms move elements about, with sizes that are known only when the
// program runs.
func shapePrograms() []programCase {
	return []programCase{
		headsAndBack(), gatherRows(), sliceUpdate(), branches(), rotateHalf(),
	}
}

// headsAndBack splits rows into heads, swaps axes and undoes it, by a shape
// that the program computes. The length goes down and up again from step to
// step, so that shapes kept from a step before show.
func headsAndBack() programCase {
	c := programCase{
		name: "reshape to heads and back",
		build: func(b *mil.Builder) {
			x := b.Input("x", dtype.Float16, 1, mil.Unknown, 6)
			// The length is read from the input at run time.
			shape := b.Op("shape", "", int32s(3), mil.Args{"x": x})
			n := b.Op("gather", "", int32s(1), mil.Args{"x": shape, "indices": b.Ints("at", 1), "axis": b.Int("axis0", 0)})
			wide := b.Op("concat", "", int32s(4), mil.Args{
				"values": mil.Values{b.Ints("one", 1), n, b.Ints("split", 2, 3)},
				"axis":   b.Int("axis1", 0), "interleave": b.Bool("interleave", false),
			})
			h := b.Op("reshape", "", fp16(1, mil.Unknown, 2, 3), mil.Args{"x": x, "shape": wide})
			h = b.Op("transpose", "", fp16(1, 2, mil.Unknown, 3), mil.Args{"x": h, "perm": b.Ints("perm", 0, 2, 1, 3)})
			b.Output("heads", h)
			back := b.Op("transpose", "", fp16(1, mil.Unknown, 2, 3), mil.Args{"x": h, "perm": b.Ints("perm2", 0, 2, 1, 3)})
			b.Output("y", b.Op("reshape", "", x.Type, mil.Args{"x": back, "shape": b.Ints("flat", 1, -1, 6)}))
			b.Output("n", n)
		},
	}
	for _, n := range []int{2, 1, 3} {
		x := ramp(n*6, 1, 1)
		heads := make([]float64, 0, len(x))
		for h := range 2 {
			for i := range n {
				heads = append(heads, x[i*6+h*3:i*6+h*3+3]...)
			}
		}
		c.steps = append(c.steps, programStep{
			in: values{"x": f32([]int{1, n, 6}, narrow(x)...)},
			want: map[string]answer{
				"y": {[]int{1, n, 6}, x}, "heads": {[]int{1, 2, n, 3}, heads}, "n": {[]int{1}, []float64{float64(n)}},
			},
		})
	}
	return c
}

// gatherRows is an embedding over a quantized table. Only the asked rows are to
// be decoded; the scales are powers of two, so that results are exact.
func gatherRows() programCase {
	return programCase{
		name: "rows of a quantized table",
		build: func(b *mil.Builder) {
			ids := b.Input("ids", dtype.Int32, 1, mil.Unknown)
			table := b.Op("constexpr_blockwise_shift_scale", "table", fp16(4, 4), mil.Args{
				"data":  b.IntTensor("data", dtype.Int4, []int{4, 4}, -8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7),
				"scale": b.Float16s("scale", []int{4, 2}, 1, 2, 0.5, 0.5, 1, 1, 2, 4),
			})
			b.Output("y", b.Op("gather", "", fp16(1, mil.Unknown, 4), mil.Args{
				"x": table, "indices": ids, "axis": b.Int("axis", 0), "batch_dims": b.Int("batch", 0),
				"validate_indices": b.Bool("validate", false),
			}))
		},
		steps: append(
			once(values{"ids": f32([]int{1, 3}, 3, 0, 3)}, []int{1, 3, 4}, 8, 10, 24, 28, -8, -7, -12, -10, 8, 10, 24, 28),
			once(values{"ids": f32([]int{1, 1}, 1)}, []int{1, 1, 4}, -2, -1.5, -1, -0.5)...),
	}
}

// sliceUpdate writes rows into a state at a place that is an input, reads the
// rows so far back, and reads the whole state before and after. It is how a
// cache is written. The value that was read before the write must not show the
// write, though engines do it in place.
func sliceUpdate() programCase {
	return programCase{
		name: "a slice of a state is updated",
		build: func(b *mil.Builder) {
			x := b.Input("x", dtype.Float16, 1, mil.Unknown, 2)
			from, to := b.Input("from", dtype.Int32, 1), b.Input("to", dtype.Int32, 1)
			cache := b.State("cache", dtype.Float16, 1, 4, 2)
			place := func(n string, first, last *mil.Value) *mil.Value {
				return b.Op("concat", "", int32s(3), mil.Args{
					"values": mil.Values{first, last, b.Ints("last_"+n, map[string]int{"begin": 0, "end": 2}[n])},
					"axis":   b.Int("axis_"+n, 0), "interleave": b.Bool("interleave_"+n, false),
				})
			}
			old := b.Op("read_state", "", fp16(1, 4, 2), mil.Args{"input": cache})
			// Computed from the value read before the write.
			b.Output("before", b.Op("reduce_sum", "", fp16(1, 1, 2), mil.Args{
				"x": old, "axes": b.Ints("axes", 1), "keep_dims": b.Bool("keep", true),
			}))
			fresh := b.Op("slice_update", "", fp16(1, 4, 2), mil.Args{
				"x": old, "update": x, "begin": place("begin", b.Ints("zero", 0), from), "end": place("end", b.Ints("all", 1), to),
			})
			b.Do("write_state", "", mil.Args{"input": cache, "data": fresh})
			// A second read, which has to see the write.
			now := b.Op("read_state", "", fp16(1, 4, 2), mil.Args{"input": cache})
			upTo := b.Op("concat", "", int32s(3), mil.Args{
				"values": mil.Values{b.Ints("one", 1), to, b.Ints("two", 2)},
				"axis":   b.Int("axis", 0), "interleave": b.Bool("interleave", false),
			})
			b.Output("y", b.Op("slice_by_index", "", fp16(1, mil.Unknown, 2), mil.Args{
				"x": now, "begin": b.Ints("origin", 0, 0, 0), "end": upTo,
			}))
			b.Output("after", now)
		},
		steps: []programStep{
			{
				in: values{"x": f32([]int{1, 2, 2}, 1, 2, 3, 4), "from": f32([]int{1}, 0), "to": f32([]int{1}, 2)},
				want: map[string]answer{
					"y":      {[]int{1, 2, 2}, []float64{1, 2, 3, 4}},
					"before": {[]int{1, 1, 2}, []float64{0, 0}},
					"after":  {[]int{1, 4, 2}, []float64{1, 2, 3, 4, 0, 0, 0, 0}},
				},
			},
			{
				in: values{"x": f32([]int{1, 1, 2}, 5, 6), "from": f32([]int{1}, 2), "to": f32([]int{1}, 3)},
				want: map[string]answer{
					"y":      {[]int{1, 3, 2}, []float64{1, 2, 3, 4, 5, 6}},
					"before": {[]int{1, 1, 2}, []float64{4, 6}},
					"after":  {[]int{1, 4, 2}, []float64{1, 2, 3, 4, 5, 6, 0, 0}},
				},
			},
			{
				in: values{"x": f32([]int{1, 2, 2}, 7, 8, 9, 10), "from": f32([]int{1}, 1), "to": f32([]int{1}, 3)},
				want: map[string]answer{
					"y":      {[]int{1, 3, 2}, []float64{1, 2, 7, 8, 9, 10}},
					"before": {[]int{1, 1, 2}, []float64{9, 12}},
				},
			},
		},
	}
}

// branches takes one of two blocks by a number. The results of both branches
// have one type; a step between two equal ones shows what a branch leaves
// behind.
func branches() programCase {
	step := func(flag float32, want ...float64) programStep {
		return once(values{"x": f32([]int{2}, 3, -4), "flag": f32([]int{1}, flag)}, []int{2}, want...)[0]
	}
	return programCase{
		name: "one of two branches is taken",
		build: func(b *mil.Builder) {
			x, flag := b.Input("x", dtype.Float32, 2), b.Input("flag", dtype.Float32, 1)
			set := b.Op("greater", "", mil.TensorType(dtype.Bool, 1), mil.Args{"x": flag, "y": b.Float("zero", dtype.Float32, 0)})
			// cond takes a scalar.
			set = b.Op("squeeze", "", mil.TensorType(dtype.Bool), mil.Args{"x": set, "axes": b.Ints("axes", 0)})
			branch := func(op string) *mil.Block {
				return b.Block(nil, func([]*mil.Value) []*mil.Value {
					return []*mil.Value{b.Op(op, "", x.Type, mil.Args{"x": x})}
				})
			}
			out := b.MultiOp("cond", "chosen", []mil.Type{x.Type}, mil.Args{"pred": set}, branch("relu"), branch("square"))
			b.Output("y", b.Op("add", "", x.Type, mil.Args{"x": out[0], "y": x}))
		},
		steps: []programStep{step(1, 6, -4), step(0, 12, 12), step(1, 6, -4)},
	}
}

// rotateHalf is the rotary embedding as converters write it. The halves are
// swapped, the second negated, as in Llama's code in transformers.
func rotateHalf() programCase {
	x, cos, sin := []float64{1, 2, 3, 4}, []float64{0.5, 1, 0.5, 1}, []float64{2, 0.25, 2, 0.25}
	return programCase{
		name: "rotary embedding",
		build: func(b *mil.Builder) {
			in := b.Input("x", dtype.Float16, 1, 1, 1, 4)
			c, s := b.Input("cos", dtype.Float16, 1, 1, 4), b.Input("sin", dtype.Float16, 1, 1, 4)
			straight := b.Op("mul", "", in.Type, mil.Args{"x": in, "y": c})
			cut := func(name string, from, to int) *mil.Value {
				return b.Op("slice_by_index", name, fp16(1, 1, 1, 2), mil.Args{
					"x": in, "begin": b.Ints(name+"_begin", 0, 0, 0, from), "end": b.Ints(name+"_end", 1, 1, 1, to),
				})
			}
			left, right := cut("left", 0, 2), cut("right", 2, 4)
			minus := b.Op("mul", "", right.Type, mil.Args{"x": right, "y": b.Float("minus_one", dtype.Float16, -1)})
			turned := b.Op("concat", "", in.Type, mil.Args{
				"values": mil.Values{minus, left}, "axis": b.Int("axis", -1), "interleave": b.Bool("interleave", false),
			})
			across := b.Op("mul", "", in.Type, mil.Args{"x": turned, "y": s})
			b.Output("y", b.Op("add", "", in.Type, mil.Args{"x": straight, "y": across}))
		},
		steps: once(values{
			"x": f32([]int{1, 1, 1, 4}, narrow(x)...), "cos": f32([]int{1, 1, 4}, narrow(cos)...), "sin": f32([]int{1, 1, 4}, narrow(sin)...),
		}, []int{1, 1, 1, 4}, 1*0.5-3*2, 2*1-4*0.25, 3*0.5+1*2, 4*1+2*0.25),
	}
}
