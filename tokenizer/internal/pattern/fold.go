package pattern

import (
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// Without regard to case, Oniguruma and the engine here do not match the same: s is also
// ſ to the one, and σ also ς. Classes, moreover, reach the engine spelled out: of [^a]
// it would see all other characters, A among them, whose other case is a. So what has
// cases is written with all of them, and matched as it stands.
//
// One character can be several in another case: ß is ss, and the ligature ﬁ is fi. Of
// these Oniguruma knows what stands in a row of characters in the pattern, the last
// without a quantifier, and what is in a class; it takes the longest, and in a look
// behind none, since that must know its length.
//
// The cases are those of uni, which asks the reference; Go's are of another version.

// cases returns the set of a character and its other cases.
func cases(r rune) [][2]rune {
	set := [][2]rune{{r, r}}
	for _, c := range uni.Cases(r) {
		set = append(set, [2]rune{c, c})
	}
	return Union(set, nil)
}

// withCases returns a set with the other cases of its characters. It is sorted, and so
// is the result.
func withCases(set [][2]rune) [][2]rune {
	var more [][2]rune
	for _, r := range uni.Cased() {
		if contains(set, r) {
			more = append(more, cases(r)...)
		}
	}
	return Union(set, more)
}

// contains reports whether a sorted set has a character.
func contains(set [][2]rune, r rune) bool {
	i := sort.Search(len(set), func(i int) bool { return set[i][1] >= r })
	return i < len(set) && set[i][0] <= r
}

// folded translates a character, or a row of them that is one character in another
// case, without regard to case. r is the first, of n bytes.
func (t *translator) folded(r rune, n int) {
	if !t.behind() {
		if s, ok := uni.FoldsTo(r); ok {
			t.writeSequence(s, n)
			return
		}
		row, ends := t.row()
		if s, ok := uni.SequenceAt(row); ok {
			t.writeSequence(s, ends[len(s.Of)-1])
			return
		}
	}
	t.writeSet(cases(r), n)
}

// behind reports whether a look behind is open.
func (t *translator) behind() bool {
	return slices.ContainsFunc(t.groups, func(g opened) bool { return g.behind })
}

// maxSequence is the length of the longest sequence that is one character.
const maxSequence = 3

// row returns the characters that the rest of the pattern begins with, at most as many
// as a sequence can have, and where each ends. One with a quantifier is not in a row.
func (t *translator) row() (row []rune, ends []int) {
	at := 0
	for len(row) < maxSequence {
		at += t.blank(at)
		t.flatten(at)
		r, n := literal(t.rest[at:])
		if n == 0 {
			break
		}
		at += n
		if next := at + t.blank(at); next < len(t.rest) && (strings.IndexByte("*+?", t.rest[next]) >= 0 || t.rest[next] == '{' && quantifierLen(t.rest[next:]) > 0) {
			break
		}
		row, ends = append(row, r), append(ends, at)
	}
	return row, ends
}

// blank returns the length of the white space at a place, where that says nothing.
func (t *translator) blank(at int) int {
	if !t.extended {
		return 0
	}
	return len(t.rest[at:]) - len(strings.TrimLeft(t.rest[at:], " \t\n\r\f\v"))
}

// literal reads a character that stands for itself, or for one by its number.
func literal(s string) (r rune, n int) {
	switch {
	case s == "" || strings.IndexByte(`()[]{}|^$.*+?#`, s[0]) >= 0:
		return 0, 0
	case s[0] != '\\':
		return utf8.DecodeRuneInString(s)
	case len(s) > 1 && (s[1] == 'x' || s[1] == 'u'):
		if r, n, ok := classRune(s); ok {
			return r, n
		}
	}
	return 0, 0
}

// flatten takes away the brackets of a group that holds characters alone, has no
// quantifier and says nothing: in (?:s)s the two are a row.
func (t *translator) flatten(at int) {
	for strings.HasPrefix(t.rest[at:], "(?:") {
		end := at + len("(?:")
		for {
			_, n := literal(t.rest[end:])
			if n == 0 {
				break
			}
			end += n
		}
		if end >= len(t.rest) || t.rest[end] != ')' || end == at+len("(?:") {
			return
		}
		after := t.rest[end+1:]
		if after != "" && strings.IndexByte("*+?{", after[0]) >= 0 {
			return
		}
		t.rest = t.rest[:at] + t.rest[at+len("(?:"):end] + after
	}
}

// writeSequence writes a sequence, or any of the characters that it is, as an atom.
func (t *translator) writeSequence(s uni.Sequence, n int) {
	t.write("(?-i:", n)
	t.out = appendSet(t.out, runeSet(s.Singles))
	t.out = append(appendSequence(append(t.out, '|'), s), ')')
}

// appendSequence appends the characters of a sequence in any case.
func appendSequence(dst []byte, s uni.Sequence) []byte {
	for _, c := range s.Of {
		dst = appendSet(dst, cases(c))
	}
	return dst
}

// runeSet returns characters as a set.
func runeSet(runes []rune) (set [][2]rune) {
	for _, r := range runes {
		set = append(set, [2]rune{r, r})
	}
	return Union(set, nil)
}

// writeFoldedClass writes a class with the sequences that its characters are in another
// case. They are tried behind the characters.
func (t *translator) writeFoldedClass(set [][2]rune, n int) {
	t.writeSet(set, n)
	var more []byte
	for _, s := range uni.Sequences() {
		if slices.ContainsFunc(s.Singles, func(r rune) bool { return contains(set, r) }) {
			more = appendSequence(append(more, '|'), s)
		}
	}
	if more != nil {
		t.out = append(append(t.out[:len(t.out)-1], more...), ')')
	}
}
