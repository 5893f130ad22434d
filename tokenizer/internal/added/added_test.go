package added_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/budget"
)

// rule is where Hugging Face tokenizers 0.23 finds added tokens in a text: those
// found are in brackets.
type rule struct {
	name   string
	tokens []added.Token
	text   string
	want   string
}

// one returns the list of a token.
func one(content string) []added.Token { return []added.Token{{Content: content}} }

func several(contents ...string) []added.Token {
	var list []added.Token
	for _, content := range contents {
		list = append(list, added.Token{Content: content})
	}
	return list
}

func TestWhereAddedTokensAreFound(t *testing.T) {
	check(t, []rule{
		{"none in other text", one("<s>"), "abc", "abc"},
		{"none in a part of it", one("<s>"), "<s", "<s"},
		{"inside a word", one("<s>"), "a<s>b", "a[<s>]b"},
		{"at the beginning and at the end", one("<s>"), "<s>ab<s>", "[<s>]ab[<s>]"},
		{"side by side", one("aa"), "aaaaa", "[aa][aa]a"},
		{"the longest of those at a place", several("<s", "<s>>", "<s>"), "<s>>x<s>", "[<s>>]x[<s>]"},
		{"a shorter one where the longest goes on otherwise", several("abcd", "ab"), "abcx", "[ab]cx"},
		{"the leftmost, not the longest of all", several("ab", "bcd"), "abcd", "[ab]cd"},
		{"what a token has taken belongs to no other", several("ab", "ba"), "aba", "[ab]a"},
		{"of several bytes", several("é", "中文"), "aé中文中", "a[é][中文]中"},
		{"by their exact spelling", one("<S>"), "<s><S>", "<s>[<S>]"},
		{"in a text of nothing but it", one("<s>"), "<s>", "[<s>]"},
		{"in no text there is none", one("<s>"), "", ""},
		{"white space alone can be one", one("  "), "a   b", "a[  ] b"},
	})
}

func TestWhiteSpaceThatBelongsToAToken(t *testing.T) {
	left := []added.Token{{Content: "x", LStrip: true}}
	right := []added.Token{{Content: "x", RStrip: true}}
	both := []added.Token{{Content: "x", LStrip: true, RStrip: true}}
	check(t, []rule{
		{"that on the left", left, "a  x b", "a[  x] b"},
		{"that on the right", right, "a x  b", "a [x  ]b"},
		{"that on both sides", both, "a \tx\n b", "a[ \tx\n ]b"},
		{"none without it", both, "axb", "a[x]b"},
		{"that at the beginning and the end", both, "  x  ", "[  x  ]"},
		{"white space of Unicode", both, "a\u00a0x\u3000b", "a[\u00a0x\u3000]b"},
		{"no character of zero width", both, "a\u200bx", "a\u200b[x]"},
		{"between two the first takes it", both, "x x", "[x ][x]"},
		{"a token in between ends it", []added.Token{{Content: "x", LStrip: true}, {Content: "y"}}, "y  x", "[y][  x]"},
	})
}

func TestATokenThatIsASingleWord(t *testing.T) {
	cat := []added.Token{{Content: "cat", SingleWord: true}}
	check(t, []rule{
		{"is not found inside another", cat, "cat concat cat.", "[cat] concat [cat]."},
		{"nor at the beginning of one", cat, "cats", "cats"},
		{"nor beside a digit or an underscore", cat, "cat1 cat_ cat-", "cat1 cat_ [cat]-"},
		{"nor beside a letter of another script", cat, "écat 中cat cat中", "écat 中cat cat中"},
		{"punctuation is no word", cat, "(cat)", "([cat])"},
		{"another token is no word either, but its letters are", []added.Token{{Content: "cat", SingleWord: true}, {Content: "dog"}}, "dogcat", "[dog]cat"},
		{"the longest at a place that is none hides a shorter one", []added.Token{{Content: "cat", SingleWord: true}, {Content: "c"}}, "cats", "cats"},
		{"white space belongs to it too", []added.Token{{Content: "cat", SingleWord: true, LStrip: true, RStrip: true}}, "a cat s", "a[ cat ]s"},
	})
}

