package convert

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/storage"
)

// openLM is the model of OpenLM, which the DCLM models are. It differs from llama by layer
// norms, mostly without biases, unless the configuration wants RMS norms; by norms of q
// and k over all heads at once; by a feed-forward width that follows from the model's; and
// by matrices that are stored together. transformers does not have it: the original is
// github.com/mlfoundations/open_lm, open_lm/model.py.
var openLM = architecture{
	ownRotary: true, epsilon: 1e-5,
	fields: map[string]string{
		"hidden_size": "dim", "num_hidden_layers": "n_layers", "num_attention_heads": "n_heads", "max_position_embeddings": "seq_len",
		"num_key_value_heads": noField, "head_dim": noField, "intermediate_size": noField, "hidden_act": noField,
		"rms_norm_eps": "norm_eps", "tie_word_embeddings": "weight_tying",
	},
	spellings: openLMSpellings,
	sizes:     map[string]int{"max_position_embeddings": 2048, "intermediate_size": 1}, // the latter below
	tensors: tensors{
		modelgen.Embedding:       {module: "model.tok_embeddings"},
		modelgen.Head:            {module: "model.output"},
		modelgen.AttentionNorm:   {module: "model.layers.#.attention_norm"},
		modelgen.QueryNorm:       {module: "model.layers.#.attention.q_norm"},
		modelgen.KeyNorm:         {module: "model.layers.#.attention.k_norm"},
		modelgen.AttentionOut:    {module: "model.layers.#.attention.out_proj"},
		modelgen.FeedForwardNorm: {module: "model.layers.#.ffn_norm"},
		modelgen.Down:            {module: "model.layers.#.feed_forward.w3"},
	},
	ignore: []string{".pos_embed.inv_freq"}, // computed
	differ: func(d *decoder) {
		c := d.config
		d.tensors.fuse("model.layers.#.attention.in_proj", modelgen.Query, modelgen.Key, modelgen.Value)
		d.tensors.fuse("model.layers.#.feed_forward.w12", modelgen.Gate, modelgen.Up)
		c.only("ffn_type", "swiglu", "swiglu_torch") // two programs for one function
		c.only("attn_name", "auto", "torch_attn", "xformers_attn", "xformers_attn_variable_length")
		c.off("post_embed_norm", "moe_freq")
		for _, name := range []string{
			"attn_activation", "attn_seq_scalar", "attn_seq_scalar_alpha", // of custom_attn
			"moe_num_experts", "moe_top_k", "moe_capacity_factor", "moe_loss_weight", "moe_expert_model_parallelism", "moe_weight_parallelism", // of experts
			"model", "tie_word_embeddings", // weight_tying is what counts
		} {
			c.has(name)
		}
		n := d.openLMNorm()
		norms, rotary := c.flag("apply_qk_norm", false), d.openLMRotary()
		width := 256 * ((8*d.Hidden/3 + 255) / 256)
		d.FinalNorm = *n
		d.each(func(_ int, l *modelgen.Layer) {
			l.BeforeAttention, l.BeforeMLP = n, n
			l.Attention.Rotary, l.MLP.Width = rotary, width
			if norms {
				l.Attention.HeadNorm = &modelgen.HeadNorm{Norm: *n, Span: modelgen.AllHeads}
			}
		})
	},
}

// openLMNorm reads which norm all norms of the model are.
func (d *decoder) openLMNorm() *modelgen.Norm {
	const field, usual = "norm_type", "default_layer_norm"
	switch name := d.config.text(field, usual); name {
	case "gain_only_lp_layer_norm", "gain_only_layer_norm":
		return d.layerNorm(false)
	case usual, "lp_layer_norm":
		return d.layerNorm(true)
	case "no_wb_layer_norm":
		return &modelgen.Norm{Kind: modelgen.LayerNorm, Epsilon: d.epsilon, Plain: true}
	case "rms_norm":
	default:
		d.config.fail(field, unsupported("%s is not supported", storage.Quote(name)))
	}
	return d.norm()
}

// openLMRotary reads how positions turn queries and keys.
func (d *decoder) openLMRotary() *modelgen.Rotary {
	const field, usual = "positional_embedding_type", "rotary"
	r := d.rotary(nil, 1e4, 1)
	switch name := d.config.text(field, usual); name {
	case usual:
	case "llama_rotary":
		r.Neighbours = true
	case "none":
		return nil
	default: // head_rotary turns by the number of the head
		d.config.fail(field, unsupported("%s is not supported", storage.Quote(name)))
	}
	return r
}

// openLMNames are the names that options of the program which trained the model have for
// fields, and the fields.
var openLMNames = map[string]string{"hidden_dim": "dim", "model_norm": "norm_type", "qk_norm": "apply_qk_norm"}

// openLMOptions are the options of that program which say what the model is.
var openLMOptions = []string{
	"dim", "hidden_dim", "n_layers", "n_heads", "vocab_size", "seq_len", "norm_eps", "norm_type", "model_norm", "apply_qk_norm", "qk_norm",
	"post_embed_norm", "weight_tying", "positional_embedding_type", "ffn_type", "attn_name", "moe_freq",
}

// openLMSpellings brings a configuration that has the options of the program which trained
// the model, in an object of their own or by their names, to the fields of the model.
func openLMSpellings(c *config) {
	same := func(name string, raw json.RawMessage, path string) {
		old, there := c.fields[name]
		if there && !isNull(old) && !isNull(raw) && !bytes.Equal(bytes.TrimSpace(old), bytes.TrimSpace(raw)) {
			c.fail(name, unsupported("it is %s, and %s is %s: only one of them can count", excerpt(old), path, excerpt(raw)))
		}
		if !there || isNull(old) {
			c.fields[name] = raw
		}
	}
	if o := c.object("params_args_dict"); o != nil {
		for _, name := range openLMOptions {
			if raw, there := o.fields[name]; there {
				same(name, raw, o.path+name)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(openLMNames)) {
		if raw, there := c.fields[name]; there {
			c.has(name)
			same(openLMNames[name], raw, name)
		}
	}
}
