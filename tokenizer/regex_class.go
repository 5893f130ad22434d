package tokenizer

import (
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// shorthands are the sets that a letter behind a backslash stands for.
var shorthands = map[byte]string{'w': "w", 'd': "Nd", 'h': "h"}

// escapedClass returns the characters of an escape that stands for a set of
// them, such as \p{L} or \S. It reports ok false for a set that it does not
// know.
func escapedClass(escape string) (set [][2]rune, isClass, ok bool) {
	c := escape[1]
	lower := c | 0x20
	negated := c != lower
	name := shorthands[lower]
	switch {
	case lower == 's':
		set = spaces
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
	if negated {
		set = complement(set)
	}
	return set, true, true
}

// spaces are the characters of \s.
var spaces = [][2]rune{
	{'\t', '\r'}, {' ', ' '}, {0x85, 0x85}, {0xa0, 0xa0}, {0x1680, 0x1680}, {0x2000, 0x200a},
	{0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
}

// complement returns what is not in a set.
func complement(set [][2]rune) [][2]rune {
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

// appendClass appends the inside of a class.
func appendClass(dst []byte, set [][2]rune) []byte {
	for _, r := range set {
		dst = appendClassRune(dst, r[0])
		if r[1] > r[0] {
			dst = appendClassRune(append(dst, '-'), r[1])
		}
	}
	return dst
}

func appendClassRune(dst []byte, r rune) []byte {
	switch {
	case r >= 0xd800 && r < 0xdc00:
		r = 0xd7ff // surrogates are no characters of a text
	case r >= 0xdc00 && r < 0xe000:
		r = 0xe000
	}
	if r < 0x80 {
		const hex = "0123456789abcdef"
		return append(dst, '\\', 'x', hex[r>>4], hex[r&15])
	}
	return utf8.AppendRune(dst, r)
}

// translateClass replaces the sets inside a class by their ranges.
func translateClass(class string) (string, bool) {
	var out []byte
	for i := 0; i < len(class); {
		if class[i] != '\\' {
			out = append(out, class[i])
			i++
			continue
		}
		n := escapeLen(class[i:])
		set, isClass, ok := escapedClass(class[i : i+n])
		if !ok {
			return "", false
		}
		if isClass {
			out = appendClass(out, set)
		} else {
			out = append(out, class[i:i+n]...)
		}
		i += n
	}
	return string(out), true
}

// wordEdge returns what stands for \b and \B.
func wordEdge(escape string) (string, bool) {
	if escape != `\b` && escape != `\B` {
		return "", false
	}
	set, ok := uni.Property("w")
	if !ok {
		return "", false
	}
	word := string(appendClass(nil, set))
	if escape == `\b` {
		return "(?:(?<=[" + word + "])(?![" + word + "])|(?<![" + word + "])(?=[" + word + "]))", true
	}
	return "(?:(?<=[" + word + "])(?=[" + word + "])|(?<![" + word + "])(?![" + word + "]))", true
}
