package convert

import "github.com/gocoreml/coreml/internal/modelgen"

// cohere differs from llama by layer norms without biases; by attention and feed-forward
// network that read the same norm; by pairs of neighbours that positions turn; by a factor
// of the logits; and, where the configuration says so, by norms of each head of q and k
// with gains of its own.
var cohere = architecture{
	tied: true, epsilon: 1e-5, ropeTheta: 5e5,
	fields: map[string]string{"rms_norm_eps": "layer_norm_eps"},
	differ: func(d *decoder) {
		d.cohere()
		if !d.config.flag("use_qk_norm", false) {
			return
		}
		a := &d.layer.Attention
		d.tensors[modelgen.QueryNorm] = ref{module: "model.layers.#.self_attn.q_norm", stack: a.Heads}
		d.tensors[modelgen.KeyNorm] = ref{module: "model.layers.#.self_attn.k_norm", stack: a.KVHeads}
		d.each(func(_ int, l *modelgen.Layer) {
			l.Attention.HeadNorm = &modelgen.HeadNorm{Norm: *d.layerNorm(false), Span: modelgen.OwnGains}
		})
	},
}

// cohere2 differs from cohere by a window on three of four layers, and by positions that
// are heeded on these alone.
var cohere2 = architecture{
	tied: true, epsilon: 1e-5,
	fields: map[string]string{"rms_norm_eps": "layer_norm_eps"},
	differ: func(d *decoder) {
		c := d.config
		d.cohere()
		d.everyFew(4096, 4)
		d.each(func(_ int, l *modelgen.Layer) {
			if l.Attention.Window == 0 {
				l.Attention.Rotary = nil
			}
		})
		c.only("order_of_interleaved_layers", "local_attn_first")
		c.has("layer_switch") // sliding_window_pattern is what counts
	},
}

// cohere is what both share.
func (d *decoder) cohere() {
	c := d.config
	bias := c.flag("attention_bias", false)
	d.biases(bias, bias, false)
	d.LogitScale = c.number("logit_scale", 0.0625)
	if d.LogitScale == 0 {
		c.fail("logit_scale", malformed("the factor is 0"))
	}
	n := d.layerNorm(false)
	d.FinalNorm = *n
	d.neighbours()
	d.each(func(_ int, l *modelgen.Layer) { l.BeforeAttention, l.BeforeMLP, l.Parallel = n, nil, true })
	// Of the program that the models were trained with: transformers takes them as given.
	c.only("position_embedding_type", "rope_gptj")
	c.off("use_bidirectional_attention")
	for _, name := range []string{"use_embedding_sharing", "use_gated_activation", "use_parallel_block"} {
		if !c.flag(name, true) {
			c.fail(name, unsupported("false is not supported"))
		}
	}
	if v := c.number("rotary_pct", 1); v != 1 {
		c.fail("rotary_pct", unsupported("%v is not supported", v))
	}
	c.has("use_parallel_embedding")
	c.has("model_max_length")
}