// check tests rules. With COREML_TOKENIZER_RULES they are written to that directory,
// for testdata/gen/tokenizer/rules.py to ask the reference about them.
func check(t *testing.T, rules []rule) {
	t.Helper()
	record(t, rules)
	for _, c := range rules {
		t.Run(c.name, func(t *testing.T) {
			got, err := split(t, set(c.tokens), c.text)
			if got != c.want || err != nil {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

func record(t *testing.T, rules []rule) {
	t.Helper()
	dir := os.Getenv("COREML_TOKENIZER_RULES")
	if dir == "" {
		return
	}
	var out []map[string]any
	for _, c := range rules {
		var tokens []map[string]any
		for _, a := range c.tokens {
			tokens = append(tokens, map[string]any{"content": a.Content, "single_word": a.SingleWord, "lstrip": a.LStrip, "rstrip": a.RStrip})
		}
		out = append(out, map[string]any{"kind": "added", "name": c.name, "tokens": tokens, "text": c.text, "want": c.want})
	}
	text, err := json.Marshal(out)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, t.Name()+".json"), text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func set(list []added.Token) *added.Set {
	var tokens []*added.Token
	var texts []string
	for i := range list {
		tokens, texts = append(tokens, &list[i]), append(texts, list[i].Content)
	}
	return added.NewSet(tokens, texts)
}

// split returns a text with the tokens that are found in brackets, and why it ended
// before its end.
func split(t *testing.T, set *added.Set, text string) (string, error) {
	t.Helper()
	var may budget.Budget
	may.Begin(nil, len(text))
	var b strings.Builder
	set.Split(&may, text,
		func(part string, start int) {
			if part == "" || text[start:start+len(part)] != part {
				t.Errorf("%q does not start at %d", part, start)
			}
			b.WriteString(part)
		},
		func(_ *added.Token, start, end int) { b.WriteString("[" + text[start:end] + "]") })
	return b.String(), may.Err
}

// Without any tokens a text is one part, and an empty one is none.
func TestNoTokensLeaveATextWhole(t *testing.T) {
	if set := added.NewSet(nil, nil); set != nil {
		t.Errorf("got the set %v", set)
	}
	for _, text := range []string{"", "a b"} {
		if got, _ := split(t, nil, text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// A token is found by the text that normalization makes of it, which two can share:
// the first of them is found.
func TestOfTokensWithOneTextTheFirstIsFound(t *testing.T) {
	first, second := &added.Token{ID: 1, Content: "A"}, &added.Token{ID: 2, Content: "a"}
	var may budget.Budget
	may.Begin(nil, 10)
	found, end := added.NewSet([]*added.Token{first, second}, []string{"a", "a"}).At(&may, "ab", 0)
	if found != first || end != 1 {
		t.Errorf("got %v and the end %d, want the first", found, end)
	}
}

// A token of which normalization leaves nothing is found between any two characters:
// it is no token of the text, but the text is cut there.
func TestATokenOfNothingCutsEverywhere(t *testing.T) {
	nothing, other := &added.Token{ID: 1}, &added.Token{ID: 2}
	var may budget.Budget
	may.Begin(nil, 100)
	var ids []int64
	var parts []string
	added.NewSet([]*added.Token{nothing, other}, []string{"", "x"}).Split(&may, "a xb",
		func(part string, _ int) { parts = append(parts, part) },
		func(a *added.Token, _, _ int) { ids = append(ids, a.ID) })
	if got := strings.Join(parts, "|"); got != "a| |b" || len(ids) != 1 || ids[0] != 2 {
		t.Errorf("got the parts %q and the tokens %v", got, ids)
	}
}

func TestASearchEndsWithItsBudget(t *testing.T) {
	list := set(several(strings.Repeat("a", 4000)+"b", "c"))
	text := strings.Repeat("a", 1<<16)
	var may budget.Budget
	done := make(chan struct{})
	close(done)
	may.Begin(done, len(text))
	parts := 0
	list.Split(&may, text, func(string, int) { parts++ }, func(*added.Token, int, int) { parts++ })
	if may.Err == nil || parts > 0 {
		t.Errorf("it found %d parts and ended with %v", parts, may.Err)
	}
}
