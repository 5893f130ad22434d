package ecma

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// The classes that ECMA-262 names.
var (
	lineEnds = []rules.Range{{Lo: '\n', Hi: '\n'}, {Lo: '\r', Hi: '\r'}, {Lo: 0x2028, Hi: 0x2029}}
	decimals = []rules.Range{{Lo: '0', Hi: '9'}}
	words    = []rules.Range{{Lo: '0', Hi: '9'}, {Lo: 'A', Hi: 'Z'}, {Lo: '_', Hi: '_'}, {Lo: 'a', Hi: 'z'}}
	spaces   = []rules.Range{
		{Lo: '\t', Hi: '\r'},
		{Lo: ' ', Hi: ' '},
		{Lo: 0xa0, Hi: 0xa0},
		{Lo: 0x1680, Hi: 0x1680},
		{Lo: 0x2000, Hi: 0x200a},
		{Lo: 0x2028, Hi: 0x2029},
		{Lo: 0x202f, Hi: 0x202f},
		{Lo: 0x205f, Hi: 0x205f},
		{Lo: 0x3000, Hi: 0x3000},
		{Lo: 0xfeff, Hi: 0xfeff},
	}
)

// invert returns the characters that lie in no range.
func invert(ranges []rules.Range) []rules.Range {
	sorted := slices.Clone(ranges)
	slices.SortFunc(sorted, func(a, b rules.Range) int { return int(a.Lo - b.Lo) })
	var out []rules.Range
	next := rune(0)
	for _, r := range sorted {
		if r.Lo > next {
			out = append(out, rules.Range{Lo: next, Hi: r.Lo - 1})
		}
		next = max(next, r.Hi+1)
	}
	if next <= unicode.MaxRune {
		out = append(out, rules.Range{Lo: next, Hi: unicode.MaxRune})
	}
	return out
}

// class reads what follows an opening bracket.
func (p *parser) class() (expr, error) {
	not := p.take("^")
	var ranges []rules.Range
	for !p.take("]") {
		if p.at >= len(p.text) {
			return nil, p.wrong("a [ without its ]")
		}
		low, set, err := p.member()
		if err != nil {
			return nil, err
		}
		if set != nil {
			ranges = append(ranges, set...)
			continue
		}
		high := low
		if p.peek("-") && !p.peek("-]") {
			p.at++
			if high, set, err = p.member(); err != nil {
				return nil, err
			}
			if set != nil { // [a-\d]: the minus is a character
				ranges = append(append(ranges, one(low).ranges...), one('-').ranges...)
				ranges = append(ranges, set...)
				continue
			}
			if low > high {
				return nil, p.wrong("a range whose ends are in the wrong order")
			}
		}
		ranges = append(ranges, rules.Range{Lo: low, Hi: high})
	}
	if not {
		ranges = invert(ranges)
	}
	return class{ranges}, nil
}

// member reads one character of a class, or a set of them.
func (p *parser) member() (rune, []rules.Range, error) {
	if p.at >= len(p.text) {
		return 0, nil, p.wrong("a [ without its ]")
	}
	r := p.next()
	if r != '\\' {
		return r, nil, nil
	}
	switch {
	case p.take("b"):
		return '\b', nil, nil
	case p.take("-"):
		return '-', nil, nil
	}
	e, err := p.escape()
	if err != nil {
		return 0, nil, err
	}
	c, ok := e.(class)
	if !ok {
		return 0, nil, p.wrong("an assertion in a class")
	}
	if len(c.ranges) == 1 && c.ranges[0].Lo == c.ranges[0].Hi {
		return c.ranges[0].Lo, nil, nil
	}
	if c.ranges == nil {
		c.ranges = []rules.Range{} // a set without characters
	}
	return 0, c.ranges, nil
}

// escape reads what follows a backslash.
func (p *parser) escape() (expr, error) {
	if p.at >= len(p.text) {
		return nil, p.wrong("a backslash at the end")
	}
	switch r := p.next(); r {
	case 'd':
		return class{decimals}, nil
	case 'D':
		return class{invert(decimals)}, nil
	case 'w':
		return class{words}, nil
	case 'W':
		return class{invert(words)}, nil
	case 's':
		return class{spaces}, nil
	case 'S':
		return class{invert(spaces)}, nil
	case 'p', 'P':
		return p.property(r == 'P')
	case 'b', 'B':
		return nil, p.unsupported("the word boundary \\%c is", r)
	case 'k', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return nil, p.unsupported("the back reference \\%c is", r)
	case 't':
		return one('\t'), nil
	case 'n':
		return one('\n'), nil
	case 'v':
		return one('\v'), nil
	case 'f':
		return one('\f'), nil
	case 'r':
		return one('\r'), nil
	case '0':
		return one(0), nil
	case 'c':
		if p.at < len(p.text) && (p.text[p.at]|0x20 >= 'a' && p.text[p.at]|0x20 <= 'z') {
			return one(p.next() % 32), nil
		}
		return nil, p.wrong("\\c without a letter")
	case 'x':
		return p.hex(2)
	case 'u':
		return p.unicode()
	default:
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return nil, p.wrong("\\%c, which ECMA-262 does not have", r)
		}
		return one(r), nil
	}
}

