package jinja

import (
	"strconv"
	"strings"
)

// braceFormat is str.format. Members of a value, {0.name} and {0[key]}, are read as
// the template would read them itself.
//
// In jinja2 this is SandboxedEnvironment.wrap_str_format, which uses
// string.Formatter: its messages are not those of str.format in all cases.
func (in *interp) braceFormat(s string, a *args, escapes bool) (Value, error) {
	f := &braces{in: in, args: a, escapes: escapes}
	return f.format(s, maxFormatDepth)
}

// maxFormatDepth is how deep the format of a field may have fields of its own:
// {:{width}}, and no further.
const maxFormatDepth = 2

// braces is one call of str.format.
type braces struct {
	in      *interp
	args    *args
	escapes bool // for a format that is marked
	// auto counts the fields without a name; manual says that there was one with a
	// number.
	auto   int
	manual bool
}

// format writes s with its fields filled in.
//
// In CPython this is Formatter._vformat of Lib/string.py over MarkupIterator_next.
func (f *braces) format(s string, depth int) (string, error) {
	b := builder{in: f.in}
	for s != "" {
		// A window, because strings.IndexAny over a long text without braces
		// would not be stopped.
		window := s[:min(len(s), slowPiece)]
		n := strings.IndexAny(window, "{}")
		if n < 0 {
			n = len(window)
		}
		if err := b.write(s[:n]); err != nil {
			return "", err
		}
		if s = s[n:]; n == len(window) {
			continue
		}
		text := s[:1]
		switch {
		case len(s) > 1 && s[1] == s[0]: // {{ and }}
			s = s[2:]
		case s[0] == '}' || len(s) == 1:
			return "", fail(ValueError, "Single '%s' encountered in format string", text)
		default:
			field, rest, err := f.cut(s[1:])
			if err != nil {
				return "", err
			}
			if text, err = f.field(field, depth); err != nil {
				return "", err
			}
			s = rest
		}
		if err := b.write(text); err != nil {
			return "", err
		}
	}
	return b.text()
}

// braceField is a field: {name!conv:spec}.
type braceField struct {
	name string
	conv string // a character, or none
	spec string
}

// cut reads a field behind its brace.
//
// In CPython this is parse_field of Objects/stringlib/unicode_format.h.
func (f *braces) cut(s string) (field braceField, rest string, err error) {
	window := s[:min(len(s), maxName+1)]
	n := nameEnd(window)
	if n == len(window) {
		return field, "", unclosed(s, "expected '}' before end of string")
	}
	field.name, rest = window[:n], window[n+1:]
	// The name is looked for among the arguments.
	if err := f.in.spend(1 + len(window)>>lookShift + len(f.args.names)>>2); err != nil {
		return field, "", err
	}
	end := window[n]
	switch end {
	case '{':
		return field, "", fail(ValueError, "unexpected '{' in field name")
	case '!':
		r := []rune(rest[:min(len(rest), 8)])
		if len(r) == 0 {
			return field, "", unclosed(s, "end of string while looking for conversion specifier")
		}
		field.conv = string(r[:1])
		rest = strings.TrimPrefix(rest, field.conv)
		if rest != "" {
			if end, rest = rest[0], rest[1:]; end != '}' && end != ':' {
				return field, "", fail(ValueError, "expected ':' after conversion specifier")
			}
		}
	}
	if end != '}' {
		n = closingBrace(rest)
		if n < 0 {
			return field, "", unclosed(s, "unmatched '{' in format spec")
		}
		field.spec, rest = rest[:n], rest[n+1:]
	}
	return field, s[len(window)-len(rest):], nil
}

// nameEnd returns where the name of a field ends. What stands in square brackets is a
// key, and may be anything.
func nameEnd(s string) int {
	for n := 0; n < len(s); n++ {
		switch s[n] {
		case '{', '}', ':', '!':
			return n
		case '[':
			if end := strings.IndexByte(s[n:], ']'); end >= 0 {
				n += end
			} else {
				return len(s)
			}
		}
	}
	return len(s)
}

// closingBrace returns where the brace is that closes a field, or -1.
func closingBrace(s string) int {
	open := 1
	for i := range len(s) {
		switch s[i] {
		case '{':
			open++
		case '}':
			if open--; open == 0 {
				return i
			}
		}
	}
	return -1
}

// unclosed is the error about a field that does not end, or not soon enough.
func unclosed(s, msg string) error {
	if len(s) > maxName {
		return fail(LimitError, "a format field is longer than %d bytes", maxName)
	}
	return fail(ValueError, "%s", msg)
}

