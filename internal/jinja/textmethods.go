package jinja

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// textMethods are the methods of strings. Those that are listed behind the
// table go over a part of the text only, mostly, and pay for that. The methods
// that make no sense without bytes or translation tables that str.maketrans makes are
// left out, and undefined then.
var textMethods map[string]textMethod

// init fills the table, because format looks members up, which may be methods.
func init() {
	textMethods = metered(map[string]textMethod{
		"strip":      stripMethod((*interp).trim),
		"lstrip":     stripMethod((*interp).trimLeft),
		"rstrip":     stripMethod((*interp).trimRight),
		"upper":      mapMethod(plain(upper), (*interp).mapText),
		"lower":      mapMethod(plain(lower), (*interp).mapLower),
		"casefold":   mapMethod(plain(casefold), (*interp).mapText),
		"title":      mapMethod(pyTitle, (*interp).mapLower),
		"capitalize": mapMethod(capitalize, (*interp).mapLower),
		"swapcase":   mapMethod(plain(swapCase), (*interp).mapText),
		"isdigit":    isMethod(isDigit),
		"isdecimal":  isMethod(unicode.IsDigit),
		"isnumeric":  isMethod(isNumeric),
		"isalpha":    isMethod(unicode.IsLetter),
		"isalnum":    isMethod(func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }),
		"isspace":    isMethod(isSpace),
		"isprintable": func(in *interp, s string, _ *args) (Value, error) {
			return in.all(s, func(r rune) bool { return r == ' ' || unicode.IsPrint(r) })
		},
		"isupper":      caseMethod(isUpper, isLower),
		"islower":      caseMethod(isLower, isUpper),
		"istitle":      isTitleMethod,
		"isidentifier": isIdentifierMethod,
		"isascii": func(in *interp, s string, _ *args) (Value, error) {
			return in.all(s, func(r rune) bool { return r < utf8.RuneSelf })
		},
		"startswith":   affixMethod("startswith", strings.HasPrefix),
		"endswith":     affixMethod("endswith", strings.HasSuffix),
		"removeprefix": cutMethod("removeprefix", strings.TrimPrefix),
		"removesuffix": cutMethod("removesuffix", strings.TrimSuffix),
		"find":         findMethod("find", false),
		"rfind":        findMethod("rfind", true),
		"index":        findMethod("index", false),
		"rindex":       findMethod("rindex", true),
		"count":        countMethod,
		"replace":      replaceMethod,
		"split":        splitMethod,
		"rsplit":       rsplitMethod,
		"splitlines":   splitLinesMethod,
		"partition":    partitionMethod("partition", false),
		"rpartition":   partitionMethod("rpartition", true),
		"join":         joinMethod,
		"ljust":        justMethod("ljust"),
		"rjust":        justMethod("rjust"),
		"center":       justMethod("center"),
		"zfill":        zfillMethod,
		"format":       func(in *interp, s string, a *args) (Value, error) { return in.braceFormat(s, a, false) },
		"format_map":   formatMapMethod,
		"expandtabs":   expandTabsMethod,
		"translate":    translateMethod,
		"encode": func(*interp, string, *args) (Value, error) {
			return nil, fail(TypeError, "bytes are not supported in a chat template")
		},
	}, ownTextMethods...)
	for id, f := range textMethods {
		if !slices.Contains([]string{"split", "rsplit", "splitlines", "format", "encode", "expandtabs"}, id) {
			textMethods[id] = positional(id, f)
		}
		if strings.HasPrefix(id, "is") {
			textMethods[id] = withoutArguments(id, textMethods[id])
		}
	}
}

// withoutArguments refuses arguments.
func withoutArguments(id string, f textMethod) textMethod {
	return func(in *interp, s string, a *args) (Value, error) {
		if n := len(a.pos); n > 0 {
			return nil, fail(TypeError, "str.%s() takes no arguments (%d given)", id, n)
		}
		return f(in, s, a)
	}
}

// positional refuses names of arguments, as most of the methods do: they are
// functions of C.
func positional(id string, f textMethod) textMethod {
	return func(in *interp, s string, a *args) (Value, error) {
		if len(a.named) > 0 {
			owner := "str."
			if slices.Contains(oldMethods, id) {
				owner = ""
			}
			return nil, fail(TypeError, "%s%s() takes no keyword arguments", owner, id)
		}
		return f(in, s, a)
	}
}

// oldMethods read their arguments in a way of their own, whose messages do not name
// the type.
var oldMethods = []string{"startswith", "endswith", "find", "rfind", "index", "rindex", "count"}

