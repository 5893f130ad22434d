package convert

import "github.com/gocoreml/coreml/internal/modelgen"

// olmo2 differs from llama by norms after both branches in place of before, and by norms
// of q and k over all heads at once.
var olmo2 = architecture{
	epsilon: 1e-5,
	tensors: tensors{
		modelgen.AfterAttention:   {module: "model.layers.#.post_attention_layernorm"},
		modelgen.AfterFeedForward: {module: "model.layers.#.post_feedforward_layernorm"},
	},
	differ: func(d *decoder) {
		bias := d.config.flag("attention_bias", false)
		d.each(func(_ int, l *modelgen.Layer) {
			a := &l.Attention
			a.QueryBias, a.KeyBias, a.ValueBias, a.OutBias = bias, bias, bias, bias
			a.HeadNorm = &modelgen.HeadNorm{Norm: *d.norm(), Span: modelgen.AllHeads}
			l.AfterAttention, l.AfterMLP = l.BeforeAttention, l.BeforeMLP
			l.BeforeAttention, l.BeforeMLP = nil, nil
		})
	},
}
