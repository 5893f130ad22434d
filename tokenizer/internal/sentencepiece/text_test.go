package sentencepiece_test

import (
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/normalized"
)

func TestTextAndItsSpaces(t *testing.T) {
	for _, c := range []struct {
		name   string
		source source
		rules  []rule
	}{
		{"by default", source{}, []rule{
			{"a mark begins a text", "ab", "▁ab"},
			{"marks stand for spaces", "a b", "▁a▁b"},
			{"several spaces are one", "a   b", "▁a▁b"},
			{"spaces at the ends are none", "  a  ", "▁a"},
			{"spaces alone are nothing", "   ", ""},
			{"nothing stays nothing", "", ""},
			{"other white space stays", "a\t\nb", "▁a\t\nb"},
			{"a mark in the text is text", "▁a", "▁▁a"},
		}},
		{"without a mark at the beginning", source{rules: rules{noDummy: true}}, []rule{
			{"a text begins as it does", "ab c", "ab▁c"},
			{"its spaces are none all the same", " ab", "ab"},
		}},
		{"with all spaces", source{rules: rules{noExtra: true}}, []rule{
			{"each has its mark", " a  b ", "▁▁a▁▁b▁"},
			{"also without any other text", "  ", "▁▁▁"},
		}},
		{"with spaces as they are", source{rules: rules{noEscapes: true}}, []rule{
			{"no mark stands for them", "a  b", " a b"},
		}},
		{"with marks behind words", source{suffix: true}, []rule{
			{"a mark ends a text", "a b", "a▁b▁"},
			{"spaces at the ends are none", " a ", "a▁"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.source.pieces = base + "▁=-1 a=-1"
			checkText(t, c.source, c.rules)
		})
	}
}

func TestTextAndThePrecompiledMap(t *testing.T) {
	for _, c := range []struct {
		name   string
		source source
		rules  []rule
	}{
		{"of two letters", source{rules: rules{table: table("x", "yz")}}, []rule{
			{"what it has is replaced", "aca", "▁xcx"},
			{"the longest of what it has", "abac", "▁yzxc"},
			{"what it has not stays", "bcé", "▁bcé"},
		}},
		{"that makes spaces", source{rules: rules{table: table(" ", "b ")}}, []rule{
			{"they are as those of the text", "cac", "▁c▁c"},
			{"several are one", "caac", "▁c▁c"},
			{"at the ends they are none", "acabba", "▁cb▁b"},
		}},
		{"that takes away", source{rules: rules{table: table("", "b")}}, []rule{
			{"nothing is left", "cac", "▁cc"},
			{"nor of a text of it alone", "aa", ""},
		}},
		{"and pieces of a user", source{rules: rules{table: table("x", "yz")}, pieces: base + "▁=-1 ca=0!user"}, []rule{
			{"those stay as they are", "caab", "▁cayz"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.source.pieces == "" {
				c.source.pieces = base + "▁=-1 a=-1"
			}
			checkText(t, c.source, c.rules)
		})
	}
}

// A text with places is rewritten as one without, and its bytes know where they come
// from: a mark from the space, a replacement from what it replaces.
func TestRewrittenTextKnowsItsPlaces(t *testing.T) {
	l := source{pieces: base + "▁=-1 a=-1", rules: rules{table: table("xx", "y")}}.load(t)
	const text = " ca  abé "
	var may budget.Budget
	may.Begin(nil, len(text))
	a := normalized.New(&may, text)
	l.text.Trace(a)
	if want := l.text.Prepare(&may, text, true); a.Text != want || want != "▁cxx▁yé" {
		t.Fatalf("it became %q with places and %q without", a.Text, want)
	}
	for part, want := range map[string]string{"c": "c", "xx": "a", "y": "ab", "é": "é"} {
		at := strings.Index(a.Text, part)
		start, end := a.Original(at, at+len(part))
		if got := text[start:end]; got != want {
			t.Errorf("%q comes from %q, want %q", part, got, want)
		}
	}
}

// Only the first part of a text begins with a mark where the file beside the model
// says that it is not of the old kind.
func TestOfTheOldKindEachPartBeginsAsATextDoes(t *testing.T) {
	l := source{pieces: base + "▁=-1 a=-1"}.load(t)
	var may budget.Budget
	may.Begin(nil, 10)
	if got := l.text.Prepare(&may, "a", false); got != "▁a" {
		t.Errorf("a later part became %q", got)
	}
	l.text.Legacy = false
	if got := l.text.Prepare(&may, "a", false); got != "a" {
		t.Errorf("of the new kind a later part became %q", got)
	}
	if got := l.text.Prepare(&may, "a", true); got != "▁a" {
		t.Errorf("of the new kind the first part became %q", got)
	}
}

func TestTextGrowsWithinItsBudget(t *testing.T) {
	l := source{pieces: base + "▁=-1 a=-1", rules: rules{table: table(strings.Repeat("x", 1<<16), "y")}}.load(t)
	var may budget.Budget
	may.Begin(nil, 1000)
	if got := l.text.Prepare(&may, strings.Repeat("a", 1000), true); may.Err == nil {
		t.Errorf("it became %d bytes", len(got))
	}
}

func TestPiecesBecomeText(t *testing.T) {
	const pieces = base + "▁=-1 a=-1 ▁a=-1 b▁=-1 ▁▁=-1 <sep>=0!user"
	for _, c := range []struct {
		name   string
		source source
		rules  []rule
	}{
		{"by default", source{}, []rule{
			{"marks are spaces but at the beginning", "▁a ▁a b▁", "a ab "},
			{"of several at the beginning all are left out", "▁ ▁ a", "a"},
			{"control pieces have no text", "<s> ▁a </s>", "a"},
			{"unknown ones have a text of their own", "▁a <unk> a", "a ⁇ a"},
			{"those of a user have their own", "<sep> ▁a", "<sep> a"},
			{"no pieces are no text", "", ""},
		}},
		{"with all spaces", source{rules: rules{noExtra: true}}, []rule{
			{"one at the beginning is left out", "▁ ▁ a", " a"},
			{"of a piece of two as well", "▁▁ a", " a"},
		}},
		{"without a mark at the beginning", source{rules: rules{noDummy: true, noExtra: true}}, []rule{
			{"none is left out", "▁a ▁a", " a a"},
		}},
		{"with another text for what is unknown", source{surface: "?"}, []rule{
			{"it is that", "▁a <unk> a", "a?a"},
		}},
		{"with bytes", source{bytes: true}, []rule{
			{"they are read as text", "▁a <0xC3> <0xA9>", "aé"},
			{"one that is no text becomes a replacement", "▁a <0xC3> a <0xA9>", "a\uFFFDa\uFFFD"},
			{"each of several does", "<0xC3> <0xC3> <0xA9>", "\uFFFDé"},
			{"a control piece ends a character", "<0xC3> <s> <0xA9>", "\uFFFD\uFFFD"},
		}},
		{"with a table for decoded text", source{undo: table("x", "yz")}, []rule{
			{"the text is rewritten", "▁a a b▁", "xyz "},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.source.pieces = pieces
			checkDecoder(t, c.source, c.rules)
		})
	}
}
