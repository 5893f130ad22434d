package jinja

import (
	"unicode"
	"unicode/utf8"
)

// translateMethod is str.translate: each character is looked up by its number in a
// mapping, a list or a text. What is not there stays as it is, none takes it out.
//
// In CPython this is _PyUnicode_TranslateCharmap.
func translateMethod(in *interp, s string, a *args) (Value, error) {
	b, err := a.bind("translate", 1, "table")
	if err != nil {
		return nil, err
	}
	switch t := b.vals[0].(type) {
	case *Dict, *List, string, markup, rangeValue:
	case *undefined:
		return nil, t.err()
	default:
		return nil, fail(TypeError, "'%s' object is not subscriptable", typeName(t))
	}
	out := builder{in: in}
	var failed error
	err = in.pieces(s, func(piece string) bool {
		for _, r := range piece {
			if failed = in.translate(&out, b.vals[0], r); failed != nil {
				return false
			}
		}
		return true
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return nil, err
	}
	return out.text()
}

// translate writes what a table has for a character.
func (in *interp) translate(out *builder, table Value, r rune) error {
	if err := in.spend(1); err != nil {
		return err
	}
	item, err := in.getItem(table, int64(r))
	if err != nil {
		return err
	}
	switch to := item.(type) {
	case nil:
		return nil
	case *undefined:
		return out.write(string(r))
	case string:
		return out.write(to)
	case markup:
		return out.write(string(to))
	}
	i, ok := toInt(item)
	if !ok {
		return fail(TypeError, "character mapping must return integer, None or str")
	}
	if i < 0 || i > unicode.MaxRune || !utf8.ValidRune(rune(i)) {
		return fail(ValueError, "character mapping must be in range(0x110000)")
	}
	return out.write(string(rune(i)))
}
