package jinja

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// isSpace is Python's str.isspace. Go leaves out the four separators of ASCII,
// which Python takes for white space because Unicode's bidirectional algorithm
// treats them as ends of paragraphs and segments.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f
}

// nameLen returns the length of the identifier at the start of s. Python's
// rules for identifiers, nearly: letters of all scripts, and digits and marks
// behind the first character.
func nameLen(s string) int {
	for i, r := range s {
		if r == '_' || unicode.IsLetter(r) || i > 0 && (unicode.IsDigit(r) || unicode.Is(unicode.M, r)) {
			continue
		}
		return i
	}
	return len(s)
}

// digitsLen returns the length of a run of digits with single underscores
// between them. Python allows underscores since 3.6, and jinja2 took them over;
// one at the end or two in a row end the number.
func digitsLen(s string, valid func(byte) bool) int {
	n := 0
	for n < len(s) {
		switch {
		case valid(s[n]):
			n++
		case s[n] == '_' && n > 0 && n+1 < len(s) && valid(s[n+1]):
			n++
		default:
			return n
		}
	}
	return n
}

// isDecimal and isHex are about ASCII: digits of other scripts make no number
// in a template.
func isDecimal(c byte) bool { return c >= '0' && c <= '9' }

func isHex(c byte) bool { return isDecimal(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// number returns the length of the number at the start of s and whether it has
// a fraction or an exponent. After a dot, as in a.0.1, there are only whole
// numbers. A number that begins with a point, or ends with one, is none: 1. is
// a number and the operator for a member.
func number(s string, afterDot bool) (n int, float bool) {
	if len(s) > 2 && s[0] == '0' {
		valid := func(byte) bool { return false }
		switch s[1] | 0x20 {
		case 'x':
			valid = isHex
		case 'o':
			valid = func(c byte) bool { return c >= '0' && c <= '7' }
		case 'b':
			valid = func(c byte) bool { return c == '0' || c == '1' }
		}
		if n := digitsLen(s[2:], valid); n > 0 {
			return n + 2, false
		}
	}
	n = digitsLen(s, isDecimal)
	if afterDot {
		return n, false
	}
	end := n
	if end+1 < len(s) && s[end] == '.' && isDecimal(s[end+1]) {
		end += 1 + digitsLen(s[end+1:], isDecimal)
		float = true
	}
	if end < len(s) && s[end]|0x20 == 'e' {
		e := end + 1
		if e < len(s) && (s[e] == '+' || s[e] == '-') {
			e++
		}
		if k := digitsLen(s[min(e, len(s)):], isDecimal); k > 0 {
			return e + k, true
		}
	}
	return end, float
}

// unescape decodes the escapes of a Python string. jinja2 decodes them by the
// codec unicode-escape. An escape that it does not know stays with its
// backslash. Named characters, \N{…}, would need a table of a megabyte.
func unescape(s string) (string, error) {
	if strings.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' || i+1 >= len(s) {
			b.WriteByte(s[i])
			i++
			continue
		}
		c := s[i+1]
		i += 2
		if plain := strings.IndexByte(`\'"abfnrtv`, c); plain >= 0 {
			b.WriteByte("\\'\"\a\b\f\n\r\t\v"[plain])
			continue
		}
		// \x has two digits, \u four and \U eight: the place in the list says
		// which.
		digits := 0
		if i := strings.IndexByte("xuU", c); i >= 0 {
			digits = 2 << i
		}
		switch {
		// A backslash at the end of a line joins it with the next.
		case c == '\n':
		case digits > 0:
			if i+digits > len(s) {
				return "", fail(SyntaxError, "truncated \\%c escape", c)
			}
			v, err := strconv.ParseUint(s[i:i+digits], 16, 32)
			if err != nil || v > utf8.MaxRune {
				return "", fail(SyntaxError, "bad \\%c escape", c)
			}
			b.WriteRune(rune(v))
			i += digits
		// Up to three octal digits, of which the first is read already.
		case c >= '0' && c <= '7':
			n := 0
			v := rune(0)
			for ; n < 3 && i-1+n < len(s) && s[i-1+n] >= '0' && s[i-1+n] <= '7'; n++ {
				v = v*8 + rune(s[i-1+n]-'0')
			}
			b.WriteRune(v)
			i += n - 1
		case c == 'N':
			return "", fail(SyntaxError, "named characters are not supported")
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}
