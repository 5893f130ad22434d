package sentencepiece

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/budget"
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

// joint is a way to make a piece of two symbols.
type joint struct{ left, right, made int32 }

// newBPE makes the table of merges. A file of SentencePiece has none: any two
// neighbours merge whose joint text is a piece, and the score of that piece is what
// other vocabularies have as the rank of the merge.
func newBPE(p *Pieces) (*bpe, error) {
	m := &bpe{Pieces: p, chars: map[rune]int32{}, crossing: map[rune]bool{}}
	words := model.BPE{Crossing: m.crossing}
	for id, kind := range p.Kinds {
		if !kind.isText() {
			continue
		}
		m.unused = m.unused || kind == Unused
		token := p.Vocab.Token(uint32(id))
		words.NoteCrossing(token)
		for _, r := range token {
			m.addChar(r)
		}
	}
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

// symbol returns the symbol of a part of a piece.
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
		token := m.Vocab.Token(uint32(id))
		if len(token) > added.MaxAdded {
			return nil, ErrMalformed
		}
		for i := uni.CharLen(token, 0); i < len(token); i += uni.CharLen(token, i) {
			left, ok := m.symbol(token[:i])
			if !ok {
				continue
			}
			if right, ok := m.symbol(token[i:]); ok {
				out = append(out, joint{left, right, int32(id)})
			}
		}
		if len(out) > maxPairs {
			return nil, ErrMalformed
		}
	}
	return out, nil
}

// ranks orders the pieces by score, the greatest first.
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

// eachSegment calls f with the parts of a text that can be merged on their
// own: pieces that a user has defined, and words.
func (m *bpe) eachSegment(may *budget.Budget, text string, f func(segment string, user bool)) {
	start := 0
	flush := func(end int) {
		if start < end {
			f(text[start:end], false)
		}
		start = end
	}
	if m.userSet == nil {
		for i := len(vocab.MetaMark); i < len(text); {
			j := strings.Index(text[i:], vocab.MetaMark)
			if j < 0 {
				break
			}
			if !may.Spend(1) {
				return
			}
			if j += i; m.mayCut(text[:j]) {
				flush(j)
			}
			i = j + len(vocab.MetaMark)
		}
		flush(len(text))
		return
	}
	for i := 0; i < len(text) && may.Spend(1); {
		if _, n := m.userAt(may, text, i); n > 0 {
			flush(i)
			f(text[i:i+n], true)
			i += n
			start = i
			continue
		}
		if i > start && strings.HasPrefix(text[i:], vocab.MetaMark) && m.mayCut(text[:i]) {
			flush(i)
		}
		i += uni.CharLen(text, i)
	}
	flush(len(text))
}

// mayCut reports whether no piece joins the end of before with a mark.
func (m *bpe) mayCut(before string) bool {
	if m.unused || strings.HasSuffix(before, vocab.MetaMark) {
		return false
	}
	if len(m.crossing) == 0 {
		return true
	}
	r, _ := utf8.DecodeLastRuneInString(before)
	return !m.crossing[r]
}

// bpeEncoder is a bpe at work on one text.
type bpeEncoder struct {
	*bpe
	*encoder
	model.Merger
	cache   model.WordCache
	symbols []int32
	ids     []int32
}

// Encoder returns an encoder, which works within a budget.
func (m *bpe) Encoder(may *budget.Budget) model.Encoder {
	return &bpeEncoder{
		bpe: m, encoder: newEncoder(m.Pieces, may), Merger: model.Merger{May: may}, cache: model.NewWordCache(),
	}
}

// Reset lets go of the memory that a very long word took.
func (e *bpeEncoder) Reset() {
	e.encoder.Reset()
	e.Merger.Reset()
	e.symbols, e.ids = budget.Kept(e.symbols), budget.Kept(e.ids)
}

