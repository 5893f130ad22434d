package mil

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// ErrText means that the text of a program does not follow the grammar.
var ErrText = errors.New("text is malformed")

// TextError says where the text of a program is wrong. Every error of [FromText] is one,
// but for those of the context and of whole weight files.
type TextError struct {
	// Line and Column count from 1; a column is a character.
	Line, Column int
	Err          error
}

// Error describes the failure and its place.
func (e *TextError) Error() string {
	return fmt.Sprintf("line %d, column %d: %v", e.Line, e.Column, e.Err)
}

// Unwrap returns the cause.
func (e *TextError) Unwrap() error { return e.Err }

// textKind is the sort of a token: one of those below, or the byte itself for
// punctuation.
type textKind byte

const (
	textEnd    textKind = 0
	textName   textKind = 'a'
	textNumber textKind = '0'
	textString textKind = '"'
	textArrow  textKind = 'A' // ->
)

// token is a piece of the text, by its place.
type token struct {
	kind       textKind
	start, end int
}

// lexer cuts the text into tokens. tok is the one that is looked at.
type lexer struct {
	src []byte
	tok token
}

// at returns the error err with a place in the text.
func (l *lexer) at(place int, err error) error {
	before := l.src[:min(place, len(l.src))]
	line := bytes.LastIndexByte(before, '\n') + 1
	return &TextError{Line: 1 + bytes.Count(before, []byte{'\n'}), Column: 1 + utf8.RuneCount(before[line:]), Err: err}
}

// wrong returns an error about the token that is looked at.
func (l *lexer) wrong(sort error, format string, args ...any) error {
	return l.at(l.tok.start, bad(sort, format, args...))
}

// expected returns the error of a token that is not what the grammar wants.
func (l *lexer) expected(what string) error {
	if l.tok.kind == textEnd {
		return l.wrong(ErrText, "it ends where %s is expected", what)
	}
	return l.wrong(ErrText, "%s where %s is expected", Quote(l.text()), what)
}

// text returns the token as it stands in the source.
func (l *lexer) text() string { return string(l.src[l.tok.start:l.tok.end]) }

// is reports whether the token is this name. It does not copy the text.
func (l *lexer) is(name string) bool {
	return l.tok.kind == textName && string(l.src[l.tok.start:l.tok.end]) == name
}

// next goes to the next token.
func (l *lexer) next() error {
	i := l.tok.end
	for i < len(l.src) && (l.src[i] == ' ' || l.src[i] == '\n' || l.src[i] == '\t' || l.src[i] == '\r') {
		i++
	}
	l.tok = token{kind: textEnd, start: i, end: i}
	if i == len(l.src) {
		return nil
	}
	switch c := l.src[i]; {
	case isLetter(c):
		l.tok = token{textName, i, scan(l.src, i, isWord)}
	case c == '-' && i+1 < len(l.src) && l.src[i+1] == '>':
		l.tok = token{textArrow, i, i + 2}
	case c == '-' || c == '+' || c == '.' || isDigit(c):
		l.tok = token{textNumber, i, numberEnd(l.src, i)}
	case c == '"':
		return l.stringToken(i)
	case bytes.IndexByte([]byte("()[]{}<>,=;?"), c) >= 0:
		l.tok = token{textKind(c), i, i + 1}
	default:
		r, size := utf8.DecodeRune(l.src[i:])
		l.tok.end = i + size
		return l.wrong(ErrText, "the character %s begins nothing", strconv.QuoteRune(r))
	}
	return nil
}

// stringToken finds the end of the string that begins at i.
func (l *lexer) stringToken(i int) error {
	for k := i + 1; k < len(l.src); k++ {
		switch l.src[k] {
		case '\\':
			k++
		case '"':
			l.tok = token{textString, i, k + 1}
			return nil
		}
	}
	return l.wrong(ErrText, "a string has no end")
}

// numberEnd returns where the number that begins at i ends. It takes in all that could
// belong to one: whether it is one is found when it is read.
func numberEnd(src []byte, i int) int {
	hex := false
	for i++; i < len(src); i++ {
		switch c := src[i]; {
		case c == 'x' || c == 'X':
			hex = true
		case c == '.' || isDigit(c) || isLetter(c) && c != '_':
		case c == '-' || c == '+':
			if e := src[i-1] | 0x20; e != 'p' && (e != 'e' || hex) {
				return i
			}
		default:
			return i
		}
	}
	return i
}

func scan(src []byte, i int, in func(byte) bool) int {
	for i < len(src) && in(src[i]) {
		i++
	}
	return i
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }
func isWord(c byte) bool   { return isLetter(c) || isDigit(c) }

// skip goes past a token of one sort, which must be there.
func (l *lexer) skip(kind textKind) error {
	if l.tok.kind != kind {
		return l.expected(kindName(kind))
	}
	return l.next()
}

// got goes past a token of one sort if it is there.
func (l *lexer) got(kind textKind) (bool, error) {
	if l.tok.kind != kind {
		return false, nil
	}
	return true, l.next()
}

// word goes past a name that the grammar gives.
func (l *lexer) word(name string) error {
	if !l.is(name) {
		return l.expected(name)
	}
	return l.next()
}

// kindName is a sort of token in a message.
func kindName(kind textKind) string {
	switch kind {
	case textEnd:
		return "the end"
	case textName:
		return "a name"
	case textNumber:
		return "a number"
	case textString:
		return "a string"
	case textArrow:
		return "->"
	}
	return string(rune(kind))
}

// listed reads what stands between two brackets, with commas between: item is called at
// the beginning of each.
func (l *lexer) listed(open, closing textKind, item func() error) error {
	if err := l.skip(open); err != nil {
		return err
	}
	for first := true; l.tok.kind != closing; first = false {
		if !first {
			if err := l.skip(','); err != nil {
				return err
			}
		}
		if err := item(); err != nil {
			return err
		}
	}
	return l.next()
}

// quoted returns what the string token stands for: C's escapes, and \u and \U.
func (l *lexer) quoted() (string, error) {
	if l.tok.kind != textString {
		return "", l.expected("a string")
	}
	raw := l.src[l.tok.start+1 : l.tok.end-1]
	if !utf8.Valid(raw) {
		return "", l.wrong(ErrText, "a string is not valid UTF-8")
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw), nil
	}
	out := make([]byte, 0, len(raw))
	for rest := string(raw); rest != ""; {
		if len(rest) > 1 && rest[0] == '\\' && (rest[1] == '\'' || rest[1] == '?') {
			out, rest = append(out, rest[1]), rest[2:]
			continue
		}
		if rest[0] == '"' { // only an escaped one stands within a string
			return "", l.wrong(ErrText, "a string is malformed")
		}
		r, wide, tail, err := strconv.UnquoteChar(rest, '"')
		if err != nil {
			return "", l.wrong(ErrText, "a string has an escape that is not known")
		}
		if r < utf8.RuneSelf || !wide {
			out = append(out, byte(r))
		} else {
			out = utf8.AppendRune(out, r)
		}
		rest = tail
	}
	if !utf8.Valid(out) {
		return "", l.wrong(ErrText, "a string is not valid UTF-8")
	}
	return string(out), nil
}
