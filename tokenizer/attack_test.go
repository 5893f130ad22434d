package tokenizer_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer"
)

// full says that hostile files are met in full (make hostile): with all patterns that
// take the second that they may take, and contexts that end late.
var full = os.Getenv("COREML_HOSTILE") != ""

// seconds are the cases that work for a second until a bound that others meet as well.
var seconds = []string{"a pattern that backtracks", "a pattern with a stack", "many quadratic patterns"}

func TestHostileTokenizersAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: each case works until its bound, some for seconds")
	}
	big := strings.Repeat("a", 1<<18)
	forty := strings.Repeat("a", 40)
	grow := func(n int) any { return replacing(literal("a"), strings.Repeat("a", n)) }
	for _, c := range []struct {
		name    string
		file    hostile
		text    string
		refused bool // must be ErrTooLarge in Encode
		told    bool // the same, with offsets alone
		once    bool // offsets are told by the same search, which takes a second
	}{
		{"a Replace with a long content", hostile{"normalizer": grow(1 << 20)}, strings.Repeat("a", 1000), true, true, false},
		{"Replaces that double", hostile{"normalizer": sequence("normalizers", repeat(grow(2), 900)...)}, forty, true, true, false},
		{"a Replace of a pattern", hostile{"normalizer": replacing(regex("[ab]"), strings.Repeat("a", 1<<20))}, forty, true, true, false},
		{"a Replace of nothing", hostile{"normalizer": replacing(regex(""), strings.Repeat("a", 1<<18))}, forty, true, true, false},
		{"a Prepend", hostile{"normalizer": map[string]any{"type": "Prepend", "prepend": big + big + big + big + big + big}}, forty, true, true, false},
		{"Prepends", hostile{"normalizer": sequence("normalizers", repeat(map[string]any{"type": "Prepend", "prepend": big[:4000]}, 900)...)}, forty, true, true, false},
		{"ByteLevel over itself", hostile{"normalizer": sequence("normalizers", repeat(map[string]any{"type": "ByteLevel"}, 64)...)}, strings.Repeat("é ", 40), true, true, false},
		{"a table", hostile{"normalizer": charsMap(big)}, forty, true, true, false},
		{"stages that grow", hostile{"pre_tokenizer": sequence("pretokenizers", repeat(map[string]any{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true}, 40)...)}, strings.Repeat("é ", 40), true, true, false},
		{"NFKD of a text", hostile{"normalizer": sequence("normalizers", repeat(map[string]any{"type": "NFKD"}, 900)...)}, strings.Repeat("ﷺ", 40), false, false, false},
		{"a decomposition that grows", hostile{"normalizer": map[string]any{"type": "NFKD"}}, strings.Repeat("ﷺ", 1<<17), true, true, false},
		{"a composition that grows", hostile{"normalizer": map[string]any{"type": "NFKC"}}, strings.Repeat("ﷺ", 1<<17), true, true, false},
		{"thousands of normalizers on a large text", hostile{"normalizer": sequence("normalizers", repeat(map[string]any{"type": "NFKC"}, 1000)...)}, strings.Repeat("é", 1<<17), true, true, false},
		{"thousands of normalizers", hostile{"normalizer": sequence("normalizers", repeat(map[string]any{"type": "NFKC"}, 30000)...)}, forty, false, false, false},
		{"a growing Replace on a large text", hostile{"normalizer": grow(8)}, big, false, true, false},
		{"added tokens between which texts grow", hostile{"normalizer": replacing(literal("a"), strings.Repeat("a", 20000)), "added_tokens": []any{map[string]any{"id": 4, "content": "x", "special": true}}}, strings.Repeat("ax", 1<<17), true, true, false},
		{"normalized added tokens that grow", hostile{"normalizer": grow(1 << 16), "added_tokens": manyTokens(20000)}, forty, false, false, false},
		{"long added tokens", hostile{"added_tokens": longTokens(240)}, big, true, true, false},
		{"added tokens of white space", hostile{"added_tokens": []any{map[string]any{"id": 6, "content": " ", "lstrip": true, "rstrip": true}}}, strings.Repeat(" ", 1<<18), true, true, false},
		{"WordPiece with a long word", hostile{"model": wordPiece(1e9, "a", "##a", "##aa")}, big, false, false, false},
		{"WordPiece with long pieces", hostile{"model": wordPiece(1e9, append(nested("##", "a", 5000, 5000), "a", "##"+strings.Repeat("a", 5000)+"b")...)}, big, false, false, false},
		{"WordPiece with a long piece that fails", hostile{"model": wordPiece(1e9, "a", "##a", "##"+strings.Repeat("a", 5000)+"b")}, big, true, true, false},
		{"Unigram with long pieces", hostile{"model": unigram(nested("", "a", 5000, 5000)...)}, big, true, true, false},
		{"Unigram with nested pieces", hostile{"model": unigram(nested("", "a", 1, 1000)...)}, big, true, true, false},
		{"Unigram in one piece", hostile{"model": unigram("a", "aa", "b")}, big, false, false, false},
		{"BPE in one piece", hostile{}, strings.Repeat("ab", 1<<17), false, false, false},
		{"BPE with merges in one piece", hostile{"model": map[string]any{"type": "BPE", "vocab": runs(12), "merges": runMerges(12)}}, big, false, false, false},
		{"a BPE prefix", hostile{"model": map[string]any{"type": "BPE", "unk_token": "<unk>", "continuing_subword_prefix": big, "vocab": letters, "merges": []string{}}}, big, false, false, false},
		{"a pattern that backtracks", hostile{"pre_tokenizer": map[string]any{"type": "Split", "behavior": "Isolated", "invert": false, "pattern": regex("(a+)+$")}}, big + "b", true, true, false},
		{"a short text and a pattern that backtracks", hostile{"pre_tokenizer": map[string]any{"type": "Split", "behavior": "Isolated", "invert": false, "pattern": regex("(a|aa)+$")}}, strings.Repeat("a", 60) + "b", true, true, true},
		{"a quadratic pattern", hostile{"normalizer": replacing(regex("a*c|a"), "b")}, big, true, true, true},
		{"a pattern with a stack", hostile{"normalizer": replacing(regex("(?:a|b)*c"), "b")}, strings.Repeat("ab", 1<<17), true, true, true},
		{"many quadratic patterns", hostile{"normalizer": sequence("normalizers", manyPatterns(300)...)}, strings.Repeat("a", 1<<14), true, true, true},
		{"a pattern that matches nothing everywhere", hostile{"pre_tokenizer": map[string]any{"type": "Split", "behavior": "Isolated", "invert": false, "pattern": regex("")}}, big, false, false, false},
		{"many stages", hostile{"pre_tokenizer": sequence("pretokenizers", repeat(map[string]any{"type": "Digits", "individual_digits": true}, 60)...)}, strings.Repeat("1", 1<<18), true, true, false},
		{"thousands of stages", hostile{"pre_tokenizer": sequence("pretokenizers", repeat(map[string]any{"type": "Digits", "individual_digits": true}, 20000)...)}, strings.Repeat("1", 1<<18), false, false, false},
		{"UnicodeScripts", hostile{"pre_tokenizer": map[string]any{"type": "UnicodeScripts"}}, strings.Repeat("aб", 1<<18), false, false, false},
		{"FixedLength", hostile{"pre_tokenizer": map[string]any{"type": "FixedLength", "length": 1}}, big, false, false, false},
		{"marks in disorder", hostile{"normalizer": map[string]any{"type": "NFC"}}, "a" + strings.Repeat("\u0301\u0327", 1<<18), false, false, false},
		{"Bert with Chinese", hostile{"normalizer": map[string]any{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "lowercase": true}, "pre_tokenizer": map[string]any{"type": "BertPreTokenizer"}}, strings.Repeat("中", 1<<18), false, false, false},
		{"a template with many tokens", hostile{"post_processor": template(3000, 1)}, big, false, false, false},
		{"a template with too many tokens", hostile{"post_processor": template(40000, 1)}, forty, false, false, false},
		{"a template with many texts", hostile{"post_processor": template(1, 4)}, big + big + big, true, true, false},
		{"a template with too many texts", hostile{"post_processor": template(1, 9000)}, forty, false, false, false},
		{"a padding", hostile{"padding": map[string]any{"strategy": map[string]any{"Fixed": 1 << 23}, "direction": "Right", "pad_id": 0, "pad_type_id": 0, "pad_token": "a"}}, forty, false, false, false},
		{"a truncation with a stride", hostile{"truncation": map[string]any{"direction": "Right", "max_length": 10000, "strategy": "LongestFirst", "stride": 9999}}, big, false, false, false},
	} {
		if !full && slices.Contains(seconds, c.name) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			text := c.file.text(t)
			var tok *tokenizer.Tokenizer
			size := uint64(len(text) + len(c.text))
			if within(t, "load", 96<<20+48*size, func() (err error) { tok, err = loadText(t, text); return err }) != nil {
				return
			}
			memory := uint64(384<<20) + 800*uint64(len(c.text))
			err := within(t, "encode", memory, func() error { _, err := tok.Encode(c.text, true); return err })
			if err != nil && !c.refused && strings.Contains(err.Error(), "a pattern takes too long") {
				t.Skipf("SKIPPED: %s: the limit of patterns is by the clock, and this machine is busy", t.Name())
			}
			if c.refused != (err != nil) {
				t.Errorf("Encode gives the error %v", err)
			}
			if c.once {
				return
			}
			err = within(t, "encode with offsets", memory, func() error { _, err := tok.EncodeWithOffsets(c.text, true); return err })
			if c.told != (err != nil) {
				t.Errorf("EncodeWithOffsets gives the error %v", err)
			}
			if tok.Truncation() == nil && tok.Padding() == nil {
				return
			}
			err = within(t, "batch", memory, func() error {
				_, err := tok.EncodeBatch([]tokenizer.Input{{Text: c.text}}, &tokenizer.BatchOptions{Truncation: tok.Truncation(), Padding: tok.Padding()})
				return err
			})
			if !errors.Is(err, tokenizer.ErrTooLarge) {
				t.Errorf("EncodeBatch gives the error %v", err)
			}
		})
	}
}

