package sidefiles

import (
	"errors"
	"testing"
)

// expanderFor fills descriptions in by a configuration.
func expanderFor(t testing.TB, config string) *expander {
	t.Helper()
	s, err := Read(&Files{Config: []byte(config)})
	if err != nil {
		t.Fatal(err)
	}
	return &expander{s: s, id: func(token string) int { return len(token) }, from: &Source{
		Place: func(token string, from int, zero bool) (int, bool) {
			switch {
			case token == "everywhere":
				return from, true
			case token == "scored":
				return 3, !zero
			}
			return 0, false
		},
	}}
}

func TestDescriptionsAreFilledIn(t *testing.T) {
	for _, c := range []struct{ name, text, config, want string }{
		{"nothing open", `{"a":"<s> > <"}`, `{}`, `{"a":"<s> > <"}`},
		{"a setting that is not there", "<<k=true>>", `{}`, "true"},
		{"one that is", "[<<k=true>>,<<l=false>>]", `{"k":false,"l":true}`, "[false,true]"},
		{"null where true is usual", "<<k=true>>", `{"k":null}`, "false"},
		{"null where null is usual", "<<k=null>>", `{"k":null}`, "null"},
		{"null where it counts as unset", "<<k=unset>>", `{"k":null}`, "true"},
		{"false where it would count as unset", "<<k=unset>>", `{"k":false}`, "false"},
		{"a text", `<<k="#">>`, `{"k":"a\"b"}`, `"a\"b"`},
		{"null for a text", `<<k="#">>`, `{"k":null}`, `"#"`},
		{"a number", "<<k=3>>", `{"k":5}`, "5"},
		{"null for a number", "<<k=3>>", `{"k":null}`, "3"},
		{"one of two", "<<k=true?this|that>>", `{}`, "this"},
		{"the other", "<<k=true?this|that>>", `{"k":false}`, "that"},
		{"one or nothing", "<<k=false?this>>", `{}`, "null"},
		{"what is open within", `<<k=true?<<l="a">>,<<m=1>>|<<n=false?x|y>>>>`, `{}`, `"a",1`},
		{"and within the other", `<<k=true?<<l="a">>,<<m=1>>|<<n=false?x|y>>>>`, `{"k":false}`, "y"},
		{"a token", "<<$eos_token>> <<#eos_token>>", `{"eos_token":"<e>"}`, `"\u003ce\u003e" 3`},
		{"one without a name", "<<$eos_token>>", `{}`, `""`},
		{"a place", "<<@unk=9>>", `{"unk_token":"scored"}`, "3"},
		{"a place of another score", "<<@unk0=9>>", `{"unk_token":"scored"}`, "9"},
		{"a place behind the first", "<<@unk1>>", `{"unk_token":"everywhere"}`, "1"},
		{"no place", "<<@unk=9>>", `{}`, "9"},
		{"no map", "<<@charsmap?a|b>>", `{}`, "b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := expanderFor(t, c.config)
			if got := x.expand(c.text); got != c.want || x.err != nil {
				t.Errorf("got %s (%v), want %s", got, x.err, c.want)
			}
		})
	}
}

func TestTheFirstErrorOfADescriptionCounts(t *testing.T) {
	x := expanderFor(t, `{"k":1,"l":[]}`)
	x.expand("<<k=true>> <<l=true>>")
	if x.err == nil || x.err.Error() != "k is no truth value" {
		t.Errorf("got %v", x.err)
	}
	x = expanderFor(t, `{}`)
	if x.expand("<<@unk1>>"); !errors.Is(x.err, errUnfit) {
		t.Errorf("got %v", x.err)
	}
}

func TestPartsThatAreNullAreLeftOut(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{`{"type":"Sequence","normalizers":[null,{"a":1},null]}`, `{"normalizers":[{"a":1}],"type":"Sequence"}`},
		{`{"type":"Sequence","decoders":[null]}`, `{"decoders":[],"type":"Sequence"}`},
		{`{"type":"NFC","x":null}`, `{"type":"NFC","x":null}`},
		{`null`, `null`},
	} {
		if got, err := withoutNulls([]byte(c.raw)); err != nil || string(got) != c.want {
			t.Errorf("%s: got %s (%v), want %s", c.raw, got, err, c.want)
		}
	}
	if _, err := withoutNulls([]byte(`[`)); err == nil {
		t.Error("half a list is taken")
	}
}
