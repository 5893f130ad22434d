package model

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/bytelevel"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// bpeEncoder is a bpe at work on one text.
type bpeEncoder struct {
	*BPE
	*budget.Budget
	Merger
	cache   WordCache
	symbols []int32
	sizes   []int32
	text    []byte
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

// AppendPiece appends the ids of one piece of pre-tokenized text.
func (e *bpeEncoder) AppendPiece(dst []int, piece string) []int {
	if !e.markSplit {
		return e.appendWord(dst, piece)
	}
	start := 0
	for i := len(vocab.MetaMark); i < len(piece); {
		j := strings.Index(piece[i:], vocab.MetaMark)
		if j < 0 {
			break
		}
		j += i
		i = j + len(vocab.MetaMark)
		if strings.HasSuffix(piece[:j], vocab.MetaMark) {
			continue
		}
		if len(e.Crossing) > 0 {
			if r, _ := utf8.DecodeLastRuneInString(piece[:j]); e.Crossing[r] {
				continue
			}
		}
		if j > start {
			dst = e.appendWord(dst, piece[start:j])
			start = j
		}
	}
	return e.appendWord(dst, piece[start:])
}

// appendWord appends the ids of a word.
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
	if len(symbols) > budget.LookAfter {
		return appendMany(e.Budget, dst, symbols)
	}
	for _, id := range symbols {
		dst = append(dst, int(id))
	}
	return dst
}

// appendMany appends the ids of a long word.
func appendMany(may *budget.Budget, dst []int, symbols []int32) []int {
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
		last := node.next
		if last < 0 {
			last = int32(len(e.nodes))
		}
		end := start
		for _, size := range e.sizes[i:last] {
			end += size
		}
		dst = append(dst, Token{node.id, start, end, e.vocab.Token(uint32(node.id))})
		start, i = end, node.next
	}
	return dst
}

// characters returns the symbols of the characters of a word, and in e.sizes
// how many bytes of the word each one stands for. The order in
// which an unknown symbol is written after byte fallbacks that follow it is
// that of the reference implementation.
func (e *bpeEncoder) characters(word string) []int32 {
	out, sizes := e.symbols[:0], e.sizes[:0]
	if len(word) > budget.MaxKept {
		if !e.Cuts(len(word)) {
			return nil
		}
		// Growing with each symbol would take several times the memory.
		out, sizes = budget.Sized(out, len(word)), budget.Sized(sizes, len(word))
	}
	affixed := e.prefix != "" || e.suffix != ""
	pending := int32(0)      // bytes of the unknown symbol to be written
	next := budget.LookAfter // where to look at the budget
	for i := 0; i < len(word); {
		if i >= next {
			if next = i + budget.LookAfter; !e.Spend(budget.LookAfter) {
				break
			}
		}
		// Most characters are those two; their symbols need no search.
		if c := word[i]; !affixed && c < utf8.RuneSelf && e.ascii[c] >= 0 && pending == 0 {
			out, sizes = append(out, e.ascii[c]), append(sizes, 1)
			i++
			continue
		}
		if !affixed && e.mark >= 0 && pending == 0 && strings.HasPrefix(word[i:], vocab.MetaMark) {
			out, sizes = append(out, e.mark), append(sizes, int32(len(vocab.MetaMark)))
			i += len(vocab.MetaMark)
			continue
		}
		_, n := utf8.DecodeRuneInString(word[i:])
		char := word[i : i+n]
		first, last := i == 0, i+n == len(word)
		i += n
		if e.prefix != "" && !first {
			char = e.prefix + char
		}
		if e.suffix != "" && last {
			char += e.suffix
		}
		if id, ok := e.vocab.Lookup(char); ok {
			if pending > 0 {
				out, sizes, pending = append(out, e.unk), append(sizes, pending), 0
			}
			out, sizes = append(out, id), append(sizes, int32(n))
			continue
		}
		if e.byteFallback {
			var ok bool
			if out, ok = e.appendFallback(out, char); ok {
				for range len(char) {
					sizes = append(sizes, 1)
				}
				// Those of a prefix can be many for one character.
				if e.Spend(len(char)); len(out) > budget.MaxText {
					e.Fail(budget.ErrTokens)
				}
				continue
			}
		}
		if !e.hasUnk {
			continue
		}
		if e.unk < 0 {
			e.Fail(fmt.Errorf("tokenizer: the unknown token %q is not in the vocabulary", fault.Clip(e.unkToken)))
			continue
		}
		if pending > 0 && !e.fuseUnk {
			out, sizes, pending = append(out, e.unk), append(sizes, pending), 0
		}
		pending += int32(n)
	}
	if pending > 0 {
		out, sizes = append(out, e.unk), append(sizes, pending)
	}
	e.Spend(len(word) % budget.LookAfter)
	e.symbols, e.sizes = out, sizes
	return out
}

// appendFallback appends the byte symbols of char if it has all of them.
func (m *BPE) appendFallback(out []int32, char string) ([]int32, bool) {
	for i := range len(char) {
		if m.fallback[char[i]] < 0 {
			return out, false
		}
	}
	for i := range len(char) {
		out = append(out, m.fallback[char[i]])
	}
	return out, true
}
