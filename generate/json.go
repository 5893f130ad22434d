package generate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
)

// maxConfigBytes bounds the JSON files beside a package.
const maxConfigBytes = 1 << 20

// errTooLarge is the error of a file that is longer than maxConfigBytes.
var errTooLarge = fmt.Errorf("has more than %d bytes", maxConfigBytes)

// readConfig reads a whole JSON file.
func readConfig(r io.Reader) ([]byte, error) {
	if r == nil {
		return nil, errNilReader
	}
	data, err := io.ReadAll(io.LimitReader(r, maxConfigBytes+1))
	if err == nil && len(data) > maxConfigBytes {
		err = errTooLarge
	}
	return data, err
}

// memberError is an error about one member of an object.
type memberError struct {
	key string
	err error
}

func (e *memberError) Error() string { return e.key + ": " + e.err.Error() }

// jsonObject splits a JSON object into its fields.
func jsonObject(data []byte) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return nil, errors.New("is " + jsonKind(data) + ", want an object")
		}
		return nil, fmt.Errorf("is not JSON: %w", err)
	}
	if fields == nil {
		return nil, errors.New("is null, want an object")
	}
	return fields, nil
}

// refuseTwice returns an error for the first key that comes twice in an object,
// which is known to be one; nil for none. Keys are the same that fold makes equal.
// encoding/json takes the last of two values without a word.
func refuseTwice(object []byte, fold func(string) string) *memberError {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil { // the brace
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		key, ok := token.(string)
		if err != nil || !ok {
			return nil
		}
		key = fold(key)
		if seen[key] {
			return &memberError{key, errors.New("the key comes twice")}
		}
		seen[key] = true
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil
		}
	}
	return nil
}

// jsonInto returns what reads a value into dst; null leaves it as it is. Errors
// speak of JSON's kinds of values, not of Go's.
func jsonInto[T any](dst *T) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if err := json.Unmarshal(raw, dst); err != nil {
			return fmt.Errorf("is %s, want %s", jsonKind(raw), jsonWant(dst))
		}
		return nil
	}
}

// jsonIntoMap is jsonInto for the members of an object, each of which comes once.
func jsonIntoMap[T any](dst *map[string]T) func(json.RawMessage) error {
	return intoMembers(dst, math.MaxInt, func(v *T) func(json.RawMessage) error { return jsonInto(v) })
}

// intoMembers reads an object of at most limit members whose keys are names, each member
// with read and each once.
func intoMembers[T any](dst *map[string]T, limit int, read func(*T) func(json.RawMessage) error) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if string(raw) == "null" {
			return nil
		}
		members, err := jsonObject(raw)
		if err != nil {
			return err
		}
		if twice := refuseTwice(raw, func(key string) string { return key }); twice != nil {
			return twice
		}
		if len(members) > limit {
			return fmt.Errorf("has %d members, want at most %d", len(members), limit)
		}
		out := make(map[string]T, len(members))
		for _, key := range slices.Sorted(maps.Keys(members)) {
			var v T
			if err := read(&v)(members[key]); err != nil {
				return inside(key, err)
			}
			out[key] = v
		}
		*dst = out
		return nil
	}
}

// inside puts the place of an error within an object in front of that of an error
// within one of its members.
func inside(key string, err error) error {
	if inner, ok := errors.AsType[*memberError](err); ok {
		return &memberError{key + "." + inner.key, inner.err}
	}
	return &memberError{key, err}
}

// jsonKind describes a JSON value for people.
func jsonKind(raw []byte) string {
	text := strings.TrimSpace(string(raw))
	switch {
	case text == "":
		return "empty"
	case text[0] == '{':
		return "an object"
	case text[0] == '[':
		return "a list"
	case text[0] == '"':
		return "a string"
	case text == "true", text == "false", text == "null":
		return text
	case len(text) > 32:
		return "a number of " + fmt.Sprint(len(text)) + " characters"
	}
	return "the number " + text
}

// jsonWant describes the values that fit a Go variable.
func jsonWant(dst any) string {
	switch dst.(type) {
	case *int, **int:
		return "a whole number"
	case *float64, **float64:
		return "a number that a float64 holds"
	case *bool, **bool:
		return "true or false"
	case *intOrList:
		return "a token id or a list of them"
	case *[][]int:
		return "a list of lists of token ids"
	case *biasList:
		return "a list of pairs, of a list of token ids and a number each"
	}
	return "a string"
}

// intOrList is a JSON number or list of numbers.
type intOrList []int

// UnmarshalJSON implements json.Unmarshaler.
func (l *intOrList) UnmarshalJSON(data []byte) error {
	var one *int
	if err := json.Unmarshal(data, &one); err == nil {
		if one != nil {
			*l = intOrList{*one}
		}
		return nil
	}
	var many []int
	if err := json.Unmarshal(data, &many); err != nil {
		return fmt.Errorf("neither a token id nor a list of them: %w", err)
	}
	*l = many
	return nil
}

// valueOr returns what p points to, or def for nil.
func valueOr[T any](p *T, def T) T {
	if p == nil {
		return def
	}
	return *p
}
