package gotype_test

import (
	"encoding/json"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/generate/grammar/internal/gotype"
	"github.com/gocoreml/coreml/generate/grammar/internal/schema"
)

type inner struct {
	City string `json:"city" description:"where it is"`
	Zip  string `json:"zip,omitempty" jsonschema:"pattern=^[0-9]{5}$"`
}

type base struct {
	ID   int32 `json:"id"`
	Kind string
}

type person struct {
	base
	Name    string            `json:"name" jsonschema:"minLength=1,maxLength=20"`
	Age     uint8             `json:"age" jsonschema:"maximum=150"`
	Mood    string            `json:"mood" jsonschema:"enum=good,enum=bad\\, very"`
	Tags    []string          `json:"tags" jsonschema:"enum=a,enum=b,maxItems=3"`
	Home    *inner            `json:"home"`
	Since   time.Time         `json:"since"`
	Extra   map[string]int8   `json:"extra,omitempty"`
	Any     any               `json:"any,omitempty"`
	Raw     json.RawMessage   `json:"raw,omitempty"`
	Number  json.Number       `json:"number"`
	Data    []byte            `json:"data"`
	Pair    [2]bool           `json:"pair"`
	Score   float64           `json:"score"`
	Count   int64             `json:"count,string"`
	ByYear  map[int16]string  `json:"by_year,omitempty"`
	Big     *big.Int          `json:"big,omitempty"`
	Addr    netip.Addr        `json:"addr"`
	Next    *person           `json:"next,omitempty"`
	Parts   map[string]person `json:"parts,omitempty"`
	Skipped func()            `json:"-"`
	hidden  int
}

