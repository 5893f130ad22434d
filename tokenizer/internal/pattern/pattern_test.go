package pattern

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
)

// alphabet has a character of each class that the patterns ask for.
var alphabet = []string{
	"a", "Z", "s", "t", "'", "'s", "'LL", "'Re", " ", "  ", "\n", "\r\n", "\t", "\u00a0", "1", "23", "½", "é", "É", "ǅ", "ʰ", "ß", "中", "の", "ー", "가",
	"\u0301", ".", ",", "!", "/", "-", "_", "€", "+", "🙂", "\u200d", "<|endoftext|>", "<|startoftext|>",
}

// A function that stands for a pattern finds what the engine finds with the pattern.
func TestEachKnownPatternMatchesAsTheEngineDoes(t *testing.T) {
	texts := []string{"", "Hello, World's 12345 don't!", "  two  spaces \n\n and\tmore  ", "日本のテキスト。123", "camelCaseHTTPServer 'LL x'S"}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var b strings.Builder
		for range 1 + rng.IntN(24) {
			b.WriteString(alphabet[rng.IntN(len(alphabet))])
		}
		texts = append(texts, b.String())
	}
	for expr, scan := range known {
		engine, err := (&Compiler{}).regex(expr)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		own := NewScanner(scan)
		for _, text := range texts {
			got, want := find(t, own, text), find(t, engine, text)
			if !slices.Equal(got, want) {
				t.Errorf("%s in %q: got %q, want %q", expr, text, got, want)
				break
			}
		}
	}
}

// find returns the matches in brackets, and what lies between them.
func find(t *testing.T, m Matcher, s string) []string {
	t.Helper()
	var may budget.Budget
	may.Begin(nil, len(s))
	matches, err := m.Find(&may, nil, s)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range matches {
		part := s[r.Start:r.End]
		if r.Hit {
			part = "[" + part + "]"
		}
		out = append(out, part)
	}
	return out
}

// Each case is what Oniguruma, the reference's engine, finds.
func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		name, expr, text string
		want             []string
	}{
		{"a possessive quantifier gives nothing back", `a++a`, "aaa", []string{"aaa"}},
		{"a plus behind a range repeats it", `(?:a{2}+)b`, "aaaab", []string{"[aaaab]"}},
		{"a look ahead is no part of the match", `a(?=b)`, "abac", []string{"[a]", "bac"}},
		{"a look behind is no part of the match", `(?<=a)b`, "abb", []string{"a", "[b]", "b"}},
		{"letters are those of Unicode", `\p{L}+`, "é中1", []string{"[é中]", "1"}},
		{"a class can be taken from a class", `[a-z&&[^b]]`, "ab", []string{"[a]", "b"}},
		{"a class in a class is a part of it", `[a[0-9]]+`, "a1b", []string{"[a1]", "b"}},
		{"a range of code points is read", `\x{1F600}`, "😀a", []string{"[😀]", "a"}},
		{"the dot stops at the end of a line", `.+`, "ab\nc", []string{"[ab]", "\n", "[c]"}},
		{"the option m lets it go on", `(?m:.+)`, "ab\nc", []string{"[ab\nc]"}},
		{"the beginning of a line is one of each line", `^a`, "a\na", []string{"[a]", "\n", "[a]"}},
		{"letters can be of any case", `(?i:ab)`, "aBx", []string{"[aB]", "x"}},
		{"a brace that is no quantifier is text", `a{x}`, "a{x}", []string{"[a{x}]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := (&Compiler{}).compile(c.expr)
			if err != nil {
				t.Fatal(err)
			}
			if got := find(t, m, c.text); !slices.Equal(got, c.want) {
				t.Errorf("%s in %q: got %q, want %q", c.expr, c.text, got, c.want)
			}
		})
	}
}

func TestPatternsThatMeanSomethingElseAreRefused(t *testing.T) {
	for name, expr := range map[string]string{
		"a group that is not closed": `(a`, "a group that is not open": `a)`, "a subroutine": `\g<a>`, "a grapheme": `\X`, "a condition": `(?(1)a|b)`,
	} {
		if _, err := (&Compiler{}).compile(expr); err == nil {
			t.Errorf("%s, %s, was compiled", name, expr)
		}
	}
}

func TestAPatternOfTheFileIsATextOrAnExpression(t *testing.T) {
	for spec, want := range map[string][]string{
		`{"String":"a.c"}`: {"[a.c]", "abc"},
		`{"Regex":"a.c"}`:  {"[a.c]", "[abc]"},
	} {
		m, err := (&Compiler{}).Pattern(json.RawMessage(spec))
		if err != nil {
			t.Fatal(err)
		}
		if got := find(t, m, "a.cabc"); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", spec, got, want)
		}
	}
}
