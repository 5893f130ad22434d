package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// metaMark is the mark that SentencePiece style vocabularies use for a space.
const metaMark = "▁"

// bpe is a byte pair encoding model.
type bpe struct {
	vocab        *vocab
	pairs        *pairTable
	bytes        [256]int32 // symbol of a byte in the byte-level alphabet, -1 without one
	fallback     [256]int32 // symbol of a byte written as <0xNN>, -1 without one
	ascii        [utf8.RuneSelf]int32
	mark         int32 // symbol of metaMark, -1 without one
	raw          bool  // words come as bytes, not in the byte-level alphabet
	byteFallback bool
	fuseUnk      bool
	ignoreMerges bool
	unkToken     string
	hasUnk       bool
	unk          int32 // -1 where the vocabulary lacks unkToken
	prefix       string
	suffix       string
	// markSplit says that a text may be cut before a mark that follows
	// another character, unless that character is in crossing: no merge joins
	// such neighbours, so the parts can be merged on their own. It turns the
	// merging of a whole text into that of words.
	markSplit bool
	crossing  map[rune]bool
}

// appendPiece appends the ids of one piece of pre-tokenized text.
func (m *bpe) appendPiece(st *state, dst []int, piece string) []int {
	if !m.markSplit {
		return m.appendWord(st, dst, piece)
	}
	start := 0
	for i := len(metaMark); i < len(piece); {
		j := strings.Index(piece[i:], metaMark)
		if j < 0 {
			break
		}
		j += i
		i = j + len(metaMark)
		if strings.HasSuffix(piece[:j], metaMark) {
			continue
		}
		if len(m.crossing) > 0 {
			if r, _ := utf8.DecodeLastRuneInString(piece[:j]); m.crossing[r] {
				continue
			}
		}
		if j > start {
			dst = m.appendWord(st, dst, piece[start:j])
			start = j
		}
	}
	return m.appendWord(st, dst, piece[start:])
}

// appendWord appends the ids of a word.
func (m *bpe) appendWord(st *state, dst []int, word string) []int {
	if word == "" {
		return dst
	}
	if m.raw && len(word) == 1 && !m.ignoreMerges {
		if id := m.bytes[word[0]]; id >= 0 {
			return append(dst, int(id))
		}
	}
	entry, hit := st.cache.find(word)
	if hit {
		for _, id := range entry.ids[:entry.count] {
			dst = append(dst, int(id))
		}
		return dst
	}
	symbols, ok := m.whole(st, word)
	if !ok {
		symbols = m.symbols(st, word)
		if st.err != nil {
			return dst
		}
		symbols = st.merge(m.pairs, symbols)
	}
	if entry != nil && st.err == nil {
		entry.store(word, symbols)
	}
	if len(symbols) > lookAfter {
		return appendMany(st, dst, symbols)
	}
	for _, id := range symbols {
		dst = append(dst, int(id))
	}
	return dst
}

