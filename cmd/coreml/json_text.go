package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// jsonText walks over JSON and hands out its parts without copying them, so that
// a request with a large array is in memory once. NaN, Infinity and -Infinity,
// which Python writes and JSON lacks, are words to it: who reads a number refuses
// them, with all the rest of the text understood.
type jsonText struct {
	text []byte
	at   int
	// checked says that the text has been walked through before, so that objects
	// and lists can be skipped by counting brackets.
	checked bool
	values  int // so many have been walked through
}

// errorf makes an error that says where in the text it is: requests are lines,
// which have no other place.
func (t *jsonText) errorf(format string, args ...any) error {
	return fmt.Errorf("byte %d: %s", t.at, fmt.Sprintf(format, args...))
}

// space moves past white space, of which JSON has four characters.
func (t *jsonText) space() {
	for t.at < len(t.text) {
		switch t.text[t.at] {
		case ' ', '\t', '\r', '\n':
			t.at++
		default:
			return
		}
	}
}

// accept moves past c, after white space, where it comes next.
func (t *jsonText) accept(c byte) bool {
	t.space()
	if t.at < len(t.text) && t.text[t.at] == c {
		t.at++
		return true
	}
	return false
}

// unexpected is the error about what comes next.
func (t *jsonText) unexpected(want string) error {
	t.space()
	if t.at >= len(t.text) {
		return t.errorf("the text ends where %s is expected", want)
	}
	r, _ := utf8.DecodeRune(t.text[t.at:])
	return t.errorf("%q where %s is expected", r, want)
}

// word moves past one of the words.
func (t *jsonText) word(words ...string) error {
	for _, w := range words {
		if bytes.HasPrefix(t.text[t.at:], []byte(w)) {
			t.at += len(w)
			return nil
		}
	}
	return t.unexpected("a value")
}

// quoted moves past a string and returns it with its quotes.
//
// The escapes in it are checked and not yet replaced.
func (t *jsonText) quoted() ([]byte, error) {
	if t.at >= len(t.text) || t.text[t.at] != '"' {
		return nil, t.unexpected("a string")
	}
	start := t.at
	for t.at++; t.at < len(t.text); t.at++ {
		switch c := t.text[t.at]; {
		case c == '"':
			t.at++
			return t.text[start:t.at], nil
		case c < ' ':
			return nil, t.errorf("a string with the control character %q, which JSON writes as an escape", c)
		case c == '\\':
			if err := t.escape(); err != nil {
				return nil, err
			}
		}
	}
	return nil, t.errorf("the text ends inside a string")
}

// escape moves to the last character of an escape.
func (t *jsonText) escape() error {
	t.at++
	if t.at >= len(t.text) {
		return t.errorf("the text ends inside a string")
	}
	switch t.text[t.at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
		for range 4 {
			t.at++
			if t.at >= len(t.text) || !isHex(t.text[t.at]) {
				return t.errorf("an escape \\u without four digits")
			}
		}
		return nil
	}
	return t.errorf("the escape \\%c, which JSON does not know", t.text[t.at])
}

// isHex reports whether c is a digit of an escape.
func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// number moves past a number.
//
// The form is checked here, and the value where it is used: most numbers of a
// request are never looked at.
func (t *jsonText) number() error {
	if t.text[t.at] == '-' {
		t.at++
		if bytes.HasPrefix(t.text[t.at:], []byte("Infinity")) {
			return t.word("Infinity")
		}
	}
	first := t.at
	if !t.digits() {
		return t.unexpected("a digit")
	}
	if t.text[first] == '0' && t.at > first+1 {
		t.at = first
		return t.errorf("a number that starts with 0")
	}
	if t.at < len(t.text) && t.text[t.at] == '.' {
		t.at++
		if !t.digits() {
			return t.unexpected("a digit")
		}
	}
	if t.at < len(t.text) && t.text[t.at]|0x20 == 'e' {
		t.at++
		if t.at < len(t.text) && (t.text[t.at] == '+' || t.text[t.at] == '-') {
			t.at++
		}
		if !t.digits() {
			return t.unexpected("a digit")
		}
	}
	return nil
}

// digits moves past digits and reports whether there were any.
func (t *jsonText) digits() bool {
	start := t.at
	for t.at < len(t.text) && t.text[t.at] >= '0' && t.text[t.at] <= '9' {
		t.at++
	}
	return t.at > start
}

// unquoteJSON reads a string with its quotes. What is no UTF-8 becomes U+FFFD.
func unquoteJSON(raw []byte) (string, error) {
	// Nearly all strings have no escapes, and encoding/json would go through them
	// twice.
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner), nil
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err
}
