package modelgen

import (
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/internal/mil"
)

// layer adds attention and feed-forward to x, which is the residual stream.
func (g *graph) layer(l int, x *mil.Value) *mil.Value {
	p := fmt.Sprintf("layers_%d_", l)
	layer, wide := &g.Layers[l], x.Type.DType
	before := g.norm(layer.BeforeAttention, Weight{Role: AttentionNorm, Layer: l}, p+"norm1", x, g.f)
	branch := g.attention(l, p, before)
	after := func(n *Norm, role Role, name, sum string, x, branch *mil.Value) *mil.Value {
		w := Weight{Role: role, Layer: l}
		if g.Encoder != nil && g.Encoder.NormedSums {
			return g.norm(n, w, name, g.add(sum, x, branch), wide)
		}
		branch = g.norm(n, w, name, branch, wide)
		return g.add(sum, x, g.times(strings.TrimSuffix(name, "norm")+"scaled", branch, layer.ResidualScale))
	}
	x1 := after(layer.AfterAttention, AfterAttention, p+"attention_norm", p+"x1", x, branch)
	y := x1
	if layer.Parallel {
		y = x
	}
	h := before
	if !layer.Parallel || layer.BeforeMLP != nil {
		h = g.norm(layer.BeforeMLP, Weight{Role: FeedForwardNorm, Layer: l}, p+"norm2", y, g.f)
	}
	return after(layer.AfterMLP, AfterFeedForward, p+"mlp_norm", p+"x2", x1, g.feedForward(l, p, h))
}

// project multiplies by the matrix of a role.
func (g *graph) project(role Role, l int, name string, x *mil.Value, rows int, bias bool) *mil.Value {
	w := Weight{Role: role, Layer: l, Name: name + "_weight", Rows: rows, Cols: x.Type.Shape[g.Form.width()], Conv: g.Conv}
	weight := g.weight(w)
	return g.linear(name, x, weight, g.bias(w, name+"_bias", bias))
}

// feedForward is the feed-forward network of a layer.
func (g *graph) feedForward(l int, p string, h *mil.Value) *mil.Value {
	m := &g.Layers[l].MLP
	if m.Experts != nil {
		return g.routed(l, p, h)
	}
	var both *mil.Value
	if m.Gated {
		gate := g.activated(m.Activation, p, g.project(Gate, l, p+"g", h, m.Width, m.UpBias))
		up := g.project(Up, l, p+"u", h, m.Width, m.UpBias)
		both = g.b.Op("mul", p+"gated", up.Type, mil.Args{"x": gate, "y": up})
	} else {
		both = g.activated(m.Activation, p, g.project(Up, l, p+"u", h, m.Width, m.UpBias))
	}
	return g.project(Down, l, p+"d", both, g.Hidden, m.DownBias)
}

// activated is the nonlinear function between the products.
func (g *graph) activated(a Activation, p string, x *mil.Value) *mil.Value {
	b, args := g.b, mil.Args{"x": x}
	switch a {
	case GeluExact:
		args["mode"] = b.Text("", "EXACT")
		return b.Op("gelu", p+"gelu", x.Type, args)
	case GeluTanh:
		args["mode"] = b.Text("", "TANH_APPROXIMATION")
		return b.Op("gelu", p+"gelu", x.Type, args)
	case Relu:
		return b.Op("relu", p+"relu", x.Type, args)
	case ReluSquared:
		return b.Op("square", p+"squared", x.Type, mil.Args{"x": b.Op("relu", p+"relu", x.Type, args)})
	default:
		return b.Op("silu", p+"silu", x.Type, args)
	}
}

// linear multiplies by a matrix, as a convolution of one place in that form.
func (g *graph) linear(name string, x, weight, bias *mil.Value) *mil.Value {
	b, rows := g.b, weight.Type.Shape[0]
	if !g.Conv {
		typ := withDim(x.Type, 2, rows)
		return b.Op("linear", name, typ, mil.Args{"x": x, "weight": weight, "bias": bias})
	}
	return b.Op("conv", name, withDim(x.Type, 1, rows), mil.Args{
		"x": x, "weight": weight, "bias": bias, "strides": b.Ints("", 1, 1), "pad_type": b.Text("", "valid"),
		"pad": b.Ints("", 0, 0, 0, 0), "dilations": b.Ints("", 1, 1), "groups": b.Int("", 1),
	})
}

// bias asks for the bias of a linear layer. Converters write a bias of zeros where a
// layer has none. One bias of zeros is stored for each length and shared by all layers.
func (g *graph) bias(w Weight, name string, has bool) *mil.Value {
	rows := w.Rows
	if has {
		w.Bias, w.Cols, w.Name = true, 0, name
		return g.weight(w)
	}
	if g.zeros[rows] == nil {
		zeros, err := g.store.Put(fmt.Sprintf("zeros_%d", rows), g.f, []int{rows}, make([]byte, g.f.Size()*rows))
		if err != nil && g.err == nil {
			g.err = err
		}
		g.zeros[rows] = zeros
	}
	return g.zeros[rows]
}
