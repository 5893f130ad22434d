package convert

import "github.com/gocoreml/coreml/internal/modelgen"

// granite differs from llama by four multipliers: of the embeddings, of the scores in
// place of one over the root of a head's width, of both branches, and of the logits.
var granite = architecture{differ: func(d *decoder) {
	llama.differ(d)
	c := d.config
	d.EmbeddingScale = c.factor("embedding_multiplier")
	d.LogitScale = 1 / c.factor("logits_scaling")
	scores, branches := c.factor("attention_multiplier"), c.factor("residual_multiplier")
	d.each(func(_ int, l *modelgen.Layer) {
		l.Attention.Scale, l.ResidualScale = scores, branches
	})
}}
