package pattern

import (
	"slices"
	"sort"
	"sync"
	"unicode"
)

// Without regard to case, Oniguruma and the engine here do not match the same: s is also
// ſ to the one, and σ also ς. Classes, moreover, reach the engine spelled out: of [^a]
// it would see all other characters, A among them, whose other case is a. So what has
// cases is written with all of them, and matched as it stands.
//
// What is left out is one character that is several in another case: ß and ss, ﬁ and
// fi. They match as themselves. The cases are those of the Go toolchain's Unicode, of
// which later versions only add to.

// folds are the characters that have other cases, sorted. What no mapping leads to, as
// to ß, is reached from another case of it.
var folds = sync.OnceValue(func() (list []rune) {
	for _, part := range unicode.CaseRanges {
		for r := rune(part.Lo); r <= rune(part.Hi); r++ {
			for c := unicode.SimpleFold(r); c != r; c = unicode.SimpleFold(c) {
				list = append(list, r, c)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
})

// cases returns the set of a character and its other cases.
func cases(r rune) [][2]rune {
	set := [][2]rune{{r, r}}
	for c := unicode.SimpleFold(r); c != r; c = unicode.SimpleFold(c) {
		set = append(set, [2]rune{c, c})
	}
	return Union(set, nil)
}

// withCases returns a set with the other cases of its characters. It is sorted, and so
// is the result.
func withCases(set [][2]rune) [][2]rune {
	var more [][2]rune
	for _, r := range folds() {
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
