package tokenizer_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer"
)

// cutTexts are texts with tokens of less and of more than one character, and
// some that are not UTF-8.
var cutTexts = []string{
	"", "a", "Once upon a time there was a frog. It liked the pond very much.", "é🙂🙂🙂中文 é", "ab ab ab [x] ab<s>ab",
	strings.Repeat("🙂", 50), "  two  spaces  everywhere  ", "a\xffb\xc3 c", strings.Repeat("Once upon a time, ", 4000), strings.Repeat("ab", 3000),
}

func cutters(t testing.TB) map[string]*tokenizer.Tokenizer {
	t.Helper()
	story, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*tokenizer.Tokenizer{"storyteller": story, "tiny": loadTiny(t)}
	for name, file := range map[string]hostile{
		"WordPiece":        {"pre_tokenizer": map[string]any{"type": "BertPreTokenizer"}, "model": wordPiece(100, "a", "##b", "Once", "##a", "time", "e")},
		"Unigram":          {"pre_tokenizer": map[string]any{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}, "model": unigram("▁", "a", "b", "▁ab", "Once", "▁upon")},
		"growing texts":    {"normalizer": replacing(literal("a"), "bab")},
		"a repeated text":  {"post_processor": template(2, 2)},
		"a moved space":    {"normalizer": map[string]any{"type": "Strip", "strip_left": true, "strip_right": true}, "pre_tokenizer": map[string]any{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"}},
		"letters by a dot": {"pre_tokenizer": map[string]any{"type": "Split", "behavior": "Removed", "invert": false, "pattern": regex(" +")}},
	} {
		tok, err := loadText(t, file.text(t))
		if err != nil {
			t.Fatal(name, err)
		}
		out[name] = tok
	}
	return out
}

func TestCountIsTheLengthOfTheEncoding(t *testing.T) {
	for name, tok := range cutters(t) {
		for _, text := range cutTexts {
			for _, special := range []bool{false, true} {
				ids, err := tok.Encode(text, special)
				if err != nil {
					t.Fatal(name, err)
				}
				if got, err := tok.Count(text, special); err != nil || got != len(ids) {
					t.Errorf("%s: Count(%.20q, %v) is %d (%v), want %d", name, text, special, got, err, len(ids))
				}
			}
		}
	}
}

func TestCountKeepsNoIDs(t *testing.T) {
	tok := cutters(t)["storyteller"]
	text := strings.Repeat("Once upon a time, ", 4000)
	allocs := testing.AllocsPerRun(10, func() {
		if _, err := tok.Count(text, true); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 20*raceFactor { // the race detector empties the pool now and then
		t.Errorf("%v allocations to count the tokens of %d bytes", allocs, len(text))
	}
}

func TestTruncateNeverGivesMoreThanTheLimit(t *testing.T) {
	texts := cutTexts
	if testing.Short() {
		texts = texts[:8] // without those of pages
	}
	for name, tok := range cutters(t) {
		for _, text := range texts {
			plain, _ := tok.Count(text, false)
			special, _ := tok.Count(text, true)
			total := func(addSpecial bool) int {
				if addSpecial {
					return special
				}
				return plain
			}
			for _, opts := range []*tokenizer.TruncateOptions{nil, {Left: true}, {AddSpecial: true}, {AddSpecial: true, Left: true}} {
				for _, limit := range []int{0, 1, 2, 3, 7, 50, 1000, 1 << 40} {
					checkTruncation(t, name, tok, text, limit, opts, total)
				}
			}
		}
	}
}

func checkTruncation(t *testing.T, name string, tok *tokenizer.Tokenizer, text string, limit int, opts *tokenizer.TruncateOptions, total func(addSpecial bool) int) {
	t.Helper()
	got, n, err := tok.Truncate(text, limit, opts)
	if opts == nil {
		opts = &tokenizer.TruncateOptions{}
	}
	if around, _ := tok.Count("", opts.AddSpecial); limit < around {
		if !errors.Is(err, tokenizer.ErrLimit) {
			t.Errorf("%s: got error %v for a limit of %d", name, err, limit)
		}
		return
	}
	if err != nil {
		t.Errorf("%s: got error %v for %.20q and a limit of %d", name, err, text, limit)
		return
	}
	if opts.Left && !strings.HasSuffix(text, got) || !opts.Left && !strings.HasPrefix(text, got) {
		t.Errorf("%s: %.20q is no part of %.20q", name, got, text)
	}
	if utf8.ValidString(text) && !utf8.ValidString(got) {
		t.Errorf("%s: %.20q is no text", name, got)
	}
	count, err := tok.Count(got, opts.AddSpecial)
	if err != nil || count != n || count > limit {
		t.Errorf("%s: %.20q has %d tokens (%v), Truncate says %d, and the limit is %d", name, got, count, err, n, limit)
	}
	if all := total(opts.AddSpecial); all <= limit && got != text {
		t.Errorf("%s: a text of %d tokens was cut for a limit of %d", name, all, limit)
	}
}

func TestTruncateKeepsAllThatFits(t *testing.T) {
	tok := cutters(t)["storyteller"]
	text := strings.Repeat("Once upon a time, ", 400)
	all, err := tok.Count(text, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, left := range []bool{false, true} {
		for limit := 1; limit < all; limit += 97 {
			got, n, err := tok.Truncate(text, limit, &tokenizer.TruncateOptions{Left: left})
			if err != nil || n < limit-1 {
				t.Errorf("%d of %d tokens are kept (%v)", n, limit, err)
			}
			if left && got == "" {
				t.Error("nothing is kept")
			}
		}
	}
}

func TestTruncateOfALongTextLooksAtItsEndOnly(t *testing.T) {
	tok := cutters(t)["storyteller"]
	text := strings.Repeat("Once upon a time, ", 8<<20) // far longer than Encode takes
	for _, left := range []bool{false, true} {
		got, n, err := tok.Truncate(text, 100, &tokenizer.TruncateOptions{Left: left})
		if err != nil || n < 90 || n > 100 || len(got) > 1000 {
			t.Errorf("got %d bytes of %d tokens, %v", len(got), n, err)
		}
	}
}

func TestALimitThatIsTooSmallIsSaidToBeSo(t *testing.T) {
	for name, tok := range cutters(t) {
		around, err := tok.Count("", true)
		if err != nil {
			t.Fatal(err)
		}
		calls := map[string]func() error{
			"Truncate to -1": func() error { _, _, err := tok.Truncate("a text", -1, nil); return err },
			"a batch cut to -1": func() error {
				_, err := tok.EncodeBatch([]tokenizer.Input{{Text: "a text"}}, &tokenizer.BatchOptions{Truncation: &tokenizer.Truncation{MaxLength: -1}})
				return err
			},
			"a batch with a stride of -1": func() error {
				_, err := tok.EncodeBatch([]tokenizer.Input{{Text: "a text"}}, &tokenizer.BatchOptions{Truncation: &tokenizer.Truncation{MaxLength: 1, Stride: -1}})
				return err
			},
		}
		if around > 0 {
			calls["Truncate below the special tokens"] = func() error {
				_, _, err := tok.Truncate("a text", around-1, &tokenizer.TruncateOptions{AddSpecial: true})
				return err
			}
		}
		for what, call := range calls {
			if err := call(); !errors.Is(err, tokenizer.ErrLimit) || errors.Is(err, tokenizer.ErrTooShort) {
				t.Errorf("%s: %s gave %v, want ErrLimit", name, what, err)
			}
		}
	}
}
