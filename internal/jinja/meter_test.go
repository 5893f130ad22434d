package jinja_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gocoreml/coreml/internal/jinja"
)

// calls are arguments for the functions that need some, by kind and name.
var calls = map[string]string{
	"filter attr": "('x')", "filter batch": "(3)|list", "filter slice": "(3)|list", "filter replace": "('zz', 'y')",
	"filter groupby": "('x', default=1)", "filter map": "('string')|list", "filter select": "|list", "filter reject": "|list",
	"filter selectattr": "('x')|list", "filter rejectattr": "('x')|list", "filter format": "()", "filter center": "(9)",
	"filter truncate": "(1000000)",
	"test eq":         "(same)", "test equalto": "(same)", "test ==": "(same)", "test ne": "(same)", "test !=": "(same)",
	"test lt": "(same)", "test lessthan": "(same)", "test <": "(same)", "test le": "(same)", "test <=": "(same)",
	"test gt": "(same)", "test greaterthan": "(same)", "test >": "(same)", "test ge": "(same)", "test >=": "(same)",
	"test sameas": "(same)", "test in": "([same])", "test divisibleby": "(3)",
	"text startswith": "(same)", "text endswith": "(same)", "text removeprefix": "(same)", "text removesuffix": "(same)",
	"text find": "('zz')", "text rfind": "('zz')", "text index": "('zz')", "text rindex": "('zz')", "text count": "('zz')",
	"text partition": "('zz')", "text rpartition": "('zz')", "text replace": "('zz', 'y')", "text join": "([])",
	"text ljust": "(9)", "text rjust": "(9)", "text center": "(9)", "text zfill": "(9)", "text split": "('zz')", "text rsplit": "('zz')",
	"list index": "(same)", "list count": "(same)", "dict get": "(same)",
	"global range": "(same)", "global namespace": "(**same)", "global dict": "(same)", "global raise_exception": "(same)",
	"global strftime_now": "(same)", "global joiner": "(same)", "global cycler": "(*same)", "global lipsum": "(same)", "global self": "(same)",
}

// accepted are the texts that functions go over to the end, where it is not any.
var accepted = map[string]string{"text isalpha": "a", "text isidentifier": "a", "text isspace": " "}

// constant are the functions that take the same time for any value, so that
// they have nothing to pay for. Each is called many times over a large one.
var constant = []string{
	"filter default", "filter d", "filter string", "filter safe", "filter trim", "filter first", "filter last", "filter attr",
	"test defined", "test undefined", "test none", "test boolean", "test true", "test false", "test string", "test mapping", "test integer",
	"test float", "test number", "test sequence", "test iterable", "test callable", "test escaped", "test odd", "test even",
	"text strip", "text lstrip", "text rstrip", "text encode", "dict get", "dict items", "dict keys", "dict values",
	"filter length", "filter count", // of a list, and paid for of a text
	"test sameas of a list", "test sameas of a dict",
}

// bulk is a text or a list of n bytes or items, with a second that is equal to
// it but not the same. Those of a kind and length share their values, which nothing
// in a template can change.
func bulk(kind string, n int) *jinja.Dict {
	type key struct {
		kind string
		n    int
	}
	made, ok := bulks.Load(key{kind, n})
	if !ok {
		made, _ = bulks.LoadOrStore(key{kind, n}, makeBulk(kind, n))
	}
	vars := jinja.NewDict()
	for _, name := range []string{"x", "same"} {
		vars.Set(name, vars1(made.(*jinja.Dict), name))
	}
	return vars
}

var bulks sync.Map

func makeBulk(kind string, n int) *jinja.Dict {
	vars := jinja.NewDict()
	for _, name := range []string{"x", "same"} {
		switch kind {
		case "text":
			vars.Set(name, strings.Repeat("1", n))
		case "list":
			l := jinja.NewList()
			for range n {
				l.Items = append(l.Items, "1")
			}
			vars.Set(name, l)
		case "dict":
			d := jinja.NewDict()
			for i := range n {
				d.Set(fmt.Sprint("k", i), "1")
			}
			vars.Set(name, d)
		}
	}
	return vars
}

