package model

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/bytelevel"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// bpeEncoder is a bpe at work on one text.
type bpeEncoder struct {
	*BPE
	*budget.Budget
	Merger
	cache WordCache
	spelling
	text []byte
}

// Encoder returns an encoder, which works within a budget.
func (m *BPE) Encoder(may *budget.Budget) Encoder {
	return &bpeEncoder{BPE: m, Budget: may, Merger: Merger{May: may}, cache: NewWordCache()}
}

// Reset lets go of the memory that a very long word took.
func (e *bpeEncoder) Reset() {
	e.Merger.Reset()
	e.symbols, e.sizes, e.text = budget.Kept(e.symbols), budget.Kept(e.sizes), budget.Kept(e.text)
}

// AppendPiece appends the ids of one piece of pre-tokenized text. Where the text of a
// whole prompt is one piece, as with Llama 2, it is cut into words first: those are
// short and in the cache.
func (e *bpeEncoder) AppendPiece(dst []int, piece string) []int {
	if !e.markSplit {
		return e.appendWord(dst, piece)
	}
	start := 0
	for i := len(vocab.MetaMark); i < len(piece) && e.Spend(1); {
		j := strings.Index(piece[i:], vocab.MetaMark)
		if j < 0 {
			break
		}
		j += i
		i = j + len(vocab.MetaMark)
		if j > start && e.mayCut(piece[:j]) {
			dst = e.appendWord(dst, piece[start:j])
			start = j
		}
	}
	return e.appendWord(dst, piece[start:])
}

// mayCut reports whether a text may be cut before the mark that follows before.
func (e *bpeEncoder) mayCut(before string) bool {
	if strings.HasSuffix(before, vocab.MetaMark) {
		return false
	}
	if len(e.Crossing) == 0 {
		return true
	}
	r, _ := utf8.DecodeLastRuneInString(before)
	return !e.Crossing[r]
}

// appendWord appends the ids of a word: those of its byte, of the cache, or of its
// merging, whichever is the first to have them.
func (e *bpeEncoder) appendWord(dst []int, word string) []int {
	if word == "" {
		return dst
	}
	if e.raw && len(word) == 1 && !e.ignoreMerges {
		if id := e.bytes[word[0]]; id >= 0 {
			return append(dst, int(id))
		}
	}
	entry, hit := e.cache.Find(word)
	if hit {
		for _, id := range entry.IDs[:entry.Count] {
			dst = append(dst, int(id))
		}
		return dst
	}
	symbols, ok := e.whole(word)
	if !ok {
		symbols = e.initial(word)
		if e.Err != nil {
			return dst
		}
		symbols = e.Merge(e.pairs, symbols)
	}
	if entry != nil && e.Err == nil {
		entry.Store(word, symbols)
	}
	return appendSymbols(e.Budget, dst, symbols)
}

// appendSymbols appends the ids of a word. Those of a long one are appended in parts,
// between which the budget is asked, to a list that has grown at once.
func appendSymbols(may *budget.Budget, dst []int, symbols []int32) []int {
	if len(symbols) <= budget.LookAfter {
		for _, id := range symbols {
			dst = append(dst, int(id))
		}
		return dst
	}
	if n := len(dst) + len(symbols); n > cap(dst) {
		dst = append(make([]int, 0, max(n, cap(dst)+cap(dst)/2)), dst...)
	}
	for part := range slices.Chunk(symbols, budget.LookAfter) {
		if !may.Spend(len(part) / 4) {
			break
		}
		for _, id := range part {
			dst = append(dst, int(id))
		}
	}
	return dst
}

// whole returns the token that a word is by itself, where the model asks for
// that before any merging.
func (e *bpeEncoder) whole(word string) ([]int32, bool) {
	if !e.ignoreMerges {
		return nil, false
	}
	var id int32
	var ok bool
	if e.raw {
		e.text = bytelevel.AppendByteLevel(e.text[:0], word)
		id, ok = e.vocab.LookupBytes(e.text)
	} else {
		id, ok = e.vocab.Lookup(word)
	}
	if !ok {
		return nil, false
	}
	e.symbols = append(e.symbols[:0], id)
	return e.symbols, true
}

// initial returns the symbols that merging starts from.
func (e *bpeEncoder) initial(word string) []int32 {
	if !e.raw {
		return e.characters(word)
	}
	out := e.symbols[:0]
	if len(word) > budget.MaxKept {
		if !e.Cuts(len(word)) || !e.Spend(len(word)/4) {
			return nil
		}
		out = budget.Sized(out, len(word))
	}
	for i := range len(word) {
		id := e.bytes[word[i]]
		if id < 0 {
			// A byte without a symbol is rare; the characters of the
			// byte-level alphabet have the rules for it.
			return e.characters(string(bytelevel.AppendByteLevel(nil, word)))
		}
		out = append(out, id)
	}
	e.symbols = out
	return out
}

// AppendTokens appends the tokens of a piece, which is spelled as the
// vocabulary spells it. What the symbols stand for adds up from the left.
//
// It shares no more with AppendPiece than the characters and the merging: the cache,
// the words and the bytes there give ids alone, and are most of its speed.
func (e *bpeEncoder) AppendTokens(dst []Token, piece string) []Token {
	if e.ignoreMerges {
		if id, ok := e.vocab.Lookup(piece); ok {
			return append(dst, Token{id, 0, int32(len(piece)), piece})
		}
	}
	symbols := e.characters(piece)
	if len(symbols) == 0 || e.Err != nil {
		return dst
	}
	symbols = e.MergeLong(e.pairs, symbols)
	if !e.Tells(len(symbols)) {
		return dst
	}
	dst = slices.Grow(dst, len(symbols))
	start := int32(0)
	for i := int32(0); i >= 0; {
		node := e.nodes[i]
		end := start + e.sizeOf(i, node.next)
		dst = append(dst, Token{node.id, start, end, e.vocab.Token(uint32(node.id))})
		start, i = end, node.next
	}
	return dst
}

// sizeOf returns how many bytes the symbols from one node to the next stand for; -1 is
// behind the last.
func (e *bpeEncoder) sizeOf(from, to int32) (size int32) {
	if to < 0 {
		to = int32(len(e.nodes))
	}
	for _, n := range e.sizes[from:to] {
		size += n
	}
	return size
}
