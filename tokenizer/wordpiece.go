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

func (m *wordPiece) appendPiece(st *state, dst []int, word string) []int {
	if m.whole {
		if id, ok := m.vocab.lookup(word); ok {
			return append(dst, int(id))
		}
		return m.unknown(st, dst)
	}
	if len(word) > m.maxChars && utf8.RuneCountInString(word) > m.maxChars {
		return m.unknown(st, dst)
	}
	before := len(dst)
	for rest := word; rest != ""; {
		var id int32
		var n int
		if len(word) <= maxSearched {
			id, n = m.longest(st, rest, len(rest) < len(word))
		} else {
			id, n = m.longestByTrie(st, rest, len(rest) < len(word))
		}
		if n == 0 {
			return m.unknown(st, dst[:before])
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
func (m *wordPiece) longest(st *state, text string, inside bool) (id int32, n int) {
	st.text = st.text[:0]
	if inside {
		st.text = append(st.text, m.prefix...)
	}
	head := len(st.text)
	st.text = append(st.text, text...)
	n = len(text)
	for n > 0 {
		if id, ok := m.vocab.lookupBytes(st.text[:head+n]); ok {
			st.spend(4 * (len(text) - n + 1))
			return id, n
		}
		_, size := utf8.DecodeLastRuneInString(text[:n])
		n -= size
	}
	st.spend(4 * len(text))
	return 0, 0
}

// longestByTrie is longest in steps of the longest token that begins as text
// does.
func (m *wordPiece) longestByTrie(st *state, text string, inside bool) (id int32, n int) {
	trie := m.trie()
	node, ok := int32(0), true
	if inside {
		node, ok = m.inside()
	}
	for i := 0; ok && i < len(text) && st.spend(1); i++ {
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

func (m *wordPiece) appendTokens(st *state, dst []modelToken, word string) []modelToken {
	st.ids = m.appendPiece(st, st.ids[:0], word)
	if !st.tells(len(st.ids)) {
		return dst
	}
	dst = slices.Grow(dst, len(st.ids))
	start := 0
	for i, id := range st.ids {
		token := m.vocab.token(uint32(id))
		end := len(word)
		if !m.whole && len(st.ids) > 1 {
			size := len(token)
			if i > 0 {
				size -= len(m.prefix)
			}
			end = start + size
		}
		dst = append(dst, modelToken{int32(id), int32(start), int32(end), token})
		start = end
	}
	return dst
}

func (m *wordPiece) unknown(st *state, dst []int) []int {
	if m.unk < 0 {
		st.fail(fmt.Errorf("tokenizer: the unknown token %q is not in the vocabulary", clip(m.unkToken)))
		return dst
	}
	return append(dst, int(m.unk))
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
		s = may.chunks(may.form(uni.NFD, s), func(part string) string {
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
