package uni

import (
	"sort"
	"strings"
	"sync"
	"unicode/utf8"
)

// Form is a Unicode normalization form.
type Form int

// The four forms of Unicode Standard Annex 15.
const (
	NFC Form = iota
	NFD
	NFKC
	NFKD
)

// The Hangul syllables are composed by arithmetic (chapter 3.12 of the
// Unicode standard).
const (
	hangulS, hangulL, hangulV, hangulT = 0xac00, 0x1100, 0x1161, 0x11a7
	hangulLCount                       = 19
	hangulVCount                       = 21
	hangulTCount                       = 28
	hangulSCount                       = hangulLCount * hangulVCount * hangulTCount
)

// normTables is what normalization knows of each character.
type normTables struct {
	canonical map[rune][]rune
	compat    map[rune][]rune
	compose   map[[2]rune]rune
	class     map[rune]uint8
}

// ranges are ranges of code points in rising order, ends included.
type ranges [][2]rune

// has reports whether c lies in one of the ranges.
func (r ranges) has(c rune) bool {
	i := sort.Search(len(r), func(i int) bool { return r[i][1] >= c })
	return i < len(r) && r[i][0] <= c
}

// ranges reads ranges written as the distances between their ends.
func (r *reader) ranges() ranges {
	var out ranges
	last := uint64(0)
	for range r.next() {
		lo := last + r.next()
		last = lo + r.next()
		out = append(out, [2]rune{rune(lo), rune(last)})
	}
	return out
}

// normalization is read when it is first needed: ASCII never does.
var normalization = sync.OnceValue(buildNorm)

// buildNorm unpacks the tables, which are written as gen.go says.
func buildNorm() *normTables {
	r := open(normData)
	t := &normTables{
		canonical: make(map[rune][]rune, 2100),
		compat:    make(map[rune][]rune, 3700),
		compose:   make(map[[2]rune]rune, 1000),
		class:     make(map[rune]uint8, 800),
	}
	last := uint64(0)
	for range r.next() {
		c, kind := last+r.next(), r.next()
		last = c
		parts := make([]rune, r.next())
		for i := range parts {
			parts[i] = rune(r.next())
		}
		t.add(rune(c), kind, parts)
	}
	last = 0
	for range r.next() {
		c := last + r.next()
		last = c
		t.class[rune(c)] = uint8(r.next())
	}
	return t
}

// add takes in what a character is made of: kind 0 is canonical, 1 too but excluded
// from composition (Unicode Standard Annex 15, section 5), 2 for compatibility only.
func (t *normTables) add(c rune, kind uint64, parts []rune) {
	if kind == 2 {
		t.compat[c] = parts
		return
	}
	if kind == 0 && len(parts) == 2 {
		t.compose[[2]rune{parts[0], parts[1]}] = c
	}
	t.canonical[c] = parts
}

// Guard is told about n further steps on a text, which has become so many bytes
// now, and reports whether to go on. A nil one lets everything go on.
type Guard func(n, size int) bool

// pace is the number of characters between two calls of a guard.
const pace = 1 << 12

// goes reports whether work goes on after i characters, of which size were
// made.
func (g Guard) goes(i, size int) bool {
	return i%pace != pace-1 || g == nil || g(pace, size)
}

// Normalize returns s in the form f, by the data of Unicode 9.0. Unlike
// golang.org/x/text it never inserts U+034F into long runs of marks. It returns
// nothing where the guard stops it.
func Normalize(f Form, s string, g Guard) string {
	if isPlain(s) || f == NFC && isLatin(s) {
		return s
	}
	t := normalization()
	runes := t.decomposeAll(s, f, g)
	if runes == nil || !t.order(runes, g) {
		return ""
	}
	if f == NFC || f == NFKC {
		if runes = t.composeAll(runes, g); runes == nil {
			return ""
		}
	}
	var b strings.Builder
	b.Grow(len(s))
	for i, r := range runes {
		if b.WriteRune(r); !g.goes(i, b.Len()) {
			return ""
		}
	}
	return b.String()
}

// decomposeAll takes the characters of a text apart; nil where the guard stops it.
func (t *normTables) decomposeAll(s string, f Form, g Guard) []rune {
	compat := f == NFKC || f == NFKD
	runes := make([]rune, 0, len(s))
	i, size := 0, 0
	for _, r := range s {
		made := len(runes)
		runes = t.decompose(runes, r, compat)
		for _, p := range runes[made:] {
			size += utf8.RuneLen(p)
		}
		if !g.goes(i, size) {
			return nil
		}
		i++
	}
	return runes
}

// order sorts each run of marks by combining class; false where the guard stops it.
// Characters below U+0300 have class 0, and one mark alone is in order: neither needs
// the table.
func (t *normTables) order(runes []rune, g Guard) bool {
	for i := 0; i < len(runes); i++ {
		if !g.goes(i, 0) {
			return false
		}
		if runes[i] >= 0x300 && t.class[runes[i]] != 0 && i+1 < len(runes) && runes[i+1] >= 0x300 {
			if i = sortMarks(t, runes, i, func(r rune) rune { return r }, g); i < 0 {
				return false
			}
		}
	}
	return true
}

