package main

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

const (
	// maxJSONDepth bounds how deep requests and files of values may be nested.
	// Lists have at most maxNesting levels, and little lies around them.
	//
	// encoding/json allows 10,000, which recursive readers of clients do not.
	maxJSONDepth = 64
	// maxJSONFields bounds the keys of one object, which are all remembered to
	// tell when one comes twice.
	maxJSONFields = 1 << 16
	// maxJSONValues bounds the values of one text: several lists of maxListed.
	maxJSONValues = 1 << 24
	// maxJSONName bounds keys, and texts that name something.
	maxJSONName = 1 << 16
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

// value moves past one value and returns its text.
//
// What it returns shares the text's memory.
func (t *jsonText) value(depth int) ([]byte, error) {
	t.space()
	if t.values++; t.values > maxJSONValues {
		return nil, t.errorf("more than %d values: give arrays as base64 data, or as files", maxJSONValues)
	}
	start := t.at
	err := t.skip(depth)
	return t.text[start:t.at], err
}

// skip moves past one value, whatever it is.
func (t *jsonText) skip(depth int) error {
	if t.at >= len(t.text) {
		return t.unexpected("a value")
	}
	switch c := t.text[t.at]; {
	case (c == '{' || c == '[') && t.checked:
		t.skipChecked()
		return nil
	case c == '{' || c == '[':
		if depth == 0 {
			return t.errorf("nested deeper than %d levels", maxJSONDepth)
		}
		if c == '{' {
			return t.fields(depth, nil)
		}
		return t.elements(depth, nil)
	case c == '"':
		_, err := t.quoted()
		return err
	case c == '-' || c >= '0' && c <= '9':
		return t.number()
	}
	return t.word("true", "false", "null", "NaN", "Infinity")
}

// skipChecked moves past an object or list that is known to be whole.
func (t *jsonText) skipChecked() {
	for depth := 0; t.at < len(t.text); t.at++ {
		switch t.text[t.at] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				t.at++
				return
			}
		case '"':
			_, _ = t.quoted()
			t.at--
		}
	}
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

// fields moves past an object and gives each pair to each, which may be nil.
func (t *jsonText) fields(depth int, each func(key string, value []byte) error) error {
	if !t.accept('{') {
		return t.unexpected("an object")
	}
	if t.accept('}') {
		return nil
	}
	for {
		t.space()
		raw, err := t.quoted()
		if err != nil {
			return err
		}
		if !t.accept(':') {
			return t.unexpected("a colon")
		}
		value, err := t.value(depth - 1)
		if err != nil {
			return err
		}
		if each != nil {
			if len(raw) > maxJSONName {
				return t.errorf("a key of more than %d bytes", maxJSONName)
			}
			key, err := unquoteJSON(raw)
			if err == nil {
				err = each(key, value)
			}
			if err != nil {
				return err
			}
		}
		if t.accept('}') {
			return nil
		}
		if !t.accept(',') {
			return t.unexpected("a comma or the end of the object")
		}
	}
}

// elements moves past a list and gives each element to each, which may be nil.
func (t *jsonText) elements(depth int, each func(i int, value []byte) error) error {
	if !t.accept('[') {
		return t.unexpected("a list")
	}
	if t.accept(']') {
		return nil
	}
	for i := 0; ; i++ {
		value, err := t.value(depth - 1)
		if err != nil {
			return err
		}
		if each != nil {
			if err := each(i, value); err != nil {
				return err
			}
		}
		if t.accept(']') {
			return nil
		}
		if !t.accept(',') {
			return t.unexpected("a comma or the end of the list")
		}
	}
}

// end checks that nothing but white space is left.
func (t *jsonText) end() error {
	if t.space(); t.at < len(t.text) {
		return t.unexpected("the end of the text")
	}
	return nil
}
