package generate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
)

// maxConfigBytes bounds the JSON files beside a package.
const maxConfigBytes = 1 << 20

// ReadDriver reads a driver file: a JSON object with the fields of [Driver]. A
// field that does not exist, or that holds something else, is a [*DriverError].
func ReadDriver(r io.Reader) (*Driver, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxConfigBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxConfigBytes {
		return nil, &DriverError{Field: "file", Reason: fmt.Sprintf("has more than %d bytes", maxConfigBytes)}
	}
	return parseDriver(data)
}

func parseDriver(data []byte) (*Driver, error) {
	fields, err := jsonObject(data)
	if err != nil {
		return nil, &DriverError{Field: "file", Reason: err.Error(), Err: errors.Unwrap(err)}
	}
	d := new(Driver)
	read := map[string]func(raw json.RawMessage) error{
		"family":         jsonInto(&d.Family),
		"tokens":         jsonInto(&d.Tokens),
		"mask":           jsonInto(&d.Mask),
		"mask_fill":      jsonInto(&d.MaskFill),
		"attention_mask": jsonInto(&d.AttentionMask),
		"logits":         jsonInto(&d.Logits),
		"caches":         jsonIntoMap(&d.Caches),
		"constants":      jsonIntoMap(&d.Constants),
		"context":        jsonInto(&d.Context),
		"max_query":      jsonInto(&d.MaxQuery),
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		field, ok := read[strings.ToLower(name)]
		if !ok {
			return nil, &DriverError{Field: name, Reason: "there is no such field; the fields are " +
				strings.Join(slices.Sorted(maps.Keys(read)), ", ")}
		}
		if err := field(fields[name]); err != nil {
			at := strings.ToLower(name)
			if inner, ok := errors.AsType[*memberError](err); ok {
				at, err = at+"."+inner.key, inner.err
			}
			return nil, &DriverError{Field: at, Reason: err.Error(), Err: errors.Unwrap(err)}
		}
	}
	return d, nil
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

// jsonIntoMap is jsonInto for the members of an object.
func jsonIntoMap[T any](dst *map[string]T) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if string(raw) == "null" {
			return nil
		}
		members, err := jsonObject(raw)
		if err != nil {
			return err
		}
		*dst = make(map[string]T, len(members))
		for _, key := range slices.Sorted(maps.Keys(members)) {
			var v T
			if err := jsonInto(&v)(members[key]); err != nil {
				return &memberError{key, err}
			}
			(*dst)[key] = v
		}
		return nil
	}
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
	}
	return "a string"
}

// readDriver reads the driver file of the package at pkg: NAME.driver.json or
// driver.json beside it. It returns nil, which overrides nothing, where there is
// neither.
func readDriver(fsys fs.FS, pkg string) (*Driver, error) {
	base := path.Base(pkg)
	base = strings.TrimSuffix(base, path.Ext(base))
	for _, name := range []string{base + ".driver.json", "driver.json"} {
		data, err := storage.ReadSmall(fsys, path.Join(path.Dir(pkg), name), maxConfigBytes)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if errors.Is(err, storage.ErrTooLong) {
			return nil, &DriverError{Field: "file", Reason: err.Error(), Err: err}
		}
		if err != nil {
			return nil, err
		}
		d, err := parseDriver(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return d, nil
	}
	return nil, nil
}
