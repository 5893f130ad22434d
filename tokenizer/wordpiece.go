package tokenizer

import (
	"fmt"
	"strings"
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
	// The limit also bounds the work, which is quadratic in the word.
	if len(word) > m.maxChars && utf8.RuneCountInString(word) > min(m.maxChars, 1<<12) {
		return m.unknown(st, dst)
	}
	before := len(dst)
	for rest := word; rest != ""; {
		id, n := m.longest(st, rest, len(rest) < len(word))
		if n == 0 {
			return m.unknown(st, dst[:before])
		}
		dst = append(dst, int(id))
		rest = rest[n:]
	}
	return dst
}

// longest returns the longest token at the start of text and the length of
// what it stands for.
func (m *wordPiece) longest(st *state, text string, inside bool) (id int32, n int) {
	st.text = st.text[:0]
	if inside {
		st.text = append(st.text, m.prefix...)
	}
	head := len(st.text)
	st.text = append(st.text, text...)
	for n = len(text); n > 0; {
		if id, ok := m.vocab.lookupBytes(st.text[:head+n]); ok {
			return id, n
		}
		_, size := utf8.DecodeLastRuneInString(text[:n])
		n -= size
	}
	return 0, 0
}

func (m *wordPiece) appendTokens(st *state, dst []modelToken, word string) []modelToken {
	st.ids = m.appendPiece(st, st.ids[:0], word)
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
		st.err = fmt.Errorf("tokenizer: the unknown token %q is not in the vocabulary", m.unkToken)
		return dst
	}
	return append(dst, int(m.unk))
}

// bert is the normalizer of BERT.
func (n *normalizer) bert(s string) string {
	if isSet(n.CleanText) {
		s = strings.Map(cleanChar, s)
	}
	if isSet(n.Chinese) {
		s = spaceChinese(s)
	}
	if n.accents() {
		s = strings.Map(func(r rune) rune {
			if uni.IsBertMark(r) {
				return -1
			}
			return r
		}, uni.Normalize(uni.NFD, s))
	}
	if isSet(n.Lowercase) {
		s = lower(s)
	}
	return s
}

// cleanChar removes control characters and turns white space into spaces.
func cleanChar(r rune) rune {
	switch {
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
