package apikey_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/apikey"
)

func TestARingHasItsKeysAlone(t *testing.T) {
	ring := apikey.NewRing([]string{"one", "two", "two"})
	for key, want := range map[string]bool{"one": true, "two": true, "": false, "tw": false, "two ": false, "One": false} {
		if got := ring.Has(key); got != want {
			t.Errorf("%q: %t, want %t", key, got, want)
		}
	}
	if apikey.NewRing(nil).Has("") {
		t.Error("an empty ring has a key")
	}
}

func TestTheKeyOfARequest(t *testing.T) {
	for _, c := range []struct{ authorization, xAPIKey, want string }{
		{"Bearer a", "", "a"},
		{"bearer  a ", "b", "a"},
		{"", "b", "b"},
		{"Basic dTpw", "b", "b"},
		{"Bearer", "", ""},
		{"", "", ""},
	} {
		if got := apikey.Given(c.authorization, c.xAPIKey); got != c.want {
			t.Errorf("%q and %q give %q, want %q", c.authorization, c.xAPIKey, got, c.want)
		}
	}
}
