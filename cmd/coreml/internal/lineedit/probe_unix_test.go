//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package lineedit

import "testing"

func TestTheAnswerOfATerminalIsToldFromWhatIsTyped(t *testing.T) {
	for _, c := range []struct {
		read, typed string
		found       bool
	}{
		{"", "", false},
		{"\x1b[12;1R", "", true},
		{"Hi\r\x1b[1;80Rthere", "Hi\rthere", true},
		{"\x1b[A\x1b[12;1R", "\x1b[A", true},
		{"\x1b[12;1", "\x1b[12;1", false},
		{"\x1b[12R", "\x1b[12R", false},
		{"\x1b[1;2;3R", "\x1b[1;2;3R", false},
		{"日本\x1b[3;4R", "日本", true},
	} {
		if typed, found := cutAnswer([]byte(c.read)); string(typed) != c.typed || found != c.found {
			t.Errorf("%q: %q, %v, want %q, %v", c.read, typed, found, c.typed, c.found)
		}
	}
}
