package modelgen

import (
	"math"

	"github.com/gocoreml/coreml/internal/mil"
)

// attention is the attention of a layer: of the fed rows over the cached ones.
func (g *graph) attention(l int, p string, h *mil.Value) *mil.Value {
	a := &g.Layers[l].Attention
	q, kv := a.Heads*a.HeadDim, a.KVHeads*a.HeadDim
	rows := g.headNorm(a.HeadNorm, AllHeads, Weight{Role: QueryNorm, Layer: l}, p+"q_norm", g.project(Query, l, p+"q", h, q, a.QueryBias))
	query := g.heads(p+"q", rows, a.Heads, a.HeadDim)
	rows = g.headNorm(a.HeadNorm, AllHeads, Weight{Role: KeyNorm, Layer: l}, p+"k_norm", g.project(Key, l, p+"k", h, kv, a.KeyBias))
	key := g.heads(p+"k", rows, a.KVHeads, a.HeadDim)
	value := g.heads(p+"v", g.project(Value, l, p+"v", h, kv, a.ValueBias), a.KVHeads, a.HeadDim)
	query = g.headNorm(a.HeadNorm, EachHead, Weight{Role: QueryNorm, Layer: l}, p+"q_norm", query)
	key = g.headNorm(a.HeadNorm, EachHead, Weight{Role: KeyNorm, Layer: l}, p+"k_norm", key)
	query, key = g.rotate(p+"q", query, a.Rotary), g.rotate(p+"k", key, a.Rotary)
	keys, values := g.cached(p+"keys", l, &g.keys, key), g.cached(p+"values", l, &g.values, value)
	return g.project(AttentionOut, l, p+"o", g.attend(p+"attention", a, query, keys, values), g.Hidden, a.OutBias)
}

// heads parts rows into heads: [batch, heads, tokens, d].
func (g *graph) heads(name string, x *mil.Value, heads, d int) *mil.Value {
	b := g.b
	if g.Conv {
		split := b.Op("reshape", name+"_split", mil.TensorType(g.f, g.batch, heads, d, unknown), mil.Args{
			"x": x, "shape": b.Ints("", g.batch, heads, d, -1),
		})
		return b.Op("transpose", name+"_heads", mil.TensorType(g.f, g.batch, heads, unknown, d), mil.Args{
			"x": split, "perm": b.Ints("", 0, 1, 3, 2),
		})
	}
	split := b.Op("reshape", name+"_split", mil.TensorType(g.f, g.batch, unknown, heads, d), mil.Args{
		"x": x, "shape": b.Ints("", g.batch, -1, heads, d),
	})
	return b.Op("transpose", name+"_heads", mil.TensorType(g.f, g.batch, heads, unknown, d), mil.Args{
		"x": split, "perm": b.Ints("", 0, 2, 1, 3),
	})
}

// shared repeats each key-value head for the heads that share it: expand, tile and
// reshape are what torch's repeat_interleave is converted to.
func (g *graph) shared(name string, x *mil.Value, heads int) *mil.Value {
	kv, d := x.Type.Shape[1], x.Type.Shape[3]
	group := heads / kv
	if group == 1 {
		return x
	}
	b := g.b
	apart := g.expand(name+"_apart", x, mil.TensorType(g.f, g.batch, kv, 1, unknown, d), 2)
	tiled := b.Op("tile", name+"_tiled", mil.TensorType(g.f, g.batch, kv, group, unknown, d), mil.Args{
		"x": apart, "reps": b.Ints("", 1, 1, group, 1, 1),
	})
	return b.Op("reshape", name+"_shared", mil.TensorType(g.f, g.batch, heads, unknown, d), mil.Args{
		"x": tiled, "shape": b.Ints("", g.batch, heads, -1, d),
	})
}

// attend is attention of the new rows over the cached ones, with the heads joined again.
func (g *graph) attend(name string, a *Attention, query, keys, values *mil.Value) *mil.Value {
	b := g.b
	keys, values = g.shared(name+"_keys", keys, a.Heads), g.shared(name+"_values", values, a.Heads)
	mask := g.windowed(a.Window)
	var v *mil.Value
	if a.ScoreCap != 0 || !g.hasStates() {
		v = g.writtenOut(name, a, query, keys, values, mask)
	} else {
		// The operator's own scale is one over the root of the head dimension. What another
		// one differs by goes to the queries.
		query = g.times(name+"_query", query, a.scale()*math.Sqrt(float64(a.HeadDim)))
		v = b.Op("scaled_dot_product_attention", name, query.Type, mil.Args{
			"query": query, "key": keys, "value": values, "attn_mask": mask,
		})
	}
	return g.joined(name, v)
}

