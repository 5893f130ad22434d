package convert

import "github.com/gocoreml/coreml/internal/modelgen"

// granite differs from llama by four multipliers: of the embeddings, of the scores in
// place of one over the root of a head's width, of both branches, and of the logits.
var granite = architecture{differ: func(d *decoder) {
	llama.differ(d)
	d.graniteFactors()
}}

// graniteMoE differs from granite by experts in place of one feed-forward network, which
// are stored in one tensor, gate and up of each together.
var graniteMoE = architecture{
	fields: map[string]string{"num_experts": "num_local_experts"},
	differ: func(d *decoder) {
		c := d.config
		bias := c.flag("attention_bias", false)
		d.biases(bias, bias, false)
		d.graniteFactors()
		e := &modelgen.Experts{Count: c.count(d.field("num_experts"), 8), PerToken: c.count("num_experts_per_tok", 2), Normalize: true}
		d.checkExperts(e)
		const module = "model.layers.#.block_sparse_moe."
		w := d.layer.MLP.Width
		d.tensors[modelgen.Router] = ref{module: module + "router.layer"}
		d.tensors[modelgen.ExpertGate] = ref{module: module + "input_linear", stack: e.Count, rows: &rows{n: w, every: 2 * w, total: 2 * w * e.Count}}
		d.tensors[modelgen.ExpertUp] = ref{module: module + "input_linear", stack: e.Count, rows: &rows{from: w, n: w, every: 2 * w, total: 2 * w * e.Count}}
		d.tensors[modelgen.ExpertDown] = ref{module: module + "output_linear", stack: e.Count}
		d.each(func(_ int, l *modelgen.Layer) { l.MLP.Experts = e })
	},
}

// graniteFactors are the multipliers.
func (d *decoder) graniteFactors() {
	c := d.config
	d.EmbeddingScale = c.factor("embedding_multiplier")
	d.LogitScale = 1 / c.factor("logits_scaling")
	scores, branches := c.factor("attention_multiplier"), c.factor("residual_multiplier")
	d.each(func(_ int, l *modelgen.Layer) {
		l.Attention.Scale, l.ResidualScale = scores, branches
	})
}
