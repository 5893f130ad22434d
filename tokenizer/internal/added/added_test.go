package added

import (
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
)

// Each case is where Hugging Face tokenizers finds added tokens.
func TestAddedTokens(t *testing.T) {
	for _, c := range []struct {
		name   string
		tokens []Token
		text   string
		want   string // the tokens in brackets
	}{
		{"none are found in other text", []Token{{Content: "<s>"}}, "abc", "abc"},
		{"one is found inside a word", []Token{{Content: "<s>"}}, "a<s>b", "a[<s>]b"},
		{"the longest of those at a place is found", []Token{{Content: "<s"}, {Content: "<s>>"}, {Content: "<s>"}}, "<s>>x<s>", "[<s>>]x[<s>]"},
		{"the leftmost is found, not the longest of all", []Token{{Content: "ab"}, {Content: "bcd"}}, "abcd", "[ab]cd"},
		{"white space on the left can belong to it", []Token{{Content: "x", LStrip: true}}, "a  x b", "a[  x] b"},
		{"white space on the right can belong to it", []Token{{Content: "x", RStrip: true}}, "a x  b", "a [x  ]b"},
		{"a single word is not found inside another", []Token{{Content: "cat", SingleWord: true}}, "cat concat cat.", "[cat] concat [cat]."},
	} {
		t.Run(c.name, func(t *testing.T) {
			var tokens []*Token
			var texts []string
			for i := range c.tokens {
				tokens, texts = append(tokens, &c.tokens[i]), append(texts, c.tokens[i].Content)
			}
			var may budget.Budget
			may.Begin(nil, len(c.text))
			var b strings.Builder
			NewSet(tokens, texts).Split(&may, c.text,
				func(part string, start int) {
					if c.text[start:start+len(part)] != part {
						t.Errorf("%q does not start at %d", part, start)
					}
					b.WriteString(part)
				},
				func(_ *Token, start, end int) { b.WriteString("[" + c.text[start:end] + "]") })
			if got := b.String(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
