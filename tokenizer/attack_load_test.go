package tokenizer_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tokenizer"
)

func splitting(pattern string) map[string]any {
	return map[string]any{"type": "Split", "behavior": "Isolated", "invert": false, "pattern": regex(pattern)}
}

func wordLevel(vocab string) string {
	return `{"model":{"type":"WordLevel","unk_token":"a","vocab":` + vocab + `}}`
}

// Loading a file of about a megabyte takes some ten times its memory, and no
// message is longer than a person reads.
func TestHostileFilesAreLoadedOrRefusedWithinBounds(t *testing.T) {
	long := strings.Repeat("\x1b[2Jx", 1<<17)
	deep := any(map[string]any{"type": "NFC"})
	for range 60 {
		deep = sequence("normalizers", deep)
	}
	split := func(pattern string) string { return hostile{"pre_tokenizer": splitting(pattern)}.text(t) }
	for _, c := range []struct {
		name, text string
		refused    bool
	}{
		{"an id of 2^31", wordLevel(`{"a":2147483648}`), true},
		{"an id of 2^22", wordLevel(`{"a":4194303}`), true},
		{"a token of a megabyte", wordLevel(`{"` + strings.Repeat("a", 1<<20) + `":0}`), true},
		{"a piece of a megabyte", hostile{"model": unigram(strings.Repeat("a", 1<<20))}.text(t), true},
		{"a prefix of a megabyte", hostile{"model": map[string]any{"type": "BPE", "continuing_subword_prefix": strings.Repeat("a", 1<<20), "vocab": letters, "merges": []string{}}}.text(t), true},
		{"seventeen post-processors", hostile{"post_processor": sequence("processors", repeat(template(1, 1), 18)...)}.text(t), true},
		{"stages", hostile{"pre_tokenizer": sequence("pretokenizers", repeat(map[string]any{"type": "UnicodeScripts"}, 65)...)}.text(t), true},
		{"components", hostile{"normalizer": sequence("normalizers", repeat(map[string]any{"type": "NFC"}, 1100)...)}.text(t), true},
		{"a template of four thousand tokens and more", hostile{"post_processor": template(5000, 1)}.text(t), true},
		{"a template of five texts", hostile{"post_processor": template(1, 5)}.text(t), true},
		{"sequences in sequences", hostile{"normalizer": deep}.text(t), true},
		{"a pattern of repetitions", split("(a{1000}){1000}"), false},
		{"a pattern of optional repetitions", split("((a?){1000}){1000}"), false},
		{"a pattern of a huge repetition", split("a{2147483647}"), false},
		{"a pattern of edges", split(strings.Repeat(`\b`, 8000)), true},
		{"a pattern of classes", split(strings.Repeat(`\w`, 8000)), true},
		{"a class of classes", split("[" + strings.Repeat(`\w`, 8000) + "]"), false},
		{"a class of nested classes", split("[" + strings.Repeat(`[\w]`, 4000) + "]"), false},
		{"a class of intersections", split("[" + strings.Repeat(`\w&&`, 4000) + "a]"), false},
		{"a long pattern", split(strings.Repeat("a", 1<<20)), true},
		{"a pattern of atoms", split(strings.Repeat("(a", 1000) + strings.Repeat(")++", 1000)), false},
		{"many patterns", hostile{"normalizer": sequence("normalizers", manyPatterns(500)...)}.text(t), false},
		{"many patterns of edges", hostile{"normalizer": sequence("normalizers", repeat(replacing(regex(`\b\b\b\b`), ""), 1000)...)}.text(t), false},
		{"empty components", `{"normalizer":{"type":"Sequence","normalizers":[` + strings.Repeat("{},", 300000) + `{}]},"model":{}}`, true},
		{"empty decoders", `{"decoder":{"type":"Sequence","decoders":[` + strings.Repeat(`{"type":"Fuse"},`, 60000) + `{"type":"Fuse"}]},"model":{}}`, true},
		{"empty templates", `{"post_processor":{"type":"TemplateProcessing","single":[` + strings.Repeat("{},", 300000) + `{}],"pair":[],"special_tokens":{}},"model":{}}`, true},
		{"empty added tokens", hostile{"added_tokens": repeat(map[string]any{}, 100000)}.text(t), false},
		{"many added tokens", hostile{"added_tokens": manyTokens(15000)}.text(t), false},
		{"empty merges", `{"model":{"type":"BPE","vocab":{"a":0},"merges":[` + strings.Repeat("[],", 300000) + `[]]}}`, true},
		{"brackets", strings.Repeat("[", 1<<20), true},
		{"objects", strings.Repeat(`{"a":`, 1<<18), true},
		{"a long number", hostile{}.text(t)[:1] + `"truncation":{"direction":"Left","max_length":1` + strings.Repeat("0", 1<<20) + `,"strategy":"LongestFirst","stride":0}}`, true},
		{"a long type", `{"normalizer":{"type":"` + strings.Repeat("a", 1<<20) + `"},"model":{}}`, true},
		{"a long field", `{"` + strings.Repeat("a", 1<<20) + `":1}`, true},
		{"a merge of a long token", `{"model":{"type":"BPE","vocab":{"a":0},"merges":["a ` + strings.Repeat("b", 1<<20) + `"]}}`, true},
		{"a text of a long name", `{"post_processor":{"type":"TemplateProcessing","single":[{"Sequence":{"id":"` + strings.Repeat("a", 1<<20) + `","type_id":0}}],"pair":[],"special_tokens":{}},"model":{}}`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && strings.HasPrefix(c.name, "a class of") {
				t.Skip("SKIPPED: it takes a second")
			}
			texts := []string{c.text}
			if other := strings.ReplaceAll(c.text, strings.Repeat("a", 1<<20), long); other != c.text {
				texts = append(texts, other)
			}
			for _, text := range texts {
				err := within(t, "load", 320<<20, func() error { _, err := loadText(t, text); return err })
				if c.refused != (err != nil) {
					t.Errorf("got error %v", err)
				}
				if err != nil && strings.ContainsAny(err.Error(), "\x1b\x07\r\n") {
					t.Errorf("the message has control characters: %q", err)
				}
			}
		})
	}
}

