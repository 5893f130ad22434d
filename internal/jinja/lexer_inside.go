package jinja

import (
	"strings"
	"unicode/utf8"
)

// endTag moves behind the closing characters of a block tag at an offset.
func (l *lexer) endTag(at int, trim bool) {
	sign := byte(0)
	if l.src[at] != '%' {
		sign = l.src[at]
		at++
	}
	l.at = at + 2
	l.closed(sign, trim)
}

// inside reads the tokens of a tag up to its end. Inside of brackets the
// closing characters are taken for operators: }} may close two mappings.
//
// tokeniter keeps balancing_stack for the same purpose.
func (l *lexer) inside(end string, kind tokenKind, open int) error {
	var brackets []byte
	for {
		for l.at < len(l.src) {
			r, n := utf8.DecodeRuneInString(l.src[l.at:])
			if !isSpace(r) {
				break
			}
			l.at += n
		}
		if l.at >= len(l.src) {
			return l.fail(open, "unexpected end of template inside a tag")
		}
		rest := l.src[l.at:]
		// A minus before the closing characters belongs to the tag.
		if len(brackets) == 0 {
			sign := byte(0)
			// Before }} a plus is an operator, which then lacks its operand.
			if rest[0] == '-' || rest[0] == '+' && kind == tokBlockEnd {
				sign = rest[0]
				rest = rest[1:]
			}
			if strings.HasPrefix(rest, end) {
				l.emit(kind, end, l.at)
				l.at = len(l.src) - len(rest) + 2
				l.closed(sign, kind == tokBlockEnd)
				return nil
			}
		}
		if err := l.next(&brackets); err != nil {
			return err
		}
	}
}

// operators lists the operators, the longer of two with a common start first.
//
// The table operators of jinja2/lexer.py, which is sorted by length there.
var operators = []string{
	"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}",
	">", "<", "=", ".", ":", "|", ",", ";",
}

// next reads one token inside a tag. Numbers come before names and operators,
// strings between: the first character decides.
func (l *lexer) next(brackets *[]byte) error {
	if len(l.tokens)%lexPoll == 0 {
		if err := l.ended(); err != nil {
			return err
		}
	}
	at := l.at
	rest := l.src[at:]
	c := rest[0]
	switch {
	case c >= '0' && c <= '9':
		// a.0.1 reads two items: behind a dot 0.1 is no float.
		n, float := number(rest, at > 0 && l.src[at-1] == '.')
		kind := tokInt
		if float {
			kind = tokFloat
		}
		l.emit(kind, rest[:n], at)
		l.at += n
		return nil
	case c == '"' || c == '\'':
		for i := 1; i < len(rest); i++ {
			// The escaped character, a quote above all, does not end the
			// string.
			if rest[i] == '\\' {
				i++
			} else if rest[i] == c {
				text, err := unescape(rest[1:i])
				if err != nil {
					return l.place(at).at(err)
				}
				l.emit(tokString, text, at)
				l.at += i + 1
				return nil
			}
		}
		return l.fail(at, "unexpected char %q: a string without an end", c)
	}
	if n := nameLen(rest[:min(len(rest), maxName+1)]); n > 0 {
		if n > maxName {
			return l.place(at).at(fail(LimitError, "a name is longer than %d bytes", maxName))
		}
		l.emit(tokName, rest[:n], at)
		l.at += n
		return nil
	}
	for _, op := range operators {
		if strings.HasPrefix(rest, op) {
			return l.operator(op, brackets)
		}
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return l.fail(at, "unexpected char %q", r)
}

// operator reads an operator; brackets has to be nested. Brackets are matched
// here and not in the parser, since whether a tag ends depends on it.
func (l *lexer) operator(op string, brackets *[]byte) error {
	at := l.at
	switch op {
	case "(", "[", "{":
		if len(*brackets) >= maxNesting {
			return l.fail(at, "brackets are nested too deeply")
		}
		*brackets = append(*brackets, op[0])
	case ")", "]", "}":
		open := "([{"[strings.Index(")]}", op)]
		n := len(*brackets)
		if n == 0 || (*brackets)[n-1] != open {
			return l.fail(at, "unexpected '%s'", op)
		}
		*brackets = (*brackets)[:n-1]
	}
	l.emit(tokOp, op, at)
	l.at += len(op)
	return nil
}
