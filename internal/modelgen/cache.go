package modelgen

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/mil"
)

// cache is where the keys or values of all layers are kept: [layers, batch, key-value
// heads, context, head dimension]. All layers share one, whose first dimension counts them.
type cache struct {
	whole *mil.Value // the state, or the input
	// rows are what has become of each layer, where the cache goes in and out.
	rows []*mil.Value
}

// inputs declares what the function is given.
func (g *graph) inputs() {
	g.ids = g.b.Input(inputIDs, i32, g.batch, unknown)
	g.mask = g.b.Input(causalMask, f16, g.batch, 1, unknown, unknown)
	kv := 0
	for i := range g.Layers {
		kv = max(kv, g.Layers[i].Attention.KVHeads)
	}
	shape := []int{len(g.Layers), g.batch, kv, g.Context, g.Layers[0].Attention.HeadDim}
	switch g.Form.Cache {
	case StateCache:
		g.keys.whole = g.b.State(keyCache, f16, shape...)
		g.values.whole = g.b.State(valueCache, f16, shape...)
	case IOCache:
		g.keys.whole = g.b.Input(keyCache, f16, shape...)
		g.values.whole = g.b.Input(valueCache, f16, shape...)
	case NoCache:
	}
}

// cached adds the new rows of a layer to a cache and returns all of its rows up to the
// end: [batch, key-value heads, end, d].
func (g *graph) cached(name string, l int, c *cache, rows *mil.Value) *mil.Value {
	switch g.Form.Cache {
	case IOCache:
		return g.cast(name+"_wide", g.passedOn(name, l, c, g.cast(name+"_fp16", rows, f16)), g.f)
	case NoCache:
		return rows
	default:
		return g.cast(name+"_wide", g.inState(name, l, c.whole, g.cast(name+"_fp16", rows, f16)), g.f)
	}
}

// inState writes new rows into a state and reads it back, which an engine does in place.
func (g *graph) inState(name string, l int, state, rows *mil.Value) *mil.Value {
	b, heads, d := g.b, rows.Type.Shape[1], rows.Type.Shape[3]
	whole := mil.TensorType(f16, state.Type.Shape...)
	none := b.Ints("", 0)
	layer, next := b.Ints("", l), b.Ints("", l+1)
	squeeze := []bool{true, false, false, false, false}
	// The heads' end is left open unless other layers have more of them.
	allHeads, last := heads == state.Type.Shape[2], none
	if !allHeads {
		last = b.Ints("", heads)
	}
	old := b.Op("read_state", name+"_old", whole, mil.Args{"input": state})
	updated := b.Op("slice_update", name+"_updated", whole, mil.Args{
		"x": old, "update": rows,
		"begin":      g.join(name+"_begin", layer, none, none, g.past1, none),
		"end":        g.join(name+"_end", next, none, last, g.end1, none),
		"stride":     b.Ints("", 1, 1, 1, 1, 1),
		"begin_mask": b.Bools("", false, false, false, false, false),
		"end_mask":   b.Bools("", false, true, allHeads, false, true), "squeeze_mask": b.Bools("", squeeze...),
	})
	b.Do("write_state", name+"_write", mil.Args{"input": state, "data": updated})
	new := b.Op("read_state", name+"_new", whole, mil.Args{"input": state})
	return b.Op("slice_by_index", name, mil.TensorType(f16, g.batch, heads, unknown, d), mil.Args{
		"x": new, "begin": b.Ints("", l, 0, 0, 0, 0),
		"end":      g.join(name+"_limit", next, b.Ints("", g.batch), b.Ints("", heads), g.end1, b.Ints("", d)),
		"end_mask": b.Bools("", false, true, allHeads, false, true), "squeeze_mask": b.Bools("", squeeze...),
	})
}

// passedOn puts new rows behind the old ones of a cache that goes in and out, and notes
// the layer's cache for the output: in operators that systems before states have.
func (g *graph) passedOn(name string, l int, c *cache, rows *mil.Value) *mil.Value {
	b, kv, context := g.b, rows.Type.Shape[1], g.Context
	d := rows.Type.Shape[3]
	open := mil.TensorType(f16, g.batch, kv, unknown, d)
	fixed := mil.TensorType(f16, g.batch, kv, context, d)
	none := b.Ints("", 0)
	layer := b.Op("slice_by_index", name+"_layer", fixed, mil.Args{
		"x": c.whole, "begin": b.Ints("", l, 0, 0, 0, 0), "end": b.Ints("", l+1, 0, kv, 0, 0),
		"end_mask": b.Bools("", false, true, false, true, true), "squeeze_mask": b.Bools("", true, false, false, false, false),
	})
	old := b.Op("slice_by_index", name+"_old", open, mil.Args{
		"x": layer, "begin": b.Ints("", 0, 0, 0, 0), "end": g.join(name+"_old_end", none, none, g.past1, none),
		"end_mask": b.Bools("", true, true, false, true),
	})
	concat := func(name string, t mil.Type, values ...*mil.Value) *mil.Value {
		return b.Op("concat", name, t, mil.Args{"values": mil.Values(values), "axis": b.Int("", 2), "interleave": b.Bool("", false)})
	}
	all := concat(name, open, old, rows)
	rest := b.Op("slice_by_index", name+"_rest", open, mil.Args{
		"x": layer, "begin": g.join(name+"_rest_begin", none, none, g.end1, none), "end": b.Ints("", 0, 0, 0, 0),
		"end_mask": b.Bools("", true, true, true, true),
	})
	whole := b.Op("reshape", name+"_whole", mil.TensorType(f16, 1, g.batch, kv, context, d), mil.Args{
		"x": concat(name+"_filled", open, all, rest), "shape": b.Ints("", 1, g.batch, kv, context, d),
	})
	if most := c.whole.Type.Shape[2]; kv < most {
		whole = b.Op("concat", name+"_padded", mil.TensorType(f16, 1, g.batch, most, context, d), mil.Args{
			"values": mil.Values{whole, b.Float16s(name+"_pad", []int{1, g.batch, most - kv, context, d}, make([]float32, g.batch*(most-kv)*context*d)...)},
			"axis":   b.Int("", 2), "interleave": b.Bool("", false),
		})
	}
	c.rows = append(c.rows, whole)
	return all
}

// giveCaches makes caches that go in and out results.
func (g *graph) giveCaches() {
	if g.Form.Cache != IOCache {
		return
	}
	for _, c := range []struct {
		cache *cache
		name  string
	}{{&g.keys, newKeys}, {&g.values, newValues}} {
		v := g.b.Op("concat", fmt.Sprintf("%s_layers", c.name), mil.TensorType(f16, c.cache.whole.Type.Shape...), mil.Args{
			"values": mil.Values(c.cache.rows), "axis": g.b.Int("", 0), "interleave": g.b.Bool("", false),
		})
		g.b.Output(c.name, v)
	}
}
