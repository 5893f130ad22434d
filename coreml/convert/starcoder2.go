package convert

import "github.com/gocoreml/coreml/internal/modelgen"

// starcoder2 differs from llama by layer norms with biases; biases on all linear layers
// unless they are switched off; a feed-forward network of two matrices; and a window on
// all layers.
var starcoder2 = architecture{
	kvHeads: 2, tied: true, epsilon: 1e-5, usual: "gelu_pytorch_tanh",
	fields: map[string]string{"rms_norm_eps": "norm_epsilon"},
	sizes:  map[string]int{"vocab_size": 49152, "hidden_size": 3072, "num_hidden_layers": 30, "num_attention_heads": 24, "intermediate_size": 12288, "max_position_embeddings": 4096},
	tensors: tensors{
		modelgen.Up:   {module: "model.layers.#.mlp.c_fc"},
		modelgen.Down: {module: "model.layers.#.mlp.c_proj"},
	},
	differ: func(d *decoder) {
		c := d.config
		d.layerNorms()
		d.plainMLP()
		bias := c.flag("use_bias", true)
		d.biases(bias, bias, bias)
		d.windows(0, everyLayer)
		c.only("mlp_type", "default")
		c.only("norm_type", "layer_norm")
		// Of the program that the model was trained with: other fields say the same here.
		for _, name := range []string{"activation_function", "layer_norm_epsilon", "attention_softmax_in_fp32", "scale_attention_softmax_in_fp32"} {
			c.has(name)
		}
	},
}
