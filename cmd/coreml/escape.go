package main

import (
	"io"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/internal/quote"
)

// plain makes one line of a text that others wrote, such as a name in a package:
// what would not be shown, a new line too, becomes an escape.
func plain(s string) string { return quote.Line(s) }

// quoted is plain between quotes. Unlike %q it leaves backslashes, which Windows
// has in its paths, as they are.
func quoted(s string) string { return `"` + plain(s) + `"` }

// shownName is a name that begins a line: as it is where it is plain text, and
// else quoted.
func shownName(name string) string {
	if name == "" || plain(name) != name {
		return quoted(name)
	}
	return name
}

// firstLine cuts an argument that is a whole text.
func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	if r := []rune(line); len(r) > 40 {
		line = string(r[:39]) + "…"
	}
	return line
}

// ownLayout are the control characters that the output for people is laid out
// with.
const ownLayout = "\n\t"

// shownWriter passes text on so that nothing in it can command the terminal that
// shows it. Every verb writes through one: what a verb forgets to quote is
// escaped here.
//
// A character may come in several writes, and an escape sequence too, whose first
// byte is escaped and the rest then plain text.
type shownWriter struct {
	w    io.Writer
	held []byte // the beginning of a character whose rest has not come yet
	buf  []byte
}

// Write implements io.Writer.
func (s *shownWriter) Write(p []byte) (int, error) {
	all := p
	if len(s.held) > 0 {
		all = append(s.held, p...)
		s.held = nil
	}
	if cut := unfinished(all); cut > 0 {
		s.held = append([]byte(nil), all[len(all)-cut:]...)
		all = all[:len(all)-cut]
	}
	if len(all) == 0 {
		return len(p), nil
	}
	if !quote.Harmless(all, ownLayout) {
		s.buf = quote.AppendHarmless(s.buf[:0], all, ownLayout)
		all = s.buf
	}
	if _, err := s.w.Write(all); err != nil {
		return 0, err
	}
	return len(p), nil
}

// finish writes what was held back: it is no character.
func (s *shownWriter) finish() error {
	if len(s.held) == 0 {
		return nil
	}
	rest := quote.AppendHarmless(nil, s.held, ownLayout)
	s.held = nil
	_, err := s.w.Write(rest)
	return err
}

// unfinished returns how many bytes at the end of p begin a character that more
// bytes may complete.
func unfinished(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		if b := p[len(p)-n]; utf8.RuneStart(b) {
			if b >= utf8.RuneSelf && !utf8.FullRune(p[len(p)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}
