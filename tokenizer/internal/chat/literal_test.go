package chat

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
)

// What the texts stand for was worked out by hand, by the grammars of JSON and Python.
var literals = []struct{ name, text, want string }{
	{"JSON with its white space", "{\"a\" : [1, 2.5e3, -0],\n\"b\":{}}", "{\"a\" : [1, 2.5e3, -0],\n\"b\":{}}"},
	{"a line break in a string", "{\"a\": \"x\ny\"}", `{"a": "x\ny"}`},
	{"a tab and a control character in a string", "[\"\t\x01\"]", `["\t\u0001"]`},
	{"an escape that JSON does not know", `["\d+\.\w"]`, `["\\d+\\.\\w"]`},
	{"an apostrophe that is escaped", `["it\'s"]`, `["it's"]`},
	{"an escape of too few digits", `["\u12 \uzz"]`, `["\\u12 \\uzz"]`},
	{"a comma behind the last element", `[1, 2, ]`, `[1, 2 ]`},
	{"a comma behind the last member", `{"a": 1,}`, `{"a": 1}`},
	{"words of Python", `[True, False, None, true, null]`, `[true, false, null, true, null]`},
	{"strings of Python", `{'a': 'say "x"', 'b': 'it\'s'}`, `{"a": "say \"x\"", "b": "it's"}`},
	{"numbers that JSON writes otherwise", `[+1, .5, 2., -3]`, `[1, 0.5, 2, -3]`},
	{"letters of several bytes", `{"é": "中🙂"}`, `{"é": "中🙂"}`},
	{"two commas", `[1,,2]`, ""},
	{"a comma alone", `[,]`, ""},
	{"a key without quotation marks", `{a: 1}`, ""},
	{"a word that is no value", `[nil]`, ""},
	{"a number that is none", `[1.2.3]`, ""},
	{"brackets that do not fit", `[1}`, ""},
	{"a member without a value", `{"a"}`, ""},
	{"a value behind the value", `1 2`, ""},
	{"nothing", ``, ""},
	{"a tuple", `(1, 2)`, ""},
}

func TestLiteralsAreReadAsTheyAreMeant(t *testing.T) {
	for _, c := range literals {
		t.Run(c.name, func(t *testing.T) {
			got, ok := literalOf(c.text)
			if ok != (c.want != "") || ok && string(got) != c.want {
				t.Errorf("got %q and %v, want %q", got, ok, c.want)
			}
		})
	}
}

// By Python's grammar, as its ast.literal_eval and json.dumps give them.
func TestLiteralsOfPythonAreReadAsPythonDoes(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a tuple", `(1, 'a')`, `[1, "a"]`},
		{"escapes", `'\x41\u00e9\U0001F642\n\t\a\\\''`, `"A\u00e9🙂\n\t\u0007\\'"`},
		{"an escape that Python does not know", `'\d'`, `"\\d"`},
		{"a line that goes on", "'a\\\nb'", `"ab"`},
		{"three quotation marks", "\"\"\"a \"b\"\nc\"\"\"", `"a \"b\"\nc"`},
		{"a raw string", `r'\d+\''`, `"\\d+\\'"`},
		{"an empty string", `''`, `""`},
		{"a string of bytes", `b"x"`, `"x"`},
		{"a dict", `{'a': (1,), 'b': None}`, `{"a": [1], "b": null}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := literal{in: c.text, final: true, python: true}
			if !l.value() || l.at != len(c.text) || string(l.out) != c.want {
				t.Errorf("got %q up to %d, want %q", l.out, l.at, c.want)
			}
		})
	}
}

func FuzzLiteral(f *testing.F) {
	for _, c := range literals {
		f.Add(c.text, false)
		f.Add(c.text, true)
	}
	f.Add(`r'\d' + """x"""`, true)
	f.Fuzz(func(t *testing.T, text string, python bool) {
		l := literal{in: text, final: true, python: python}
		ok := l.value()
		if ok && !json.Valid(l.out) {
			t.Fatalf("%q became %q, which is no JSON", text, l.out)
		}
		if python {
			return
		}
		if json.Valid([]byte(text)) {
			raw, whole := literalOf(text)
			if !whole || !sameJSON(raw, []byte(text)) {
				t.Fatalf("%q became %q", text, raw)
			}
		}
		// However much of the text is there, it says the same or waits.
		for n := range min(len(text), 200) {
			if out, size, is := readJSON(text[:n], "", false); is == isCall && (!ok || size != l.at || !bytes.Equal(out, l.out)) || is == notCall && ok {
				t.Fatalf("%q gives %q, the whole %q gives %q (%v)", text[:n], out, text, l.out, ok)
			}
		}
	})
}

// sameJSON reports whether two texts of JSON have one value, numbers to the digit.
func sameJSON(a, b []byte) bool {
	var x, y any
	for text, v := range map[*[]byte]*any{&a: &x, &b: &y} {
		d := json.NewDecoder(bytes.NewReader(*text))
		d.UseNumber()
		if d.Decode(v) != nil {
			return false
		}
	}
	return reflect.DeepEqual(x, y)
}
