package jinja

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// percent is Python's format % values, without the rare flags. A tuple gives
// one value to each directive, whose text is escaped for marked formats, anything else is the only value; a mapping may
// also be asked by name. As in Python a mapping that no directive uses is not
// an error.
//
// PyUnicode_Format of CPython, of which the flags +, -, 0, widths and precisions
// are here.
func (in *interp) percent(format string, values Value, escapes bool) (string, error) {
	pos := []Value{values}
	if l, ok := values.(*List); ok && l.tuple {
		pos = l.Items
	}
	dict, isDict := values.(*Dict)
	used := 0
	b := builder{in: in}
	for {
		plain, rest, more := strings.Cut(format, "%")
		if err := b.write(plain); err != nil {
			return "", err
		}
		if !more {
			if used < len(pos) && !isMapping(values) {
				return "", fail(TypeError, "not all arguments converted during string formatting")
			}
			return b.text()
		}
		d, err := cutDirective(rest)
		if err != nil {
			return "", err
		}
		format = d.rest
		// Two percent signs are one. Flags between them, which Python refuses, mean
		// nothing.
		if d.verb == '%' {
			if err := b.write("%"); err != nil {
				return "", err
			}
			continue
		}
		var v Value
		switch {
		case d.named:
			if !isDict {
				return "", fail(TypeError, "format requires a mapping")
			}
			// A missing key gives none here, where Python raises a KeyError.
			if v, _, err = in.get(dict, d.key); err != nil {
				return "", err
			}
		case used < len(pos):
			v = pos[used]
			used++
		default:
			return "", fail(TypeError, "not enough arguments for format string")
		}
		verb := d.verb
		if escapes && (verb == 's' || verb == 'r') {
			if v, err = in.escapedVerb(verb, v); err != nil {
				return "", err
			}
			verb = 's'
		}
		text, err := in.formatVerb(verb, d.spec, v)
		if err != nil {
			return "", err
		}
		if err := b.write(text); err != nil {
			return "", err
		}
	}
}

// isMapping reports whether Python takes a value for a mapping here, of which not all is
// used: whatever can be asked for an item and is no tuple and no text.
func isMapping(v Value) bool {
	switch v := v.(type) {
	case *Dict, rangeValue, *undefined:
		return true
	case *List:
		return !v.tuple
	}
	return false
}

// escapedVerb is what %s and %r of marked text put in the place of a value.
func (in *interp) escapedVerb(verb byte, v Value) (Value, error) {
	if verb == 'r' {
		text, err := in.repr(v)
		if err != nil {
			return nil, err
		}
		v = text
	}
	return in.escape(v)
}

// directive is what follows a % in a format.
type formatDirective struct {
	key   string // in parentheses
	named bool
	spec  string // between the % and the letter
	verb  byte
	rest  string // the format behind the letter
}

// cutDirective reads a directive, without the percent sign.
func cutDirective(format string) (d formatDirective, err error) {
	if strings.HasPrefix(format, "(") {
		end := strings.IndexByte(format, ')')
		if end < 0 {
			return d, fail(ValueError, "incomplete format key")
		}
		d.key, d.named = format[1:end], true
		format = format[end+1:]
	}
	n := 0
	for n < len(format) && strings.IndexByte("-+ #0123456789.", format[n]) >= 0 {
		// Checked while reading, so that a million digits are not gone over.
		if n++; n > maxSpec {
			return d, fail(LimitError, "a format is too wide")
		}
	}
	if n >= len(format) {
		return d, fail(ValueError, "incomplete format")
	}
	d.spec, d.verb, d.rest = format[:n], format[n], format[n+1:]
	return d, nil
}

// formatSpec is what stands between the % and the letter of a format.
type formatSpec struct {
	left, zero, plus, hasPrec bool
	width, prec               int
}

// maxSpec is the length of the longest specification: all flags, a width and a
// precision of five digits.
const maxSpec = 64

// parseSpec reads flags, width and precision. The flags come first, so a zero
// that begins the rest is the flag and not a part of the width. A star, which
// would take the width from the values, is not read.
func parseSpec(text string) (formatSpec, error) {
	if len(text) > maxSpec {
		return formatSpec{}, fail(LimitError, "a format is too wide")
	}
	f := formatSpec{
		left: strings.Contains(text, "-"),
		zero: strings.HasPrefix(strings.TrimLeft(text, "-+ #"), "0"),
		plus: strings.Contains(text, "+"),
	}
	width, prec, hasPrec := strings.Cut(strings.TrimLeft(text, "-+ #0"), ".")
	f.hasPrec = hasPrec
	var err error
	for _, part := range []struct {
		text string
		dst  *int
	}{{width, &f.width}, {prec, &f.prec}} {
		if part.text == "" {
			continue
		}
		if *part.dst, err = strconv.Atoi(part.text); err != nil {
			return f, fail(ValueError, "bad format '%s'", text)
		}
	}
	if f.width > maxWidth || f.prec > maxPrecision {
		return f, fail(LimitError, "a format is too wide")
	}
	return f, nil
}

