package convert

import "github.com/gocoreml/coreml/internal/modelgen"

// stablelm differs from llama by layer norms with biases; a rotation of a quarter of each
// head; where the configuration says so, by biases on q, k and v, by a norm of each head
// of q and k with gains of its own, and by attention and feed-forward network that read
// the same norm.
var stablelm = architecture{
	kvHeads: 32, epsilon: 1e-5, rotary: 0.25, partial: true,
	fields: map[string]string{"rms_norm_eps": "layer_norm_eps"},
	sizes:  map[string]int{"vocab_size": 50304, "hidden_size": 2560, "num_hidden_layers": 32, "num_attention_heads": 32, "intermediate_size": 6912, "max_position_embeddings": 4096},
	differ: func(d *decoder) {
		c := d.config
		d.layerNorms()
		d.headWidths()
		d.biases(c.flag("use_qkv_bias", false), false, false)
		a := &d.layer.Attention
		d.tensors[modelgen.QueryNorm] = ref{module: "model.layers.#.self_attn.q_layernorm.norms.#", all: a.Heads}
		d.tensors[modelgen.KeyNorm] = ref{module: "model.layers.#.self_attn.k_layernorm.norms.#", all: a.KVHeads}
		norms, parallel := c.flag("qk_layernorm", false), c.flag("use_parallel_residual", false)
		d.each(func(_ int, l *modelgen.Layer) {
			if norms {
				l.Attention.HeadNorm = &modelgen.HeadNorm{Norm: *d.layerNorm(false), Span: modelgen.OwnGains}
			}
			if parallel {
				l.Parallel, l.BeforeMLP = true, nil
			}
		})
	},
}
