package convert

import "github.com/gocoreml/coreml/internal/modelgen"

// phi differs from llama by layer norms with biases; by biases on all linear layers, the
// head's too; by attention and a feed-forward network of two matrices that read the same
// norm; by a rotation of half of each head; and, where the configuration says so, by norms
// of each head of q and k. Phi-1, Phi-1.5 and Phi-2 are ones.
var phi = architecture{
	epsilon: 1e-5, usual: "gelu_new", rotary: 0.5, partial: true,
	fields: map[string]string{"rms_norm_eps": "layer_norm_eps"},
	tensors: tensors{
		modelgen.FinalNorm:    {module: "model.final_layernorm"},
		modelgen.AttentionOut: {module: "model.layers.#.self_attn.dense"},
		modelgen.QueryNorm:    {module: "model.layers.#.self_attn.q_layernorm"},
		modelgen.KeyNorm:      {module: "model.layers.#.self_attn.k_layernorm"},
		modelgen.Up:           {module: "model.layers.#.mlp.fc1"},
		modelgen.Down:         {module: "model.layers.#.mlp.fc2"},
	},
	differ: func(d *decoder) {
		d.layerNorms()
		d.plainMLP()
		d.biases(true, true, true)
		d.HeadBias = true
		norms := d.config.flag("qk_layernorm", false)
		d.each(func(_ int, l *modelgen.Layer) {
			l.Parallel, l.BeforeMLP = true, nil
			if norms {
				l.Attention.HeadNorm = &modelgen.HeadNorm{Norm: *d.layerNorm(true), Span: modelgen.EachHead}
			}
		})
	},
}
