package generate

import (
	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tokenizer"
)

// shaped is a model that knows the shapes of its results before it has run.
type shaped interface {
	OutputShape(name string) []int
}

// vocabularyOf returns the number of logits in a row, or 0 where neither the
// description nor the model tells it.
func vocabularyOf(m predictor, f *coreml.FeatureDescription) int {
	if lo, hi := bounds(f, -1); lo == hi && hi > 0 {
		return hi
	}
	if m, ok := m.(shaped); ok {
		if shape := m.OutputShape(f.Name); len(shape) > 0 {
			return max(shape[len(shape)-1], 0)
		}
	}
	return 0
}

const (
	// maxExtraEntries and minEntriesPerExtra bound how many ordinary entries of a
	// tokenizer may lie beyond the logits. Words that were added to a tokenizer and
	// that the model never learned do no harm until a prompt has them, and that is
	// refused.
	maxExtraEntries    = 64
	minEntriesPerExtra = 16
	// maxLogitsPerEntry and maxExtraLogits bound how many more logits than entries
	// there may be. Models round the number up, DeepSeek's from 100,015 to 102,400.
	maxLogitsPerEntry = 2
	maxExtraLogits    = 512
)

// plausibleVocabulary reports whether so many logits and a vocabulary of so many
// entries can be of one model, as far as the numbers tell.
func plausibleVocabulary(logits, entries int) bool {
	return entries-logits <= min(maxExtraEntries, logits/minEntriesPerExtra) &&
		(logits <= maxLogitsPerEntry*entries || logits-entries <= maxExtraLogits)
}

// checkVocabulary refuses a tokenizer whose vocabulary is not that of a model
// with so many logits. Both may have a few entries that the other lacks: special
// tokens that were added later, and rows that round the number up.
func checkVocabulary(t *tokenizer.Tokenizer, logits int) error {
	if t == nil || logits == 0 {
		return nil
	}
	size, extra := t.VocabSize(), 0
	for id := logits; id < size; id++ {
		if _, ok := t.IDToToken(id); ok && !t.IsSpecial(id) {
			extra++
		}
	}
	if !plausibleVocabulary(logits, min(size, logits)+extra) {
		return &VocabularyError{Tokenizer: size, Logits: logits}
	}
	return nil
}
