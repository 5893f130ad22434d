package normalizer

import (
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
	"github.com/gocoreml/coreml/tokenizer/internal/normalized"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// traceBert is the normalizer of BERT.
func (n *Spec) traceBert(a *normalized.String) {
	if jsontext.IsSet(n.CleanText) {
		a.Translate(cleanChar)
	}
	if jsontext.IsSet(n.Chinese) {
		a.Expand(func(dst []rune, r rune) []rune {
			if isIdeograph(r) {
				return append(dst, ' ', r, ' ')
			}
			return append(dst, r)
		})
	}
	if n.accents() {
		a.Form(uni.NFD)
		a.Filter(func(r rune) bool { return !uni.IsBertMark(r) })
	}
	if jsontext.IsSet(n.Lowercase) {
		a.Lower()
	}
}

// accents reports whether the normalizer of BERT removes accents.
func (n *Spec) accents() bool {
	if n.StripAccents != nil {
		return *n.StripAccents
	}
	return jsontext.IsSet(n.Lowercase)
}

// bert is the normalizer of BERT.
func (n *Spec) bert(may *budget.Budget, s string) string {
	if jsontext.IsSet(n.CleanText) {
		s = may.Chunks(s, func(part string) string { return strings.Map(cleanChar, part) })
	}
	if jsontext.IsSet(n.Chinese) {
		s = may.Chunks(s, spaceChinese)
	}
	if n.accents() {
		s = may.Chunks(form(may, uni.NFD, s), func(part string) string {
			return strings.Map(func(r rune) rune {
				if uni.IsBertMark(r) {
					return -1
				}
				return r
			}, part)
		})
	}
	if jsontext.IsSet(n.Lowercase) {
		s = lower(may, s)
	}
	return s
}

// cleanChar removes control characters and turns white space into spaces.
func cleanChar(r rune) rune {
	switch {
	case r >= ' ' && r <= '~':
		return r // most text
	case r == '\t' || r == '\n' || r == '\r':
		return ' '
	case r == 0 || r == utf8.RuneError || uni.IsBertControl(r):
		return -1
	case uni.Classes().Class(r)&uni.Space != 0:
		return ' '
	}
	return r
}

// spaceChinese puts spaces around ideographs.
func spaceChinese(s string) string {
	if strings.IndexFunc(s, isIdeograph) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if isIdeograph(r) {
			b.WriteByte(' ')
			b.WriteRune(r)
			b.WriteByte(' ')
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func isIdeograph(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r >= 0x3400 && r <= 0x4dbf || r >= 0x20000 && r <= 0x2a6df ||
		r >= 0x2a700 && r <= 0x2b73f || r >= 0x2b740 && r <= 0x2b81f || r >= 0x2b920 && r <= 0x2ceaf ||
		r >= 0xf900 && r <= 0xfaff || r >= 0x2f800 && r <= 0x2fa1f
}
