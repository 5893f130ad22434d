package jinja

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Unicode has three kinds of signs for numbers, each within the next: decimal
// digits, of which numbers are written in places; other digits, such as ²; and
// everything with a value, such as ½ and 一.

// isDigit is str.isdigit of one character.
func isDigit(r rune) bool { return unicode.IsDigit(r) || unicode.Is(digitSigns, r) }

// isNumeric is str.isnumeric of one character.
func isNumeric(r rune) bool { return unicode.IsNumber(r) || unicode.Is(numeralLetters, r) }

// digitValue returns the value of a decimal digit of any script, or -1. The digits
// of a script follow each other from zero, so that a range of the table has a
// multiple of ten.
func digitValue(r rune) int {
	for _, set := range unicode.Nd.R16 {
		if r >= rune(set.Lo) && r <= rune(set.Hi) {
			return int(r-rune(set.Lo)) % 10
		}
	}
	for _, set := range unicode.Nd.R32 {
		if r >= rune(set.Lo) && r <= rune(set.Hi) {
			return int(r-rune(set.Lo)) % 10
		}
	}
	return -1
}

// asciiDigits returns a text with the decimal digits of all scripts as ASCII has
// them, which is what Python reads numbers from.
func asciiDigits(s string) string {
	if isASCII(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			return r
		}
		if d := digitValue(r); d >= 0 {
			return '0' + rune(d)
		}
		return r
	}, s)
}

// joinDigits removes the underscores between the digits of a number. Python allows
// single ones there and nowhere else.
func joinDigits(s string, digit func(c byte) bool) (string, bool) {
	if !strings.Contains(s, "_") {
		return s, true
	}
	for i := range len(s) {
		if s[i] == '_' && (i == 0 || i+1 == len(s) || !digit(s[i-1]) || !digit(s[i+1])) {
			return "", false
		}
	}
	return strings.ReplaceAll(s, "_", ""), true
}

func isASCIIDigit(c byte) bool { return c >= '0' && c <= '9' }

// isASCIIAlnum holds for the digits of all bases.
func isASCIIAlnum(c byte) bool { return isASCIIDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' }
