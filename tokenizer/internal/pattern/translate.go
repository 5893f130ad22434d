package pattern

import (
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// translate rewrites what the syntax of the reference's engine (Oniguruma's
// Ruby syntax) has and the syntax of .NET has not. Classes such as \p{L} become
// their ranges, so that the tables are those of this package. It reports false for
// constructs that it does not know: they are refused, never guessed. It stops where
// the result is too long for any use.
func translate(pattern string) (string, bool) {
	t := translator{rest: pattern, groups: make([]opened, 1)}
	for t.rest != "" && len(t.out) <= maxTranslated {
		if !t.next() {
			return "", false
		}
	}
	t.closeOptions()
	return string(t.out), len(t.groups) == 1
}

// translator reads a pattern from left to right. It needs no tree: all that an
// operator can be about is the atom before it.
type translator struct {
	rest string
	out  []byte
	atom int  // where the last atom starts in out
	fold bool // case does not matter
	// extended says that white space says nothing.
	extended bool
	groups   []opened // those that are open, the pattern itself the first
}

// opened is a group that is not closed yet.
type opened struct {
	start int  // in out
	fold  bool // as it was before
	// extended is as it was before; behind says that it is a look behind.
	extended, behind bool
	options          int // the groups that options in it have opened
}

// next translates a construct.
func (t *translator) next() bool {
	switch t.rest[0] {
	case '(':
		if before := len(t.rest); t.fold {
			if t.flatten(0); len(t.rest) < before {
				return true
			}
		}
		return t.open()
	case ')':
		return t.close()
	case '[':
		return t.class()
	case '^':
		t.write(lineStart, 1)
		return true
	case '\\':
		return t.escape()
	case '*', '+', '?', '{':
		t.quantifier()
		return true
	}
	r, n := utf8.DecodeRuneInString(t.rest)
	if t.fold && (r >= utf8.RuneSelf || uni.Cases(r) != nil) {
		t.folded(r, n)
	} else {
		t.write(t.rest[:n], n)
	}
	return true
}

// write writes an atom for n bytes of the pattern.
func (t *translator) write(atom string, n int) {
	t.atom = len(t.out)
	t.out = append(t.out, atom...)
	t.rest = t.rest[n:]
}

// writeSet writes a class as an atom for n bytes of the pattern. It has the cases that
// it needs in it, so the engine must not add any.
func (t *translator) writeSet(set [][2]rune, n int) {
	if t.fold {
		t.write("(?-i:", n)
		t.out = append(appendSet(t.out, set), ')')
		return
	}
	t.write("", n)
	t.out = appendSet(t.out, set)
}

// open translates the beginning of a group. Options without a group, such as (?i),
// hold for the rest of the group around them and bind less than a | there: a(?i)b|c is
// a(?i:b|c). In .NET it is not, so they get the group.
func (t *translator) open() bool {
	open, size := group(t.rest)
	if size == 0 {
		return false
	}
	fold, extended := option(open, "i", t.fold), option(open, "x", t.extended)
	if alone, ok := strings.CutSuffix(open, ")"); ok {
		t.write(alone+":", size)
		t.groups[len(t.groups)-1].options++
	} else {
		t.write(open, size)
		t.groups = append(t.groups, opened{start: t.atom, fold: t.fold, extended: t.extended, behind: strings.HasPrefix(open, "(?<=") || strings.HasPrefix(open, "(?<!")})
	}
	t.fold, t.extended = fold, extended
	return true
}

// option returns whether an option is on behind the beginning of a group.
func option(open, letter string, on bool) bool {
	options, ok := strings.CutPrefix(open, "(?")
	if !ok || strings.HasPrefix(options, "<") { // a name is no option
		return on
	}
	set, off, _ := strings.Cut(options, "-")
	return (on || strings.Contains(set, letter)) && !strings.Contains(off, letter)
}

// close translates the end of a group, all of which is the atom for what follows.
func (t *translator) close() bool {
	if len(t.groups) == 1 {
		return false
	}
	t.closeOptions()
	last := t.groups[len(t.groups)-1]
	t.write(")", 1)
	t.atom, t.fold, t.extended, t.groups = last.start, last.fold, last.extended, t.groups[:len(t.groups)-1]
	return true
}

// closeOptions closes what the options in a group have opened.
func (t *translator) closeOptions() {
	for range t.groups[len(t.groups)-1].options {
		t.out = append(t.out, ')')
	}
}

// class translates a class in brackets, which the two syntaxes write too differently
// to copy: here && is an intersection and a bracket inside begins a class.
func (t *translator) class() bool {
	set, size, ok := parseClass(t.rest, t.fold, 0)
	switch {
	case !ok:
	case t.fold && !strings.HasPrefix(t.rest, "[^"):
		t.writeFoldedClass(set, size)
	default:
		t.writeSet(set, size)
	}
	return ok
}

// escape translates what begins with a backslash. Sets have only the cases that they
// say, even where case does not matter: \p{Lu} is upper case.
func (t *translator) escape() bool {
	n := escapeLen(t.rest)
	if n == 0 {
		return false
	}
	escape := t.rest[:n]
	set, isClass, ok := escapedClass(escape, false)
	switch {
	case !ok:
		return false
	case isClass:
		t.writeSet(set, n)
		return true
	case escape[1] == 'x' || escape[1] == 'u':
		return t.character()
	}
	if edge, ok := wordEdge(escape); ok {
		t.write(edge, n)
		return true
	}
	for isDigit(escape[1]) && n < 4 && n < len(t.rest) && isDigit(t.rest[n]) {
		n++ // the number of a group, or of a character in octal
	}
	t.write(t.rest[:n], n)
	return true
}

// character translates the number of a character. .NET has no braces around it.
func (t *translator) character() bool {
	r, n, ok := classRune(t.rest)
	switch {
	case !ok || utf16.IsSurrogate(r):
		return false
	case t.fold:
		t.folded(r, n)
	default:
		t.writeSet([][2]rune{{r, r}}, n)
	}
	return true
}

// quantifier translates how often an atom is repeated. Three forms mean something else
// in .NET, or nothing:
//
//	a*+     gives nothing back: an atomic group. So do a++ and a?+.
//	a{2,3}+ and a+?+ have a second quantifier, for which .NET wants a group.
//	a{,3}   is a{0,3}, and a{2}? is two or none, not two as few times as can be.
func (t *translator) quantifier() {
	n := quantifierLen(t.rest)
	if n == 0 { // a brace that is text
		t.write(t.rest[:1], 1)
		return
	}
	q := t.rest[:n]
	t.rest = t.rest[n:]
	lazy := n > 1 && q[n-1] == '?'
	switch {
	case strings.HasPrefix(q, "{,"):
		q = "{0" + q[1:]
	case lazy && q[0] == '{' && !strings.Contains(q, ","):
		t.wrap("(?:", q[:n-1]+")?")
		return
	}
	t.out = append(t.out, q...)
	if !strings.HasPrefix(t.rest, "+") {
		return
	}
	if t.rest = t.rest[1:]; lazy || q[0] == '{' {
		t.wrap("(?:", ")+")
	} else {
		t.wrap("(?>", ")")
	}
}

// wrap puts a text before the last atom, and one behind it.
func (t *translator) wrap(open, end string) {
	t.out = append(slices.Insert(t.out, t.atom, []byte(open)...), end...)
}

// lineStart is the beginning of a line, where the empty one behind a line break
// at the end of the text is none.
const lineStart = `(?:\A|(?<=\n)(?!\z))`

// group returns what opens a group in the other syntax for what opens it at the
// start of s, with the length of that; 0 for groups that mean something else. Options
// for the rest of a group end at once.
func group(s string) (open string, size int) {
	if !strings.HasPrefix(s, "(?") {
		return "(", 1
	}
	for _, kind := range []string{"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"} {
		if strings.HasPrefix(s, kind) {
			return kind, len(kind)
		}
	}
	end := strings.IndexAny(s, ":)")
	if end < 3 || strings.Trim(s[2:end], "imx-") != "" {
		if end = strings.IndexByte(s, '>'); end > 3 && s[2] == '<' && isASCIILetter(s[3]) {
			return s[:end+1], end + 1
		}
		return "", 0
	}
	// A dot that matches line breaks is m here and s there.
	return strings.ReplaceAll(s[:end+1], "m", "s"), end + 1
}

// escapeLen returns the length of an escape, 0 for those that mean something
// else in the other syntax. Of a character by its number it is the length of \x or \u
// alone, where no braces say more.
func escapeLen(s string) int {
	if len(s) < 2 || strings.IndexByte("XKGyYOgN", s[1]) >= 0 {
		return 0
	}
	_, n := utf8.DecodeRuneInString(s[1:])
	if (s[1] == 'p' || s[1] == 'P' || s[1] == 'x' || s[1] == 'u') && len(s) > 2 && s[2] == '{' {
		end := strings.IndexByte(s, '}')
		if end < 4 || s[1] == 'u' {
			return 0
		}
		return end + 1
	}
	return 1 + n
}

// quantifierLen returns the length of a quantifier with the ? that makes it
// lazy, 0 for a brace that is none. One of the two numbers may be missing, not both.
func quantifierLen(s string) int {
	n := 1
	if s[0] == '{' {
		end := strings.IndexByte(s, '}')
		if end < 2 || strings.Trim(s[1:end], "0123456789,") != "" || s[1:end] == "," {
			return 0
		}
		n = end + 1
	}
	if n < len(s) && s[n] == '?' {
		n++
	}
	return n
}

// wordEdge returns what stands for \b and \B, and for the line break \R. .NET has \b, but
// by its own tables: é is in both, and characters that came later are not. A look behind
// and a look ahead at the set say the same.
func wordEdge(escape string) (string, bool) {
	if escape == `\R` {
		return `(?>\r\n|[\n-\r\u0085\u2028\u2029])`, true
	}
	if escape != `\b` && escape != `\B` {
		return "", false
	}
	set, ok := uni.Property("w")
	if !ok {
		return "", false
	}
	word := string(appendClass(nil, set))
	if escape == `\b` {
		return "(?:(?<=[" + word + "])(?![" + word + "])|(?<![" + word + "])(?=[" + word + "]))", true
	}
	return "(?:(?<=[" + word + "])(?=[" + word + "])|(?<![" + word + "])(?![" + word + "]))", true
}
