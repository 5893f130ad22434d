package model

import (
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// wordPiece is the model of BERT: the longest tokens that a word can be cut
// into from the left, those inside a word with a prefix. A model without parts
// of words (WordLevel) is one that only knows whole words.
type wordPiece struct {
	vocab    *vocab.Vocab
	prefix   string
	maxChars int
	whole    bool
	unkToken string
	unk      int32 // -1 where the vocabulary lacks unkToken
	// trie is that of all tokens, and inside its node behind the prefix.
	trie   func() *vocab.PairTable
	inside func() (node int32, ok bool)
}

// newWordPiece makes the model. The trie is made when the first long word comes:
// most tokenizers of this kind never see one.
func newWordPiece(v *vocab.Vocab, o *modelOptions) *wordPiece {
	m := &wordPiece{vocab: v, prefix: "##", unkToken: "[UNK]", maxChars: o.MaxChars, whole: o.Type == "WordLevel"}
	if o.Prefix != nil {
		m.prefix = *o.Prefix
	}
	if o.Unk != nil {
		m.unkToken = *o.Unk
	}
	m.unk = symbolOf(v, m.unkToken)
	m.trie = sync.OnceValue(func() *vocab.PairTable { return vocab.BuildTrie(v, namedIDs(v)) })
	m.inside = sync.OnceValues(m.behindPrefix)
	return m
}

// namedIDs returns the ids that their tokens have as names: of two ids with one token
// the other is never found.
func namedIDs(v *vocab.Vocab) []uint32 {
	ids := make([]uint32, 0, v.Count)
	for id := range v.Spans {
		if token, ok := v.ByID(id); ok {
			if same, _ := v.Lookup(token); int(same) == id {
				ids = append(ids, uint32(id))
			}
		}
	}
	return ids
}

// behindPrefix returns the node of the trie that the prefix leads to, if any token
// begins with it.
func (m *wordPiece) behindPrefix() (node int32, ok bool) {
	for i := range len(m.prefix) {
		val := m.trie().Get(node, int32(m.prefix[i]))
		if val == vocab.NoMerge {
			return 0, false
		}
		node = int32(uint32(val))
	}
	return node, true
}

// Tokens returns the vocabulary.
func (m *wordPiece) Tokens() *vocab.Vocab { return m.vocab }

func (m *wordPiece) Unknown() int32 { return m.unk }

// wordPieceEncoder is a wordPiece at work on one text. It needs no cache: a word is
// one look-up for most.
type wordPieceEncoder struct {
	*wordPiece
	*budget.Budget
	text []byte
	ids  []int
}

// Encoder returns an encoder, which works within a budget.
func (m *wordPiece) Encoder(may *budget.Budget) Encoder {
	return &wordPieceEncoder{wordPiece: m, Budget: may}
}

// Reset lets go of the memory that a very long word took.
func (e *wordPieceEncoder) Reset() { e.text, e.ids = budget.Kept(e.text), budget.Kept(e.ids) }

// AppendPiece takes the longest token again and again. A word that cannot be ended
// in this way is unknown as a whole, also where it began well.
func (e *wordPieceEncoder) AppendPiece(dst []int, word string) []int {
	if e.whole {
		return e.appendWhole(dst, word)
	}
	// Bytes are counted first: there are never fewer than characters.
	if len(word) > e.maxChars && utf8.RuneCountInString(word) > e.maxChars {
		return e.unknown(dst)
	}
	before := len(dst)
	for rest := word; rest != ""; {
		var id int32
		var n int
		if len(word) <= maxSearched {
			id, n = e.longest(rest, len(rest) < len(word))
		} else {
			id, n = e.longestByTrie(rest, len(rest) < len(word))
		}
		if n == 0 {
			return e.unknown(dst[:before])
		}
		dst = append(dst, int(id))
		rest = rest[n:]
	}
	return dst
}

// appendWhole appends the token that a word is.
func (e *wordPieceEncoder) appendWhole(dst []int, word string) []int {
	if id, ok := e.vocab.Lookup(word); ok {
		return append(dst, int(id))
	}
	return e.unknown(dst)
}

// maxSearched is the length in bytes up to which looking for each beginning of a
// word in the vocabulary is quick enough. Longer words are rare in text that has
// been cut, and walk a trie.
const maxSearched = 64

// longest returns the longest token at the start of text and the length of
// what it stands for. It looks for all of the text first and takes one character after
// the other away, as most words are one token.
func (e *wordPieceEncoder) longest(text string, inside bool) (id int32, n int) {
	e.text = e.text[:0]
	if inside {
		e.text = append(e.text, e.prefix...)
	}
	head := len(e.text)
	e.text = append(e.text, text...)
	n = len(text)
	for n > 0 {
		if id, ok := e.vocab.LookupBytes(e.text[:head+n]); ok {
			e.Spend(4 * (len(text) - n + 1))
			return id, n
		}
		_, size := utf8.DecodeLastRuneInString(text[:n])
		n -= size
	}
	e.Spend(4 * len(text))
	return 0, 0
}

// longestByTrie is longest in as many steps as the longest token has bytes that begins
// as text does: looking for each beginning would be quadratic in the word, and a word
// can be a whole text.
func (e *wordPieceEncoder) longestByTrie(text string, inside bool) (id int32, n int) {
	trie := e.trie()
	node, ok := int32(0), true
	if inside {
		node, ok = e.inside()
	}
	for i := 0; ok && i < len(text) && e.Spend(1); i++ {
		val := trie.Get(node, int32(text[i]))
		if val == vocab.NoMerge {
			break
		}
		node = int32(uint32(val))
		// A token can end inside a character only where it is none itself.
		if ends := uint32(val >> 32); ends > 0 && (i+1 == len(text) || utf8.RuneStart(text[i+1])) {
			id, n = int32(ends-1), i+1
		}
	}
	return id, n
}

// AppendTokens finds the places by the lengths of the tokens, which are spelled as
// the word is. A word that is one token has all of it, also the unknown one.
func (e *wordPieceEncoder) AppendTokens(dst []Token, word string) []Token {
	e.ids = e.AppendPiece(e.ids[:0], word)
	if !e.Tells(len(e.ids)) {
		return dst
	}
	dst = slices.Grow(dst, len(e.ids))
	start := 0
	for i, id := range e.ids {
		token := e.vocab.Token(uint32(id))
		end := start + len(token)
		if i > 0 {
			end -= len(e.prefix)
		}
		if len(e.ids) == 1 {
			end = len(word)
		}
		dst = append(dst, Token{int32(id), int32(start), int32(end), token})
		start = end
	}
	return dst
}

// unknown appends the unknown token. That it is missing is an error only now: a file
// whose texts never need it is a good one, as in the reference.
func (e *wordPieceEncoder) unknown(dst []int) []int {
	if e.unk < 0 {
		e.Fail(fmt.Errorf("tokenizer: the unknown token %q is not in the vocabulary", fault.Clip(e.unkToken)))
		return dst
	}
	return append(dst, int(e.unk))
}
