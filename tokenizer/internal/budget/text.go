package budget

import (
	"unicode/utf8"
)

// AppendValid appends text with each byte that is not part of a character
// replaced by U+FFFD, as a range over a Go string sees it.
func AppendValid(dst []byte, text string) []byte {
	for _, r := range text {
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// Chunks rewrites a text chunk by chunk, none of which ends inside a character:
// f looks at each character by itself.
func (may *Budget) Chunks(s string, f func(part string) string) string {
	const size = LookAfter
	if len(s) <= size { // most texts
		may.Spend(len(s))
		return f(s)
	}
	var out []byte
	same := 0 // the beginning of s that f has left as it is
	for at := 0; at < len(s) && may.Spend(size) && may.Fits(len(out)); {
		part := s[at : at+Chunk(s[at:], size)]
		at += len(part)
		with := f(part)
		if out == nil && with == part {
			same = at
			continue
		}
		if out == nil {
			out = append(make([]byte, 0, len(s)+len(s)/8), s[:same]...)
		}
		out = append(out, with...)
	}
	if out == nil {
		return s
	}
	return string(out)
}

// Chunk returns the length of a beginning of s of about size bytes that does not
// end inside a character.
func Chunk[T string | []byte](s T, size int) int {
	n := min(size, len(s))
	for end := n + utf8.UTFMax - 1; n < len(s) && n < end && !utf8.RuneStart(s[n]); {
		n++
	}
	return n
}

// Valid returns a text with each byte that is not part of a character as U+FFFD.
func (may *Budget) Valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return may.Chunks(s, func(part string) string { return string(AppendValid(make([]byte, 0, len(part)+16), part)) })
}
