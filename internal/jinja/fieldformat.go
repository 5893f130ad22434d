package jinja

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// formatValue is Python's format(). Values other than text and numbers have no
// formats.
func (in *interp) formatValue(v Value, spec string) (string, error) {
	v = plainValue(v)
	if spec == "" {
		return in.str(v)
	}
	if err := in.spend(4 + len(spec)>>runeShift); err != nil {
		return "", err
	}
	if len(spec) > maxName {
		return "", fail(LimitError, "a format field is longer than %d bytes", maxName)
	}
	verb, align := rune('d'), byte('>')
	switch v.(type) {
	case string:
		verb, align = 's', '<'
	case float64:
		verb = 0
	case bool, int64, *big.Int:
	default:
		return "", fail(TypeError, "unsupported format string passed to %s.__format__", typeName(v))
	}
	f, err := cutFieldSpec(spec, typeName(v), verb, align)
	if err != nil {
		return "", err
	}
	switch v := v.(type) {
	case string:
		return in.formatText(v, f)
	case float64:
		return in.formatReal(v, f, typeName(v))
	}
	return in.formatWhole(v, f)
}

func unknownVerb(verb rune, of string) error {
	return fail(ValueError, "Unknown format code %s for object of type '%s'", verbName(verb), of)
}

// formatText formats a text.
//
// In CPython this is format_string_internal.
func (in *interp) formatText(s string, f fieldSpec) (string, error) {
	wrong := ""
	switch {
	case f.verb != 's':
		return "", unknownVerb(f.verb, "str")
	case f.sign == ' ':
		wrong = "Space"
	case f.sign != 0:
		wrong = "Sign"
	case f.positive:
		wrong = "Negative zero coercion (z)"
	case f.alt:
		wrong = "Alternate form (#)"
	case f.align == '=':
		wrong = "'=' alignment"
	}
	if wrong != "" {
		return "", fail(ValueError, "%s not allowed in string format specifier", wrong)
	}
	if f.prec >= 0 {
		end, _, err := in.offset(s, int64(f.prec))
		if err != nil {
			return "", err
		}
		s, f.prec = s[:end], -1
	}
	if err := f.bounded(); err != nil {
		return "", err
	}
	// A text of four bytes for each character of the width is as wide in any case.
	if len(s) >= f.width*utf8.UTFMax {
		return s, nil
	}
	return in.laid(f, layout{digits: s})
}

// layout is the text of a number in the parts that a format lays out: grouping and
// zeros concern the digits alone.
type layout struct {
	sign, prefix, digits, rest string
}

// formatWhole formats a whole number or a boolean.
//
// In CPython this is format_long_internal.
func (in *interp) formatWhole(v Value, f fieldSpec) (string, error) {
	if f.verb != 0 && strings.ContainsRune("eEfFgG%", f.verb) {
		x, _ := toFloat(v)
		if math.IsInf(x, 0) {
			return "", fail(OverflowError, "int too large to convert to float")
		}
		return in.formatReal(x, f, typeName(v))
	}
	base, ok := map[rune]int{'d': 10, 'n': 10, 'c': 10, 'b': 2, 'o': 8, 'x': 16, 'X': 16}[f.verb]
	switch {
	case !ok:
		return "", unknownVerb(f.verb, typeName(v))
	case f.prec >= 0:
		return "", fail(ValueError, "Precision not allowed in integer format specifier")
	case f.positive:
		return "", fail(ValueError, "Negative zero coercion (z) not allowed in integer format specifier")
	case f.verb == 'c':
		return in.formatRune(v, f)
	}
	if err := f.bounded(); err != nil {
		return "", err
	}
	if err := in.payBig(v); err != nil {
		return "", err
	}
	whole, ok := v.(*big.Int)
	if !ok {
		i, _ := toInt(v)
		whole = big.NewInt(i)
	}
	n := layout{digits: new(big.Int).Abs(whole).Text(base), sign: signOf(whole.Sign() < 0, f.sign)}
	if f.alt && base != 10 {
		n.prefix = "0" + strings.ToLower(string(f.verb))
	}
	if f.verb == 'X' {
		n.prefix, n.digits = strings.ToUpper(n.prefix), strings.ToUpper(n.digits)
	}
	return in.laid(f, n)
}

// signOf returns what stands before a number.
func signOf(negative bool, sign byte) string {
	switch {
	case negative:
		return "-"
	case sign == '+' || sign == ' ':
		return string(sign)
	}
	return ""
}

// formatRune is the type c: the character of a number.
func (in *interp) formatRune(v Value, f fieldSpec) (string, error) {
	if f.sign != 0 {
		return "", fail(ValueError, "Sign not allowed with integer format specifier 'c'")
	}
	if f.alt {
		return "", fail(ValueError, "Alternate form (#) not allowed with integer format specifier 'c'")
	}
	n, ok := toInt(v)
	if !ok {
		return "", fail(OverflowError, "Python int too large to convert to C long")
	}
	if n < 0 || n > utf8.MaxRune {
		return "", fail(OverflowError, "%%c arg not in range(0x110000)")
	}
	if err := f.bounded(); err != nil {
		return "", err
	}
	return in.laid(f, layout{rest: string(rune(n))})
}

