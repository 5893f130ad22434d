package jinja

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// percent is Python's format % values, without the rare flags.
func (in *interp) percent(format string, values Value) (string, error) {
	pos := []Value{values}
	if l, ok := values.(*List); ok && l.tuple {
		pos = l.Items
	}
	dict, isDict := values.(*Dict)
	used := 0
	var b strings.Builder
	for i := 0; i < len(format); {
		if format[i] != '%' {
			b.WriteByte(format[i])
			i++
			continue
		}
		i++
		key, named := "", false
		if i < len(format) && format[i] == '(' {
			end := strings.IndexByte(format[i:], ')')
			if end < 0 {
				return "", fail(ValueError, "incomplete format key")
			}
			key, named = format[i+1:i+end], true
			i += end + 1
		}
		start := i
		for i < len(format) && strings.IndexByte("-+ #0123456789.", format[i]) >= 0 {
			i++
		}
		if i >= len(format) {
			return "", fail(ValueError, "incomplete format")
		}
		verb := format[i]
		spec := format[start:i]
		i++
		if verb == '%' {
			b.WriteByte('%')
			continue
		}
		var v Value
		switch {
		case named:
			if !isDict {
				return "", fail(TypeError, "format requires a mapping")
			}
			v, _ = dict.Get(key)
		case used < len(pos):
			v = pos[used]
			used++
		default:
			return "", fail(TypeError, "not enough arguments for format string")
		}
		text, err := in.formatVerb(verb, spec, v)
		if err != nil {
			return "", err
		}
		if err := in.charge(len(text)); err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	if used < len(pos) && !isDict {
		return "", fail(TypeError, "not all arguments converted during string formatting")
	}
	return b.String(), in.charge(len(format))
}

func (in *interp) formatVerb(verb byte, spec string, v Value) (string, error) {
	left := strings.Contains(spec, "-")
	zero := strings.HasPrefix(strings.TrimLeft(spec, "-+ #"), "0")
	plus := strings.Contains(spec, "+")
	widthText, precText, hasPrec := strings.Cut(strings.TrimLeft(spec, "-+ #0"), ".")
	width, _ := strconv.Atoi(widthText)
	prec, _ := strconv.Atoi(precText)
	if width > 10000 || prec > 1000 {
		return "", fail(LimitError, "a format is too wide")
	}
	var text string
	var err error
	switch verb {
	case 's':
		text, err = in.str(v)
	case 'c':
		n, ok := toInt(v)
		if s, isText := v.(string); isText && utf8.RuneCountInString(s) == 1 {
			text = s
		} else if ok && n >= 0 && n <= utf8.MaxRune {
			text = string(rune(n))
		} else {
			return "", fail(TypeError, "%%c requires an int in range(0x110000) or a single character")
		}
	case 'r':
		text, err = in.repr(v)
	case 'd', 'i', 'u', 'x', 'X', 'o':
		f, ok := toFloat(v)
		n, isInt := toInt(v)
		if !ok || !isInt && math.Abs(f) >= 1<<63 {
			return "", fail(TypeError, "%%%c format: a real number is required, not %s", verb, typeName(v))
		}
		if !isInt {
			n = int64(f)
		}
		text = strconv.FormatInt(n, map[byte]int{'x': 16, 'X': 16, 'o': 8}[verb]+map[bool]int{true: 10}[verb == 'd' || verb == 'i' || verb == 'u'])
		if verb == 'X' {
			text = strings.ToUpper(text)
		}
	case 'f', 'F', 'e', 'E', 'g', 'G':
		f, ok := toFloat(v)
		if !ok {
			return "", fail(TypeError, "must be real number, not %s", typeName(v))
		}
		if !hasPrec {
			prec = 6
		}
		if verb == 'g' || verb == 'G' {
			prec = max(prec, 1)
		}
		text = strconv.FormatFloat(f, verb|0x20, prec, 64)
	default:
		return "", fail(ValueError, "unsupported format character '%c'", verb)
	}
	if err != nil {
		return "", err
	}
	if hasPrec && (verb == 's' || verb == 'r') {
		if runes := []rune(text); len(runes) > prec {
			text = string(runes[:prec])
		}
	}
	number := verb != 's' && verb != 'r'
	if number && plus && !strings.HasPrefix(text, "-") {
		text = "+" + text
	}
	missing := width - utf8.RuneCountInString(text)
	switch {
	case missing <= 0:
	case left:
		text += strings.Repeat(" ", missing)
	case zero && number:
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

// braceFormat is str.format with plain fields: {}, {0}, {name} and a
// conversion of !s or !r.
func (in *interp) braceFormat(s string, a *args) (Value, error) {
	var b strings.Builder
	auto := 0
	for i := 0; i < len(s); {
		c := s[i]
		if (c == '{' || c == '}') && i+1 < len(s) && s[i+1] == c {
			b.WriteByte(c)
			i += 2
			continue
		}
		if c == '}' {
			return nil, fail(ValueError, "Single '}' encountered in format string")
		}
		if c != '{' {
			b.WriteByte(c)
			i++
			continue
		}
		end := strings.IndexByte(s[i:], '}')
		if end < 0 {
			return nil, fail(ValueError, "expected '}' before end of string")
		}
		field := s[i+1 : i+end]
		i += end + 1
		text, err := in.formatField(field, a, &auto)
		if err != nil {
			return nil, err
		}
		if err := in.charge(len(text)); err != nil {
			return nil, err
		}
		b.WriteString(text)
	}
	return b.String(), in.charge(len(s))
}

func (in *interp) formatField(field string, a *args, auto *int) (string, error) {
	field, spec, _ := strings.Cut(field, ":")
	field, conv, _ := strings.Cut(field, "!")
	if strings.ContainsAny(field, ".[") {
		return "", fail(ValueError, "format fields with members are not supported")
	}
	var v Value
	if at, err := strconv.ParseUint(field, 10, 16); field == "" || err == nil {
		if field == "" {
			at = uint64(*auto)
			*auto++
		}
		if at >= uint64(len(a.pos)) {
			return "", fail("IndexError", "Replacement index %d out of range for positional args tuple", at)
		}
		v = a.pos[at]
	} else {
		found := false
		for i, n := range a.names {
			if n == field {
				v, found = a.named[i], true
			}
		}
		if !found {
			return "", fail("KeyError", "'%s'", field)
		}
	}
	if conv == "r" {
		return in.repr(v)
	}
	if spec == "" {
		return in.str(v)
	}
	verb := spec[len(spec)-1]
	if strings.IndexByte("dxXofFeEgGs", verb) < 0 {
		return "", fail(ValueError, "the format '%s' is not supported", spec)
	}
	return in.formatVerb(verb, spec[:len(spec)-1], v)
}
