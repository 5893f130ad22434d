package grammar_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gocoreml/coreml/generate/grammar"
)

func TestRegularExpressionsMatchAsWholes(t *testing.T) {
	texts := []string{"", "a", "ab", "abc", "aab", "b", "AB", "é", "日本", "a\n", "2024-01-31", "a-b", " ", "x_1", "aaaaaaaa", "K", "\u212A"}
	for _, p := range []string{
		`a*b?`, `^a|b$`, `(?i)ab|k`, `\d{4}-\d\d-\d\d`, `[^a]`, `.`, `(?s).`, `\pL+`, `a{2,}`, `(a|ab)(c|bcd)?`, `\w+`, `[[:alpha:]]{2}`, `^$`, `(^a$)|(^b$)`,
		`a*?`, `(?:a|b)*`, `\x{e9}`, `[\s\S]{1,3}`, `()`, `(?i)É`,
	} {
		g := must(t)(grammar.Regex(p))
		want := regexp.MustCompile(`^(?:` + p + `)\z`)
		for _, s := range texts {
			if got := g.Match(s); got != want.MatchString(s) {
				t.Errorf("%s matches %q: %v", p, s, got)
			}
		}
	}
}

func TestWhatARegularExpressionCannotSayIsNamed(t *testing.T) {
	for p, says := range map[string]string{
		`a\b`: `\b`, `\Ba`: `\B`, `a^b`: "beginning", `a$b`: "end", `(a{1000}){1000}`: "invalid repeat count", `a{2000}`: "repeat", `(`: "missing closing", `\1`: "invalid escape",
		`(?=a)`: "invalid", strings.Repeat("(", 5000) + strings.Repeat(")", 5000): "expression nests too deeply", "\x1b[31m[": "missing closing",
	} {
		_, err := grammar.Regex(p)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%.30q: %v, want %q", p, err, says)
		}
	}
	if _, err := grammar.Regex(strings.Repeat("a", 1<<17)); !isLimit(err) {
		t.Errorf("a pattern of 128 KiB: %v", err)
	}
	if _, err := grammar.Regex(`[^\x00-\x{10FFFF}]`); !errors.Is(err, grammar.ErrNothing) {
		t.Errorf("an empty class: %v", err)
	}
}

// isLimit reports whether an error is of a limit.
func isLimit(err error) bool {
	_, ok := errors.AsType[*grammar.LimitError](err)
	return ok
}

func TestGrammarsInTheFormOfLlamaCpp(t *testing.T) {
	for _, c := range []struct{ name, text, fits, not string }{
		{"literals and alternatives", "root ::= \"a\" | \"b\" \"c\" |\n \"d\"", "a|bc|d", "b|abc||ad"},
		{"classes", `root ::= [a-c] [^x\n] [-_] [\]\[]`, "ab-]|c?_[", "ax-]|db-]|ab-x"},
		{"escapes", `root ::= "\x41\u00e9\U0001F642\t\\\""`, "Aé🙂\t\\\"", "Aé🙂 \\\""},
		{"repetitions", `root ::= "a"* "b"+ "c"? "d"{2} "e"{1,} "f"{0,2} "g"{,1}`, "bdde|aabbcddeeffg", "dde|bde|bddefff|bddegg"},
		{"parentheses over lines", "root ::= (\n \"a\"\n # so\n | \"b\" )+", "ab|b", "c|"},
		{"recursion", "root ::= \"(\" inner \")\"\ninner ::= root*", "()|(()())", "(|())|("},
		{"comments", "# begin\nroot ::= x # behind\n\n# end\nx ::= \"y\"", "y", "x"},
		{"the dot", `root ::= . "!"`, "a!|\n!|水!", "!|ab!"},
		{"an empty alternative", "root ::= \"a\" opt \"b\"\nopt ::= | \"-\"", "ab|a-b", "a--b"},
		{"repeated twice", `root ::= ("a"{2}){2}`, "aaaa", "aaa|aaaaaa"},
		{"carriage returns", "root ::= x\r\nx ::= \"a\"\r\n", "a", "b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := must(t)(grammar.GBNF(c.text))
			for _, s := range strings.Split(c.fits, "|") {
				if !g.Match(s) {
					t.Errorf("%q does not fit", s)
				}
			}
			for _, s := range strings.Split(c.not, "|") {
				if g.Match(s) {
					t.Errorf("%q fits", s)
				}
			}
		})
	}
}

