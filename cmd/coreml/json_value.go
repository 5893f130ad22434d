package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// How the numbers that JSON lacks are written, in both directions.
const (
	textNaN         = "NaN"
	textInfinity    = "Infinity"
	textNegInfinity = "-Infinity"
)

// kindOfJSON names what a text is, for messages.
//
// The first character decides, as the text has been checked. It has an article, for
// sentences.
func kindOfJSON(raw []byte) string {
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't', 'f':
		return "a bool"
	case 'n':
		return "null"
	}
	return "a number"
}

// wantJSON is the error about a value of another kind.
func wantJSON(want string, raw []byte) error {
	if isNonNumber(raw) {
		return nonNumber(raw)
	}
	return fmt.Errorf("%s where %s is expected", kindOfJSON(raw), want)
}

// isNonNumber reports whether raw is one of the words that Python writes.
func isNonNumber(raw []byte) bool {
	switch string(raw) {
	case textNaN, textInfinity, textNegInfinity:
		return true
	}
	return false
}

// nonNumber is the error about a word that Python's json writes by default, with
// both ways out.
func nonNumber(raw []byte) error {
	return fmt.Errorf(`%s is no number of JSON: write the string "NaN", "Infinity" or "-Infinity", or the array as dtype, shape and base64 data`, raw)
}

// textOf reads a string.
func textOf(raw []byte) (string, error) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", wantJSON("a string", raw)
	}
	return unquoteJSON(raw)
}

// nameOf reads a text that names something: a file, a feature, a type.
func nameOf(raw []byte) (string, error) {
	if len(raw) > maxJSONName {
		return "", fmt.Errorf("%s of more than %d bytes", kindOfJSON(raw), maxJSONName)
	}
	return textOf(raw)
}

// intOf reads an integer. 1.0 is none: what is written with a point was computed,
// and may have been rounded.
func intOf(raw []byte) (int64, error) {
	if kindOfJSON(raw) != "a number" || isNonNumber(raw) {
		return 0, wantJSON("an integer", raw)
	}
	i, err := strconv.ParseInt(string(raw), 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("%s is too large for int64", shorten(raw))
	}
	if err != nil {
		return 0, fmt.Errorf("%s where an integer is expected", shorten(raw))
	}
	return i, nil
}

// floatOf reads a number, or the string that stands for one that JSON lacks.
func floatOf(raw []byte) (float64, error) {
	if f, ok := specialOf(raw); ok {
		return f, nil
	}
	if kindOfJSON(raw) != "a number" || isNonNumber(raw) {
		return 0, wantJSON("a number", raw)
	}
	// Its only error is the range; the form has been checked.
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return 0, fmt.Errorf("%s is too large for float64", shorten(raw))
	}
	return f, nil
}

// specialOf reads "NaN", "Infinity" and "-Infinity", with their quotes.
func specialOf(raw []byte) (float64, bool) {
	switch string(raw) {
	case `"` + textNaN + `"`:
		return math.NaN(), true
	case `"` + textInfinity + `"`:
		return math.Inf(1), true
	case `"` + textNegInfinity + `"`:
		return math.Inf(-1), true
	}
	return 0, false
}

// jsonFloat is a number of a reply, which may be one that JSON lacks.
type jsonFloat float64

// MarshalJSON writes what floatOf reads.
func (f jsonFloat) MarshalJSON() ([]byte, error) {
	switch x := float64(f); {
	case math.IsNaN(x):
		return []byte(`"` + textNaN + `"`), nil
	case math.IsInf(x, 1):
		return []byte(`"` + textInfinity + `"`), nil
	case math.IsInf(x, -1):
		return []byte(`"` + textNegInfinity + `"`), nil
	default:
		return json.Marshal(x)
	}
}

// namesOf reads a list of names.
//
// An empty list is kept apart from none, which callers take for "all".
func namesOf(raw []byte) ([]string, error) {
	list := []string{}
	err := eachListElement(raw, func(_ int, value []byte) error {
		if len(list) == maxJSONFields {
			return fmt.Errorf("a list of more than %d names", maxJSONFields)
		}
		s, err := nameOf(value)
		list = append(list, s)
		return err
	})
	return list, err
}

// eachListElement is eachElement for what may be no list.
func eachListElement(raw []byte, each func(i int, value []byte) error) error {
	if len(raw) == 0 || raw[0] != '[' {
		return wantJSON("a list", raw)
	}
	return eachElement(raw, each)
}

// shorten cuts what a message quotes of a text.
func shorten(raw []byte) string {
	// Enough to recognise the place, and little enough for a line of an error.
	const most = 40
	if len(raw) > most {
		return strings.ToValidUTF8(string(raw[:most]), "") + "…"
	}
	return string(raw)
}
