package convert

import (
	"cmp"
	"slices"

	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/storage"
)

// llama is the decoder that all others vary, with optional biases.
var llama = architecture{differ: func(d *decoder) {
	bias, mlp := d.config.flag("attention_bias", false), d.config.flag("mlp_bias", false)
	d.each(func(_ int, l *modelgen.Layer) {
		a := &l.Attention
		a.QueryBias, a.KeyBias, a.ValueBias, a.OutBias = bias, bias, bias, bias
		l.MLP.UpBias, l.MLP.DownBias = mlp, mlp
	})
}}

// llamaTensors are the names of Llama's weights: of the modules, whose matrices and gains
// end in .weight, and biases in .bias. # stands for the number of the layer.
var llamaTensors = tensors{
	modelgen.Embedding:       {module: "model.embed_tokens"},
	modelgen.Head:            {module: "lm_head"},
	modelgen.FinalNorm:       {module: "model.norm"},
	modelgen.AttentionNorm:   {module: "model.layers.#.input_layernorm"},
	modelgen.Query:           {module: "model.layers.#.self_attn.q_proj"},
	modelgen.Key:             {module: "model.layers.#.self_attn.k_proj"},
	modelgen.Value:           {module: "model.layers.#.self_attn.v_proj"},
	modelgen.AttentionOut:    {module: "model.layers.#.self_attn.o_proj"},
	modelgen.QueryNorm:       {module: "model.layers.#.self_attn.q_norm"},
	modelgen.KeyNorm:         {module: "model.layers.#.self_attn.k_norm"},
	modelgen.FeedForwardNorm: {module: "model.layers.#.post_attention_layernorm"},
	modelgen.Gate:            {module: "model.layers.#.mlp.gate_proj"},
	modelgen.Up:              {module: "model.layers.#.mlp.up_proj"},
	modelgen.Down:            {module: "model.layers.#.mlp.down_proj"},
}

// activations are the names of nonlinear functions.
var activations = map[string]modelgen.Activation{
	"silu": modelgen.Silu, "swish": modelgen.Silu,
	"gelu":              modelgen.GeluExact,
	"gelu_new":          modelgen.GeluTanh,
	"gelu_pytorch_tanh": modelgen.GeluTanh,
	"gelu_fast":         modelgen.GeluTanh,
	"relu":              modelgen.Relu,
	"relu2":             modelgen.ReluSquared,
}

// readLlama reads what Llama has in common with the others.
func (d *decoder) readLlama() {
	c, a := d.config, d.arch
	hidden, layers, heads := d.size("hidden_size"), d.size("num_hidden_layers"), d.size("num_attention_heads")
	if layers < 1 || layers > maxLayers || heads < 1 {
		c.fail(d.field("num_hidden_layers"), malformed("%d layers with %d heads", layers, heads))
		layers, heads = 1, 1
	}
	d.Hidden, d.Vocab = hidden, d.size("vocab_size")
	if d.maxPositions = d.size("max_position_embeddings"); d.maxPositions < 1 {
		c.fail(d.field("max_position_embeddings"), malformed("%d is not a number of positions", d.maxPositions))
		d.maxPositions = 1
	}
	d.epsilon = c.number(d.field("rms_norm_eps"), cmp.Or(a.epsilon, 1e-6))
	d.Tied = c.flag(d.field("tie_word_embeddings"), a.tied)
	d.FinalNorm = *d.norm()
	d.layer = modelgen.Layer{
		Attention: modelgen.Attention{
			Heads: heads, KVHeads: d.keyValueHeads(heads),
			HeadDim: c.count(d.field("head_dim"), cmp.Or(a.headDim, hidden/heads)),
		},
		MLP: modelgen.MLP{
			Width: d.size("intermediate_size"), Gated: true,
			Activation: d.activation(d.field("hidden_act"), cmp.Or(a.usual, "silu")),
		},
		BeforeAttention: d.norm(), BeforeMLP: d.norm(),
	}
	if !c.has(d.field("head_dim")) && a.headDim == 0 && hidden%heads != 0 {
		c.fail(d.field("num_attention_heads"), malformed("%d heads do not divide the width of %d", heads, hidden))
	}
	if n := d.layer.Attention.HeadDim; n < 1 || n > maxHeadDim {
		c.fail("head_dim", malformed("%d is not the width of a head", n))
		d.layer.Attention.HeadDim = 2
	}
	if !a.ownRotary {
		d.layer.Attention.Rotary = d.ropeOf(cmp.Or(a.ropeTheta, 1e4), cmp.Or(a.rotary, 1))
	}
	d.Layers = slices.Repeat([]modelgen.Layer{d.layer}, layers)
}

// maxLayers bounds the layers before a list of them is made.
const maxLayers = 1 << 10

// maxHeadDim bounds the width of a head before a list of frequencies is made.
const maxHeadDim = 1 << 14

// keyValueHeads reads the number of key-value heads: null means as many as heads, while a
// missing field has a default that differs from architecture to architecture.
func (d *decoder) keyValueHeads(heads int) int {
	name := d.field("num_key_value_heads")
	if _, there := d.config.fields[name]; there && name != noField || d.arch.kvHeads == 0 {
		return d.config.count(name, heads)
	}
	return d.arch.kvHeads
}

// activation reads the name of a nonlinear function.
func (d *decoder) activation(field, missing string) modelgen.Activation {
	name := d.config.text(field, missing)
	a, ok := activations[name]
	if !ok {
		d.config.fail(field, unsupported("the activation %s is not supported", storage.Quote(name)))
	}
	return a
}
