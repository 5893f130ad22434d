package jinja

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// fieldSpec is a format of str.format in Python's mini-language:
// [[fill]align][sign][z][#][0][width][grouping][.precision][type].
type fieldSpec struct {
	fill     string
	align    byte // one of < > = ^
	sign     byte // one of + - space, 0 where none is given
	positive bool // z: a zero has no minus
	alt      bool // #
	width    int
	group    string // what stands between groups of digits
	prec     int    // -1 where none is given
	verb     rune   // the type, 0 where a float has none
}

// What a width and a precision may be at most: the bounds of parseSpec.
const (
	maxWidth     = 10000
	maxPrecision = 1000
)

// cutFieldSpec reads a format for a value whose type has a name, a default type and a
// default alignment.
//
// In CPython this is parse_internal_render_format_spec of
// Python/formatter_unicode.c.
func cutFieldSpec(text, of string, verb rune, align byte) (f fieldSpec, err error) {
	f = fieldSpec{fill: " ", align: align, prec: -1, verb: verb}
	rest, filled, aligned := f.cutAlign(text)
	if rest != "" && strings.IndexByte("+- ", rest[0]) >= 0 {
		f.sign, rest = rest[0], rest[1:]
	}
	rest, f.positive = strings.CutPrefix(rest, "z")
	rest, f.alt = strings.CutPrefix(rest, "#")
	if !filled && strings.HasPrefix(rest, "0") {
		f.fill, rest = "0", rest[1:]
		if !aligned && align == '>' {
			f.align = '='
		}
	}
	if f.width, rest, err = cutSize(rest, 0); err != nil {
		return f, err
	}
	if rest, err = f.cutGroup(rest); err != nil {
		return f, err
	}
	if after, ok := strings.CutPrefix(rest, "."); ok {
		if f.prec, rest, err = cutSize(after, -1); err == nil && f.prec < 0 {
			err = fail(ValueError, "Format specifier missing precision")
		}
		if err != nil {
			return f, err
		}
	}
	if r, n := utf8.DecodeRuneInString(rest); n < len(rest) {
		return f, fail(ValueError, "Invalid format specifier '%s' for object of type '%s'", text, of)
	} else if n > 0 {
		f.verb = r
	}
	return f, f.checkGroup()
}

// cutAlign reads an alignment and the character before it, which may be any.
func (f *fieldSpec) cutAlign(text string) (rest string, filled, aligned bool) {
	isAlign := func(at int) bool { return at < len(text) && strings.IndexByte("<>=^", text[at]) >= 0 }
	_, n := utf8.DecodeRuneInString(text)
	switch {
	case n > 0 && isAlign(n):
		f.fill, f.align = text[:n], text[n]
		return text[n+1:], true, true
	case isAlign(0):
		f.align = text[0]
		return text[1:], false, true
	}
	return text, false, false
}

// cutSize reads decimal digits.
func cutSize(text string, otherwise int) (n int, rest string, err error) {
	end := 0
	for i, r := range text {
		if digitValue(r) < 0 {
			break
		}
		end = i + utf8.RuneLen(r)
	}
	if end == 0 {
		return otherwise, text, nil
	}
	if n, err = strconv.Atoi(asciiDigits(text[:end])); err != nil {
		return 0, "", fail(ValueError, "Too many decimal digits in format string")
	}
	return n, text[end:], nil
}

// cutGroup reads the sign between thousands.
func (f *fieldSpec) cutGroup(text string) (string, error) {
	rest, comma := strings.CutPrefix(text, ",")
	rest, under := strings.CutPrefix(rest, "_")
	switch {
	case comma && under || under && strings.HasPrefix(rest, ","):
		return "", fail(ValueError, "Cannot specify both ',' and '_'.")
	case comma:
		f.group = ","
	case under:
		f.group = "_"
	}
	return rest, nil
}

// checkGroup refuses groups for types that have none. Those of other bases than ten
// have an underscore only.
func (f *fieldSpec) checkGroup() error {
	verbs := "defgEG%F\x00"
	if f.group == "_" {
		verbs += "boxX"
	}
	if f.group == "" || strings.ContainsRune(verbs, f.verb) {
		return nil
	}
	return fail(ValueError, "Cannot specify '%s' with %s.", f.group, verbName(f.verb))
}

// verbName is how messages write a type.
func verbName(verb rune) string {
	if verb > 32 && verb < utf8.RuneSelf {
		return "'" + string(verb) + "'"
	}
	return `'\x` + strconv.FormatInt(int64(verb), 16) + "'"
}

// bounded refuses sizes that are too large to be meant.
func (f *fieldSpec) bounded() error {
	if f.width > maxWidth || f.prec > maxPrecision {
		return fail(LimitError, "a format is too wide")
	}
	return nil
}
