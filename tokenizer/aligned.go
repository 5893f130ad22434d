package tokenizer

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// aligned is a text under way to its tokens that remembers where in the
// original text each of its bytes comes from. The rules by which rewriting a
// text moves these places are those of the reference's NormalizedString, so
// that the offsets of tokens agree.
type aligned struct {
	may   *budget
	text  string
	spans []place // for each byte of text, its character in the original
	shift uint32 // where the part of the original that this was cut from starts
	limit uint32 // and where it ends
}

// place is a half-open range of bytes of the original.
type place struct{ start, end uint32 }

// newAligned returns the text to tokenize, with each byte that is no character
// as U+FFFD.
func newAligned(may *budget, text string) *aligned {
	a := &aligned{may: may, limit: uint32(len(text))}
	if a.text = may.valid(text); may.err != nil {
		return &aligned{may: may}
	}
	a.spans = make([]place, 0, len(a.text))
	at := 0
	for _, r := range a.text {
		if !may.spend(1) {
			return &aligned{may: may}
		}
		size := utf8.RuneLen(r)
		next := at + size
		if r == utf8.RuneError {
			_, n := utf8.DecodeRuneInString(text[at:])
			next = at + n
		}
		for range size {
			a.spans = append(a.spans, place{uint32(at), uint32(next)})
		}
		at = next
	}
	return a
}

