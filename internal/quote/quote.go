// Package quote shows text that others wrote: names in a package, keys of a file,
// what a template says. Such text goes into errors and listings, and from there to
// terminals and logs. It may be a megabyte long, hold the escape sequences that
// rename a window, or turn the direction of writing; none of that gets through
// here.
//
// It imports nothing of the project, so that every package can use it.
package quote

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Cut returns at most limit bytes of s, with three dots behind them when there is
// more. It does not cut inside a character.
func Cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := limit
	// A character has at most four bytes: what has no start within them is not
	// UTF-8 and may be cut anywhere.
	for back := range utf8.UTFMax {
		if limit-back >= 0 && utf8.RuneStart(s[limit-back]) {
			end = limit - back
			break
		}
	}
	return s[:end] + "..."
}

// Name returns s in quotation marks as Go writes it, cut to limit bytes. The dots
// stand behind the closing mark, where they cannot be a part of the name.
func Name(s string, limit int) string {
	if len(s) <= limit {
		return strconv.Quote(s)
	}
	cut := Cut(s, limit)
	return strconv.Quote(strings.TrimSuffix(cut, "...")) + "..."
}

// Bare is Name that leaves the quotation marks off a short name of letters, digits
// and the usual marks. Listings stay readable that way, and what has no marks
// cannot be mistaken for anything else.
func Bare(s string, limit int) string {
	if s == "" || len(s) > limit {
		return Name(s, limit)
	}
	for k := range len(s) {
		switch c := s[k]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '.', c == '-', c == '/', c == ':':
		default:
			return Name(s, limit)
		}
	}
	return s
}

// Text returns s without quotation marks around it, cut to limit bytes, and with
// escapes for the characters that are not printable. Quotation marks and
// backslashes stay as they are: a sentence is to be read, not to be parsed.
func Text(s string, limit int) string {
	s = Cut(s, limit)
	for _, r := range s {
		// A byte that is not UTF-8 is read as the replacement character, which is
		// printable itself.
		if r == utf8.RuneError || !strconv.IsPrint(r) {
			quoted := strconv.Quote(s)
			return unescaped.Replace(quoted[1 : len(quoted)-1])
		}
	}
	return s
}

// unescaped takes back what strconv.Quote does to printable characters. It goes
// from left to right, so that the pair of an escaped backslash is read as one.
var unescaped = strings.NewReplacer(`\"`, `"`, `\\`, `\`)
