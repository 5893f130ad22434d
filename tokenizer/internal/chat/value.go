package chat

import (
	"bytes"
	"encoding/json"
	"strings"
)

// value returns the value of an argument that stands in an answer without quotation
// marks, as JSON. The schema of the function decides its type: a postcode that looks
// like a number stays a text. Where the schema does not know, it is JSON or a literal
// of Python if it can be read as such, otherwise a text.
func (t *Tools) value(function, key, value string) json.RawMessage {
	return t.argument(function, key).value(value)
}

// value is [Tools.value] for the value of a schema.
func (s schema) value(value string) json.RawMessage {
	wanted := s.types()
	if wanted == text || wanted&text != 0 && s.lists(value) {
		return quoted(value)
	}
	raw, ok := valueOf(value, wanted)
	if !ok {
		return quoted(value)
	}
	// Where a text is one of several types, quotation marks are part of it, and what is
	// of none of the other types is one.
	if is := typeOf(raw); wanted&text != 0 && (is == text || is&wanted == 0) {
		return quoted(value)
	}
	return raw
}

// valueOf reads a value that is not a text without quotation marks.
func valueOf(value string, wanted types) (json.RawMessage, bool) {
	value = strings.Trim(value, spaces)
	if wanted == 0 && (strings.HasPrefix(value, "'") || strings.HasPrefix(value, "+")) {
		return nil, false // a word in quotation marks, a telephone number
	}
	switch word := strings.ToLower(value); word {
	case "true", "false", "null":
		if wanted != 0 {
			return json.RawMessage(word), true
		}
	}
	l := literal{in: value, final: true, python: wanted&(listType|objectType) != 0}
	ok := l.value() && l.at == len(l.in)
	return l.out, ok
}

// lists reports whether the schema has a text in its list of values.
func (s schema) lists(value string) bool {
	values, _ := s.resolve().part["enum"].([]any)
	for _, v := range values {
		if v == value {
			return true
		}
	}
	return false
}

// quoted returns a text as JSON.
func quoted(text string) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // a tag in a value stays readable
	_ = e.Encode(text)     // a text cannot fail
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
