package jsontext

import (
	"bytes"
	"strings"
)

// Allowed reports whether list, words with spaces between them, has a name. A ! behind a
// word says that the field must be there; see [Missing].
func Allowed(list, name string) bool {
	for word := range strings.FieldsSeq(list) {
		if strings.TrimSuffix(word, "!") == name {
			return true
		}
	}
	return false
}

// Missing returns the first field that is always there and is not.
func Missing[T ~[]byte](list string, fields map[string]T) string {
	for word := range strings.FieldsSeq(list) {
		if name, must := strings.CutSuffix(word, "!"); must && IsNull(fields[name]) {
			return name
		}
	}
	return ""
}

// Sections returns the values of a file that is one object, by key: of a key that comes
// twice, the last. check, if there is one, is asked for each. A byte order mark may come
// first, and nothing but white space behind the object.
func Sections(data []byte, check func(key string, raw []byte) error) (map[string][]byte, error) {
	s := &Scanner{Data: bytes.TrimPrefix(data, []byte("\uFEFF"))}
	sections := map[string][]byte{}
	err := s.Object(func(key []byte) error {
		name := string(key)
		raw, err := s.Skip()
		sections[name] = raw
		if err == nil && check != nil {
			err = check(name, raw)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if s.Peek() != 0 || s.Pos < len(s.Data) {
		return nil, s.Fail("text after the end")
	}
	return sections, nil
}
