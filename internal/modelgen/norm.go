package modelgen

import (
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// norm is a norm over the width of x, which is the last dimension, or the second in
// convolutions' form. Of w it takes role and layer. Everything up to the gain is computed
// in fp32: the squares of fp16 overflow above 255. A nil norm changes only the type.
func (g *graph) norm(n *Norm, w Weight, name string, x *mil.Value, out dtype.Type) *mil.Value {
	if n == nil {
		return g.cast(name, x, out)
	}
	axis := len(x.Type.Shape) - 1
	if g.Conv && w.Role != QueryNorm && w.Role != KeyNorm {
		axis = 1
	}
	return g.normOver(n, w, name, x, out, axis)
}

// normOver is norm over one axis.
func (g *graph) normOver(n *Norm, w Weight, name string, x *mil.Value, out dtype.Type, axis int) *mil.Value {
	w.Name, w.Rows = name+"_gain", x.Type.Shape[axis]
	wide := g.cast(name+"_fp32", x, f32)
	if n.Kind == LayerNorm {
		return g.layerNorm(n, w, name, wide, out, axis)
	}
	b := g.b
	one := withDim(wide.Type, axis, 1)
	// coremltools writes the last axis as -1.
	at := axis
	if axis == len(x.Type.Shape)-1 {
		at = -1
	}
	sq := b.Op("pow", name+"_squares", wide.Type, mil.Args{"x": wide, "y": b.Float("", f32, 2)})
	mean := b.Op("reduce_mean", name+"_mean", one, mil.Args{"x": sq, "axes": b.Ints("", at), "keep_dims": b.Bool("", true)})
	sum := b.Op("add", name+"_sum", one, mil.Args{"x": mean, "y": b.Float("", f32, float32(n.Epsilon))})
	root := b.Op("rsqrt", name+"_rsqrt", one, mil.Args{"x": sum, "epsilon": b.Float("", f32, 1e-12)})
	normed := b.Op("mul", name+"_scaled", wide.Type, mil.Args{"x": wide, "y": root})
	if n.Plain {
		return g.cast(name, normed, out)
	}
	if n.WideGain {
		w.Type = f32
		gained := b.Op("mul", name+"_gained", wide.Type, mil.Args{"x": normed, "y": g.gain(w, x, axis)})
		return g.cast(name, gained, out)
	}
	normed = g.cast(name+"_normed", normed, out)
	// By the gain in halves, as transformers does it after it has gone back to them.
	w.Type = out
	return b.Op("mul", name, normed.Type, mil.Args{"x": normed, "y": g.gain(w, x, axis)})
}

// gain asks for a norm's gain and gives it the rank that it needs to lie along the axis.
func (g *graph) gain(w Weight, x *mil.Value, axis int) *mil.Value {
	v := g.weight(w)
	if axis == len(x.Type.Shape)-1 {
		return v
	}
	return g.expand(w.Name+"_channels", v, mil.TensorType(w.Type, w.Rows, 1, 1), 1, 2)
}

// layerNorm is coremltools' operator, in fp32 with its gain and bias.
func (g *graph) layerNorm(n *Norm, w Weight, name string, wide *mil.Value, out dtype.Type, axis int) *mil.Value {
	b := g.b
	w.Type = f32
	args := mil.Args{"x": wide, "axes": b.Ints("", axis), "epsilon": b.Float("", f32, float32(n.Epsilon))}
	if !n.Plain {
		args["gamma"] = g.weight(w)
	}
	if n.Bias && !n.Plain {
		w.Bias, w.Name = true, name+"_bias"
		args["beta"] = g.weight(w)
	}
	return g.cast(name, b.Op("layer_norm", name+"_normed", wide.Type, args), out)
}

// headNorm is the norm of queries or keys: of rows before the heads are parted.
func (g *graph) headNorm(n *HeadNorm, span Span, w Weight, name string, x *mil.Value) *mil.Value {
	if n == nil || (n.Span == AllHeads) != (span == AllHeads) {
		return x
	}
	if n.Span == AllHeads {
		axis := len(x.Type.Shape) - 1
		if g.Conv {
			axis = 1
		}
		return g.normOver(&n.Norm, w, name, x, g.f, axis)
	}
	if n.Span == EachHead {
		return g.normOver(&n.Norm, w, name, x, g.f, 3)
	}
	return g.ownGains(n, w, name, x)
}

// ownGains norms each head of [batch, heads, tokens, d] and multiplies it by its own gain.
func (g *graph) ownGains(n *HeadNorm, w Weight, name string, x *mil.Value) *mil.Value {
	b, heads, d := g.b, x.Type.Shape[1], x.Type.Shape[3]
	wide := g.cast(name+"_fp32", x, f32)
	normed := b.Op("layer_norm", name+"_normed", wide.Type, mil.Args{
		"x": wide, "axes": b.Ints("", 3), "epsilon": b.Float("", f32, float32(n.Epsilon)),
	})
	w.Name, w.Rows, w.Type = name+"_gain", heads*d, f32
	gain := b.Op("reshape", name+"_gains", mil.TensorType(f32, heads, 1, d), mil.Args{"x": g.weight(w), "shape": b.Ints("", heads, 1, d)})
	return g.cast(name, b.Op("mul", name+"_gained", wide.Type, mil.Args{"x": normed, "y": gain}), g.f)
}
