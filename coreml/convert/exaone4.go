package convert

import "github.com/gocoreml/coreml/internal/modelgen"

// exaone4 differs from llama by norms after both branches in place of before; by a norm of
// each head of q and k; and by a window on three of four layers, or none: with windows,
// positions are heeded on these layers alone.
var exaone4 = architecture{
	kvHeads: 32, epsilon: 1e-5,
	tensors: tensors{
		modelgen.AfterAttention:   {module: "model.layers.#.post_attention_layernorm"},
		modelgen.AfterFeedForward: {module: "model.layers.#.post_feedforward_layernorm"},
	},
	differ: func(d *decoder) {
		c := d.config
		d.normsBehind()
		d.everyFew(4096, 4)
		_, there := c.fields["sliding_window"]
		windows := !there || c.has("sliding_window")
		d.each(func(_ int, l *modelgen.Layer) {
			l.Attention.HeadNorm = &modelgen.HeadNorm{Norm: *d.norm(), Span: modelgen.EachHead}
			if windows && l.Attention.Window == 0 {
				l.Attention.Rotary = nil
			}
		})
	},
}