func manyTokens(n int) []any {
	var out []any
	for i := range n {
		out = append(out, map[string]any{"id": 100 + i, "content": strings.Repeat("a", i%7+1) + string(rune(0x4e00+i)), "normalized": true})
	}
	return out
}

func longTokens(n int) []any {
	var out []any
	for i := range n {
		out = append(out, map[string]any{"id": 100 + i, "content": strings.Repeat("a", 4000-i) + "b", "special": true})
	}
	return out
}

func runs(n int) map[string]int {
	out := map[string]int{}
	for i := range n {
		out[strings.Repeat("a", 1<<i)] = i
	}
	return out
}

func runMerges(n int) [][]string {
	var out [][]string
	for i := range n - 1 {
		s := strings.Repeat("a", 1<<i)
		out = append(out, []string{s, s})
	}
	return out
}

func manyPatterns(n int) []any {
	var out []any
	for i := range n {
		out = append(out, replacing(regex("a*c"+string(rune('d'+i%20))+strings.Repeat("e", i/20)), "b"))
	}
	return out
}

func template(special, texts int) map[string]any {
	var single []any
	for range special {
		single = append(single, map[string]any{"SpecialToken": map[string]any{"id": "x", "type_id": 0}})
	}
	for range texts {
		single = append(single, map[string]any{"Sequence": map[string]any{"id": "A", "type_id": 0}})
	}
	return map[string]any{
		"type": "TemplateProcessing", "single": single, "pair": single,
		"special_tokens": map[string]any{"x": map[string]any{"id": "x", "ids": []int{4}, "tokens": []string{"x"}}},
	}
}
