package modelgen

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/mil"
)

// Experts are feed-forward networks of equal size, of which each token goes through the
// few that a router finds fit for it. Their results are added, each times its share.
type Experts struct {
	Count, PerToken int
	// Normalize divides the shares of the chosen experts by their sum. The shares are a
	// softmax over all experts, computed in fp32.
	Normalize bool
	// Shared is the width of a further network that all tokens go through, 0 where there
	// is none. Its result is multiplied by a sigmoid of a row of its own.
	Shared int
}

// routed is a feed-forward network with experts. The program goes in a loop over the
// experts that any of its tokens wants, and gathers the weights of one after the other:
// a single token reads only the experts that it is sent to, and a long text each expert
// once. Tokens that an expert is not for get nothing of its result.
func (g *graph) routed(l int, p string, h *mil.Value) *mil.Value {
	b, m := g.b, &g.Layers[l].MLP
	p += "experts_"
	x := g.asRows(p+"x", h)
	shares := g.shares(l, p, x)
	order, count := g.wanted(p, shares)

	gate := g.weight(g.expert(ExpertGate, l, p+"g_weight", m.Width, g.Hidden))
	up := g.weight(g.expert(ExpertUp, l, p+"u_weight", m.Width, g.Hidden))
	down := g.weight(g.expert(ExpertDown, l, p+"d_weight", g.Hidden, m.Width))
	sum := b.Op("fill_like", p+"none", x.Type, mil.Args{"ref_tensor": x, "value": b.Float("", g.f, 0)})
	if m.Experts.Shared > 0 {
		sum = g.sharedExpert(l, p, h)
	}

	scalar, rows, outputs := mil.TensorType(i32), g.upTo(m.Width), g.upTo(g.Hidden)
	vars := []mil.Type{scalar, x.Type}
	more := b.Block(vars, func(in []*mil.Value) []*mil.Value {
		return []*mil.Value{b.Op("less", p+"more", mil.TensorType(boolean), mil.Args{"x": in[0], "y": count})}
	})
	one := b.Block(vars, func(in []*mil.Value) []*mil.Value {
		which := g.pick(p+"which", order, g.expand(p+"turn", in[0], mil.TensorType(i32, 1), 0), 0, 1)
		a := g.activated(m.Activation, p, g.product(p+"g", x, g.matrix(p+"g", gate, which, rows)))
		both := b.Op("mul", p+"gated", a.Type, mil.Args{"x": a, "y": g.product(p+"u", x, g.matrix(p+"u", up, which, rows))})
		y := g.product(p+"d", both, g.matrix(p+"d", down, which, outputs))
		share := g.pick(p+"share", shares, which, 1, unknown, 1)
		y = b.Op("mul", p+"shared_out", y.Type, mil.Args{"x": y, "y": share})
		// Not times 0: what an expert makes of a token that is not its own may overflow.
		own := b.Op("greater", p+"for", mil.TensorType(boolean, unknown, 1), mil.Args{"x": share, "y": b.Float("", g.f, 0)})
		y = b.Op("select", p+"own", y.Type, mil.Args{"cond": own, "a": y, "b": b.Float("", g.f, 0)})
		next := b.Op("add", p+"next", scalar, mil.Args{"x": in[0], "y": b.Int("", 1)})
		return []*mil.Value{next, g.add(p+"sum", in[1], y)}
	})
	out := b.MultiOp("while_loop", p+"all", vars, mil.Args{"loop_vars": mil.Values{b.Int("", 0), sum}}, more, one)
	return g.fromRows(p+"out", out[1])
}

// expert is the weight of all experts, one behind the other.
func (g *graph) expert(role Role, l int, name string, rows, cols int) Weight {
	return Weight{Role: role, Layer: l, Name: name, Rows: g.Layers[l].MLP.Experts.Count * rows, Cols: cols}
}

