package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestHelpFitsANarrowTerminal has every help in 40 columns.
func TestHelpFitsANarrowTerminal(t *testing.T) {
	t.Setenv("COLUMNS", "40")
	for _, verb := range append([]string{""}, verbNames()...) {
		args := append(strings.Fields(verb), "--help")
		r := call(t, args...)
		r.want(t, exitOK, "Flags:", "")
		for line := range strings.Lines(r.out) {
			line = strings.TrimSuffix(line, "\n")
			fits := utf8.RuneCountInString(line) <= 40
			// Calls are to be copied, and a word cannot be broken.
			if !fits && !strings.HasPrefix(line, "  ") && len(strings.Fields(line)) > 1 || !fits && strings.HasPrefix(line, "      ") && len(strings.Fields(line)) > 1 && !strings.Contains(line, ":") {
				t.Errorf("%s: a line has %d characters: %q", verb, utf8.RuneCountInString(line), line)
			}
		}
		for _, v := range verbsOf() {
			if v.Name != verb {
				continue
			}
			for _, f := range verbFlags(v) {
				if !strings.Contains(r.out, "-"+f.Name) && !strings.Contains(r.out, "--[no-]"+f.Name) {
					t.Errorf("the help of %s in 40 columns lacks --%s", verb, f.Name)
				}
			}
		}
	}
}

func verbNames() []string {
	var names []string
	for _, verb := range verbsOf() {
		names = append(names, verb.Name)
	}
	return names
}

func TestTextIsBrokenAtWords(t *testing.T) {
	for _, c := range []struct{ text, by, want string }{
		{"", "  ", ""},
		{"one two three", "", "one two\nthree\n"},
		{"one two three", "  ", "  one two\n  three\n"},
		{"a-word-of-more-than-ten x", "", "a-word-of-more-than-ten\nx\n"},
		{"äöü äöüäöü", "", "äöü äöüäöü\n"},
	} {
		if got := filled(c.text, c.by, 10); got != c.want {
			t.Errorf("%q behind %q is %q, want %q", c.text, c.by, got, c.want)
		}
	}
}
