package convert

import (
	"math"

	"github.com/gocoreml/coreml/internal/modelgen"
)

// modernBert differs from llama by what all encoders differ by; by layer norms, of which
// the first stands behind the embeddings in place of before the first layer; by matrices
// that are stored together; and by a window to both sides on two of three layers, with a
// rotation of its own.
var modernBert = architecture{
	tied: true, epsilon: 1e-5, usual: "gelu", ownRotary: true,
	fields: map[string]string{"rms_norm_eps": "norm_eps", "hidden_act": "hidden_activation"},
	sizes:  map[string]int{"vocab_size": 50368, "hidden_size": 768, "num_hidden_layers": 22, "num_attention_heads": 12, "intermediate_size": 1152, "max_position_embeddings": 8192},
	tensors: tensors{
		modelgen.Embedding:       {module: "model.embeddings.tok_embeddings"},
		modelgen.EmbeddingNorm:   {module: "model.embeddings.norm"},
		modelgen.AttentionNorm:   {module: "model.layers.#.attn_norm"},
		modelgen.AttentionOut:    {module: "model.layers.#.attn.Wo"},
		modelgen.FeedForwardNorm: {module: "model.layers.#.mlp_norm"},
		modelgen.Down:            {module: "model.layers.#.mlp.Wo"},
		modelgen.FinalNorm:       {module: "model.final_norm"},
	},
	ignore: []string{"head.", "decoder."}, // for guessing words
	differ: func(d *decoder) {
		c := d.config
		n := d.layerNorm(c.flag("norm_bias", false))
		d.encoder(&modelgen.Encoder{EmbeddingNorm: n})
		d.FinalNorm = *n
		attention, mlp := c.flag("attention_bias", false), c.flag("mlp_bias", false)
		d.biases(attention, attention, mlp)
		d.tensors.fuse("model.layers.#.attn.Wqkv", modelgen.Query, modelgen.Key, modelgen.Value)
		d.tensors.fuse("model.layers.#.mlp.Wi", modelgen.Gate, modelgen.Up)
		local, global := d.twoRotaries(c.number("local_rope_theta", 1e4), c.number("global_rope_theta", 1.6e5))
		every, types := c.count("global_attn_every_n_layers", 3), d.layerTypes()
		if every == 0 {
			every = math.MaxInt
		}
		half := c.count("local_attention", 128) / 2
		d.each(func(i int, l *modelgen.Layer) {
			l.BeforeAttention, l.BeforeMLP, l.Attention.Rotary = n, n, global
			if types != nil && types[i] == sliding || types == nil && i%every != 0 {
				l.Attention.Rotary, l.Attention.Window = local, half+1
			}
		})
		d.Layers[0].BeforeAttention = nil
		for _, name := range []string{
			"decoder_bias", "classifier_pooling", "classifier_bias", "classifier_activation", "deterministic_flash_attn", "cls_token_id",
			"sparse_prediction", "sparse_pred_ignore_index", "reference_compile", "repad_logits_with_grad", "position_embedding_type",
			"layer_norm_eps", "hidden_act",
		} {
			c.has(name) // of heads, or not heeded
		}
	},
}