// callOf returns an expression that calls a function with the value x.
func callOf(b jinja.Builtin) string {
	args := calls[b.Kind+" "+b.Name]
	switch b.Kind {
	case "filter":
		return "x|" + b.Name + args
	case "test":
		return "[x]|select('" + b.Name + "'" + strings.Replace(strings.TrimSuffix(args, ")"), "(", ", ", 1) + ")|list"
	case "global":
		return b.Name + args
	}
	if args == "" {
		args = "()"
	}
	return "x." + b.Name + args
}

// TestEveryFunctionPaysForWhatItTouches walks all filters, tests, methods and
// globals. What each costs has to grow with the text, the list or the mapping
// that it is given: one that forgets to pay for its work is found here.
func TestEveryFunctionPaysForWhatItTouches(t *testing.T) {
	const small, large = 1 << 10, 1 << 16
	for _, b := range jinja.Builtins() {
		kinds := []string{b.Kind}
		if b.Kind == "filter" || b.Kind == "test" || b.Kind == "global" {
			kinds = []string{"text", "list", "dict"}
		}
		for _, kind := range kinds {
			name := b.Kind + " " + b.Name
			t.Run(name+" of a "+kind, func(t *testing.T) {
				cost := func(n int) (int, error) {
					tpl, err := jinja.Parse(t.Context(), "{% set y = "+callOf(b)+" %}")
					if err != nil {
						t.Fatal(err)
					}
					vars := bulk(kind, n)
					if text, ok := accepted[name]; ok {
						vars.Set("x", strings.Repeat(text, n))
					}
					steps, _, err := jinja.Cost(t.Context(), tpl, vars)
					return steps, err
				}
				few, err := cost(small)
				many, _ := cost(large)
				// Costs that do not grow are right where the function refuses the
				// value by its kind, or is known to look at a part of it.
				if err != nil && many-few < large>>7 {
					t.Logf("it refuses a %s: %.80v", kind, err)
					return
				}
				if slices.Contains(constant, name) || slices.Contains(constant, name+" of a "+kind) {
					return
				}
				if many-few < (large-small)>>7 {
					t.Errorf("%s costs %d steps for %d and %d for %d: it does not pay for its work", callOf(b), few, small, many, large)
				}
			})
		}
	}
}

// TestFunctionsOfConstantTimeAre calls those that pay for nothing, or little, so
// often over so large a value that going over it each time would take minutes.
func TestFunctionsOfConstantTimeAre(t *testing.T) {
	vars := map[string]*jinja.Dict{"text": bulk("text", attackSize), "list": bulk("list", 1<<20), "dict": bulk("dict", 1<<18)}
	for _, b := range jinja.Builtins() {
		name := b.Kind + " " + b.Name
		if !slices.Contains(constant, name) {
			continue
		}
		kinds := []string{b.Kind}
		if b.Kind == "filter" || b.Kind == "test" {
			kinds = []string{"text", "list"}
		}
		for _, kind := range kinds {
			if kind == "list" && strings.Contains("filter string filter safe filter trim", name) ||
				kind == "text" && strings.Contains("filter length filter count", name) {
				continue // those go over it, and pay
			}
			t.Run(name+" of a "+kind, func(t *testing.T) {
				text := "{% for i in range(20000) %}{% set y = " + callOf(b) + " %}{% endfor %}"
				start := time.Now()
				err := renderIn(t.Context(), t, text, vars[kind])
				var e *jinja.Error
				if err != nil && (!errors.As(err, &e) || e.Kind == jinja.LimitError) {
					t.Error(err)
				}
				t.Logf("%v a call", time.Since(start)/20000)
			})
		}
	}
}

