package quote_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/gocoreml/coreml/internal/quote"
)

func TestForeignTextIsShownWithoutWhatATerminalObeys(t *testing.T) {
	for _, c := range []struct{ what, in, name, bare, text string }{
		{"a plain name needs no marks", "relu_1", `"relu_1"`, "relu_1", "relu_1"},
		{"a path is a plain name", "a/b.c:d-e", `"a/b.c:d-e"`, "a/b.c:d-e", "a/b.c:d-e"},
		{"an empty name shows that it is there", "", `""`, `""`, ""},
		{"a space asks for marks", "two words", `"two words"`, `"two words"`, "two words"},
		{"letters of any script stay", "zwei Wörter", `"zwei Wörter"`, `"zwei Wörter"`, "zwei Wörter"},
		{"an escape sequence is shown", "a\x1b[31mb", `"a\x1b[31mb"`, `"a\x1b[31mb"`, `a\x1b[31mb`},
		{"a line break is shown", "a\nb", `"a\nb"`, `"a\nb"`, `a\nb`},
		{"the direction of writing is not turned", "\u202eesrever", `"\u202eesrever"`, `"\u202eesrever"`, `\u202eesrever`},
		{"what is not UTF-8 is shown as bytes", "a\xffb", `"a\xffb"`, `"a\xffb"`, `a\xffb`},
		{"a sentence keeps its marks", `say "\d"`, `"say \"\\d\""`, `"say \"\\d\""`, `say "\d"`},
		{"and keeps them beside an escape", "say \"\\d\"\a", `"say \"\\d\"\a"`, `"say \"\\d\"\a"`, `say "\d"\a`},
		{"two backslashes stay two", "\\\\\a", `"\\\\\a"`, `"\\\\\a"`, `\\\a`},
		{"a mark at the end stays", "\a\"", `"\a\""`, `"\a\""`, `\a"`},
	} {
		t.Run(c.what, func(t *testing.T) {
			for _, g := range [][3]string{
				{"Name", quote.Name(c.in, 100), c.name},
				{"Bare", quote.Bare(c.in, 100), c.bare},
				{"Text", quote.Text(c.in, 100), c.text},
			} {
				if g[1] != g[2] {
					t.Errorf("%s(%q) = %s, want %s", g[0], c.in, g[1], g[2])
				}
			}
		})
	}
}

func TestLongTextIsCutBetweenCharacters(t *testing.T) {
	for _, c := range []struct {
		what, in string
		limit    int
		want     string
	}{
		{"a text of the limit is whole", "abc", 3, "abc"},
		{"a longer one ends in dots", "abcd", 3, "abc..."},
		{"a character is not cut", "aäb", 2, "a..."},
		{"nor is one of four bytes", "a😀b", 4, "a..."},
		{"it is kept where it fits", "a😀b", 5, "a😀..."},
		{"what has no character is cut anywhere", strings.Repeat("\x80", 9), 5, strings.Repeat("\x80", 5) + "..."},
		{"a first character that does not fit is left out", "😀", 2, "..."},
	} {
		t.Run(c.what, func(t *testing.T) {
			if got := quote.Cut(c.in, c.limit); got != c.want {
				t.Errorf("Cut(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
			}
		})
	}
	if got, want := quote.Name("name...more", 7), `"name..."...`; got != want {
		t.Errorf("dots of the name's own: got %s, want %s", got, want)
	}
}

func FuzzNothingUnprintableGetsThrough(f *testing.F) {
	f.Add("plain", 10)
	f.Add("a\x1b]0;owned\x07\u202e\xff", 3)
	f.Add(strings.Repeat("ä", 1000), 7)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit &= 0xff
		for _, got := range []string{quote.Name(s, limit), quote.Bare(s, limit), quote.Text(s, limit)} {
			if !utf8.ValidString(got) {
				t.Fatalf("%q of %q is not UTF-8", got, s)
			}
			for _, r := range got {
				if !unicode.IsPrint(r) {
					t.Fatalf("%q of %q has %q in it", got, s, r)
				}
			}
			// The longest escape of a byte has four, that of two or three bytes six,
			// and that of four bytes ten.
			if len(got) > 4*limit+5 {
				t.Fatalf("%d bytes of a limit of %d", len(got), limit)
			}
		}
	})
}
