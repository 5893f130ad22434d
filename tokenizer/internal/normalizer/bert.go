package normalizer

import (
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
	"github.com/gocoreml/coreml/tokenizer/internal/normalized"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// accents reports whether the normalizer of BERT removes accents. Where the file says
// null, it does where it lowers: BERT's models without capitals have no accents either.
func (n *Spec) accents() bool {
	if n.StripAccents != nil {
		return *n.StripAccents
	}
	return jsontext.IsSet(n.Lowercase)
}

// bert appends the normalizer of BERT, which is a sequence of four: it cleans the
// text, puts spaces around ideographs, removes accents and lowers.
func (n *Spec) bert(dst []Step) []Step {
	if jsontext.IsSet(n.CleanText) {
		dst = append(dst, mapped(cleanChar))
	}
	if jsontext.IsSet(n.Chinese) {
		dst = append(dst, dropping(
			func(may *budget.Budget, s string) string { return may.Chunks(s, spaceChinese) },
			traceChinese,
		))
	}
	if n.accents() {
		dst = append(dst, formed(uni.NFD), without(uni.IsBertMark))
	}
	if jsontext.IsSet(n.Lowercase) {
		dst = append(dst, lowered)
	}
	return dst
}

// cleanChar removes control characters and turns white space into spaces. Tab and line
// breaks are both, and count as white space; U+FFFD is what bad bytes have become.
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

// spaceChinese puts spaces around ideographs, two between neighbours: each is a word of
// its own to BERT, and the pre-tokenizer takes the spaces away again.
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

// traceChinese is spaceChinese with the places of the original.
func traceChinese(a *normalized.String) {
	a.Expand(func(dst []rune, r rune) []rune {
		if isIdeograph(r) {
			return append(dst, ' ', r, ' ')
		}
		return append(dst, r)
	})
}

// isIdeograph reports whether BERT takes r for a Chinese character. The ranges are
// those of its own program and leave out what Unicode has added since.
func isIdeograph(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r >= 0x3400 && r <= 0x4dbf || r >= 0x20000 && r <= 0x2a6df ||
		r >= 0x2a700 && r <= 0x2b73f || r >= 0x2b740 && r <= 0x2b81f || r >= 0x2b920 && r <= 0x2ceaf ||
		r >= 0xf900 && r <= 0xfaff || r >= 0x2f800 && r <= 0x2fa1f
}
