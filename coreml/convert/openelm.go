package convert

import (
	"encoding/json"
	"math"
	"slices"

	"github.com/gocoreml/coreml/internal/modelgen"
)

// openELM differs from llama by layers of different sizes: each has its own numbers of
// heads and its own feed-forward width, which lists or ranges of multipliers give; by a
// norm of each head of q and k; by matrices that are stored together; and by the names of
// everything. transformers does not have it: the original is in the model's own
// repositories (apple/OpenELM-*, modeling_openelm.py and configuration_openelm.py).
var openELM = architecture{
	headDim: 128, ownRotary: true, usual: "swish",
	fields: map[string]string{
		"hidden_size": "model_dim", "num_hidden_layers": "num_transformer_layers", "max_position_embeddings": "max_context_length",
		"num_attention_heads": noField, "num_key_value_heads": noField, "intermediate_size": noField, "rms_norm_eps": noField,
		"hidden_act": "activation_fn_name", "rope_theta": "rope_freq_constant", "tie_word_embeddings": "share_input_output_layers",
	},
	sizes: map[string]int{
		"vocab_size": 32000, "hidden_size": 2048, "num_hidden_layers": 12, "max_position_embeddings": 2048,
		"num_attention_heads": 1, "intermediate_size": 1, // of each layer below
	},
	tensors: tensors{
		modelgen.Embedding:       {module: "transformer.token_embeddings"},
		modelgen.FinalNorm:       {module: "transformer.norm"},
		modelgen.AttentionNorm:   {module: "transformer.layers.#.attn_norm"},
		modelgen.QueryNorm:       {module: "transformer.layers.#.attn.q_norm"},
		modelgen.KeyNorm:         {module: "transformer.layers.#.attn.k_norm"},
		modelgen.AttentionOut:    {module: "transformer.layers.#.attn.out_proj"},
		modelgen.FeedForwardNorm: {module: "transformer.layers.#.ffn_norm"},
		modelgen.Up:              {module: "transformer.layers.#.ffn.proj_1"},
		modelgen.Down:            {module: "transformer.layers.#.ffn.proj_2"},
	},
	tokenizer: "meta-llama/Llama-2-7b-hf",
	ignore:    []string{"transformer.classifier."}, // a head that nothing reads
	differ: func(d *decoder) {
		c := d.config
		// A head of its own is tied all the same where transformers' own field says so.
		d.Tied = c.flag("tie_word_embeddings", false) || d.Tied
		c.only("normalization_layer_name", "rms_norm")
		c.has("rope_max_length") // of a table, which grows
		rotary := d.rotary(nil, c.number(d.field("rope_theta"), 1e4), 1)
		gated, norms := c.flag("ffn_with_glu", true), c.flag("normalize_qk_projections", false)
		d.tensors.fuse("transformer.layers.#.attn.qkv_proj", modelgen.Query, modelgen.Key, modelgen.Value)
		if gated {
			d.tensors.fuse("transformer.layers.#.ffn.proj_1", modelgen.Gate, modelgen.Up)
		}
		queries, keys := d.openELMHeads()
		widths := d.scaled("ffn_multipliers", 4, float64(c.count("ffn_dim_divisor", 256)))
		if *c.err != nil {
			return
		}
		d.each(func(i int, l *modelgen.Layer) {
			a := &l.Attention
			a.Heads, a.KVHeads, a.Rotary = queries[i], keys[i], rotary
			if norms {
				a.HeadNorm = &modelgen.HeadNorm{Norm: *d.norm(), Span: modelgen.EachHead}
			}
			l.MLP.Width, l.MLP.Gated = widths[i], gated
		})
	},
}

// openELMHeads reads the numbers of query heads and key-value heads of the layers: the
// lists that a saved configuration has, or what the multipliers make of the model's width.
func (d *decoder) openELMHeads() (queries, keys []int) {
	c, dim := d.config, d.layer.Attention.HeadDim
	groups := c.count("num_gqa_groups", 1)
	if groups < 1 {
		c.fail("num_gqa_groups", malformed("it is %d", groups))
		groups = 1
	}
	queries = d.ofLayers("num_query_heads")
	if widths := d.scaled("qkv_multipliers", 1, float64(dim)*float64(groups)); queries == nil {
		for _, w := range widths {
			queries = append(queries, w/dim)
		}
	}
	keys = d.ofLayers("num_kv_heads")
	if keys == nil {
		for _, n := range queries {
			keys = append(keys, n/groups)
		}
	}
	return queries, keys
}

// ofLayers reads a list of a number of something for each layer, nil where there is none.
func (d *decoder) ofLayers(field string) []int {
	numbers := d.config.numbers(field)
	if numbers == nil {
		return nil
	}
	list := make([]int, len(d.Layers))
	if len(numbers) != len(list) {
		d.config.fail(field, malformed("there are %d of them for %d layers", len(numbers), len(list)))
		return list
	}
	for i, v := range numbers {
		if !(v >= 1) || v > maxCount || v != math.Trunc(v) {
			d.config.fail(field, malformed("%v is not a number of something", v))
			return list
		}
		list[i] = int(v)
	}
	return list
}

// scaled gives each layer the model's width times a multiplier, near a multiple of
// divisor. The field has one multiplier, one for each layer, or the first and the last of
// those between which the others are spread evenly, to two digits.
func (d *decoder) scaled(field string, missing, divisor float64) []int {
	c, n := d.config, len(d.Layers)
	if !(divisor >= 1) {
		c.fail("ffn_dim_divisor", malformed("it is %v", divisor))
		divisor = 1
	}
	one := missing
	var by []float64
	if c.has(field) && json.Unmarshal(c.fields[field], &one) != nil {
		by = c.numbers(field)
	}
	switch {
	case by == nil:
		by = slices.Repeat([]float64{one}, n)
	case len(by) == 2:
		by = spreadEvenly(by[0], by[1], n)
	case len(by) != n:
		c.fail(field, malformed("there are %d of them for %d layers; one, two or as many are right", len(by), n))
		by = slices.Repeat([]float64{missing}, n)
	}
	list := make([]int, n)
	for i, m := range by {
		w := nearMultiple(m*float64(d.Hidden), divisor)
		if !(m > 0) || w > maxCount {
			c.fail(field, malformed("%v times a width of %d", m, d.Hidden))
			w = 1
		}
		list[i] = int(w)
	}
	return list
}

// spreadEvenly returns n numbers from first to last at equal distances, each rounded to
// two digits: numpy's linspace and round.
func spreadEvenly(first, last float64, n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		v := first
		if i > 0 {
			v = float64(float64(i)*((last-first)/float64(n-1))) + first
		}
		if i > 0 && i == n-1 {
			v = last
		}
		list[i] = math.RoundToEven(v*100) / 100
	}
	return list
}

// nearMultiple rounds to a multiple of divisor, but down by a tenth at most: what the
// original calls make_divisible.
func nearMultiple(v, divisor float64) float64 {
	w := max(divisor, math.Floor(math.Trunc(v+divisor/2)/divisor)*divisor)
	if w < 0.9*v {
		w += divisor
	}
	return w
}
