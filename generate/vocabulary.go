package generate

import (
	"fmt"
	"math"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
	"github.com/gocoreml/coreml/tokenizer"
)

// shaped is a model that knows the shapes of its results before it has run.
type shaped interface {
	OutputShape(name string) []int
}

// widthOf returns the number of logits in a row, or 0 where neither the
// description nor the model tells it.
func widthOf(m predictor, f *coreml.FeatureDescription) int {
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

// checkTokens refuses ids that are no tokens of the model. While its vocabulary
// is not known only what no model has is refused.
func (p *program) checkTokens(ids []int, where string) error {
	width := int(p.width.Load())
	limit := math.MaxInt32
	if width > 0 {
		limit = width - 1
	}
	for _, id := range ids {
		if id < 0 || id > limit {
			return &TokenError{ID: id, Where: where, Vocabulary: width}
		}
		if !represents(p.tokens.DType, id) {
			return &TokenError{ID: id, Where: where, Reason: fmt.Sprintf("the model's input %s is of type %v, which cannot hold it",
				p.tokens.Name, p.tokens.DType)}
		}
	}
	return nil
}

// represents reports whether an element type holds an id exactly.
func represents(d tensor.DType, id int) bool {
	switch d {
	case tensor.Float16:
		return id <= 1<<11 || float64(tensor.HalfOf(float32(id)).Float32()) == float64(id)
	case tensor.Float32:
		return id <= 1<<24 || int(float32(id)) == id
	default:
		return true
	}
}

// learn takes over the width of logits that the model gave. It matters where
// the package did not say it: ids and tokenizer can only be compared now.
func (g *Generator) learn(width int, ids []int) error {
	if int(g.prog.width.Load()) == width {
		return nil
	}
	if width <= 0 {
		return fmt.Errorf("%w: output %s has no logits", ErrDriver, g.prog.d.Logits)
	}
	if err := checkVocabulary(g.tok, width); err != nil {
		return err
	}
	g.prog.width.Store(int64(width))
	return g.prog.checkTokens(ids, "the tokens to append")
}

const (
	// strayTokens and strayPart bound how many ordinary entries of a tokenizer may
	// lie beyond the logits. Words that somebody added to a tokenizer and the model
	// never learned do no harm until a prompt has them, and that is refused.
	strayTokens = 64
	strayPart   = 16
	// padFactor and padRows bound how many more logits than tokens there may be.
	// Models round the number up, DeepSeek's from 100,015 to 102,400.
	padFactor = 2
	padRows   = 512
)

// belongs reports whether width logits and a vocabulary of so many entries can
// be of one model, as far as the numbers tell.
func belongs(width, entries int) bool {
	return entries-width <= min(strayTokens, width/strayPart) && (width <= padFactor*entries || width-entries <= padRows)
}

// checkVocabulary refuses a tokenizer whose vocabulary is not that of a model
// with width logits. Both may have a few entries that the other lacks: special
// tokens that were added later, and rows that round the number up.
func checkVocabulary(t *tokenizer.Tokenizer, width int) error {
	if t == nil || width == 0 {
		return nil
	}
	size, stray := t.VocabSize(), 0
	for id := width; id < size; id++ {
		if _, ok := t.IDToToken(id); ok && !t.IsSpecial(id) {
			stray++
		}
	}
	if !belongs(width, min(size, width)+stray) {
		return &VocabularyError{Tokenizer: size, Logits: width}
	}
	return nil
}
