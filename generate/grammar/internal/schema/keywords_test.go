package schema_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
	"github.com/gocoreml/coreml/generate/grammar/internal/schema"
)

// judge checks that a schema takes the values of in and none of out, by their canonical
// forms.
func judge(t *testing.T, text string, opts schema.Options, in, out []string) {
	t.Helper()
	p, err := schema.Compile([]byte(text), opts)
	if err != nil && !errors.Is(err, rules.ErrNothing) {
		t.Errorf("%s: %v", text, err)
		return
	}
	w, err := schema.NewWriter([]byte(text), opts)
	if err != nil {
		t.Errorf("%s: %v", text, err)
		return
	}
	check := func(values []string, want bool) {
		for _, v := range values {
			canonical, err := w.Canonical([]byte(v))
			if err != nil {
				t.Errorf("%s: %v", v, err)
			} else if got := p != nil && p.Match(string(canonical)); got != want {
				t.Errorf("%s: %s reads as %v, want %v", text, canonical, got, want)
			}
		}
	}
	check(in, true)
	check(out, false)
}

func TestKeywords(t *testing.T) {
	for _, test := range []struct {
		schema  string
		in, out []string
	}{
		// Earlier drafts.
		{`{"items":[{"type":"string"}],"additionalItems":false}`, []string{`["a"]`, `[]`}, []string{`[1]`, `["a",1]`}},
		{`{"$schema":"http://json-schema.org/draft-04/schema#","minimum":2,"exclusiveMinimum":true}`, []string{`3`, `2.1`}, []string{`2`, `1`}},
		{`{"$schema":"http://json-schema.org/draft-04/schema#","id":"http://x/y","definitions":{"a":{"id":"z","type":"null"}},"allOf":[{"$ref":"z"}]}`, []string{`null`}, []string{`1`}},
		{`{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"a":{"$id":"#a","type":"null"}},"properties":{"p":{"$ref":"#a","const":1}}}`, []string{`{"p":null}`}, []string{`{"p":1}`}},
		{`{"dependencies":{"a":["b"],"c":{"required":["d"]}}}`, []string{`{"a":1,"b":1}`, `{"b":1}`, `{"c":1,"d":1}`}, []string{`{"a":1}`, `{"c":1}`}},
		{`{"type":"string","nullable":true}`, []string{`null`, `""`}, []string{`1`}},
		// Numbers.
		{`{"minimum":-1.5,"exclusiveMaximum":20}`, []string{`-1.5`, `0`, `19.999`, `-1.49999`, `"x"`}, []string{`-1.50001`, `20`, `-2`, `100`}},
		{`{"minimum":100,"maximum":100.05}`, []string{`100`, `100.05`, `1.0005e2`}, []string{`99.9`, `100.06`, `1000`, `-100`}},
		{`{"type":"integer","exclusiveMinimum":-10,"maximum":-3}`, []string{`-9`, `-3`}, []string{`-10`, `-2`, `0`, `-30`, `-3.5`}},
		{`{"multipleOf":0.01}`, []string{`0.07`, `12`, `-3.1`, `0`}, []string{`0.005`, `1.234`}},
		{`{"multipleOf":12}`, []string{`0`, `-144`, `12`}, []string{`6`, `12.5`, `13`}},
		{`{"multipleOf":2500}`, []string{`0`, `5000`, `2.5e3`}, []string{`500`, `2501`}},
		{`{"enum":[1e2,-0,0.5]}`, []string{`100`, `0`, `5e-1`}, []string{`1`, `-5`}},
		// Strings.
		{`{"minLength":2,"maxLength":3}`, []string{`"é👍"`, `"\n\"\\"`, `"abc"`}, []string{`"a"`, `"abcd"`}},
		{`{"pattern":"^\\s\"\\\\$"}`, []string{`"\t\"\\"`}, []string{`"\t\""`}},
		{`{"pattern":"^[\\x00-\\x1f]+$"}`, []string{`"\u0000\n\u001f"`}, []string{`" "`}},
		{`{"type":"string","not":{"pattern":"a"}}`, []string{`""`, `"b"`}, []string{`"cat"`, `1`}},
		// Arrays.
		{`{"items":{"enum":["a","b","c"]},"uniqueItems":true,"minItems":2}`, []string{`["a","b"]`, `["c","a","b"]`}, []string{`["a"]`, `["a","a"]`, `["a","b","a"]`}},
		{`{"contains":{"type":"null"},"minContains":2,"maxContains":2,"items":{"type":["null","integer"]}}`, []string{`[null,1,null]`, `[null,null]`}, []string{`[null]`, `[null,null,null]`, `[null,null,"a"]`}},
		{`{"prefixItems":[{"const":1},{"const":2}],"minItems":1,"items":{"const":3},"maxItems":4}`, []string{`[1]`, `[1,2,3,3]`}, []string{`[]`, `[2]`, `[1,2,3,3,3]`, `[1,2,4]`}},
		{`{"type":"array","not":{"items":{"type":"string"}}}`, []string{`[1]`, `["a",1]`}, []string{`[]`, `["a"]`}},
		// Objects.
		{`{"properties":{"a":{},"b":{}},"required":["z","b"],"additionalProperties":{"const":1}}`, []string{`{"z":1,"b":2}`, `{"y":1,"b":0,"a":0,"z":1}`}, []string{`{"z":2,"b":1}`, `{"b":1}`, `{"z":1,"b":1,"y":2}`}},
		{`{"maxProperties":2,"minProperties":1,"properties":{"a":{},"b":{},"c":{}}}`, []string{`{"c":1}`, `{"x":1,"a":1}`}, []string{`{}`, `{"a":1,"b":1,"c":1}`, `{"a":1,"x":1,"y":1}`}},
		{`{"propertyNames":{"enum":["a","b"]},"patternProperties":{"^b":{"type":"null"}}}`, []string{`{"a":1,"b":null}`, `{}`}, []string{`{"b":1}`, `{"c":1}`}},
		{`{"type":"object","not":{"required":["a"]}}`, []string{`{}`, `{"b":1}`}, []string{`{"a":1}`, `1`}},
		{`{"type":"object","not":{"additionalProperties":false}}`, []string{`{"a":1}`}, []string{`{}`}},
		// Logic.
		{
			`{"oneOf":[{"properties":{"kind":{"const":"a"},"x":{"type":"integer"}},"required":["kind"]},{"properties":{"kind":{"const":"b"},"x":{"type":"string"}},"required":["kind"]}]}`,
			[]string{`{"kind":"a","x":1}`, `{"kind":"b","x":"1"}`},
			[]string{`{"kind":"a","x":"1"}`, `{"kind":"c"}`, `1`},
		},
		{`{"oneOf":[{"multipleOf":2},{"multipleOf":3}]}`, []string{`2`, `3`, `4`, `9`}, []string{`6`, `5`, `"x"`}},
		{`{"if":{"properties":{"a":{"const":1}},"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}}`, []string{`{"a":1,"b":2}`, `{"a":2,"c":3}`, `{"c":1}`, `5`}, []string{`{"a":1,"c":1}`, `{"a":2,"b":1}`, `{}`}},
		{
			`{"$ref":"#/$defs/tree","$defs":{"tree":{"type":"object","properties":{"value":{"type":"integer"},"kids":{"type":"array","items":{"$ref":"#/$defs/tree"}}},"required":["value"],"additionalProperties":false}}}`,
			[]string{`{"kids":[{"value":2,"kids":[]},{"kids":[{"value":3}],"value":4}],"value":1}`},
			[]string{`{"value":1,"kids":[{}]}`, `{"value":1,"kids":[{"value":1,"kids":[{"value":"x"}]}]}`},
		},
		{`{"anyOf":[{"properties":{"a":{"properties":{"y":{},"x":{}}},"b":{}}},{"properties":{"b":{"type":"null"},"a":{"properties":{"x":{},"y":{}}}}}]}`, []string{`{"a":{"x":1,"y":2},"b":3}`, `{"b":null,"a":{"y":1,"z":1,"x":0}}`}, nil},
		{`{"unevaluatedProperties":false,"anyOf":[{"properties":{"a":{}},"required":["a"]},{"properties":{"b":{}},"required":["b"]}]}`, []string{`{"a":1}`, `{"a":1,"b":1}`}, []string{`{}`, `{"a":1,"c":1}`}},
		{`{"title":"t","description":"d","default":1,"examples":[1],"$comment":"c","deprecated":true,"readOnly":true,"x-anything":{"type":"null"},"contentEncoding":"base64"}`, []string{`{"a":[1]}`, `null`}, nil},
	} {
		judge(t, test.schema, schema.Options{}, test.in, test.out)
	}
}

