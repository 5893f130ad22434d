package sentencepiece

import (
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/model"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// eachSegment calls f with the parts of a text that can be merged on their
// own: pieces that a user has defined, and words.
func (m *bpe) eachSegment(may *budget.Budget, text string, f func(segment string, user bool)) {
	if m.userSet == nil {
		m.eachWord(may, text, f)
		return
	}
	start := 0
	flush := func(end int) {
		if start < end {
			f(text[start:end], false)
		}
		start = end
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

// eachWord is eachSegment for files without pieces of a user, which most are: only
// marks have to be found.
func (m *bpe) eachWord(may *budget.Budget, text string, f func(segment string, user bool)) {
	start := 0
	for i := len(vocab.MetaMark); i < len(text); {
		j := strings.Index(text[i:], vocab.MetaMark)
		if j < 0 {
			break
		}
		if !may.Spend(1) {
			return
		}
		if j += i; m.mayCut(text[:j]) {
			f(text[start:j], false)
			start = j
		}
		i = j + len(vocab.MetaMark)
	}
	if start < len(text) {
		f(text[start:], false)
	}
}

// mayCut reports whether no piece joins the end of before with a mark. It is the rule of
// model.BPE, but for unused pieces: what they are made on the way to is not known, so
// that a text with them stays whole.
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

// bpeEncoder is a bpe at work on one text. Merging and the cache are those of package
// model; what comes before and after them is not.
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
		for _, id := range e.segmentIDs(segment) {
			dst = e.appendID(dst, start, id)
		}
	})
	return dst
}

// segmentIDs returns the ids of a segment from the cache, or merges it. They lie in
// memory that the next segment uses again.
func (e *bpeEncoder) segmentIDs(segment string) []int32 {
	entry, hit := e.cache.Find(segment)
	if hit {
		return entry.IDs[:entry.Count]
	}
	e.parts = e.merge(e.parts[:0], segment)
	e.ids = e.ids[:0]
	for _, p := range e.parts {
		e.ids = append(e.ids, p.id)
	}
	if entry != nil && e.Err == nil {
		entry.Store(segment, e.ids)
	}
	return e.ids
}

// appendID appends an id; an unknown one behind another is one with it.
func (e *bpeEncoder) appendID(dst []int, start int, id int32) []int {
	if n := len(dst); id == e.unk && n > start && dst[n-1] == int(id) {
		return dst
	}
	return append(dst, int(id))
}

// AppendTokens is AppendPiece with the places. It goes without the cache, which has
// none: to keep them there too would make the ids alone slower.
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

// merge appends the parts of a segment. A character that no piece has is a part of its
// own, and what is before it is merged without what is behind it.
func (e *bpeEncoder) merge(dst []part, segment string) []part {
	if !e.Cuts(len(segment)) {
		return dst
	}
	symbols := e.symbols[:0]
	for i := 0; i < len(segment) && e.Spend(1); {
		id, n := e.charAt(segment, i)
		if id >= 0 {
			symbols = append(symbols, id)
		} else {
			dst = e.appendMerged(dst, symbols)
			symbols = symbols[:0]
			char := segment[i : i+n]
			dst = e.appendPart(dst, e.named(char), char)
		}
		i += n
	}
	dst = e.appendMerged(dst, symbols)
	e.symbols = symbols[:0]
	return dst
}

// charAt returns the symbol of the character at a place, -1 without one, and its
// length.
func (e *bpeEncoder) charAt(segment string, i int) (id int32, n int) {
	if c := segment[i]; c < utf8.RuneSelf {
		return e.ascii[c], 1
	}
	r, n := utf8.DecodeRuneInString(segment[i:])
	if known, ok := e.chars[r]; ok {
		return known, n
	}
	return -1, n
}

// appendMerged merges symbols, which it may overwrite, and appends what is left.
func (e *bpeEncoder) appendMerged(dst []part, symbols []int32) []part {
	if len(symbols) == 0 {
		return dst
	}
	if e.unused {
		return e.resegment(dst, symbols)
	}
	for _, id := range e.Merger.Merge(e.pairs, symbols) {
		dst = e.appendSymbol(dst, id)
	}
	return dst
}

// appendSymbol appends what a symbol that is left over stands for. A character that is
// no piece is unknown, or its bytes.
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
	for _, id := range symbols {
		dst = e.appendApart(dst, made, id)
	}
	return dst
}

// appendApart appends a symbol, or what it was made of. Both parts of a piece are
// shorter than it is, which ends this.
func (e *bpeEncoder) appendApart(dst []part, made map[int32][2]int32, id int32) []part {
	from, ok := made[id]
	if !ok {
		return e.appendSymbol(dst, id)
	}
	return e.appendApart(e.appendApart(dst, made, from[0]), made, from[1])
}