// formatVerb formats a value by the letter of a format and what stands before
// it. str.format shares it: its types mean the same for what templates write.
func (in *interp) formatVerb(verb byte, spec string, v Value) (string, error) {
	f, err := parseSpec(spec)
	if err != nil {
		return "", err
	}
	// Many digits take the slow way of strconv.
	if err := in.spend(8 + f.prec); err != nil {
		return "", err
	}
	text, number, err := in.verbText(verb, f, v)
	if err != nil {
		return "", err
	}
	// The precision of text is the most characters that it keeps.
	if f.hasPrec && !number {
		end, _, err := in.offset(text, int64(f.prec))
		if err != nil {
			return "", err
		}
		text = text[:end]
	}
	if number && f.plus && !strings.HasPrefix(text, "-") {
		text = "+" + text
	}
	return in.pad(f, text, number)
}

// verbText writes a value as a verb says, without width and precision of text, and
// says whether it is a number.
func (in *interp) verbText(verb byte, f formatSpec, v Value) (text string, number bool, err error) {
	switch verb {
	case 's':
		text, err = in.str(v)
	case 'r':
		text, err = in.repr(v)
	case 'c':
		text, err = formatChar(v)
	case 'd', 'i', 'u', 'x', 'X', 'o':
		number = true
		text, err = formatInt(verb, v)
	case 'f', 'F', 'e', 'E', 'g', 'G':
		number = true
		text, err = formatFloat(verb, f, v)
	default:
		err = fail(ValueError, "unsupported format character '%c'", verb)
	}
	return text, number, err
}

// pad fills a text up to the width. What is made is paid for before it is.
func (in *interp) pad(f formatSpec, text string, number bool) (string, error) {
	// The width counts characters. A text of four bytes for each of them is as
	// wide in any case and need not be counted.
	missing := 0
	if f.width > 0 && len(text) < f.width*utf8.UTFMax {
		missing = f.width - utf8.RuneCountInString(text)
	}
	if missing > 0 {
		if err := in.charge(f.width + len(text)); err != nil {
			return "", err
		}
	}
	switch {
	case missing <= 0:
	case f.left:
		text += strings.Repeat(" ", missing)
	case f.zero && number:
		// Zeros stand between the sign and the digits.
		sign := ""
		if text[0] == '-' || text[0] == '+' {
			sign, text = text[:1], text[1:]
		}
		text = sign + strings.Repeat("0", missing) + text
	default:
		text = strings.Repeat(" ", missing) + text
	}
	return text, nil
}

// formatChar is %c: a character, or the number of one.
func formatChar(v Value) (string, error) {
	if s, ok := textOf(v); ok && len(s) <= utf8.UTFMax && utf8.RuneCountInString(s) == 1 {
		return s, nil
	}
	if n, ok := toInt(v); ok && n >= 0 && n <= utf8.MaxRune {
		return string(rune(n)), nil
	}
	return "", fail(TypeError, "%%c requires an int in range(0x110000) or a single character")
}

// formatInt is %d and its relatives. Floats are cut off toward zero, as Python
// does for %d; it refuses them for %x, which no template was seen to ask for.
func formatInt(verb byte, v Value) (string, error) {
	n, ok := toInt(v)
	if !ok {
		f, isFloat := toFloat(v)
		if !isFloat || math.IsNaN(f) || math.Abs(f) >= 1<<63 {
			return "", fail(TypeError, "%%%c format: a real number is required, not %s", verb, typeName(v))
		}
		n = int64(f)
	}
	switch verb {
	case 'x':
		return strconv.FormatInt(n, 16), nil
	case 'X':
		return strings.ToUpper(strconv.FormatInt(n, 16)), nil
	case 'o':
		return strconv.FormatInt(n, 8), nil
	}
	return strconv.FormatInt(n, 10), nil
}

// formatFloat is %f, %e and %g. Go and Python take their forms from C, six
// digits if none are asked for included.
func formatFloat(verb byte, f formatSpec, v Value) (string, error) {
	x, ok := toFloat(v)
	if !ok {
		return "", fail(TypeError, "must be real number, not %s", typeName(v))
	}
	prec := f.prec
	if !f.hasPrec {
		prec = 6
	}
	if verb|0x20 == 'g' {
		prec = max(prec, 1)
	}
	return strconv.FormatFloat(x, verb|0x20, prec, 64), nil
}
