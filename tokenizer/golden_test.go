package tokenizer_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/tokenizer"
)

// reference returns a path in the folder of expected answers, which lies
// beside the fixtures.
func reference(t testing.TB, parts ...string) string {
	t.Helper()
	fixtures := os.Getenv("COREML_FIXTURES")
	if fixtures == "" {
		t.Skipf("needs COREML_FIXTURES, which is not set")
	}
	path := filepath.Join(append([]string{fixtures, "..", "tokenizers"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED: %s: %v", t.Name(), err)
	}
	return path
}

// golden is one record: the encoding of a text, or the decoding of random ids.
type golden struct {
	Index   *int              `json:"i"`
	Text    *string           `json:"t"`
	IDs     []int             `json:"ids"`
	Affixes [][]int           `json:"sp"`
	Special []int             `json:"ids_sp"`
	Offsets []int             `json:"off"`
	Decoded json.RawMessage   `json:"dec"`
	Full    json.RawMessage   `json:"dec_sp"`
	Random  []int             `json:"d"`
	Skipped *string           `json:"a"`
	Kept    *string           `json:"b"`
	Stream  []json.RawMessage `json:"st"`
	StreamS []json.RawMessage `json:"st_skip"`
}

// tally counts the checks of one kind.
type tally struct{ pass, total int }

func (c *tally) check(t *testing.T, ok bool, format string, args ...any) {
	c.total++
	if ok {
		c.pass++
		return
	}
	if c.total-c.pass <= 3 {
		t.Errorf(format, args...)
	}
}

// most are the bytes of the largest tokenizer.json that tests load with -short: to
// load one of two hundred thousand tokens takes longer than all they do with it.
const most = 3 << 20

// tooLarge skips a test of a file that takes long to load where time is short.
func tooLarge(t *testing.T, file string) {
	t.Helper()
	if info, err := os.Stat(file); testing.Short() && err == nil && info.Size() > most {
		t.Skipf("SKIPPED: %s: a tokenizer of %d MB takes long to load", t.Name(), info.Size()>>20)
	}
}

// every returns n with -short and 1 without: one of so many cases is looked at.
func every(n int) int {
	if testing.Short() {
		return n
	}
	return 1
}

func TestEveryGoldenIsExact(t *testing.T) {
	var corpus []string
	testutil.EachLine(t, reference(t, "golden", "corpus.jsonl.gz"), func(line []byte) {
		var r struct {
			T string `json:"t"`
		}
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		corpus = append(corpus, r.T)
	})
	files, err := filepath.Glob(reference(t, "golden") + "/*.jsonl.gz")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".jsonl.gz")
		if name == "corpus" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			tok := loadModel(t, name)
			checkGolden(t, tok, file, corpus)
		})
	}
}

