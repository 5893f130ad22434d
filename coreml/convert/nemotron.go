package convert

import "github.com/gocoreml/coreml/internal/modelgen"

// nemotron differs from llama by layer norms with biases that multiply by 1 + weight; by a
// feed-forward network of two matrices; by the square of relu; and by a rotation of half of
// each head.
var nemotron = architecture{
	epsilon: 1e-5, usual: "relu2", rotary: 0.5, partial: true,
	fields: map[string]string{"rms_norm_eps": "norm_eps"},
	tensors: tensors{
		modelgen.FinalNorm:       {module: "model.norm", plus: 1},
		modelgen.AttentionNorm:   {module: "model.layers.#.input_layernorm", plus: 1},
		modelgen.FeedForwardNorm: {module: "model.layers.#.post_attention_layernorm", plus: 1},
	},
	differ: func(d *decoder) {
		llama.differ(d)
		d.layerNorms()
		d.plainMLP()
	},
}

// arcee differs from llama by a feed-forward network of two matrices, and by the square of
// relu.
var arcee = architecture{
	epsilon: 1e-5, usual: "relu2",
	differ: func(d *decoder) {
		llama.differ(d)
		d.plainMLP()
	},
}
