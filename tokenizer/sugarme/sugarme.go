// Package sugarme lets programs that were written for
// github.com/sugarme/tokenizer use this module's tokenizer: the types are that
// library's, the tokens are those of the reference implementation.
//
//	tk, err := sugarme.FromFile("tokenizer.json") // was: pretrained.FromFile
//	en, err := tk.EncodeSingle("Hello", true)
//
// What the library does to a text before and after the model (normalizing,
// cutting, added tokens) is done inside [Model] here, so those parts of a
// [Tokenizer] stay empty; truncation and padding are the library's own.
//
// Nothing else in this module imports this package: who does not use it does
// not link the library.
package sugarme

import (
	"errors"
	"fmt"

	sugar "github.com/sugarme/tokenizer"

	"github.com/gocoreml/coreml/tokenizer"
)

// Tokenizer is a tokenizer of the library with an exact model inside. Where a
// program wants a *tokenizer.Tokenizer of the library, the field of that name
// is one; only its Decode does not know which tokens are special.
type Tokenizer struct {
	*sugar.Tokenizer
	exact *tokenizer.Tokenizer
}

// FromFile loads a directory with tokenizer.json, or that file.
func FromFile(path string) (*Tokenizer, error) {
	t, err := tokenizer.Load(path)
	if err != nil {
		return nil, err
	}
	return New(t), nil
}

// New wraps a tokenizer that is loaded already.
func New(t *tokenizer.Tokenizer) *Tokenizer {
	s := sugar.NewTokenizer(Model{t})
	s.WithPostProcessor(PostProcessor{t})
	s.WithDecoder(Decoder{t})
	return &Tokenizer{s, t}
}

// Exact returns the tokenizer inside.
func (t *Tokenizer) Exact() *tokenizer.Tokenizer { return t.exact }

// Decode returns the text of ids, without special tokens if they are skipped.
func (t *Tokenizer) Decode(ids []int, skipSpecialTokens bool) string {
	return t.exact.Decode(ids, skipSpecialTokens)
}

// DecodeBatch decodes several lists of ids.
func (t *Tokenizer) DecodeBatch(sentences [][]int, skipSpecialTokens bool) []string {
	out := make([]string, len(sentences))
	for i, ids := range sentences {
		out[i] = t.exact.Decode(ids, skipSpecialTokens)
	}
	return out
}

// GetSpecialTokens returns the special tokens in the order of their ids.
func (t *Tokenizer) GetSpecialTokens() []string {
	var out []string
	for id := range t.exact.VocabSize() {
		if token, ok := t.exact.IDToToken(id); ok && t.exact.IsSpecial(id) {
			out = append(out, token)
		}
	}
	return out
}

// Model is a model of the library that does all the work on a text.
type Model struct{ t *tokenizer.Tokenizer }

var _ sugar.Model = Model{}

// NewModel returns the model of a tokenizer.
func NewModel(t *tokenizer.Tokenizer) Model { return Model{t} }

// Tokenize returns the tokens of a text, added tokens included, with their
// offsets in bytes.
func (m Model) Tokenize(sequence string) ([]sugar.Token, error) {
	e, err := m.t.EncodeWithOffsets(sequence, false)
	if err != nil {
		return nil, err
	}
	out := make([]sugar.Token, e.Len())
	for i, id := range e.IDs {
		out[i] = sugar.NewToken(id, e.Tokens[i], []int{e.Offsets[i].Start, e.Offsets[i].End})
	}
	return out, nil
}

// TokenToId returns the id of a token.
//
//lint:ignore ST1003 the library's interface has this name
func (m Model) TokenToId(token string) (int, bool) { return m.t.TokenToID(token) }

// IdToToken returns the token of an id.
//
//lint:ignore ST1003 the library's interface has this name
func (m Model) IdToToken(id int) (string, bool) { return m.t.IDToToken(id) }

// GetVocab returns all tokens with their ids.
func (m Model) GetVocab() map[string]int {
	out := make(map[string]int, m.t.VocabSize())
	for id := range m.t.VocabSize() {
		if token, ok := m.t.IDToToken(id); ok {
			out[token] = id
		}
	}
	return out
}

// GetVocabSize returns the number of tokens.
func (m Model) GetVocabSize() int { return len(m.GetVocab()) }

// ErrSave is returned by [Model.Save].
var ErrSave = errors.New("sugarme: a model is not saved: copy its tokenizer.json")

// Save is not possible; the error wraps [ErrSave].
func (m Model) Save(path string, _ ...string) error { return fmt.Errorf("%w to %s", ErrSave, path) }

// Decoder turns the tokens of a tokenizer into text.
type Decoder struct{ t *tokenizer.Tokenizer }

var _ sugar.Decoder = Decoder{}

// NewDecoder returns the decoder of a tokenizer.
func NewDecoder(t *tokenizer.Tokenizer) Decoder { return Decoder{t} }

// Decode returns the text of tokens.
func (d Decoder) Decode(tokens []string) string { return d.t.DecodeTokens(tokens) }

// DecodeChain returns the text of tokens as a list of one.
func (d Decoder) DecodeChain(tokens []string) []string { return []string{d.t.DecodeTokens(tokens)} }
