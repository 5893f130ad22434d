package jinja

import (
	"strings"
	"unicode/utf8"
)

// affixMethod makes startswith and endswith, which take one text or a tuple of
// several; a list is refused, as in Python.
//
// Comparing an end costs its length: a template could ask for a long one at every
// round of a loop.
func affixMethod(fn string, has func(s, affix string) bool) textMethod {
	return func(in *interp, s string, a *args) (Value, error) {
		b, err := a.bind(fn, 1, "prefix", "start", "end")
		if err != nil {
			return nil, err
		}
		s, _, found, err := in.window(s, b)
		if err != nil {
			return nil, err
		}
		choices := []Value{b.vals[0]}
		if l, ok := b.vals[0].(*List); ok && l.tuple {
			choices = l.Items
		}
		for _, c := range choices {
			text, ok := textOf(c)
			if u, isUndefined := c.(*undefined); isUndefined {
				return nil, u.err()
			}
			if !ok {
				return nil, fail(TypeError, "%s first arg must be str or a tuple of str, not %s", fn, typeName(c))
			}
			if err := in.affix(s, text); err != nil {
				return nil, err
			}
			if found && has(s, text) {
				return true, nil
			}
		}
		return false, nil
	}
}

// affix pays for comparing an end of s with a text.
func (in *interp) affix(s, text string) error {
	if len(text) > len(s) {
		text = ""
	}
	return in.spend(1 + len(text)>>lookShift)
}

// cutMethod makes removeprefix and removesuffix, which cut once; strip would go
// on.
func cutMethod(fn string, cut func(s, affix string) string) textMethod {
	return func(in *interp, s string, a *args) (Value, error) {
		affix, err := oneText(fn, a)
		if err != nil {
			return nil, err
		}
		return cut(s, affix), in.affix(s, affix)
	}
}

// findMethod returns an index that counts characters. find and index differ in
// what they do when there is nothing: -1, or an error.
//
// The search is charged by what it goes over, and the place by the characters
// before it, which have to be counted.
func findMethod(fn string, back bool) textMethod {
	return func(in *interp, s string, a *args) (Value, error) {
		b, err := a.bind(fn, 1, "sub", "start", "end")
		if err != nil {
			return nil, err
		}
		sub, err := b.text(0, "")
		if err != nil {
			return nil, err
		}
		part, from, found, err := in.window(s, b)
		if err != nil {
			return nil, err
		}
		i := -1
		if found {
			i, err = in.index(part, sub, back)
		}
		switch {
		case err != nil:
			return nil, err
		case i >= 0:
			n, err := in.runeCount(s[:from+i])
			return int64(n), err
		case strings.HasSuffix(fn, "index"):
			return nil, fail(ValueError, "substring not found")
		}
		return int64(-1), nil
	}
}

// window returns the part of a text that the second and the third argument of a
// method say, which are bounds of a slice, and where it begins. Not even the empty
// text is found where it ends before it begins, or begins behind the end of the text.
//
// The place of the start is charged by the characters before it.
func (in *interp) window(s string, b bound) (part string, from int, found bool, err error) {
	var bounds [2]*int64
	for i := range bounds {
		v := b.vals[i+1]
		if v == nil {
			continue // not given, or none
		}
		x, ok := sliceIndex(v)
		if !ok {
			return "", 0, false, errSliceIndex()
		}
		bounds[i] = &x
	}
	from, to, err := in.span(s, bounds[0], bounds[1])
	if err != nil || from > to {
		return "", 0, false, err
	}
	if start := bounds[0]; start != nil && *start > 0 && from == len(s) {
		n, err := in.runeCount(s)
		if err != nil || *start > int64(n) {
			return "", 0, false, err
		}
	}
	return s[from:to], from, true, nil
}

// countMethod is str.count.
func countMethod(in *interp, s string, a *args) (Value, error) {
	b, err := a.bind("count", 1, "sub", "start", "end")
	if err != nil {
		return nil, err
	}
	sub, err := b.text(0, "")
	if err != nil {
		return nil, err
	}
	part, _, found, err := in.window(s, b)
	if err != nil || !found {
		return int64(0), err
	}
	n, err := in.count(part, sub)
	return int64(n), err
}

// partitionMethod makes partition and rpartition. Where there is no separator
// the whole text comes first, or last from the right, with two empty texts.
func partitionMethod(fn string, back bool) textMethod {
	return func(in *interp, s string, a *args) (Value, error) {
		sep, err := oneText(fn, a)
		if err == nil && sep == "" {
			err = fail(ValueError, "empty separator")
		}
		if err != nil {
			return nil, err
		}
		i, err := in.index(s, sep, back)
		if err == nil {
			err = in.charge(listBytes + 3*(itemBytes+boxBytes))
		}
		switch {
		case err != nil:
			return nil, err
		case i >= 0:
			return newTuple(s[:i], sep, s[i+len(sep):]), nil
		case back:
			return newTuple("", "", s), nil
		}
		return newTuple(s, "", ""), nil
	}
}

