package pattern

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/fault"
)

// What Oniguruma has and this package does not is refused by its name: a pattern that
// matched something else would give other ids without a word. known says whether
// Oniguruma has it; testdata/gen/tokenizer/cases.py asks it.
func TestConstructsThatAreNotKnownAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, expr string
		known      bool
	}{
		{"a group that is not closed", `(a`, false},
		{"a group that is not open", `a)`, false},
		{"a class that is not closed", `[a`, false},
		{"a class with nothing in it", `[]`, false},
		{"a range that runs backwards", `[b-a]`, false},
		{"a range that ends in a set", `[a-\d]`, false},
		{"a quantifier with nothing before it", `*a`, false},
		{"an option that Ruby has not", `(?s)a`, false},
		{"a name as Python writes it", `(?P<n>a)`, false},
		{"a script as Java writes it", `\p{Script=Latin}`, false},
		{"a group that is not there", `\8`, false},
		{"a condition on a group that is not there", `(?(1)a|b)`, false},
		{"a call of itself without an end", `\g<0>`, false},

		{"a call of a group", `(?<n>a)\g<n>`, true},
		{"a condition", `(a)?(?(1)b|c)`, true},
		{"an absence", `(?~ab)`, true},
		{"a comment", `a(?#b)c`, true},
		{"a name in quotes", `(?'n'a)`, true},
		{"words of ASCII by an option", `(?W)\w`, true},
		{"the beginning of the match", `a\Kb`, true},
		{"where the search begins", `\Ga`, true},
		{"a grapheme", `\X`, true},
		{"a boundary of graphemes", `\y`, true},
		{"any character", `\O`, true},
		{"no line break", `\N`, true},
		{"text between marks", `\Qa\E`, true},
		{"a property without braces", `\pL`, true},
		{"a property that is not in the tables", `\p{In_Arrows}`, true},
		{"a range from more to less", `a{2,1}`, true},
		{"a name in brackets that is none", `[[:foo:]]`, false},
		{"a character in octal in a class", `[\101]`, true},
		{"a control character as Emacs writes it", `\C-a`, true},
		{"a number of one digit", `\x4`, true},
		{"a letter that means nothing behind a backslash, in a class", `[\q]`, true},
		{"a quantifier of a quantifier", `a+*`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			told, err := json.Marshal(map[string]any{"name": c.name, "expr": c.expr, "known": c.known})
			if err != nil {
				t.Fatal(err)
			}
			t.Attr("refused", string(told))
			_, err = (&Compiler{}).compile(c.expr)
			var unsupported *fault.Unsupported
			if !errors.As(err, &unsupported) || unsupported.Component != "pattern" || unsupported.Name != c.expr {
				t.Errorf("%s gave %v", c.expr, err)
			}
		})
	}
}

func TestPatternsAreBounded(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[a", n) + strings.Repeat("]", n) }
	for _, c := range []struct {
		name string
		expr string
		fits bool
	}{
		{"a pattern of 16 KiB", strings.Repeat("ab", 1<<13), true},
		{"a longer one", strings.Repeat("ab", 1<<13) + "a", false},
		{"classes in classes", nested(17), true},
		{"more of them", nested(18), false},
		{"sets that take two megabytes to spell", strings.Repeat(`\p{L}`, 3000), false},
		{"as many in a class, which are one set", "[" + strings.Repeat(`\p{L}`, 3000) + "]", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := (&Compiler{}).compile(c.expr); (err == nil) != c.fits {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The bounds are those of a file, not of each of its patterns.
func TestThePatternsOfAFileAreBoundedTogether(t *testing.T) {
	var c Compiler
	for i := range 2 {
		_, err := c.compile(strings.Repeat("ab", 1<<12) + strings.Repeat("c", i+1))
		if (err == nil) != (i == 0) {
			t.Errorf("pattern %d: %v", i, err)
		}
	}
}

func TestEqualPatternsAreCompiledOnce(t *testing.T) {
	var c Compiler
	for range 1000 { // which together would be too long
		if _, err := c.compile(strings.Repeat("ab", 100)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASpecOfAPatternThatIsNeitherTextNorExpressionIsRefused(t *testing.T) {
	for _, spec := range []string{`{}`, `{"Glob":"*"}`, `{"Regex":null}`, `{"String":7}`, `[]`, `"a"`, ``} {
		if m, err := (&Compiler{}).Pattern(json.RawMessage(spec)); err == nil {
			t.Errorf("%s gave %v", spec, m)
		}
	}
}
