package grammar

import (
	"context"
	"sync"

	"github.com/gocoreml/coreml/tokenizer"
)

// Vocabulary has the bytes of a tokenizer's tokens in the form in which a grammar reads
// them. It does not change and is safe for concurrent use. To make one takes a tenth of
// a second for a vocabulary of 128,000, so that one is made for a tokenizer and kept.
type Vocabulary struct {
	tok   *tokenizer.Tokenizer
	marks map[int]bool // the special tokens that are text
	size  int
	rest  *tokens // the tokens behind others

	once  sync.Once // makes begin
	begin *tokens   // the tokens at the beginning of a text
}

// NewVocabulary returns the vocabulary of a tokenizer. Special tokens have no text and
// are never part of what a grammar allows, but for the given marks, such as those around a
// call of a function.
func NewVocabulary(ctx context.Context, t *tokenizer.Tokenizer, marks ...int) (*Vocabulary, error) {
	v := &Vocabulary{tok: t, size: t.VocabSize(), marks: map[int]bool{}}
	for _, id := range marks {
		v.marks[id] = true
	}
	var err error
	v.rest, err = v.collect(ctx, false)
	return v, err
}

// Size returns the largest id plus one.
func (v *Vocabulary) Size() int { return v.size }

// Bytes returns the bytes of a token, those at the beginning of a text where first is
// set, as tokenizers in the style of SentencePiece leave out a space there. A token that
// is no text has none. The text is shared.
func (v *Vocabulary) Bytes(id int, first bool) string {
	t := v.tokens(first)
	if id < 0 || id >= len(t.text) {
		return ""
	}
	return t.text[id]
}

// tokens returns the tokens at the beginning of a text or behind it. Most tokenizers have
// the same in both places.
func (v *Vocabulary) tokens(first bool) *tokens {
	if !first {
		return v.rest
	}
	v.once.Do(func() {
		v.begin = v.rest
		b := v.tok.TokenBytes()
		var one []byte
		for id, text := range v.rest.text {
			if text == "" {
				continue
			}
			if one, _ = b.Append(one[:0], id, true); string(one) != text {
				// The background: what waits here was begun by one of several callers.
				v.begin, _ = v.collect(context.Background(), true)
				v.begin.blank = v.rest.without(v.begin)
				return
			}
		}
	})
	return v.begin
}

// without returns the tokens that have a text in t and none in other.
func (t *tokens) without(other *tokens) (ids []int32) {
	for id, text := range t.text {
		if text != "" && other.text[id] == "" {
			ids = append(ids, int32(id))
		}
	}
	return ids
}

// maxToken is the most bytes of a token that grammars use.
const maxToken = 1 << 12

// collect reads the bytes of all tokens.
func (v *Vocabulary) collect(ctx context.Context, first bool) (*tokens, error) {
	b := v.tok.TokenBytes()
	text := make([]string, v.size)
	var one []byte
	for id := range text {
		if id%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if v.tok.IsSpecial(id) && !v.marks[id] {
			continue
		}
		var ok bool
		if one, ok = b.Append(one[:0], id, first); ok && len(one) <= maxToken {
			text[id] = string(one)
		}
	}
	return newTokens(text), nil
}
