package jinja

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The functions here map a piece of a text at a time. Those that have to know
// what stood before are made anew for each text.

// Characters whose case mapping has more than one character.
var (
	upperSpecial = strings.NewReplacer("ß", "SS", "ŉ", "ʼN", "ﬀ", "FF", "ﬁ", "FI", "ﬂ", "FL", "ﬃ", "FFI", "ﬄ", "FFL", "ﬅ", "ST", "ﬆ", "ST")
	lowerSpecial = strings.NewReplacer("İ", "i\u0307")
)

// upper and lower are str.upper and str.lower: the mapping of Unicode with the
// characters that become several, which Go's does not have. Greek's final sigma
// is the one rule of Python that looks around a letter and is not here.
func upper(s string) string { return strings.ToUpper(upperSpecial.Replace(s)) }

func lower(s string) string { return strings.ToLower(lowerSpecial.Replace(s)) }

// swapCase is str.swapcase.
func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, s)
}

// pyTitle is Python's str.title: letters after another letter are lower case.
// So don't becomes Don'T, which is why jinja2 has a filter of its own.
func pyTitle() func(string) string {
	inWord := false
	return func(s string) string {
		return strings.Map(func(r rune) rune {
			was := inWord
			inWord = unicode.IsLetter(r)
			if was {
				return unicode.ToLower(r)
			}
			return unicode.ToTitle(r)
		}, s)
	}
}

// title is the filter title: a word begins after white space, a hyphen or a
// bracket. An apostrophe does not begin one, and a digit does not either.
func title() func(string) string {
	begins := true
	return func(s string) string {
		return strings.Map(func(r rune) rune {
			first := begins
			begins = isSpace(r) || strings.ContainsRune("-({[<", r)
			if begins {
				return r
			}
			if first {
				return unicode.ToUpper(r)
			}
			return unicode.ToLower(r)
		}, s)
	}
}

// capitalize is str.capitalize, which takes the title case of the first letter
// since Python 3.8: a digraph such as ǆ becomes ǅ.
func capitalize() func(string) string {
	first := true
	return func(s string) string {
		n := 0
		head := ""
		if first {
			first = false
			var r rune
			r, n = utf8.DecodeRuneInString(s)
			if n > 0 {
				head = string(unicode.ToTitle(r))
			}
		}
		return head + strings.ToLower(s[n:])
	}
}
