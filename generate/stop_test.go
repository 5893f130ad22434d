package generate_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gocoreml/coreml/generate"
)

func TestStopStrings(t *testing.T) {
	for _, c := range []struct {
		name   string
		stops  []string
		pieces []string
		want   string // the pieces as they come out, joined by |
		found  bool
	}{
		{"without stop strings text passes", nil, []string{"a", "b"}, "a|b", false},
		{"an empty stop string is none", []string{""}, []string{"ab"}, "ab", false},
		{"in one piece", []string{"END"}, []string{"to the END of"}, "to the ", true},
		{"over three pieces", []string{"END"}, []string{"xE", "N", "Dy"}, "x||", true},
		{"a false start is given back", []string{"END"}, []string{"xE", "N", "ox"}, "x||ENox", false},
		{"a false start that holds a true one", []string{"aab"}, []string{"a", "a", "a", "b"}, "||a|", true},
		{"the earliest of several", []string{"late", "cho"}, []string{"chocolate"}, "", true},
		{"one stop string inside of another's beginning", []string{"abcd", "bc"}, []string{"ab", "c"}, "|a", true},
		{"at the very beginning", []string{"\n"}, []string{"\nhello"}, "", true},
		{"what is held back comes at the end", []string{"###"}, []string{"a#", "#"}, "a||##", false},
		{"text is never cut inside of a character", []string{"é\xc3"}, []string{"caf", "é", "s"}, "caf||és", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := generate.NewStopMatcher(c.stops...)
			var out []string
			found := false
			for _, p := range c.pieces {
				var text string
				text, found = m.Push(p)
				out = append(out, text)
				if found {
					break
				}
			}
			if rest := m.Flush(); rest != "" {
				out = append(out, rest)
			}
			if got := strings.Join(out, "|"); got != c.want || found != c.found {
				t.Errorf("got %q, found %v; want %q, %v", got, found, c.want, c.found)
			}
		})
	}
}

// FuzzStopMatcher holds the matcher against a search in the whole text.
func FuzzStopMatcher(f *testing.F) {
	f.Add("hello world", "o w", "ld", uint8(3))
	f.Add("aaab", "aab", "ab", uint8(1))
	f.Add("héé 🦊 x", "🦊", "é ", uint8(2))
	f.Fuzz(func(t *testing.T, text, a, b string, size uint8) {
		if !utf8.ValidString(text) || !utf8.ValidString(a) || !utf8.ValidString(b) {
			return
		}
		want, wantFound := text, false
		for _, s := range []string{a, b} {
			if i := strings.Index(text, s); s != "" && i >= 0 && (!wantFound || i < len(want)) {
				want, wantFound = text[:i], true
			}
		}
		m := generate.NewStopMatcher(a, b)
		var got strings.Builder
		found := false
		runes := []rune(text)
		for n := 0; n < len(runes) && !found; n += int(size%5) + 1 {
			var out string
			out, found = m.Push(string(runes[n:min(n+int(size%5)+1, len(runes))]))
			if !utf8.ValidString(out) {
				t.Fatalf("%q is not whole characters", out)
			}
			got.WriteString(out)
		}
		if !found {
			got.WriteString(m.Flush())
		}
		// A stop string that is whole ends the text at once, before one that
		// begins earlier and is longer could be whole.
		if found != wantFound || !strings.HasPrefix(text, got.String()) || len(got.String()) < len(want) {
			t.Errorf("got %q, %v; want %q, %v", got.String(), found, want, wantFound)
		}
		for _, s := range []string{a, b} {
			if s != "" && strings.Contains(got.String(), s) {
				t.Errorf("%q holds the stop string %q", got.String(), s)
			}
		}
	})
}
