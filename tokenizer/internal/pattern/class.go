package pattern

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// shorthands are the sets that a letter behind a backslash stands for.
var shorthands = map[byte]string{'w': "w", 'd': "Nd", 'h': "h"}

// letterSets are the sets of shorthands that were asked for, by the escape and
// whether it is inside a class: a pattern can have thousands.
var letterSets sync.Map

// escapedClass returns the characters of an escape that stands for a set of
// them, such as \p{L} or \S. It reports ok false for a set that it does not
// know. The set must not be changed.
func escapedClass(escape string, inside bool) (set [][2]rune, isClass, ok bool) {
	type key struct {
		escape string
		inside bool
	}
	if known, found := letterSets.Load(key{escape, inside}); found {
		set, isClass = known.([][2]rune)
		return set, isClass, isClass
	}
	set, isClass, ok = escapedSet(escape, inside)
	if isClass && ok && len(escape) == 2 {
		letterSets.Store(key{strings.Clone(escape), inside}, set)
	}
	return set, isClass, ok
}

// escapedSet returns the ranges of an escape that stands for a set of characters. The
// engine has sets of these names too, of another version of Unicode: so they are
// spelled out.
func escapedSet(escape string, inside bool) (set [][2]rune, isClass, ok bool) {
	c := escape[1]
	lower := c | 0x20
	negated := c != lower
	name := shorthands[lower]
	switch {
	case lower == 's':
		set = Spaces
	case lower == 'p' && len(escape) > 4:
		name = escape[3 : len(escape)-1]
		if rest, found := strings.CutPrefix(name, "^"); found {
			name, negated = rest, !negated
		}
	case lower == 'p':
		return nil, false, false
	case name == "":
		return nil, false, true
	}
	if set == nil {
		if set, ok = uni.Property(name); !ok {
			return nil, false, false
		}
	}
	if name == "w" && inside {
		set = Complement(Union(Complement(set), outsiders))
	}
	if negated {
		set = Complement(set)
	}
	return set, true, true
}

// outsiders are in \w but not in a class that has \w in it: the numbers of Latin-1 that
// are no digits. The engine has it so; its documentation does not say it.
var outsiders = [][2]rune{{0xb2, 0xb3}, {0xb9, 0xb9}, {0xbc, 0xbe}}

// Spaces are the characters of \s: the property White_Space, which has neither U+180E
// since Unicode 6.3 nor the joiners and spaces of no width.
var Spaces = [][2]rune{
	{'\t', '\r'},
	{' ', ' '},
	{0x85, 0x85},
	{0xa0, 0xa0},
	{0x1680, 0x1680},
	{0x2000, 0x200a},
	{0x2028, 0x2029},
	{0x202f, 0x202f},
	{0x205f, 0x205f},
	{0x3000, 0x3000},
}

// Complement returns what is not in a set.
func Complement(set [][2]rune) [][2]rune {
	out := make([][2]rune, 0, len(set)+1)
	next := rune(0)
	for _, r := range set {
		if r[0] > next {
			out = append(out, [2]rune{next, r[0] - 1})
		}
		next = r[1] + 1
	}
	if next <= utf8.MaxRune {
		out = append(out, [2]rune{next, utf8.MaxRune})
	}
	return out
}

// appendClass appends the inside of a class. Surrogates, which are no characters of a
// text, are left out: the engine does not take them.
func appendClass(dst []byte, set [][2]rune) []byte {
	for _, r := range set {
		lo, hi := r[0], r[1]
		if utf16.IsSurrogate(lo) {
			lo = 0xe000
		}
		if utf16.IsSurrogate(hi) {
			hi = 0xd7ff
		}
		if lo > hi {
			continue
		}
		dst = appendClassRune(dst, lo)
		if hi > lo {
			dst = appendClassRune(append(dst, '-'), hi)
		}
	}
	return dst
}

// appendClassRune appends a character as a class of the engine can have it.
func appendClassRune(dst []byte, r rune) []byte {
	if r < 0x80 {
		const hex = "0123456789abcdef"
		return append(dst, '\\', 'x', hex[r>>4], hex[r&15])
	}
	return utf8.AppendRune(dst, r)
}

// appendSet appends a class of the other syntax. One without characters cannot be
// written there: it is a look ahead that never holds.
func appendSet(dst []byte, set [][2]rune) []byte {
	open := len(dst)
	if dst = appendClass(append(dst, '['), set); len(dst) == open+1 {
		return append(dst[:open], "(?!)"...)
	}
	return append(dst, ']')
}

// maxRanges is the number of ranges of a class up to which those that touch each
// other are joined at its end only.
const maxRanges = 1 << 13

// maxNested bounds classes inside classes, each of which is a call within a call.
const maxNested = 16

// posix are the sets that have a name in brackets, by the properties that they are made
// of. Punctuation has symbols in it in brackets, unlike \p{P}. What is written is all
// that is assigned but controls; of that graph leaves out what is white.
var posix = map[string][]string{
	"alpha": {"Alphabetic"}, "digit": {"Nd"}, "upper": {"Uppercase"}, "lower": {"Lowercase"}, "punct": {"P", "S"},
	"alnum": {"Alphabetic", "Nd"}, "xdigit": {"h"}, "cntrl": {"Cc"}, "blank": {"Zs"},
	"graph": {"L", "M", "N", "P", "S", "Cf", "Co"}, "print": {"L", "M", "N", "P", "S", "Cf", "Co", "Zs"},
	"space": {}, "ascii": {}, "word": {},
}

