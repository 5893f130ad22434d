package jinja

import "unicode/utf8"

const (
	// slowPiece is the piece for work on each character, fastPiece for work on
	// many bytes at a time. Either takes a millisecond at most.
	slowPiece = 16 << 10
	fastPiece = 256 << 10
)

// pieceLen returns the length of the first piece of s, which has at most n
// bytes and does not end inside a character.
func pieceLen(s string, n int) int {
	if len(s) <= n {
		return len(s)
	}
	for back := range utf8.UTFMax {
		if utf8.RuneStart(s[n-back]) {
			return n - back
		}
	}
	return n
}
