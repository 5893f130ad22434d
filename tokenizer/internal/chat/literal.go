package chat

import (
	"encoding/json"
	"fmt"
	"strings"
)

// literal reads one value as models write it and writes it as JSON: JSON itself, with
// white space and all, and what is meant by it where a model got the form wrong. That is
// raw control characters and unknown escapes in strings, a comma behind the last
// element, Python's True, False, None and strings in single quotation marks.
type literal struct {
	in    string
	at    int
	out   []byte
	final bool
	// python takes tuples, Python's escapes and strings in three quotation marks.
	python bool
	// open says that a text of Python ends only where an argument does.
	open bool
	// stop is a text, such as a closing tag, at which all that is open ends.
	stop  string
	depth int
	short bool // it failed because the text ended
}

// maxDepth is the depth from which on encoding/json reads nothing.
const maxDepth = 10000

// literalOf reads a text that is one value.
func literalOf(text string) (json.RawMessage, bool) {
	l := literal{in: strings.Trim(text, spaces), final: true}
	ok := l.value() && l.at == len(l.in)
	return l.out, ok
}

// readJSON reads the value at the beginning of a text, which takes n bytes. Stop, unless
// empty, is a text at which all that is open ends.
func readJSON(text, stop string, final bool) (value json.RawMessage, n int, is progress) {
	l := literal{in: text, stop: stop, final: final}
	return l.read()
}

// read reads the value at the beginning of the text.
func (l *literal) read() (value json.RawMessage, n int, is progress) {
	switch {
	case l.value():
		return l.out, l.at, isCall
	case l.short && !l.final:
		return nil, 0, needMore
	}
	return nil, l.at, notCall
}

// peek returns the next byte, 0 at the end of the text.
func (l *literal) peek() byte {
	if l.at < len(l.in) {
		return l.in[l.at]
	}
	l.short = true
	return 0
}

// space passes white space.
func (l *literal) space() {
	n := space(l.in[l.at:])
	l.out = append(l.out, l.in[l.at:l.at+n]...)
	l.at += n
}

// take passes a byte on.
func (l *literal) take(c byte) {
	l.out = append(l.out, c)
	l.at++
}

// value reads one value.
func (l *literal) value() bool {
	l.depth++
	defer func() { l.depth-- }()
	if l.depth > maxDepth {
		return false
	}
	switch c := l.peek(); {
	case c == '{':
		return l.list('{', '}', l.member)
	case c == '[':
		return l.list('[', ']', l.value)
	case c == '(' && l.python:
		return l.list('[', ')', l.value)
	case l.python && strings.IndexByte(`"'rRbBuU`, c) >= 0 && l.pythonPrefix() >= 0:
		return l.pythonText()
	case c == '"' || c == '\'':
		return l.text()
	case c == '-' || c == '+' || c == '.' || '0' <= c && c <= '9':
		return l.number()
	}
	return l.word()
}

// list reads the elements between brackets.
func (l *literal) list(open, end byte, element func() bool) bool {
	l.take(open)
	shut := open + 2 // both brackets of JSON are two apart
	comma := -1      // where the last comma is in out
	for {
		l.space()
		c := l.peek()
		if c == end {
			return l.shut(shut, comma, 1)
		}
		if !element() {
			return false
		}
		l.space()
		switch c = l.peek(); {
		case c == ',':
			comma = len(l.out)
			l.take(c)
		case c == end:
			return l.shut(shut, -1, 1)
		case l.stopped():
			return l.shut(shut, -1, 0)
		default:
			return false
		}
	}
}

// shut ends a list with a bracket, for which n bytes stand. A comma at a place of out
// is too many.
func (l *literal) shut(bracket byte, comma, n int) bool {
	if comma >= 0 {
		l.out = append(l.out[:comma], l.out[comma+1:]...)
	}
	l.out = append(l.out, bracket)
	l.at += n
	return true
}

