package jinja

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// The functions here map a piece of a text at a time. Those that have to know
// what stood before are made anew for each text.

// caseMap is a mapping of Unicode in which some characters become several, which
// the mappings of package unicode leave out.
type caseMap struct {
	simple  func(rune) rune
	special func() map[rune]string
}

// Greek's final sigma is the one rule that looks around a letter: sigma.go.
var (
	upperCase = caseMap{unicode.ToUpper, pairs(upperPairs)}
	titleCase = caseMap{unicode.ToTitle, pairs(titlePairs)}
	lowerCase = caseMap{unicode.ToLower, pairs("İi\u0307\n")}
	foldCase  = caseMap{unicode.ToLower, pairs(foldPairs)}
)

// pairs reads lines of a character and what becomes of it, when they are first
// asked for.
func pairs(lines string) func() map[rune]string {
	return sync.OnceValue(func() map[rune]string {
		special := map[rune]string{}
		for line := range strings.Lines(lines) {
			r, n := utf8.DecodeRuneInString(line)
			special[r] = line[n : len(line)-1]
		}
		return special
	})
}

// write writes one character as the mapping has it.
func (m *caseMap) write(b *strings.Builder, r rune) {
	if r < utf8.RuneSelf {
		b.WriteByte(byte(m.simple(r))) // of ASCII only ASCII comes
		return
	}
	if s, ok := m.special()[r]; ok {
		b.WriteString(s)
		return
	}
	b.WriteRune(m.simple(r))
}

func (m *caseMap) text(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		m.write(&b, r)
	}
	return b.String()
}

// isASCII says that the quicker mappings of package strings do for a text.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// upper is str.upper.
func upper(s string) string {
	if isASCII(s) {
		return strings.ToUpper(s)
	}
	return upperCase.text(s)
}

// lower is str.lower.
func lower(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return lowerCase.text(s)
}

// casefold is str.casefold, the full case folding of Unicode: ß becomes ss.
func casefold(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return foldCase.text(s)
}

// swapCase is str.swapcase.
func swapCase(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case isUpper(r):
			lowerCase.write(&b, r)
		case isLower(r):
			upperCase.write(&b, r)
		default:
			b.WriteRune(r) // a digraph in title case too
		}
	}
	return b.String()
}

// isUpper and isLower are the properties Uppercase and Lowercase of Unicode, which
// hold for some signs that are no letters too.
func isUpper(r rune) bool {
	return unicode.IsUpper(r) || r >= utf8.RuneSelf && unicode.Is(unicode.Other_Uppercase, r)
}

func isLower(r rune) bool {
	return unicode.IsLower(r) || r >= utf8.RuneSelf && unicode.Is(unicode.Other_Lowercase, r)
}

// pyTitle is Python's str.title: letters after another letter are lower case, if the
// other has a case.
// So don't becomes Don'T, which is why jinja2 has a filter of its own.
func pyTitle() func(string) string {
	inWord := false
	return func(s string) string {
		var b strings.Builder
		b.Grow(len(s))
		for _, r := range s {
			if inWord {
				lowerCase.write(&b, r)
			} else {
				titleCase.write(&b, r)
			}
			inWord = isUpper(r) || isLower(r) || unicode.IsTitle(r)
		}
		return b.String()
	}
}

// title is the filter title: a word begins after white space, a hyphen or a
// bracket. An apostrophe does not begin one, and a digit does not either.
func title() func(string) string {
	begins := true
	return func(s string) string {
		var b strings.Builder
		b.Grow(len(s))
		for _, r := range s {
			first := begins
			begins = isSpace(r) || opens(r)
			switch {
			case begins:
				b.WriteRune(r)
			case first:
				upperCase.write(&b, r)
			default:
				lowerCase.write(&b, r)
			}
		}
		return b.String()
	}
}

// opens says that a word begins behind the character.
func opens(r rune) bool { return r == '-' || r == '(' || r == '{' || r == '[' || r == '<' }

// capitalize is str.capitalize, which takes the title case of the first letter
// since Python 3.8: a digraph such as ǆ becomes ǅ.
func capitalize() func(string) string {
	first := true
	return func(s string) string {
		if !first || s == "" {
			return lower(s)
		}
		first = false
		r, n := utf8.DecodeRuneInString(s)
		var b strings.Builder
		titleCase.write(&b, r)
		return b.String() + lower(s[n:])
	}
}
