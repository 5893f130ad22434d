package convert

import "github.com/gocoreml/coreml/internal/modelgen"

// bert differs from llama by what all encoders differ by; by embeddings that are the sum
// of token, type and learned position, normed; by layer norms with biases of the sums
// behind both branches; by biases everywhere; and by a feed-forward network of two
// matrices.
var bert = architecture{
	tied: true, epsilon: 1e-12, usual: "gelu", ownRotary: true,
	fields:  map[string]string{"rms_norm_eps": "layer_norm_eps"},
	sizes:   bertSizes,
	tensors: bertTensors("bert."),
	ignore:  bertIgnored,
	differ:  func(d *decoder) { d.bert(nil) },
}

// xlmRoberta differs from bert by positions that begin behind the one for padding, and
// count no padding.
var xlmRoberta = architecture{
	tied: true, epsilon: 1e-12, usual: "gelu", ownRotary: true,
	fields:  map[string]string{"rms_norm_eps": "layer_norm_eps"},
	sizes:   bertSizes,
	tensors: bertTensors("roberta."),
	ignore:  bertIgnored,
	differ:  func(d *decoder) { d.bert(new(d.config.count("pad_token_id", 1))) },
}

var bertSizes = map[string]int{"vocab_size": 30522, "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072, "max_position_embeddings": 512}

// bertIgnored are what stands behind the vectors of the tokens: the pooler, which
// embeddings do not use, and heads for guessing words.
var bertIgnored = []string{"pooler.", "bert.pooler.", "roberta.pooler.", "cls.", "lm_head.", ".position_ids", ".token_type_ids"}

// bertTensors are the names of BERT's weights.
func bertTensors(prefix string) tensors {
	layer := prefix + "encoder.layer.#."
	return tensors{
		modelgen.Embedding:        {module: prefix + "embeddings.word_embeddings"},
		modelgen.Positions:        {module: prefix + "embeddings.position_embeddings"},
		modelgen.TokenTypes:       {module: prefix + "embeddings.token_type_embeddings"},
		modelgen.EmbeddingNorm:    {module: prefix + "embeddings.LayerNorm"},
		modelgen.Query:            {module: layer + "attention.self.query"},
		modelgen.Key:              {module: layer + "attention.self.key"},
		modelgen.Value:            {module: layer + "attention.self.value"},
		modelgen.AttentionOut:     {module: layer + "attention.output.dense"},
		modelgen.AfterAttention:   {module: layer + "attention.output.LayerNorm"},
		modelgen.Up:               {module: layer + "intermediate.dense"},
		modelgen.Down:             {module: layer + "output.dense"},
		modelgen.AfterFeedForward: {module: layer + "output.LayerNorm"},
	}
}

// bert is what BERT and its kin share. Padding is the token that has a position of its
// own, nil where there is none.
func (d *decoder) bert(padding *int) {
	c := d.config
	e := &modelgen.Encoder{Types: c.count("type_vocab_size", 2), EmbeddingNorm: d.layerNorm(true), NormedSums: true}
	d.encoder(e)
	d.Model.Positions = d.maxPositions
	if padding != nil {
		e.SkipsPadding, e.Padding = true, *padding
		d.maxPositions -= *padding + 1
	}
	if d.maxPositions < 1 {
		c.fail("max_position_embeddings", malformed("there are no positions behind that of padding"))
	}
	d.limit(d.maxPositions, "the model has no more learned positions")
	d.plainMLP()
	d.biases(true, true, true)
	n := d.layerNorm(true)
	d.each(func(_ int, l *modelgen.Layer) {
		l.BeforeAttention, l.BeforeMLP = nil, nil
		l.AfterAttention, l.AfterMLP = n, n
	})
	c.only("position_embedding_type", "absolute")
	c.off("add_cross_attention")
}

// encoder makes the model one that gives vectors of tokens in place of logits.
func (d *decoder) encoder(e *modelgen.Encoder) {
	d.plainHeads()
	d.config.flag("is_causal", false) // an encoder looks both ways, whatever it says
	d.Encoder, d.Tied = e, true
	d.config.off("is_decoder") // then no token would see those behind it
}
