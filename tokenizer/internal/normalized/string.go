package normalized

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/bytelevel"
	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// String is a text under way to its tokens that remembers where in the
// original text each of its bytes comes from. The rules by which rewriting a
// text moves these places are those of the reference's NormalizedString, so
// that the offsets of tokens agree.
type String struct {
	May   *budget.Budget
	Text  string
	Spans []Place // for each byte of text, its character in the original
	Shift uint32  // where the part of the original that this was cut from starts
	limit uint32  // and where it ends
}

// Place is a half-open range of bytes of the original.
type Place struct{ Start, End uint32 }

// New returns the text to tokenize, with each byte that is no character
// as U+FFFD.
func New(may *budget.Budget, text string) *String {
	a := &String{May: may, limit: uint32(len(text))}
	if a.Text = may.Valid(text); may.Err != nil {
		return &String{May: may}
	}
	a.Spans = make([]Place, 0, len(a.Text))
	at := 0
	for _, r := range a.Text {
		if !may.Spend(1) {
			return &String{May: may}
		}
		size := utf8.RuneLen(r)
		next := at + size
		if r == utf8.RuneError {
			_, n := utf8.DecodeRuneInString(text[at:])
			next = at + n
		}
		for range size {
			a.Spans = append(a.Spans, Place{uint32(at), uint32(next)})
		}
		at = next
	}
	return a
}

// Slice returns a part of a text. It shares the memory of the places: what changes a
// text makes a new list of them.
func (a *String) Slice(start, end int) *String {
	s := &String{May: a.May, Text: a.Text[start:end], Spans: a.Spans[start:end], Shift: a.Shift, limit: a.Shift}
	if start < end {
		s.Shift = a.Spans[start].Start
		s.limit = max(a.Spans[end-1].End, s.Shift)
	}
	return s
}

// Original returns the range of the original that a range of the text comes
// from. A range that reaches outside the text, as that of a token with a
// suffix can, is returned as it is.
func (a *String) Original(start, end int) (from, to int) {
	switch {
	case start == end:
		return int(a.Shift) + start, int(a.Shift) + end
	case start > end || end > len(a.Spans):
		return start, end
	}
	return int(a.Spans[start].Start), int(a.Spans[end-1].End)
}

// extent returns the part of the text that stands for the original. It is all
// of it but for what was put before the first character and has no place there:
// that the reference leaves alone where it rewrites a text, or, where there is
// nothing else, puts the result beside it.
func (a *String) extent() (start, end int, ok bool) {
	if a.limit == a.Shift {
		return 0, 0, true
	}
	start, end = -1, -1
	for i, sp := range a.Spans {
		if sp.End > a.limit || i%budget.LookAfter == budget.LookAfter-1 && !a.May.Spend(budget.LookAfter/8) {
			break
		}
		if start < 0 && sp.Start != sp.End {
			start = i
		}
		end = i + 1
	}
	if start < 0 {
		start = end
	}
	return start, end, end >= 0
}

// IsPlaced reports whether all of the text stands for the original.
func (a *String) IsPlaced() bool {
	start, end, ok := a.extent()
	return ok && start == 0 && end == len(a.Text)
}

// Transform replaces the text by dest, of which each character says what it
// takes the place of, after the first removed characters.
func (a *String) Transform(dest []uni.Change, removed int) {
	begin, end, ok := a.extent()
	// A character that is inserted is a byte at least.
	if !ok || !a.May.Fits(len(dest)) {
		return
	}
	at := a.after(begin, end, removed)
	var b strings.Builder
	b.Grow(len(a.Text))
	spans := make([]Place, 0, len(a.Text))
	b.WriteString(a.Text[:begin])
	spans = append(spans, a.Spans[:begin]...)
	for _, c := range dest {
		if !a.May.Spend(2) || !a.May.Fits(b.Len()) {
			return
		}
		from := a.origin(at, c)
		if c.Delta <= 0 {
			at = a.after(at, end, 1-int(c.Delta))
		}
		b.WriteRune(c.Rune)
		for range utf8.RuneLen(c.Rune) {
			spans = append(spans, from)
		}
	}
	b.WriteString(a.Text[end:])
	a.Text, a.Spans = b.String(), append(spans, a.Spans[end:]...)
}

// after returns where the character n places on begins, end at most.
func (a *String) after(at, end, n int) int {
	for ; n > 0 && at < end; n-- {
		at += uni.CharLen(a.Text, at)
	}
	return at
}

