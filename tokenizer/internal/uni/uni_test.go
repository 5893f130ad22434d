package uni_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

func TestTheTablesHaveWhatTheToolchainHas(t *testing.T) {
	table := uni.Classes()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r >= 0xd800 && r < 0xe000 {
			continue
		}
		c := table.Class(r)
		for _, want := range []struct {
			bit  uint8
			name string
			has  bool
		}{
			{uni.Letter, "letter", unicode.IsLetter(r)},
			{uni.Number, "number", unicode.IsNumber(r)},
			{uni.Space, "space", unicode.IsSpace(r)},
			{uni.Mark, "mark", unicode.IsMark(r)},
			{uni.Punct, "punctuation", unicode.IsPunct(r)},
			{uni.Symbol, "symbol", unicode.IsSymbol(r)},
			{uni.Upper, "upper or uncased", unicode.In(r, unicode.Lu, unicode.Lt, unicode.Lm, unicode.Lo, unicode.M)},
			{uni.Lower, "lower or uncased", unicode.In(r, unicode.Ll, unicode.Lm, unicode.Lo, unicode.M)},
		} {
			if has := c&want.bit != 0; want.has && !has {
				t.Fatalf("%U is not %s", r, want.name)
			} else if has && !want.has && unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z) {
				t.Fatalf("%U is %s", r, want.name)
			}
		}
	}
	for _, r := range []rune{-1, unicode.MaxRune + 1} {
		if c := table.Class(r); c != 0 {
			t.Errorf("%d has class %d", r, c)
		}
	}
}

func TestRunsEndAtTheFirstOtherCharacter(t *testing.T) {
	table := uni.Classes()
	if got := table.Run("añb1", 0, uni.Letter); got != 4 {
		t.Errorf("the letters end at %d, want 4", got)
	}
	if got := table.RunNot("..é", 0, uni.Letter|uni.Space); got != 2 {
		t.Errorf("the others end at %d, want 2", got)
	}
}

func TestNormalizationForms(t *testing.T) {
	for _, c := range []struct{ name, in, nfc, nfd, nfkc, nfkd string }{
		{"ASCII", "abc", "abc", "abc", "abc", "abc"},
		{"a precomposed letter", "é", "é", "e\u0301", "é", "e\u0301"},
		{"a decomposed letter", "e\u0301", "é", "e\u0301", "é", "e\u0301"},
		{"marks in the wrong order", "o\u0302\u0323", "ộ", "o\u0323\u0302", "ộ", "o\u0323\u0302"},
		{"a mark that blocks another", "e\u0300\u0301", "è\u0301", "e\u0300\u0301", "è\u0301", "e\u0300\u0301"},
		{"a singleton", "\u212b", "Å", "A\u030a", "Å", "A\u030a"},
		{"a composition that is excluded", "\u0958", "\u0915\u093c", "\u0915\u093c", "\u0915\u093c", "\u0915\u093c"},
		{"Hangul", "\u1100\u1161\u11a8가", "각가", "\u1100\u1161\u11a8\u1100\u1161", "각가", "\u1100\u1161\u11a8\u1100\u1161"},
		{"compatibility characters", "ﬁ½Ⅳ２", "ﬁ½Ⅳ２", "ﬁ½Ⅳ２", "fi1⁄2IV2", "fi1⁄2IV2"},
		{"a mark that is younger than Unicode 9", "a\U0001e2ec\u0323", "a\U0001e2ec\u0323", "a\U0001e2ec\u0323", "a\U0001e2ec\u0323", "a\U0001e2ec\u0323"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for form, want := range map[uni.Form]string{uni.NFC: c.nfc, uni.NFD: c.nfd, uni.NFKC: c.nfkc, uni.NFKD: c.nfkd} {
				if got := uni.Normalize(form, c.in, nil); got != want {
					t.Errorf("form %d: got %+q, want %+q", form, got, want)
				}
			}
		})
	}
}

func TestLongRunsOfMarksKeepAllOfThem(t *testing.T) {
	in := "a" + strings.Repeat("\u0301\u0323", 100)
	want := "ạ" + strings.Repeat("\u0323", 99) + strings.Repeat("\u0301", 100)
	if got := uni.Normalize(uni.NFC, in, nil); got != want {
		t.Errorf("got %+q", got)
	}
}

func TestRemoveMarksTakesTheMarksOfUnicode9(t *testing.T) {
	if got := uni.RemoveMarks("e\u0301\u0c3cx\u0c3f"); got != "e\u0c3cx" {
		t.Errorf("got %+q", got)
	}
}