func TestOnlyRegularFilesOfSomeSizeAreRead(t *testing.T) {
	large := strings.Repeat(" ", 17<<20)
	for name, files := range map[string]fstest.MapFS{
		"a folder":               {"m/tokenizer.json/x": {Data: []byte("{}")}},
		"a folder beside it":     {"m/tokenizer.json": {Data: []byte(tiny)}, "m/tokenizer_config.json/x": {}},
		"a pipe":                 {"m/tokenizer.json": {Mode: os.ModeNamedPipe}},
		"a device beside it":     {"m/tokenizer.json": {Data: []byte(tiny)}, "m/chat_template.jinja": {Mode: os.ModeDevice}},
		"a large file beside it": {"m/tokenizer.json": {Data: []byte(tiny)}, "m/special_tokens_map.json": {Data: []byte(large)}},
	} {
		_, err := tokenizer.LoadFS(files, "m")
		if err == nil || !strings.HasPrefix(err.Error(), "tokenizer: ") {
			t.Errorf("%s: got error %v", name, err)
		}
		var special *storage.NotRegularError
		if large := strings.Contains(name, "large"); errors.As(err, &special) == large {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

func TestMessagesHaveNoEscapeSequences(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a\x1b[2Jb\x07.json")
	if err := os.WriteFile(name, []byte("{"), 0o600); err != nil {
		t.Skipf("SKIPPED: the system has no such names: %v", err)
	}
	_, err := tokenizer.Load(name)
	var format *tokenizer.FormatError
	if !errors.As(err, &format) || strings.ContainsAny(err.Error(), "\x1b\x07") || !strings.Contains(err.Error(), `a\x1b[2Jb`) {
		t.Errorf("got error %q", err)
	}
}

func TestHostileDecodersAreBounded(t *testing.T) {
	grow := replacing(literal("a"), strings.Repeat("a", 1<<18))
	double := replacing(literal("a"), "aa")
	for _, c := range []struct {
		name    string
		decoder any
	}{
		{"a Replace", grow},
		{"Replaces that double", sequence("decoders", repeat(double, 900)...)},
		{"a Replace of a pattern", replacing(regex("[ab]"), strings.Repeat("a", 1<<18))},
		{"spaces between characters", sequence("decoders", append(repeat(map[string]any{"type": "BPEDecoder", "suffix": ""}, 900), map[string]any{"type": "Fuse"})...)},
		{"a pattern that backtracks", sequence("decoders", map[string]any{"type": "Fuse"}, replacing(regex("(a|aa)+$"), "b"))},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok, err := loadText(t, hostile{"decoder": c.decoder}.text(t))
			if err != nil {
				t.Fatal(err)
			}
			ids := append(make([]int, 0, 101), 2)
			for range 100 {
				ids = append(ids, 1)
			}
			ids = append(ids, 2)
			err = within(t, "decode", 256<<20, func() error { _, err := tok.DecodeContext(context.Background(), ids, false); return err })
			if !errors.Is(err, tokenizer.ErrTooLarge) {
				t.Errorf("got error %v", err)
			}
			within(t, "Decode", 256<<20, func() error {
				if text := tok.Decode(ids, false); len(text) > 1<<21 {
					t.Errorf("got %d bytes", len(text))
				}
				return nil
			})
			within(t, "stream", 256<<20, func() error {
				d := tok.NewDecoder(false)
				for range 2 {
					d.Next(2)
				}
				return nil
			})
		})
	}
}

func TestAPieceOrAPatternTakesSixteenMegabytes(t *testing.T) {
	text := strings.Repeat("ab", 17<<19)
	for name, file := range map[string]hostile{
		"Unigram": {"model": unigram("a", "b")},
		"BPE":     {},
		"bytes":   {"pre_tokenizer": map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}, "model": map[string]any{"type": "BPE", "vocab": letters, "merges": []string{}}},
		"pattern": {"pre_tokenizer": splitting("a+x?")},
	} {
		tok, err := loadText(t, file.text(t))
		if err != nil {
			t.Fatal(name, err)
		}
		if _, err := tok.Encode(text, false); !errors.Is(err, tokenizer.ErrTooLarge) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	files := fstest.MapFS{"m/tokenizer.model": {Data: pieceModel(2, nil, "ab")}}
	tok, err := tokenizer.LoadFS(files, "m")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tok.Encode(text, false); !errors.Is(err, tokenizer.ErrTooLarge) {
		t.Errorf("pieces: got error %v", err)
	}
}

func TestTextsOfManyLongTokensEnd(t *testing.T) {
	tok, err := loadText(t, wordLevel(`{"`+strings.Repeat("a", 16000)+`":0,"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]int, 20000) // of 320 MB
	if _, err := tok.DecodeContext(t.Context(), ids, false); !errors.Is(err, tokenizer.ErrTooLarge) {
		t.Errorf("got error %v", err)
	}
	if text := tok.Decode(ids, false); len(text) > 80<<20 || len(text) < 1<<20 {
		t.Errorf("got %d bytes", len(text))
	}
}

// pieceModel is a SentencePiece file of a model with user pieces and a table.
func pieceModel(model uint64, table []byte, pieces ...string) []byte {
	message := func(dst []byte, field protowire.Number, body []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(dst, field, protowire.BytesType), body)
	}
	piece := func(text string, kind uint64) []byte {
		b := message(nil, 1, []byte(text))
		b = protowire.AppendFixed32(protowire.AppendTag(b, 2, protowire.Fixed32Type), math.Float32bits(-1))
		return protowire.AppendVarint(protowire.AppendTag(b, 3, protowire.VarintType), kind)
	}
	out := message(nil, 1, piece("<unk>", 2))
	for _, kind := range []string{"a", "b", "▁"} {
		out = message(out, 1, piece(kind, 1))
	}
	for i, p := range pieces {
		kind := uint64(1)
		if i%2 == 1 {
			kind = 4
		}
		out = message(out, 1, piece(p, kind))
	}
	out = message(out, 2, protowire.AppendVarint(protowire.AppendTag(nil, 3, protowire.VarintType), model))
	return message(out, 3, message(nil, 2, table))
}

// chain is a table that has one long run of a letter for its only key.
func chain(n int) []byte {
	data := binary.LittleEndian.AppendUint32(nil, uint32(4*(n+1)*256))
	all := make([]uint32, (n+1)*256)
	all[0] = 256 << 10
	at := uint32(256)
	for range n {
		next := (at ^ 'a') ^ (at + 256)
		if next >= 1<<21 {
			break
		}
		all[at^'a'] = next<<10 | 'a'
		at += 256
	}
	for _, unit := range all {
		data = binary.LittleEndian.AppendUint32(data, unit)
	}
	return append(data, 'b', 0)
}

func TestHostilePiecesAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: each case works until its bound, some for seconds")
	}
	text := strings.Repeat("a", 1<<18)
	for _, c := range []struct {
		name    string
		model   uint64
		table   []byte
		pieces  []string
		refused bool
	}{
		{"Unigram with nested pieces", 1, nil, nested("", "a", 1, 1000)[2:], true},
		{"BPE with nested pieces", 2, nil, nested("", "a", 7, 700)[1:], false},
		{"words", 3, nil, nested("▁", "a", 50, 4000), false},
		{"characters with user pieces", 4, nil, []string{"ab", strings.Repeat("a", 4000) + "b", "abc", strings.Repeat("a", 3999) + "b"}, true},
		{"a table with a long key", 4, chain(4000), []string{"aa"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := fstest.MapFS{"m/tokenizer.model": {Data: pieceModel(c.model, c.table, c.pieces...)}}
			var tok *tokenizer.Tokenizer
			err := within(t, "load", 256<<20, func() (err error) { tok, err = tokenizer.LoadFS(files, "m"); return err })
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range []string{text, text[:40]} {
				err := within(t, fmt.Sprintf("encode %d", len(part)), 256<<20, func() error { _, err := tok.Encode(part, true); return err })
				if c.refused && len(part) == len(text) && !errors.Is(err, tokenizer.ErrTooLarge) {
					t.Errorf("got error %v", err)
				}
				within(t, "encode with offsets", 512<<20, func() error { _, err := tok.EncodeWithOffsets(part, true); return err })
			}
		})
	}
}

// Twice the text takes about twice the work. What is measured is the time, and
// the bound is that of an algorithm far from linear.
func TestWorkGrowsWithTheTextAndNotFaster(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: each case works until its bound, some for seconds")
	}
	for _, c := range []struct {
		name string
		file hostile
		unit string
	}{
		{"WordPiece", hostile{"model": wordPiece(1e9, append(nested("##", "a", 5000, 5000), "a")...)}, "a"},
		{"Unigram", hostile{"model": unigram("a", "aa", "b")}, "a"},
		{"BPE", hostile{"model": map[string]any{"type": "BPE", "vocab": runs(12), "merges": runMerges(12)}}, "a"},
		{"marks", hostile{"normalizer": map[string]any{"type": "NFC"}}, "\u0301\u0327"},
		{"a table", hostile{"normalizer": charsMap("b")}, "a"},
		{"added tokens", hostile{"added_tokens": []any{map[string]any{"id": 9, "content": "ab", "lstrip": true}}}, "ab "},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok, err := loadText(t, c.file.text(t))
			if err != nil {
				t.Fatal(err)
			}
			spent := func(n int) time.Duration {
				best := time.Hour
				for range 3 {
					began := time.Now()
					if _, err := tok.EncodeWithOffsets(strings.Repeat(c.unit, n), false); err != nil {
						t.Fatal(err)
					}
					best = min(best, time.Since(began))
				}
				return best
			}
			small, large := spent(1<<13), spent(1<<18)
			if large > 32*10*small+time.Second {
				t.Errorf("%v for a text 32 times as long as one of %v", large, small)
			}
		})
	}
}