// writtenOut is attention in single steps: with scores that are bounded before the mask, or
// for systems without the operator.
func (g *graph) writtenOut(name string, a *Attention, query, keys, values, mask *mil.Value) *mil.Value {
	b := g.b
	scores := mil.TensorType(g.f, g.batch, a.Heads, unknown, unknown)
	s := b.Op("matmul", name+"_scores", scores, mil.Args{
		"x": g.times(name+"_query", query, a.scale()), "y": keys, "transpose_x": b.Bool("", false), "transpose_y": b.Bool("", true),
	})
	s = g.add(name+"_masked", g.capped(name+"_scores", s, a.ScoreCap), mask)
	s = b.Op("softmax", name+"_weights", scores, mil.Args{"x": s, "axis": b.Int("", -1)})
	return b.Op("matmul", name, query.Type, mil.Args{
		"x": s, "y": values, "transpose_x": b.Bool("", false), "transpose_y": b.Bool("", false),
	})
}

// joined puts the heads of a token side by side again.
func (g *graph) joined(name string, v *mil.Value) *mil.Value {
	b, heads, d := g.b, v.Type.Shape[1], v.Type.Shape[3]
	if g.Conv {
		turned := b.Op("transpose", name+"_rows", mil.TensorType(g.f, g.batch, heads, d, unknown), mil.Args{
			"x": v, "perm": b.Ints("", 0, 1, 3, 2),
		})
		return b.Op("reshape", name+"_joined", g.stream(g.f, heads*d), mil.Args{
			"x": turned, "shape": b.Ints("", g.batch, heads*d, 1, -1),
		})
	}
	turned := b.Op("transpose", name+"_rows", mil.TensorType(g.f, g.batch, unknown, heads, d), mil.Args{
		"x": v, "perm": b.Ints("", 0, 2, 1, 3),
	})
	return b.Op("reshape", name+"_joined", g.stream(g.f, heads*d), mil.Args{
		"x": turned, "shape": b.Ints("", g.batch, -1, heads*d),
	})
}

// windowed returns the mask of layers that see so many positions, 0 for all: a token at
// position q sees the keys after q-window. The mask that the program is given is the
// plain causal one.
func (g *graph) windowed(window int) *mil.Value {
	if window >= g.Context {
		window = 0
	}
	if v := g.windows[window]; v != nil {
		return v
	}
	b := g.b
	if window == 0 {
		g.windows[0] = g.cast("mask", g.mask, g.f)
		return g.windows[0]
	}
	mask := g.windowed(0)
	name := "window"
	if len(g.windows) > 1 {
		name = "window_2"
	}
	if g.Encoder != nil {
		g.windows[window] = g.near(name, window, mask)
		return g.windows[window]
	}
	line := func(name string, from *mil.Value, axes []int, shape ...int) *mil.Value {
		v := b.Op("range_1d", name, mil.TensorType(i32, unknown), mil.Args{"start": from, "end": g.end, "step": b.Int("", 1)})
		return g.expand(name+"_line", v, mil.TensorType(i32, shape...), axes...)
	}
	queries := line(name+"_queries", g.past, []int{0, 1, 3}, 1, 1, unknown, 1)
	keys := line(name+"_keys", b.Int("", 0), []int{0, 1, 2}, 1, 1, 1, unknown)
	oldest := b.Op("sub", name+"_oldest", queries.Type, mil.Args{"x": queries, "y": b.Int("", window)})
	seen := b.Op("greater", name+"_seen", withDim(mil.TensorType(boolean, queries.Type.Shape...), 3, unknown), mil.Args{"x": keys, "y": oldest})
	g.windows[window] = b.Op("select", name+"_mask", mask.Type, mil.Args{
		"cond": seen, "a": mask, "b": b.Float("", g.f, float32(math.Inf(-1))),
	})
	return g.windows[window]
}
