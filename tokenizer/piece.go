package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// pieces is the vocabulary of a SentencePiece file, and what its models have
// in common. The models follow SentencePiece itself to the bit, not the
// reference's conversion of such files, which differs from it in places.
type pieces struct {
	vocab  *vocab
	kinds  []pieceKind
	scores []float32
	// hidden are the pieces of text that a reserved piece has the spelling of.
	hidden       map[string]int32
	unk          int32
	bytes        [256]int32
	byteFallback bool
	user         map[int32]bool
	// userSet finds the pieces that a user has defined, which are never cut
	// and never normalized.
	userSet *addedSet
}

// part is a part of a text that became a token. The second and later bytes of
// an unknown character have a size of 0: their place is that of the first.
type part struct{ id, size int32 }

// note records a piece of a special kind.
func (m *pieces) note(id int32, kind pieceKind, token string) error {
	switch kind {
	case pieceUnknown:
		if m.unk >= 0 {
			return fmt.Errorf("%w: two unknown pieces", errPieces)
		}
		m.unk = id
	case pieceByte:
		b, ok := fallbackByte(token)
		if !ok || token != fmt.Sprintf("<0x%02X>", b) {
			return fmt.Errorf("%w: the byte piece %q", errPieces, clip(token))
		}
		m.bytes[b] = id
	case pieceUser:
		m.user[id] = true
	}
	return nil
}

// findUser makes the set of the pieces that a user has defined.
func (m *pieces) findUser() {
	tokens := make([]*addedToken, 0, len(m.user))
	texts := make([]string, 0, len(m.user))
	for id := range m.user {
		tokens = append(tokens, &addedToken{ID: int64(id)})
		texts = append(texts, m.vocab.token(uint32(id)))
	}
	m.userSet = newAddedSet(tokens, texts)
}

// userAt returns the longest piece at s[i] that a user has defined, and its
// length, 0 without one.
func (m *pieces) userAt(may *budget, s string, i int) (id int32, n int) {
	if m.userSet == nil || !m.userSet.first[s[i]] {
		return 0, 0
	}
	found, end := m.userSet.at(may, s, i)
	if found == nil {
		return 0, 0
	}
	return int32(found.ID), end - i
}

// find returns the piece of text of that spelling.
func (m *pieces) find(token string) (int32, bool) {
	id, ok := m.vocab.lookup(token)
	if !ok || m.kinds[id].isText() {
		return id, ok
	}
	id, ok = m.hidden[token]
	return id, ok
}

// named returns the id that a part of a text has by its name: a reserved piece
// goes before one of text, and what is neither is unknown.
func (m *pieces) named(token string) int32 {
	if id, ok := m.vocab.lookup(token); ok {
		return id
	}
	return m.unk
}

// appendPart appends the part of a text that has an id, in bytes if it is
// unknown and there are pieces for them.
func (m *pieces) appendPart(dst []part, id int32, text string) []part {
	if id != m.unk || !m.byteFallback {
		return append(dst, part{id, int32(len(text))})
	}
	size := int32(len(text))
	for i := range len(text) {
		dst = append(dst, part{m.bytes[text[i]], size})
		size = 0
	}
	return dst
}

// appendIDs appends the ids of parts, neighbouring unknown ones as one.
func (m *pieces) appendIDs(dst []int, parts []part) []int {
	last := int32(-1)
	for _, p := range parts {
		if p.id != m.unk || last != m.unk {
			dst = append(dst, int(p.id))
		}
		last = p.id
	}
	return dst
}

// appendParts appends the tokens of the parts that a text was cut into.
func (m *pieces) appendParts(st *state, dst []modelToken, parts []part, text string) []modelToken {
	if !st.tells(len(parts)) {
		return dst
	}
	dst = slices.Grow(dst, len(parts))
	at, end := int32(0), int32(0)
	last := int32(-1)
	for _, p := range parts {
		if p.size > 0 {
			at, end = end, end+p.size
		}
		if p.id != m.unk {
			dst = append(dst, modelToken{p.id, at, end, m.vocab.token(uint32(p.id))})
		} else if last == m.unk {
			k := len(dst) - 1
			dst[k].end, dst[k].text = end, text[dst[k].start:end]
		} else {
			dst = append(dst, modelToken{p.id, at, end, text[at:end]})
		}
		last = p.id
	}
	return dst
}

func (m *pieces) tokens() *vocab { return m.vocab }

// cutter is a model of SentencePiece that cuts a whole text into parts, which
// lie in the state until the next call.
type cutter struct {
	*pieces
	cut func(st *state, text string) []part
}

func (m *cutter) appendPiece(st *state, dst []int, text string) []int {
	return m.appendIDs(dst, m.cut(st, text))
}

func (m *cutter) appendTokens(st *state, dst []modelToken, text string) []modelToken {
	return m.appendParts(st, dst, m.cut(st, text), text)
}

// cutCharacters is the model that knows single characters.
func (m *pieces) cutCharacters(st *state, text string) []part {
	parts := st.parts[:0]
	for i := 0; i < len(text) && st.spend(1); {
		_, n := m.userAt(&st.budget, text, i)
		if n == 0 {
			n = charLen(text, i)
		}
		parts = m.appendPart(parts, m.named(text[i:i+n]), text[i:i+n])
		i += n
	}
	st.parts = parts
	return parts
}

// cutWords is the model that knows whole words, each with the mark before it.
func (m *pieces) cutWords(st *state, text string) []part {
	parts := st.parts[:0]
	for text != "" && st.spend(1) {
		n := len(text)
		_, first := utf8.DecodeRuneInString(text)
		if i := strings.Index(text[first:], metaMark); i >= 0 {
			n = first + i
		}
		parts = m.appendPart(parts, m.named(text[:n]), text[:n])
		text = text[n:]
	}
	st.parts = parts
	return parts
}
