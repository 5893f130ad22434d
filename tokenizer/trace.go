package tokenizer

import (
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// form brings the text into a normalization form.
func (a *aligned) form(f uni.Form) {
	changes := uni.Trace(f, a.text, a.may.guard())
	switch {
	case a.may.err != nil:
	case changes != nil:
		a.transform(changes, 0)
	case !a.isPlaced():
		a.filter(func(rune) bool { return true })
	}
}

// lower is the normalizer Lowercase.
func (a *aligned) lower() {
	a.expand(func(dst []rune, r rune) []rune {
		if r == '\u0130' {
			return append(dst, 'i', '\u0307')
		}
		return append(dst, lowerRune(r))
	})
}

// translate maps each character; it goes where f returns -1.
func (a *aligned) translate(f func(rune) rune) {
	a.filter(func(r rune) bool { return f(r) >= 0 })
	a.expand(func(dst []rune, r rune) []rune { return append(dst, f(r)) })
}

// traceStrip removes white space at the ends.
func (n *normalizer) traceStrip(a *aligned) {
	start, end := 0, len(a.text)
	for n.StripLeft && start < end {
		r, size := utf8.DecodeRuneInString(a.text[start:])
		if !uni.IsSpace(r) {
			break
		}
		start += size
	}
	for n.StripRight && start < end {
		r, size := utf8.DecodeLastRuneInString(a.text[:end])
		if !uni.IsSpace(r) {
			break
		}
		end -= size
	}
	switch {
	case start == 0 && end == len(a.text):
	case a.isPlaced():
		a.text, a.spans = a.text[start:end], a.spans[start:end]
	default:
		dest := make([]uni.Change, 0, end-start)
		for _, r := range a.text[start:end] {
			dest = append(dest, uni.Change{Rune: r})
		}
		a.transform(dest, utf8.RuneCountInString(a.text[:start]))
	}
}

// traceBert is the normalizer of BERT.
func (n *normalizer) traceBert(a *aligned) {
	if isSet(n.CleanText) {
		a.translate(cleanChar)
	}
	if isSet(n.Chinese) {
		a.expand(func(dst []rune, r rune) []rune {
			if isIdeograph(r) {
				return append(dst, ' ', r, ' ')
			}
			return append(dst, r)
		})
	}
	if n.accents() {
		a.form(uni.NFD)
		a.filter(func(r rune) bool { return !uni.IsBertMark(r) })
	}
	if isSet(n.Lowercase) {
		a.lower()
	}
}

// accents reports whether the normalizer of BERT removes accents.
func (n *normalizer) accents() bool {
	if n.StripAccents != nil {
		return *n.StripAccents
	}
	return isSet(n.Lowercase)
}