// RemoveMarks returns s without the marks of Unicode 9.0.
func RemoveMarks(s string) string {
	if isPlain(s) {
		return s
	}
	marks := properties().marks
	return strings.Map(func(r rune) rune {
		if r >= 0x300 && marks.has(r) {
			return -1
		}
		return r
	}, s)
}

// IsBertPunct reports, as do IsBertControl and IsBertMark, what the parts of the
// reference that were made for BERT take for punctuation, control characters
// and nonspacing marks.
func IsBertPunct(r rune) bool { return properties().punct.has(r) }

// IsBertControl is described at IsBertPunct.
func IsBertControl(r rune) bool { return properties().controls.has(r) }

// IsBertMark is described at IsBertPunct.
func IsBertMark(r rune) bool { return r >= 0x300 && properties().accents.has(r) }

// isPlain reports whether s is ASCII, which every form leaves alone.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isLatin reports whether s has no character from U+0300 on: NFC changes none
// of the others.
func isLatin(s string) bool {
	for i := range len(s) {
		if s[i] >= 0xcc {
			return false
		}
	}
	return true
}

// decompose appends what a character is made of, or itself. Korean syllables follow
// a rule and are in no table (chapter 3.12 of the Unicode standard).
func (t *normTables) decompose(dst []rune, r rune, compat bool) []rune {
	if r < 0xa0 {
		return append(dst, r)
	}
	if s := r - hangulS; s >= 0 && s < hangulSCount {
		dst = append(dst, hangulL+s/(hangulVCount*hangulTCount), hangulV+s%(hangulVCount*hangulTCount)/hangulTCount)
		if x := s % hangulTCount; x != 0 {
			dst = append(dst, hangulT+x)
		}
		return dst
	}
	parts, ok := t.canonical[r]
	if !ok && compat {
		parts, ok = t.compat[r]
	}
	if !ok {
		return append(dst, r)
	}
	for _, p := range parts {
		dst = t.decompose(dst, p, compat)
	}
	return dst
}

// sortMarks sorts the run of marks from i on by combining class, keeping the
// order of equal classes, and returns its last; -1 where the guard stops it. at
// returns the character of an element.
func sortMarks[T any](t *normTables, list []T, i int, at func(T) rune, g Guard) int {
	j := i + 1
	for j < len(list) && t.class[at(list[j])] != 0 {
		if !g.goes(j, 0) {
			return -1
		}
		j++
	}
	if j-i > 1 && !sortRun(t, list[i:j], at, g) {
		return -1
	}
	return j - 1
}

// sortRun sorts marks. Runs are short in real text; a long one is sorted by
// counting, so that no text makes this quadratic.
func sortRun[T any](t *normTables, run []T, at func(T) rune, g Guard) bool {
	if len(run) <= 16 {
		for i := 1; i < len(run); i++ {
			for k := i; k > 0 && t.class[at(run[k])] < t.class[at(run[k-1])]; k-- {
				run[k], run[k-1] = run[k-1], run[k]
			}
		}
		return true
	}
	var starts [257]int
	for i, x := range run {
		if starts[int(t.class[at(x)])+1]++; !g.goes(i, 0) {
			return false
		}
	}
	for i := 1; i < len(starts); i++ {
		starts[i] += starts[i-1]
	}
	sorted := make([]T, len(run))
	for i, x := range run {
		c := t.class[at(x)]
		sorted[starts[c]] = x
		if starts[c]++; !g.goes(i, 0) {
			return false
		}
	}
	copy(run, sorted)
	return true
}

// composeAll applies the canonical composition algorithm (D117 of the Unicode standard)
// in place; nil where the guard stops it. A mark reaches its starter unless one of the
// same or a higher class, or another starter that is kept, stands between.
func (t *normTables) composeAll(runes []rune, g Guard) []rune {
	out := runes[:0]
	starter := -1
	last := -1 // class of the last mark kept after the starter, -1 for none
	for i, r := range runes {
		if !g.goes(i, 0) {
			return nil
		}
		class := int(t.class[r])
		if starter >= 0 && last < class {
			if c, ok := t.pair(out[starter], r); ok {
				out[starter] = c
				continue
			}
		}
		if class == 0 {
			starter, last = len(out), -1
		} else {
			last = class
		}
		out = append(out, r)
	}
	return out
}

// pair returns the character that two make.
func (t *normTables) pair(a, b rune) (rune, bool) {
	if l, v := a-hangulL, b-hangulV; l >= 0 && l < hangulLCount && v >= 0 && v < hangulVCount {
		return hangulS + (l*hangulVCount+v)*hangulTCount, true
	}
	if s, x := a-hangulS, b-hangulT; s >= 0 && s < hangulSCount && s%hangulTCount == 0 && x > 0 && x < hangulTCount {
		return a + x, true
	}
	c, ok := t.compose[[2]rune{a, b}]
	return c, ok
}
