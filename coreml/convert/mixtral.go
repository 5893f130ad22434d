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
		d.experts("model.layers.#.block_sparse_moe", e, d.layer.MLP.Width, "w1", "w3", "w2")
		d.each(func(_ int, l *modelgen.Layer) { l.MLP.Experts = e })
	},
}

// experts says where a router and experts of so many inner rows lie. The names are those
// that matrices of single experts have, which are numbered. Instead all may lie in tensors
// of three dimensions: as transformers 5 names and stacks them, gate and up in one; or as
// mlx-lm does.
func (d *decoder) experts(module string, e *modelgen.Experts, width int, gate, up, down string) {
	d.checkExperts(e)
	const fused = "model.layers.#.mlp"
	d.tensors[modelgen.Router] = ref{module: module + ".gate", also: fused + ".gate"}
	both := ref{module: fused + ".experts.gate_up_proj", bare: true, stack: e.Count}
	half := func(from int) ref {
		r := both
		r.rows = &rows{from: from, n: width, every: 2 * width, total: 2 * width * e.Count}
		return r
	}
	for _, x := range []struct {
		role        modelgen.Role
		name, stack string
		fused       ref
	}{
		{modelgen.ExpertGate, gate, "gate_proj", half(0)},
		{modelgen.ExpertUp, up, "up_proj", half(width)},
		{modelgen.ExpertDown, down, "down_proj", ref{module: fused + ".experts.down_proj", bare: true, stack: e.Count}},
	} {
		d.tensors[x.role] = ref{module: module + ".experts.#." + x.name, all: e.Count, or: []ref{
			x.fused, {module: module + ".switch_mlp." + x.stack, stack: e.Count},
		}}
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
