package convert

import "github.com/gocoreml/coreml/internal/modelgen"

// olmo differs from llama by layer norms without gains and biases.
var olmo = architecture{
	fields: map[string]string{"rms_norm_eps": noField},
	differ: func(d *decoder) {
		bias := d.config.flag("attention_bias", false)
		d.biases(bias, bias, false)
		n := &modelgen.Norm{Kind: modelgen.LayerNorm, Epsilon: 1e-5, Plain: true}
		d.FinalNorm = *n
		d.each(func(_ int, l *modelgen.Layer) { l.BeforeAttention, l.BeforeMLP = n, n })
		d.config.off("clip_qkv")
	},
}

// olmo2 differs from llama by norms after both branches in place of before, and by norms
// of q and k over all heads at once.
var olmo2 = architecture{
	epsilon: 1e-5,
	tensors: olmo2Tensors,
	differ:  func(d *decoder) { d.olmo2() },
}

// olmo3 differs from olmo2 by a window on three of four layers, whose positions are never
// stretched.
var olmo3 = architecture{
	epsilon: 1e-5, ownRotary: true,
	tensors: olmo2Tensors,
	differ: func(d *decoder) {
		const base = 5e5
		c := d.config
		d.olmo2()
		d.windows(4096, func(i int) bool { return (i+1)%4 != 0 })
		if v := c.number("rope_theta", base); v != base {
			c.fail("rope_theta", unsupported("it is %v, and versions of transformers differ in whether layers with a window heed it; rope_parameters tells both", v))
		}
		if p := c.object("rope_parameters"); p != nil && !(p.has(sliding) && p.has(full)) {
			c.fail("rope_parameters", unsupported("it has no object for each kind of layer, %s and %s", sliding, full))
		}
		if s := c.object("rope_scaling"); s != nil && s.has("type") && !s.has("rope_type") {
			c.fail("rope_scaling", unsupported("versions of transformers differ in whether type counts here; rope_type is what all heed"))
		}
		local, global := d.twoRotaries(base, base)
		d.each(func(_ int, l *modelgen.Layer) {
			l.Attention.Rotary = global
			if l.Attention.Window > 0 {
				l.Attention.Rotary = local
			}
		})
	},
}

// olmoe differs from llama by norms of q and k over all heads at once, and by experts in
// place of one feed-forward network.
var olmoe = architecture{
	epsilon: 1e-5,
	differ: func(d *decoder) {
		c := d.config
		bias := c.flag("attention_bias", false)
		d.biases(bias, bias, false)
		d.normedHeads()
		e := &modelgen.Experts{
			Count: d.expertCount(64), PerToken: c.count("num_experts_per_tok", 8),
			Normalize: c.flag("norm_topk_prob", false),
		}
		d.experts("model.layers.#.mlp", e, d.layer.MLP.Width, "gate_proj", "up_proj", "down_proj")
		d.each(func(_ int, l *modelgen.Layer) { l.MLP.Experts = e })
		c.off("clip_qkv")
	},
}

var olmo2Tensors = tensors{
	modelgen.AfterAttention:   {module: "model.layers.#.post_attention_layernorm"},
	modelgen.AfterFeedForward: {module: "model.layers.#.post_feedforward_layernorm"},
}

// olmo2 is what olmo2 and olmo3 share.
func (d *decoder) olmo2() {
	bias := d.config.flag("attention_bias", false)
	d.biases(bias, bias, false)
	d.normsBehind()
	d.normedHeads()
}

// normedHeads are norms of q and k over all heads at once.
func (d *decoder) normedHeads() {
	d.each(func(_ int, l *modelgen.Layer) {
		l.Attention.HeadNorm = &modelgen.HeadNorm{Norm: *d.norm(), Span: modelgen.AllHeads}
	})
}
