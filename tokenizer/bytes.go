package tokenizer

import (
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/bytelevel"
)

// TokenBytes gives the bytes that each token has in a text. In a token may lie a part
// of a character. It is made by [Tokenizer.TokenBytes] and not safe for concurrent use.
type TokenBytes struct {
	t        *Tokenizer
	anchor   []int // a token that stands before another one
	before   string
	fallback bool // tokens such as <0x0A> are bytes
	ids      []int
}

// TokenBytes returns what gives the bytes of tokens. Joined, those of the tokens of an
// answer are its text before anything is cleaned up in it, as some tokenizers do with
// spaces before punctuation.
func (t *Tokenizer) TokenBytes() *TokenBytes {
	b := &TokenBytes{t: t.made()}
	if b.t.bytesOnly {
		return b
	}
	b.findAnchor()
	if id, ok := b.t.vocab.Lookup("<0x41>"); ok {
		b.fallback = b.decode(append(b.ids[:0], int(id))) == "A"
	}
	return b
}

// findAnchor looks for a token that is a word.
func (b *TokenBytes) findAnchor() {
	for _, word := range []string{"a", "\u2581a", "e", "\u2581e", "the", "\u2581the", "0", "A"} {
		if b.tryAnchor(word) {
			return
		}
	}
	for id := range min(b.t.size, 1000) {
		if word, ok := b.t.vocab.ByID(id); ok && !b.t.IsAdded(id) && b.tryAnchor(word) {
			return
		}
	}
}

// tryAnchor takes the token of a word as the anchor if it is one that stays as it is
// before others.
func (b *TokenBytes) tryAnchor(word string) bool {
	id, ok := b.t.vocab.Lookup(word)
	if !ok || b.t.IsAdded(int(id)) {
		return false
	}
	text := b.decode([]int{int(id)})
	if text == "" || strings.ContainsRune(text, utf8.RuneError) || !strings.HasPrefix(b.decode([]int{int(id), int(id)}), text) {
		return false
	}
	b.anchor, b.before = []int{int(id)}, text
	return true
}

// decode returns the text of ids without what a class of tokenizers does behind its
// decoder.
func (b *TokenBytes) decode(ids []int) string {
	may := &budget.Budget{}
	may.Begin(nil, 0)
	text := b.t.decodeWithin(may, ids, false)
	if may.Err != nil {
		return ""
	}
	return text
}

// Append appends the bytes of a token to dst. First says that the token begins the
// text: there the tokenizers in the style of SentencePiece leave out the space that a
// token has in front. It reports false for an id without a token and where the bytes
// cannot be told.
func (b *TokenBytes) Append(dst []byte, id int, first bool) ([]byte, bool) {
	token, ok := b.t.token(id, false)
	if !ok {
		return dst, false
	}
	if b.t.bytesOnly {
		return bytelevel.AppendBytes(dst, token), true
	}
	if b.fallback {
		if c, ok := bytelevel.FallbackByte(token); ok && c >= utf8.RuneSelf {
			return append(dst, c), true
		}
	}
	var text string
	if b.ids = b.ids[:0]; first {
		b.ids = append(b.ids, id)
		text = b.decode(b.ids)
	} else {
		b.ids = append(append(b.ids, b.anchor...), id)
		text, ok = strings.CutPrefix(b.decode(b.ids), b.before)
		ok = ok && b.anchor != nil
	}
	if !ok {
		return dst, false
	}
	if strings.ContainsRune(text, utf8.RuneError) && !strings.ContainsRune(token, utf8.RuneError) {
		// A part of a character in the byte-level alphabet, among several decoders.
		raw := bytelevel.AppendBytes(nil, token)
		return append(dst, raw...), string(bytelevel.AppendLossy(nil, raw)) == text
	}
	return append(dst, text...), true
}
