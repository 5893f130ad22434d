package chat

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// readPython reads calls as a program in Python has them, behind white space: a list of
// calls, or one call. Arguments have names, and literals for values.
func readPython(in input) result {
	l := literal{in: in.text, final: in.final, python: true}
	l.space()
	list := l.peek() == '['
	if list {
		l.at++
		l.space()
	}
	var calls []Call
	for !list || l.peek() != ']' {
		call, ok := l.call(in.tools)
		if !ok {
			return l.failed(in)
		}
		calls = append(calls, call)
		if !list {
			return taken(l.at, calls...)
		}
		l.space()
		if l.peek() == ',' {
			l.at++
			l.space()
		} else if l.peek() != ']' {
			return l.failed(in)
		}
	}
	if len(calls) == 0 {
		return l.failed(in)
	}
	return taken(l.at+1, calls...)
}

// failed is the answer of a reader that found no literal.
func (l *literal) failed(in input) result {
	if l.short {
		return in.more()
	}
	return reject(l.at)
}

// call reads name(key=value, …).
func (l *literal) call(tools *Tools) (Call, bool) {
	name, ok := l.name()
	if !ok || !l.sign('(') {
		return Call{}, false
	}
	var arguments object
	for l.peek() != ')' {
		key, ok := l.name()
		if !ok || !l.sign('=') {
			return Call{}, false
		}
		if !l.argument(tools.argument(name, key).types()) {
			return Call{}, false
		}
		arguments.set(key, l.out)
		l.space()
		if c := l.peek(); c != ')' && (c != ',' || !l.sign(',')) {
			return Call{}, false
		}
	}
	l.at++
	return Call{Name: name, Arguments: arguments.json()}, true
}

// sign passes a sign of the language and the white space around it.
func (l *literal) sign(c byte) bool {
	l.space()
	if l.peek() != c {
		return false
	}
	l.at++
	l.space()
	return true
}

// name passes the name of a function or an argument. Functions may be named with dots
// and, as their makers like to name them, with hyphens.
func (l *literal) name() (string, bool) {
	from := l.at
	l.at += nameAt(l.in[from:])
	l.peek()
	return l.in[from:l.at], l.at > from && l.at < len(l.in)
}

// nameAt returns the length of the name that a text begins with.
func nameAt(text string) int {
	n := 0
	for n < len(text) && n < maxName {
		if c := text[n]; !letter(c) && c != '_' && (n == 0 || c != '.' && c != '-' && (c < '0' || c > '9')) {
			break
		}
		n++
	}
	return n
}

// pythonPrefix returns the length of the letters before a string's quotation marks, -1
// where there is no string.
func (l *literal) pythonPrefix() int {
	for n := range 3 {
		switch {
		case l.at+n == len(l.in):
			return n // whether there is one is yet to come
		case strings.IndexByte(`"'`, l.in[l.at+n]) >= 0:
			return n
		case strings.IndexByte("rRbBuU", l.in[l.at+n]) < 0:
			return -1
		}
	}
	return -1
}

// pythonText reads a string of Python.
func (l *literal) pythonText() bool {
	n := l.pythonPrefix()
	raw := strings.ContainsAny(l.in[l.at:l.at+n], "rR")
	l.at += n
	rest := l.in[l.at:]
	if rest == "" || len(rest) == 2 && rest[0] == rest[1] && !l.final { // three quotation marks may come
		l.short = true
		return false
	}
	quote := rest[:1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(rest, triple) {
		quote = triple
	}
	l.at += len(quote)
	l.out = append(l.out, '"')
	for !l.quoteEnds(quote) {
		if strings.HasPrefix(quote, l.in[l.at:]) {
			l.short = true
		}
		if l.short && !l.final || l.at == len(l.in) || !l.pythonByte(raw) {
			return false
		}
	}
	l.at += len(quote)
	l.out = append(l.out, '"')
	return true
}

// quoteEnds reports whether a text of Python ends at the place that was come to. In an
// argument it may have quotation marks of its own.
func (l *literal) quoteEnds(quote string) bool {
	return strings.HasPrefix(l.in[l.at:], quote) && (!l.open || len(quote) > 1 || l.argumentEnds(l.at+1))
}

// pythonByte reads one byte of a string of Python, or what a backslash stands for.
func (l *literal) pythonByte(raw bool) bool {
	switch c := l.in[l.at]; {
	case c == '\\' && !raw:
		return l.pythonEscape()
	case c < ' ':
		l.control(c)
		l.at++
	case c == '\\':
		l.out = append(l.out, `\\`...)
		if l.at++; l.at == len(l.in) {
			l.short = true
			return false
		}
		if c = l.in[l.at]; c == '"' || c == '\'' { // it does not end the string
			l.out = append(l.out, `\`[:strings.IndexByte(`'"`, c)]...)
			l.take(c)
		}
	case c == '"':
		l.out = append(l.out, '\\')
		l.take(c)
	default:
		l.take(c)
	}
	return true
}

// pythonEscapes are the escapes of one letter, and what JSON writes for them.
var pythonEscapes = map[byte]string{
	'\\': `\\`, '\'': `'`, '"': `\"`, 'n': `\n`, 't': `\t`, 'r': `\r`, 'b': `\b`, 'f': `\f`,
	'a': `\u0007`, 'v': `\u000b`, '0': `\u0000`, '\n': "",
}

// pythonEscape reads a backslash and what it is before. One that Python does not know
// is a backslash.
func (l *literal) pythonEscape() bool {
	rest := l.in[l.at+1:]
	if rest == "" {
		l.short = true
		return false
	}
	if out, ok := pythonEscapes[rest[0]]; ok {
		l.out = append(l.out, out...)
		l.at += 2
		return true
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[rest[0]]
	switch {
	case rest[0] == 'u': // JSON has it too, halves of a pair with it
		return l.unicode(rest[1:])
	case digits > 0 && len(rest) <= digits:
		l.short = true
		return false
	case digits > 0:
		n, err := strconv.ParseUint(rest[1:1+digits], 16, 32)
		if err != nil || n > utf8.MaxRune {
			return false
		}
		raw := quoted(string(rune(n)))
		l.out = append(l.out, raw[1:len(raw)-1]...)
		l.at += 2 + digits
	default:
		l.out = append(l.out, `\\`...)
		l.at++
	}
	return true
}
