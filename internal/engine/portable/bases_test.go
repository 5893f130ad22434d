package portable

import (
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

func f16(shape ...int) mil.Type { return mil.TensorType(dtype.Float16, shape...) }

func f32(shape ...int) mil.Type { return mil.TensorType(dtype.Float32, shape...) }

func i32(shape ...int) mil.Type { return mil.TensorType(dtype.Int32, shape...) }

func counted(n int) []float32 {
	f := make([]float32, n)
	for k := range f {
		f[k] = float32(k%7) - 3
	}
	return f
}

func countedInts(n, most int) []int {
	f := make([]int, n)
	for k := range f {
		f[k] = k % (most + 1)
	}
	return f
}

// bases are programs whose parts the tests of hostile programs damage: states,
// nested blocks, compressed constants, what fusion looks for.
var bases = []struct {
	name string
	fill func(b *mil.Builder)
}{
	{"cache", cacheBase},
	{"attention written out", attentionBase},
	{"RMS norm", normBase},
	{"rotary embedding", rotaryBase},
	{"gated activation", gateBase},
	{"blocks", blocksBase},
	{"loop", loopBase},
	{"compressed weights", weightsBase},
	{"older compressed weights", olderWeightsBase},
	{"sparse weights", sparseBase},
	{"convolutions", convBase},
	{"folded shapes", foldBase},
}

func cacheBase(b *mil.Builder) {
	x, s := b.Input("x", dtype.Float16, 1, 2, mil.Unknown, 4), b.State("keys", dtype.Float16, 1, 2, 8, 4)
	t := b.State("values", dtype.Float16, 1, 2, 8, 4)
	write := func(s *mil.Value) *mil.Value {
		old := b.Op("read_state", "", f16(1, 2, 8, 4), mil.Args{"input": s})
		u := b.Op("slice_update", "", f16(1, 2, 8, 4), mil.Args{
			"x": old, "update": x, "begin": b.Ints("", 0, 0, 0, 0), "end": b.Ints("", 0, 0, 1, 0),
			"stride": b.Ints("", 1, 1, 1, 1), "begin_mask": b.Bools("", true, true, false, true),
			"end_mask": b.Bools("", true, true, false, true), "squeeze_mask": b.Bools("", false, false, false, false),
		})
		b.Do("write_state", "", mil.Args{"input": s, "data": u})
		now := b.Op("read_state", "", f16(1, 2, 8, 4), mil.Args{"input": s})
		return b.Op("slice_by_index", "", f16(1, 2, 4, 4), mil.Args{
			"x": now, "begin": b.Ints("", 0, 0, 0, 0), "end": b.Ints("", 1, 2, 4, 4),
		})
	}
	k, v := write(s), write(t)
	mask := b.Input("mask", dtype.Float16, 1, 1, mil.Unknown, mil.Unknown)
	b.Output("y", b.Op("scaled_dot_product_attention", "", f16(1, 2, mil.Unknown, 4),
		mil.Args{"query": x, "key": k, "value": v, "attn_mask": mask}))
}

func attentionBase(b *mil.Builder) {
	q, k, v := b.Input("q", dtype.Float32, 1, 2, 3, 4), b.Input("k", dtype.Float32, 1, 2, 5, 4), b.Input("v", dtype.Float32, 1, 2, 5, 4)
	dots := b.Op("matmul", "", f32(1, 2, 3, 5), mil.Args{"x": q, "y": k, "transpose_x": b.Bool("", false), "transpose_y": b.Bool("", true)})
	scaled := b.Op("mul", "", f32(1, 2, 3, 5), mil.Args{"x": dots, "y": b.Float("", dtype.Float32, 0.5)})
	masked := b.Op("add", "", f32(1, 2, 3, 5), mil.Args{"x": scaled, "y": b.Input("mask", dtype.Float32, 1, 1, 3, 5)})
	soft := b.Op("softmax", "", f32(1, 2, 3, 5), mil.Args{"x": masked, "axis": b.Int("", -1)})
	b.Output("y", b.Op("matmul", "", f32(1, 2, 3, 4), mil.Args{"x": soft, "y": v, "transpose_x": b.Bool("", false), "transpose_y": b.Bool("", false)}))
}

func normBase(b *mil.Builder) {
	x := b.Input("x", dtype.Float32, 1, 3, 8)
	square := b.Op("mul", "", f32(1, 3, 8), mil.Args{"x": x, "y": x})
	mean := b.Op("reduce_mean", "", f32(1, 3, 1), mil.Args{"x": square, "axes": b.Ints("", -1), "keep_dims": b.Bool("", true)})
	sum := b.Op("add", "", f32(1, 3, 1), mil.Args{"x": mean, "y": b.Float("", dtype.Float32, 1e-5)})
	root := b.Op("rsqrt", "", f32(1, 3, 1), mil.Args{"x": sum, "epsilon": b.Float("", dtype.Float32, 1e-12)})
	y := b.Op("mul", "", f32(1, 3, 8), mil.Args{"x": x, "y": root})
	y = b.Op("mul", "", f32(1, 3, 8), mil.Args{"x": b.Float32s("gamma", []int{8}, counted(8)...), "y": y})
	b.Output("y", b.Op("linear", "", f32(1, 3, 4), mil.Args{"x": y, "weight": b.Float32s("", []int{4, 8}, counted(32)...), "bias": b.Float32s("", []int{4}, counted(4)...)}))
}

func rotaryBase(b *mil.Builder) {
	x, cos := b.Input("x", dtype.Float16, 1, 2, mil.Unknown, 4), b.Input("cos", dtype.Float16, mil.Unknown, 4)
	t := f16(1, 2, mil.Unknown, 4)
	cut := func(from, to int) *mil.Value {
		return b.Op("slice_by_index", "", f16(1, 2, mil.Unknown, 2), mil.Args{
			"x": x, "begin": b.Ints("", 0, 0, 0, from), "end": b.Ints("", 0, 0, 0, to),
			"begin_mask": b.Bools("", true, true, true, false), "end_mask": b.Bools("", true, true, true, false),
		})
	}
	hi := b.Op("mul", "", f16(1, 2, mil.Unknown, 2), mil.Args{"x": cut(2, 4), "y": b.Float("", dtype.Float16, -1)})
	join := b.Op("concat", "", t, mil.Args{"values": mil.Values{hi, cut(0, 2)}, "axis": b.Int("", -1)})
	along := b.Op("mul", "", t, mil.Args{"x": x, "y": cos})
	across := b.Op("mul", "", t, mil.Args{"x": join, "y": cos})
	b.Output("y", b.Op("add", "", t, mil.Args{"x": along, "y": across}))
}

func gateBase(b *mil.Builder) {
	x := b.Input("x", dtype.Float16, mil.Unknown, 4)
	y := f16(mil.Unknown, 3)
	linear := func() *mil.Value {
		return b.Op("linear", "", y, mil.Args{
			"x": x, "weight": b.Float16s("", []int{3, 4}, counted(12)...), "bias": b.Float16s("", []int{3}, counted(3)...),
		})
	}
	gate := b.Op("silu", "", y, mil.Args{"x": linear()})
	b.Output("y", b.Op("mul", "", y, mil.Args{"x": gate, "y": linear()}))
}

func blocksBase(b *mil.Builder) {
	x, s := b.Input("x", dtype.Float16, 3), b.State("sum", dtype.Float16, 3)
	p := b.Op("cast", "", mil.TensorType(dtype.Bool), mil.Args{"x": b.Input("p", dtype.Int32), "dtype": b.Text("", "bool")})
	yes := b.Block(nil, func([]*mil.Value) []*mil.Value {
		old := b.Op("read_state", "", f16(3), mil.Args{"input": s})
		sum := b.Op("add", "", f16(3), mil.Args{"x": old, "y": x})
		b.Do("write_state", "", mil.Args{"input": s, "data": sum})
		return []*mil.Value{sum, x}
	})
	no := b.Block(nil, func([]*mil.Value) []*mil.Value {
		y := b.Op("mul", "", f16(3), mil.Args{"x": x, "y": b.Float("", dtype.Float16, 2)})
		return []*mil.Value{x, b.Op("reshape", "", f16(3), mil.Args{"x": y, "shape": b.Ints("", 3)})}
	})
	out := b.MultiOp("cond", "", []mil.Type{f16(3), f16(3)}, mil.Args{"pred": p}, yes, no)
	b.Output("y", out[0])
	b.Output("z", b.Op("add", "", f16(3), mil.Args{"x": out[1], "y": b.Op("read_state", "", f16(3), mil.Args{"input": s})}))
}

func loopBase(b *mil.Builder) {
	x, y := b.Input("x", dtype.Float32, 2), b.Input("y", dtype.Float32, 2)
	types := []mil.Type{i32(), f32(2), f32(2)}
	cond := b.Block(types, func(in []*mil.Value) []*mil.Value {
		return []*mil.Value{b.Op("less", "", mil.TensorType(dtype.Bool), mil.Args{"x": in[0], "y": b.Int("", 3)})}
	})
	body := b.Block(types, func(in []*mil.Value) []*mil.Value {
		next := b.Op("add", "", i32(), mil.Args{"x": in[0], "y": b.Int("", 1)})
		view := b.Op("reshape", "", f32(2), mil.Args{"x": in[1], "shape": b.Ints("", 2)})
		return []*mil.Value{next, in[2], view}
	})
	out := b.MultiOp("while_loop", "", types, mil.Args{"loop_vars": mil.Values{b.Int("", 0), x, y}}, cond, body)
	b.Output("a", out[1])
	b.Output("b", out[2])
}

func weightsBase(b *mil.Builder) {
	x := b.Input("x", dtype.Float16, 1, mil.Unknown, 8)
	w := b.Op("constexpr_blockwise_shift_scale", "", f16(4, 8), mil.Args{
		"data":   b.IntTensor("", dtype.UInt4, []int{4, 8}, countedInts(32, 15)...),
		"scale":  b.Float16s("", []int{4, 2}, counted(8)...),
		"offset": b.IntTensor("", dtype.UInt4, []int{4, 2}, countedInts(8, 15)...),
	})
	lut := b.Op("constexpr_lut_to_dense", "", f16(4, 8), mil.Args{
		"indices": b.IntTensor("", dtype.UInt2, []int{4, 8}, countedInts(32, 3)...),
		"lut":     b.Float16s("", []int{2, 1, 4, 1}, counted(8)...),
	})
	vector := b.Op("constexpr_lut_to_dense", "", f16(4, 8), mil.Args{
		"indices": b.IntTensor("", dtype.UInt4, []int{2, 8}, countedInts(16, 15)...),
		"lut":     b.Float16s("", []int{1, 2, 16, 2}, counted(64)...), "vector_axis": b.Int("", 0),
	})
	scaled := b.Op("constexpr_blockwise_shift_scale", "", f16(4, 8), mil.Args{"data": lut, "scale": b.Float16s("", []int{4, 1}, counted(4)...)})
	for k, w := range []*mil.Value{w, lut, vector, scaled} {
		y := b.Op("linear", "", f16(1, mil.Unknown, 4), mil.Args{"x": x, "weight": w})
		b.Output([]string{"a", "b", "c", "d"}[k], y)
	}
	b.Output("e", b.Op("gather", "", f16(2, 8), mil.Args{"x": scaled, "indices": b.Input("ids", dtype.Int32, 2), "axis": b.Int("", 0), "validate_indices": b.Bool("", false)}))
	b.Output("f", b.Op("add", "", f16(4, 8), mil.Args{"x": vector, "y": w}))
}

func olderWeightsBase(b *mil.Builder) {
	x := b.Input("x", dtype.Float32, 2, 8)
	affine := b.Op("constexpr_affine_dequantize", "", f32(4, 8), mil.Args{
		"quantized_data": b.IntTensor("", dtype.Int8, []int{4, 8}, countedInts(32, 100)...),
		"scale":          b.Float32s("", []int{4}, counted(4)...),
		"zero_point":     b.IntTensor("", dtype.Int8, []int{4}, 1, 2, 3, 4), "axis": b.Int("", 0),
	})
	lut := b.Op("constexpr_lut_to_dense", "", f32(4, 8), mil.Args{
		"indices": b.IntTensor("", dtype.UInt8, []int{16}, countedInts(16, 255)...),
		"lut":     b.Float32s("", []int{16}, counted(16)...), "shape": b.Ints("", 4, 8),
	})
	half := b.Op("constexpr_cast", "", f32(4, 8), mil.Args{"source_val": b.Float16s("", []int{4, 8}, counted(32)...), "output_dtype": b.Text("", "fp32")})
	sparse := b.Op("constexpr_sparse_to_dense", "", f32(4, 8), mil.Args{
		"nonzero_data": b.Float32s("", []int{16}, counted(16)...),
		"mask":         b.IntTensor("", dtype.UInt8, []int{4}, 0x55, 0xaa, 0x0f, 0xf0), "shape": b.Ints("", 4, 8),
	})
	for k, w := range []*mil.Value{affine, lut, half, sparse} {
		b.Output([]string{"a", "b", "c", "d"}[k], b.Op("linear", "", f32(2, 4), mil.Args{"x": x, "weight": w, "bias": b.Float32s("", []int{4}, 0, 0, 0, 0)}))
	}
}

func sparseBase(b *mil.Builder) {
	x := b.Input("x", dtype.Float16, 2, 8)
	mask := b.IntTensor("", dtype.UInt1, []int{4, 8}, countedInts(32, 1)...)
	bits := mil.TensorType(dtype.UInt1, 4, 8)
	lut := b.MultiOp("constexpr_lut_to_sparse", "", []mil.Type{bits, f16(16)}, mil.Args{
		"indices_mask": mask, "indices_nonzero_data": b.IntTensor("", dtype.UInt2, []int{16}, countedInts(16, 3)...),
		"lut": b.Float16s("", []int{1, 1, 4, 1}, counted(4)...),
	})
	scaled := b.MultiOp("constexpr_sparse_blockwise_shift_scale", "", []mil.Type{bits, f16(16)}, mil.Args{
		"data_mask": lut[0], "nonzero_data": lut[1], "scale": b.Float16s("", []int{4, 2}, counted(8)...),
	})
	dense := b.Op("constexpr_sparse_to_dense", "", f16(4, 8), mil.Args{"mask": scaled[0], "nonzero_data": scaled[1]})
	plain := b.Op("constexpr_sparse_to_dense", "", f16(4, 8), mil.Args{"mask": mask, "nonzero_data": b.Float16s("", []int{16}, counted(16)...)})
	b.Output("y", b.Op("linear", "", f16(2, 4), mil.Args{"x": x, "weight": dense}))
	b.Output("z", b.Op("matmul", "", f16(2, 4), mil.Args{"x": x, "y": plain, "transpose_y": b.Bool("", true)}))
}

func convBase(b *mil.Builder) {
	x := b.Input("x", dtype.Float32, 1, 8, 1, mil.Unknown)
	w := b.Op("constexpr_lut_to_dense", "", f32(4, 8, 1, 1), mil.Args{
		"indices": b.IntTensor("", dtype.UInt4, []int{4, 8, 1, 1}, countedInts(32, 15)...),
		"lut":     b.Float32s("", []int{1, 1, 1, 1, 16, 1}, counted(16)...),
	})
	args := func(x, w *mil.Value) mil.Args {
		return mil.Args{
			"x": x, "weight": w, "strides": b.Ints("", 1, 1), "pad_type": b.Text("", "custom"), "pad": b.Ints("", 0, 0, 1, 1),
			"dilations": b.Ints("", 1, 1), "groups": b.Int("", 1),
		}
	}
	point := args(x, w)
	point["pad"] = b.Ints("", 0, 0, 0, 0)
	y := b.Op("conv", "", f32(1, 4, 1, mil.Unknown), point)
	z := b.Op("conv", "", f32(1, 2, 1, mil.Unknown), args(y, b.Float32s("", []int{2, 4, 1, 3}, counted(24)...)))
	b.Output("y", y)
	b.Output("z", z)
	b.Output("t", b.Op("transpose", "", f32(1, 1, mil.Unknown, 4), mil.Args{"x": y, "perm": b.Ints("", 0, 2, 3, 1)}))
}

func foldBase(b *mil.Builder) {
	x := b.Input("x", dtype.Float32, mil.Unknown, 3)
	shape := b.Op("shape", "", i32(2), mil.Args{"x": x})
	first := b.Op("slice_by_index", "", i32(), mil.Args{"x": shape, "begin": b.Ints("", 0), "end": b.Ints("", 1), "squeeze_mask": b.Bools("", true)})
	n := b.Op("concat", "", i32(2), mil.Args{"values": mil.Values{b.Op("expand_dims", "", i32(1), mil.Args{"x": first, "axes": b.Ints("", 0)}), b.Ints("", 3)}, "axis": b.Int("", 0), "interleave": b.Bool("", false)})
	ramp := b.Op("range_1d", "", i32(4), mil.Args{"start": b.Int("", 0), "end": b.Int("", 4), "step": b.Int("", 1)})
	table := b.Op("tile", "", i32(4, 2), mil.Args{"x": b.Op("expand_dims", "", i32(4, 1), mil.Args{"x": ramp, "axes": b.Ints("", 1)}), "reps": b.Ints("", 1, 2)})
	b.Output("y", b.Op("reshape", "", f32(mil.Unknown, 3), mil.Args{"x": x, "shape": n}))
	b.Output("z", b.Op("cast", "", f32(4, 2), mil.Args{"x": table, "dtype": b.Text("", "fp32")}))
	b.Output("w", b.Op("fill", "", f32(mil.Unknown, 3), mil.Args{"shape": n, "value": b.Float("", dtype.Float32, 1)}))
}
