package bytelevel

import (
	"strconv"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
)

// ByteRunes is the byte-level alphabet of GPT-2: each byte as a printable
// character, itself where it is one. The others are the characters from U+0100 on in
// the order of their bytes, so that a space is Ġ (bytes_to_unicode in GPT-2's encoder.py).
var ByteRunes = func() (table [256]rune) {
	next := rune(256)
	for b := range table {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae {
			table[b] = rune(b)
			continue
		}
		table[b] = next
		next++
	}
	return table
}()

// runeBytes is the inverse of ByteRunes, -1 for characters outside it. 68 bytes are not
// printable by themselves, so that the alphabet ends 68 characters behind the bytes.
var runeBytes = func() (table [256 + 68]int16) {
	for i := range table {
		table[i] = -1
	}
	for b, r := range ByteRunes {
		table[r] = int16(b)
	}
	return table
}()

// AppendByteLevel appends text in the byte-level alphabet.
func AppendByteLevel(dst []byte, text string) []byte {
	for i := range len(text) {
		dst = utf8.AppendRune(dst, ByteRunes[text[i]])
	}
	return dst
}

// AppendBytes appends the bytes that a token of the byte-level alphabet stands
// for, or the token itself if it has a character outside the alphabet.
func AppendBytes(dst []byte, token string) []byte {
	start := len(dst)
	for _, r := range token {
		if int(r) >= len(runeBytes) || runeBytes[r] < 0 {
			return append(dst[:start], token...)
		}
		dst = append(dst, byte(runeBytes[r]))
	}
	return dst
}

// AppendLossy appends raw as text. Each maximal part of an incomplete
// character becomes one U+FFFD, which is the practice that the Unicode
// standard recommends (chapter 3.9) and that the reference follows; a Go
// conversion would write one for each byte.
func AppendLossy(dst, raw []byte) []byte {
	for len(raw) > 0 {
		if r, n := utf8.DecodeRune(raw); r != utf8.RuneError || n > 1 {
			dst = append(dst, raw[:n]...)
			raw = raw[n:]
			continue
		}
		dst = utf8.AppendRune(dst, utf8.RuneError)
		raw = raw[subpart(raw):]
	}
	return dst
}

// subpart returns the length of the maximal part of a character at the start
// of raw, which is not a whole character; at least 1.
func subpart(raw []byte) int {
	need, lo, hi := follows(raw[0])
	n := 1
	for n <= need && n < len(raw) && raw[n] >= lo && raw[n] <= hi {
		n++
		lo, hi = 0x80, 0xbf
	}
	return n
}

// follows returns how many bytes follow the first one of a character, and between
// which the second lies. The narrower ranges leave out overlong forms (behind E0 and
// F0), surrogates (ED) and what lies above U+10FFFF (F4): table 3-7 of the Unicode
// standard.
func follows(lead byte) (need int, lo, hi byte) {
	lo, hi = 0x80, 0xbf
	switch lead {
	case 0xe0:
		lo = 0xa0
	case 0xed:
		hi = 0x9f
	case 0xf0:
		lo = 0x90
	case 0xf4:
		hi = 0x8f
	}
	switch {
	case lead >= 0xc2 && lead <= 0xdf:
		need = 1
	case lead >= 0xe0 && lead <= 0xef:
		need = 2
	case lead >= 0xf0 && lead <= 0xf4:
		need = 3
	}
	return need, lo, hi
}

// FallbackByte returns the byte that a token such as <0x0A> stands for.
func FallbackByte(token string) (byte, bool) {
	if len(token) != 6 || token[:3] != "<0x" || token[5] != '>' {
		return 0, false
	}
	b, err := strconv.ParseUint(token[3:5], 16, 8)
	return byte(b), err == nil
}

// Rewrite returns a text in the byte-level alphabet.
func Rewrite(may *budget.Budget, s string) string {
	if !may.Fits(len(s)) {
		return ""
	}
	return may.Chunks(s, func(part string) string { return string(AppendByteLevel(make([]byte, 0, 2*len(part)), part)) })
}