// ownTextMethods pay for what they go over, which is often a few characters of
// a long text.
var ownTextMethods = []string{
	"strip", "lstrip", "rstrip", "startswith", "endswith", "removeprefix", "removesuffix",
	"find", "rfind", "index", "rindex", "partition", "rpartition", "encode",
	"isdigit", "isdecimal", "isnumeric", "isalpha", "isalnum", "isspace", "isupper", "islower",
	"istitle", "isidentifier", "isascii", "isprintable",
}

// textMethod is a method of a text.
type textMethod = func(in *interp, s string, a *args) (Value, error)

// oneText returns the only argument of a method, which has to be text.
func oneText(fn string, a *args) (string, error) {
	b, err := a.bind(fn, 1, "sub")
	if err != nil {
		return "", err
	}
	return b.text(0, "")
}

// stripMethod removes white space, or the characters of a text, with trim. The
// argument is a set of characters in any order and not a prefix:
// 'abc'.strip('ca') is b.
//
// In CPython this is do_strip. Only the ends are looked at, and paid for:
// the result is a part of the same memory.
func stripMethod(trim func(in *interp, s string, f func(rune) bool) (string, error)) textMethod {
	return func(in *interp, s string, a *args) (Value, error) {
		b, err := a.bind("strip", 0, "chars")
		if err != nil {
			return nil, err
		}
		if !b.isSet[0] || b.vals[0] == nil {
			return trim(in, s, isSpace)
		}
		chars, err := b.text(0, "")
		if err != nil {
			return nil, err
		}
		f, err := in.anyOf(chars)
		if err != nil {
			return nil, err
		}
		return trim(in, s, f)
	}
}

// anyOf returns a function that reports whether a character is one of chars.
// Many are put into a map, so that looking for each in turn stays linear.
func (in *interp) anyOf(chars string) (func(rune) bool, error) {
	if len(chars) <= 16 {
		return func(r rune) bool { return strings.ContainsRune(chars, r) }, nil
	}
	if err := in.charge(8 * len(chars)); err != nil {
		return nil, err
	}
	set := map[rune]bool{}
	err := in.pieces(chars, func(piece string) bool {
		for _, r := range piece {
			set[r] = true
		}
		return true
	})
	return func(r rune) bool { return set[r] }, err
}

// plain makes a mapping of pieces of one that keeps nothing from one piece to
// the next.
func plain(f func(string) string) func() func(string) string {
	return func() func(string) string { return f }
}

// mapMethod makes a method of a mapping of pieces; start begins a text.
func mapMethod(start func() func(string) string, lowering mapper) textMethod {
	return func(in *interp, s string, a *args) (Value, error) {
		if _, err := a.bind("method", 0); err != nil {
			return nil, err
		}
		return lowering(in, s, start())
	}
}

// isMethod asks of every character. An empty text has none and gives false, as
// in Python.
func isMethod(is func(rune) bool) textMethod {
	return func(in *interp, s string, _ *args) (Value, error) {
		ok, err := in.all(s, is)
		return ok && s != "", err
	}
}

// caseMethod makes isupper and islower.
func caseMethod(want, other func(rune) bool) textMethod {
	return func(in *interp, s string, _ *args) (Value, error) {
		return in.cased(s, want, other)
	}
}

// cased reports whether s has a character of the wanted case and none of the
// other.
func (in *interp) cased(s string, want, other func(rune) bool) (bool, error) {
	found := false
	ok, err := in.all(s, func(r rune) bool {
		found = found || want(r)
		return !other(r)
	})
	return ok && found, err
}

// A letter with a case follows one without, or none, if and only if it is a
// capital.
func isTitleMethod(in *interp, s string, _ *args) (Value, error) {
	inside, found := false, false
	ok, err := in.all(s, func(r rune) bool {
		upper, lower := isUpper(r) || unicode.IsTitle(r), isLower(r)
		if upper && inside || lower && !inside {
			return false
		}
		inside = upper || lower
		found = found || inside
		return true
	})
	return ok && found, err
}

// isIdentifierMethod is str.isidentifier: XID_Start and XID_Continue of Unicode,
// nearly, by the categories of letters, digits and marks.
func isIdentifierMethod(in *interp, s string, _ *args) (Value, error) {
	first := true
	ok, err := in.all(s, func(r rune) bool {
		ok := r == '_' || unicode.IsLetter(r) || !first && (unicode.IsDigit(r) || unicode.Is(unicode.M, r))
		first = false
		return ok
	})
	return ok && s != "", err
}
