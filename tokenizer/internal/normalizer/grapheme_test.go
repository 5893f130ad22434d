package normalizer

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
)

// counting is a table in which every byte that begins a character leads to an X. A
// cluster of less than six bytes is then replaced by one, so that their number tells
// how a text was cut.
func counting(t *testing.T) *Precompiled {
	t.Helper()
	all := map[string]string{}
	for b := 1; b < 256; b++ {
		all[string([]byte{byte(b)})] = "X"
	}
	p, err := ReadTable(table(all))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The digests are those of tokenizers 0.23.3, whose clusters follow Unicode 17, for
// every code point between the two texts; testdata/gen/tokenizer/graphemes.py
// --digests makes them. A class that was wrong for one code point shows in one of them.
// Planes whose characters have no class are left out of most.
func TestClustersAgreeWithTheReferenceForEveryCodePoint(t *testing.T) {
	p := counting(t)
	for _, c := range []struct{ name, before, after, want string }{
		{"what belongs to the letter before it", "a", "", "759f0335f6792c10"},
		{"what takes the letter behind it", "", "a", "8dc670131c273928"},
		{"what takes a mark", "", "\u0301", "08393333b1f19f8a"},
		{"what takes two marks", "", "\u0301\u0301", "b8d357789f9381d2"},
		{"what a sign that prepends takes", "\u0600", "", "08393333b1f19f8a"},
		{"behind a leading consonant of Hangul", "\u1100", "\u0301", "1627e2ff11892ad8"},
		{"behind a vowel of Hangul", "\u1161", "\u0301", "14b90827898aa36a"},
		{"behind a trailing consonant of Hangul", "\u11a8", "\u0301", "dc8995b23fd7c4e2"},
		{"behind a consonant and a virama", "\u0915\u094d", "\u0301", "0dc66eafa7d2f749"},
		{"behind a sign and a joiner", "\u00a9\u200d", "\u0301", "50c423430300b36d"},
		{"between a sign and a joiner with another sign", "\u00a9", "\u200d\u00a9\u0301", "40770c2a1e4bf985"},
		{"between two consonants", "\u0915", "\u0915\u0301", "74be852e1d9e7ff0"},
		{"between a virama and a consonant", "\u0915\u094d", "\u0915\u0301", "8197f001cfe66178"},
		{"behind half a flag", "\U0001f1e6", "\u0301", "993dec0e31ee5e4d"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var counts []byte
			all := c.before+c.after == "a"
			for r := rune(1); r <= utf8.MaxRune; r++ {
				if utf8.ValidRune(r) && (all || r < 0x20000 || r>>12 == 0xe0) {
					counts = append(counts, count(p, c.before+string(r)+c.after))
				}
			}
			if got := digest(counts); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// A character of each class, in all orders of up to four: what the classes do to each
// other.
func TestClustersAgreeWithTheReferenceForAllOrdersOfClasses(t *testing.T) {
	p := counting(t)
	some := strings.Split("a \r \n \x01 \u0301 \u0488 \u1cf4 \u094d \u200d \u0903 \u0600 \U000110bd \u1100 \u1161 \u11a8 \uac00 \uac01 \u00a9 \u231a "+
		"\U0001f600 \U0001f3fd \U0001f1e6 \u0915 \U00011305 \u0e33 \u20e3", " ")
	h := sha256.New()
	texts := []string{""}
	for range 4 {
		var longer []string
		for _, text := range texts {
			for _, c := range some {
				longer = append(longer, text+c)
			}
		}
		texts = longer
		for _, text := range texts {
			h.Write([]byte{count(p, text)})
		}
	}
	if got, want := hex.EncodeToString(h.Sum(nil)[:8]), "df4303a1b5b0c587"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// count returns how many texts are looked up for a text, all of which are found.
func count(p *Precompiled, text string) (n byte) {
	var may budget.Budget
	may.Begin(nil, len(text))
	p.each(&may, text, func(_, _ string, replaced bool) {
		if replaced {
			n++
		}
	})
	return n
}
