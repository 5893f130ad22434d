package pattern

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

func TestEachMatcherCoversTheText(t *testing.T) {
	isA := NewChars(func(_ uint8, r rune) bool { return r == 'a' || r == 'é' })
	for _, c := range []struct {
		name string
		m    Matcher
		text string
		want []string
	}{
		{"a text finds itself", Literal{"ab"}, "xabyab", []string{"x", "[ab]", "y", "[ab]"}},
		{"a text finds itself without overlap", Literal{"aa"}, "aaaaa", []string{"[aa]", "[aa]", "a"}},
		{"a text of several bytes", Literal{"é"}, "aéb", []string{"a", "[é]", "b"}},
		{"a text that is not there", Literal{"q"}, "ab", []string{"ab"}},
		{"a text of nothing finds nothing", Literal{""}, "ab", []string{"ab"}},
		{"a text in nothing", Literal{"a"}, "", nil},
		{"characters are found one by one", isA, "xaaéy", []string{"x", "[a]", "[a]", "[é]", "y"}},
		{"characters that are not there", isA, "xyz", []string{"xyz"}},
		{"characters in nothing", isA, "", nil},
		{"inverted, the rest is found", Invert{isA}, "xaay", []string{"[x]", "a", "a", "[y]"}},
		{"inverted twice, it is as before", Invert{Invert{isA}}, "xay", []string{"x", "[a]", "y"}},
		{"a length cuts characters", Length{2}, "aébcд", []string{"[aé]", "[bc]", "[д]"}},
		{"a length beyond the text", Length{9}, "ab", []string{"[ab]"}},
		{"a length of nothing", Length{2}, "", nil},
		{"a script ends where another begins", Scripts{}, "abгд中", []string{"ab", "гд", "中"}},
		{"a script takes the spaces behind it", Scripts{}, "ab гд", []string{"ab ", "гд"}},
		{"what goes before the first script is left out", Scripts{}, "  ab", []string{"[  ]", "ab"}},
		{"Han and Kana are one script", Scripts{}, "漢字かなカナー", []string{"漢字かなカナー"}},
		{"a text of no script is left out", Scripts{}, "  ", []string{"[  ]"}},
		{"a scan takes what it finds and goes on behind it", NewScanner(scanBreak), "a\nb\r\n", []string{"a", "[\n]", "b", "[\r]", "[\n]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := find(t, c.m, c.text); !slices.Equal(got, c.want) {
				t.Errorf("%q: got %q, want %q", c.text, got, c.want)
			}
		})
	}
}

// A match of nothing separates what is around it, and something can be put there. None
// is right behind another match.
func TestAMatchOfNothingIsFoundBetweenCharacters(t *testing.T) {
	for _, c := range []struct {
		name, expr, text string
		want             []string
	}{
		{"nothing is before each character and at the end", ``, "aé", []string{"[]", "a", "[]", "é", "[]"}},
		{"a boundary", `\b`, "ab c", []string{"[]", "ab", "[]", " ", "[]", "c", "[]"}},
		{"what may be nothing, beside what is something", `x*`, "axb", []string{"[]", "a", "[x]", "b", "[]"}},
		{"a look ahead", `(?=b)`, "abb", []string{"a", "[]", "b", "[]", "b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := (&Compiler{}).compile(c.expr)
			if err != nil {
				t.Fatal(err)
			}
			if got := find(t, m, c.text); !slices.Equal(got, c.want) {
				t.Errorf("%q in %q: got %q, want %q", c.expr, c.text, got, c.want)
			}
		})
	}
}

