package convert

import (
	"math"

	"github.com/gocoreml/coreml/internal/modelgen"
)

// gpt2 differs from llama by learned positions in place of rotated ones; layer norms with
// biases; biases on all linear layers; a feed-forward network of two matrices, four times
// as wide as the model; and matrices that are stored turned, with q, k and v together.
var gpt2 = architecture{
	tied: true, epsilon: 1e-5, usual: "gelu_new", ownRotary: true,
	fields: map[string]string{
		"hidden_size": "n_embd", "num_hidden_layers": "n_layer", "num_attention_heads": "n_head",
		"intermediate_size": "n_inner", "max_position_embeddings": "n_positions",
		"hidden_act": "activation_function", "rms_norm_eps": "layer_norm_epsilon",
	},
	sizes: map[string]int{
		"vocab_size": 50257, "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
		"intermediate_size": -4, "max_position_embeddings": 1024,
	},
	tensors: tensors{
		modelgen.Embedding:       {module: "transformer.wte"},
		modelgen.Positions:       {module: "transformer.wpe"},
		modelgen.FinalNorm:       {module: "transformer.ln_f"},
		modelgen.AttentionNorm:   {module: "transformer.h.#.ln_1"},
		modelgen.AttentionOut:    {module: "transformer.h.#.attn.c_proj", transposed: true},
		modelgen.FeedForwardNorm: {module: "transformer.h.#.ln_2"},
		modelgen.Up:              {module: "transformer.h.#.mlp.c_fc", transposed: true},
		modelgen.Down:            {module: "transformer.h.#.mlp.c_proj", transposed: true},
	},
	ignore: []string{".attn.bias", ".attn.masked_bias"}, // the causal mask
	differ: func(d *decoder) {
		c := d.config
		d.layerNorms()
		d.plainMLP()
		d.biases(true, true, true)
		d.plainHeads()
		d.Model.Positions = d.maxPositions
		d.limit(d.maxPositions, "the model has no more learned positions")
		d.tensors.fuse("transformer.h.#.attn.c_attn", modelgen.Query, modelgen.Key, modelgen.Value)
		for _, role := range []modelgen.Role{modelgen.Query, modelgen.Key, modelgen.Value} {
			f := d.tensors[role]
			f.transposed = true
			d.tensors[role] = f
		}
		scale := 1.0
		if c.flag("scale_attn_weights", true) {
			scale = 1 / math.Sqrt(float64(d.layer.Attention.HeadDim))
		}
		byLayer := c.flag("scale_attn_by_inverse_layer_idx", false)
		d.each(func(i int, l *modelgen.Layer) {
			l.Attention.Scale = scale
			if byLayer {
				l.Attention.Scale = scale / float64(i+1)
			}
		})
		c.off("add_cross_attention")
	},
}
