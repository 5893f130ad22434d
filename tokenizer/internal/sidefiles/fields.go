package sidefiles

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
)

// The tokens and names that the files may have together. Those in use list some two
// thousand.
const maxTokens = 1 << 17

// errTokens is the cause of refusing more.
var errTokens = errors.New("too many tokens")

// fields is an object of JSON whose keys keep their order, as Python's do. Of a key
// that comes twice the last value counts, at the place of the first.
type fields struct {
	keys   []string
	values map[string]json.RawMessage
}

// readFields reads an object; no data has no fields.
func readFields(data []byte) (*fields, error) {
	f := &fields{values: map[string]json.RawMessage{}}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if len(data) == 0 {
		return f, nil
	}
	// The decoder of the library gives the keys in their order, which a map would not.
	d := json.NewDecoder(bytes.NewReader(data))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil, errors.Join(err, errors.New("it is no object"))
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, err
		}
		f.set(key.(string), raw) //nolint:errcheck // the decoder has no other keys
		if len(f.keys) > maxTokens {
			return nil, errTokens
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text after the end")
	}
	return f, nil
}

func (f *fields) set(key string, raw json.RawMessage) {
	if _, ok := f.values[key]; !ok {
		f.keys = append(f.keys, key)
	}
	f.values[key] = raw
}

// take removes a key and returns its value, nil where there is none.
func (f *fields) take(key string) json.RawMessage {
	raw, ok := f.values[key]
	if ok {
		delete(f.values, key)
		f.keys = slices.DeleteFunc(f.keys, func(k string) bool { return k == key })
	}
	return raw
}

// has reports whether there is a key, whatever its value.
func (f *fields) has(key string) bool {
	_, ok := f.values[key]
	return ok
}

// read decodes the value of a key into v, which stays as it is where there is none or
// null.
func (f *fields) read(key string, v any) error {
	raw, ok := f.values[key]
	if !ok || jsontext.IsNull(raw) {
		return nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("%s: %w", fault.Clip(key), err)
	}
	return nil
}

// kind returns the first byte of a value, which tells what it is.
func kind(raw json.RawMessage) byte {
	if raw = bytes.TrimLeft(raw, " \t\r\n"); len(raw) > 0 {
		return raw[0]
	}
	return 0
}

// isEmpty reports whether Python takes a value for false.
func isEmpty(raw json.RawMessage) bool {
	switch kind(raw) {
	case 0, 'n', 'f': // nothing, null and false
		return true
	case '"':
		return string(bytes.TrimSpace(raw)) == `""`
	case '[', '{':
		return len(bytes.TrimSpace(bytes.Trim(bytes.TrimSpace(raw), "[]{}"))) == 0
	}
	var number float64
	return json.Unmarshal(raw, &number) == nil && number == 0
}

// Value is a token as a side file gives it: its text alone, or a description.
type Value struct {
	Text  string
	Token *added.Token // nil for a text alone
	// typed is set for an object of tokenizer_config.json, which the reference still
	// has as an object while it reads added_tokens.json.
	typed bool
}

// readToken reads the description of a token. Without word of it, a token is
// normalized unless it is special.
func readToken(raw json.RawMessage) (*added.Token, error) {
	if kind(raw) != '{' {
		return nil, errors.New("a token that is no object")
	}
	f, err := readFields(raw)
	if err != nil {
		return nil, err
	}
	var content *string
	t := &added.Token{}
	err = errors.Join(f.read("content", &content), f.read("special", &t.Special), f.read("lstrip", &t.LStrip),
		f.read("rstrip", &t.RStrip), f.read("single_word", &t.SingleWord))
	t.Normalized = !t.Special
	if err = errors.Join(err, f.read("normalized", &t.Normalized)); err != nil {
		return nil, err
	}
	if content == nil {
		return nil, errors.New("a token without content")
	}
	t.Content = *content
	return t, checkLength(t.Content)
}

// checkLength bounds the text of a token.
func checkLength(text string) error {
	if len(text) > added.MaxAdded {
		return fmt.Errorf("added token of %d bytes, the limit is %d", len(text), added.MaxAdded)
	}
	return nil
}

// readValue reads a token that has a name; key names it in errors.
func readValue(key string, raw json.RawMessage) (Value, error) {
	var v Value
	var err error
	switch kind(raw) {
	case '"':
		if err = json.Unmarshal(raw, &v.Text); err == nil {
			err = checkLength(v.Text)
		}
	case '{':
		if v.Token, err = readToken(raw); err == nil {
			v.Text, v.typed = v.Token.Content, true
		}
	default:
		err = errors.New("it is neither a text nor a token")
	}
	if err != nil {
		return v, fmt.Errorf("%s: %w", fault.Clip(key), err)
	}
	return v, nil
}

// readValues reads a list of tokens.
func readValues(key string, raw json.RawMessage) ([]Value, error) {
	if jsontext.IsNull(raw) {
		return nil, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("%s: it is no list of tokens", key)
	}
	if len(list) > maxTokens {
		return nil, errTokens
	}
	values := make([]Value, 0, len(list))
	for _, one := range list {
		v, err := readValue(key, one)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

// readID reads an id that a file gives as a key.
func readID(key string) (int64, error) {
	id, err := strconv.ParseInt(strings.TrimSpace(key), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is no id", fault.Clip(key))
	}
	return id, nil
}