// AppendPiece appends ids segment by segment. The cache has the ids before unknown
// neighbours become one, as that depends on what stands beside the segment.
func (e *bpeEncoder) AppendPiece(dst []int, text string) []int {
	start := len(dst)
	e.eachSegment(e.Budget, text, func(segment string, user bool) {
		if user {
			dst = append(dst, int(e.named(segment)))
			return
		}
		entry, hit := e.cache.Find(segment)
		if !hit {
			e.parts = e.merge(e.parts[:0], segment)
			if entry != nil && e.Err == nil {
				e.ids = e.ids[:0]
				for _, p := range e.parts {
					e.ids = append(e.ids, p.id)
				}
				entry.Store(segment, e.ids)
			}
			if entry == nil || len(e.parts) > model.CacheTokens || e.Err != nil {
				for _, p := range e.parts {
					dst = e.appendID(dst, start, p.id)
				}
				return
			}
		}
		for _, id := range entry.IDs[:entry.Count] {
			dst = e.appendID(dst, start, id)
		}
	})
	return dst
}

// appendID appends an id; an unknown one behind another is one with it.
func (e *bpeEncoder) appendID(dst []int, start int, id int32) []int {
	if n := len(dst); id == e.unk && n > start && dst[n-1] == int(id) {
		return dst
	}
	return append(dst, int(id))
}

// AppendTokens is AppendPiece with the places, without the cache: that has none.
func (e *bpeEncoder) AppendTokens(dst []model.Token, text string) []model.Token {
	parts := e.parts[:0]
	e.eachSegment(e.Budget, text, func(segment string, user bool) {
		if user {
			parts = append(parts, part{e.named(segment), int32(len(segment))})
			return
		}
		parts = e.merge(parts, segment)
	})
	e.parts = parts
	return e.appendParts(dst, parts, text)
}

// merge appends the parts of a segment.
func (e *bpeEncoder) merge(dst []part, segment string) []part {
	symbols := e.symbols[:0]
	if !e.Cuts(len(segment)) {
		return dst
	}
	flush := func() {
		if len(symbols) == 0 {
			return
		}
		if e.unused {
			dst = e.resegment(dst, symbols)
		} else {
			for _, id := range e.Merger.Merge(e.pairs, symbols) {
				dst = e.appendSymbol(dst, id)
			}
		}
		symbols = symbols[:0]
	}
	for i := 0; i < len(segment) && e.Spend(1); {
		id, n := int32(-1), 1
		if c := segment[i]; c < utf8.RuneSelf {
			id = e.ascii[c]
		} else {
			var r rune
			r, n = utf8.DecodeRuneInString(segment[i:])
			if known, ok := e.chars[r]; ok {
				id = known
			}
		}
		if id >= 0 {
			symbols = append(symbols, id)
		} else {
			flush()
			char := segment[i : i+n]
			dst = e.appendPart(dst, e.named(char), char)
		}
		i += n
	}
	flush()
	e.symbols = symbols
	return dst
}

// appendSymbol appends what a symbol that is left over stands for.
func (e *bpeEncoder) appendSymbol(dst []part, id int32) []part {
	if k := int(id) - len(e.Kinds); k >= 0 {
		return e.appendPart(dst, e.named(e.spelled[k]), e.spelled[k])
	}
	token := e.Vocab.Token(uint32(id))
	if e.hidden != nil {
		id = e.named(token)
	}
	return append(dst, part{id, int32(len(token))})
}

// resegment merges symbols and takes the pieces apart again that may not be
// left, into those that they were made of.
func (e *bpeEncoder) resegment(dst []part, symbols []int32) []part {
	made := map[int32][2]int32{}
	e.Note = func(left, right, joint int32) {
		if e.Kinds[joint] == Unused {
			made[joint] = [2]int32{left, right}
		}
	}
	if len(symbols) > 1 {
		symbols = e.MergeLong(e.pairs, symbols)
	}
	e.Note = nil
	var apart func(id int32)
	apart = func(id int32) {
		if from, ok := made[id]; ok {
			apart(from[0])
			apart(from[1])
			return
		}
		dst = e.appendSymbol(dst, id)
	}
	for _, id := range symbols {
		apart(id)
	}
	return dst
}
