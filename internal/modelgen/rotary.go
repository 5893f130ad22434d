package modelgen

import (
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// turn is the cosines and sines of the fed positions: [tokens, dims], or of a shape that
// broadcasts alike.
type turn struct{ cos, sin *mil.Value }

// rotations makes the cosines and sines of the fed positions, once for each kind of
// rotation.
func (g *graph) rotations() {
	for i := range g.Layers {
		r := g.Layers[i].Attention.Rotary
		if r == nil || g.turns[r].cos != nil {
			continue
		}
		suffix := ""
		if n := len(g.turns); n > 0 {
			suffix = fmt.Sprintf("_%d", n+1)
		}
		if r.Form == Tables {
			g.turns[r] = turn{g.tableRows("cos"+suffix, r, math.Cos), g.tableRows("sin"+suffix, r, math.Sin)}
		} else {
			g.turns[r] = g.angles(suffix, r)
		}
	}
}

// spread gives each element of what is turned the frequency of its pair.
func (r *Rotary) spread(frequencies []float64) []float64 {
	n := len(frequencies)
	f := make([]float64, 2*n)
	for j := range f {
		f[j] = frequencies[j%n]
		if r.Neighbours {
			f[j] = frequencies[j/2]
		}
	}
	return f
}

// angles computes cosines and sines in the program. In fp32: a position of some
// thousands times a frequency has no digits to spare in halves.
func (g *graph) angles(suffix string, r *Rotary) turn {
	b, d := g.b, r.Dims()
	row := func(name string, list []float64) *mil.Value {
		freqs := make([]float32, d)
		for j, f := range r.spread(list) {
			freqs[j] = float32(f)
		}
		return b.Float32s(name, []int{1, d}, freqs...)
	}
	freqs := row("frequencies"+suffix, r.Frequencies)
	if g.getsLong(r) {
		freqs = g.chosen("frequencies"+suffix, r, row("long_frequencies"+suffix, r.Long), freqs)
	}
	pos := b.Op("range_1d", "positions"+suffix, mil.TensorType(i32, unknown), mil.Args{
		"start": g.past, "end": g.end, "step": b.Int("", 1),
	})
	column := g.expand("positions_column"+suffix, pos, mil.TensorType(i32, unknown, 1), 1)
	wide := g.cast("positions_fp32"+suffix, column, f32)
	angles := b.Op("mul", "angles"+suffix, mil.TensorType(f32, unknown, d), mil.Args{
		"x": wide, "y": freqs,
	})
	of := func(f string) *mil.Value {
		v := b.Op(f, f+"_fp32"+suffix, angles.Type, mil.Args{"x": angles})
		return g.cast(f+suffix, g.times(f+"_scaled"+suffix, v, r.Scale), g.f)
	}
	return turn{of("cos"), of("sin")}
}

// tableRows takes the rows of the fed positions from a table for the whole context, and
// for long texts from another one.
func (g *graph) tableRows(name string, r *Rotary, f func(float64) float64) *mil.Value {
	rows := g.table(name, r.spread(r.Frequencies), r.Scale, f)
	if !g.getsLong(r) {
		return rows
	}
	return g.chosen(name, r, g.table(name+"_long", r.spread(r.Long), r.Scale, f), rows)
}

// getsLong reports whether a text can be so long that other frequencies hold.
func (g *graph) getsLong(r *Rotary) bool { return r.Long != nil && r.LongAfter < g.Context }

// chosen is long for long texts, else short.
func (g *graph) chosen(name string, r *Rotary, long, short *mil.Value) *mil.Value {
	after := g.b.Op("greater", name+"_is_long", mil.TensorType(dtype.Bool), mil.Args{"x": g.end, "y": g.b.Int("", r.LongAfter)})
	return g.b.Op("select", name+"_chosen", short.Type, mil.Args{"cond": after, "a": long, "b": short})
}

// table writes a table, which is computed in double precision and rounded once, and takes
// the rows of the fed positions.
func (g *graph) table(name string, frequencies []float64, scale float64, f func(float64) float64) *mil.Value {
	b, d := g.b, len(frequencies)
	if scale == 0 {
		scale = 1
	}
	if g.listing {
		return b.Op("slice_by_index", name, mil.TensorType(g.f, unknown, d), mil.Args{"x": b.Float(name+"_table", g.f, 0)})
	}
	table := make([]float32, g.Context*d)
	for p := range g.Context {
		for j := range d {
			table[p*d+j] = float32(scale * f(float64(p)*frequencies[j]))
		}
	}
	return b.Op("slice_by_index", name, mil.TensorType(g.f, unknown, d), mil.Args{
		"x":     b.Floats(name+"_table", g.f, []int{g.Context, d}, table...),
		"begin": g.join(name+"_begin", g.past1, b.Ints("", 0)),
		"end":   g.join(name+"_end", g.end1, b.Ints("", d)),
	})
}

// rotate turns each head by its position, the first elements of it where a part is turned.
func (g *graph) rotate(name string, x *mil.Value, r *Rotary) *mil.Value {
	if r == nil {
		return x
	}
	d, n := x.Type.Shape[3], r.Dims()
	if n == d {
		return g.turned(name, x, r)
	}
	turned := g.turned(name, g.part(name+"_turning", x, 0, n), r)
	return g.b.Op("concat", name+"_whole", x.Type, mil.Args{
		"values": mil.Values{turned, g.part(name+"_still", x, n, d)}, "axis": g.b.Int("", -1), "interleave": g.b.Bool("", false),
	})
}

// part is elements from (inclusive) to to (exclusive) of each head.
func (g *graph) part(name string, x *mil.Value, from, to int) *mil.Value {
	b := g.b
	return b.Op("slice_by_index", name, withDim(x.Type, 3, to-from), mil.Args{
		"x": x, "begin": b.Ints("", 0, 0, 0, from), "end": b.Ints("", g.batch, x.Type.Shape[1], 0, to),
		"end_mask": b.Bools("", true, true, true, false),
	})
}

// turned is x*cos + (-x2, x1)*sin. The halves are those of the head, the order in which
// Hugging Face stores Llama's weights, or else neighbours.
func (g *graph) turned(name string, x *mil.Value, r *Rotary) *mil.Value {
	b, d, t := g.b, x.Type.Shape[3], g.turns[r]
	var crossed *mil.Value
	if r.Neighbours {
		crossed = g.swapNeighbours(name, x)
	} else {
		half := withDim(x.Type, 3, d/2)
		minus := b.Op("mul", name+"_minus", half, mil.Args{"x": g.part(name+"_second", x, d/2, d), "y": b.Float("", g.f, -1)})
		crossed = b.Op("concat", name+"_turned", x.Type, mil.Args{
			"values": mil.Values{minus, g.part(name+"_first", x, 0, d/2)}, "axis": b.Int("", -1), "interleave": b.Bool("", false),
		})
	}
	return g.add(name+"_rotated",
		b.Op("mul", name+"_cos", x.Type, mil.Args{"x": x, "y": t.cos}),
		b.Op("mul", name+"_sin", x.Type, mil.Args{"x": crossed, "y": t.sin}))
}

// swapNeighbours makes (-x1, x0, -x3, x2, ...) of each head.
func (g *graph) swapNeighbours(name string, x *mil.Value) *mil.Value {
	b, h, d := g.b, x.Type.Shape[1], x.Type.Shape[3]
	every := func(suffix string, from int) *mil.Value {
		return b.Op("slice_by_index", name+suffix, withDim(x.Type, 3, d/2), mil.Args{
			"x": x, "begin": b.Ints("", 0, 0, 0, from), "end": b.Ints("", g.batch, h, 0, d), "stride": b.Ints("", 1, 1, 1, 2),
			"end_mask": b.Bools("", true, true, true, true),
		})
	}
	minus := b.Op("mul", name+"_minus", withDim(x.Type, 3, d/2), mil.Args{"x": every("_odd", 1), "y": b.Float("", g.f, -1)})
	pairs := b.Op("stack", name+"_pairs", mil.TensorType(g.f, g.batch, h, unknown, d/2, 2), mil.Args{
		"values": mil.Values{minus, every("_even", 0)}, "axis": b.Int("", -1),
	})
	return b.Op("reshape", name+"_turned", x.Type, mil.Args{"x": pairs, "shape": b.Ints("", g.batch, h, -1, d)})
}
