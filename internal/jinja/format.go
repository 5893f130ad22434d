package jinja

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// simpleText formats a scalar.
func simpleText(v Value) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int64:
		return strconv.FormatInt(v, 10)
	case *big.Int:
		return v.String()
	case float64:
		return floatText(v)
	case string:
		return v
	}
	return fmt.Sprint(v)
}

// floatText is Python's repr of a float.
func floatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	digits := strconv.FormatFloat(f, 'e', -1, 64)
	mantissa, exponent, _ := strings.Cut(digits, "e")
	exp, err := strconv.Atoi(exponent)
	if err != nil || exp < -4 || exp >= 16 {
		return mantissa + "e" + exponent
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// str is Python's str().
func (in *interp) str(v Value) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case *undefined:
		return "", nil
	case nil, bool, int64, float64, *big.Int:
		return simpleText(v), nil
	}
	return in.repr(v)
}

// repr is Python's repr().
func (in *interp) repr(v Value) (string, error) {
	var b strings.Builder
	if err := in.appendRepr(&b, v, 0); err != nil {
		return "", err
	}
	return b.String(), nil
}

func (in *interp) appendRepr(b *strings.Builder, v Value, depth int) error {
	start := b.Len()
	if depth > maxNesting {
		return fail(LimitError, "a value is nested too deeply")
	}
	switch v := v.(type) {
	case *undefined:
		b.WriteString("Undefined")
	case nil, bool, int64, float64, *big.Int:
		b.WriteString(simpleText(v))
	case string:
		quote(b, v)
	case *List:
		return in.reprItems(b, v.Items, v.tuple, depth)
	case *Dict:
		return in.reprDict(b, v, depth)
	case *namespace:
		b.WriteString("<Namespace ")
		if err := in.reprDict(b, v.vars, depth); err != nil {
			return err
		}
		b.WriteByte('>')
	case *view:
		items, err := in.viewItems(v)
		if err != nil {
			return err
		}
		b.WriteString("dict_" + v.kind + "(")
		if err := in.reprItems(b, items, false, depth); err != nil {
			return err
		}
		b.WriteByte(')')
	case rangeValue:
		fmt.Fprintf(b, "range(%d, %d", v.start, v.stop)
		if v.step != 1 {
			fmt.Fprintf(b, ", %d", v.step)
		}
		b.WriteByte(')')
	case *macro:
		b.WriteString("<Macro '" + v.def.name + "'>")
	case *function:
		b.WriteString("<function " + v.name + ">")
	default:
		b.WriteString("<" + typeName(v) + " object>")
	}
	return in.charge(b.Len() - start + 8)
}

func (in *interp) reprItems(b *strings.Builder, items []Value, tuple bool, depth int) error {
	open, end := "[", "]"
	if tuple {
		open, end = "(", ")"
	}
	b.WriteString(open)
	for i, item := range items {
		if i > 0 {
			b.WriteString(", ")
		}
		if err := in.appendRepr(b, item, depth+1); err != nil {
			return err
		}
	}
	if tuple && len(items) == 1 {
		b.WriteByte(',')
	}
	b.WriteString(end)
	return nil
}

func (in *interp) reprDict(b *strings.Builder, d *Dict, depth int) error {
	b.WriteByte('{')
	for i, k := range d.keys {
		if i > 0 {
			b.WriteString(", ")
		}
		if err := in.appendRepr(b, k, depth+1); err != nil {
			return err
		}
		b.WriteString(": ")
		if err := in.appendRepr(b, d.vals[i], depth+1); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

// quote appends a string as Python's repr writes it.
func quote(b *strings.Builder, s string) {
	q := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = '"'
	}
	b.WriteByte(q)
	for _, r := range s {
		switch {
		case r == rune(q) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(b, `\x%02x`, r)
		case r < 0x7f || unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			fmt.Fprintf(b, `\U%08x`, r)
		}
	}
	b.WriteByte(q)
}

// jsonStyle are the options of json.dumps.
type jsonStyle struct {
	ascii     bool
	sortKeys  bool
	indent    string
	multiline bool
	item, key string // separators
}

// appendJSON appends a value as json.dumps writes it.
func (in *interp) appendJSON(b *strings.Builder, v Value, st *jsonStyle, depth int) error {
	start := b.Len()
	if depth > maxNesting {
		return fail(LimitError, "a value is nested too deeply")
	}
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case int64, *big.Int:
		b.WriteString(simpleText(v))
	case float64:
		b.WriteString(jsonFloat(v))
	case string:
		quoteJSON(b, v, st.ascii)
	case *List:
		return in.jsonItems(b, '[', ']', len(v.Items), st, depth, func(i int) error {
			return in.appendJSON(b, v.Items[i], st, depth+1)
		})
	case *Dict:
		return in.jsonDict(b, v, st, depth)
	default:
		return fail(TypeError, "Object of type %s is not JSON serializable", typeName(v))
	}
	return in.charge(b.Len() - start + 8)
}

func (in *interp) jsonItems(b *strings.Builder, open, end byte, n int, st *jsonStyle, depth int, item func(i int) error) error {
	b.WriteByte(open)
	line := func(depth int) {
		if st.multiline {
			b.WriteByte('\n')
			for range depth {
				b.WriteString(st.indent)
			}
		}
	}
	for i := range n {
		if i > 0 {
			b.WriteString(st.item)
		}
		line(depth + 1)
		if err := item(i); err != nil {
			return err
		}
		if err := in.charge(8 + len(st.indent)*depth); err != nil {
			return err
		}
	}
	if n > 0 {
		line(depth)
	}
	b.WriteByte(end)
	return nil
}

func (in *interp) jsonDict(b *strings.Builder, d *Dict, st *jsonStyle, depth int) error {
	order := make([]int, len(d.keys))
	for i := range order {
		order[i] = i
	}
	if st.sortKeys {
		var err error
		if order, err = in.sortedOrder(d.keys, false); err != nil {
			return err
		}
	}
	return in.jsonItems(b, '{', '}', len(order), st, depth, func(i int) error {
		switch k := d.keys[order[i]].(type) {
		case string:
			quoteJSON(b, k, st.ascii)
		case nil:
			b.WriteString(`"null"`)
		case bool:
			b.WriteString(`"` + strconv.FormatBool(k) + `"`)
		case float64:
			b.WriteString(`"` + jsonFloat(k) + `"`)
		case int64, *big.Int:
			b.WriteString(`"` + simpleText(k) + `"`)
		default:
			return fail(TypeError, "keys must be str, int, float, bool or None, not %s", typeName(k))
		}
		b.WriteString(st.key)
		return in.appendJSON(b, d.vals[order[i]], st, depth+1)
	})
}

func jsonFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return floatText(f)
}

func quoteJSON(b *strings.Builder, s string, ascii bool) {
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\b':
			b.WriteString(`\b`)
		case r == '\f':
			b.WriteString(`\f`)
		case r < ' ' || ascii && r >= 0x7f && r < 0x10000:
			if r == 0x7f {
				b.WriteRune(r)
				break
			}
			fmt.Fprintf(b, `\u%04x`, r)
		case ascii && r >= 0x10000:
			r -= 0x10000
			fmt.Fprintf(b, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}

// runeAt returns the character at an index that counts characters.
func runeAt(s string, i int64) (string, bool) {
	n := int64(len(s))
	if i < -n || i >= n {
		return "", false
	}
	if i < 0 {
		if i += int64(utf8.RuneCountInString(s)); i < 0 {
			return "", false
		}
	}
	for _, r := range s {
		if i == 0 {
			return string(r), true
		}
		i--
	}
	return "", false
}