func TestNarrow(t *testing.T) {
	narrow := schema.Options{Narrow: true}
	judge(t, `{"uniqueItems":true,"items":{"type":"string"}}`, narrow, []string{`[]`, `["a"]`}, []string{`["a","b"]`, `[1]`})
	judge(t, `{"minProperties":2,"properties":{"a":{},"b":{}}}`, narrow, []string{`{"a":1,"b":1}`}, []string{`{"a":1}`, `{"a":1,"x":1}`})
	if _, err := schema.Compile([]byte(`{"type":"array","uniqueItems":true,"minItems":2}`), narrow); err == nil {
		t.Error("two different items were promised")
	}
}

func TestFormats(t *testing.T) {
	for format, values := range map[string][2][]string{
		"date":                  {{"2024-02-29", "1999-12-31", "2000-02-29"}, {"2023-02-29", "1900-02-29", "2024-13-01", "2024-1-1", "20240101", "2024-04-31"}},
		"time":                  {{"00:00:00Z", "23:59:60Z", "12:30:45.123+02:00", "23:59:60.5z"}, {"24:00:00Z", "12:30:60Z", "12:30:45", "12:30Z"}},
		"date-time":             {{"2024-02-29T12:00:00Z", "1963-06-19t08:30:06.283185z"}, {"2024-02-30T12:00:00Z", "2024-02-29 12:00:00Z", "2024-02-29T12:00:00"}},
		"duration":              {{"P4Y", "P1Y2M3DT4H5M6S", "PT1M", "P2W", "PT36H", "P1DT12H"}, {"P", "PT", "P1", "4Y", "P1D2H", "P2S", "P1Y2W", "P1YT"}},
		"email":                 {{"joe.bloggs@example.com", "te~st@example.com", `"joe bloggs"@example.com`, "a@[127.0.0.1]", "a@[IPv6:::1]"}, {"2962", ".test@example.com", "te..st@example.com", "a@", "a@b..c", "a@[127.0.0.300]", strings.Repeat("a", 65) + "@b.c"}},
		"hostname":              {{"www.example.com", "a", "3.4", strings.Repeat("a", 63) + ".com"}, {"-a.com", "a-.com", "a_b.com", ".a", strings.Repeat("a", 64) + ".com", "xn--X", "ab--c.d"}},
		"ipv4":                  {{"192.168.0.1", "0.0.0.0", "255.255.255.255"}, {"256.0.0.1", "1.2.3", "01.2.3.4", "1.2.3.4.5", "0x7f.0.0.1"}},
		"ipv6":                  {{"::1", "::", "12::34", "1:2:3:4:5:6:7:8", "::ffff:192.168.0.1", "1::2:192.168.0.1", "1:2:3:4:5:6:7::"}, {"12345::", "1:2:3:4:5:6:7", "::1::", "1:2:3:4:5:6:7:8:9", ":1", "fe80::1%eth0", "::192.168.0.300"}},
		"uuid":                  {{"2EB8AA08-AA98-11EA-B4AA-73B441D16380", "2eb8aa08-aa98-11ea-b4aa-73b441d16380"}, {"2eb8aa08-aa98-11ea-b4aa-73b441d1638", "2eb8aa08aa9811eab4aa73b441d16380", "2eb8aa08-aa98-11ea-b4aa-73b441d1638g"}},
		"uri":                   {{"http://foo.bar/?baz=qux#quux", "urn:oasis:names:tc", "mailto:a@b.c", "http://[::1]:80/", "ftp://u:p@h/", "a:", "http://foo.bar/%20"}, {"//foo.bar", "/abc", "\\\\WINDOWS", "http:// bad", ":// bad", "http://foo/%2", "http://[::1/", "1a:b", "http://a/b c"}},
		"uri-reference":         {{"http://a/b", "//a/b", "/abc", "abc", "#f", "", "?q", "../a:b", "./a:b"}, {"\\a", "#\\f", "a b", "1:b"}},
		"iri":                   {{"http://ƒøø.ßår/?∂éœ=πîx"}, {"/abc", "http://a b"}},
		"uri-template":          {{"http://x/{term:1}/{term}", "{+path,x*}/y"}, {"http://x/{term", "{}", "{a b}"}},
		"json-pointer":          {{"", "/foo/0", "/a~1b/~0", "/"}, {"foo", "/~", "/~2", "#/"}},
		"relative-json-pointer": {{"0", "1/a/b", "20#"}, {"-1", "01", "/a", "1a", "0##"}},
		"of no standard":        {{"anything", ""}, nil},
	} {
		p, err := schema.Compile([]byte(`{"type":"string","format":"`+format+`"}`), schema.Options{})
		if err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		w, err := schema.NewWriter([]byte(`true`), schema.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []bool{true, false} {
			for _, v := range values[i] {
				text, err := w.Canonical([]byte(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`))
				if err != nil {
					t.Fatal(err)
				}
				if p.Match(string(text)) != want {
					t.Errorf("%s: %s is taken: %v", format, v, !want)
				}
			}
		}
	}
	for _, format := range []string{"regex", "idn-email", "idn-hostname"} {
		_, err := schema.Compile([]byte(`{"items":{"format":"`+format+`"}}`), schema.Options{})
		if e, ok := errors.AsType[*schema.Error](err); !ok || e.Keyword != "format" || e.Pointer != "/items" || !e.Unsupported {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func TestErrorsNameTheKeyword(t *testing.T) {
	for _, test := range []struct {
		schema, keyword, pointer string
		unsupported              bool
	}{
		{`{"properties":{"a/b":{"items":{"uniqueItems":true}}}}`, "uniqueItems", "/properties/a~1b/items", true},
		{`{"$ref":"other.json"}`, "$ref", "", true},
		{`{"$ref":"#/nowhere"}`, "$ref", "", false},
		{`{"$ref":"#anchor"}`, "$ref", "", false},
		{`{"$recursiveRef":"#"}`, "$recursiveRef", "", true},
		{`{"minProperties":2}`, "minProperties", "", true},
		{`{"not":{"additionalProperties":{"type":"string"}}}`, "not", "", true},
		{`{"oneOf":[{"patternProperties":{"^a":{"type":"null"}}},{"patternProperties":{"^b":{"type":"null"}}}]}`, "oneOf", "", true},
		{`{"not":{"uniqueItems":true}}`, "not", "", true},
		{`{"pattern":"\\bword"}`, "pattern", "", true},
		{`{"patternProperties":{"(":{}}}`, "patternProperties", "", false},
		{`{"divisibleBy":3}`, "divisibleBy", "", true},
		{`{"type":"any"}`, "type", "", false},
		{`{"type":[1]}`, "type", "", false},
		{`{"minimum":"1"}`, "minimum", "", false},
		{`{"multipleOf":0}`, "multipleOf", "", false},
		{`{"minLength":-1}`, "minLength", "", false},
		{`{"maxItems":1.5}`, "maxItems", "", false},
		{`{"enum":1}`, "enum", "", false},
		{`{"allOf":[]}`, "allOf", "", false},
		{`{"items":3}`, "items", "", false},
		{`{"required":"a"}`, "required", "", false},
		{`{"properties":[]}`, "properties", "", false},
		{`{"properties":{"a":1}}`, "properties", "", false},
		{`{"uniqueItems":"yes"}`, "uniqueItems", "", false},
		{`{"dependentRequired":{"a":"b"}}`, "dependentRequired", "", false},
		{`{"pattern":1}`, "pattern", "", false},
		{`{"anyOf":[{"not":{"$ref":"#/anyOf/0"}}]}`, "$ref", "/anyOf/0/not", false},
		{`[]`, "", "", false},
		{`{"a":1,"a":2}`, "", "", false},
		{``, "", "", false},
	} {
		_, err := schema.Compile([]byte(test.schema), schema.Options{})
		e, ok := errors.AsType[*schema.Error](err)
		if !ok || e.Keyword != test.keyword || e.Pointer != test.pointer || e.Unsupported != test.unsupported {
			t.Errorf("%s: %v", test.schema, err)
		}
	}
}

// FuzzSchema compiles schemas: each ends in a program, whose texts are JSON that it takes
// again in canonical form, or in a typed error.
func FuzzSchema(f *testing.F) {
	for _, text := range hostile {
		if len(text) < 2000 {
			f.Add(text, uint64(1))
		}
	}
	f.Add(`{"properties":{"a":{"type":"string","format":"date"}},"required":["a"],"additionalProperties":false}`, uint64(2))
	f.Add(`{"oneOf":[{"minimum":3},{"pattern":"^a"}],"unevaluatedItems":false}`, uint64(3))
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		if len(text) > 3000 {
			return
		}
		// Small limits: the point is what is wrong, not how much.
		opts := schema.Options{Limits: rules.Limits{Nodes: 100_000, Memory: 8 << 20, Search: 1000, Alternatives: 1000}}
		p, err := schema.Compile([]byte(text), opts)
		if _, ok := errors.AsType[*schema.Error](err); ok || errors.Is(err, rules.ErrNothing) {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v of type %T", text, err, err)
		}
		w, err := schema.NewWriter([]byte(text), opts)
		if err != nil {
			t.Fatalf("%s: there is a program and no writer: %v", text, err)
		}
		written, whole := walk(p, seed)
		if !whole {
			return
		}
		canonical, err := w.Canonical([]byte(written))
		if err != nil || !p.Match(string(canonical)) {
			t.Errorf("%s: %s has the canonical form %s, which is not taken: %v", text, written, canonical, err)
		}
	})
}

// walk writes a text that a program takes, by chance; whole is false if it got too long.
func walk(p *rules.Program, seed uint64) (text string, whole bool) {
	var out []byte
	s := p.Start()
	for range 300 {
		next := s.Next()
		if s.CanEnd() && (len(next) == 0 || seed&1 == 1) {
			return string(out), true
		}
		if len(next) == 0 {
			return string(out), false
		}
		seed = seed*6364136223846793005 + 1442695040888963407
		b := next[int(seed>>33)%len(next)]
		out = append(out, b)
		s = s.Step(b)
	}
	return string(out), false
}
