package convert

import (
	"math"

	"github.com/gocoreml/coreml/internal/modelgen"
)

// gemma differs from llama by embeddings times the root of their width, and by norms that
// multiply by 1 + weight. Its sums leave the range of fp16.
var gemma = architecture{
	kvHeads: 16, headDim: 256, tied: true, usual: "gelu_pytorch_tanh",
	tensors: tensors{
		modelgen.FinalNorm:       {module: "model.norm", plus: 1},
		modelgen.AttentionNorm:   {module: "model.layers.#.input_layernorm", plus: 1},
		modelgen.FeedForwardNorm: {module: "model.layers.#.post_attention_layernorm", plus: 1},
	},
	differ: func(d *decoder) {
		c := d.config
		act := d.layer.MLP.Activation
		if act == modelgen.GeluExact {
			act = modelgen.GeluTanh // which the first configurations meant
		}
		// Versions of transformers differ in which of both counts.
		if c.has("hidden_activation") && d.activation("hidden_activation", "") != act {
			c.fail("hidden_activation", unsupported("hidden_act is another, and only one of them can count"))
		}
		bias := c.flag("attention_bias", false)
		d.biases(bias, bias, false)
		d.EmbeddingScale, d.WideResidual = math.Sqrt(float64(d.Hidden)), true
		d.FinalNorm = d.gemmaNorm()
		norm := d.gemmaNorm()
		d.each(func(_ int, l *modelgen.Layer) {
			l.BeforeAttention, l.BeforeMLP, l.MLP.Activation = &norm, &norm, act
		})
		c.off("use_bidirectional_attention")
	},
}

// gemma2 differs from llama by embeddings times the root of their width; norms that
// multiply by 1 + weight, before and after both branches; a scale of the scores of its
// own; scores and logits that are bounded; and a window on every other layer. Its sums
// leave the range of fp16.
var gemma2 = architecture{
	kvHeads: 4, headDim: 256, tied: true,
	fields:  map[string]string{"hidden_act": "hidden_activation"},
	usual:   "gelu_pytorch_tanh",
	tensors: gemmaTensors,
	differ: func(d *decoder) {
		d.gemma(50, 30)
		d.windows(4096, func(i int) bool { return i%2 == 0 })
	},
}

// gemma3 is the text model of Gemma 3. It differs from gemma2 by norms of each head of q
// and k in place of bounds; by layers without a window only every sixth time; and by
// another rotation on those.
var gemma3 = architecture{
	kvHeads: 4, headDim: 256, tied: true, ownRotary: true,
	fields:  map[string]string{"hidden_act": "hidden_activation"},
	usual:   "gelu_pytorch_tanh",
	tensors: gemmaTensors,
	differ: func(d *decoder) {
		d.gemma(0, 0)
		c := d.config
		every := c.count("sliding_window_pattern", 6)
		// transformers writes what it has read there under another name, and reads only
		// this one: where a list says the same, neither matters.
		if saved := c.count("_sliding_window_pattern", every); saved != every && !c.has("layer_types") {
			c.fail("_sliding_window_pattern", unsupported("it is %d, and sliding_window_pattern, which counts, is %d", saved, every))
		}
		if every == 0 {
			every = math.MaxInt
		}
		d.windows(4096, func(i int) bool { return (i+1)%every != 0 })
		local, global := d.gemma3Rotary()
		d.each(func(_ int, l *modelgen.Layer) {
			l.Attention.HeadNorm = &modelgen.HeadNorm{Norm: d.gemmaNorm(), Span: modelgen.EachHead}
			l.Attention.Rotary = global
			if l.Attention.Window > 0 {
				l.Attention.Rotary = local
			}
		})
		c.off("use_bidirectional_attention", "attn_logit_softcapping") // the latter is heeded in Gemma 2 alone
	},
}

// gemma is what gemma2 and gemma3 share. The bounds are those of scores and logits where
// the configuration has none.
func (d *decoder) gemma(scores, logits float64) {
	c := d.config
	c.has("hidden_act") // hidden_activation is what counts
	bias := c.flag("attention_bias", false)
	scale := c.number("query_pre_attn_scalar", 256)
	if !(scale > 0) {
		c.fail("query_pre_attn_scalar", malformed("%v is not above 0", scale))
		scale = 1
	}
	d.EmbeddingScale, d.WideResidual = math.Sqrt(float64(d.Hidden)), true
	d.LogitCap = c.numberOrNull("final_logit_softcapping", logits)
	d.FinalNorm = d.gemmaNorm()
	norm, bound := d.gemmaNorm(), c.numberOrNull("attn_logit_softcapping", scores)
	d.each(func(_ int, l *modelgen.Layer) {
		a := &l.Attention
		a.QueryBias, a.KeyBias, a.ValueBias, a.OutBias = bias, bias, bias, bias
		a.Scale, a.ScoreCap = 1/math.Sqrt(scale), bound
		l.BeforeAttention, l.AfterAttention, l.BeforeMLP, l.AfterMLP = &norm, &norm, &norm, &norm
	})
}

// gemmaNorm multiplies by 1 + weight, which fp16 would round.
func (d *decoder) gemmaNorm() modelgen.Norm {
	return modelgen.Norm{Epsilon: d.epsilon, WideGain: true}
}

// gemmaTensors are the norms: each with 1 added to its weight.
var gemmaTensors = tensors{
	modelgen.FinalNorm:        {module: "model.norm", plus: 1},
	modelgen.AttentionNorm:    {module: "model.layers.#.input_layernorm", plus: 1},
	modelgen.AfterAttention:   {module: "model.layers.#.post_attention_layernorm", plus: 1},
	modelgen.FeedForwardNorm:  {module: "model.layers.#.pre_feedforward_layernorm", plus: 1},
	modelgen.AfterFeedForward: {module: "model.layers.#.post_feedforward_layernorm", plus: 1},
	modelgen.QueryNorm:        {module: "model.layers.#.self_attn.q_norm", plus: 1},
	modelgen.KeyNorm:          {module: "model.layers.#.self_attn.k_norm", plus: 1},
}

// gemma3Rotary reads the rotations of layers with and without a window, in both spellings.
// Scaling is for those without.
func (d *decoder) gemma3Rotary() (local, global *modelgen.Rotary) {
	c := d.config
	return d.twoRotaries(c.number("rope_local_base_freq", 1e4), c.number("rope_theta", 1e6))
}

// twoRotaries reads the rotations of layers with and without a window, whose bases are
// those unless rope_parameters has others.
func (d *decoder) twoRotaries(localBase, base float64) (local, global *modelgen.Rotary) {
	c := d.config
	scaling := c.object("rope_scaling")
	if p := c.object("rope_parameters"); p != nil {
		d.oneSpelling()
		if l, g := p.object(sliding), p.object(full); l != nil && g != nil {
			if err := p.leftover(d.ignored); err != nil {
				c.fail("rope_parameters", err)
			}
			return d.rotary(l, localBase, 1), d.rotary(g, base, 1)
		}
		scaling = p
	}
	return d.rotary(nil, localBase, 1), d.rotary(scaling, base, 1)
}
