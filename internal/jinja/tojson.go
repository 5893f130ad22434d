package jinja

import (
	"math/big"
	"strconv"
	"strings"
)

// jsonStyle are the options of json.dumps. They are those that templates pass
// to tojson.
type jsonStyle struct {
	ascii     bool
	sortKeys  bool
	indent    string
	multiline bool
	item, key string // separators
}

// appendJSON appends a value as json.dumps writes it. A tuple is an array; a
// view, a generator or an undefined value is no JSON, and the message is
// Python's.
//
// JSONEncoder.iterencode of Python's json. Each value costs a step, and its text is
// charged as it is written.
func (in *interp) appendJSON(b *builder, v Value, st *jsonStyle, depth int) error {
	if depth > maxNesting {
		return fail(LimitError, "a value is nested too deeply")
	}
	if err := in.spend(1); err != nil {
		return err
	}
	switch v := v.(type) {
	case nil:
		return b.write("null")
	case bool:
		return b.write(strconv.FormatBool(v))
	case int64, *big.Int:
		text, err := in.str(v)
		if err != nil {
			return err
		}
		return b.write(text)
	case float64:
		return b.write(jsonFloat(v))
	case string:
		return in.quoteJSON(b, v, st.ascii)
	case markup:
		return in.quoteJSON(b, string(v), st.ascii)
	case *List:
		return in.jsonItems(b, "[", "]", len(v.Items), st, depth, func(i int) error {
			return in.appendJSON(b, v.Items[i], st, depth+1)
		})
	case *Dict:
		return in.jsonDict(b, v, st, depth)
	}
	return fail(TypeError, "Object of type %s is not JSON serializable", typeName(v))
}

// jsonItems writes brackets around n items, with line breaks if the style has
// an indent. Empty brackets stay on one line.
func (in *interp) jsonItems(b *builder, open, end string, n int, st *jsonStyle, depth int, item func(i int) error) error {
	if err := b.write(open); err != nil {
		return err
	}
	line := func(depth int) error {
		if !st.multiline {
			return nil
		}
		if err := b.write("\n"); err != nil {
			return err
		}
		return b.writeTimes(st.indent, int64(depth))
	}
	for i := range n {
		if i > 0 {
			if err := b.write(st.item); err != nil {
				return err
			}
		}
		// Each item begins a line when there is an indent.
		if err := line(depth + 1); err != nil {
			return err
		}
		if err := item(i); err != nil {
			return err
		}
	}
	if n > 0 {
		if err := line(depth); err != nil {
			return err
		}
	}
	return b.write(end)
}

// Keys are sorted as values, before they are made text, so that numbers sort by
// value and mixed kinds fail, as in Python.
func (in *interp) jsonDict(b *builder, d *Dict, st *jsonStyle, depth int) error {
	order := func(i int) int { return i }
	if st.sortKeys {
		sorted, err := in.sortedOrder(d.keys, false)
		if err != nil {
			return err
		}
		order = func(i int) int { return sorted[i] }
	}
	return in.jsonItems(b, "{", "}", d.Len(), st, depth, func(i int) error {
		if err := in.jsonKey(b, d.keys[order(i)], st); err != nil {
			return err
		}
		if err := b.write(st.key); err != nil {
			return err
		}
		return in.appendJSON(b, d.vals[order(i)], st, depth+1)
	})
}

// jsonKey writes the key of an object, which is a string there whatever it is
// in Python.
func (in *interp) jsonKey(b *builder, key Value, st *jsonStyle) error {
	var text string
	switch k := plainValue(key).(type) {
	case string:
		return in.quoteJSON(b, k, st.ascii)
	case nil:
		text = "null"
	case bool:
		text = strconv.FormatBool(k)
	case float64:
		text = jsonFloat(k)
	case int64, *big.Int:
		var err error
		if text, err = in.str(k); err != nil {
			return err
		}
	default:
		return fail(TypeError, "keys must be str, int, float, bool or None, not %s", typeName(k))
	}
	return b.write(`"` + text + `"`)
}

// jsonEscapes are the characters that JSON has a letter for.
const jsonEscapes, jsonLetters = "\"\\\n\r\t\b\f", `"\nrtbf`

// Beyond 16 bits an escape is a pair of surrogates, which is how JSON writes
// such a character in ASCII.
func (in *interp) quoteJSON(b *builder, s string, ascii bool) error {
	if err := b.write(`"`); err != nil {
		return err
	}
	// The delete character is plain for json.dumps, and control characters are
	// not.
	plain := func(r rune) bool {
		return r >= ' ' && r != '"' && r != '\\' && (r <= 0x7f || !ascii)
	}
	err := in.escaped(b, s, plain, func(buf []byte, r rune) []byte {
		if i := strings.IndexRune(jsonEscapes, r); i >= 0 {
			return append(buf, '\\', jsonLetters[i])
		}
		switch {
		case r >= 0x10000:
			r -= 0x10000
			return appendHex(appendHex(buf, 'u', 4, 0xd800+r>>10), 'u', 4, 0xdc00+r&0x3ff)
		case r >= 0x7f && !ascii: // what is not UTF-8
			return append(buf, string(r)...)
		}
		return appendHex(buf, 'u', 4, r)
	})
	if err != nil {
		return err
	}
	return b.write(`"`)
}
