package quote

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Two questions are asked about a foreign text. [Name], [Bare] and [Text] are for
// messages and ask what can be read: all that is not printable becomes an escape.
// [Line] and [AppendHarmless] are for a terminal and ask only what acts on it:
// a path with a no-break space, or a family of emoji held together by joiners, is
// to be copied from there as it is.

// acts reports whether r does something to a terminal, or to the order in
// which text is shown, in place of being shown: the control characters of C0 and
// C1, DEL, the separators that some terminals take for a new line, and the
// characters that turn the direction of writing.
func acts(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r <= 0x9f:
		return true
	case r == 0x2028, r == 0x2029, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}

// AppendHarmless appends p to dst with every character that acts but those in keep
// as an escape of Go, and every byte that is no UTF-8 as \xNN. Characters from
// DEL on become \uNNNN, which JSON reads as the same character: control
// characters below it never stand in JSON.
func AppendHarmless(dst, p []byte, keep string) []byte {
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		switch {
		case r == utf8.RuneError && n <= 1:
			dst = fmt.Appendf(dst, `\x%02x`, p[0])
		case !acts(r) || strings.ContainsRune(keep, r):
			dst = append(dst, p[:n]...)
		case r >= 0x7f:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		default:
			quoted := strconv.QuoteRune(r)
			dst = append(dst, quoted[1:len(quoted)-1]...)
		}
		p = p[n:]
	}
	return dst
}

// Line makes one line of a text, as long as it is: a new line, and all else that
// acts on a terminal, becomes an escape. Backslashes stay as they are, so that the
// paths of Windows can be read.
func Line(s string) string {
	if Harmless([]byte(s), "") {
		return s
	}
	return string(AppendHarmless(nil, []byte(s), ""))
}

// Harmless reports whether AppendHarmless would leave p as it is. It is asked about
// all that a command prints, nearly all of which is.
func Harmless(p []byte, keep string) bool {
	for i := 0; i < len(p); {
		if b := p[i]; b < utf8.RuneSelf {
			if (b < 0x20 || b == 0x7f) && !strings.ContainsRune(keep, rune(b)) {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(p[i:])
		if r == utf8.RuneError && n <= 1 || acts(r) {
			return false
		}
		i += n
	}
	return true
}
