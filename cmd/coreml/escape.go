package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// unsafeRune reports whether r does something to a terminal, or to the order in
// which text is shown, in place of being shown: the control characters of C0 and
// C1, DEL, the separators that some terminals take for a new line, and the
// characters that turn the direction of writing.
func unsafeRune(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r <= 0x9f:
		return true
	case r == 0x2028, r == 0x2029, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}

// appendEscaped appends p to dst with every unsafe character but those in keep
// as an escape of Go, and every byte that is no UTF-8 as \xNN. Characters from
// DEL on become \uNNNN, which JSON reads as the same character: control
// characters below it never stand in JSON.
func appendEscaped(dst, p []byte, keep string) []byte {
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		switch {
		case r == utf8.RuneError && n <= 1:
			dst = fmt.Appendf(dst, `\x%02x`, p[0])
		case !unsafeRune(r) || strings.ContainsRune(keep, r):
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

// plain makes one line of a text that others wrote, such as a name in a package:
// what would not be shown, a new line too, becomes an escape.
func plain(s string) string {
	if safe([]byte(s), "") {
		return s
	}
	return string(appendEscaped(nil, []byte(s), ""))
}

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

// ownLayout are the control characters that the output for people is laid out
// with.
const ownLayout = "\n\t"

// safe reports whether p needs no escapes.
func safe(p []byte, keep string) bool {
	for i := 0; i < len(p); {
		if b := p[i]; b < utf8.RuneSelf {
			if (b < 0x20 || b == 0x7f) && !strings.ContainsRune(keep, rune(b)) {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(p[i:])
		if r == utf8.RuneError && n <= 1 || unsafeRune(r) {
			return false
		}
		i += n
	}
	return true
}

// shownWriter passes text on so that nothing in it can command the terminal that
// shows it. Every verb writes through one: what a verb forgets to quote is
// escaped here.
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
	if !safe(all, ownLayout) {
		s.buf = appendEscaped(s.buf[:0], all, ownLayout)
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
	rest := appendEscaped(nil, s.held, ownLayout)
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
