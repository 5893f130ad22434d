package generate

import (
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
)

// queryLimit returns the greatest number of tokens that the shapes allow in one
// prediction, -1 where they set no limit. It refuses a driver that asks for
// more.
func (b *binder) queryLimit() (int, error) {
	_, query := axes.Bounds(b.desc.Input(b.d.Tokens), 1)
	if mask := b.desc.Input(b.d.Mask); mask != nil {
		if _, rows := axes.Bounds(mask, 2); rows > 0 && (query < 0 || rows < query) {
			query = rows
		}
	}
	if b.d.MaxQuery > 0 && query > 0 && b.d.MaxQuery > query {
		return 0, driverErrorf("max_query", "is %d, the package takes %d in one prediction", b.d.MaxQuery, query)
	}
	return query, nil
}

// maskWidth returns the greatest width of the causal mask, -1 where there is no
// mask or no limit.
func (b *binder) maskWidth() int {
	mask := b.desc.Input(b.d.Mask)
	if mask == nil {
		return -1
	}
	_, width := axes.Bounds(mask, 3)
	return width
}

// cacheLength guesses the length of the cache from its shape [.., heads, length,
// width] or with the last two exchanged: the longer of the two, of the shortest
// cache. Most is the length of the longest one: no context can be more. Both are
// -1 without caches.
func (b *binder) cacheLength() (length, most int) {
	features := slices.Clone(b.desc.States)
	for in := range b.d.Caches {
		features = append(features, *b.desc.Input(in))
	}
	length, most = -1, -1
	for i := range features {
		if s := features[i].Shape; len(s) >= 2 {
			n := max(s[len(s)-1], s[len(s)-2])
			most = max(most, n)
			if length < 0 || n < length {
				length = n
			}
		}
	}
	return length, most
}

// setContext fills in the context, which is length where the shapes tell it, and
// refuses a driver that asks for more than most. Numbers that are not positive
// stand for no limit.
func (b *binder) setContext(length, most int) error {
	switch {
	case b.d.ContextLength > 0:
		if most > 0 && b.d.ContextLength > most {
			return driverErrorf("context", "is %d, the package takes %d", b.d.ContextLength, most)
		}
	case length > 0:
		b.d.ContextLength = min(length, maxContext)
	default:
		b.d.ContextLength = maxContext
	}
	return nil
}

// requirePrediction refuses a package whose shapes allow no first prediction of
// most tokens or fewer: its inputs contradict each other, or the uses that were
// found for them.
func (b *binder) requirePrediction(most int) error {
	tokens, mask, attention := b.desc.Input(b.d.Tokens), b.desc.Input(b.d.Mask), b.desc.Input(b.d.AttentionMask)
	sizes := candidateSizes(candidateSizes(nil, tokens, 1), attention, 1)
	for _, q := range candidateSizes(candidateSizes(sizes, mask, 2), mask, 3) {
		if q > 0 && q <= most && tokens.Check(1, q) == nil && (mask == nil || mask.Check(1, 1, q, q) == nil) &&
			(attention == nil || attention.Check(1, q) == nil) {
			return nil
		}
	}
	list := tokens.String()
	for _, f := range []*coreml.FeatureDescription{mask, attention} {
		if f != nil {
			list += " and " + f.String()
		}
	}
	return final(undetected("the shapes of %s allow no common number of tokens up to %d", list, most))
}
