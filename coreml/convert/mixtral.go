package convert

import "github.com/gocoreml/coreml/internal/modelgen"

// mixtral differs from llama by experts in place of one feed-forward network, and by a
// window on all layers where there is one.
var mixtral = architecture{
	kvHeads: 8, ropeTheta: 1e6, epsilon: 1e-5,
	fields: map[string]string{"num_experts": "num_local_experts"},
	sizes:  map[string]int{"vocab_size": 32000, "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "intermediate_size": 14336, "max_position_embeddings": 131072},
	differ: func(d *decoder) {
		c := d.config
		d.windows(0, everyLayer)
		e := &modelgen.Experts{
			Count: c.count(d.field("num_experts"), 8), PerToken: c.count("num_experts_per_tok", 2),
			Normalize: true,
		}
		d.experts("model.layers.#.block_sparse_moe", e, "w1", "w3", "w2")
		d.each(func(_ int, l *modelgen.Layer) { l.MLP.Experts = e })
	},
}

// experts says where a router and experts lie: all experts in one matrix, in which they
// are numbered.
func (d *decoder) experts(module string, e *modelgen.Experts, gate, up, down string) {
	d.checkExperts(e)
	d.tensors[modelgen.Router] = ref{module: module + ".gate"}
	for role, name := range map[modelgen.Role]string{modelgen.ExpertGate: gate, modelgen.ExpertUp: up, modelgen.ExpertDown: down} {
		d.tensors[role] = ref{module: module + ".experts.#." + name, all: e.Count}
	}
}

// expertCount reads the number of experts, which has two names.
func (d *decoder) expertCount(missing int) int {
	c := d.config
	n := c.count("num_experts", c.count("num_local_experts", missing))
	if other := c.count("num_local_experts", n); other != n {
		c.fail("num_local_experts", unsupported("it is %d, and num_experts is %d: only one of them can count", other, n))
	}
	return n
}

// checkExperts refuses numbers of experts that no model has.
func (d *decoder) checkExperts(e *modelgen.Experts) {
	if e.Count > maxExperts {
		d.config.fail(d.field("num_experts"), malformed("%d experts", e.Count))
		e.Count = 1
	}
	if e.Count > 0 && (e.PerToken < 1 || e.PerToken > e.Count) {
		d.config.fail("num_experts_per_tok", malformed("%d of %d experts", e.PerToken, e.Count))
	}
}

// maxExperts bounds the names that are made of their numbers.
const maxExperts = 1 << 12
