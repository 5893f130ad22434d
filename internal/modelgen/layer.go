package modelgen

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// layer adds attention and feed-forward to x, each behind a norm, as Llama's
// layers do. The two sums with x are the residual stream.
func (g *graph) layer(l int, x *mil.Value) *mil.Value {
	p := fmt.Sprintf("layers_%d_", l)
	project := func(role Role, name string, x *mil.Value, rows int) *mil.Value {
		w := Weight{Role: role, Layer: l, Name: p + name + "_weight", Rows: rows, Cols: x.Type.Shape[2]}
		return g.linear(p+name, x, g.weight(w))
	}
	q, kv := g.Heads*g.HeadDim, g.KVHeads*g.HeadDim

	h := g.norm(AttentionNorm, l, p+"norm1", x)
	query := g.heads(p+"q", project(Query, "q", h, q), g.Heads)
	key := g.heads(p+"k", project(Key, "k", h, kv), g.KVHeads)
	value := g.heads(p+"v", project(Value, "v", h, kv), g.KVHeads)
	query, key = g.rotate(p+"q", query), g.rotate(p+"k", key)
	keys := g.cached(p+"keys", l, g.keys, key)
	values := g.cached(p+"values", l, g.values, value)
	a := g.attend(p+"attention", query, keys, values)
	x = g.add(p+"x1", x, project(AttentionOut, "o", a, g.Hidden))

	h = g.norm(FeedForwardNorm, l, p+"norm2", x)
	gate := project(Gate, "g", h, g.FFN)
	gate = g.b.Op("silu", p+"silu", gate.Type, mil.Args{"x": gate})
	up := project(Up, "u", h, g.FFN)
	both := g.b.Op("mul", p+"gated", up.Type, mil.Args{"x": gate, "y": up})
	return g.add(p+"x2", x, project(Down, "d", both, g.Hidden))
}

// norm is the root-mean-square norm. Squares are taken in fp32: those of fp16
// overflow above 255.
func (g *graph) norm(role Role, layer int, name string, x *mil.Value) *mil.Value {
	b := g.b
	wide := g.cast(name+"_fp32", x, f32)
	one := mil.TensorType(f32, 1, unknown, 1)
	sq := b.Op("pow", name+"_squares", wide.Type, mil.Args{"x": wide, "y": b.Float("", f32, 2)})
	mean := b.Op("reduce_mean", name+"_mean", one, mil.Args{"x": sq, "axes": b.Ints("", -1), "keep_dims": b.Bool("", true)})
	sum := b.Op("add", name+"_sum", one, mil.Args{"x": mean, "y": b.Float("", f32, float32(g.NormEpsilon))})
	root := b.Op("rsqrt", name+"_rsqrt", one, mil.Args{"x": sum, "epsilon": b.Float("", f32, 1e-12)})
	normed := g.cast(name+"_normed", b.Op("mul", name+"_scaled", wide.Type, mil.Args{"x": wide, "y": root}), f16)
	// By the gain in halves, as transformers does it after it has gone back to them.
	gain := g.weight(Weight{Role: role, Layer: layer, Name: name + "_gain", Rows: g.Hidden})
	return b.Op("mul", name, x.Type, mil.Args{"x": normed, "y": gain})
}

// linear multiplies by a matrix. Converters write a bias of zeros where a layer
// has none. One bias of zeros is stored for each length and shared by all
// layers.
func (g *graph) linear(name string, x, weight *mil.Value) *mil.Value {
	rows := weight.Type.Shape[0]
	if g.zeros[rows] == nil {
		zeros, err := g.store.Put(fmt.Sprintf("zeros_%d", rows), f16, []int{rows}, make([]byte, 2*rows))
		if err != nil && g.err == nil {
			g.err = err
		}
		g.zeros[rows] = zeros
	}
	return g.b.Op("linear", name, mil.TensorType(f16, 1, unknown, rows), mil.Args{"x": x, "weight": weight, "bias": g.zeros[rows]})
}

// add is the sum of two values of one type.
func (g *graph) add(name string, x, y *mil.Value) *mil.Value {
	return g.b.Op("add", name, x.Type, mil.Args{"x": x, "y": y})
}

// heads turns [1, n, heads*d] into [1, heads, n, d].
func (g *graph) heads(name string, x *mil.Value, heads int) *mil.Value {
	b, d := g.b, g.HeadDim
	split := b.Op("reshape", name+"_split", mil.TensorType(f16, 1, unknown, heads, d), mil.Args{
		"x": x, "shape": b.Ints("", 1, -1, heads, d),
	})
	return b.Op("transpose", name+"_heads", mil.TensorType(f16, 1, heads, unknown, d), mil.Args{
		"x": split, "perm": b.Ints("", 0, 2, 1, 3),
	})
}

