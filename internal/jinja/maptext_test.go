package jinja_test

import (
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/jinja"
)

func TestEveryTextOfAValueIsChangedAndTheValueItselfIsNot(t *testing.T) {
	v, err := jinja.FromJSON(t.Context(), []byte(`{"b":["x",{"c":"y"},1,null,true],"a":2.5}`))
	if err != nil {
		t.Fatal(err)
	}
	show := func(v jinja.Value) string {
		parsed, err := jinja.Parse(t.Context(), "{{ v|tojson }}")
		if err != nil {
			t.Fatal(err)
		}
		vars := jinja.NewDict()
		vars.Set("v", v)
		out, err := parsed.Render(t.Context(), vars, nil)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	before := show(v)
	if got, want := show(jinja.MapText(v, strings.ToUpper)), `{"B": ["X", {"C": "Y"}, 1, null, true], "A": 2.5}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := show(v); got != before {
		t.Errorf("the value is %s now, was %s", got, before)
	}
}