// hex reads a character of n hexadecimal digits.
func (p *parser) hex(n int) (expr, error) {
	if p.at+n > len(p.text) {
		return nil, p.wrong("an escape that is cut off")
	}
	v, err := strconv.ParseUint(p.text[p.at:p.at+n], 16, 32)
	if err != nil {
		return nil, p.wrong("an escape without %d hexadecimal digits", n)
	}
	p.at += n
	return one(rune(v)), nil
}

// unicode reads what follows \u.
func (p *parser) unicode() (expr, error) {
	if p.take("{") {
		body, _, ok := strings.Cut(p.text[p.at:], "}")
		v, err := strconv.ParseUint(body, 16, 32)
		if !ok || err != nil || v > unicode.MaxRune {
			return nil, p.wrong("\\u{ without a character's number and }")
		}
		p.at += len(body) + 1
		return one(rune(v)), nil
	}
	e, err := p.hex(4)
	if err != nil {
		return nil, err
	}
	// Two halves of UTF-16 are one character.
	const highFirst, highLast, lowFirst, lowLast = 0xD800, 0xDBFF, 0xDC00, 0xDFFF
	high := e.(class).ranges[0].Lo
	if high < highFirst || high > lowLast {
		return e, nil
	}
	if high <= highLast && p.take(`\u`) {
		if e, err = p.hex(4); err != nil {
			return nil, err
		}
		if low := e.(class).ranges[0].Lo; low >= lowFirst && low <= lowLast {
			return one(0x10000 + (high-highFirst)<<10 + (low - lowFirst)), nil
		}
	}
	return nil, p.unsupported("half a character of UTF-16 is")
}

// property reads what follows \p or \P.
func (p *parser) property(not bool) (expr, error) {
	body, rest, ok := strings.Cut(p.text[p.at:], "}")
	if !ok || !strings.HasPrefix(body, "{") {
		return nil, p.wrong("\\p without the name of a property in braces")
	}
	table := tableOf(body[1:])
	if table == nil {
		return nil, p.unsupported("the property %s of \\p is", strconv.QuoteToASCII(cut(body[1:])))
	}
	p.at = len(p.text) - len(rest)
	ranges := rangesOf(table)
	if not {
		ranges = invert(ranges)
	}
	return class{ranges}, nil
}

func cut(s string) string {
	const most = 40
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// tableOf finds a property by the name that ECMA-262 has for it, nil for none.
func tableOf(name string) *unicode.RangeTable {
	key, value, pair := strings.Cut(name, "=")
	switch {
	case pair && (key == "Script" || key == "sc"):
		return unicode.Scripts[value]
	case pair && (key == "General_Category" || key == "gc"):
		return categoryOf(value)
	case pair:
		return nil
	}
	switch name {
	case "Any":
		return &unicode.RangeTable{R32: []unicode.Range32{{Lo: 0, Hi: unicode.MaxRune, Stride: 1}}}
	case "ASCII":
		return &unicode.RangeTable{R16: []unicode.Range16{{Lo: 0, Hi: unicode.MaxASCII, Stride: 1}}, LatinOffset: 1}
	}
	if t := categoryOf(name); t != nil {
		return t
	}
	return unicode.Properties[name]
}

func categoryOf(name string) *unicode.RangeTable {
	if short, ok := unicode.CategoryAliases[name]; ok {
		name = short
	}
	return unicode.Categories[name]
}

// rangesOf lists the characters of a table.
func rangesOf(t *unicode.RangeTable) []rules.Range {
	var out []rules.Range
	add := func(lo, hi, stride rune) {
		if stride == 1 {
			out = append(out, rules.Range{Lo: lo, Hi: hi})
			return
		}
		for r := lo; r <= hi; r += stride {
			out = append(out, rules.Range{Lo: r, Hi: r})
		}
	}
	for _, r := range t.R16 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	for _, r := range t.R32 {
		add(rune(r.Lo), min(rune(r.Hi), utf8.MaxRune), rune(r.Stride))
	}
	return out
}
