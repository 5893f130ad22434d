package tokenizer

import (
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// aligned is a text under way to its tokens that remembers where in the
// original text each of its bytes comes from. The rules by which rewriting a
// text moves these places are those of the reference's NormalizedString, so
// that the offsets of tokens agree.
type aligned struct {
	text  string
	spans []span // for each byte of text, its character in the original
	shift uint32 // where the part of the original that this was cut from starts
}

// newAligned returns the text to tokenize, with each byte that is no character
// as U+FFFD.
func newAligned(text string) *aligned {
	a := &aligned{text: text, spans: make([]span, 0, len(text))}
	if !utf8.ValidString(text) {
		a.text = string(appendValid(make([]byte, 0, len(text)+16), text))
		a.spans = make([]span, 0, len(a.text))
	}
	at := 0
	for _, r := range a.text {
		size := utf8.RuneLen(r)
		next := at + size
		if r == utf8.RuneError {
			_, n := utf8.DecodeRuneInString(text[at:])
			next = at + n
		}
		for range size {
			a.spans = append(a.spans, span{uint32(at), uint32(next)})
		}
		at = next
	}
	return a
}

// slice returns a part of a text.
func (a *aligned) slice(start, end int) *aligned {
	s := &aligned{text: a.text[start:end], spans: a.spans[start:end], shift: a.shift}
	if start < end {
		s.shift = a.spans[start].start
	}
	return s
}

// original returns the range of the original that a range of the text comes
// from. A range that reaches outside the text, as that of a token with a
// suffix can, is returned as it is.
func (a *aligned) original(start, end int) (from, to int) {
	switch {
	case start == end:
		return int(a.shift) + start, int(a.shift) + end
	case start > end || end > len(a.spans):
		return start, end
	}
	return int(a.spans[start].start), int(a.spans[end-1].end)
}

// transform replaces the text by dest, of which each character says what it
// takes the place of, after the first removed characters.
func (a *aligned) transform(dest []uni.Change, removed int) {
	at := 0
	skip := func(n int) {
		for ; n > 0 && at < len(a.text); n-- {
			at += charLen(a.text, at)
		}
	}
	skip(removed)
	var b strings.Builder
	b.Grow(len(a.text))
	spans := make([]span, 0, len(a.text))
	for _, c := range dest {
		from := span{a.shift, a.shift}
		switch {
		case c.Delta <= 0 && at < len(a.spans):
			from = a.spans[at]
		case at > 0:
			from = a.spans[at-1]
		}
		if c.Delta <= 0 {
			skip(1 - int(c.Delta))
		}
		b.WriteRune(c.Rune)
		for range utf8.RuneLen(c.Rune) {
			spans = append(spans, from)
		}
	}
	a.text, a.spans = b.String(), spans
}

// filter keeps the characters that keep reports true for.
func (a *aligned) filter(keep func(rune) bool) {
	var b strings.Builder
	spans := make([]span, 0, len(a.spans))
	for i, r := range a.text {
		if keep(r) {
			b.WriteRune(r)
			spans = append(spans, a.spans[i:i+utf8.RuneLen(r)]...)
		}
	}
	a.text, a.spans = b.String(), spans
}

// expand replaces each character by those that f appends for it; the first
// takes its place, the others are inserted behind it.
func (a *aligned) expand(f func(dst []rune, r rune) []rune) {
	dest := make([]uni.Change, 0, len(a.text))
	var runes []rune
	for _, r := range a.text {
		runes = f(runes[:0], r)
		for i, c := range runes {
			dest = append(dest, uni.Change{Rune: c, Delta: int32(min(i, 1))})
		}
	}
	a.transform(dest, 0)
}

// prepend puts a text before, which belongs to the first character.
func (a *aligned) prepend(s string) {
	if a.text == "" || s == "" {
		return
	}
	first := a.spans[0]
	spans := make([]span, 0, len(a.spans)+len(s))
	for range len(s) {
		spans = append(spans, first)
	}
	a.text, a.spans = s+a.text, append(spans, a.spans...)
}

// replace replaces the matches of m. What takes the place of a match belongs
// to its last character.
func (a *aligned) replace(st *state, m matcher, with string) error {
	matches, err := m.find(st, nil, a.text)
	if err != nil {
		return err
	}
	var b strings.Builder
	spans := make([]span, 0, len(a.spans))
	for _, r := range matches {
		if !r.hit {
			b.WriteString(a.text[r.start:r.end])
			spans = append(spans, a.spans[r.start:r.end]...)
			continue
		}
		from := span{a.shift, a.shift}
		if r.end > 0 {
			from = a.spans[r.end-1]
		}
		b.WriteString(with)
		for range len(with) {
			spans = append(spans, from)
		}
		if b.Len() > maxText {
			return errTooLong
		}
	}
	a.text, a.spans = b.String(), spans
	return nil
}

// alphabet rewrites the text in the byte-level alphabet.
func (a *aligned) alphabet() {
	var b strings.Builder
	b.Grow(2 * len(a.text))
	spans := make([]span, 0, 2*len(a.text))
	for i := range len(a.text) {
		r := byteRunes[a.text[i]]
		b.WriteRune(r)
		for range utf8.RuneLen(r) {
			spans = append(spans, a.spans[i])
		}
	}
	a.text, a.spans = b.String(), spans
}
