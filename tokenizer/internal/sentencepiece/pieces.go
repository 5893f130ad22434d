package sentencepiece

import (
	"fmt"
	"hash/maphash"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/bytelevel"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// Pieces is the vocabulary of a SentencePiece file, and what its models have
// in common. The models follow SentencePiece itself to the bit, not the
// reference's conversion of such files, which differs from it in places.
type Pieces struct {
	Vocab  *vocab.Vocab
	Kinds  []Kind
	scores []float32
	// hidden are the pieces of text that a reserved piece has the spelling of.
	hidden       map[string]int32
	unk          int32
	bytes        [256]int32
	byteFallback bool
	user         map[int32]bool
	// userSet finds the pieces that a user has defined, which are never cut
	// and never normalized.
	userSet *added.Set
}

// part is a part of a text that became a token. The second and later bytes of
// an unknown character have a size of 0: their place is that of the first.
type part struct{ id, size int32 }

// ReadPieces returns the pieces of a file.
func (p *File) ReadPieces() (*Pieces, error) {
	v := &vocab.Vocab{
		Text: string(p.text), Spans: p.spans, Slots: make([]uint32, vocab.SlotCount(len(p.spans))),
		Seed: maphash.MakeSeed(),
	}
	m := &Pieces{Vocab: v, Kinds: p.kinds, scores: p.scores, unk: -1, byteFallback: p.byteFallback, user: map[int32]bool{}}
	for b := range m.bytes {
		m.bytes[b] = -1
	}
	// Pieces that are found in text come first: a reserved one of the same
	// spelling has the name.
	for _, reserved := range []bool{false, true} {
		for id, kind := range p.kinds {
			if kind.isText() == reserved {
				continue
			}
			if err := m.add(int32(id), kind, reserved); err != nil {
				return nil, err
			}
		}
	}
	m.findUser()
	return m, m.check()
}

// add names a piece. A piece of text whose name a reserved one takes is hidden: found
// in text, but not by its name.
func (m *Pieces) add(id int32, kind Kind, reserved bool) error {
	token := m.Vocab.Token(uint32(id))
	if other, ok := m.Vocab.Lookup(token); ok {
		if !reserved || !m.Kinds[other].isText() {
			return fmt.Errorf("%w: piece %q twice", ErrMalformed, fault.Clip(token))
		}
		if m.hidden == nil {
			m.hidden = map[string]int32{}
		}
		m.hidden[token] = other
	}
	m.Vocab.Insert(uint32(id), token)
	return m.note(id, kind, token)
}

// check reports pieces that a file must have and does not: without an unknown one, or
// without one of the bytes, there is text that has no ids.
func (m *Pieces) check() error {
	if m.unk < 0 {
		return fmt.Errorf("%w: no unknown piece", ErrMalformed)
	}
	for b, id := range m.bytes {
		if m.byteFallback && id < 0 {
			return fmt.Errorf("%w: no piece for the byte %d", ErrMalformed, b)
		}
	}
	return nil
}

// note records a piece of a special kind. The name of a byte has to be spelled exactly:
// <0x4A> and not <0x4a>.
func (m *Pieces) note(id int32, kind Kind, token string) error {
	switch kind {
	case Unknown:
		if m.unk >= 0 {
			return fmt.Errorf("%w: two unknown pieces", ErrMalformed)
		}
		m.unk = id
	case Byte:
		b, ok := bytelevel.FallbackByte(token)
		if !ok || token != fmt.Sprintf("<0x%02X>", b) {
			return fmt.Errorf("%w: the byte piece %q", ErrMalformed, fault.Clip(token))
		}
		m.bytes[b] = id
	case UserDefined:
		m.user[id] = true
	}
	return nil
}

// findUser makes the set of the pieces that a user has defined. They are found as added
// tokens are: the longest of the leftmost.
func (m *Pieces) findUser() {
	tokens := make([]*added.Token, 0, len(m.user))
	texts := make([]string, 0, len(m.user))
	for id := range m.user {
		tokens = append(tokens, &added.Token{ID: int64(id)})
		texts = append(texts, m.Vocab.Token(uint32(id)))
	}
	m.userSet = added.NewSet(tokens, texts)
}

// userAt returns the longest piece at s[i] that a user has defined, and its
// length, 0 without one.
func (m *Pieces) userAt(may *budget.Budget, s string, i int) (id int32, n int) {
	if m.userSet == nil || !m.userSet.First[s[i]] {
		return 0, 0
	}
	found, end := m.userSet.At(may, s, i)
	if found == nil {
		return 0, 0
	}
	return int32(found.ID), end - i
}

// Find returns the piece of text of that spelling, also where a reserved piece has its
// name.
func (m *Pieces) Find(token string) (int32, bool) {
	id, ok := m.Vocab.Lookup(token)
	if !ok || m.Kinds[id].isText() {
		return id, ok
	}
	id, ok = m.hidden[token]
	return id, ok
}

// named returns the id that a part of a text has by its name: a reserved piece
// goes before one of text, and what is neither is unknown.
func (m *Pieces) named(token string) int32 {
	if id, ok := m.Vocab.Lookup(token); ok {
		return id
	}
	return m.unk
}

// appendPart appends the part of a text that has an id, in bytes if it is
// unknown and there are pieces for them. All of these have one place, that of the part:
// the first has its size and the others have none.
func (m *Pieces) appendPart(dst []part, id int32, text string) []part {
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

// appendIDs appends the ids of parts, neighbouring unknown ones as one: what they
// stand for is of no use to a model, and where they are is told by appendParts.
func (m *Pieces) appendIDs(dst []int, parts []part) []int {
	last := int32(-1)
	for _, p := range parts {
		if p.id != m.unk || last != m.unk {
			dst = append(dst, int(p.id))
		}
		last = p.id
	}
	return dst
}

// Tokens returns the vocabulary.
func (m *Pieces) Tokens() *vocab.Vocab { return m.Vocab }

// Unknown returns the id of what no piece spells.
func (m *Pieces) Unknown() int32 { return m.unk }
