package main

import (
	"strings"
	"testing"

	"github.com/rivo/uniseg"
)

// wrapped is a text as a screen of a width shows it, written in parts of so many bytes.
func wrapped(t *testing.T, text string, width, part int) string {
	t.Helper()
	var out strings.Builder
	s := newChatScreen(&out, func() int { return width }, false)
	for len(text) > 0 {
		n := min(part, len(text))
		if err := s.put(plainStyle, text[:n]); err != nil {
			t.Fatal(err)
		}
		text = text[n:]
	}
	if err := s.end(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestLinesBreakBetweenWords(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"words", "one two three four", "one two\nthree four\n"},
		{"a word that fits exactly", "one two345 six", "one two345\nsix\n"},
		{"a word that is too long", "a abcdefghijklmno b", "a\nabcdefghijklmno b\n"},
		{"spaces at the end of a line", "one two   three", "one two\nthree\n"},
		{"spaces at the beginning", "  one\n    two", "  one\n    two\n"},
		{"empty lines", "one\n\n\ntwo\n", "one\n\n\ntwo\n"},
		{"script without spaces", "これは長い文です", "これは長い\n文です\n"},
		{"words beside it", "abc これは def", "abc これは\ndef\n"},
		{"code", "see:\n```go\nfunc main() { println() }\n```\none two three", "see:\n```go\nfunc main() { println() }\n```\none two\nthree\n"},
		{"tabs", "a\tb c", "a\tb\nc\n"},
		{"an emoji of several parts", "abcdefgh 👩\u200d👩\u200d👧 x", "abcdefgh\n👩\u200d👩\u200d👧 x\n"},
		{"what commands a terminal", "\x1b[2J one", `\x1b[2J` + "\none\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := wrapped(t, c.text, 10, len(c.text)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestLinesBreakInTheSamePlacesHoweverTheTextComes is for texts without characters of
// several code points, which come whole from a tokenizer or not at all.
func TestLinesBreakInTheSamePlacesHoweverTheTextComes(t *testing.T) {
	const text = "Once upon a time, in an old village, there lived a curious child named Kofi.\n\n" +
		"  - 日本語のテキスト、これは長い行です。\n```\ncode that is longer than the forty columns of the terminal\n```\nnaïve café: the end."
	for _, width := range []int{80, 40, 12} {
		whole := wrapped(t, text, width, len(text))
		for _, part := range []int{1, 2, 3, 5, 17} {
			if got := wrapped(t, text, width, part); got != whole {
				t.Errorf("width %d, %d bytes at a time:\n%s\nwant:\n%s", width, part, got, whole)
			}
		}
		code := false
		for line := range strings.Lines(whole) {
			line = strings.TrimSuffix(line, "\n")
			if strings.HasPrefix(line, "```") {
				code = !code
			}
			if n := uniseg.StringWidth(line); !code && n > width && strings.Contains(line, " ") {
				t.Errorf("width %d: %q has %d columns", width, line, n)
			}
		}
	}
	if got := wrapped(t, text, 0, 3); got != text+"\n" {
		t.Errorf("without a width it becomes %q", got)
	}
}

func TestStylesEndWhereTheirTextsDo(t *testing.T) {
	var out strings.Builder
	s := newChatScreen(&out, func() int { return 40 }, true)
	for _, put := range []func() error{
		func() error { return s.put(dimStyle, "think") },
		func() error { return s.put(dimStyle, "ing") },
		func() error { return s.put(plainStyle, "so") },
		s.end,
		func() error { return s.line(redStyle, "no\x1b[0m") },
	} {
		if err := put(); err != nil {
			t.Fatal(err)
		}
	}
	const want = "\x1b[0m\x1b[2mthinking\x1b[0mso\n\x1b[0m\x1b[31mno\\x1b[0m\x1b[0m\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestAPipeGetsTextsAsTheyAre(t *testing.T) {
	var out strings.Builder
	s := newPlainScreen(&out)
	for _, text := range []string{"a\x1b", "[2J ", strings.Repeat("x ", 100)} {
		if err := s.put(dimStyle, text); err != nil {
			t.Fatal(err)
		}
	}
	s.fresh()
	if err := s.end(); err != nil || out.String() != "a\x1b[2J "+strings.Repeat("x ", 100) {
		t.Errorf("got %q (%v)", out.String(), err)
	}
}

// FuzzWrapper writes anything: no character is lost or added but spaces and new lines.
func FuzzWrapper(f *testing.F) {
	f.Add("one two\n```\nthree", 5, 2)
	f.Add("日本語 a\tb\r\n\x1b[0m", 3, 1)
	f.Fuzz(func(t *testing.T, text string, width, part int) {
		bare := func(s string) string {
			return strings.Map(func(r rune) rune {
				if r == ' ' || r == '\n' || r == '\t' {
					return -1
				}
				return r
			}, s)
		}
		part = 1 + part&15
		if got, want := bare(wrapped(t, text, width, part)), bare(wrapped(t, text, 0, len(text)+1)); got != want {
			t.Errorf("%q of width %d becomes %q", text, width, got)
		}
	})
}