// shares are those of all experts, 0 where a token does not go: [tokens, experts]. The
// router works in fp32, since a rounding may choose another expert.
func (g *graph) shares(l int, p string, x *mil.Value) *mil.Value {
	b, e := g.b, g.Layers[l].MLP.Experts
	w := Weight{Role: Router, Layer: l, Name: p + "router_weight", Rows: e.Count, Cols: g.Hidden, Type: f32}
	all := mil.TensorType(f32, unknown, e.Count)
	s := g.product(p+"router", g.cast(p+"router_x", x, f32), g.weight(w))
	s = b.Op("softmax", p+"likely", all, mil.Args{"x": s, "axis": b.Int("", -1)})
	few := mil.TensorType(f32, unknown, e.PerToken)
	top := b.MultiOp("topk", p+"top", []mil.Type{few, mil.TensorType(i32, unknown, e.PerToken)}, mil.Args{
		"x": s, "k": b.Int("", e.PerToken), "axis": b.Int("", -1), "ascending": b.Bool("", false),
		"sort": b.Bool("", true), "return_indices": b.Bool("", true), "output_indices_dtype": b.Text("", "int32"),
	})
	share := top[0]
	if e.Normalize {
		total := b.Op("reduce_sum", p+"total", mil.TensorType(f32, unknown, 1), mil.Args{"x": share, "axes": b.Ints("", -1), "keep_dims": b.Bool("", true)})
		share = b.Op("real_div", p+"normalized", few, mil.Args{"x": share, "y": total})
	}
	apart := mil.TensorType(f32, unknown, e.PerToken, e.Count)
	chosen := b.Op("one_hot", p+"chosen", apart, mil.Args{
		"indices": top[1], "one_hot_vector_size": b.Int("", e.Count), "axis": b.Int("", -1),
		"on_value": b.Float("", f32, 1), "off_value": b.Float("", f32, 0),
	})
	column := g.expand(p+"column", share, mil.TensorType(f32, unknown, e.PerToken, 1), 2)
	spread := b.Op("mul", p+"spread", apart, mil.Args{"x": chosen, "y": column})
	s = b.Op("reduce_sum", p+"shares", all, mil.Args{"x": spread, "axes": b.Ints("", 1), "keep_dims": b.Bool("", false)})
	return g.cast(p+"shares_half", s, g.f)
}

// wanted lists the experts, those that any token wants first, and counts these.
func (g *graph) wanted(p string, shares *mil.Value) (order, count *mil.Value) {
	b, n := g.b, shares.Type.Shape[1]
	most := b.Op("reduce_max", p+"most", mil.TensorType(g.f, n), mil.Args{"x": shares, "axes": b.Ints("", 0), "keep_dims": b.Bool("", false)})
	top := b.MultiOp("topk", p+"order", []mil.Type{mil.TensorType(g.f, n), mil.TensorType(i32, n)}, mil.Args{
		"x": most, "k": b.Int("", n), "axis": b.Int("", -1), "ascending": b.Bool("", false),
		"sort": b.Bool("", true), "return_indices": b.Bool("", true), "output_indices_dtype": b.Text("", "int32"),
	})
	above := b.Op("greater", p+"wanted", mil.TensorType(boolean, n), mil.Args{"x": most, "y": b.Float("", g.f, 0)})
	ones := g.cast(p+"ones", above, i32)
	count = b.Op("reduce_sum", p+"count", mil.TensorType(i32), mil.Args{"x": ones, "axes": b.Ints("", 0), "keep_dims": b.Bool("", false)})
	return top[1], count
}

