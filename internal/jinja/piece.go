package jinja

import "unicode/utf8"

// Python's operations on long texts cannot be interrupted at all. Here a server
// that cancels a request has its goroutine back within a piece.
const (
	// slowPiece is the piece for work on each character, fastPiece for work on
	// many bytes at a time. Either takes a millisecond at most.
	slowPiece = 16 << 10
	fastPiece = 256 << 10
)

// pieceLen returns the length of the first piece of s, which has at most n
// bytes and does not end inside a character. Bytes that are no UTF-8 have no
// starts, and are cut anywhere.
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
