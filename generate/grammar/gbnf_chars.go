package grammar

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// literal reads a text in quotation marks.
func (p *gbnf) literal() rules.Expr {
	p.at++
	var s strings.Builder
	for p.err == nil && !p.take(`"`) {
		s.WriteRune(p.char())
	}
	return p.b.Bytes(s.String())
}

// class reads characters in brackets.
func (p *gbnf) class() rules.Expr {
	p.at++
	negated := p.take("^")
	var set []rules.Range
	for p.err == nil && !p.take("]") {
		r := rules.Range{Lo: p.char()}
		r.Hi = r.Lo
		// A minus before the end stands for itself.
		if p.peek() == '-' && p.at+1 < len(p.text) && p.text[p.at+1] != ']' {
			p.at++
			if r.Hi = p.char(); r.Hi < r.Lo {
				p.fail("the ends of the range %q-%q are in the wrong order", r.Lo, r.Hi)
			}
		}
		set = append(set, r)
	}
	if negated {
		set = without(set)
	}
	return p.b.Class(set...)
}

// without returns the characters that lie in none of ranges, which
// it sorts.
func without(ranges []rules.Range) []rules.Range {
	slices.SortFunc(ranges, func(a, b rules.Range) int { return cmp.Compare(a.Lo, b.Lo) })
	var rest []rules.Range
	next := rune(0) // the least character that is not looked at
	for _, r := range ranges {
		if r.Lo > next {
			rest = append(rest, rules.Range{Lo: next, Hi: r.Lo - 1})
		}
		next = max(next, r.Hi+1)
	}
	return append(rest, rules.Range{Lo: next, Hi: utf8.MaxRune})
}

// char reads one character, which may be written as an escape.
func (p *gbnf) char() rune {
	if p.peek() == '\\' {
		return p.escape()
	}
	r, size := utf8.DecodeRuneInString(p.text[p.at:])
	switch {
	case size == 0:
		p.fail("the grammar ends inside of quotation marks or brackets")
	case r == '\n' || r == '\r':
		p.fail("the line ends inside of quotation marks or brackets; write \\n for the end of a line")
	case r == utf8.RuneError && size == 1:
		p.fail("a byte that is not UTF-8")
	}
	p.at += size
	return r
}

// escapes are the characters that a backslash and another character stand for.
var escapes = map[byte]rune{
	'n': '\n', 'r': '\r', 't': '\t', '\\': '\\', '"': '"', '[': '[', ']': ']', '-': '-', '^': '^',
}

// escape reads an escape.
func (p *gbnf) escape() rune {
	p.at++
	c := p.peek()
	if r, ok := escapes[c]; ok {
		p.at++
		return r
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	if digits == 0 {
		p.fail("an escape that there is not: \\ and %q", string(c))
		return 0
	}
	p.at++
	hex := p.text[p.at:min(p.at+digits, len(p.text))]
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil || len(hex) < digits || !utf8.ValidRune(rune(n)) || n > utf8.MaxRune {
		p.fail("\\%c takes %d hexadecimal digits that name a character", c, digits)
		return 0
	}
	p.at += digits
	return rune(n)
}
