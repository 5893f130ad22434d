package lineedit_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/gocoreml/coreml/cmd/coreml/internal/lineedit"
)

func TestTypedTextCannotCommandATerminal(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\nb\rc\nd":             "a\nb\nc\nd",
		"\x1b[31mred\x1b[0m":       "[31mred[0m",
		"bell\a \x00\x7f\u009b2J.": "bell 2J.",
		"tab\t日本 👩\u200d👧 é":       "tab\t日本 👩\u200d👧 é",
		"no UTF-8 \xff\xfe":        "no UTF-8 ",
	} {
		if got := lineedit.Clean(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\r\n\x1b[2J")
	f.Fuzz(func(t *testing.T, text string) {
		got := lineedit.Clean(text)
		if strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
			t.Errorf("%q becomes %q", text, got)
		}
		if again := lineedit.Clean(got); again != got {
			t.Errorf("%q becomes %q, and that %q", text, got, again)
		}
	})
}