// stopped reports whether the text is at the stop.
func (l *literal) stopped() bool {
	rest := l.in[l.at:]
	if l.stop == "" || rest == "" {
		return false
	}
	if len(rest) < len(l.stop) && strings.HasPrefix(l.stop, rest) {
		l.short = true
		return false
	}
	return strings.HasPrefix(rest, l.stop)
}

// member reads a key and its value.
func (l *literal) member() bool {
	if c := l.peek(); c != '"' && c != '\'' || !l.text() {
		return false
	}
	l.space()
	if l.peek() != ':' {
		return false
	}
	l.take(':')
	l.space()
	return l.value()
}

// number reads a number.
func (l *literal) number() bool {
	n := len(l.in[l.at:]) - len(strings.TrimLeft(l.in[l.at:], "+-.0123456789eE"))
	if l.at+n == len(l.in) {
		l.short = true
		if !l.final {
			return false
		}
	}
	s := strings.TrimPrefix(l.in[l.at:l.at+n], "+")
	if strings.HasPrefix(s, ".") {
		s = "0" + s
	}
	s = strings.TrimSuffix(s, ".")
	if !json.Valid([]byte(s)) {
		return false
	}
	l.out = append(l.out, s...)
	l.at += n
	return true
}

// names are the words that are values.
var names = map[string]string{
	"true": "true", "false": "false", "null": "null", "True": "true", "False": "false", "None": "null",
}

// word reads a word that is a value.
func (l *literal) word() bool {
	n := 0
	for n < len("false") && l.at+n < len(l.in) && letter(l.in[l.at+n]) {
		n++
	}
	if l.at+n == len(l.in) {
		l.short = true
		if !l.final {
			return false
		}
	}
	value, ok := names[l.in[l.at:l.at+n]]
	if !ok {
		return false
	}
	l.out = append(l.out, value...)
	l.at += n
	return true
}

// letter reports whether a byte is a letter of ASCII.
func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// text reads a string.
func (l *literal) text() bool {
	quote := l.in[l.at]
	l.take('"')
	for {
		switch c := l.peek(); {
		case c == quote:
			l.take('"')
			return true
		case l.at == len(l.in):
			return false
		case c == '\\':
			if !l.escape() {
				return false
			}
		case c < ' ':
			l.control(c)
			l.at++
		case c == '"':
			l.out = append(l.out, '\\')
			l.take(c)
		default:
			l.take(c)
		}
	}
}

// control writes a control character, which JSON does not allow in a string as it is.
func (l *literal) control(c byte) {
	if i := strings.IndexByte("\n\t\r\b\f", c); i >= 0 {
		l.out = append(l.out, '\\', "ntrbf"[i])
		return
	}
	l.out = fmt.Appendf(l.out, `\u%04x`, c)
}

// escape reads a backslash and what it is before. One that JSON does not know is meant
// as a backslash.
func (l *literal) escape() bool {
	rest := l.in[l.at+1:]
	switch {
	case rest == "":
		l.short = true
		return false
	case strings.IndexByte(`"\/bfnrt`, rest[0]) >= 0:
		l.out = append(l.out, '\\', rest[0])
		l.at += 2
		return true
	case rest[0] == '\'':
		l.out = append(l.out, '\'')
		l.at += 2
		return true
	case rest[0] == 'u':
		return l.unicode(rest[1:])
	}
	l.out = append(l.out, '\\', '\\')
	l.at++
	return true
}

// unicode reads the four digits behind \u.
func (l *literal) unicode(digits string) bool {
	n := 0
	for n < 4 && n < len(digits) && strings.IndexByte("0123456789abcdefABCDEF", digits[n]) >= 0 {
		n++
	}
	switch {
	case n == 4:
		l.out = append(append(l.out, `\u`...), digits[:4]...)
		l.at += 6
	case n == len(digits): // so few, the string has no end either
		l.short = true
		return false
	default:
		l.out = append(l.out, `\\`...)
		l.at++
	}
	return true
}
