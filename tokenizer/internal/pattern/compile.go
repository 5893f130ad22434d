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
// Ruby syntax) has and the syntax of .NET has not: possessive quantifiers
// become atomic groups, and a + behind {m,n} repeats that. Classes such as
// \p{L} become their ranges, so that the tables are those of this package. It
// reports false for constructs that it does not know. It stops where the result
// is too long for any use.
func translate(pattern string) (string, bool) {
	var out []byte
	atom := 0 // where the last atom starts in out
	var groups []int
	for i := 0; i < len(pattern) && len(out) <= maxTranslated; {
		n := 1
		switch c := pattern[i]; c {
		case '(':
			open, size := group(pattern[i:])
			if size == 0 {
				return "", false
			}
			atom = len(out)
			out = append(out, open...)
			i += size
			if open[len(open)-1] != ')' {
				groups = append(groups, atom)
			}
			continue
		case ')':
			if len(groups) == 0 {
				return "", false
			}
			atom = groups[len(groups)-1]
			groups = groups[:len(groups)-1]
		case '[':
			class, size, ok := parseClass(pattern[i:], 0)
			if !ok {
				return "", false
			}
			n = size
			atom = len(out)
			out = appendSet(out, class)
			i += n
			continue
		case '^':
			atom = len(out)
			out = append(out, lineStart...)
			i++
			continue
		case '\\':
			if n = escapeLen(pattern[i:]); n == 0 {
				return "", false
			}
			atom = len(out)
			ranges, isClass, ok := escapedClass(pattern[i:i+n], false)
			if !ok {
				return "", false
			}
			if isClass {
				out = appendSet(out, ranges)
				i += n
				continue
			}
			if edge, ok := wordEdge(pattern[i : i+n]); ok {
				out = append(out, edge...)
				i += n
				continue
			}
			if pattern[i+1] == 'x' && pattern[i+n-1] == '}' {
				r, _, ok := classRune(pattern[i : i+n])
				if !ok {
					return "", false
				}
				out = appendSet(out, [][2]rune{{r, r}})
				i += n
				continue
			}
		case '*', '+', '?', '{':
			n = quantifierLen(pattern[i:])
			if n == 0 { // a brace that is text
				atom, n = len(out), 1
				break
			}
			out = append(out, pattern[i:i+n]...)
			i += n
			if i < len(pattern) && pattern[i] == '+' {
				open, end := "(?>", ")"
				if c == '{' {
					open, end = "(?:", ")+"
				}
				out = append(slices.Insert(out, atom, []byte(open)...), end...)
				i++
			}
			continue
		default:
			_, n = utf8.DecodeRuneInString(pattern[i:])
			atom = len(out)
		}
		out = append(out, pattern[i:i+n]...)
		i += n
	}
	return string(out), len(groups) == 0
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