// formatReal formats a float, or what is formatted as one.
//
// In CPython this is format_float_internal.
func (in *interp) formatReal(x float64, f fieldSpec, of string) (string, error) {
	if f.verb != 0 && !strings.ContainsRune("eEfFgGn%", f.verb) {
		return "", unknownVerb(f.verb, of)
	}
	if err := f.bounded(); err != nil {
		return "", err
	}
	// Many digits take the slow way of strconv.
	if err := in.spend(8 + max(f.prec, 0)); err != nil {
		return "", err
	}
	if f.verb == '%' {
		x *= 100
	}
	text := realText(math.Abs(x), f)
	if strings.ContainsRune("EFG", f.verb) {
		text = strings.ToUpper(text)
	}
	negative := math.Signbit(x) && !math.IsNaN(x)
	if f.positive && strings.Trim(text, "0.eE+-") == "" {
		negative = false
	}
	n := layout{sign: signOf(negative, f.sign)}
	end := len(text) - len(strings.TrimLeft(text, "0123456789"))
	n.digits, n.rest = text[:end], text[end:]
	if f.verb == '%' {
		n.rest += "%"
	}
	return in.laid(f, n)
}

// realText writes a float that is not negative.
func realText(x float64, f fieldSpec) string {
	prec := f.prec
	if prec < 0 {
		prec = 6
	}
	var text string
	switch {
	case math.IsInf(x, 0) || math.IsNaN(x):
		return floatText(x)
	case f.verb == 0 && f.prec < 0:
		text = floatText(x)
	case f.verb|0x20 == 'e':
		text = strconv.FormatFloat(x, 'e', prec, 64)
	case f.verb|0x20 == 'f' || f.verb == '%':
		text = strconv.FormatFloat(x, 'f', prec, 64)
	default:
		text = generalText(x, max(prec, 1), f.alt, f.verb == 0)
	}
	if f.alt && !strings.Contains(text, ".") {
		// The point stays where no digits are behind it.
		mantissa, exponent, found := strings.Cut(text, "e")
		if text = mantissa + "."; found {
			text += "e" + exponent
		}
	}
	return text
}

// generalText is the form g: prec digits, with an exponent where the number is small
// or has more digits before the point. Zeros at the end go unless they are to stay.
// A float without a type, which plain says, keeps a zero behind the point, and needs
// a place for it.
//
// In CPython this is format_float_short of Python/pystrtod.c.
func generalText(x float64, prec int, zeros, plain bool) string {
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(x, 'e', prec-1, 64), "e")
	exp, _ := strconv.Atoi(exponent)
	point := exp + 1
	withExponent := point <= -4 || point > prec-int(intOf(plain))
	text := mantissa
	if !withExponent {
		text = strconv.FormatFloat(x, 'f', max(prec-point, 0), 64)
	}
	if !zeros && strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if withExponent {
		return text + "e" + exponent
	}
	if plain && !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// laid puts a number together, with groups of digits and filled to the width. What is
// made is paid for before.
//
// In CPython these are calc_number_widths and fill_number.
func (in *interp) laid(f fieldSpec, n layout) (string, error) {
	fixed := len(n.sign) + len(n.prefix) + utf8.RuneCountInString(n.rest)
	// Each digit may have a sign between it and the next, and each place of the width
	// a character of four bytes.
	if err := in.charge(2*len(n.digits) + utf8.UTFMax*(fixed+f.width)); err != nil {
		return "", err
	}
	if f.group != "" && n.digits != "" {
		size := 3
		if strings.ContainsRune("boxX", f.verb) {
			size = 4
		}
		least := 0
		if f.fill == "0" && f.align == '=' {
			// Zeros belong to the groups: 0,001,234.
			least = f.width - fixed
		}
		n.digits = grouped(n.digits, f.group, size, least)
	}
	missing := max(f.width-fixed-utf8.RuneCountInString(n.digits), 0)
	pad := func(n int) string { return strings.Repeat(f.fill, n) }
	text := n.sign + n.prefix
	body := n.digits + n.rest
	switch f.align {
	case '<':
		return text + body + pad(missing), nil
	case '^':
		return pad(missing/2) + text + body + pad(missing-missing/2), nil
	case '=':
		return text + pad(missing) + body, nil
	}
	return pad(missing) + text + body, nil
}

// grouped writes sep between groups of digits, and zeros in front of them up to a
// width; a separator never stands first, so that it may be one more.
//
// In CPython this is _PyUnicode_InsertThousandsGrouping.
func grouped(digits, sep string, size, least int) string {
	var groups []string
	for {
		n := min(size, max(len(digits), least, 1))
		from := max(len(digits)-n, 0)
		group := digits[from:]
		groups = append(groups, strings.Repeat("0", n-len(group))+group)
		digits = digits[:from]
		if least -= n; digits == "" && least <= 0 {
			break
		}
		least--
	}
	var b strings.Builder
	for i := len(groups) - 1; i >= 0; i-- {
		b.WriteString(groups[i])
		if i > 0 {
			b.WriteString(sep)
		}
	}
	return b.String()
}
