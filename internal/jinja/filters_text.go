package jinja

import (
	"math/big"
	"unicode"
)

// filterTrim writes any value as text first; the method strip exists for text
// only.
func filterTrim(in *interp, v Value, a *args) (Value, error) {
	s, err := in.str(v)
	if err != nil {
		return nil, err
	}
	b, err := a.bind("trim", 0, "chars")
	if err != nil {
		return nil, err
	}
	return textMethods["strip"](in, s, &args{pos: b.vals})
}

// filterIndent keeps the first line and empty lines as they are, unless it is
// told otherwise. It adds a line break and cuts lines with splitlines, as
// jinja2 does, so that all kinds of line ends become a plain one.
//
// In jinja2 this is do_indent of filters.py: it adds the line break so that
// splitlines leaves what ends in one with an empty last line.
func filterIndent(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("indent", 0, "width", "first", "blank")
	if err != nil {
		return nil, err
	}
	s, ok := v.(string)
	// jinja2 adds a line break to the value, and this is what Python says to
	// that.
	if !ok {
		if u, ok := v.(*undefined); ok {
			return nil, u.err()
		}
		// A list takes the line break as one more item.
		if l, ok := v.(*List); ok && !l.tuple {
			return nil, fail("AttributeError", "'list' object has no attribute 'splitlines'")
		}
		return nil, fail(TypeError, "unsupported operand type(s) for +=: '%s' and 'str'", typeName(v))
	}
	// A text as the width is itself what each line begins with.
	pad, ok := b.vals[0].(string)
	if !ok {
		n, err := b.int(0, 4)
		if err != nil {
			return nil, err
		}
		if pad, err = in.padding(" ", n); err != nil {
			return nil, err
		}
	}
	return in.indented(s, pad, b.truth(1, false), b.truth(2, false))
}

// indented begins the lines of a text with pad: the first one, and those that are
// empty, only if it is asked for. Every line is paid for as it is written.
func (in *interp) indented(s, pad string, first, blank bool) (Value, error) {
	// A text that ends in a line break thereby keeps one empty line.
	s, err := in.concat(s, "\n")
	if err != nil {
		return nil, err
	}
	out := builder{in: in}
	begun := false
	err = in.lines(s, false, func(line string) error {
		padded := first
		if begun {
			// Trailing spaces in an otherwise empty line are seldom meant.
			padded = line != "" || blank
			if err := out.write("\n"); err != nil {
				return err
			}
		}
		begun = true
		if padded {
			if err := out.write(pad); err != nil {
				return err
			}
		}
		return out.write(line)
	})
	if err != nil {
		return nil, err
	}
	return out.text()
}

// filterReplace writes all its arguments as text first, unlike the method
// replace. A count of none is no count.
//
// In jinja2 this is do_replace. Without automatic escaping it is str.replace of
// what str() makes of the three values.
func filterReplace(in *interp, v Value, a *args) (Value, error) {
	s, err := in.str(v)
	if err != nil {
		return nil, err
	}
	b, err := a.bind("replace", 2, "old", "new", "count")
	if err != nil {
		return nil, err
	}
	from, err := in.str(b.vals[0])
	if err != nil {
		return nil, err
	}
	to, err := in.str(b.vals[1])
	if err != nil {
		return nil, err
	}
	count := int64(-1)
	if b.isSet[2] && b.vals[2] != nil {
		if count, err = b.int(2, -1); err != nil {
			return nil, err
		}
	}
	if in.autoescape {
		return in.replaceEscaped(v, b.vals[0], b.vals[1], count)
	}
	return in.replace(s, from, to, count)
}

// replaceEscaped is replace where text is escaped: a marked old text, or a marked new one
// for a text that is not, makes the whole marked.
func (in *interp) replaceEscaped(v, old, with Value, count int64) (Value, error) {
	if isMarkup(old) || isMarkup(with) && !isMarkup(v) {
		m, err := in.escape(v)
		if err != nil {
			return nil, err
		}
		v = m
	}
	mark := isMarkup(v)
	var texts [3]string
	for i, part := range [3]Value{v, old, with} {
		var err error
		if mark && i == 2 {
			if part, err = in.escape(part); err != nil {
				return nil, err
			}
		}
		if texts[i], err = in.str(part); err != nil {
			return nil, err
		}
	}
	out, err := in.replace(texts[0], texts[1], texts[2], count)
	if mark {
		return marked(out, err)
	}
	return out, err
}

// filterFormat is the operator % with its arguments spelled out. In jinja2
// names and positions exclude each other.
//
// In jinja2 this is do_format, which raises FilterArgumentError where both are
// given.
func filterFormat(in *interp, v Value, a *args) (Value, error) {
	s, err := in.str(v)
	if err != nil {
		return nil, err
	}
	if len(a.named) > 0 && len(a.pos) > 0 {
		return nil, fail("FilterArgumentError", "can't handle positional and keyword arguments at the same time")
	}
	if len(a.named) > 0 {
		d := NewDict()
		for i, n := range a.names {
			d.Set(n, a.named[i])
		}
		return in.formatted(v, s, d)
	}
	return in.formatted(v, s, newTuple(a.pos...))
}