func TestGrammarsThatAreNone(t *testing.T) {
	for text, says := range map[string]string{
		"":                                         `rule "root" is not defined`,
		"root := \"a\"":                            "line 1, column 6: want ::=",
		"root ::= \"a":                             "ends inside",
		"root ::= \"a\nb\"":                        "the line ends",
		"root ::= [b-a]":                           "wrong order",
		"root ::= (\"a\"":                          "want )",
		"root ::= \"a\"{x}":                        "number in {}",
		"root ::= \"a\"{3,1}":                      "wrong order",
		"root ::= \"a\"{3":                         "want }",
		"root ::= \"a\" ]":                         "end of the line",
		"root ::= \"\\q\"":                         "an escape",
		"root ::= \"\\xZZ\"":                       "hexadecimal",
		"root ::= \"\\uD800\"":                     "name a character",
		"root ::= nobody":                          `rule "nobody" is not defined`,
		"root ::= root \"a\" | \"b\"":              "left recursion",
		"root ::= a?  root\na ::= \"x\"":           "left recursion",
		"root ::= x\nx ::= y\ny ::= x | \"a\"":     "left recursion",
		"root ::= \"a\" root":                      "no text fits",
		"root ::= \"a\"\nroot ::= \"b\"":           "defined twice",
		"root ::= <think>":                         "tokens",
		"root ::= \"a\"{10000000}":                 "repetition",
		"root ::= \"\xff\"":                        "UTF-8",
		"root ::= " + strings.Repeat("(", 100_000): "parentheses",
	} {
		_, err := grammar.GBNF(text)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: %v, want %q", text, err, says)
		}
	}
}

// hostileTexts are grammars that could take time or memory without bounds.
func hostileTexts() map[string]string {
	var doubling, chain strings.Builder
	doubling.WriteString("root ::= r0\n")
	chain.WriteString("root ::= c0\n")
	for k := range 60 {
		fmt.Fprintf(&doubling, "r%d ::= r%d r%d\n", k, k+1, k+1)
	}
	doubling.WriteString("r60 ::= \"a\" | \"b\"\n")
	for k := range 20_000 {
		fmt.Fprintf(&chain, "c%d ::= c%d | \"x\" root\n", k, k+1)
	}
	chain.WriteString("c20000 ::= \"a\"\n")
	return map[string]string{
		"doubling":  doubling.String(),
		"chain":     chain.String(),
		"repeated":  `root ::= (("a"{1000}){1000}){1000}`,
		"ambiguous": "root ::= x\nx ::= \"a\" x \"b\" | \"a\" x \"c\" | \"a\" x | \"a\"",
		"window":    `root ::= [ab]* "a" [ab]{500}`,
		"optional":  `root ::= (("a"? "b"?){1000} "c"?){1000}`,
		"long":      "root ::= \"" + strings.Repeat("x", 500_000) + "\"",
	}
}

func TestHostileGrammarsEndInAnErrorOrWork(t *testing.T) {
	for name, text := range hostileTexts() {
		t.Run(name, func(t *testing.T) {
			g, err := grammar.GBNF(text)
			if err != nil {
				if !isLimit(err) {
					t.Fatal(err)
				}
				return
			}
			for _, s := range []string{strings.Repeat("a", 300), strings.Repeat("ab", 300), strings.Repeat("x", 300)} {
				g.Match(s)
			}
		})
	}
}

func TestJSONIsJSON(t *testing.T) {
	g := must(t)(grammar.JSON())
	for _, s := range []string{
		`{}`, `[]`, `""`, `0`, `-1.5e+10`, `true`, `null`, `{"a": [1, {"b": "\u00e9\n"}]}`, `[1,2 , 3]`, "{\n  \"a\": 1\n}", `"日本"`,
		``, `{`, `[1,]`, `{"a"}`, `01`, `1.`, `.5`, `"\x"`, "\"\n\"", `nul`, `'a'`, `[1 2]`, `{"a":1,}`, `+1`, "\"\xff\"",
	} {
		if got := g.Match(s); got != (json.Valid([]byte(s)) && utf8.ValidString(s)) {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestAChoiceHasTexts(t *testing.T) {
	if _, err := grammar.Choice(); err == nil {
		t.Error("no texts make a choice")
	}
	if _, err := grammar.Choice("a", "\xff"); err == nil {
		t.Error("a text that is none makes a choice")
	}
	var none *grammar.Grammar
	if !none.Match("") || none.Match("a") || none.Kind() != "" {
		t.Error("nothing is not the empty text")
	}
}

func FuzzRegex(f *testing.F) {
	for _, p := range []string{`a(b|c)*`, `[^\w]{2,5}`, `(?i)k$`, `\pL+|^x`} {
		f.Add(p, "abcbc")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 60 || len(text) > 60 {
			return
		}
		g, err := grammar.Regex(pattern)
		if err != nil {
			return
		}
		// A byte that is no character is one to package regexp, and none here.
		if want := regexp.MustCompile(`^(?:` + pattern + `)\z`); utf8.ValidString(text) && g.Match(text) != want.MatchString(text) {
			t.Errorf("%q matches %q: %v", pattern, text, g.Match(text))
		}
	})
}

func FuzzGBNF(f *testing.F) {
	for _, text := range hostileTexts() {
		if len(text) < 1000 {
			f.Add(text, "aab")
		}
	}
	f.Add("root ::= ([a-z]+ | \"\\n\" x{2,3})? # so\nx ::= \".\"", "ab")
	f.Fuzz(func(t *testing.T, text, answer string) {
		if len(text) > 300 || len(answer) > 60 {
			return
		}
		if g, err := grammar.GBNF(text); err == nil {
			g.Match(answer)
		}
	})
}
