package jsonvalue_test

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate/grammar/internal/jsonvalue"
)

func TestCanonicalForms(t *testing.T) {
	for text, want := range map[string]string{
		`1.0`: `1`, `-0.0`: `0`, `10e-1`: `1`, `1.50`: `1.5`, `1e3`: `1000`, `-12.5E+1`: `-125`, `5e-3`: `0.005`, `0.1e1`: `1`, `123.456`: `123.456`, `0e99999999999`: `0`,
		`"a\u0041\/\u0000\u001f\n\"\\\u007f\u2028\ud83d\udc4d"`: "\"aA/\\u0000\\u001f\\n\\\"\\\\\u007f\u2028👍\"",
		`{"b":1,"a":[ ],"b":{}}`:                                `{"b": {}, "a": []}`,
		` [1,[true,null] , false ]`:                             `[1, [true, null], false]`,
	} {
		v, err := jsonvalue.Parse([]byte(text), 10, jsonvalue.LastWins)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := string(jsonvalue.Append(nil, v)); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestWhatIsNoValue(t *testing.T) {
	for text, want := range map[string]string{
		``: "cut off", `{`: "cut off", `{"a" 1}`: "no JSON", `[1`: "cut off", `1 2`: "more than one", `nux`: "no JSON", `{"a":1,"a":2}`: `"a" comes twice`,
		strings.Repeat("[", 11): "too deep", `1e10001`: "exponent", `1e-99999999999999999999`: "exponent", `01`: "", `{1:2}`: "",
	} {
		if _, err := jsonvalue.Parse([]byte(text), 10, jsonvalue.Refuse); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error %v lacks %q", text, err, want)
		}
	}
}

func TestEqual(t *testing.T) {
	parse := func(s string) *jsonvalue.Value {
		v, err := jsonvalue.Parse([]byte(s), 10, jsonvalue.Refuse)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, same := range [][2]string{{`1`, `1.0`}, {`{"a":1,"b":[2]}`, `{"b":[2e0],"a":1}`}, {`null`, `null`}, {`"\u0041"`, `"A"`}} {
		if !jsonvalue.Equal(parse(same[0]), parse(same[1])) {
			t.Errorf("%s and %s differ", same[0], same[1])
		}
	}
	for _, other := range [][2]string{{`1`, `true`}, {`0`, `false`}, {`{"a":1}`, `{"b":1}`}, {`[1,2]`, `[2,1]`}, {`[]`, `{}`}, {`{"a":1}`, `{"a":1,"b":1}`}} {
		if jsonvalue.Equal(parse(other[0]), parse(other[1])) {
			t.Errorf("%s and %s are equal", other[0], other[1])
		}
	}
}

// FuzzDecimal compares the arithmetic of numbers with that of package big.
func FuzzDecimal(f *testing.F) {
	f.Add("1.50", "15e-1")
	f.Add("-0.001", "1e-3")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a) > 50 || len(b) > 50 || !json.Valid([]byte(a)) || !json.Valid([]byte(b)) {
			return
		}
		x, okX := new(big.Rat).SetString(a)
		y, okY := new(big.Rat).SetString(b)
		p, errP := jsonvalue.ParseDecimal(a)
		q, errQ := jsonvalue.ParseDecimal(b)
		if !okX || !okY || errP != nil || errQ != nil || strings.ContainsAny(a+b, `"tfn[{`) || len(p.String())+len(q.String()) > 1000 {
			return
		}
		if got, want := p.Cmp(q), x.Cmp(y); got != want {
			t.Errorf("%s and %s compare as %d, want %d", a, b, got, want)
		}
		if p.IsInt() != x.IsInt() {
			t.Errorf("%s is whole: %v", a, p.IsInt())
		}
		again, ok := new(big.Rat).SetString(p.String())
		if !ok || again.Cmp(x) != 0 {
			t.Errorf("%s is written as %s", a, p)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(`{"a":[1,"b",null,true,{}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := jsonvalue.Parse([]byte(text), 20, jsonvalue.LastWins)
		if err != nil {
			return
		}
		if !json.Valid([]byte(text)) {
			t.Fatalf("%q was read", text)
		}
		canonical := jsonvalue.Append(nil, v)
		if len(canonical) > 1<<16 {
			return
		}
		again, err := jsonvalue.Parse(canonical, 20, jsonvalue.Refuse)
		if err != nil || !jsonvalue.Equal(v, again) || string(jsonvalue.Append(nil, again)) != string(canonical) {
			t.Errorf("%q is written as %q: %v", text, canonical, err)
		}
	})
}
