package model

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// spelling is a word as the symbols that merging starts from, and how many bytes of it
// each one stands for.
type spelling struct {
	symbols []int32
	sizes   []int32 // in bytes, of which AppendTokens makes the places
	// pending is the number of bytes of an unknown symbol that is not written yet:
	// more may come to it, where neighbours are one.
	pending int32
}

// put appends a symbol for n bytes.
func (s *spelling) put(id, n int32) {
	s.symbols, s.sizes = append(s.symbols, id), append(s.sizes, n)
}

// begin empties a spelling, with room for n symbols where they are many: growing with
// each would take several times the memory.
func (s *spelling) begin(n int) {
	s.symbols, s.sizes, s.pending = s.symbols[:0], s.sizes[:0], 0
	if n > budget.MaxKept {
		s.symbols, s.sizes = budget.Sized(s.symbols, n), budget.Sized(s.sizes, n)
	}
}

// characters returns the symbols of the characters of a word, and in e.sizes
// how many bytes of the word each one stands for.
func (e *bpeEncoder) characters(word string) []int32 {
	if len(word) > budget.MaxKept && !e.Cuts(len(word)) {
		return nil
	}
	e.begin(len(word))
	symbols, sizes := e.symbols, e.sizes // here they stay in registers
	affixed := e.prefix != "" || e.suffix != ""
	next := budget.LookAfter // where to look at the budget
	for i := 0; i < len(word); {
		if i >= next {
			if next = i + budget.LookAfter; !e.Spend(budget.LookAfter) {
				break
			}
		}
		// Most characters are of ASCII or the mark; their symbols need no search.
		if !affixed && e.pending == 0 {
			if c := word[i]; c < utf8.RuneSelf && e.ascii[c] >= 0 {
				symbols, sizes = append(symbols, e.ascii[c]), append(sizes, 1)
				i++
				continue
			}
			if e.mark >= 0 && strings.HasPrefix(word[i:], vocab.MetaMark) {
				symbols, sizes = append(symbols, e.mark), append(sizes, int32(len(vocab.MetaMark)))
				i += len(vocab.MetaMark)
				continue
			}
		}
		_, n := utf8.DecodeRuneInString(word[i:])
		e.symbols, e.sizes = symbols, sizes
		e.character(e.affixed(word, i, i+n), int32(n))
		symbols, sizes = e.symbols, e.sizes
		i += n
	}
	e.symbols, e.sizes = symbols, sizes
	e.putUnknown()
	e.Spend(len(word) % budget.LookAfter)
	return e.symbols
}

// affixed returns a character of a word as the vocabulary spells it at that place.
func (e *bpeEncoder) affixed(word string, start, end int) string {
	char := word[start:end]
	if e.prefix != "" && start > 0 {
		char = e.prefix + char
	}
	if e.suffix != "" && end == len(word) {
		char += e.suffix
	}
	return char
}

// character puts a character of n bytes, or its bytes, or what is unknown. An unknown
// symbol is written behind byte fallbacks that follow it, as in the reference.
func (e *bpeEncoder) character(char string, n int32) {
	if id, ok := e.vocab.Lookup(char); ok {
		e.putUnknown()
		e.put(id, n)
		return
	}
	if e.byteFallback && e.putBytes(char) {
		return
	}
	if !e.hasUnk {
		return // it vanishes
	}
	if e.unk < 0 {
		e.Fail(fmt.Errorf("tokenizer: the unknown token %q is not in the vocabulary", fault.Clip(e.unkToken)))
		return
	}
	if !e.fuseUnk {
		e.putUnknown()
	}
	e.pending += n
}

// putUnknown puts the unknown symbol that is pending, if there is one.
func (e *bpeEncoder) putUnknown() {
	if e.pending > 0 {
		e.put(e.unk, e.pending)
		e.pending = 0
	}
}

// putBytes puts the byte symbols of a character if there are all of them. Those of a
// prefix can be many for each character, which the budget has to see.
func (e *bpeEncoder) putBytes(char string) bool {
	for i := range len(char) {
		if e.fallback[char[i]] < 0 {
			return false
		}
	}
	for i := range len(char) {
		e.put(e.fallback[char[i]], 1)
	}
	if e.Spend(len(char)); len(e.symbols) > budget.MaxText {
		e.Fail(budget.ErrTokens)
	}
	return true
}
