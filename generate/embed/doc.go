// Package embed makes vectors and scores of texts with encoder packages: models
// of text embeddings, such as BERT's and EmbeddingGemma's kind, and rerankers
// (cross-encoders).
//
//	m, err := embed.Open(ctx, "MiniLM.mlpackage", nil) // the tokenizer lies beside it
//	if err != nil {
//		return err
//	}
//	defer m.Close()
//	v, err := m.Embed(ctx, []string{"a cat", "a kitten"}, nil)
//	if err != nil {
//		return err
//	}
//	fmt.Println(embed.Cosine(v[0], v[1]))
//
// [Model.Stream] does the same for texts without number, [Model.Score] says how
// well texts answer a query, for packages that are rerankers.
//
// # What a package is
//
// The function takes token ids [batch, length] and, where it asks for them, an
// attention mask, token types and positions. It gives one vector for each text,
// one for each token, or scores. [Detect] finds out which is which; names are the
// last thing that it looks at. Language models, and packages with inputs that it
// does not know, are refused with "no embeddings: ..." and the reason, a
// [*PackageError]. A [Driver] names what it cannot find.
//
// # Pooling
//
// Where the package gives a vector for each token, they become one here: the
// mean, the first (cls), the last, the maximum. Which of them is not in the
// package. It is taken from [Config.Pooling], else from modules.json and
// 1_Pooling/config.json, which sentence-transformers writes, beside the package
// or beside the tokenizer. Where neither says it, [Open] fails: a wrong pooling
// gives vectors that look like right ones.
//
// From the same folder come the layers behind the pooling (Dense, with weights in
// safetensors, LayerNorm and Normalize), the prompts for queries and documents
// and whether texts are put in lower case (config_sentence_transformers.json,
// sentence_bert_config.json). A package that gives one vector for a text is taken to hold all of these layers, unless its vectors have the size
// that the first Dense layer takes and not the size that the last one gives.
// Normalize is applied in any case, since it changes nothing where it was done.
//
// # Long texts
//
// A text with more tokens than the model takes ([Model.MaxTokens]) is cut, on the
// side that the tokenizer says, special tokens kept; of a pair the longer text is
// cut first. [Embedding.Truncated] tells of it, and [Options.RefuseLong] makes it
// an error, a [*LengthError].
//
// # Batches
//
// Texts are sorted by their lengths and go through the package in the allowed
// shapes that waste least: the batch dimension where there is one, enumerated or
// flexible lengths where there are any. Padding is masked, and where a package has
// no mask texts of one length go together; a fixed shape without a mask needs a
// tokenizer that has a token for padding, which the package then knows. Results
// come in the order of the texts, and are those that each text has alone, up to
// the rounding of sums.
package embed