// appendMany appends the ids of a long word.
func appendMany(st *state, dst []int, symbols []int32) []int {
	if n := len(dst) + len(symbols); n > cap(dst) {
		dst = append(make([]int, 0, max(n, cap(dst)+cap(dst)/2)), dst...)
	}
	for part := range slices.Chunk(symbols, lookAfter) {
		if !st.spend(len(part) / 4) {
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
func (m *bpe) whole(st *state, word string) ([]int32, bool) {
	if !m.ignoreMerges {
		return nil, false
	}
	var id int32
	var ok bool
	if m.raw {
		st.text = appendByteLevel(st.text[:0], word)
		id, ok = m.vocab.lookupBytes(st.text)
	} else {
		id, ok = m.vocab.lookup(word)
	}
	if !ok {
		return nil, false
	}
	st.symbols = append(st.symbols[:0], id)
	return st.symbols, true
}

// symbols returns the symbols that merging starts from.
func (m *bpe) symbols(st *state, word string) []int32 {
	if !m.raw {
		return m.characters(st, word)
	}
	out := st.symbols[:0]
	if len(word) > maxKept {
		if !st.cuts(len(word)) || !st.spend(len(word)/4) {
			return nil
		}
		out = sized(out, len(word))
	}
	for i := range len(word) {
		id := m.bytes[word[i]]
		if id < 0 {
			// A byte without a symbol is rare; the characters of the
			// byte-level alphabet have the rules for it.
			return m.characters(st, string(appendByteLevel(nil, word)))
		}
		out = append(out, id)
	}
	st.symbols = out
	return out
}

// appendTokens appends the tokens of a piece, which is spelled as the
// vocabulary spells it. What the symbols stand for adds up from the left.
func (m *bpe) appendTokens(st *state, dst []modelToken, piece string) []modelToken {
	if m.ignoreMerges {
		if id, ok := m.vocab.lookup(piece); ok {
			return append(dst, modelToken{id, 0, int32(len(piece)), piece})
		}
	}
	symbols := m.characters(st, piece)
	if len(symbols) == 0 || st.err != nil {
		return dst
	}
	symbols = st.mergeLong(m.pairs, symbols)
	if !st.tells(len(symbols)) {
		return dst
	}
	dst = slices.Grow(dst, len(symbols))
	start := int32(0)
	for i := int32(0); i >= 0; {
		node := st.nodes[i]
		last := node.next
		if last < 0 {
			last = int32(len(st.nodes))
		}
		end := start
		for _, size := range st.sizes[i:last] {
			end += size
		}
		dst = append(dst, modelToken{node.id, start, end, m.vocab.token(uint32(node.id))})
		start, i = end, node.next
	}
	return dst
}

// characters returns the symbols of the characters of a word, and in st.sizes
// how many bytes of the word each one stands for. The order in
// which an unknown symbol is written after byte fallbacks that follow it is
// that of the reference implementation.
func (m *bpe) characters(st *state, word string) []int32 {
	out, sizes := st.symbols[:0], st.sizes[:0]
	if len(word) > maxKept {
		if !st.cuts(len(word)) {
			return nil
		}
		// Growing with each symbol would take several times the memory.
		out, sizes = sized(out, len(word)), sized(sizes, len(word))
	}
	affixed := m.prefix != "" || m.suffix != ""
	pending := int32(0) // bytes of the unknown symbol to be written
	next := lookAfter   // where to look at the budget
	for i := 0; i < len(word); {
		if i >= next {
			if next = i + lookAfter; !st.spend(lookAfter) {
				break
			}
		}
		// Most characters are those two; their symbols need no search.
		if c := word[i]; !affixed && c < utf8.RuneSelf && m.ascii[c] >= 0 && pending == 0 {
			out, sizes = append(out, m.ascii[c]), append(sizes, 1)
			i++
			continue
		}
		if !affixed && m.mark >= 0 && pending == 0 && strings.HasPrefix(word[i:], metaMark) {
			out, sizes = append(out, m.mark), append(sizes, int32(len(metaMark)))
			i += len(metaMark)
			continue
		}
		_, n := utf8.DecodeRuneInString(word[i:])
		char := word[i : i+n]
		first, last := i == 0, i+n == len(word)
		i += n
		if m.prefix != "" && !first {
			char = m.prefix + char
		}
		if m.suffix != "" && last {
			char += m.suffix
		}
		if id, ok := m.vocab.lookup(char); ok {
			if pending > 0 {
				out, sizes, pending = append(out, m.unk), append(sizes, pending), 0
			}
			out, sizes = append(out, id), append(sizes, int32(n))
			continue
		}
		if m.byteFallback {
			var ok bool
			if out, ok = m.appendFallback(out, char); ok {
				for range len(char) {
					sizes = append(sizes, 1)
				}
				// Those of a prefix can be many for one character.
				if st.spend(len(char)); len(out) > maxText {
					st.fail(errTokens)
				}
				continue
			}
		}
		if !m.hasUnk {
			continue
		}
		if m.unk < 0 {
			st.fail(fmt.Errorf("tokenizer: the unknown token %q is not in the vocabulary", clip(m.unkToken)))
			continue
		}
		if pending > 0 && !m.fuseUnk {
			out, sizes, pending = append(out, m.unk), append(sizes, pending), 0
		}
		pending += int32(n)
	}
	if pending > 0 {
		out, sizes = append(out, m.unk), append(sizes, pending)
	}
	st.spend(len(word) % lookAfter)
	st.symbols, st.sizes = out, sizes
	return out
}

// appendFallback appends the byte symbols of char if it has all of them.
func (m *bpe) appendFallback(out []int32, char string) ([]int32, bool) {
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
