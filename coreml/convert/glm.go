package convert

import "github.com/gocoreml/coreml/internal/modelgen"

// glm differs from llama by biases on q, k and v; by a rotation of half of each head, of
// pairs of neighbours; and by gate and up in one matrix.
var glm = architecture{
	kvHeads: 2, headDim: 128, epsilon: 1.5625e-7, rotary: 0.5, partial: true,
	differ: func(d *decoder) { d.glm() },
}

// glm4 differs from glm by norms after both branches too.
var glm4 = architecture{
	kvHeads: 2, headDim: 128, epsilon: 1.5625e-7, rotary: 0.5, partial: true,
	tensors: tensors{
		modelgen.AfterAttention:   {module: "model.layers.#.post_self_attn_layernorm"},
		modelgen.AfterFeedForward: {module: "model.layers.#.post_mlp_layernorm"},
	},
	differ: func(d *decoder) {
		d.glm()
		d.each(func(_ int, l *modelgen.Layer) { l.AfterAttention, l.AfterMLP = d.norm(), d.norm() })
	},
}

// glm is what both share.
func (d *decoder) glm() {
	d.biases(d.config.flag("attention_bias", true), false, false)
	d.neighbours()
	d.tensors.fuse("model.layers.#.mlp.gate_up_proj", modelgen.Gate, modelgen.Up)
}