// formatted is the operator % with the text of a value, which marks the result if it is
// marked.
func (in *interp) formatted(v Value, s string, values Value) (Value, error) {
	text, err := in.percent(s, values, isMarkup(v))
	if isMarkup(v) {
		return markup(text), err
	}
	return text, err
}

// filterWordCount counts runs of \w as Python's re sees it: letters, numbers
// and underscores of all scripts. A hyphen ends a word.
//
// In jinja2 this is do_wordcount, whose pattern is \w+. Every character is looked
// at and paid for; nothing is kept.
func filterWordCount(in *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("wordcount", 0); err != nil {
		return nil, err
	}
	s, err := in.str(v)
	if err != nil {
		return nil, err
	}
	words := int64(0)
	inside := false
	err = in.pieces(s, func(piece string) bool {
		// inside lives across pieces, so that a word on an edge counts once.
		for _, r := range piece {
			was := inside
			inside = r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r)
			if inside && !was {
				words++
			}
		}
		return true
	})
	return words, err
}

// filterCenter is the method with a default of 80 columns: the filters of
// jinja2 that began in Django kept the width of a terminal.
//
// In jinja2 this is do_center.
func filterCenter(in *interp, v Value, a *args) (Value, error) {
	s, err := in.str(v)
	if err != nil {
		return nil, err
	}
	b, err := a.bind("center", 0, "width")
	if err != nil {
		return nil, err
	}
	width, err := b.int(0, 80)
	if err != nil {
		return nil, err
	}
	return textMethods["center"](in, s, &args{pos: []Value{width}})
}

// filterTruncate cuts at a word's start and lets a text pass that is longer
// than the limit by the leeway, because a cut that saves less than it adds
// looks silly; jinja2 has that since version 2.9.
//
// In jinja2 this is do_truncate, whose leeway is the policy truncate.leeway of the
// environment, 5.
func filterTruncate(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("truncate", 0, "length", "killwords", "end", "leeway")
	// The default length is that of jinja2, 255.
	if err != nil {
		return nil, err
	}
	// len() comes before anything else there, and numbers have none.
	switch v.(type) {
	case nil, bool, int64, float64, *big.Int:
		return nil, fail(TypeError, "object of type '%s' has no len()", typeName(v))
	}
	s, err := in.str(v)
	if err != nil {
		return nil, err
	}
	limit, err := b.int(0, 255)
	if err != nil {
		return nil, err
	}
	end, err := b.text(2, "...")
	if err != nil {
		return nil, err
	}
	leeway, err := b.int(3, 5)
	if err != nil {
		return nil, err
	}
	endLen, err := in.runeCount(end)
	if err != nil {
		return nil, err
	}
	// The reference asserts both, so the kinds of its errors are those of assert.
	if limit < int64(endLen) {
		return nil, fail("AssertionError", "expected length >= %d, got %d", endLen, limit)
	}
	if leeway < 0 {
		return nil, fail("AssertionError", "expected leeway >= 0, got %d", leeway)
	}
	// What is no text stays as it is where it is short enough, and is none to cut.
	if !isText(v) {
		n, err := in.length(v)
		if err != nil || int64(n) <= limit+leeway {
			return v, err
		}
		return nil, fail(TypeError, "can only concatenate %s (not \"str\") to %s", typeName(v), typeName(v))
	}
	keep := limit - int64(endLen)
	if !isMarkup(v) {
		return in.truncate(s, limit, leeway, end, keep, b.truth(1, false))
	}
	m, err := in.escape(b.vals[2])
	if !b.isSet[2] {
		m = markup(end)
	}
	if err != nil {
		return nil, err
	}
	return marked(in.truncate(s, limit, leeway, string(m), keep, b.truth(1, false)))
}

// truncate keeps a number of characters of s and puts end behind them, unless s
// has only leeway more than limit. Without hard it cuts before the word.
//
// The text is counted only as far as the limit, so that a long one costs no more
// than what is left of it.
func (in *interp) truncate(s string, limit, leeway int64, end string, keep int64, hard bool) (Value, error) {
	// Characters are no more than bytes, so that most texts need no counting.
	if limit+leeway >= int64(len(s)) || limit+leeway < 0 {
		return s, nil
	}
	if _, missing, err := in.offset(s, limit+leeway+1); err != nil || missing > 0 {
		return s, err
	}
	n, _, err := in.offset(s, keep)
	if err != nil {
		return nil, err
	}
	cut := s[:n]
	if !hard {
		i, err := in.index(cut, " ", true)
		if err != nil {
			return nil, err
		}
		if i >= 0 {
			cut = cut[:i]
		}
	}
	return in.concat(cut, end)
}
