package jinja

import (
	"strings"
	"unicode/utf8"
)

// finder looks for one text in others and pays for what it goes over.
type finder struct {
	in  *interp
	sub string
	// back says that the last place is looked for, not the first.
	back bool
	// skip is the failure function of Knuth, Morris and Pratt for a long text:
	// what package strings does with one can be made quadratic by a text that
	// differs from it late and often.
	skip []int32
	// owed are bytes that were gone over and not paid for yet.
	owed int
}

// longSub is the length from which a text is looked for by its failure
// function. Package strings compares at most that many bytes at each place.
const longSub = 33

// matchCost is what a call of find costs beside the bytes that it goes over.
const matchCost = 16

// newFinder returns a finder of sub, which is not empty. The failure function
// tells for each part of sub the longest beginning of sub that the part ends
// with: behind a mismatch the search goes on there and reads no byte of the
// text twice.
func (in *interp) newFinder(sub string, back bool) (*finder, error) {
	f := &finder{in: in, sub: sub, back: back}
	if len(sub) < longSub {
		return f, nil
	}
	if err := in.charge(4 * len(sub)); err != nil {
		return nil, err
	}
	f.skip = make([]int32, len(sub))
	k := int32(0)
	for i := 1; i < len(sub); i++ {
		for k > 0 && f.byteOf(sub, i) != f.byteOf(sub, int(k)) {
			k = f.skip[k-1]
		}
		if f.byteOf(sub, i) == f.byteOf(sub, int(k)) {
			k++
		}
		f.skip[i] = k
		if i&(slowPiece-1) == 0 {
			if err := in.spend(slowPiece >> runeShift); err != nil {
				return nil, err
			}
		}
	}
	return f, nil
}

// byteOf returns a byte of s, counted from the end that the search begins at.
func (f *finder) byteOf(s string, i int) byte {
	if f.back {
		return s[len(s)-1-i]
	}
	return s[i]
}

// find returns the place of the text in s, or -1.
func (f *finder) find(s string) (int, error) {
	switch {
	case f.skip != nil:
		return f.long(s)
	case f.back:
		return f.shortBack(s)
	}
	return f.short(s)
}

// pay counts n bytes. A finder that is called for one place after another goes
// over few bytes at a time, so that they are added up first.
func (f *finder) pay(n int) error {
	if f.owed += n; f.owed < 4<<10 {
		return nil
	}
	n, f.owed = f.owed, 0
	return f.in.touch(n)
}

// short looks through pieces that overlap by one byte less than sub is long, so
// that a place on an edge is found once.
func (f *finder) short(s string) (int, error) {
	for at := 0; ; at += fastPiece {
		piece := s[at:min(at+fastPiece+len(f.sub)-1, len(s))]
		i := strings.Index(piece, f.sub)
		if i >= 0 {
			return at + i, f.pay(i + len(f.sub) + matchCost)
		}
		if err := f.pay(len(piece) + matchCost); err != nil {
			return -1, err
		}
		if at+len(piece) == len(s) {
			return -1, nil
		}
	}
}

// shortBack is short from the end.
func (f *finder) shortBack(s string) (int, error) {
	for end := len(s); ; end -= fastPiece {
		from := max(end-fastPiece-len(f.sub)+1, 0)
		i := strings.LastIndex(s[from:end], f.sub)
		if i >= 0 {
			// strings.LastIndex rolls a hash over each byte.
			return from + i, f.pay(4 * (end - from - i + matchCost))
		}
		if err := f.pay(4 * (end - from + matchCost)); err != nil {
			return -1, err
		}
		if from == 0 {
			return -1, nil
		}
	}
}

// long reads each byte once, in the direction of the search.
func (f *finder) long(s string) (int, error) {
	if len(s) < len(f.sub) {
		return -1, f.pay(matchCost)
	}
	// k is how much of sub matches at this place.
	k := 0
	for at := 0; at < len(s); at += slowPiece {
		end := min(at+slowPiece, len(s))
		for i := at; i < end; i++ {
			c := f.byteOf(s, i)
			for k > 0 && c != f.byteOf(f.sub, k) {
				k = int(f.skip[k-1])
			}
			if c == f.byteOf(f.sub, k) {
				k++
			}
			if k == len(f.sub) {
				if f.back {
					return len(s) - 1 - i, f.pay(8 * (i - at + matchCost))
				}
				return i + 1 - k, f.pay(8 * (i - at + matchCost))
			}
		}
		if err := f.pay(8 * (end - at)); err != nil {
			return -1, err
		}
	}
	return -1, nil
}

// index returns the place of sub in s, or -1; with back, the last place.
func (in *interp) index(s, sub string, back bool) (int, error) {
	if sub == "" {
		if back {
			return len(s), nil
		}
		return 0, nil
	}
	f, err := in.newFinder(sub, back)
	if err != nil {
		return -1, err
	}
	i, err := f.find(s)
	if err != nil {
		return -1, err
	}
	return i, in.touch(f.owed)
}

// count returns how often sub is in s without overlap. The empty text is
// between all characters and at both ends, as in Python.
func (in *interp) count(s, sub string) (int, error) {
	if sub == "" {
		n, err := in.runeCount(s)
		return n + 1, err
	}
	n := 0
	err := in.each(s, sub, -1, func(string) error { n++; return nil })
	return n - 1, err
}

// each calls f with the parts of s between separators, of which at most limit
// count; limit < 0 is no limit. There is always one part more than separators.
func (in *interp) each(s, sep string, limit int, f func(part string) error) error {
	find, err := in.newFinder(sep, false)
	if err != nil {
		return err
	}
	for ; limit != 0; limit-- {
		i, err := find.find(s)
		if err != nil {
			return err
		}
		if i < 0 {
			break
		}
		if err := f(s[:i]); err != nil {
			return err
		}
		s = s[i+len(sep):]
	}
	if err := in.touch(find.owed); err != nil {
		return err
	}
	return f(s)
}

// replace is str.replace; count < 0 is no limit. The limit is cut to what the
// text can have, so that any whole number of a template will do.
func (in *interp) replace(s, from, to string, count int64) (string, error) {
	limit := -1
	if count >= 0 {
		limit = int(min(count, int64(len(s))+1))
	}
	if limit == 0 {
		return s, nil
	}
	if from == "" {
		return in.interleave(s, to, limit)
	}
	b := builder{in: in}
	started := false
	err := in.each(s, from, limit, func(part string) error {
		if !started {
			started = true
			if len(part) == len(s) {
				return nil // not there: the text itself is the answer, without a copy
			}
			return b.write(part)
		}
		if err := b.write(to); err != nil {
			return err
		}
		return b.write(part)
	})
	if err != nil || b.pieces == 0 {
		return s, err
	}
	return b.text()
}

// interleave writes to before each character of s and at its end, as
// str.replace of the empty text does.
func (in *interp) interleave(s, to string, limit int) (string, error) {
	b := builder{in: in}
	for ; limit != 0; limit-- {
		_, n := utf8.DecodeRuneInString(s)
		if err := in.spend(1); err != nil {
			return "", err
		}
		if err := b.write(to); err != nil {
			return "", err
		}
		if n == 0 {
			return b.text()
		}
		if err := b.write(s[:n]); err != nil {
			return "", err
		}
		s = s[n:]
	}
	if err := b.write(s); err != nil {
		return "", err
	}
	return b.text()
}
