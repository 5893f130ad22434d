package jinja_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/jinja"
)

// namedCase is what one small template shows of a part of the language. The
// results are those of Jinja 3.1.6, which testdata/record.py writes, in the
// environment that testdata/README.md describes.
type namedCase struct {
	of       string // the part, such as "filter abs"
	name     string // what it does, so that of and name are a sentence
	template string
	want     string // the output
	fails    string // or the Python exception that ends the rendering
	says     string // and its message
	differs  string // why the answer is another than Jinja's, where it is
}

// allCases are the cases of the files cases_*_test.go.
func allCases() []namedCase {
	return slices.Concat(
		filterCases, moreFilterCases, filterArguments, moreFilterArguments, lastFilterArguments,
		relativeCases, testCases, moreTestCases, methodCases, textCases, moreTextCases, lastTextCases, formatCases,
		containerCases, markupCases,
		statementCases, moreStatementCases, globalCases, mistakeCases,
		expressionCases, operatorCases, literalCases, gapCases,
	)
}

func TestEachPartOfTheLanguageDoesWhatItsCaseSays(t *testing.T) {
	for _, c := range allCases() {
		t.Run(c.of+" "+c.name, func(t *testing.T) {
			got, err := render(t, c.template, nil)
			var e *jinja.Error
			switch {
			case c.fails == "" && err != nil:
				t.Errorf("%s\nfails: %v\n want %q", c.template, err, c.want)
			case c.fails != "" && !errors.As(err, &e):
				t.Errorf("%s\n  got %q, %v\n want the error %s", c.template, got, err, c.fails)
			case c.fails != "" && e.Kind != c.fails:
				t.Errorf("%s\n  got %v\n want the error %s", c.template, err, c.fails)
			case c.fails != "" && e.Msg != c.says:
				t.Errorf("%s\n  says %q\n want %q", c.template, e.Msg, c.says)
			case got != c.want:
				t.Errorf("%s\n  got %q\n want %q", c.template, got, c.want)
			}
		})
	}
}

// TestEachFunctionHasACase keeps the cases complete: a filter, a test, a method or
// a global function that is added has to say what it does.
func TestEachFunctionHasACase(t *testing.T) {
	told := map[string]bool{}
	for _, c := range allCases() {
		told[c.of] = true
	}
	for _, b := range jinja.Builtins() {
		if !told[b.Kind+" "+b.Name] {
			t.Errorf("no case says what the %s %s does", b.Kind, b.Name)
		}
	}
}

func TestNoTwoCasesHaveOneName(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range allCases() {
		name := c.of + " " + c.name
		if seen[name] {
			t.Errorf("%s is there twice", name)
		}
		seen[name] = true
	}
}