// field writes one field.
func (f *braces) field(field braceField, depth int) (string, error) {
	if depth <= 0 {
		return "", fail(ValueError, "Max string recursion exceeded")
	}
	v, err := f.value(field.name)
	if err != nil {
		return "", err
	}
	switch field.conv {
	case "":
	case "s":
		v, err = f.in.str(v)
	case "r":
		v, err = f.in.repr(v)
	case "a":
		v, err = f.in.ascii(v)
	default:
		err = fail(ValueError, "Unknown conversion specifier %s", field.conv)
	}
	if err != nil {
		return "", err
	}
	spec := field.spec
	if strings.ContainsAny(spec, "{}") {
		if spec, err = f.format(spec, depth-1); err != nil {
			return "", err
		}
	}
	if f.escapes {
		return f.escaped(v, spec)
	}
	return f.in.formatValue(v, spec)
}

// value returns what a field names: an argument by its number or its name, and
// members of it.
func (f *braces) value(id string) (Value, error) {
	n := strings.IndexAny(id, ".[")
	if n < 0 {
		n = len(id)
	}
	first, members := id[:n], id[n:]
	v, err := f.argument(first, members == "")
	for err == nil && members != "" {
		v, members, err = f.member(v, members)
	}
	return v, err
}

// argument returns an argument. Fields without a name take the next one, and may not
// stand beside fields with a number.
func (f *braces) argument(id string, whole bool) (Value, error) {
	digits := asciiDigits(id)
	if id == "" && whole {
		if f.manual {
			return nil, errNumbering()
		}
		digits = strconv.Itoa(f.auto)
		f.auto++
	} else if digits != "" && strings.Trim(digits, "0123456789") == "" && whole {
		if f.auto > 0 {
			return nil, errNumbering()
		}
		f.manual = true
	}
	if digits != "" && strings.Trim(digits, "0123456789") == "" {
		at, err := strconv.Atoi(digits)
		if err != nil {
			return nil, fail(ValueError, "Too many decimal digits in format string")
		}
		if at >= len(f.args.pos) {
			return nil, fail("IndexError", "tuple index out of range")
		}
		return f.args.pos[at], nil
	}
	for i, n := range f.args.names {
		if n == id {
			return f.args.named[i], nil
		}
	}
	return nil, fail("KeyError", "'%s'", id)
}

// errNumbering has the same words for both orders, as Lib/string.py has.
func errNumbering() error {
	return fail(ValueError, "cannot switch from manual field specification to automatic field numbering")
}

// member reads the first member of a path, .name or [key].
func (f *braces) member(v Value, path string) (Value, string, error) {
	if path[0] == '[' {
		key, rest, ok := strings.Cut(path[1:], "]")
		switch {
		case !ok:
			return nil, "", fail(ValueError, "Missing ']' in format string")
		case key == "":
			return nil, "", fail(ValueError, "Empty attribute in format string")
		case rest != "" && rest[0] != '.' && rest[0] != '[':
			return nil, "", fail(ValueError, "Only '.' or '[' may follow ']' in format field specifier")
		}
		if n, err := strconv.ParseUint(asciiDigits(key), 10, 62); err == nil {
			v, err = f.in.getItem(v, int64(n))
			return v, rest, err
		}
		v, err := f.in.getItem(v, key)
		return v, rest, err
	}
	n := strings.IndexAny(path[1:], ".[") + 1
	if n == 0 {
		n = len(path)
	}
	if n == 1 {
		return nil, "", fail(ValueError, "Empty attribute in format string")
	}
	v, err := f.in.getAttr(v, path[1:n])
	return v, path[n:], err
}

// ascii is Python's ascii(): repr with escapes for what is not ASCII.
func (in *interp) ascii(v Value) (string, error) {
	text, err := in.repr(v)
	if err != nil {
		return "", err
	}
	b := builder{in: in}
	err = in.escaped(&b, text, func(r rune) bool { return r < 0x80 }, appendEscape)
	if err != nil {
		return "", err
	}
	return b.text()
}

// escaped is what a field of a marked format writes.
//
// In markupsafe this is EscapeFormatter.format_field.
func (f *braces) escaped(v Value, spec string) (string, error) {
	if !isMarkup(v) {
		text, err := f.in.formatValue(v, spec)
		if err != nil {
			return "", err
		}
		v = text
	} else if spec != "" {
		return "", fail(ValueError, "Unsupported format specification for Markup.")
	}
	m, err := f.in.escape(v)
	return string(m), err
}
