package jinja_test

import (
	"encoding/json"
	"testing"

	"github.com/gocoreml/coreml/internal/jinja"
)

func TestGoValuesBecomePythonValues(t *testing.T) {
	type tool struct {
		Name string `json:"name"`
		Args []int  `json:"args"`
	}
	for _, c := range []struct {
		name string
		in   any
		want string
	}{
		{"nil", nil, "None"},
		{"a bool", true, "True"},
		{"an int", 3, "3"},
		{"an int of another size", int8(3), "3"},
		{"a float", 2.0, "2.0"},
		{"a small float", float32(0.5), "0.5"},
		{"a number of JSON", json.Number("1e3"), "1000.0"},
		{"a large number of JSON", json.Number("123456789012345678901234567890"), "123456789012345678901234567890"},
		{"a string", "a'b", "a'b"},
		{"a list", []any{1, "a", nil}, "[1, 'a', None]"},
		{"a list of strings", []string{"a", "b"}, "['a', 'b']"},
		{"a map in sorted order", map[string]any{"b": 1, "a": 2}, "{'a': 2, 'b': 1}"},
		{"JSON in its order", json.RawMessage(`{"b":1,"a":[2.50,true]}`), "{'b': 1, 'a': [2.5, True]}"},
		{"a struct in its order", tool{"f", []int{1}}, "{'name': 'f', 'args': [1]}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := jinja.FromGo(t.Context(), c.in)
			if err != nil {
				t.Fatal(err)
			}
			vars := jinja.NewDict()
			vars.Set("v", v)
			if got, err := render(t, "{{ v }}", vars); err != nil || got != c.want {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestWhatIsNotJSONCannotBeAValue(t *testing.T) {
	for _, v := range []any{make(chan int), func() {}, json.RawMessage(`{`), json.RawMessage(`1 2`), json.Number("x")} {
		if got, err := jinja.FromGo(t.Context(), v); err == nil {
			t.Errorf("%T became %v", v, got)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		"{{ a }}", "{% for x in l if x is odd %}{{ loop.last }}{{ x|tojson }}{% else %}-{% endfor %}",
		"{%- macro m(a, b=1, *c) -%}{{ caller() }}{{ varargs }}{%- endmacro %}{% call(x) m(1) %}{{ x }}{% endcall %}",
		"{% set ns = namespace(a=[1]) %}{% set ns.a = ns.a + [2.5e3] %}{{ ns.a[::-1] }}{% raw %}{{{% endraw %}",
		"{{ '%5.2f'|format(1) ~ 'a'.split(',')[-1:] }}{# c #}{{ {'a': 1,}.a ** 2 // 3 % 4 }}",
		"{{ l|map('upper')|join(', ') if s is string and not n else d|dictsort|first }}",
		"{% generation %}{{ strftime_now('%d %b %Y') }}{{ raise_exception('x') }}{% endgeneration %}",
		"{% autoescape a %}{{ ('<%s>'|safe) % s ~ s|e }}{{ d|xmlattr }}{{ l|join('&'|safe) }}{% endautoescape %}{{ s.expandtabs(3) }}",
		"{{ l|batch(2)|list }}{{ s.rsplit(none, 1) }}{{ '{0!r}'.format(s) }}{{ range(3, 0, -1)|list }}",
	} {
		f.Add(seed)
	}
	vars, err := jinja.FromJSON(f.Context(), []byte(`{"a":1,"s":"text","l":[1,2,"x"],"d":{"k":null},"n":null,"f":1.5}`))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tpl, err := jinja.Parse(t.Context(), text)
		if err != nil {
			return
		}
		root, _ := vars.(*jinja.Dict)
		o := &jinja.Options{Now: clock, MaxSteps: 100_000, MaxBytes: 1 << 20}
		first, err1 := tpl.Render(t.Context(), root, o)
		second, err2 := tpl.Render(t.Context(), root, o)
		if first != second || (err1 == nil) != (err2 == nil) {
			t.Errorf("two renderings differ: %q, %v and %q, %v", first, err1, second, err2)
		}
		if len(first) > 1<<20 {
			t.Errorf("%d bytes of output", len(first))
		}
	})
}
