package generate

import "github.com/gocoreml/coreml/generate/internal/axes"

// FamilyNoCache takes the whole text at every step.
const FamilyNoCache Family = "no-cache"

var familyNoCache = family{
	name:    FamilyNoCache,
	matches: func(*binder) bool { return true },
	bind: func(b *binder) error {
		return b.run((*binder).refuseUnboundInputs, (*binder).bindLogits, (*binder).refuseStates, refuseCaches,
			refuseMaxQuery, requireRows, requireText, bindWholeText)
	},
}

// refuseCaches refuses a driver that names this family for a function with
// caches, which nobody would fill.
func refuseCaches(b *binder) error {
	if len(b.d.Caches) > 0 {
		return driverErrorf("family", "is %s, for a function with caches", b.d.Family)
	}
	return nil
}

// refuseMaxQuery refuses a driver that asks for less than the whole text in one
// prediction.
func refuseMaxQuery(b *binder) error {
	if b.d.MaxQuery > 0 {
		return driverErrorf("max_query", "is %d, but a function of family %s takes the whole text in every prediction", b.d.MaxQuery, b.d.Family)
	}
	return nil
}

// requireRows refuses a function of fixed length whose output has not a row for
// each token: a text is padded at its end, so that the last row belongs to the
// padding.
func requireRows(b *binder) error {
	tokens, logits := b.desc.Input(b.d.Tokens), b.desc.Output(b.d.Logits)
	length, hi := axes.Bounds(tokens, 1)
	if length != hi || len(logits.Shape) == 0 || logits.Flexible() {
		return nil
	}
	rows := 1
	if axes.Rank(logits) > 1 {
		rows = logits.Shape[axes.Rank(logits)-2]
	}
	if rows == length {
		return nil
	}
	return undetected("output %s has no row of logits for each of the %d places of input %s", logits, length, tokens)
}

const (
	// minVocabulary is the smallest number of logits that is taken for a
	// vocabulary without a tokenizer to compare it with: alphabets of characters
	// have more letters, tags and classes are usually fewer.
	minVocabulary = 24
	// maxVector is the greatest size of what could be a vector as well:
	// embeddings and hidden states have 16,384 elements in the largest models.
	maxVector = 16384
)

// requireText refuses a function that does not look like one of text. Its inputs
// are those of a classifier, an encoder or a table of embeddings too, so that
// its output must look like logits. A causal mask is sign enough, and so is a
// driver that says where the logits are.
func requireText(b *binder) error {
	if b.override.Logits != "" || b.d.Mask != "" {
		return nil
	}
	logits := b.desc.Output(b.d.Logits)
	width := b.vocabulary(logits)
	if lo, hi := axes.Bounds(logits, -1); width == 0 && lo == hi {
		width = hi
	}
	fits := width > 0 && b.entries > 0 && plausibleVocabulary(width, b.entries)
	switch {
	case width > 0 && width < minVocabulary && !fits:
		return undetected("output %s gives one of %d classes, no vocabulary", logits, width)
	case nameContains(logits, "logit", "score", "lm_head", "next_token"):
		return nil
	case nameContains(logits, "embed", "hidden", "pool", "feature", "state", "encod"):
		return undetected("output %s looks like vectors, not logits", logits)
	case fits, width > maxVector:
		return nil
	}
	return undetected("nothing shows that output %s gives logits; name it as \"logits\" in a driver file if it does", logits)
}

// bindWholeText derives the context from the declared shapes. A text may be
// padded to more than the context, so that this does not bound the prediction.
func bindWholeText(b *binder) error {
	query, err := b.queryLimit()
	if err != nil {
		return err
	}
	context := b.maskWidth()
	if context < 0 || query > 0 && query < context {
		context = query
	}
	if a := b.desc.Input(b.d.AttentionMask); a != nil {
		if _, n := axes.Bounds(a, 1); n > 0 && (context < 0 || n < context) {
			context = n
		}
	}
	if err := b.setContext(context, context); err != nil {
		return err
	}
	return b.requirePrediction(maxContext)
}
