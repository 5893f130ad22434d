package main

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// foreign is a text that commands a terminal in every way there is: the colours
// and the title of C0's escapes, C1's single bytes, a bell, a rubout, a carriage
// return that overwrites the line, and a turn of the direction of writing.
const foreign = "a\x1b[31mb\x1b]0;t\x07c\u009b2Jd\x7fe\rf\u202eg\u2066h"

// commands returns the first character of a text that commands a terminal, empty
// when there is none.
func commands(text string) string {
	for i, r := range text {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(text[i:]); n <= 1 {
				return text[i : i+1]
			}
		}
		if r != '\n' && r != '\t' && (r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069) {
			return string(r)
		}
	}
	return ""
}

func TestAForeignTextIsOneLineOfCharactersThatShow(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "",
		"naïve 日本 👩‍🚀 שלום":     "naïve 日本 👩‍🚀 שלום",
		`C:\models\new`:         `C:\models\new`,
		"a\nb\tc":               `a\nb\tc`,
		"\x1b[2J":               `\x1b[2J`,
		"\u009b2J\u0085":        `\u009b2J\u0085`,
		"\x00\x07\x08\r\x7f":    `\x00\a\b\r\u007f`,
		"\xff\xc3(\xe2\x80":     `\xff\xc3(\xe2\x80`,
		"\u202eexe\u2069\u2028": `\u202eexe\u2069\u2028`,
		"\ufffd":                "\ufffd",
	} {
		if got := plain(text); got != want {
			t.Errorf("%q became %s, want %s", text, got, want)
		}
	}
	if got := quoted("C:\\a\x1b"); got != `"C:\a\x1b"` {
		t.Errorf("quoted gives %s", got)
	}
}

func TestWhatIsShownDoesNotDependOnHowItIsWritten(t *testing.T) {
	text := "line\n\tnaïve 日本\u009b" + foreign + "\xf0\x9f\n end \xe2\x80\xae and \xf0\x9f\x91"
	show := func(step int) string {
		var out strings.Builder
		w := &shownWriter{w: &out}
		for rest := text; rest != ""; {
			n := min(step, len(rest))
			if m, err := w.Write([]byte(rest[:n])); m != n || err != nil {
				t.Fatalf("wrote %d of %d: %v", m, n, err)
			}
			rest = rest[n:]
		}
		if err := w.finish(); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	want := show(len(text))
	if bad := commands(want); bad != "" || !strings.HasPrefix(want, "line\n\tnaïve 日本\\u009ba\\x1b[31mb") || !strings.HasSuffix(want, `\xf0\x9f\x91`) {
		t.Errorf("%q in %q", bad, want)
	}
	for step := 1; step < 8; step++ {
		if got := show(step); got != want {
			t.Errorf("in steps of %d: %q, want %q", step, got, want)
		}
	}
}

// failing is a writer that fails after some bytes.
type failing struct {
	left int
	err  error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, f.err
	}
	return len(p), nil
}

func TestWritersPassErrorsOn(t *testing.T) {
	full := errors.New("full")
	w := &shownWriter{w: &failing{left: 3, err: full}}
	if _, err := w.Write([]byte("ab\xe2")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("cd")); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	w = &shownWriter{w: &failing{err: full}}
	if _, err := w.Write([]byte("\xe2")); err != nil {
		t.Fatal(err)
	}
	if err := w.finish(); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}
