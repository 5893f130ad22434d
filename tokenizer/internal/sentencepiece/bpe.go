package sentencepiece

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/model"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// bpe joins the two neighbours whose joint piece has the greatest score,
// whichever pieces they are.
type bpe struct {
	*Pieces
	pairs *vocab.PairTable
	// chars are the symbols of characters: those of their pieces, and from the
	// number of pieces on those of characters that are no piece but occur in
	// one. spelled are the latter.
	chars   map[rune]int32
	ascii   [utf8.RuneSelf]int32
	spelled []string
	// As in bpe, a text may be cut before a mark that follows a character that
	// is not in crossing.
	crossing map[rune]bool
	// unused says that there are pieces that may be made but not left; split
	// tells what they were made of.
	unused bool
}

// maxPairs bounds the ways in which pieces are made of two, so that long
// pieces of a hostile file do not fill the memory.
const maxPairs = 1 << 24

// joint is a way to make a piece of two symbols. A piece can have several: abc is a
// and bc, and ab and c.
type joint struct{ left, right, made int32 }

// newBPE makes the table of merges. A file of SentencePiece has none: any two
// neighbours merge whose joint text is a piece, and the score of that piece is what
// other vocabularies have as the rank of the merge.
func newBPE(p *Pieces) (*bpe, error) {
	m := &bpe{Pieces: p, chars: map[rune]int32{}, crossing: map[rune]bool{}}
	m.readPieces()
	for c := range m.ascii {
		m.ascii[c] = -1
		if id, ok := m.chars[rune(c)]; ok {
			m.ascii[c] = id
		}
	}
	joints, err := m.joints()
	if err != nil {
		return nil, err
	}
	ranks := m.ranks()
	m.pairs = vocab.NewPairTable(len(joints))
	for _, j := range joints {
		m.pairs.Put(j.left, j.right, ranks[j.made], j.made)
	}
	return m, nil
}

// readPieces notes the characters of the pieces of text, and those before a mark.
func (m *bpe) readPieces() {
	words := model.BPE{Crossing: m.crossing}
	for id, kind := range m.Kinds {
		if !kind.isText() {
			continue
		}
		m.unused = m.unused || kind == Unused
		token := m.Vocab.Token(uint32(id))
		words.NoteCrossing(token)
		for _, r := range token {
			m.addChar(r)
		}
	}
}

// addChar gives a character of a piece its symbol. One that is no piece itself still
// needs one, as the pieces that it occurs in are made of it.
func (m *bpe) addChar(r rune) {
	if _, ok := m.chars[r]; ok {
		return
	}
	if id, ok := m.Find(string(r)); ok {
		m.chars[r] = id
		return
	}
	m.chars[r] = int32(len(m.Kinds) + len(m.spelled))
	m.spelled = append(m.spelled, string(r))
}

// symbol returns the symbol of a part of a piece: a piece itself, or a character that
// is none.
func (m *bpe) symbol(text string) (int32, bool) {
	if id, ok := m.Find(text); ok {
		return id, true
	}
	r, n := utf8.DecodeRuneInString(text)
	id, ok := m.chars[r]
	return id, ok && n == len(text)
}

// joints returns all the ways to make a piece of two symbols.
func (m *bpe) joints() ([]joint, error) {
	var out []joint
	for id, kind := range m.Kinds {
		if !kind.isText() {
			continue
		}
		if len(m.Vocab.Token(uint32(id))) > added.MaxAdded {
			return nil, ErrMalformed
		}
		if out = m.appendJoints(out, int32(id)); len(out) > maxPairs {
			return nil, ErrMalformed
		}
	}
	return out, nil
}

// appendJoints appends the ways to make one piece: by each place between two of its
// characters at which both parts are symbols.
func (m *bpe) appendJoints(dst []joint, id int32) []joint {
	token := m.Vocab.Token(uint32(id))
	for i := uni.CharLen(token, 0); i < len(token); i += uni.CharLen(token, i) {
		left, ok := m.symbol(token[:i])
		if !ok {
			continue
		}
		if right, ok := m.symbol(token[i:]); ok {
			dst = append(dst, joint{left, right, id})
		}
	}
	return dst
}

// ranks orders the pieces by score, the greatest first. Pieces of one score have one
// rank: of two such merges the leftmost is made, as SentencePiece does it, whichever
// piece comes first in the file.
func (m *bpe) ranks() []uint32 {
	order := make([]int32, len(m.scores))
	for id := range order {
		order[id] = int32(id)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(m.scores[b], m.scores[a]) })
	ranks := make([]uint32, len(order))
	rank := uint32(0)
	for i, id := range order {
		if i > 0 && m.scores[id] != m.scores[order[i-1]] {
			rank++
		}
		ranks[id] = rank
	}
	return ranks
}
