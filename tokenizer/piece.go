package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
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
func (e *pieceEncoder) appendParts(dst []modelToken, parts []part, text string) []modelToken {
	if !e.tells(len(parts)) {
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
			dst = append(dst, modelToken{p.id, at, end, e.set.vocab.token(uint32(p.id))})
		} else if last == e.set.unk {
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

// pieceModel is a model that needs nothing but the pieces to cut a text.
type pieceModel struct {
	*pieces
	cut func(e *pieceEncoder, text string) []part
}

func (m pieceModel) encoder(may *budget) encoder {
	e := newPieceEncoder(m.pieces, may)
	return &cutter{e, func(text string) []part { return m.cut(e, text) }}
}

// pieceEncoder is what the encoders have in common.
type pieceEncoder struct {
	*budget
	set   *pieces
	parts []part
}

func newPieceEncoder(m *pieces, may *budget) *pieceEncoder { return &pieceEncoder{budget: may, set: m} }

// cutter is an encoder that cuts a whole text into parts.
type cutter struct {
	*pieceEncoder
	cut func(text string) []part
}

func (e *cutter) appendPiece(dst []int, text string) []int { return e.set.appendIDs(dst, e.cut(text)) }

func (e *cutter) appendTokens(dst []modelToken, text string) []modelToken {
	return e.appendParts(dst, e.cut(text), text)
}

func (e *pieceEncoder) reset() { e.parts = kept(e.parts) }

// cutCharacters is the model that knows single characters.
func (e *pieceEncoder) cutCharacters(text string) []part {
	parts := e.parts[:0]
	for i := 0; i < len(text) && e.spend(1); {
		_, n := e.set.userAt(e.budget, text, i)
		if n == 0 {
			n = uni.CharLen(text, i)
		}
		parts = e.set.appendPart(parts, e.set.named(text[i:i+n]), text[i:i+n])
		i += n
	}
	e.parts = parts
	return parts
}

// cutWords is the model that knows whole words, each with the mark before it.
func (e *pieceEncoder) cutWords(text string) []part {
	parts := e.parts[:0]
	for text != "" && e.spend(1) {
		n := len(text)
		_, first := utf8.DecodeRuneInString(text)
		if i := strings.Index(text[first:], metaMark); i >= 0 {
			n = first + i
		}
		parts = e.set.appendPart(parts, e.set.named(text[:n]), text[:n])
		text = text[n:]
	}
	e.parts = parts
	return parts
}
