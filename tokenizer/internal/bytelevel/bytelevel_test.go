package bytelevel

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
)

func TestEachByteHasACharacterOfItsOwn(t *testing.T) {
	seen := map[rune]int{}
	for b := range 256 {
		spelled := string(AppendByteLevel(nil, string([]byte{byte(b)})))
		r := []rune(spelled)
		if len(r) != 1 {
			t.Fatalf("byte %d is spelled %q", b, spelled)
		}
		if other, ok := seen[r[0]]; ok {
			t.Errorf("%q is byte %d and byte %d", r[0], other, b)
		}
		seen[r[0]] = b
		if back := AppendBytes(nil, spelled); len(back) != 1 || back[0] != byte(b) {
			t.Errorf("%q is read as %v, want byte %d", spelled, back, b)
		}
	}
}

func TestATokenOutsideTheAlphabetIsReadAsItIs(t *testing.T) {
	if got := string(AppendBytes([]byte("x"), "Ġ日")); got != "xĠ日" {
		t.Errorf("got %q", got)
	}
}

// The cases are those of the table "U+FFFD Substitution of Maximal Subparts" in
// chapter 3.9 of the Unicode standard, and the ends of its ranges.
func TestEachPartOfACharacterBecomesOneReplacement(t *testing.T) {
	const bad = "\uFFFD"
	for raw, want := range map[string]string{
		"a\xF1\x80\x80\xE1\x80\xC2b\x80c\x80\xBFd": "a" + bad + bad + bad + "b" + bad + "c" + bad + bad + "d",
		"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41":     bad + bad + bad + bad + bad + bad + bad + bad + "A",
		"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41":     bad + bad + bad + bad + bad + bad + bad + bad + "A",
		"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42":     bad + bad + bad + bad + bad + "A" + bad + bad + "B",
		"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41":     bad + bad + bad + bad + "A",
		"é\xED\x9F\xBF\xF4\x8F\xBF\xBF":            "é\uD7FF\U0010FFFF",
	} {
		if got := string(AppendLossy(nil, []byte(raw))); got != want {
			t.Errorf("%x: got %q, want %q", raw, got, want)
		}
	}
}

func TestATokenOfAByteIsRecognised(t *testing.T) {
	for token, want := range map[string]int{"<0x0A>": 10, "<0xff>": 255, "<0xG0>": -1, "<0x0>": -1, "0x0A": -1, "<0x00A>": -1} {
		got := -1
		if b, ok := FallbackByte(token); ok {
			got = int(b)
		}
		if got != want {
			t.Errorf("%s: got %d, want %d", token, got, want)
		}
	}
}

// Python reads bytes in the same way; testdata/gen/tokenizer/cases.py asks it.
func TestBytesBecomeTextAsInPython(t *testing.T) {
	for _, c := range []struct{ name, raw, want string }{
		{"text", "aé中🙂", "aé中🙂"},
		{"nothing", "", ""},
		{"a byte that continues nothing", "a\x80b", "a\ufffdb"},
		{"a character that is cut off", "a\xe4\xb8", "a\ufffd"},
		{"one of four bytes that is cut off", "\xf0\x9f\x99", "\ufffd"},
		{"one that is cut off before another", "\xf0\x9f\x99a\xe4é", "\ufffda\ufffdé"},
		{"a surrogate", "\xed\xa0\xbd", "\ufffd\ufffd\ufffd"},
		{"an overlong form", "\xc0\x80\xe0\x80\xaf", "\ufffd\ufffd\ufffd\ufffd\ufffd"},
		{"what lies beyond the last character", "\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"},
		{"bytes of no character", "\xfe\xff", "\ufffd\ufffd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := string(AppendLossy([]byte("x"), []byte(c.raw)))[1:]
			t.Attr("lossy", fmt.Sprintf(`{"hex": "%x", "want": %s}`, c.raw, strconv.QuoteToGraphic(got)))
			if got != c.want {
				t.Errorf("%x became %q, want %q", c.raw, got, c.want)
			}
		})
	}
}

func TestATextIsRewrittenInTheAlphabet(t *testing.T) {
	var may budget.Budget
	text := strings.Repeat("é \n", 1<<13) // more than one chunk, which end within a character
	may.Begin(nil, len(text))
	if got := Rewrite(&may, text); got != strings.Repeat("Ã©ĠĊ", 1<<13) || may.Err != nil {
		t.Errorf("got %d bytes (%v)", len(got), may.Err)
	}
}
