package sentencepiece

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/model"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// NewModel returns the model that a file names, over its pieces. Each has its own way to
// cut a text and shares with the others what becomes of the parts.
func (p *File) NewModel(m *Pieces) (model.Model, error) {
	switch p.Model {
	case ModelUnigram:
		return newUnigram(m), nil
	case ModelBPE:
		return newBPE(m)
	case modelWord:
		return plainModel{m, (*encoder).cutWords}, nil
	case modelChar:
		return plainModel{m, (*encoder).cutCharacters}, nil
	}
	return nil, ErrMalformed
}

// appendParts appends the tokens of the parts that a text was cut into. Unknown
// neighbours become one token with the place of both. It is appendIDs with all that an
// encoding tells.
func (e *encoder) appendParts(dst []model.Token, parts []part, text string) []model.Token {
	if !e.Tells(len(parts)) {
		return dst
	}
	dst = slices.Grow(dst, len(parts))
	at, end := int32(0), int32(0)
	last := int32(-1)
	for _, p := range parts {
		if p.size > 0 {
			at, end = end, end+p.size
		}
		if p.id != e.set.unk {
			dst = append(dst, model.Token{ID: p.id, Start: at, End: end, Text: e.set.Vocab.Token(uint32(p.id))})
		} else if last == e.set.unk {
			k := len(dst) - 1
			dst[k].End, dst[k].Text = end, text[dst[k].Start:end]
		} else {
			dst = append(dst, model.Token{ID: p.id, Start: at, End: end, Text: text[at:end]})
		}
		last = p.id
	}
	return dst
}

// plainModel is a model that needs nothing but the pieces to cut a text: that of words
// and that of characters.
type plainModel struct {
	*Pieces
	cut func(e *encoder, text string) []part
}

// Encoder returns an encoder, which works within a budget.
func (m plainModel) Encoder(may *budget.Budget) model.Encoder {
	e := newEncoder(m.Pieces, may)
	return &cutter{e, func(text string) []part { return m.cut(e, text) }}
}

// encoder is what the encoders have in common: the budget, and memory for the parts of
// the text that is cut.
type encoder struct {
	*budget.Budget
	set   *Pieces
	parts []part
}

// newEncoder returns the base of an encoder for these pieces.
func newEncoder(m *Pieces, may *budget.Budget) *encoder {
	return &encoder{Budget: may, set: m}
}

// cutter is an encoder that cuts a whole text into parts.
type cutter struct {
	*encoder
	cut func(text string) []part
}

// AppendPiece appends the ids of the parts.
func (e *cutter) AppendPiece(dst []int, text string) []int { return e.set.appendIDs(dst, e.cut(text)) }

// AppendTokens appends the tokens of the parts. They know their sizes, so that the
// places cost nothing but adding up: here one way is enough for both.
func (e *cutter) AppendTokens(dst []model.Token, text string) []model.Token {
	return e.appendParts(dst, e.cut(text), text)
}

// Reset lets go of the memory that a very long text took.
func (e *encoder) Reset() { e.parts = budget.Kept(e.parts) }

// cutCharacters is the model that knows single characters, and the pieces of a user.
func (e *encoder) cutCharacters(text string) []part {
	parts := e.parts[:0]
	for i := 0; i < len(text) && e.Spend(1); {
		_, n := e.set.userAt(e.Budget, text, i)
		if n == 0 {
			n = uni.CharLen(text, i)
		}
		parts = e.set.appendPart(parts, e.set.named(text[i:i+n]), text[i:i+n])
		i += n
	}
	e.parts = parts
	return parts
}

// cutWords is the model that knows whole words, each with the mark before it. A mark by
// itself begins a word as well, so that several in a row are several words.
func (e *encoder) cutWords(text string) []part {
	parts := e.parts[:0]
	for text != "" && e.Spend(1) {
		n := len(text)
		_, first := utf8.DecodeRuneInString(text)
		if i := strings.Index(text[first:], vocab.MetaMark); i >= 0 {
			n = first + i
		}
		parts = e.set.appendPart(parts, e.set.named(text[:n]), text[:n])
		text = text[n:]
	}
	e.parts = parts
	return parts
}