// posixSet returns a set with a name in brackets.
func posixSet(name string) (set [][2]rune, ok bool) {
	parts, ok := posix[name]
	for _, part := range parts {
		ranges, _ := uni.Property(part)
		set = Union(set, ranges)
	}
	switch name {
	case "space":
		set = Spaces
	case "blank":
		set = Union(set, [][2]rune{{'\t', '\t'}})
	case "ascii":
		set = [][2]rune{{0, 0x7f}}
	case "word":
		set, _, ok = escapedClass(`\w`, true)
	}
	return set, ok
}

// parseClass reads the class at the start of s, with classes and intersections
// inside it, and returns its characters and its length. A bracket that closes right
// after the one that opens is a character. With fold the other cases of what is in it
// are too: of the whole, before it is negated, and not of the classes inside.
func parseClass(s string, fold bool, depth int) (set [][2]rune, size int, ok bool) {
	i := 1
	negated := strings.HasPrefix(s[i:], "^")
	if negated {
		i++
	}
	c := classReader{tidy: maxRanges}
	for first := true; i < len(s); first = false {
		if s[i] == ']' && !first {
			set = c.both()
			if fold {
				set = withCases(set)
			}
			if negated {
				set = Complement(set)
			}
			return set, i + 1, true
		}
		n, ok := c.item(s[i:], depth)
		if !ok {
			return nil, 0, false
		}
		i += n
	}
	return nil, 0, false
}

// classReader gathers the characters of a class.
type classReader struct {
	set     [][2]rune // since the last &&
	left    [][2]rune // what the last && follows
	crossed bool      // there was one
	tidy    int       // the number of ranges from which on they are joined
}

// item reads one part of a class and returns its length.
func (c *classReader) item(s string, depth int) (size int, ok bool) {
	switch {
	case strings.HasPrefix(s, "&&"):
		c.left, c.set, c.crossed = c.both(), nil, true
		return 2, true
	case strings.HasPrefix(s, "[:"):
		return c.named(s)
	case s[0] == '[':
		if depth == maxNested {
			return 0, false
		}
		inner, n, ok := parseClass(s, false, depth+1)
		if ok {
			c.set = Union(c.set, inner)
		}
		return n, ok
	}
	ranges, n, ok := parseRange(s)
	if !ok {
		return 0, false
	}
	if c.set = append(c.set, ranges...); len(c.set) > c.tidy {
		c.set = Union(c.set, nil)
		c.tidy = max(maxRanges, 2*len(c.set))
	}
	return n, true
}

// named reads a set with a name in brackets, such as [:alpha:].
func (c *classReader) named(s string) (size int, ok bool) {
	name, _, found := strings.Cut(s[2:], ":]")
	word, negated := strings.CutPrefix(name, "^")
	set, ok := posixSet(word)
	if !found || !ok {
		return 0, false
	}
	if negated {
		set = Complement(set)
	}
	c.set = Union(c.set, set)
	return len(name) + 4, true
}

// both returns the characters so far. && binds less than anything else in a class:
// all that stands before it is one side.
func (c *classReader) both() [][2]rune {
	set := Union(c.set, nil)
	if c.crossed {
		set = intersect(c.left, set)
	}
	return set
}

// parseRange reads a character, a range or an escaped set inside a class. A dash before
// the end of the class is a character, as is one behind a set.
func parseRange(s string) (set [][2]rune, size int, ok bool) {
	if s[0] == '\\' {
		n := escapeLen(s)
		if n == 0 {
			return nil, 0, false
		}
		set, isClass, ok := escapedClass(s[:n], true)
		if isClass || !ok {
			return set, n, ok
		}
	}
	lo, size, ok := classRune(s)
	if !ok {
		return nil, 0, false
	}
	rest := s[size:]
	if len(rest) < 2 || rest[0] != '-' || rest[1] == ']' {
		return [][2]rune{{lo, lo}}, size, true
	}
	hi, n, ok := classRune(rest[1:])
	if !ok || hi < lo {
		return nil, 0, false
	}
	return [][2]rune{{lo, hi}}, size + 1 + n, true
}

// controls are the characters that letters behind a backslash stand for.
var controls = map[byte]rune{'n': '\n', 't': '\t', 'r': '\r', 'f': '\f', 'v': '\v', 'a': '\a', 'e': 0x1b, 'b': '\b'}

// classRune reads one character inside a class. A letter or a digit behind a backslash
// that says nothing here is refused: Oniguruma may have a meaning for it.
func classRune(s string) (r rune, size int, ok bool) {
	if s[0] != '\\' {
		r, size = utf8.DecodeRuneInString(s)
		return r, size, r != '['
	}
	if len(s) < 2 {
		return 0, 0, false
	}
	if r, ok := controls[s[1]]; ok {
		return r, 2, true
	}
	digits := map[byte]int{'x': 2, 'u': 4}[s[1]]
	switch {
	case strings.HasPrefix(s, `\x{`):
		end := strings.IndexByte(s, '}')
		if end < 0 {
			return 0, 0, false
		}
		v, err := strconv.ParseUint(s[3:end], 16, 32)
		return rune(v), end + 1, err == nil && v <= utf8.MaxRune && !utf16.IsSurrogate(rune(v))
	case digits > 0 && len(s) >= 2+digits:
		v, err := strconv.ParseUint(s[2:2+digits], 16, 32)
		return rune(v), 2 + digits, err == nil
	case s[1] < utf8.RuneSelf && (isASCIILetter(s[1]) || isDigit(s[1])):
		return 0, 0, false
	}
	r, size = utf8.DecodeRuneInString(s[1:])
	return r, size + 1, true
}

// Union returns the characters of both sets, sorted and joined.
func Union(a, b [][2]rune) [][2]rune { return uni.Join(slices.Concat(a, b)) }

// intersect returns the characters that are in both sets.
func intersect(a, b [][2]rune) [][2]rune {
	return Complement(Union(Complement(Union(a, nil)), Complement(Union(b, nil))))
}