// loadModel loads a model's tokenizer.json, skipping those that cannot be had. The answers
// are those of the tokenizers library, which knows no file beside it: T5's asks there for
// spaces to be taken out of what is decoded.
func loadModel(t *testing.T, name string) *tokenizer.Tokenizer {
	t.Helper()
	dir := filepath.Join(reference(t, "models"), name)
	if extra := os.Getenv("COREML_TOKENIZERS"); extra != "" {
		if _, err := os.Stat(filepath.Join(extra, name)); err == nil {
			dir = filepath.Join(extra, name)
		}
	}
	tooLarge(t, filepath.Join(dir, "tokenizer.json"))
	data, err := os.ReadFile(filepath.Join(dir, "tokenizer.json"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("SKIPPED: %s: its tokenizer may not be redistributed; put it under COREML_TOKENIZERS", t.Name())
	}
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.LoadFS(fstest.MapFS{"tokenizer.json": {Data: data}}, ".")
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func checkGolden(t *testing.T, tok *tokenizer.Tokenizer, file string, corpus []string) {
	t.Helper()
	var ids, special, offsets, traced, decoded, full, random, stream tally
	n, step := 0, every(12)
	testutil.EachLine(t, file, func(line []byte) {
		if n++; n%step != 0 {
			return
		}
		var r golden
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		if r.Random != nil {
			got := tok.Decode(r.Random, true)
			random.check(t, got == *r.Skipped, "decode %v skipping: got %q, want %q", r.Random, got, *r.Skipped)
			got = tok.Decode(r.Random, false)
			random.check(t, got == *r.Kept, "decode %v: got %q, want %q", r.Random, got, *r.Kept)
			checkStream(t, &stream, tok.NewDecoder(false), r.Random, r.Stream)
			checkStream(t, &stream, tok.NewDecoder(true), r.Random, r.StreamS)
			return
		}
		text := ""
		if r.Text != nil {
			text = *r.Text
		} else {
			text = corpus[*r.Index]
		}
		got, err := tok.Encode(text, false)
		ids.check(t, err == nil && slices.Equal(got, r.IDs), "encode %q: got %v (%v), want %v", text, got, err, r.IDs)
		want := r.Special
		if r.Affixes != nil {
			want = slices.Concat(r.Affixes[0], r.IDs, r.Affixes[1])
		} else if want == nil {
			want = r.IDs
		}
		got, err = tok.Encode(text, true)
		special.check(t, err == nil && slices.Equal(got, want), "encode %q with special tokens: got %v (%v), want %v", text, got, err, want)
		e, err := tok.EncodeWithOffsets(text, false)
		if err != nil {
			t.Fatalf("encode %q with offsets: %v", text, err)
		}
		traced.check(t, slices.Equal(e.IDs, r.IDs), "encode %q with offsets: got %v, want %v", text, e.IDs, r.IDs)
		if r.Offsets != nil || len(r.IDs) == 0 {
			flat := make([]int, 0, 2*len(e.Offsets))
			for _, o := range e.Offsets {
				flat = append(flat, o.Start, o.End)
			}
			offsets.check(t, slices.Equal(flat, r.Offsets), "offsets of %q: got %v, want %v (%q)", text, flat, r.Offsets, e.Tokens)
		}
		whole, err := tok.EncodeWithOffsets(text, true)
		traced.check(t, err == nil && slices.Equal(whole.IDs, want), "encode %q with offsets and special tokens: got %v (%v), want %v", text, whole, err, want)
		wantText := text
		if string(r.Decoded) != "true" {
			wantText = unquote(t, r.Decoded)
		}
		out := tok.Decode(r.IDs, true)
		decoded.check(t, out == wantText, "decode %v: got %q, want %q", r.IDs, out, wantText)
		if r.Full != nil {
			wantText = unquote(t, r.Full)
		}
		out = tok.Decode(want, false)
		full.check(t, out == wantText, "decode %v with special tokens: got %q, want %q", want, out, wantText)
		if r.Stream != nil {
			checkStream(t, &stream, tok.NewDecoder(false), r.IDs, r.Stream)
		}
	})
	for _, c := range []struct {
		name string
		tally
	}{{"ids", ids}, {"special", special}, {"offsets", offsets}, {"traced", traced}, {"decode", decoded}, {"decode_special", full}, {"random", random}, {"stream", stream}} {
		t.Logf("%s %d/%d", c.name, c.pass, c.total)
		if c.total == 0 && c.name == "ids" {
			t.Errorf("%s: nothing was compared", c.name)
		}
		if c.pass != c.total {
			t.Errorf("%s: %d of %d are right", c.name, c.pass, c.total)
		}
	}
}

// checkStream compares the chunks of a stream. The reference fails in the
// middle of some streams; nothing is required from there on.
func checkStream(t *testing.T, count *tally, d *tokenizer.Decoder, ids []int, want []json.RawMessage) {
	t.Helper()
	for i, w := range want {
		got := d.Next(ids[i])
		if len(w) > 0 && w[0] == '{' {
			return
		}
		text := ""
		if string(w) != "null" {
			text = unquote(t, w)
		}
		if got != text {
			count.check(t, false, "stream %v: token %d: got %q, want %q", ids, i, got, text)
			return
		}
	}
	count.check(t, true, "")
}

func unquote(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return s
}