// rotate turns each head by its position: x*cos + (-x2, x1)*sin. The halves are
// those of the head, not neighbours: the order in which Hugging Face stores
// Llama's weights.
func (g *graph) rotate(name string, x *mil.Value) *mil.Value {
	b, heads, d := g.b, x.Type.Shape[1], g.HeadDim
	half := mil.TensorType(f16, 1, heads, unknown, d/2)
	part := func(suffix string, from, to int) *mil.Value {
		return b.Op("slice_by_index", name+suffix, half, mil.Args{
			"x": x, "begin": b.Ints("", 0, 0, 0, from), "end": b.Ints("", 1, heads, 0, to),
			"end_mask": b.Bools("", true, true, true, false),
		})
	}
	minus := b.Op("mul", name+"_minus", half, mil.Args{"x": part("_second", d/2, d), "y": b.Float("", f16, -1)})
	turned := b.Op("concat", name+"_turned", x.Type, mil.Args{
		"values": mil.Values{minus, part("_first", 0, d/2)}, "axis": b.Int("", -1), "interleave": b.Bool("", false),
	})
	return g.add(name+"_rotated",
		b.Op("mul", name+"_cos", x.Type, mil.Args{"x": x, "y": g.cos}),
		b.Op("mul", name+"_sin", x.Type, mil.Args{"x": turned, "y": g.sin}))
}

// cached writes the new rows of a layer into a state and returns all of its rows
// up to the end: [1, key-value heads, end, d].
func (g *graph) cached(name string, l int, state, rows *mil.Value) *mil.Value {
	b, d := g.b, g.HeadDim
	whole := mil.TensorType(f16, state.Type.Shape...)
	none := b.Ints("", 0)
	layer, next := b.Ints("", l), b.Ints("", l+1)
	squeeze := []bool{true, false, false, false, false}
	// All layers share one state, whose first dimension counts them: each writes its own
	// part and reads it back, which an engine does in place.
	old := b.Op("read_state", name+"_old", whole, mil.Args{"input": state})
	updated := b.Op("slice_update", name+"_updated", whole, mil.Args{
		"x": old, "update": rows,
		"begin":      g.join(name+"_begin", layer, none, none, g.past1, none),
		"end":        g.join(name+"_end", next, none, none, g.end1, none),
		"stride":     b.Ints("", 1, 1, 1, 1, 1),
		"begin_mask": b.Bools("", false, false, false, false, false),
		"end_mask":   b.Bools("", false, true, true, false, true), "squeeze_mask": b.Bools("", squeeze...),
	})
	b.Do("write_state", name+"_write", mil.Args{"input": state, "data": updated})
	new := b.Op("read_state", name+"_new", whole, mil.Args{"input": state})
	return b.Op("slice_by_index", name, mil.TensorType(f16, 1, g.KVHeads, unknown, d), mil.Args{
		"x": new, "begin": b.Ints("", l, 0, 0, 0, 0),
		"end":      g.join(name+"_limit", next, b.Ints("", 1), b.Ints("", g.KVHeads), g.end1, b.Ints("", d)),
		"end_mask": b.Bools("", false, true, true, false, true), "squeeze_mask": b.Bools("", squeeze...),
	})
}

// shared repeats each key-value head for the heads that share it: expand, tile and
// reshape are what torch's repeat_interleave is converted to.
func (g *graph) shared(name string, x *mil.Value) *mil.Value {
	group := g.Heads / g.KVHeads
	if group == 1 {
		return x
	}
	b, d := g.b, g.HeadDim
	apart := g.expand(name+"_apart", x, mil.TensorType(f16, 1, g.KVHeads, 1, unknown, d), 2)
	tiled := b.Op("tile", name+"_tiled", mil.TensorType(f16, 1, g.KVHeads, group, unknown, d), mil.Args{
		"x": apart, "reps": b.Ints("", 1, 1, group, 1, 1),
	})
	return b.Op("reshape", name+"_shared", mil.TensorType(f16, 1, g.Heads, unknown, d), mil.Args{
		"x": tiled, "shape": b.Ints("", 1, g.Heads, -1, d),
	})
}

// attend is attention of the new rows over the cached ones: [1, n, heads*d].
// The scale, one over the root of the head dimension, is the operator's own.
func (g *graph) attend(name string, query, keys, values *mil.Value) *mil.Value {
	b, width := g.b, g.Heads*g.HeadDim
	a := b.Op("scaled_dot_product_attention", name, mil.TensorType(dtype.Float16, 1, g.Heads, unknown, g.HeadDim), mil.Args{
		"query": query, "key": g.shared(name+"_keys", keys), "value": g.shared(name+"_values", values), "attn_mask": g.mask,
	})
	turned := b.Op("transpose", name+"_rows", mil.TensorType(f16, 1, unknown, g.Heads, g.HeadDim), mil.Args{
		"x": a, "perm": b.Ints("", 0, 2, 1, 3),
	})
	return b.Op("reshape", name+"_joined", mil.TensorType(f16, 1, unknown, width), mil.Args{
		"x": turned, "shape": b.Ints("", 1, -1, width),
	})
}
