package generate

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tokenizer"
)

// shaped is a model that knows the shapes of its results before it has run.
type shaped interface {
	OutputShape(name string) []int
}

// vocabularyOf returns the number of logits in a row, or 0 where neither the
// description nor the model tells it, and whether the description does. Axis is
// that of the vocabulary, 0 where the shape has to tell it.
func vocabularyOf(m predictor, f *coreml.FeatureDescription, axis int) (width int, declared bool) {
	shape := make([]int, axes.Rank(f))
	for i := range shape {
		lo, hi := axes.Bounds(f, i)
		if shape[i] = hi; lo != hi {
			shape[i] = -1
		}
	}
	if len(shape) > 0 {
		if w := shape[vocabularyAxis(shape, axis, -1)]; w > 0 {
			return w, true
		}
	}
	if m, ok := m.(shaped); ok {
		if shape := m.OutputShape(f.Name); len(shape) > 0 {
			return max(shape[vocabularyAxis(shape, axis, -1)], 0), false
		}
	}
	return 0, false
}

// vocabularyAxis returns the axis along which the logits of one token lie: the one
// that is asked for where that is not 0, and else the last, but where that has a
// place for each of q tokens, as in [1, V, 1, q]. A size or q of -1 is not known.
func vocabularyAxis(shape []int, asked, q int) int {
	n := len(shape)
	switch {
	case asked > 0 && asked < n:
		return asked
	case n == 4 && shape[2] == 1 && shape[1] != 1 && (shape[3] == 1 || shape[3] == q || shape[3] < 0 && shape[1] > 0):
		return 1
	case n == 3 && shape[1] > 1 && (shape[2] == 1 || shape[2] == q && shape[1] > q || shape[2] < 0):
		return 1 // [1, V, q]
	}
	return max(n-1, 0)
}

const (
	// maxExtraEntries and minEntriesPerExtra bound how many added tokens of a
	// tokenizer may lie beyond the logits, special ones not counted. Tokens that were
	// added and that the model never learned do no harm until a prompt has them, and
	// that is refused.
	maxExtraEntries    = 64
	minEntriesPerExtra = 16
	// minEntriesPerSpare and maxSpareLogits bound how many more logits than entries
	// there may be. Models round the number up: DeepSeek's by 2.4 %, from 100,015 to
	// 102,400, Phi-2's by 1.8 %; small ones by more. Beyond that the tokenizer is
	// refused: there is no way to warn, and what comes of it is nonsense that looks
	// like a bad model. It has to be an error for a tokenizer of 32,000 with a model
	// of 49,152 as for one of a tenth.
	minEntriesPerSpare = 8
	maxSpareLogits     = 512
)

// plausibleVocabulary reports whether so many logits and a vocabulary of so many
// entries can be of one model, as far as the numbers tell.
func plausibleVocabulary(logits, entries int) bool {
	return entries-logits <= min(maxExtraEntries, logits/minEntriesPerExtra) &&
		logits-entries <= max(maxSpareLogits, entries/minEntriesPerSpare)
}

// checkVocabulary refuses a tokenizer whose vocabulary is not that of a model
// with so many logits. Both may have a few entries that the other lacks: tokens
// that were added later, and rows that round the number up. An entry of the
// vocabulary itself, which the tokenizer was trained with, always has its logit.
func checkVocabulary(t *tokenizer.Tokenizer, logits int) error {
	if t == nil || logits == 0 {
		return nil
	}
	size, own, extra := t.VocabSize(), 0, 0
	for id := logits; id < size; id++ {
		if _, ok := t.IDToToken(id); !ok {
			continue
		}
		if !t.IsAdded(id) {
			own = id + 1
		} else if !t.IsSpecial(id) {
			extra++
		}
	}
	if own > 0 || !plausibleVocabulary(logits, min(size, logits)+extra) {
		return &VocabularyError{Tokenizer: size, Logits: logits, Own: own}
	}
	return nil
}

// checkDeclared refuses a tokenizer that does not fit the size which the package
// declares beside its logits: these may be wider, and unknown until the first
// prediction. A size that cannot be of these logits says nothing: config.json is
// the name of many files, and packages are cut down after they were converted.
func checkDeclared(t *tokenizer.Tokenizer, logits, size int) error {
	if size <= 0 || logits > 0 && (size > logits || !plausibleVocabulary(logits, size)) {
		return nil
	}
	err := checkVocabulary(t, size)
	if e, ok := errors.AsType[*VocabularyError](err); ok {
		e.Logits, e.Declared = logits, size
	}
	return err
}

// sizeKey is the size of the vocabulary in a model's config.json and, with or
// without a prefix such as "com.example.", in a package's metadata.
const sizeKey = "vocab_size"

// sizeInMetadata returns the size of the vocabulary in the package's metadata, or 0.
func sizeInMetadata(desc *coreml.Description) int {
	for _, key := range slices.Sorted(maps.Keys(desc.UserDefined)) {
		if key == sizeKey || strings.HasSuffix(key, "."+sizeKey) {
			if n, err := strconv.Atoi(desc.UserDefined[key]); err == nil {
				return n
			}
		}
	}
	return 0
}

// sizeBeside returns the size of the vocabulary in config.json in dir, or 0. What
// the file is otherwise is not looked at, and one that is no JSON is no error:
// nothing else comes from it.
func sizeBeside(fsys fs.FS, dir string) int {
	data, err := storage.ReadOptional(fsys, path.Join(dir, "config.json"), maxConfigBytes)
	if err != nil || data == nil {
		return 0
	}
	var file struct {
		Size int `json:"vocab_size"`
		Text struct {
			Size int `json:"vocab_size"`
		} `json:"text_config"` // of a model that sees or hears too
	}
	if json.Unmarshal(data, &file) != nil {
		return 0
	}
	return cmp.Or(file.Text.Size, file.Size)
}
