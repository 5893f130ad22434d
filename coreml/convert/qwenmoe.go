package convert

import (
	"slices"

	"github.com/gocoreml/coreml/internal/modelgen"
)

// qwen2Moe differs from qwen2 by experts on some layers, which a network for all tokens
// stands beside; by biases that a field may switch off; and by windows, where they are
// switched on, on every other one of the lower layers.
var qwen2Moe = architecture{
	sizes:   map[string]int{"vocab_size": 151936, "hidden_size": 2048, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 5632, "max_position_embeddings": 32768},
	kvHeads: 16,
	differ: func(d *decoder) {
		c := d.config
		d.biases(c.flag("qkv_bias", true), false, false)
		shared := c.count("shared_expert_intermediate_size", 5632)
		if shared == 0 {
			c.fail("shared_expert_intermediate_size", unsupported("it is 0"))
		}
		for role, name := range map[modelgen.Role]string{
			modelgen.SharedGate: "shared_expert.gate_proj", modelgen.SharedUp: "shared_expert.up_proj",
			modelgen.SharedDown: "shared_expert.down_proj", modelgen.SharedOpen: "shared_expert_gate",
		} {
			d.tensors[role] = ref{module: "model.layers.#.mlp." + name}
		}
		d.qwenExperts(60, 4, 1408, shared)
		most := c.count("max_window_layers", 28)
		d.switchedWindows(func(i int) bool { return (i+1)%2 != 0 && i < most })
		c.off("use_mrope")
	},
}

// qwen3Moe differs from qwen3 by experts on some layers.
var qwen3Moe = architecture{
	sizes:   map[string]int{"vocab_size": 151936, "hidden_size": 2048, "num_hidden_layers": 24, "num_attention_heads": 32, "intermediate_size": 6144, "max_position_embeddings": 32768},
	kvHeads: 4,
	differ: func(d *decoder) {
		c := d.config
		bias := c.flag("attention_bias", false)
		d.biases(bias, bias, false)
		d.each(func(_ int, l *modelgen.Layer) {
			l.Attention.HeadNorm = &modelgen.HeadNorm{Norm: *d.norm(), Span: modelgen.EachHead}
		})
		d.qwenExperts(128, 8, 768, 0)
		c.has("max_window_layers")
		d.switchedWindows(everyLayer)
	},
}

// qwenExperts reads which layers have experts, and which. The numbers are those that hold
// where the configuration has none.
func (d *decoder) qwenExperts(count, perToken, width, shared int) {
	c := d.config
	e := &modelgen.Experts{
		Count: d.expertCount(count), PerToken: c.count("num_experts_per_tok", perToken),
		Normalize: c.flag("norm_topk_prob", false), Shared: shared,
	}
	width = c.count("moe_intermediate_size", width)
	step, plain := c.count("decoder_sparse_step", 1), c.numbers("mlp_only_layers")
	if step == 0 {
		c.fail("decoder_sparse_step", malformed("it is 0"))
		return
	}
	d.experts("model.layers.#.mlp", e, width, "gate_proj", "up_proj", "down_proj")
	d.each(func(i int, l *modelgen.Layer) {
		if e.Count > 0 && (i+1)%step == 0 && !slices.Contains(plain, float64(i)) {
			l.MLP.Experts, l.MLP.Width = e, width
		}
	})
}