func TestTheNamesOfFunctionsThatPayThemselvesExist(t *testing.T) {
	known := map[string]bool{}
	for _, b := range jinja.Builtins() {
		known[b.Name] = true
		known[b.Kind+" "+b.Name] = true
	}
	for _, name := range slices.Concat(jinja.OwnNames(), constant) {
		name, _, _ = strings.Cut(name, " of a ")
		if !known[name] {
			t.Errorf("there is no %s", name)
		}
	}
	for name := range calls {
		if !known[name] {
			t.Errorf("there is no %s", name)
		}
	}
}

// TestOperatorsPayForWhatTheyTouch is the same for operators and statements.
func TestOperatorsPayForWhatTheyTouch(t *testing.T) {
	for _, c := range []struct{ kind, expr string }{
		{"text", "x + 'a'"},
		{"text", "'a' + x"},
		{"text", "x * 2"},
		{"text", "2 * x"},
		{"text", "x ~ 1"},
		{"text", "x % ()"},
		{"text", "'%s' % x"},
		{"text", "x == same"},
		{"text", "x != same"},
		{"text", "x < same"},
		{"text", "x >= same"},
		{"text", "'zz' in x"},
		{"text", "x in [same]"},
		{"text", "x not in x"},
		{"text", "x[::2]"},
		{"text", "x[::-1]"},
		{"text", "x[65000:]"},
		{"text", "x[65000]"},
		{"text", "{x: 1}"},
		{"text", "{(x, 1): 1}"},
		{"text", "{}[x]"},
		{"text", "{}.get(x)"},
		{"text", "x[x]"},
		{"text", "[x]|unique|list"},
		{"text", "[x, same]|sort"},
		{"text", "[x, same]|max"},
		{"text", "[x] == [same]"},
		{"text", "[x] < [same]"},
		{"text", "{1: x} == {1: same}"},
		{"text", "[x]|string"},
		{"text", "{x: x}|string"},
		{"text", "[x]|tojson"},
		{"text", "[x]|join"},
		{"text", "[1, 2]|join(x)"},
		{"text", "[1, 2]|tojson(indent=x)"},
		{"text", "'b'|indent(x, true)"},
		{"text", "'a,b'.replace(',', x)"},
		{"text", "'{}'.format(x)"},
		{"text", "x.format()"},
		{"text", "'{:>5}'.format(x)"},
		{"text", "'{!a}'.format(x)"},
		{"text", "x.count('zz', 1)"},
		{"text", "x.find('', 65000)"},
		{"text", "x.startswith('1', 65000)"},
		{"text", "[[x, x]]|urlencode"},
		{"text", "'a'|truncate(99999, end=x)"},
		{"list", "x + x"},
		{"list", "x * 2"},
		{"list", "x == same"},
		{"list", "x < same"},
		{"list", "2 in x"},
		{"list", "x[1:]"},
		{"list", "x[::-1]"},
		{"list", "x|string"},
		{"list", "'a'.format(*x)"},
		{"list", "x.index(2, 1)"},
		{"dict", "x == same"},
		{"dict", "x|string"},
		{"dict", "x.items()|list"},
		{"dict", "x.values()|list"},
		{"dict", "'a'.format(**x)"},
	} {
		t.Run(c.expr+" of a "+c.kind, func(t *testing.T) {
			const small, large = 1 << 10, 1 << 16
			cost := func(n int) int {
				tpl, err := jinja.Parse(t.Context(), "{% set y = "+c.expr+" %}")
				if err != nil {
					t.Fatal(err)
				}
				vars := bulk(c.kind, n)
				steps, _, _ := jinja.Cost(t.Context(), tpl, vars)
				return steps
			}
			few, many := cost(small), cost(large)
			if many-few < (large-small)>>7 {
				t.Errorf("costs %d steps for %d and %d for %d", few, small, many, large)
			}
		})
	}
}
