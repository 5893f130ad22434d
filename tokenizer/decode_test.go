package tokenizer_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/tokenizer"
)

// A context that ends is obeyed, whatever a decoder does to a list of many ids. SHOW=1
// and -v print how late each call is.
// delays are the times after which contexts end, in milliseconds: the first two of
// those given, or all of them at full size.
func delays(ms ...int) []time.Duration {
	if !full {
		ms = ms[:2]
	}
	var out []time.Duration
	for _, n := range ms {
		out = append(out, time.Duration(n)*time.Millisecond)
	}
	return out
}

func TestAContextEndsTheDecodingOfLongLists(t *testing.T) {
	long := strings.Repeat("a", 1<<14)
	words := map[string]any{"type": "WordLevel", "unk_token": "a", "vocab": map[string]int{
		"a": 0, "▁ab": 1, "<0xC3>": 2, " do not stop .": 3, long: 4, strings.Repeat("▁", 5000): 5, strings.Repeat("ab", 30): 6,
	}}
	for _, c := range []struct {
		name     string
		decoders []any
		id, n    int
	}{
		{"ByteLevel alone", []any{map[string]any{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true}}, 4, 4000},
		{"ByteLevel on what others made", []any{map[string]any{"type": "Fuse"}, map[string]any{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true}}, 4, 4000},
		{"bytes", []any{map[string]any{"type": "ByteFallback"}}, 2, 1 << 23},
		{"Metaspace alone", []any{map[string]any{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}}, 5, 4000},
		{"Metaspace behind Fuse", []any{map[string]any{"type": "Fuse"}, map[string]any{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}}, 5, 4000},
		{"BPEDecoder without a suffix", []any{map[string]any{"type": "Fuse"}, map[string]any{"type": "BPEDecoder", "suffix": ""}}, 4, 1900},
		{"WordPiece on one token", []any{map[string]any{"type": "Fuse"}, map[string]any{"type": "WordPiece", "prefix": "##", "cleanup": true}}, 3, 4 << 20},
		{"CTC on one token", []any{map[string]any{"type": "Fuse"}, map[string]any{"type": "CTC", "pad_token": "a", "word_delimiter_token": " ", "cleanup": true}}, 3, 4 << 20},
		{"Strip of one token", []any{map[string]any{"type": "Fuse"}, map[string]any{"type": "Strip", "content": "a", "start": 1 << 30, "stop": 1 << 30}}, 4, 4000},
		{"Replace of one token", []any{map[string]any{"type": "Fuse"}, replacing(literal("a"), "bb")}, 4, 1900},
		{"a pattern", []any{replacing(regex("a"), "b")}, 4, 4000},
		{"a pattern on one token", []any{map[string]any{"type": "Fuse"}, replacing(regex("a"), "b")}, 4, 1000},
		{"a pattern that backtracks", []any{replacing(regex("(a|aa|b)+c"), "b")}, 6, 1000},
		{"many steps", repeat(map[string]any{"type": "Fuse"}, 900), 1, 1 << 22},
	} {
		t.Run(c.name, func(t *testing.T) {
			var one any = sequence("decoders", c.decoders...)
			if len(c.decoders) == 1 {
				one = c.decoders[0]
			}
			tok, err := loadText(t, hostile{"model": words, "decoder": one}.text(t))
			if err != nil {
				t.Fatal(err)
			}
			ids := slices.Repeat([]int{c.id}, c.n/every(4))
			for _, after := range delays(1, 40, 150, 300) {
				ctx, cancel := context.WithTimeout(t.Context(), after)
				began := time.Now()
				text, err := tok.DecodeContext(ctx, ids, false)
				late := time.Since(began) - after
				cancel()
				if err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, tokenizer.ErrTooLarge) {
					t.Errorf("got error %v", err)
				}
				if os.Getenv("SHOW") != "" {
					t.Logf("after %v: %v late, %d bytes, %v", after, late.Round(time.Millisecond), len(text), err)
				}
			}
		})
	}
}