// origin returns the place of a new character where the old text has been read up to
// at: that of the character whose place it takes, or that of the one before it, also
// where the old text is at its end. Before all of them it has an empty one, at the
// start.
func (a *String) origin(at int, c uni.Change) Place {
	switch {
	case c.Delta <= 0 && at < len(a.Spans):
		return a.Spans[at]
	case at > 0:
		return a.Spans[at-1]
	}
	return Place{a.Shift, a.Shift}
}

// Filter keeps the characters that keep reports true for. What is removed counts to the
// character before it, as -n; before the first there is none to count to.
func (a *String) Filter(keep func(rune) bool) {
	dest := make([]uni.Change, 0, len(a.Text))
	first, removed := 0, 0
	for _, r := range a.Text {
		if !a.May.Spend(1) {
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
	a.Transform(dest, first)
}

// Expand replaces each character by those that f appends for it; the first
// takes its place, the others are inserted behind it.
func (a *String) Expand(f func(dst []rune, r rune) []rune) {
	dest := make([]uni.Change, 0, len(a.Text))
	var runes []rune
	for _, r := range a.Text {
		if runes = f(runes[:0], r); !a.May.Spend(1) || !a.May.Fits(len(dest)) {
			return
		}
		for i, c := range runes {
			dest = append(dest, uni.Change{Rune: c, Delta: int32(min(i, 1))})
		}
	}
	a.Transform(dest, 0)
}

// Prepend puts a text before, which belongs to the first character.
// Of no text at all, the first character still loses its place, as in the
// reference.
func (a *String) Prepend(s string) {
	if a.Text == "" {
		return
	}
	if !a.May.Spend(len(s)+len(a.Text)) || !a.May.Fits(len(s)+len(a.Text)) {
		return
	}
	if s == "" {
		a.Spans = slices.Clone(a.Spans)
		for i := range uni.CharLen(a.Text, 0) {
			a.Spans[i] = Place{a.Shift, a.Shift}
		}
		return
	}
	first := a.Spans[0]
	spans := make([]Place, 0, len(a.Spans)+len(s))
	for range len(s) {
		spans = append(spans, first)
	}
	a.Text, a.Spans = s+a.Text, append(spans, a.Spans...)
}

// Replace replaces the matches of m. What takes the place of a match belongs
// to its last character.
func (a *String) Replace(m pattern.Matcher, with string) {
	matches, err := m.Find(a.May, nil, a.Text)
	if err != nil {
		a.May.Fail(err)
		return
	}
	var b strings.Builder
	spans := make([]Place, 0, len(a.Spans))
	for _, r := range matches {
		size := int(r.End - r.Start)
		if r.Hit {
			size = len(with)
		}
		if !a.May.Spend(1+size/4) || !a.May.Fits(b.Len()+size) {
			return
		}
		if !r.Hit {
			b.WriteString(a.Text[r.Start:r.End])
			spans = append(spans, a.Spans[r.Start:r.End]...)
			continue
		}
		from := Place{a.Shift, a.Shift}
		if r.End > 0 {
			from = a.Spans[r.End-1]
		}
		b.WriteString(with)
		for range len(with) {
			spans = append(spans, from)
		}
	}
	a.Text, a.Spans = b.String(), spans
}

// Alphabet rewrites the text in the byte-level alphabet. Each byte of a character
// becomes a character with the place of the whole.
func (a *String) Alphabet() {
	if !a.IsPlaced() {
		a.transformAlphabet()
		return
	}
	if !a.May.Fits(len(a.Text)) {
		return
	}
	var b strings.Builder
	b.Grow(2 * len(a.Text))
	spans := make([]Place, 0, 2*len(a.Text))
	for i := range len(a.Text) {
		if !a.May.Spend(1) {
			return
		}
		r := bytelevel.ByteRunes[a.Text[i]]
		b.WriteRune(r)
		for range utf8.RuneLen(r) {
			spans = append(spans, a.Spans[i])
		}
	}
	a.Text, a.Spans = b.String(), spans
}

// transformAlphabet is Alphabet for a text of which a part has no place, by the rule
// that all of its rewriting follows: the first byte of a character takes its place,
// the others are inserted.
func (a *String) transformAlphabet() {
	dest := make([]uni.Change, 0, len(a.Text))
	for i := range len(a.Text) {
		inside := int32(0)
		if !utf8.RuneStart(a.Text[i]) {
			inside = 1
		}
		if dest = append(dest, uni.Change{Rune: bytelevel.ByteRunes[a.Text[i]], Delta: inside}); !a.May.Spend(1) {
			return
		}
	}
	a.Transform(dest, 0)
}
