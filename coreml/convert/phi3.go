package convert

import "github.com/gocoreml/coreml/internal/modelgen"

// phi3 differs from llama by matrices that are stored together, q, k and v as well as gate
// and up; by a rotation that may leave the end of each head as it is; and by a window on
// all layers. Phi-4-mini is one too.
var phi3 = architecture{
	epsilon: 1e-5, partial: true,
	differ: func(d *decoder) {
		c := d.config
		d.windows(0, everyLayer)
		d.tensors.fuse("model.layers.#.self_attn.qkv_proj", modelgen.Query, modelgen.Key, modelgen.Value)
		d.tensors.fuse("model.layers.#.mlp.gate_up_proj", modelgen.Gate, modelgen.Up)
		c.has("original_max_position_embeddings") // of longrope, which is read with the rotation
		c.off("lm_head_bias", "attention_bias", "mlp_bias")
		for _, name := range []string{"full_attn_mod", "interpolate_factor"} {
			if v := c.number(name, 1); v != 1 {
				c.fail(name, unsupported("%v is not supported", v))
			}
		}
	},
}