// replaceMethod takes text only, and a negative count for no limit.
func replaceMethod(in *interp, s string, a *args) (Value, error) {
	b, err := a.bind("replace", 2, "old", "new", "count")
	if err != nil {
		return nil, err
	}
	from, err := b.text(0, "")
	if err != nil {
		return nil, err
	}
	to, err := b.text(1, "")
	if err != nil {
		return nil, err
	}
	count, err := b.int(2, -1)
	if err != nil {
		return nil, err
	}
	return in.replace(s, from, to, count)
}

// joinMethod refuses items that are not text, unlike the filter join: a
// template that means to write numbers has to say so.
func joinMethod(in *interp, s string, a *args) (Value, error) {
	b, err := a.bind("join", 1, "iterable")
	if err != nil {
		return nil, err
	}
	items, err := in.iterate(b.vals[0])
	if err != nil {
		return nil, err
	}
	for i, item := range items {
		if !isText(item) {
			return nil, fail(TypeError, "sequence item %d: expected str instance, %s found", i, typeName(item))
		}
	}
	return in.join(items, s)
}

// justMethod pads a text to a width. The odd space of center goes to the left
// when the width is odd and to the right when it is even: CPython's rule, not
// stated in its documentation.
//
// unicode_center_impl of CPython, as the other two.
func justMethod(fn string) textMethod {
	return func(in *interp, s string, a *args) (Value, error) {
		b, err := a.bind(fn, 1, "width", "fillchar")
		if err != nil {
			return nil, err
		}
		width, err := b.int(0, 0)
		if err != nil {
			return nil, err
		}
		fill, err := b.text(1, " ")
		if err == nil && (len(fill) > utf8.UTFMax || utf8.RuneCountInString(fill) != 1) {
			err = fail(TypeError, "The fill character must be exactly one character long")
		}
		if err != nil {
			return nil, err
		}
		n, err := in.runeCount(s)
		if err != nil {
			return nil, err
		}
		missing := max(width-int64(n), 0)
		left := int64(0)
		// ljust has nothing on the left.
		switch fn {
		case "rjust":
			left = missing
		case "center":
			left = missing/2 + missing&width&1
		}
		return in.padded(fill, left, s, missing-left)
	}
}

// padded writes a character before times, s, and the character after times.
func (in *interp) padded(fill string, before int64, s string, after int64) (Value, error) {
	if before <= 0 && after <= 0 {
		return s, nil
	}
	left, err := in.padding(fill, before)
	if err != nil {
		return nil, err
	}
	right, err := in.padding(fill, after)
	if err != nil {
		return nil, err
	}
	return in.concat(left, s, right)
}

// zfillMethod keeps a sign in front of the zeros.
func zfillMethod(in *interp, s string, a *args) (Value, error) {
	b, err := a.bind("zfill", 1, "width")
	if err != nil {
		return nil, err
	}
	width, err := b.int(0, 0)
	if err != nil {
		return nil, err
	}
	sign := ""
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign, s = s[:1], s[1:]
	}
	n, err := in.runeCount(s)
	if err != nil {
		return nil, err
	}
	fill, err := in.padding("0", width-int64(len(sign)+n))
	if err != nil {
		return nil, err
	}
	return in.concat(sign, fill, s)
}

// padding repeats a character.
func (in *interp) padding(fill string, n int64) (string, error) {
	if n <= 0 {
		return "", nil
	}
	return in.repeat(fill, n)
}

// formatMapMethod is format with the fields of a mapping.
func formatMapMethod(in *interp, s string, a *args) (Value, error) {
	named, err := mappingArgs(a)
	if err != nil {
		return nil, err
	}
	return in.braceFormat(s, named, false)
}

// mappingArgs returns the arguments that a mapping names.
func mappingArgs(a *args) (*args, error) {
	if len(a.pos) != 1 || len(a.names) > 0 {
		return nil, fail(TypeError, "format_map() takes exactly one argument %d given", len(a.pos)+len(a.names))
	}
	d, ok := a.pos[0].(*Dict)
	if !ok {
		return nil, fail(TypeError, "'%s' object is not subscriptable", typeName(a.pos[0]))
	}
	named := &args{}
	for i, key := range d.keys {
		if id, ok := textOf(key); ok {
			named.names, named.named = append(named.names, id), append(named.named, d.vals[i])
		}
	}
	return named, nil
}

// expandTabsMethod fills up to the next column of so many where a tab is. A line break
// begins the columns anew.
func expandTabsMethod(in *interp, s string, a *args) (Value, error) {
	b, err := a.bind("expandtabs", 0, "tabsize")
	if err != nil {
		return nil, err
	}
	size, err := b.int(0, 8)
	if err != nil {
		return nil, err
	}
	out := builder{in: in}
	column := int64(0)
	var failed error
	err = in.pieces(s, func(piece string) bool {
		from := 0
		for i, r := range piece {
			switch r {
			case '\t':
				fill := int64(0)
				if size > 0 {
					fill = size - column%size
				}
				if failed = out.write(piece[from:i]); failed == nil {
					failed = out.writeTimes(" ", fill)
				}
				if failed != nil {
					return false
				}
				column, from = column+fill, i+1
			case '\n', '\r':
				column = 0
			default:
				column++
			}
		}
		failed = out.write(piece[from:])
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return nil, err
	}
	return out.text()
}
