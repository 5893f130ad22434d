package convert

import "github.com/gocoreml/coreml/internal/modelgen"

// What several architectures have other than Llama.

// layerNorm is a layer norm with the model's epsilon.
func (d *decoder) layerNorm(bias bool) *modelgen.Norm {
	return &modelgen.Norm{Kind: modelgen.LayerNorm, Epsilon: d.epsilon, Bias: bias}
}

// layerNorms says that all norms are layer norms with biases.
func (d *decoder) layerNorms() {
	n := d.layerNorm(true)
	d.FinalNorm = *n
	d.each(func(_ int, l *modelgen.Layer) { l.BeforeAttention, l.BeforeMLP = n, n })
}

// plainMLP says that the feed-forward network has two matrices, without a gate.
func (d *decoder) plainMLP() {
	d.each(func(_ int, l *modelgen.Layer) { l.MLP.Gated = false })
}

// neighbours says that positions turn pairs of neighbours.
func (d *decoder) neighbours() {
	d.each(func(_ int, l *modelgen.Layer) { l.Attention.Rotary.Neighbours = true })
}

// normsBehind moves the norms behind both branches.
func (d *decoder) normsBehind() {
	d.each(func(_ int, l *modelgen.Layer) {
		l.AfterAttention, l.AfterMLP = l.BeforeAttention, l.BeforeMLP
		l.BeforeAttention, l.BeforeMLP = nil, nil
	})
}

// biases says which linear layers have biases: q, k and v; what follows attention; and
// those of the feed-forward network.
func (d *decoder) biases(qkv, out, mlp bool) {
	d.each(func(_ int, l *modelgen.Layer) {
		a := &l.Attention
		a.QueryBias, a.KeyBias, a.ValueBias, a.OutBias = qkv, qkv, qkv, out
		l.MLP.UpBias, l.MLP.DownBias = mlp, mlp
	})
}

// headWidths refuses heads that are not together as wide as the model.
func (d *decoder) headWidths() {
	if a := &d.layer.Attention; a.Heads*a.HeadDim != d.Hidden {
		field := d.field("num_attention_heads")
		if d.config.has("head_dim") {
			field = "head_dim"
		}
		d.config.fail(field, malformed("%d heads of %d are not %d wide together", a.Heads, a.HeadDim, d.Hidden))
	}
}

// plainHeads also refuses heads that share keys and values.
func (d *decoder) plainHeads() {
	d.headWidths()
	if a := &d.layer.Attention; a.KVHeads != a.Heads {
		d.config.fail(d.field("num_key_value_heads"), unsupported("%d for %d heads: each has keys and values of its own here", a.KVHeads, a.Heads))
	}
}
