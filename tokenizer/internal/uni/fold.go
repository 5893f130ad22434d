package uni

import (
	"slices"
	"sync"
)

// foldTables are the cases of characters as Oniguruma has them (Unicode 16).
type foldTables struct {
	orbits  map[rune][]rune
	cased   []rune // the keys, sorted
	several map[rune][]rune
	byFirst map[rune][]Sequence
	all     []Sequence
}

// Sequence is what a character is in another case where that is several characters, as
// ss for ß: small letters, and the characters that all of them together are.
type Sequence struct {
	Of      []rune
	Singles []rune
}

var folds = sync.OnceValue(func() *foldTables {
	r := open(foldData)
	t := &foldTables{orbits: map[rune][]rune{}, several: map[rune][]rune{}, byFirst: map[rune][]Sequence{}}
	for _, orbit := range r.lists() {
		for _, c := range orbit {
			t.orbits[c] = orbit
			t.cased = append(t.cased, c)
		}
	}
	slices.Sort(t.cased)
	places := map[string]int{}
	for _, list := range r.lists() {
		c, of := list[0], list[1:]
		t.several[c] = of
		i, ok := places[string(of)]
		if !ok {
			i = len(t.all)
			places[string(of)] = i
			t.all = append(t.all, Sequence{Of: of})
		}
		t.all[i].Singles = append(t.all[i].Singles, c)
	}
	slices.SortStableFunc(t.all, func(a, b Sequence) int { return len(a.Of) - len(b.Of) })
	for _, s := range slices.Backward(t.all) {
		t.byFirst[s.Of[0]] = append(t.byFirst[s.Of[0]], s) // ffi before ff
	}
	return t
})

// lists reads lists of code points.
func (r *reader) lists() [][]rune {
	out := make([][]rune, r.next())
	for i := range out {
		out[i] = make([]rune, r.next())
		for k := range out[i] {
			out[i][k] = rune(r.next())
		}
	}
	return out
}

// Cases returns the cases of a character, itself among them; none where it has no
// other. The list is shared.
func Cases(r rune) []rune { return folds().orbits[r] }

// Cased returns the characters that have other cases, sorted. The list is shared.
func Cased() []rune { return folds().cased }

// FoldsTo returns the sequence that a character is in another case.
func FoldsTo(r rune) (Sequence, bool) {
	t := folds()
	of, ok := t.several[r]
	if !ok {
		return Sequence{}, false
	}
	for _, s := range t.byFirst[of[0]] {
		if slices.Equal(s.Of, of) {
			return s, true
		}
	}
	return Sequence{}, false
}

// Sequences returns all sequences, the shorter ones first, which is the order in which
// Oniguruma tries those of a class. The list is shared.
func Sequences() []Sequence { return folds().all }

// SequenceAt returns the longest sequence that a text begins with in any case.
func SequenceAt(text []rune) (Sequence, bool) {
	if len(text) == 0 {
		return Sequence{}, false
	}
	t := folds()
	for _, first := range append([]rune{text[0]}, t.orbits[text[0]]...) {
		for _, s := range t.byFirst[first] {
			if len(s.Of) <= len(text) && alike(s.Of, text) {
				return s, true
			}
		}
	}
	return Sequence{}, false
}

// alike reports whether a text begins with a sequence in any case.
func alike(of, text []rune) bool {
	for i, c := range of {
		if c != text[i] && !slices.Contains(Cases(c), text[i]) {
			return false
		}
	}
	return true
}
