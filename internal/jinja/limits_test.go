package jinja_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/internal/jinja"
)

// wantLimit checks that a template runs into a limit.
func wantLimit(t *testing.T, text string) {
	t.Helper()
	_, err := render(t, text, nil)
	var e *jinja.Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want a template error", err)
	}
	if e.Kind != jinja.LimitError && e.Kind != jinja.OverflowError && e.Kind != jinja.SyntaxError {
		t.Errorf("got %v, want a limit", err)
	}
}

func TestHostileTemplatesRunIntoALimit(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"nested loops", strings.Repeat("{% for x in range(99999) %}", 5) + strings.Repeat("{% endfor %}", 5)},
		{"a string that doubles", "{% set n = namespace(s='aaaaaaaa') %}{% for x in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}"},
		{"a string that is repeated", "{{ 'aaaaaaaaaa' * 9999999999 }}"},
		{"a list that doubles", "{% set n = namespace(s=[1]) %}{% for x in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}"},
		{"a list that holds itself twice", "{% set n = namespace(s=[1]) %}{% for x in range(99) %}{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s|tojson }}"},
		{"the same list compared", "{% set n = namespace(s=[1],t=[1]) %}{% for x in range(99) %}{% set n.s = [n.s, n.s] %}{% set n.t = [n.t, n.t] %}{% endfor %}{{ n.s == n.t }}"},
		{"the same list printed", "{% set n = namespace(s=[1]) %}{% for x in range(60) %}{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s }}"},
		{"a namespace that holds itself", "{% set n = namespace() %}{% set n.n = n %}{{ n }}"},
		{"a macro that calls itself", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"},
		{"macros that call each other twice", "{% macro m(x) %}{{ m(x) }}{{ m(x) }}{% endmacro %}{{ m(1) }}"},
		{"a loop that calls itself", "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}"},
		{"parentheses", "{{ " + strings.Repeat("(", 100000) + " }}"},
		{"lists", "{{ " + strings.Repeat("[", 100000) + " }}"},
		{"minus signs", "{{ " + strings.Repeat("-", 100000) + "1 }}"},
		{"nots", "{{ " + strings.Repeat("not ", 100000) + "1 }}"},
		{"ifs", strings.Repeat("{% if 1 %}", 100000)},
		{"a long sum", "{{ 1" + strings.Repeat("+1", 500000) + " }}"},
		{"a long chain of attributes", "{{ a" + strings.Repeat(".a", 500000) + " }}"},
		{"a long chain of filters", "{{ 'a'" + strings.Repeat("|string", 300000) + " }}"},
		{"a long conditional", "{{ 1" + strings.Repeat(" if 1 else 1", 100000) + " }}"},
		{"a wide format", "{{ '%999999999d' % 1 }}"},
		{"padding", "{{ 'a'.ljust(99999999999) }}"},
		{"indentation", "{{ 'a\\nb'|indent(99999999999) }}"},
		{"replacement of nothing", "{% set a = 'a' * 100000 %}{% for x in range(99) %}{% set y = a.replace('', a) %}{% endfor %}"},
		{"a power", "{{ 9 ** 9999999 }}"},
		{"a range", "{{ range(99999999999)|list }}"},
		{"a join", "{% set a = 'a' * 10000000 %}{{ ([a] * 1000)|join }}"},
		{"JSON indentation", "{{ ([[]] * 100000)|tojson(indent=64) * 1000 }}"},
		{"a template of many megabytes", strings.Repeat("a", 5<<20)},
	} {
		t.Run(c.name, func(t *testing.T) { wantLimit(t, c.text) })
	}
}

func TestErrorsSayWhereTheyAre(t *testing.T) {
	for _, c := range []struct {
		name, text   string
		kind         string
		line, column int
	}{
		{"a mistake in the text", "a\n  {% if %}", jinja.SyntaxError, 2, 9},
		{"a refusal", "\n\n{{ raise_exception('no') }}", jinja.RaisedError, 3, 19},
		{"an undefined value", "é{{ x.y }}", jinja.UndefinedError, 1, 6},
		{"a wrong type", "{{ 'a' +\n 1 }}", jinja.TypeError, 1, 8},
		{"inside a macro", "{% macro m() %}\n{{ 1/0 }}{% endmacro %}\n{{ m() }}", jinja.ZeroDivision, 2, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := render(t, c.text, nil)
			var e *jinja.Error
			if !errors.As(err, &e) {
				t.Fatalf("got error %v", err)
			}
			if e.Kind != c.kind || e.Line != c.line || e.Column != c.column {
				t.Errorf("got %s at %d:%d, want %s at %d:%d", e.Kind, e.Line, e.Column, c.kind, c.line, c.column)
			}
		})
	}
}

func TestTheBudgetIsThatOfTheOptions(t *testing.T) {
	tpl, err := jinja.Parse(t.Context(), "{% for x in range(1000) %}{{ x }}{% endfor %}")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tpl.Render(t.Context(), nil, &jinja.Options{MaxSteps: 100}); err == nil {
		t.Error("1000 iterations in 100 steps")
	}
	if _, err := tpl.Render(t.Context(), nil, &jinja.Options{MaxBytes: 1000}); err == nil {
		t.Error("2890 bytes of output in 1000 bytes")
	}
	if _, err := tpl.Render(t.Context(), nil, nil); err != nil {
		t.Error(err)
	}
	copies, err := jinja.Parse(t.Context(), "{{ x }}{{ x }}")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{600, 600_000} {
		vars := jinjaVars("x", strings.Repeat("a", n))
		if _, err := copies.Render(t.Context(), vars, &jinja.Options{MaxBytes: n + n/2}); err == nil {
			t.Errorf("%d bytes of output in %d", 2*n, n+n/2)
		}
		if _, err := copies.Render(t.Context(), vars, &jinja.Options{MaxBytes: 3 * n}); err != nil {
			t.Error(err)
		}
	}
}

// TestSourcesHaveLimits names what would take the square of its length to read,
// or to run.
func TestSourcesHaveLimits(t *testing.T) {
	for _, name := range []string{
		"keyword arguments", "a dotted filter", "a dotted test", "a long name", "a long attribute", "decimal digits", "hexadecimal digits",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := jinja.Parse(t.Context(), hostileSources[name])
			var e *jinja.Error
			if !errors.As(err, &e) || e.Kind != jinja.LimitError {
				t.Errorf("got %v, want a limit", err)
			}
		})
	}
}

func TestATemplateRendersInManyGoroutines(t *testing.T) {
	tpl, err := jinja.Parse(t.Context(), "{% macro m(x) %}{{ x / 0 if x > 5 else x }}{% endmacro %}{% for x in l %}{{ m(x) }}{% endfor %}")
	if err != nil {
		t.Fatal(err)
	}
	good, bad := jinja.NewDict(), jinja.NewDict()
	good.Set("l", jinja.NewList(int64(1), int64(2)))
	bad.Set("l", jinja.NewList(int64(1), int64(6)))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if out, err := tpl.Render(t.Context(), good, nil); err != nil || out != "12" {
					t.Errorf("got %q, %v", out, err)
				}
				if _, err := tpl.Render(t.Context(), bad, nil); err == nil {
					t.Error("a division by zero went through")
				}
			}
		})
	}
	wg.Wait()
}