func TestReplacingPutsATextWhereAMatchWas(t *testing.T) {
	for _, c := range []struct{ name, expr, content, text, want string }{
		{"a pattern", `\d+`, "#", "a12b3", "a#b#"},
		{"a match of nothing", `x*`, "-", "axb", "-a-b-"},
		{"by nothing", `[aeiou]`, "", "banana", "bnn"},
		{"by what the pattern would match", `a`, "aa", "aba", "aabaa"},
		{"by a text that looks like a group", `(a)`, "$1", "a", "$1"},
		{"with a look behind, which sees the old text", `(?<=a)b`, "a", "abb", "aab"},
		{"at the beginning of each line", `^`, "> ", "a\nb", "> a\n> b"},
		{"nothing found", `z`, "-", "ab", "ab"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := (&Compiler{}).compile(c.expr)
			if err != nil {
				t.Fatal(err)
			}
			var may budget.Budget
			may.Begin(nil, len(c.text))
			got := ReplaceAll(&may, m, c.text, c.content)
			told, err := json.Marshal(map[string]any{"name": c.name, "expr": c.expr, "content": c.content, "text": c.text, "want": got})
			if err != nil {
				t.Fatal(err)
			}
			if t.Attr("replace", string(told)); got != c.want || may.Err != nil {
				t.Errorf("%s in %q by %q: got %q (%v), want %q", c.expr, c.text, c.content, got, may.Err, c.want)
			}
		})
	}
}

// Long texts take another way than short ones, which must come to the same.
func TestReplacingATextInALongTextIsReplacingIt(t *testing.T) {
	for _, n := range []int{1, budget.LookAfter - 1, budget.LookAfter, budget.LookAfter + 1} {
		text := strings.Repeat("a b", n)
		var may budget.Budget
		may.Begin(nil, len(text))
		if got := ReplaceLiteral(&may, text, " ", "▁"); got != strings.ReplaceAll(text, " ", "▁") || may.Err != nil {
			t.Errorf("%d spaces: got %d bytes (%v)", n, len(got), may.Err)
		}
	}
}

func TestWhatAReplacementPutsBeforeTheTextHasNoPlace(t *testing.T) {
	for _, c := range []struct {
		name, expr, content, text string
		want                      error
	}{
		{"at the beginning", `^`, "x", "ab", ErrPlaceless},
		{"by nothing, which has no place to have", `^`, "", "ab", nil},
		{"in nothing", `^`, "x", "", nil},
		{"of a match that is something", `a`, "x", "ab", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := (&Compiler{}).compile(c.expr)
			if err != nil {
				t.Fatal(err)
			}
			var may budget.Budget
			may.Begin(nil, len(c.text))
			if ReplaceText(&may, m, c.text, c.content); !errors.Is(may.Err, c.want) {
				t.Errorf("got %v, want %v", may.Err, c.want)
			}
		})
	}
}

func TestAReplacementThatMakesATextTooLongIsAnError(t *testing.T) {
	text, with := strings.Repeat("a", 1000), strings.Repeat("b", 1<<20)
	for _, expr := range []string{`[a]`, `a`} {
		m, err := (&Compiler{}).compile(expr)
		if err != nil {
			t.Fatal(err)
		}
		var may budget.Budget
		may.Begin(nil, len(text))
		if ReplaceAll(&may, m, text, with); !errors.Is(may.Err, budget.ErrTooLarge) {
			t.Errorf("%s: got %v", expr, may.Err)
		}
	}
	var may budget.Budget
	may.Begin(nil, len(text))
	if got := ReplaceLiteral(&may, text, "a", with); !errors.Is(may.Err, budget.ErrTooLarge) || got != text {
		t.Errorf("a text: got %d bytes (%v)", len(got), may.Err)
	}
}

func TestEachMatcherStopsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	text := strings.Repeat("ab ", 1<<16)
	engine, err := (&Compiler{}).compile(`(?<=a)b`)
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]Matcher{
		"a scan": NewScanner(ScanGPT2), "a text": Literal{"b"}, "characters": NewChars(func(c uint8, _ rune) bool { return c&uni.Space != 0 }),
		"a length": Length{3}, "scripts": Scripts{}, "the rest of a scan": Invert{NewScanner(ScanGPT2)}, "the engine": engine,
	} {
		t.Run(name, func(t *testing.T) {
			var may budget.Budget
			may.Begin(ctx.Done(), len(text))
			if _, err := m.Find(&may, nil, text); !errors.Is(err, budget.ErrStopped) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAPatternThatBacktracksWithoutEndIsAnError(t *testing.T) {
	m, err := (&Compiler{}).compile(`(?:a|aa)+$`)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("a", 64) + "!"
	var may budget.Budget
	may.Begin(nil, len(text))
	if _, err := m.Find(&may, nil, text); !errors.Is(err, budget.ErrTooLarge) || strings.Contains(err.Error(), "aaa") {
		t.Errorf("got %v, want an error without the text in it", err)
	}
	if _, err := m.Find(&may, nil, text); !errors.Is(err, budget.ErrTooLarge) {
		t.Errorf("behind it: got %v, want the same: the time of the call is spent", err)
	}
}

// The class of a pattern is read into the same set however it is written.
func TestAClassIsTheSetOfItsCharacters(t *testing.T) {
	for _, c := range []struct {
		name, class string
		want        [][2]rune
	}{
		{"characters", `[ba]`, [][2]rune{{'a', 'b'}}},
		{"a character twice", `[aa]`, [][2]rune{{'a', 'a'}}},
		{"ranges that overlap", `[a-cb-d]`, [][2]rune{{'a', 'd'}}},
		{"a range of one", `[a-a]`, [][2]rune{{'a', 'a'}}},
		{"a character by its number", `[\x{61}\u0062\x63]`, [][2]rune{{'a', 'c'}}},
		{"a class in a class", `[a[c]]`, [][2]rune{{'a', 'a'}, {'c', 'c'}}},
		{"what is in both", `[a-d&&c-z]`, [][2]rune{{'c', 'd'}}},
		{"what is in none", `[a&&b]`, nil},
		{"hexadecimal digits", `[\h]`, [][2]rune{{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
		{"a set and its complement", `[\d\D]`, [][2]rune{{0, 0x10ffff}}},
		{"all but a negated everything", `[^\s\S]`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			set, size, ok := parseClass(c.class+"x", false, 0)
			if len(set)+len(c.want) > 0 && !slices.Equal(set, c.want) || size != len(c.class) || !ok {
				t.Errorf("%s: got %v of %d bytes (%v), want %v", c.class, set, size, ok, c.want)
			}
		})
	}
}

// What .NET would read otherwise is written in another way for it.
func TestAPatternIsWrittenInTheOtherSyntax(t *testing.T) {
	for _, c := range []struct{ name, expr, want string }{
		{"what both have", `(?:a|b)+?(?=c)`, `(?:a|b)+?(?=c)`},
		{"what gives nothing back", `(?:ab)*+`, `(?>(?:ab)*)`},
		{"a quantifier of a range", `a{2,3}+`, `(?:a{2,3})+`},
		{"a number of times or none", `a{2}?`, `(?:a{2})?`},
		{"a range without a beginning", `a{,3}`, `a{0,3}`},
		{"the beginning of a line", `^a`, `(?:\A|(?<=\n)(?!\z))a`},
		{"the dot that matches line breaks", `(?m:.)`, `(?s:.)`},
		{"an option for the rest of a group", `(?:a(?-i)b|c)d`, `(?:a(?-i:b|c))d`},
		{"options within each other", `(?i)1(?-i)a`, `(?i:1(?-i:a))`},
		{"a letter in any case", `(?i)s1`, `(?i:(?-i:[\x53\x73ſ])1)`},
		{"a range that runs backwards, which neither has", `[c-a]`, ``},
		{"a character by its number", `\x{e9}`, `[é]`},
		{"a class without characters", `[a&&b]`, `(?!)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := translate(c.expr)
			if got != c.want || ok != (c.want != "") {
				t.Errorf("%s: got %s (%v), want %s", c.expr, got, ok, c.want)
			}
		})
	}
}
