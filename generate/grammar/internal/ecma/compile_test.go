package ecma_test

import (
	"errors"
	"testing"
	"time"

	"github.com/dlclark/regexp2"

	"github.com/gocoreml/coreml/generate/grammar/internal/ecma"
	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// search compiles a pattern for texts that stand for themselves.
func search(pattern string) (*rules.Program, error) {
	b := rules.NewBuilder(rules.Limits{})
	any := b.Repeat(b.AnyChar(), 0, -1)
	c := ecma.Compiler{Builder: b, Char: func(r []rules.Range) rules.Expr { return b.Class(r...) }, Any: any}
	e, err := c.Search(pattern)
	if err != nil {
		return nil, err
	}
	return b.Build(e)
}

func TestPatterns(t *testing.T) {
	for _, test := range []struct {
		pattern string
		in, out []string
	}{
		{`a+`, []string{"a", "bab"}, []string{"", "b"}},
		{`^a+$`, []string{"a", "aa"}, []string{"", "ba", "ab", "a\n"}},
		{`^a|b$`, []string{"ax", "xb", "a"}, []string{"xa", "bx", ""}},
		{`(^|,)x`, []string{"x", "a,x"}, []string{"ax"}},
		{`x(,|$)`, []string{"x", "ax,b"}, []string{"xy"}},
		{`a$b`, nil, []string{"ab", "a"}},
		{`a^b`, nil, []string{"ab", "b"}},
		{`^(?!.*--)[a-z-]+$`, []string{"a-b", "-"}, []string{"a--b", ""}},
		{`^(?=.{3}$)a*b*$`, []string{"aab", "abb", "bbb"}, []string{"ab", "aabb"}},
		{`^.$`, []string{"é", "👍", "\t"}, []string{"\n", "\r", "\u2028", "", "ab"}},
		{`^[^a-c]$`, []string{"d", "\n", "👍"}, []string{"a", "b"}},
		{`^[\d\-x]$`, []string{"5", "-", "x"}, []string{"\\", "y"}},
		{`^[a-\d]$`, []string{"a", "-", "7"}, []string{"b"}},
		{`^[]$`, nil, []string{"", "a"}},
		{`^[^]$`, []string{"a", "\n"}, []string{""}},
		{`^\w\W\s\S\D$`, []string{"a \u3000bc"}, []string{"é bcd"}},
		{`^\p{Lu}\p{Script=Greek}\P{L}$`, []string{"Éω1"}, []string{"éω1", "Éωa"}},
		{`^\p{Letter}+$`, []string{"añ"}, []string{"1"}},
		{`^\u0041\x42\u{1F44D}\uD83D\uDC4D$`, []string{"AB👍👍"}, []string{"AB"}},
		{`^\cJ\0\t\v\f\/\.$`, []string{"\n\x00\t\v\f/."}, []string{"x"}},
		{`^a{2}b{1,}c{0,2}$`, []string{"aab", "aabbcc"}, []string{"ab", "aabccc"}},
		{`^a{,2}{x}$`, []string{"a{,2}{x}"}, []string{"aa"}},
		{`^(?<year>\d{4})(?:-\d\d)??$`, []string{"2024", "2024-01"}, []string{"24"}},
		{`^(a|ab)(c|bcd)$`, []string{"ac", "abc", "abcd", "abbcd"}, []string{"ab"}},
		{``, []string{"", "x"}, nil},
		{`^(a?)*$`, []string{"", "aaa"}, []string{"b"}},
	} {
		p, err := search(test.pattern)
		if err != nil && !errors.Is(err, rules.ErrNothing) {
			t.Errorf("%s: %v", test.pattern, err)
			continue
		}
		for _, s := range test.in {
			if p == nil || !p.Match(s) {
				t.Errorf("%s: %q is not found", test.pattern, s)
			}
		}
		for _, s := range test.out {
			if p != nil && p.Match(s) {
				t.Errorf("%s: %q is found", test.pattern, s)
			}
		}
	}
}

func TestWhatIsNoPattern(t *testing.T) {
	for pattern, unsupported := range map[string]bool{
		`(`: false, `)`: false, `[`: false, `*a`: false, `a**`: false, `\`: false, `[b-a]`: false, `a{3,1}`: false, `\u{110000}`: false,
		`^*`: false, `(?i)a`: false, `\A`: false, "\xff": false, `{1}`: false, `(?<a`: false, `\x1`: false, `\p{`: false, `[\b-a`: false,
		`(a)\1`: true, `\bword\b`: true, `(?<=a)b`: true, `\p{Nonsense}`: true, `\uD800`: true, `a*^b`: true, `(a$)*b`: true, `a{1000000}`: true,
	} {
		_, err := search(pattern)
		syntax, ok := errors.AsType[*ecma.SyntaxError](err)
		if !ok || syntax.Unsupported != unsupported {
			t.Errorf("%s: %v", pattern, err)
		}
	}
}

// FuzzPatterns compares patterns with another implementation where both take them.
func FuzzPatterns(f *testing.F) {
	for _, s := range []string{`a+`, `^a|b$`, `(^|,)x`, `^(?!.*--)[a-z-]+$`, `[^\d\w]{2,3}`, `a(b|c)*?d`, `\u0041`, `(?<n>a)`, `x{2}{3`} {
		f.Add(s, "ab,x-5")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 60 || len(text) > 60 || !ascii(pattern) || !ascii(text) {
			return // the other one takes characters of UTF-16
		}
		p, err := search(pattern)
		if err != nil && !errors.Is(err, rules.ErrNothing) {
			return
		}
		other, err := regexp2.Compile(pattern, regexp2.ECMAScript)
		if err != nil {
			return
		}
		other.MatchTimeout = time.Second
		want, err := other.MatchString(text)
		if err != nil {
			return
		}
		if got := p != nil && p.Match(text); got != want {
			t.Errorf("%q in %q: %v, want %v", pattern, text, got, want)
		}
	})
}

// ascii reports whether both implementations read all characters of a text alike: they
// differ in those beyond ASCII, in the ends of lines and in what control characters are.
func ascii(s string) bool {
	for _, r := range s {
		if r < ' ' || r > '~' {
			return false
		}
	}
	return true
}
