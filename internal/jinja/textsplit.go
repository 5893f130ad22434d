package jinja

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// parts collects what a text is split into.
type parts struct {
	in    *interp
	items []Value
}

// add appends a part. Only its place in the list is new: the text is shared.
func (p *parts) add(text string) error {
	if err := p.in.charge(itemBytes + boxBytes); err != nil {
		return err
	}
	p.items = append(p.items, text)
	return nil
}

// longSplit is the size in bytes from which separators are counted before a text is
// split at them.
const longSplit = 1 << 18

// expect makes room for the parts of a long text, if the memory for them is there. A
// list of millions that grows is copied again and again, and each copy takes longer than
// a look at the context may wait.
func (p *parts) expect(s, sep string, limit int) error {
	if len(s) < longSplit || limit >= 0 {
		return nil
	}
	n, err := p.in.count(s, sep)
	if err == nil && n < p.in.bytes/(itemBytes+boxBytes) {
		p.items = make([]Value, 0, n+1)
	}
	return err
}

func (p *parts) list() Value { return NewList(p.items...) }

// reversed is list for parts that were found from the end.
func (p *parts) reversed() Value {
	slices.Reverse(p.items)
	return p.list()
}

// splitArgs reads the arguments of split; sep is empty for white space. Without
// a separator, or with none, text is split at runs of white space, and no part
// is empty; with one, every occurrence counts.
func splitArgs(fn string, a *args) (sep string, limit int, err error) {
	b, err := a.bind(fn, 0, "sep", "maxsplit")
	if err != nil {
		return "", 0, err
	}
	if b.isSet[0] && b.vals[0] != nil {
		if sep, err = b.text(0, ""); err != nil {
			return "", 0, err
		}
		if sep == "" {
			return "", 0, fail(ValueError, "empty separator")
		}
	}
	n, err := b.int(1, -1)
	if n < 0 || n > 1<<30 {
		n = -1
	}
	return sep, int(n), err
}

// splitMethod is str.split, from the left.
//
// Each part is charged as an item with a box: a text of nothing but separators
// becomes a list of as many empty texts, forty times its size.
func splitMethod(in *interp, s string, a *args) (Value, error) {
	sep, limit, err := splitArgs("split", a)
	if err != nil {
		return nil, err
	}
	p := parts{in: in}
	if sep != "" {
		if err := p.expect(s, sep, limit); err != nil {
			return nil, err
		}
		err := in.each(s, sep, limit, p.add)
		return p.list(), err
	}
	return in.splitSpace(s, limit)
}

// splitSpace splits at white space. What is left behind the limit keeps the
// white space inside of it, and loses that before it.
func (in *interp) splitSpace(s string, limit int) (Value, error) {
	p := parts{in: in}
	s, err := in.trimLeft(s, isSpace)
	for err == nil && s != "" {
		end := len(s)
		if limit < 0 || len(p.items) < limit {
			if end, err = in.word(s); err != nil {
				return nil, err
			}
		}
		if err := p.add(s[:end]); err != nil {
			return nil, err
		}
		s, err = in.trimLeft(s[end:], isSpace)
	}
	return p.list(), err
}

// word returns the length of the text before the first white space.
func (in *interp) word(s string) (int, error) {
	at := 0
	err := in.pieces(s, func(piece string) bool {
		if i := strings.IndexFunc(piece, isSpace); i >= 0 {
			at += i
			return false
		}
		at += len(piece)
		return true
	})
	return at, err
}

// rsplitMethod is str.rsplit. It differs from split only if there is a limit,
// or a separator that can overlap itself.
func rsplitMethod(in *interp, s string, a *args) (Value, error) {
	sep, limit, err := splitArgs("rsplit", a)
	if err != nil {
		return nil, err
	}
	switch {
	case sep == "" && limit < 0:
		return in.splitSpace(s, -1)
	case sep == "":
		return in.rsplitSpace(s, limit)
	}
	find, err := in.newFinder(sep, true)
	if err != nil {
		return nil, err
	}
	p := parts{in: in}
	for ; limit != 0; limit-- {
		i, err := find.find(s)
		if err != nil {
			return nil, err
		}
		if i < 0 {
			break
		}
		if err := p.add(s[i+len(sep):]); err != nil {
			return nil, err
		}
		s = s[:i]
	}
	if err := p.add(s); err != nil {
		return nil, err
	}
	return p.reversed(), in.touch(find.owed)
}

// rsplitSpace is splitSpace from the right, with a limit.
func (in *interp) rsplitSpace(s string, limit int) (Value, error) {
	p := parts{in: in}
	s, err := in.trimRight(s, isSpace)
	for err == nil && s != "" {
		rest := ""
		if len(p.items) < limit {
			if rest, err = in.trimRight(s, func(r rune) bool { return !isSpace(r) }); err != nil {
				return nil, err
			}
		}
		if err := p.add(s[len(rest):]); err != nil {
			return nil, err
		}
		s, err = in.trimRight(rest, isSpace)
	}
	return p.reversed(), err
}

// splitLinesMethod is str.splitlines.
func splitLinesMethod(in *interp, s string, a *args) (Value, error) {
	b, err := a.bind("splitlines", 0, "keepends")
	if err != nil {
		return nil, err
	}
	p := parts{in: in}
	err = in.lines(s, b.truth(0, false), p.add)
	return p.list(), err
}

// isLineEnd reports whether a character ends a line for str.splitlines. They
// are more than a file has: separators of ASCII and of Unicode too.
func isLineEnd(r rune) bool {
	switch r {
	case '\n', '\r', '\v', '\f', '\x1c', '\x1d', '\x1e', '\u0085', '\u2028', '\u2029':
		return true
	}
	return false
}

// lines calls f with the lines of s as Python's str.splitlines cuts them, with
// what ends them if keep is set. A line break at the end has no line behind it,
// unlike what split gives.
//
// The table of Objects/unicodetype_db.h (_PyUnicode_IsLinebreak) has these
// characters.
func (in *interp) lines(s string, keep bool, f func(line string) error) error {
	at := 0 // where the end of the line that s begins with is looked for
	for at < len(s) {
		piece := s[at : at+pieceLen(s[at:], slowPiece)]
		i := strings.IndexFunc(piece, isLineEnd)
		if i < 0 {
			if err := in.spend(len(piece) >> runeShift); err != nil {
				return err
			}
			at += len(piece)
			continue
		}
		if err := in.spend(1 + i>>runeShift); err != nil {
			return err
		}
		end := at + i
		_, n := utf8.DecodeRuneInString(s[end:])
		if strings.HasPrefix(s[end:], "\r\n") {
			n = 2
		}
		line := s[:end]
		if keep {
			line = s[:end+n]
		}
		if err := f(line); err != nil {
			return err
		}
		s, at = s[end+n:], 0
	}
	if s == "" {
		return nil
	}
	return f(s)
}
