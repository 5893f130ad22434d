package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

const (
	// maxJSONDepth bounds how deep requests and files of values may be nested.
	// Lists have at most maxNesting levels, and little lies around them.
	maxJSONDepth = 64
	// maxJSONFields bounds the keys of one object, which are all remembered to
	// tell when one comes twice.
	maxJSONFields = 1 << 16
	// maxJSONValues bounds the values of one text: several lists of maxListed.
	maxJSONValues = 1 << 24
	// maxJSONName bounds keys, and texts that name something.
	maxJSONName = 1 << 16
)

// pathError is an error about a part of a JSON text.
type pathError struct {
	path string
	err  error
}

// Error names the part first.
func (e *pathError) Error() string {
	if e.path == "" {
		return e.err.Error()
	}
	return e.path + ": " + e.err.Error()
}

// Unwrap returns the error without the part.
func (e *pathError) Unwrap() error { return e.err }

// inField puts the name of a field in front of the path of err.
func inField(name string, err error) error {
	if err == nil {
		return nil
	}
	if !plainName(name) {
		name = fmt.Sprintf("%q", name)
	}
	return inPart(name, err)
}

// inElement puts an index of a list in front of the path of err.
func inElement(i int, err error) error {
	if err == nil {
		return nil
	}
	return inPart(fmt.Sprintf("[%d]", i), err)
}

func inPart(part string, err error) error {
	inner, ok := err.(*pathError) //nolint:errorlint // only the outermost error has a path that goes on
	switch {
	case !ok:
		return &pathError{part, err}
	case inner.path == "" || inner.path[0] == '[':
		return &pathError{part + inner.path, inner.err}
	}
	return &pathError{part + "." + inner.path, inner.err}
}

// plainName reports whether a name can stand in a path as it is.
func plainName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 100
}

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

func (t *jsonText) errorf(format string, args ...any) error {
	return fmt.Errorf("byte %d: %s", t.at, fmt.Sprintf(format, args...))
}

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
func (t *jsonText) value(depth int) ([]byte, error) {
	t.space()
	if t.values++; t.values > maxJSONValues {
		return nil, t.errorf("more than %d values: give arrays as base64 data, or as files", maxJSONValues)
	}
	start := t.at
	err := t.skip(depth)
	return t.text[start:t.at], err
}

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

// quoted moves past a string and returns it with its quotes.
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

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// number moves past a number.
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

func (t *jsonText) digits() bool {
	start := t.at
	for t.at < len(t.text) && t.text[t.at] >= '0' && t.text[t.at] <= '9' {
		t.at++
	}
	return t.at > start
}

// end checks that nothing but white space is left.
func (t *jsonText) end() error {
	if t.space(); t.at < len(t.text) {
		return t.unexpected("the end of the text")
	}
	return nil
}

// unquoteJSON reads a string with its quotes. What is no UTF-8 becomes U+FFFD.
func unquoteJSON(raw []byte) (string, error) {
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner), nil
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err
}

// field is a pair of an object.
type field struct {
	key   string
	value []byte
}

// fieldsOf walks through the object that t holds and nothing else. What could be
// read of a broken one is returned too.
func (t *jsonText) fieldsOf() ([]field, error) {
	var list []field
	seen := map[string]bool{}
	var twice error
	err := t.fields(maxJSONDepth, func(key string, value []byte) error {
		if seen[key] {
			// What follows is read all the same: the id may be there.
			twice = cmp.Or(twice, inField(key, errors.New("the key comes twice")))
			return nil
		}
		if len(seen) == maxJSONFields {
			return fmt.Errorf("an object of more than %d keys", maxJSONFields)
		}
		seen[key] = true
		list = append(list, field{key, value})
		return nil
	})
	if err == nil {
		err = t.end()
	}
	return list, cmp.Or(err, twice)
}

// eachField gives each pair of the object that raw is to each, except those whose
// value is null: they stand for absent ones. A key that comes twice is an error.
func eachField(t *jsonText, each func(key string, value []byte) error) error {
	list, err := t.fieldsOf()
	if err != nil {
		return err
	}
	for _, f := range list {
		if string(f.value) == "null" {
			continue
		}
		if err := each(f.key, f.value); err != nil {
			return inField(f.key, err)
		}
	}
	return nil
}

// eachElement gives each element of the list that raw, which has been checked, is
// to each.
func eachElement(raw []byte, each func(i int, value []byte) error) error {
	t := &jsonText{text: raw, checked: true}
	err := t.elements(maxJSONDepth, func(i int, value []byte) error { return inElement(i, each(i, value)) })
	if err != nil {
		return err
	}
	return t.end()
}