// sharedExpert is the network that all tokens go through, in rows.
func (g *graph) sharedExpert(l int, p string, h *mil.Value) *mil.Value {
	b, m := g.b, &g.Layers[l].MLP
	gate := g.activated(m.Activation, p+"shared_", g.project(SharedGate, l, p+"shared_g", h, m.Experts.Shared, false))
	up := g.project(SharedUp, l, p+"shared_u", h, m.Experts.Shared, false)
	both := b.Op("mul", p+"shared_gated", up.Type, mil.Args{"x": gate, "y": up})
	y := g.project(SharedDown, l, p+"shared_d", both, g.Hidden, false)
	open := g.project(SharedOpen, l, p+"shared_open", h, 1, false)
	open = b.Op("sigmoid", p+"shared_sigmoid", open.Type, mil.Args{"x": open})
	return g.asRows(p+"shared", b.Op("mul", p+"shared_opened", y.Type, mil.Args{"x": y, "y": open}))
}

// pick takes what lies at an index of a dimension.
func (g *graph) pick(name string, x, index *mil.Value, axis int, shape ...int) *mil.Value {
	b := g.b
	return b.Op("gather", name, mil.TensorType(x.Type.DType, shape...), mil.Args{
		"x": x, "indices": index, "axis": b.Int("", axis), "batch_dims": b.Int("", 0), "validate_indices": b.Bool("", false),
	})
}

// matrix takes the matrix of one of several that lie one behind the other. Rows are the
// numbers of the rows of one.
func (g *graph) matrix(name string, all, which, rows *mil.Value) *mil.Value {
	b, n := g.b, rows.Type.Shape[0]
	first := b.Op("mul", name+"_first", which.Type, mil.Args{"x": which, "y": b.Int("", n)})
	index := b.Op("add", name+"_rows", rows.Type, mil.Args{"x": rows, "y": first})
	return g.pick(name+"_matrix", all, index, 0, n, all.Type.Shape[1])
}

// upTo is the numbers from 0 to n-1.
func (g *graph) upTo(n int) *mil.Value {
	if g.numbers[n] == nil {
		list := make([]int, n)
		for i := range list {
			list[i] = i
		}
		g.numbers[n] = g.b.Ints(fmt.Sprintf("up_to_%d", n), list...)
	}
	return g.numbers[n]
}

// product multiplies rows by a matrix of [outputs, inputs].
func (g *graph) product(name string, x, matrix *mil.Value) *mil.Value {
	b := g.b
	return b.Op("matmul", name, mil.TensorType(x.Type.DType, unknown, matrix.Type.Shape[0]), mil.Args{
		"x": x, "y": matrix, "transpose_x": b.Bool("", false), "transpose_y": b.Bool("", true),
	})
}

// asRows lays all tokens of all texts below each other: [tokens, width].
func (g *graph) asRows(name string, x *mil.Value) *mil.Value {
	b, width := g.b, x.Type.Shape[g.Form.width()]
	if g.Conv {
		flat := b.Op("squeeze", name+"_flat", mil.TensorType(x.Type.DType, g.batch, width, unknown), mil.Args{"x": x, "axes": b.Ints("", 2)})
		x = b.Op("transpose", name+"_turned", mil.TensorType(x.Type.DType, g.batch, unknown, width), mil.Args{"x": flat, "perm": b.Ints("", 0, 2, 1)})
	}
	return b.Op("reshape", name+"_rows", mil.TensorType(x.Type.DType, unknown, width), mil.Args{"x": x, "shape": b.Ints("", -1, width)})
}

// fromRows undoes asRows.
func (g *graph) fromRows(name string, x *mil.Value) *mil.Value {
	b, width := g.b, x.Type.Shape[1]
	x = b.Op("reshape", name, mil.TensorType(x.Type.DType, g.batch, unknown, width), mil.Args{"x": x, "shape": b.Ints("", g.batch, -1, width)})
	if !g.Conv {
		return x
	}
	turned := b.Op("transpose", name+"_turned", mil.TensorType(x.Type.DType, g.batch, width, unknown), mil.Args{"x": x, "perm": b.Ints("", 0, 2, 1)})
	return g.expand(name+"_channels", turned, g.stream(x.Type.DType, width), 2)
}
