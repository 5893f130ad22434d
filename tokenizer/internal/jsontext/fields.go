package jsontext

import (
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
