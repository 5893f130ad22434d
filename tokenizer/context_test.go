package tokenizer_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/tokenizer"
)

// calls are what takes a context, each with a text.
var calls = map[string]func(ctx context.Context, t *tokenizer.Tokenizer, text string) error{
	"EncodeContext": func(ctx context.Context, t *tokenizer.Tokenizer, text string) error {
		_, err := t.EncodeContext(ctx, text, true)
		return err
	},
	"EncodeWithOffsetsContext": func(ctx context.Context, t *tokenizer.Tokenizer, text string) error {
		_, err := t.EncodeWithOffsetsContext(ctx, text, true)
		return err
	},
	"EncodeBatchContext": func(ctx context.Context, t *tokenizer.Tokenizer, text string) error {
		_, err := t.EncodeBatchContext(ctx, []tokenizer.Input{{Text: text}}, nil)
		return err
	},
	"CountContext": func(ctx context.Context, t *tokenizer.Tokenizer, text string) error {
		_, err := t.CountContext(ctx, text, true)
		return err
	},
	"TruncateContext": func(ctx context.Context, t *tokenizer.Tokenizer, text string) error {
		_, _, err := t.TruncateContext(ctx, text, len(text)/9, nil)
		return err
	},
	"DecodeContext": func(ctx context.Context, t *tokenizer.Tokenizer, text string) error {
		_, err := t.DecodeContext(ctx, make([]int, len(text)), false)
		return err
	},
}

func TestAContextThatHasEndedIsObeyed(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tok := loadTiny(t)
	for name, call := range calls {
		if err := call(ctx, tok, "ab"); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

func TestNoContextCountsAsTheBackground(t *testing.T) {
	var none context.Context
	tok := loadTiny(t)
	for name, call := range calls {
		if name == "TruncateContext" {
			continue // has no room in so short a text
		}
		if err := call(none, tok, "ab"); err != nil {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	if text, n, err := tok.TruncateContext(none, "ab ab ab", 2, nil); err != nil || n != 2 || text != "ab ab" {
		t.Errorf("TruncateContext: got %q, %d, %v", text, n, err)
	}
}

// A context that ends is obeyed soon, whatever the tokenizer does to a text of
// many megabytes. The bound is a guard against waiting for the end of a step;
// SHOW=1 and -v print how late each call really is.
func TestAContextEndsTheWorkOnLargeTexts(t *testing.T) {
	words := strings.Repeat("a bb aba ", 12<<20/9)
	letters := strings.Repeat("ab", 6<<20)
	accents := strings.Repeat("é\u0323가", 12<<20/7)
	for _, c := range []struct {
		name string
		file hostile
		text string
	}{
		{"BPE in one piece", hostile{"model": map[string]any{"type": "BPE", "vocab": map[string]int{"a": 0, "b": 1, "ab": 2, "abab": 3}, "merges": []string{"a b", "ab ab"}}}, letters},
		{"Unigram", hostile{"model": unigram("a", "b", "ab", "aba")}, letters},
		{"WordPiece", hostile{"model": wordPiece(1e9, "a", "##a", "##b", "##ab")}, letters},
		{"normalization", hostile{"normalizer": map[string]any{"type": "NFKC"}}, accents},
		{"decomposition", hostile{"normalizer": map[string]any{"type": "NFD"}}, accents},
		{"marks", hostile{"normalizer": map[string]any{"type": "NFC"}}, "a" + strings.Repeat("\u0301\u0327", 3<<20)},
		{"the normalizer of BERT", hostile{"normalizer": map[string]any{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "lowercase": true}}, accents},
		{"small letters", hostile{"normalizer": map[string]any{"type": "Lowercase"}}, accents},
		{"a replacement", hostile{"normalizer": replacing(literal(" "), "▁")}, words},
		{"a table", hostile{"normalizer": charsMap("bb")}, words},
		{"a text that is not UTF-8", hostile{}, strings.Repeat("\xff\x80", 4<<20)},
		{"added tokens", hostile{"added_tokens": longTokens(100)}, strings.Repeat("a", 12<<20)},
		{"digits", hostile{"pre_tokenizer": map[string]any{"type": "Digits", "individual_digits": true}}, strings.Repeat("1a", 6<<20)},
		{"punctuation", hostile{"pre_tokenizer": map[string]any{"type": "BertPreTokenizer"}}, words},
		{"scripts", hostile{"pre_tokenizer": map[string]any{"type": "UnicodeScripts"}}, accents},
		{"words", hostile{"pre_tokenizer": map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true}}, words},
		{"a pattern", hostile{"pre_tokenizer": map[string]any{"type": "Split", "behavior": "Isolated", "invert": false, "pattern": regex("[a-z]+|.")}}, words},
		{"a quadratic pattern", hostile{"normalizer": replacing(regex("a*c|a"), "b")}, strings.Repeat("a", 3<<20)},
		{"a pattern that backtracks", hostile{"normalizer": replacing(regex("(a|aa)+$"), "b")}, strings.Repeat("a", 100) + "b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok, err := loadText(t, c.file.text(t))
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"EncodeContext", "EncodeWithOffsetsContext", "CountContext"} {
				for _, after := range delays(1, 10, 40) {
					ctx, cancel := context.WithTimeout(t.Context(), after)
					began := time.Now()
					err := calls[name](ctx, tok, c.text)
					late := time.Since(began) - after
					cancel()
					if err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, tokenizer.ErrTooLarge) {
						t.Errorf("%s: got error %v", name, err)
					}
					if os.Getenv("SHOW") != "" {
						t.Logf("%s after %v: %v late, %v", name, after, late.Round(time.Millisecond), err)
					}
					if late > time.Minute {
						t.Errorf("%s took %v longer than its context", name, late)
					}
				}
			}
		})
	}
}