// slice returns a part of a text.
func (a *aligned) slice(start, end int) *aligned {
	s := &aligned{may: a.may, text: a.text[start:end], spans: a.spans[start:end], shift: a.shift, limit: a.shift}
	if start < end {
		s.shift = a.spans[start].start
		s.limit = max(a.spans[end-1].end, s.shift)
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

// extent returns the part of the text that stands for the original. It is all
// of it but for what was put before the first character and has no place there:
// that the reference leaves alone where it rewrites a text, or, where there is
// nothing else, puts the result beside it.
func (a *aligned) extent() (start, end int, ok bool) {
	if a.limit == a.shift {
		return 0, 0, true
	}
	start, end = -1, -1
	for i, sp := range a.spans {
		if sp.end > a.limit || i%lookAfter == lookAfter-1 && !a.may.spend(lookAfter/8) {
			break
		}
		if start < 0 && sp.start != sp.end {
			start = i
		}
		end = i + 1
	}
	if start < 0 {
		start = end
	}
	return start, end, end >= 0
}

// isPlaced reports whether all of the text stands for the original.
func (a *aligned) isPlaced() bool {
	start, end, ok := a.extent()
	return ok && start == 0 && end == len(a.text)
}

// transform replaces the text by dest, of which each character says what it
// takes the place of, after the first removed characters.
func (a *aligned) transform(dest []uni.Change, removed int) {
	at, end, ok := a.extent()
	if !ok {
		return
	}
	// A character that is inserted is a byte at least.
	if !a.may.fits(len(dest)) {
		return
	}
	begin := at
	skip := func(n int) {
		for ; n > 0 && at < end; n-- {
			at += uni.CharLen(a.text, at)
		}
	}
	skip(removed)
	var b strings.Builder
	b.Grow(len(a.text))
	spans := make([]place, 0, len(a.text))
	b.WriteString(a.text[:begin])
	spans = append(spans, a.spans[:begin]...)
	for _, c := range dest {
		if !a.may.spend(2) || !a.may.fits(b.Len()) {
			return
		}
		from := place{a.shift, a.shift}
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
	b.WriteString(a.text[end:])
	a.text, a.spans = b.String(), append(spans, a.spans[end:]...)
}

// filter keeps the characters that keep reports true for.
func (a *aligned) filter(keep func(rune) bool) {
	dest := make([]uni.Change, 0, len(a.text))
	first, removed := 0, 0
	for _, r := range a.text {
		if !a.may.spend(1) {
			return
		}
		if !keep(r) {
			removed++
			continue
		}
		if n := len(dest); n > 0 {
			dest[n-1].Delta = -int32(removed)
		} else {
			first = removed
		}
		dest, removed = append(dest, uni.Change{Rune: r}), 0
	}
	if n := len(dest); n > 0 {
		dest[n-1].Delta = -int32(removed)
	}
	a.transform(dest, first)
}

// expand replaces each character by those that f appends for it; the first
// takes its place, the others are inserted behind it.
func (a *aligned) expand(f func(dst []rune, r rune) []rune) {
	dest := make([]uni.Change, 0, len(a.text))
	var runes []rune
	for _, r := range a.text {
		if runes = f(runes[:0], r); !a.may.spend(1) || !a.may.fits(len(dest)) {
			return
		}
		for i, c := range runes {
			dest = append(dest, uni.Change{Rune: c, Delta: int32(min(i, 1))})
		}
	}
	a.transform(dest, 0)
}

// prepend puts a text before, which belongs to the first character.
// Of no text at all, the first character still loses its place, as in the
// reference.
func (a *aligned) prepend(s string) {
	if a.text == "" {
		return
	}
	if !a.may.spend(len(s)+len(a.text)) || !a.may.fits(len(s)+len(a.text)) {
		return
	}
	if s == "" {
		a.spans = slices.Clone(a.spans)
		for i := range uni.CharLen(a.text, 0) {
			a.spans[i] = place{a.shift, a.shift}
		}
		return
	}
	first := a.spans[0]
	spans := make([]place, 0, len(a.spans)+len(s))
	for range len(s) {
		spans = append(spans, first)
	}
	a.text, a.spans = s+a.text, append(spans, a.spans...)
}

// replace replaces the matches of m. What takes the place of a match belongs
// to its last character.
func (a *aligned) replace(m matcher, with string) {
	matches, err := m.find(a.may, nil, a.text)
	if err != nil {
		a.may.fail(err)
		return
	}
	var b strings.Builder
	spans := make([]place, 0, len(a.spans))
	for _, r := range matches {
		size := int(r.end - r.start)
		if r.hit {
			size = len(with)
		}
		if !a.may.spend(1+size/4) || !a.may.fits(b.Len()+size) {
			return
		}
		if !r.hit {
			b.WriteString(a.text[r.start:r.end])
			spans = append(spans, a.spans[r.start:r.end]...)
			continue
		}
		from := place{a.shift, a.shift}
		if r.end > 0 {
			from = a.spans[r.end-1]
		}
		b.WriteString(with)
		for range len(with) {
			spans = append(spans, from)
		}
	}
	a.text, a.spans = b.String(), spans
}

// traceSteps runs the steps of a normalizer; an empty text stays empty.
func traceSteps(a *aligned, steps []normalize) {
	for i := range steps {
		if a.text == "" {
			break
		}
		if steps[i].trace(a); !a.may.spend(8) || !a.may.fits(len(a.text)) {
			break
		}
	}
}

// alphabet rewrites the text in the byte-level alphabet.
func (a *aligned) alphabet() {
	if !a.isPlaced() {
		dest := make([]uni.Change, 0, len(a.text))
		for i := range len(a.text) {
			inside := int32(0)
			if !utf8.RuneStart(a.text[i]) {
				inside = 1
			}
			if dest = append(dest, uni.Change{Rune: byteRunes[a.text[i]], Delta: inside}); !a.may.spend(1) {
				return
			}
		}
		a.transform(dest, 0)
		return
	}
	if !a.may.fits(len(a.text)) {
		return
	}
	var b strings.Builder
	b.Grow(2 * len(a.text))
	spans := make([]place, 0, 2*len(a.text))
	for i := range len(a.text) {
		if !a.may.spend(1) {
			return
		}
		r := byteRunes[a.text[i]]
		b.WriteRune(r)
		for range utf8.RuneLen(r) {
			spans = append(spans, a.spans[i])
		}
	}
	a.text, a.spans = b.String(), spans
}
