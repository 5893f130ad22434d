package jinja

import (
	"strconv"
	"strings"
)

// braceFormat is str.format with plain fields: {}, {0}, {name} and a conversion
// of !s or !r. Members of a value, {0.name} and {0[key]}, are refused: this is
// how templates broke out of Python's sandbox in the past, and jinja2 replaces
// the method for that reason.
//
// In jinja2 this is SandboxedEnvironment.wrap_str_format, which uses
// string.Formatter: its messages are not those of str.format in all cases.
func (in *interp) braceFormat(s string, a *args) (Value, error) {
	b := builder{in: in}
	auto := 0
	for s != "" {
		// A window, because strings.IndexAny over a long text without braces
		// would not be stopped.
		window := s[:min(len(s), slowPiece)]
		n := strings.IndexAny(window, "{}")
		if n < 0 {
			n = len(window)
		}
		if err := b.write(s[:n]); err != nil {
			return nil, err
		}
		if s = s[n:]; n == len(window) {
			continue
		}
		text := s[:1]
		switch {
		case len(s) > 1 && s[1] == s[0]: // {{ and }}
			s = s[2:]
		case s[0] == '}':
			return nil, fail(ValueError, "Single '}' encountered in format string")
		default:
			field, rest, ok := strings.Cut(s[1:], "}")
			if !ok {
				return nil, fail(ValueError, "expected '}' before end of string")
			}
			// The name is looked for among the arguments.
			if err := in.spend(1 + len(field)>>runeShift + len(a.names)>>2); err != nil {
				return nil, err
			}
			var err error
			if text, err = in.formatField(field, a, &auto); err != nil {
				return nil, err
			}
			s = rest
		}
		if err := b.write(text); err != nil {
			return nil, err
		}
	}
	return b.text()
}

// formatField writes one field. A name of digits is a position, an empty one
// the next position.
//
// A format that % has too is done by it. Widths are charged there, before they are
// written.
func (in *interp) formatField(field string, a *args, auto *int) (string, error) {
	if len(field) > maxName {
		return "", fail(LimitError, "a format field is longer than %d bytes", maxName)
	}
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
		// The kinds of these errors are Python's too.
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
	// Only what % knows too; Python's alignment and grouping are not read.
	verb := spec[len(spec)-1]
	if strings.IndexByte("dxXofFeEgGs", verb) < 0 {
		return "", fail(ValueError, "the format '%s' is not supported", spec)
	}
	return in.formatVerb(verb, spec[:len(spec)-1], v)
}