func TestASchemaIsWhatEncodingJSONReads(t *testing.T) {
	_ = person{}.hidden
	text, err := gotype.Schema(reflect.TypeFor[person]())
	if err != nil {
		t.Fatal(err)
	}
	w, err := schema.NewWriter(text, schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := schema.Compile(text, schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	full := `{"id":-7,"Kind":"x","name":"é","age":42,"mood":"bad, very","tags":["a","b"],"home":{"city":"Bern"},
		"since":"2024-02-29T12:00:00.5Z","extra":{"k":-128},"any":[1,{"x":null}],"raw":{"y":[true]},"number":1.50,"data":"aGk=",
		"pair":[true,false],"score":-1e3,"count":"-12","by_year":{"-99":"old"},"big":123456789012345678901234567890,"addr":"::1",
		"next":null,"parts":{"p":{"id":1,"Kind":"","name":"n","age":0,"mood":"good","tags":[],"home":null,"since":"1999-01-01T00:00:00+02:00",
		"number":0,"data":"","pair":[false,false],"score":0,"count":"0","addr":"10.0.0.1"}}}`
	check := func(text string, want bool) {
		t.Helper()
		canonical, err := w.Canonical([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Match(string(canonical)); got != want {
			t.Errorf("%s reads as %v, want %v", canonical, got, want)
		}
		var v person
		if err := json.Unmarshal(canonical, &v); want && err != nil {
			t.Errorf("encoding/json: %v", err)
		}
	}
	check(full, true)
	for _, change := range [][2]string{
		{`"id":-7`, `"id":2147483648`},
		{`"name":"é"`, `"name":""`},
		{`"age":42`, `"age":151`},
		{`"age":42`, `"age":-1`},
		{`"mood":"bad, very"`, `"mood":"bad"`},
		{`"tags":["a","b"]`, `"tags":["c"]`},
		{`"tags":["a","b"]`, `"tags":["a","b","a","b"]`},
		{`"home":{"city":"Bern"}`, `"home":{"city":"Bern","zip":"123"}`},
		{`"home":{"city":"Bern"}`, `"home":{}`},
		{`12:00:00.5Z`, `12:00:60Z`},
		{`2024-02-29T`, `2023-02-29T`},
		{`"k":-128`, `"k":128`},
		{`"pair":[true,false]`, `"pair":[true]`},
		{`"count":"-12"`, `"count":-12`},
		{`"-99":"old"`, `"99999":"old"`},
		{`"addr":"::1"`, `"addr":"localhost"`},
		{`"data":"aGk="`, `"data":"aGk"`},
		{`"next":null,`, `"unknown":null,`},
		{`"score":-1e3`, `"score":1e309`},
	} {
		if !strings.Contains(full, change[0]) {
			t.Fatalf("there is no %s", change[0])
		}
		check(strings.Replace(full, change[0], change[1], 1), false)
	}
}

func TestASchemaKeepsTheOrderOfFields(t *testing.T) {
	got, err := gotype.Schema(reflect.TypeFor[struct {
		B inner `json:"b"`
		A int8  `json:"a,omitempty" jsonschema:"minimum=-5"`
	}]())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"object","properties":{"b":{"type":"object","properties":{"city":{"type":"string","description":"where it is"},` +
		`"zip":{"type":"string","pattern":"^[0-9]{5}$"}},"required":["city"],"additionalProperties":false},` +
		`"a":{"type":"integer","minimum":-128,"maximum":127,"allOf":[{"minimum":-5}]}},"required":["b"],"additionalProperties":false}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

type (
	left  struct{ Same, Left string }
	right struct{ Same, Right string }
	tree  []tree
)

func TestEmbeddedStructs(t *testing.T) {
	got, err := gotype.Schema(reflect.TypeFor[struct {
		left
		*right
		Trees tree `json:",omitzero"`
	}]())
	if err != nil {
		t.Fatal(err)
	}
	// As for encoding/json, Same is ambiguous and no member.
	want := `{"type":"object","properties":{"Left":{"type":"string"},"Right":{"type":"string"},"Trees":{"$ref":"#/$defs/tree"}},` +
		`"required":["Left","Right"],"additionalProperties":false,"$defs":{"tree":{"type":"array","items":{"$ref":"#/$defs/tree"}}}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

type own struct{ n int }

func (own) JSONSchema() string { return `{"type":"integer","minimum":3}` }

func (o *own) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &o.n) }

type readsItself struct{}

func (*readsItself) UnmarshalJSON([]byte) error { return nil }

type readsText struct{}

func (*readsText) UnmarshalText([]byte) error { return nil }

func TestTypesThatReadThemselves(t *testing.T) {
	for _, test := range []struct {
		of   any
		want string // or a part of the error
	}{
		{own{}, `{"type":"integer","minimum":3}`},
		{[]*own{}, `{"type":"array","items":{"anyOf":[{"type":"integer","minimum":3},{"type":"null"}]}}`},
		{struct {
			T readsText `jsonschema:"pattern=^a$"`
		}{}, `{"type":"object","properties":{"T":{"type":"string","pattern":"^a$"}},"required":["T"],"additionalProperties":false}`},
		{readsItself{}, "type gotype_test.readsItself reads its own JSON"},
		{struct{ X []readsText }{}, "field X of struct { X []gotype_test.readsText }: type gotype_test.readsText reads its own text"},
		{struct{ C chan int }{}, "field C of struct { C chan int }: type chan int has no JSON"},
		{struct {
			I int `jsonschema:"minimun=1"`
		}{}, `unknown keyword "minimun"`},
		{struct {
			I int `jsonschema:"minimum=one"`
		}{}, "minimum=one, want a number"},
		{map[bool]int{}, "type map[bool]int has no JSON"},
	} {
		got, err := gotype.Schema(reflect.TypeOf(test.of))
		switch {
		case err != nil && !strings.Contains(err.Error(), test.want):
			t.Errorf("%T: the error %q lacks %q", test.of, err, test.want)
		case err == nil && string(got) != test.want:
			t.Errorf("%T: %s, want %s", test.of, got, test.want)
		}
	}
}
