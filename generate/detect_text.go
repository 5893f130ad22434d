package generate

import (
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/coreml"
)

const (
	// minWidth is the smallest vocabulary that is taken for one of texts without
	// a tokenizer to compare it with: alphabets of characters have more letters,
	// tags and classes are usually fewer.
	minWidth = 24
	// surelyWords is a width of outputs that only vocabularies reach: vectors of
	// embeddings and hidden states have 16,384 elements in the largest models.
	surelyWords = 16384
)

// text asks whether a function without a cache writes text at all. Its inputs
// are those of a classifier, an encoder or a table of embeddings too, so that
// its output must be a row of logits for each token. A function with a cache
// and a causal mask needs no further sign.
func (b *binder) text() error {
	tokens, logits := b.desc.Input(b.d.Tokens), b.desc.Output(b.d.Logits)
	if why := rowsDiffer(tokens, logits); why != "" && b.d.Family == FamilyNoCache {
		return unclear("%s", why)
	}
	if b.given.Logits != "" || b.d.Family != FamilyNoCache || b.d.Mask != "" {
		return nil
	}
	width := b.width(logits)
	if lo, hi := bounds(logits, -1); width == 0 && lo == hi {
		width = hi
	}
	fits := width > 0 && b.entries > 0 && belongs(width, b.entries)
	switch {
	case width > 0 && width < minWidth && !fits:
		return unclear("output %s gives one of %d classes, no vocabulary", logits, width)
	case isNamed(logits, "logit", "score", "lm_head", "next_token"):
		return nil
	case isNamed(logits, "embed", "hidden", "pool", "feature", "state", "encod"):
		return unclear("output %s looks like vectors, not logits", logits)
	case fits, width > surelyWords:
		return nil
	}
	return unclear("nothing shows that output %s gives logits; name it as \"logits\" in a driver file if it does", logits)
}

// rowsDiffer says why an output cannot have a row for each token of an input of
// fixed length, and is empty where it can.
func rowsDiffer(tokens, logits *coreml.FeatureDescription) string {
	length, hi := bounds(tokens, 1)
	if length != hi || len(logits.Shape) == 0 || logits.Flexible() {
		return ""
	}
	rows := 1
	if rank(logits) > 1 {
		rows = logits.Shape[rank(logits)-2]
	}
	if rows == length {
		return ""
	}
	return fmt.Sprintf("output %s has no row of logits for each of the %d places of input %s", logits, length, tokens)
}

// limits derives the context and the greatest query from the declared shapes,
// and refuses an override that asks for more.
func (b *binder) limits() error {
	d := b.d
	tokens := b.desc.Input(d.Tokens)
	_, query := bounds(tokens, 1)
	context, bound := -1, -1
	if d.Mask != "" {
		mask := b.desc.Input(d.Mask)
		_, context = bounds(mask, 3)
		if _, rows := bounds(mask, 2); rows > 0 && (query < 0 || rows < query) {
			query = rows
		}
	}
	if d.MaxQuery > 0 && query > 0 && d.MaxQuery > query {
		return bad("max_query", "is %d, the package takes %d in one prediction", d.MaxQuery, query)
	}
	if d.Family == FamilyNoCache {
		if context < 0 || query > 0 && query < context {
			context = query
		}
		if a := b.desc.Input(d.AttentionMask); a != nil {
			if _, n := bounds(a, 1); n > 0 && (context < 0 || n < context) {
				context = n
			}
		}
		query = 0
	}
	if bound = context; context < 0 && d.Family != FamilyNoCache {
		context, bound = b.cacheLength()
	}
	if d.Context == 0 {
		d.Context = min(context, maxContext)
		if context <= 0 {
			d.Context = maxContext
		}
	} else if bound > 0 && d.Context > bound {
		return bad("context", "is %d, the package takes %d", d.Context, bound)
	}
	if d.MaxQuery == 0 && query > 0 && query < d.Context {
		d.MaxQuery = query
	}
	return nil
}

// cacheLength guesses the length of the cache from its shape [.., heads, length,
// width] or with the last two exchanged: the longer of the two, of the shortest
// cache. The length of the longest is more than no context can be. It is asked
// only where the mask has no bound.
func (b *binder) cacheLength() (length, most int) {
	features := b.desc.States
	for in := range b.d.Caches {
		features = append(slices.Clone(features), *b.desc.Input(in))
	}
	length, most = -1, -1
	for i := range features {
		if s := features[i].Shape; len(s) >= 2 {
			m := max(s[len(s)-1], s[len(s)-2])
			most = max(most, m)
			if length < 0 || m < length {
				length = m
			}
		}
	}
	return length, most
}

// first refuses a package whose declared shapes allow no first prediction: its
// inputs contradict each other, or what they were taken for.
func (b *binder) first() error {
	d := b.d
	tokens, mask, attend := b.desc.Input(d.Tokens), b.desc.Input(d.Mask), b.desc.Input(d.AttentionMask)
	most := maxContext // without a cache a text may be padded to more than the context
	if d.Family != FamilyNoCache {
		most = d.Context
		if d.MaxQuery > 0 {
			most = min(most, d.MaxQuery)
		}
	}
	sizes := axisSizes(axisSizes(nil, tokens, 1), attend, 1)
	for _, q := range axisSizes(axisSizes(sizes, mask, 2), mask, 3) {
		if q > 0 && q <= most && tokens.Check(1, q) == nil && (mask == nil || mask.Check(1, 1, q, q) == nil) &&
			(attend == nil || attend.Check(1, q) == nil) {
			return nil
		}
	}
	list := tokens.String()
	for _, f := range []*coreml.FeatureDescription{mask, attend} {
		if f != nil {
			list += " and " + f.String()
		}
	}
	return unclear("the shapes of %s allow no common number of tokens up to %d", list, most)
}

// axisSizes adds the sizes of an axis among which the smallest must be that
// every feature allows: the ends of ranges below, and what is enumerated.
func axisSizes(sizes []int, f *coreml.FeatureDescription, axis int) []int {
	switch {
	case f == nil:
		return sizes
	case len(f.Enumerated) > 0:
		for _, shape := range f.Enumerated {
			if axis < len(shape) {
				sizes = append(sizes, shape[axis])
			}
		}
		return sizes
	}
	lo, _ := bounds(f, axis)
	return append(sizes, max(lo, 1))
}
