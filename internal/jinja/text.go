package jinja

import (
	"strings"
	"unicode/utf8"
)

// The functions of this file are the ways to go over a text that may be large.
// They work in pieces and pay for each piece, so that the limits and the
// context are obeyed in the middle of a text too.

// pieces calls f with the pieces of s until it returns false, and pays for work
// on each character of them. The first pieces are short: what is decided by the
// first characters of a text costs as little as they do.
func (in *interp) pieces(s string, f func(piece string) bool) error {
	for size := 64; s != ""; size = min(2*size, slowPiece) {
		n := pieceLen(s, size)
		if err := in.spend(n >> runeShift); err != nil {
			return err
		}
		if !f(s[:n]) {
			return nil
		}
		s = s[n:]
	}
	return nil
}

// all reports whether f holds for every character of s. It stops at the first
// that fails, and pays for no more than it has read.
func (in *interp) all(s string, f func(rune) bool) (bool, error) {
	ok := true
	err := in.pieces(s, func(piece string) bool {
		for _, r := range piece {
			if !f(r) {
				ok = false
				break
			}
		}
		return ok
	})
	return ok && err == nil, err
}

// mapText returns f of the pieces of s joined. The text that f makes is paid
// for too.
func (in *interp) mapText(s string, f func(piece string) string) (string, error) {
	if len(s) <= slowPiece {
		// Most texts: no builder.
		if err := in.spend(len(s) >> runeShift); err != nil {
			return "", err
		}
		out := f(s)
		return out, in.charge(len(out))
	}
	// Long ones piece by piece, so that the end of a context is noticed.
	b := builder{in: in}
	var failed error
	err := in.pieces(s, func(piece string) bool {
		failed = b.write(f(piece))
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return "", err
	}
	return b.text()
}

// runeCount returns the number of characters of s. Python knows the length of a
// text; here it has to be counted each time, so that a template that asks in a
// loop pays each time.
func (in *interp) runeCount(s string) (int, error) {
	count := 0
	for s != "" {
		n := pieceLen(s, fastPiece)
		// Counting is quick for ASCII only.
		if err := in.spend(n >> (lookShift - 1)); err != nil {
			return 0, err
		}
		count += utf8.RuneCountInString(s[:n])
		s = s[n:]
	}
	return count, nil
}

// offset returns where the n-th character of s begins, and the number of
// characters that are missing when s is shorter. A piece is as long as n
// characters can be: short ways are short.
func (in *interp) offset(s string, n int64) (at int, missing int64, err error) {
	for n > 0 && at < len(s) {
		piece := s[at : at+pieceLen(s[at:], int(min(n, fastPiece/utf8.UTFMax))*utf8.UTFMax)]
		if err := in.spend(len(piece) >> (lookShift - 1)); err != nil {
			return 0, 0, err
		}
		if count := int64(utf8.RuneCountInString(piece)); count <= n {
			n -= count
			at += len(piece)
			continue
		}
		for i := range piece {
			if n == 0 {
				return at + i, 0, nil
			}
			n--
		}
	}
	return at, n, nil
}

// offsetBack returns where the n-th character from the end of s begins, and the
// number of characters that are missing when s is shorter. There is no quick
// count from the end, but templates ask for few characters there.
func (in *interp) offsetBack(s string, n int64) (at int, missing int64, err error) {
	at = len(s)
	for count := 0; n > 0 && at > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(s[:at])
		at -= size
		if count++; count&0xfff == 0 {
			if err := in.spend(0x1000 >> runeShift); err != nil {
				return 0, 0, err
			}
		}
	}
	return at, n, nil
}

// runes returns the characters of s. Four bytes for each: only what turns a
// text around or takes steps needs them.
func (in *interp) runes(s string) ([]rune, error) {
	n, err := in.runeCount(s)
	if err == nil {
		err = in.chargeTimes(4, int64(n))
	}
	if err != nil {
		return nil, err
	}
	out := make([]rune, 0, n)
	err = in.pieces(s, func(piece string) bool {
		for _, r := range piece {
			out = append(out, r)
		}
		return true
	})
	return out, err
}

