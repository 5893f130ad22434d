package jinja

import (
	"strings"
	"unicode"
)

// The capital sigma of Greek becomes a final one, ς, in lower case at the end of a word:
// where a letter with a case stands before it and none behind it, and what has no say in
// cases, such as an apostrophe or an accent, is looked past on both sides.
//
// In CPython this is handle_capital_sigma; in Unicode, Final_Sigma of SpecialCasing.

const sigma, finalSigma = 'Σ', 'ς'

// mapLower is mapText for a mapping that lowers letters.
func (in *interp) mapLower(s string, f func(piece string) string) (string, error) {
	at, err := in.index(s, string(sigma), false)
	if err != nil {
		return "", err
	}
	if at < 0 {
		return in.mapText(s, f)
	}
	if s, err = in.finalSigmas(s); err != nil {
		return "", err
	}
	return in.mapText(s, f)
}

// finalSigmas returns s with a small final sigma for each capital one that becomes it.
// A text has to be gone over to its end to know.
func (in *interp) finalSigmas(s string) (string, error) {
	out := builder{in: in}
	var held strings.Builder // from a sigma on whose place is not known yet
	before, waits := false, false
	var failed error
	settle := func(last bool) {
		if !waits || failed != nil {
			return
		}
		waits = false
		text := held.String()
		if held.Reset(); last {
			text = string(finalSigma) + strings.TrimPrefix(text, string(sigma))
		}
		failed = out.write(text)
	}
	err := in.pieces(s, func(piece string) bool {
		from := 0
		for i, r := range piece {
			switch {
			case unicode.Is(caseIgnorable, r):
				continue
			case waits:
				held.WriteString(piece[from:i])
				settle(!hasCase(r))
				from = i
			}
			if r == sigma && before {
				if failed = out.write(piece[from:i]); failed != nil {
					return false
				}
				waits, from = true, i
			}
			before = hasCase(r)
		}
		if waits {
			held.WriteString(piece[from:])
			failed = in.charge(len(piece) - from)
		} else if failed == nil {
			failed = out.write(piece[from:])
		}
		return failed == nil
	})
	if err != nil {
		return "", err
	}
	if settle(true); failed != nil {
		return "", failed
	}
	return out.text()
}

// hasCase is the property Cased of Unicode.
func hasCase(r rune) bool { return isUpper(r) || isLower(r) || unicode.IsTitle(r) }
