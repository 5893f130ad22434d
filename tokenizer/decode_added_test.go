package tokenizer_test

import (
	"fmt"
	"testing"

	"github.com/gocoreml/coreml/tokenizer"
)

// What tokenizers 0.23.3 makes of id 1. Version 0.22 wrote the token as the file has it,
// and skipped it where it is special.
func TestAnAddedTokenIsDecodedAsTheNormalizerWritesIt(t *testing.T) {
	const lower = `{"type":"Lowercase"}`
	for _, c := range []struct {
		name, normalizer, content string
		normalized, special       bool
		all, skip                 string
	}{
		{"what is found in normalized text is normalized", lower, "Yesterday", true, false, "yesterday", "yesterday"},
		{"what is found in the text as it is stays so", lower, "Yesterday", false, false, "Yesterday", "Yesterday"},
		{"without a normalizer too", `null`, "Yesterday", true, false, "Yesterday", "Yesterday"},
		{"a special token that changes is not taken for one", lower, "Yesterday", true, true, "yesterday", "yesterday"},
		{"a special token that does not is skipped", lower, "yesterday", true, true, "yesterday", ""},
		{"a special token as it is is skipped", lower, "Yesterday", false, true, "Yesterday", ""},
		{"a replacement", `{"type":"Replace","pattern":{"String":" "},"content":"_"}`, "A b", true, false, "A_b", "A_b"},
		{"what is put before a text is put before the token", `{"type":"Prepend","prepend":"_"}`, "Ab", true, false, "_Ab", "_Ab"},
		{"a token that nothing is left of", `{"type":"Strip","strip_left":true,"strip_right":true}`, "  ", true, false, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok, err := loadText(t, fmt.Sprintf(`{"added_tokens":[{"id":1,"content":%q,"single_word":false,"lstrip":false,"rstrip":false,"normalized":%v,"special":%v}],`+
				`"normalizer":%s,"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}`, c.content, c.normalized, c.special, c.normalizer))
			if err != nil {
				t.Fatal(err)
			}
			if all, skip := tok.Decode([]int{1}, false), tok.Decode([]int{1}, true); all != c.all || skip != c.skip {
				t.Errorf("got %q and, without special tokens, %q; want %q and %q", all, skip, c.all, c.skip)
			}
			if got, ok := tok.IDToToken(1); got != c.all || !ok {
				t.Errorf("the token is %q (%v), want %q", got, ok, c.all)
			}
			if got := stream(tok, 1); got != c.all {
				t.Errorf("a stream gives %q, want %q", got, c.all)
			}
			if id, ok := tok.TokenToID(c.content); id != 1 || !ok {
				t.Errorf("the token as the file has it is %d (%v)", id, ok)
			}
		})
	}
}

// stream decodes ids one by one.
func stream(tok *tokenizer.Tokenizer, ids ...int) (text string) {
	d := tok.NewDecoder(false)
	for _, id := range ids {
		text += d.Next(id)
	}
	return text + d.Flush()
}