// fromRunes returns the characters at start, start+step and so on, n of them,
// as text.
func (in *interp) fromRunes(runes []rune, start, step, n int64) (string, error) {
	b := builder{in: in}
	var part [1024]rune
	for n > 0 {
		k := min(n, int64(len(part)))
		for i := range k {
			part[i] = runes[start+i*step]
		}
		if err := in.spend(int(k) >> (runeShift - 1)); err != nil {
			return "", err
		}
		if err := b.write(string(part[:k])); err != nil {
			return "", err
		}
		start += k * step
		n -= k
	}
	return b.text()
}

// trimLeft and trimRight remove the characters that f holds for from an end.
func (in *interp) trimLeft(s string, f func(rune) bool) (string, error) {
	for s != "" {
		n := pieceLen(s, slowPiece)
		rest := strings.TrimLeftFunc(s[:n], f)
		if err := in.spend((n - len(rest)) >> runeShift); err != nil {
			return "", err
		}
		s = s[n-len(rest):]
		if rest != "" {
			break
		}
	}
	return s, nil
}

func (in *interp) trimRight(s string, f func(rune) bool) (string, error) {
	for s != "" {
		from := max(len(s)-slowPiece, 0)
		for back := 0; from > 0 && back < utf8.UTFMax && !utf8.RuneStart(s[from]); back++ {
			from--
		}
		rest := strings.TrimRightFunc(s[from:], f)
		if err := in.spend((len(s) - from - len(rest)) >> runeShift); err != nil {
			return "", err
		}
		s = s[:from+len(rest)]
		if rest != "" {
			break
		}
	}
	return s, nil
}

// trim removes characters from both ends.
func (in *interp) trim(s string, f func(rune) bool) (string, error) {
	s, err := in.trimLeft(s, f)
	if err != nil {
		return "", err
	}
	return in.trimRight(s, f)
}

// comparePiece is how much of two texts is compared at once: a difference is
// mostly near the start, and what comes after it costs nothing.
const comparePiece = 4 << 10

// compareText is strings.Compare. The order of the bytes of UTF-8 is that of
// the code points.
func (in *interp) compareText(a, b string) (int, error) {
	for len(a) > comparePiece && len(b) > comparePiece {
		if err := in.touch(comparePiece); err != nil {
			return 0, err
		}
		if a[:comparePiece] != b[:comparePiece] {
			break
		}
		a, b = a[comparePiece:], b[comparePiece:]
	}
	// The order of what is left is decided within the next piece, or by length.
	return strings.Compare(a, b), in.touch(min(len(a), len(b), comparePiece))
}

// equalText is a == b.
func (in *interp) equalText(a, b string) (bool, error) {
	if len(a) != len(b) {
		return false, nil
	}
	c, err := in.compareText(a, b)
	return c == 0, err
}

// repeat returns s n times. The length is known beforehand, so that the text is
// made once and grows into no second copy.
func (in *interp) repeat(s string, n int64) (string, error) {
	if n <= 0 || s == "" {
		return "", nil
	}
	if err := in.chargeTimes(n, int64(len(s))); err != nil {
		return "", err
	}
	total := len(s) * int(n)
	if total < blockSize {
		return strings.Repeat(s, int(n)), nil
	}
	var b strings.Builder
	b.Grow(total)
	many := strings.Repeat(s, max(slowPiece/len(s), 1))
	for part := 0; b.Len() < total; part++ {
		// A short look at the context for each of the copies, which are quick.
		if part%16 == 0 || len(many) > fastPiece {
			if err := in.look(false); err != nil {
				return "", err
			}
		}
		b.WriteString(many[:min(len(many), total-b.Len())])
	}
	return b.String(), nil
}
