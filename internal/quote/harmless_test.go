package quote_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/gocoreml/coreml/internal/quote"
)

func TestALineKeepsAllThatIsShown(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"nothing":                         {"", ""},
		"letters of any script":           {"naïve 日本 שלום", "naïve 日本 שלום"},
		"a family of emoji":               {"👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"},
		"a no-break space":                {"a\u00a0b", "a\u00a0b"},
		"the paths of Windows":            {`C:\models\new`, `C:\models\new`},
		"a new line is none":              {"a\nb\tc", `a\nb\tc`},
		"an escape sequence":              {"\x1b[2J", `\x1b[2J`},
		"the single bytes of C1":          {"\u009b2J\u0085", `\u009b2J\u0085`},
		"a bell and a rubout":             {"\a\b\x7f", `\a\b\u007f`},
		"what is no UTF-8":                {"\xff\xc3(\xe2\x80", `\xff\xc3(\xe2\x80`},
		"a turn of the writing":           {"\u202eexe\u2069", `\u202eexe\u2069`},
		"the separators of lines":         {"a\u2028b\u2029c", `a\u2028b\u2029c`},
		"the sign for what was not UTF-8": {"\ufffd", "\ufffd"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := quote.Line(c.in); got != c.want {
				t.Errorf("%q became %s, want %s", c.in, got, c.want)
			}
			if got, want := quote.Harmless([]byte(c.in), ""), c.in == c.want; got != want {
				t.Errorf("%q is harmless: %v, want %v", c.in, got, want)
			}
		})
	}
}

func TestAWriterKeepsItsOwnLayout(t *testing.T) {
	const in, want = "a\tb\n\x1bc\r", "a\tb\n\\x1bc\\r"
	if got := string(quote.AppendHarmless([]byte("> "), []byte(in), "\n\t")); got != "> "+want {
		t.Errorf("got %q", got)
	}
	if quote.Harmless([]byte(in), "\n\t") || !quote.Harmless([]byte(want), "\n\t") {
		t.Error("Harmless and AppendHarmless differ")
	}
}

func TestTextInJSONStaysTheSameText(t *testing.T) {
	const in = "a\u009bb\u2028c\u202ed\x7f"
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var back string
	if err := json.Unmarshal(quote.AppendHarmless(nil, raw, ""), &back); err != nil || back != in {
		t.Errorf("got %q, %v, want %q", back, err, in)
	}
}

func FuzzLine(f *testing.F) {
	f.Add("a\x1b[31m\u202e\xff\u009b")
	f.Fuzz(func(t *testing.T, s string) {
		line := quote.Line(s)
		if !utf8.ValidString(line) || !quote.Harmless([]byte(line), "") || quote.Line(line) != line {
			t.Errorf("%q became %q", s, line)
		}
		if quote.Harmless([]byte(s), "") != (line == s) {
			t.Errorf("%q: Harmless does not agree with Line", s)
		}
	})
}
