package convert

import "github.com/gocoreml/coreml/internal/modelgen"

// gptNeoX differs from llama by layer norms with biases; attention and a feed-forward
// network of two matrices side by side, each with its own norm, unless the configuration
// wants them in sequence; a rotation of a quarter of each head; and q, k and v of each
// head next to one another in one matrix.
var gptNeoX = architecture{
	epsilon: 1e-5, usual: "gelu", ownRotary: true, partial: true,
	fields: map[string]string{"rms_norm_eps": "layer_norm_eps", "rope_theta": "rotary_emb_base", "partial_rotary_factor": "rotary_pct"},
	sizes:  map[string]int{"vocab_size": 50432, "hidden_size": 6144, "num_hidden_layers": 44, "num_attention_heads": 64, "intermediate_size": 24576, "max_position_embeddings": 2048},
	tensors: tensors{
		modelgen.Embedding:       {module: "gpt_neox.embed_in"},
		modelgen.Head:            {module: "embed_out", also: "lm_head"},
		modelgen.FinalNorm:       {module: "gpt_neox.final_layer_norm"},
		modelgen.AttentionNorm:   {module: "gpt_neox.layers.#.input_layernorm"},
		modelgen.AttentionOut:    {module: "gpt_neox.layers.#.attention.dense"},
		modelgen.FeedForwardNorm: {module: "gpt_neox.layers.#.post_attention_layernorm"},
		modelgen.Up:              {module: "gpt_neox.layers.#.mlp.dense_h_to_4h"},
		modelgen.Down:            {module: "gpt_neox.layers.#.mlp.dense_4h_to_h"},
	},
	ignore: []string{".attention.bias", ".attention.masked_bias"}, // the causal mask
	differ: func(d *decoder) {
		d.layerNorms()
		d.plainMLP()
		d.plainHeads()
		bias := d.config.flag("attention_bias", true)
		d.biases(bias, bias, true)
		a := &d.layer.Attention
		for i, role := range []modelgen.Role{modelgen.Query, modelgen.Key, modelgen.Value} {
			d.tensors[role] = ref{
				module: "gpt_neox.layers.#.attention.query_key_value",
				rows:   &rows{from: i * a.HeadDim, n: a.HeadDim, every: 3 * a.HeadDim, total: 3 * a.Heads * a.HeadDim},
			}
		}
		rotary, parallel := d.neoXRotary(), d.config.flag("use_parallel_residual", true)
		d.each(func(_ int, l *modelgen.Layer) {
			l.Attention.Rotary, l.Parallel = rotary, parallel
		})
	},
}

// neoXRotary reads the rotation by the names that GPT-NeoX has for its fields. Versions
// of transformers write the usual ones beside them, which do not count.
func (d *decoder) neoXRotary() *modelgen.Rotary {
	c := d.config
	base, part := c.number("rotary_emb_base", 1e4), c.number("rotary_pct", 0.25)
	for name, counts := range map[string]float64{"rope_theta": base, "partial_rotary_factor": part} {
		if v := c.number(name, counts); v != counts {
			c.fail(name, malformed("it is %v, and the field that counts here says %v", v, counts))
		}
	}
	return d.rotary(d.ropeScaling(), base, part)
}
