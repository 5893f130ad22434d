package pattern

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// Pattern reads {"String": …} or {"Regex": …}.
func (c *Compiler) Pattern(raw json.RawMessage) (Matcher, error) {
	var p struct {
		String *string
		Regex  *string
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	switch {
	case p.String != nil && *p.String == "":
		return c.compile("") // is found between any two characters
	case p.String != nil:
		return Literal{*p.String}, nil
	case p.Regex != nil:
		return c.compile(*p.Regex)
	}
	return nil, &fault.Unsupported{Component: "pattern", Name: string(raw)}
}

// The bytes that all patterns of a file may have, and those that they may have
// in the other syntax, which spells sets of characters out. The patterns in use
// have some hundreds.
const (
	maxPatterns   = 1 << 14
	maxTranslated = 1 << 21
)

// errPatterns is the cause of loading a file with patterns beyond these.
var errPatterns = errors.New("the patterns are too long")

// Compiler makes the matchers of the patterns of a file, equal ones once.
type Compiler struct {
	size, translated int
	known            map[string]Matcher
}

// compile returns the matcher of a regular expression.
func (c *Compiler) compile(pattern string) (Matcher, error) {
	if f, ok := known[pattern]; ok {
		return Scanner{f, uni.Classes()}, nil
	}
	if m, ok := c.known[pattern]; ok {
		return m, nil
	}
	m, err := c.regex(pattern)
	if err != nil {
		return nil, err
	}
	if c.known == nil {
		c.known = map[string]Matcher{}
	}
	c.known[pattern] = m
	return m, nil
}

// regex returns the matcher of a pattern that no scan is known for.
func (c *Compiler) regex(pattern string) (Matcher, error) {
	if c.size += len(pattern); c.size > maxPatterns {
		return nil, errPatterns
	}
	unsupported := &fault.Unsupported{Component: "pattern", Name: pattern}
	translated, ok := translate(pattern)
	if c.translated += len(translated); c.translated > maxTranslated {
		return nil, errPatterns
	}
	if !ok {
		return nil, unsupported
	}
	// Anchors stand for the ends of lines in the syntax of the reference.
	re, err := regexp2.Compile(translated, regexp2.Unicode|regexp2.Multiline)
	if err != nil {
		return nil, unsupported
	}
	re.MatchTimeout = matchTimeout
	return regexMatcher{re}, nil
}

// translate rewrites what the syntax of the reference's engine (Oniguruma's
// Ruby syntax) has and the syntax of .NET has not. Classes such as \p{L} become
// their ranges, so that the tables are those of this package. It reports false for
// constructs that it does not know: they are refused, never guessed. It stops where
// the result is too long for any use.
func translate(pattern string) (string, bool) {
	t := translator{rest: pattern}
	for t.rest != "" && len(t.out) <= maxTranslated {
		if !t.next() {
			return "", false
		}
	}
	return string(t.out), len(t.groups) == 0
}

// translator reads a pattern from left to right. It needs no tree: all that an
// operator can be about is the atom before it.
type translator struct {
	rest   string
	out    []byte
	atom   int   // where the last atom starts in out
	groups []int // where the groups that are open start
}

// next translates a construct.
func (t *translator) next() bool {
	switch t.rest[0] {
	case '(':
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
	_, n := utf8.DecodeRuneInString(t.rest)
	t.write(t.rest[:n], n)
	return true
}

// write writes an atom for n bytes of the pattern.
func (t *translator) write(atom string, n int) {
	t.atom = len(t.out)
	t.out = append(t.out, atom...)
	t.rest = t.rest[n:]
}

// writeSet writes a class as an atom for n bytes of the pattern.
func (t *translator) writeSet(set [][2]rune, n int) {
	t.atom = len(t.out)
	t.out = appendSet(t.out, set)
	t.rest = t.rest[n:]
}

// open translates the beginning of a group. Options that hold for the rest of the
// group around them, such as (?i), end where they stand.
func (t *translator) open() bool {
	open, size := group(t.rest)
	if size == 0 {
		return false
	}
	if t.write(open, size); open[len(open)-1] != ')' {
		t.groups = append(t.groups, t.atom)
	}
	return true
}

// close translates the end of a group, all of which is the atom for what follows.
func (t *translator) close() bool {
	last := len(t.groups) - 1
	if last < 0 {
		return false
	}
	t.write(")", 1)
	t.atom, t.groups = t.groups[last], t.groups[:last]
	return true
}

// class translates a class in brackets, which the two syntaxes write too differently
// to copy: here && is an intersection and a bracket inside begins a class.
func (t *translator) class() bool {
	set, size, ok := parseClass(t.rest, 0)
	if ok {
		t.writeSet(set, size)
	}
	return ok
}

// escape translates what begins with a backslash.
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
	}
	if edge, ok := wordEdge(escape); ok {
		t.write(edge, n)
		return true
	}
	if strings.HasPrefix(escape, `\x{`) { // .NET has no braces there
		r, _, ok := classRune(escape)
		if ok {
			t.writeSet([][2]rune{{r, r}}, n)
		}
		return ok
	}
	t.write(escape, n)
	return true
}

// quantifier translates how often an atom is repeated. A + behind it makes ?, * and +
// possessive, which .NET writes as an atomic group; behind {m,n} it is a second
// quantifier in the Ruby syntax, which .NET wants a group for.
func (t *translator) quantifier() {
	n := quantifierLen(t.rest)
	if n == 0 { // a brace that is text
		t.write(t.rest[:1], 1)
		return
	}
	open, end := "(?>", ")"
	if t.rest[0] == '{' {
		open, end = "(?:", ")+"
	}
	t.out = append(t.out, t.rest[:n]...)
	if t.rest = t.rest[n:]; strings.HasPrefix(t.rest, "+") {
		t.out = append(slices.Insert(t.out, t.atom, []byte(open)...), end...)
		t.rest = t.rest[1:]
	}
}

// lineStart is the beginning of a line, where the empty one behind a line break
// at the end of the text is none.
const lineStart = `(?:\A|(?<=\n)(?!\z))`

// group returns what opens a group in the other syntax for what opens it at the
// start of s, with the length of that; 0 for groups that mean something else. An
// option for the rest of a group is one that ends at once.
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
// else in the other syntax.
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
// lazy, 0 for a brace that is none.
func quantifierLen(s string) int {
	n := 1
	if s[0] == '{' {
		end := strings.IndexByte(s, '}')
		if end < 2 || strings.Trim(s[1:end], "0123456789,") != "" || s[1] == ',' {
			return 0
		}
		n = end + 1
	}
	if n < len(s) && s[n] == '?' {
		n++
	}
	return n
}

// wordEdge returns what stands for \b and \B, and for the line break \R.
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
