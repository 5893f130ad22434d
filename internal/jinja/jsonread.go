package jinja

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// FromJSON returns the value of a JSON text. Objects keep their order. It ends
// with the context, in the middle of a long string too, which encoding/json
// decodes in one go: that is why the structure is read here, and only numbers
// and the pieces of strings are left to that package.
func FromJSON(ctx context.Context, data []byte) (Value, error) {
	r := &jsonReader{ended: ctx.Err, data: data}
	v, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if r.space(); r.at < len(r.data) {
		return nil, errors.New("text after the JSON value")
	}
	return v, nil
}

// jsonReader reads JSON by recursive descent. It accepts what encoding/json
// accepts. Of keys that are there twice the last value counts, at the place of
// the first, which is what Python's json does.
type jsonReader struct {
	ended func() error
	data  []byte
	at    int
}

var errJSONEnd = errors.New("unexpected end of JSON")

// space moves over white space; JSON has four kinds of it.
func (r *jsonReader) space() {
	for r.at < len(r.data) {
		switch r.data[r.at] {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return
		}
	}
}

// unexpected is the error about what stands at the current place.
func (r *jsonReader) unexpected() error {
	if r.at >= len(r.data) {
		return errJSONEnd
	}
	c, _ := utf8.DecodeRune(r.data[r.at:])
	return fmt.Errorf("unexpected %q in JSON, at byte %d", c, r.at)
}

// skip moves over a character that has to come, or may come.
func (r *jsonReader) skip(c byte) bool {
	if r.space(); r.at < len(r.data) && r.data[r.at] == c {
		r.at++
		return true
	}
	return false
}

// value reads any value. The context is asked at each, which costs little
// beside the allocation that a value takes.
func (r *jsonReader) value(depth int) (Value, error) {
	if depth > maxNesting {
		return nil, errors.New("JSON is nested too deeply")
	}
	if err := r.ended(); err != nil {
		return nil, err
	}
	if r.space(); r.at >= len(r.data) {
		return nil, errJSONEnd
	}
	switch c := r.data[r.at]; {
	case c == '{':
		return r.object(depth)
	case c == '[':
		return r.array(depth)
	case c == '"':
		return r.text()
	case c == '-' || isDecimal(c):
		return r.number()
	}
	for _, w := range jsonWords {
		if bytes.HasPrefix(r.data[r.at:], []byte(w.word)) {
			r.at += len(w.word)
			return w.value, nil
		}
	}
	return nil, r.unexpected()
}

var jsonWords = [...]struct {
	word  string
	value Value
}{{"null", nil}, {"true", true}, {"false", false}}

// array reads an array from its bracket on. A comma before the closing bracket
// is refused, as JSON has it.
func (r *jsonReader) array(depth int) (Value, error) {
	r.at++
	list := NewList()
	if r.skip(']') {
		return list, nil
	}
	for {
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		// JSON from outside is not charged: whoever hands it over has bounded
		// its size.
		list.Items = append(list.Items, v)
		if r.skip(']') {
			return list, nil
		}
		if !r.skip(',') {
			return nil, r.unexpected()
		}
	}
}

// object reads an object from its brace on. The order of the keys is kept: it
// is the order in which a prompt lists the parameters of a tool.
func (r *jsonReader) object(depth int) (Value, error) {
	r.at++
	dict := NewDict()
	if r.skip('}') {
		return dict, nil
	}
	for {
		if r.space(); r.at >= len(r.data) || r.data[r.at] != '"' {
			return nil, r.unexpected()
		}
		key, err := r.text()
		if err != nil {
			return nil, err
		}
		if !r.skip(':') {
			return nil, r.unexpected()
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		dict.Set(key, v)
		if r.skip('}') {
			return dict, nil
		}
		if !r.skip(',') {
			return nil, r.unexpected()
		}
	}
}

// number reads a number. Its length is bounded while it is read: what turns
// digits into a number takes the square of their count.
//
// The bound is that of numbers in a template, so that what comes in can be written
// in one too.
func (r *jsonReader) number() (Value, error) {
	start := r.at
	for r.at < len(r.data) && (isDecimal(r.data[r.at]) || strings.IndexByte("+-.eE", r.data[r.at]) >= 0) {
		if r.at++; r.at-start > maxNumber {
			return nil, fmt.Errorf("a number in JSON has more than %d digits", maxNumber)
		}
	}
	// The characters are those of numbers; whether they are one, such as 1.e5
	// or 01, is left to the package that knows.
	if !json.Valid(r.data[start:r.at]) {
		return nil, fmt.Errorf("bad number %.20q in JSON", r.data[start:r.at])
	}
	return numberValue(json.Number(r.data[start:r.at]))
}

// text reads a string. Long ones are decoded in pieces.
//
// A piece ends between two characters, so that each can be decoded by itself; half
// a pair of surrogates becomes the replacement character, as encoding/json has it.
func (r *jsonReader) text() (string, error) {
	r.at++
	var pieces []string
	for {
		end, last := r.pieceEnd()
		if end < 0 {
			return "", errJSONEnd
		}
		// A piece is a string of its own once it has quotes around it.
		quoted := make([]byte, 0, end-r.at+2)
		quoted = append(append(append(quoted, '"'), r.data[r.at:end]...), '"')
		var piece string
		if err := json.Unmarshal(quoted, &piece); err != nil {
			return "", fmt.Errorf("a string in JSON: %w", err)
		}
		r.at = end
		if last {
			r.at++
			if pieces == nil {
				return piece, nil
			}
			return strings.Join(append(pieces, piece), ""), nil
		}
		pieces = append(pieces, piece)
		if err := r.ended(); err != nil {
			return "", err
		}
	}
}

// pieceEnd returns where the piece of a string that begins at the current place
// ends: at the closing quote, which makes it the last, or where a character
// ends that no other belongs to. It is -1 if the data ends before.
func (r *jsonReader) pieceEnd() (end int, last bool) {
	half := false // the character before was an escape that may be half of a pair
	for i := r.at; i < len(r.data); i++ {
		c := r.data[i]
		if c == '"' {
			return i, true
		}
		// A second half follows as an escape.
		if i-r.at >= fastPiece && utf8.RuneStart(c) && !(half && c == '\\') {
			return i, false
		}
		half = false
		if c == '\\' {
			i++
			if i < len(r.data) && r.data[i] == 'u' {
				i += 4
				half = true
			}
		}
	}
	return -1, false
}

// numberValue tells whole numbers from floats by their form, as Python's json
// does: 1.0 stays a float and prints as one. A whole number of any size is
// exact.
func numberValue(n json.Number) (Value, error) {
	text := n.String()
	// Before any conversion: reading the digits of a whole number takes the
	// square of their number.
	if len(text) > maxNumber {
		return nil, fmt.Errorf("bad number %.20q: more than %d digits", text, maxNumber)
	}
	if strings.ContainsAny(text, ".eE") {
		return strconv.ParseFloat(text, 64)
	}
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		return v, nil
	}
	if v, ok := new(big.Int).SetString(text, 10); ok {
		return v, nil
	}
	return nil, fmt.Errorf("bad number %.20q", text)
}
