package normalizer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/normalized"
	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// The digests in this file are those of Hugging Face tokenizers 0.22.2: of the
// normalization of each code point but the surrogates, a line each, and of the
// ranges of each class.

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

func TestEachNormalizerAgreesOnEveryCodePoint(t *testing.T) {
	for name, want := range map[string]string{
		"NFC": "9cc65524a9d8082b", "NFD": "34c986f61cb6f6d6", "NFKC": "6a3e30f0f9aef6e6", "NFKD": "b13d7cf200216bf8",
		"Lowercase": "62a955092f4341ca", "StripAccents": "714b5ad117b0e4e8", "Nmt": "314e83a060113e06",
		"BertNormalizer": "12acac5609ab4fec",
	} {
		t.Run(name, func(t *testing.T) {
			// These three do nearly all that the others do.
			if testing.Short() && name != "NFKC" && name != "Nmt" && name != "BertNormalizer" {
				t.Skip("SKIPPED: all code points take long under the race detector")
			}
			steps, err := (&Spec{Type: name}).Steps(nil, &pattern.Compiler{})
			if err != nil {
				t.Fatal(err)
			}
			var all []byte
			for first := rune(0); first <= utf8.MaxRune; first += block {
				all = appendBlock(t, all, steps, first)
			}
			if got := digest(all); got != want {
				t.Errorf("digest %s, want %s", got, want)
			}
		})
	}
}

// block is the number of code points that are normalized together first. A text
// that stays as it is consists of characters that do: most of Unicode is empty, and
// one by one it takes several times as long.
const block = 1 << 8

// appendBlock appends the normalization of each code point of a block, a line each.
func appendBlock(t *testing.T, all []byte, steps []Step, first rune) []byte {
	t.Helper()
	var runes []rune
	for r := first; r < first+block; r++ {
		if utf8.ValidRune(r) {
			runes = append(runes, r)
		}
	}
	if text := string(runes); bothWays(t, steps, text) == text {
		for _, r := range runes {
			all = append(utf8.AppendRune(all, r), '\n')
		}
		return all
	}
	for _, r := range runes {
		all = append(append(all, bothWays(t, steps, string(r))...), '\n')
	}
	return all
}

// bothWays returns what the steps make of a text, which they must do with and
// without its places.
func bothWays(t *testing.T, steps []Step, s string) string {
	t.Helper()
	var may budget.Budget
	may.Begin(nil, len(s))
	text, err := Alone(&may, steps, s)
	if err != nil {
		t.Fatalf("%.20q: %v", s, err)
	}
	a := normalized.New(&may, s)
	Trace(a, steps)
	if err := may.Err; err != nil || a.Text != text || len(a.Spans) != len(a.Text) {
		t.Fatalf("%.20q: traced to %q (%v), want %q", s, a.Text, err, text)
	}
	return text
}

func TestEachClassAgreesOnEveryCodePoint(t *testing.T) {
	table := uni.Classes()
	for _, c := range []struct {
		name, want string
		bit        uint8 // the bit that says the same in the table
	}{
		{"L", "8ed40d7add80adc8", uni.Letter},
		{"N", "9e964898dad81b9a", uni.Number},
		{"s", "2a25a7013261f027", uni.Space},
		{"Lu", "1c12e11580e308e6", 0},
		{"Ll", "721fb1f50c7058be", 0},
		{"Lt", "07d7a20620eed189", 0},
		{"Lm", "9203e838442268f9", 0},
		{"Lo", "086cc6cfe19ebb08", 0},
		{"M", "8938f1cec8a78b55", uni.Mark},
		{"P", "f00d8c891654f7bd", uni.Punct},
		{"S", "751a2e7741cf1fbc", uni.Symbol},
	} {
		ranges := pattern.Spaces
		if c.name != "s" {
			ranges, _ = uni.Property(c.name)
		}
		var parts []string
		in := map[rune]bool{}
		for _, r := range ranges {
			parts = append(parts, fmt.Sprintf("%d-%d", r[0], r[1]))
			for x := r[0]; x <= r[1]; x++ {
				in[x] = true
			}
		}
		if got := digest([]byte(strings.Join(parts, ","))); got != c.want {
			t.Errorf("%s: digest %s of %d ranges, want %s", c.name, got, len(ranges), c.want)
		}
		for r := rune(0); c.bit != 0 && r <= utf8.MaxRune; r++ {
			if has := table.Class(r)&c.bit != 0; has != in[r] {
				t.Fatalf("%s: the table says %v for %U", c.name, has, r)
			}
		}
	}
	for _, c := range []struct {
		name, want string
		has        func(rune) bool
	}{{"word", "24acc757698f556e", uni.IsWord}, {"punctuation of BERT", "06d4838a6acab004", func(r rune) bool { return uni.IsPunctuation(table.Class(r), r) }}} {
		var ranges [][2]rune
		for r := rune(0); r <= utf8.MaxRune; r++ {
			if c.has(r) {
				ranges = append(ranges, [2]rune{r, r})
			}
		}
		var parts []string
		for _, r := range pattern.Union(ranges, nil) {
			parts = append(parts, fmt.Sprintf("%d-%d", r[0], r[1]))
		}
		if got := digest([]byte(strings.Join(parts, ","))); got != c.want {
			t.Errorf("%s: digest %s, want %s", c.name, got, c.want)
		}
	}
	letters, _ := uni.Property("L")
	if got := pattern.Union(pattern.Complement(letters), letters); len(got) != 1 || got[0] != [2]rune{0, utf8.MaxRune} {
		t.Errorf("letters and the rest are %v", got)
	}
}
