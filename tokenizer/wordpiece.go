package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// wordPiece is the model of BERT: the longest tokens that a word can be cut
// into from the left, those inside a word with a prefix. A model without parts
// of words (WordLevel) is one that only knows whole words.
type wordPiece struct {
	vocab    *vocab
	prefix   string
	maxChars int
	whole    bool
	unkToken string
	unk      int32 // -1 where the vocabulary lacks unkToken
	// trie is that of all tokens, and inside its node behind the prefix.
	trie   func() *pairTable
	inside func() (node int32, ok bool)
}

func newWordPiece(v *vocab, o *modelOptions) *wordPiece {
	m := &wordPiece{vocab: v, prefix: "##", maxChars: o.MaxChars, whole: o.Type == "WordLevel", unk: -1}
	if o.Prefix != nil {
		m.prefix = *o.Prefix
	}
	m.unkToken = "[UNK]"
	if o.Unk != nil {
		m.unkToken = *o.Unk
	}
	if id, ok := v.lookup(m.unkToken); ok {
		m.unk = id
	}
	m.trie = sync.OnceValue(func() *pairTable {
		order := make([]uint32, 0, v.count)
		for id, sp := range v.spans {
			if found, ok := v.byID(id); sp != noSpan && ok {
				if same, _ := v.lookup(found); int(same) == id {
					order = append(order, uint32(id))
				}
			}
		}
		return buildTrie(v, order)
	})
	m.inside = sync.OnceValues(func() (int32, bool) {
		node := int32(0)
		for i := range len(m.prefix) {
			val := m.trie().get(node, int32(m.prefix[i]))
			if val == noMerge {
				return 0, false
			}
			node = int32(uint32(val))
		}
		return node, true
	})
	return m
}

func (m *wordPiece) tokens() *vocab { return m.vocab }

// wordPieceEncoder is a wordPiece at work on one text.
type wordPieceEncoder struct {
	*wordPiece
	*budget
	text []byte
	ids  []int
}

func (m *wordPiece) encoder(may *budget) encoder { return &wordPieceEncoder{wordPiece: m, budget: may} }

// reset lets go of the memory that a very long word took.
func (e *wordPieceEncoder) reset() { e.text, e.ids = kept(e.text), kept(e.ids) }

func (e *wordPieceEncoder) appendPiece(dst []int, word string) []int {
	if e.whole {
		if id, ok := e.vocab.lookup(word); ok {
			return append(dst, int(id))
		}
		return e.unknown(dst)
	}
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

// maxSearched is the length in bytes up to which looking for each beginning of a
// word in the vocabulary is quick enough. Longer words are rare in text that has
// been cut, and walk a trie.
const maxSearched = 64

// longest returns the longest token at the start of text and the length of
// what it stands for.
func (e *wordPieceEncoder) longest(text string, inside bool) (id int32, n int) {
	e.text = e.text[:0]
	if inside {
		e.text = append(e.text, e.prefix...)
	}
	head := len(e.text)
	e.text = append(e.text, text...)
	n = len(text)
	for n > 0 {
		if id, ok := e.vocab.lookupBytes(e.text[:head+n]); ok {
			e.spend(4 * (len(text) - n + 1))
			return id, n
		}
		_, size := utf8.DecodeLastRuneInString(text[:n])
		n -= size
	}
	e.spend(4 * len(text))
	return 0, 0
}

// longestByTrie is longest in steps of the longest token that begins as text
// does.
func (e *wordPieceEncoder) longestByTrie(text string, inside bool) (id int32, n int) {
	trie := e.trie()
	node, ok := int32(0), true
	if inside {
		node, ok = e.inside()
	}
	for i := 0; ok && i < len(text) && e.spend(1); i++ {
		val := trie.get(node, int32(text[i]))
		if val == noMerge {
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

func (e *wordPieceEncoder) appendTokens(dst []modelToken, word string) []modelToken {
	e.ids = e.appendPiece(e.ids[:0], word)
	if !e.tells(len(e.ids)) {
		return dst
	}
	dst = slices.Grow(dst, len(e.ids))
	start := 0
	for i, id := range e.ids {
		token := e.vocab.token(uint32(id))
		end := len(word)
		if !e.whole && len(e.ids) > 1 {
			size := len(token)
			if i > 0 {
				size -= len(e.prefix)
			}
			end = start + size
		}
		dst = append(dst, modelToken{int32(id), int32(start), int32(end), token})
		start = end
	}
	return dst
}

func (e *wordPieceEncoder) unknown(dst []int) []int {
	if e.unk < 0 {
		e.fail(fmt.Errorf("tokenizer: the unknown token %q is not in the vocabulary", clip(e.unkToken)))
		return dst
	}
	return append(dst, int(e.unk))
}

// bert is the normalizer of BERT.
func (n *normalizer) bert(may *budget, s string) string {
	if isSet(n.CleanText) {
		s = may.chunks(s, func(part string) string { return strings.Map(cleanChar, part) })
	}
	if isSet(n.Chinese) {
		s = may.chunks(s, spaceChinese)
	}
	if n.accents() {
		s = may.chunks(form(may, uni.NFD, s), func(part string) string {
			return strings.Map(func(r rune) rune {
				if uni.IsBertMark(r) {
					return -1
				}
				return r
			}, part)
		})
	}
	if isSet(n.Lowercase) {
		s = lower(may, s)
	}
	return s
}

// cleanChar removes control characters and turns white space into spaces.
func cleanChar(r rune) rune {
	switch {
	case r >= ' ' && r <= '~':
		return r // most text
	case r == '\t' || r == '\n' || r == '\r':
		return ' '
	case r == 0 || r == utf8.RuneError || uni.IsBertControl(r):
		return -1
	case uni.Classes().Class(r)&uni.Space != 0:
		return ' '
	}
	return r
}

// spaceChinese puts spaces around ideographs.
func spaceChinese(s string) string {
	if strings.IndexFunc(s, isIdeograph) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if isIdeograph(r) {
			b.WriteByte(' ')
			b.WriteRune(r)
			b.WriteByte(' ')
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func isIdeograph(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r >= 0x3400 && r <= 0x4dbf || r >= 0x20000 && r <= 0x2a6df ||
		r >= 0x2a700 && r <= 0x2b73f || r >= 0x2b740 && r <= 0x2b81f || r >= 0x2b920 && r <= 0x2ceaf ||
		r >= 0xf900 && r <= 0xfaff || r >= 0x2f800 && r <= 0x2fa1f
}
