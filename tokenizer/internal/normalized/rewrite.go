package normalized

import (
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// LowerRune is the lower case of one character.
func LowerRune(r rune) rune { return uni.ToLower(r) }

// Form brings the text into a normalization form. One that is in the form already is
// still written anew where a part of it has no place: the reference does so, and the
// text that has none is then there twice.
func (a *String) Form(f uni.Form) {
	changes := uni.Trace(f, a.Text, a.May.Guard())
	switch {
	case a.May.Err != nil:
	case changes != nil:
		a.Transform(changes, 0)
	case !a.IsPlaced():
		a.Filter(func(rune) bool { return true })
	}
}

// Lower is the normalizer Lowercase. It looks at each character alone, as Rust's
// char::to_lowercase does: the Σ at the end of a word becomes σ, not ς.
func (a *String) Lower() {
	a.Expand(func(dst []rune, r rune) []rune {
		if r == '\u0130' {
			return append(dst, 'i', '\u0307')
		}
		return append(dst, LowerRune(r))
	})
}

// Translate maps each character; it goes where f returns -1.
func (a *String) Translate(f func(rune) rune) {
	a.Filter(func(r rune) bool { return f(r) >= 0 })
	a.Expand(func(dst []rune, r rune) []rune { return append(dst, f(r)) })
}
