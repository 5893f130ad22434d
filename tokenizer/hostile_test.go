package tokenizer_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/tokenizer"
)

// The files in these tests are as a stranger could write them: each is loaded,
// and then meets a text. Either may be refused, but by an error of this package,
// with memory and time that the size of the file and of the text explain.

// hostile is a tokenizer.json made of a base with some sections in the place of
// its own.
type hostile map[string]any

// letters is a vocabulary of the letters a and b, their bytes, a mark and an
// unknown token.
var letters = map[string]int{"<unk>": 0, "a": 1, "b": 2, "▁": 3, "x": 4, "##a": 5, " ": 6, "Ġ": 7}

func (h hostile) text(t testing.TB) string {
	t.Helper()
	file := map[string]any{"model": map[string]any{"type": "BPE", "unk_token": "<unk>", "vocab": letters, "merges": []string{}}}
	for name, section := range h {
		file[name] = section
	}
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func sequence(list string, parts ...any) map[string]any {
	return map[string]any{"type": "Sequence", list: parts}
}

func repeat(part any, n int) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = part
	}
	return out
}

func literal(s string) map[string]any { return map[string]any{"String": s} }
func regex(s string) map[string]any   { return map[string]any{"Regex": s} }

func replacing(pattern map[string]any, content string) map[string]any {
	return map[string]any{"type": "Replace", "pattern": pattern, "content": content}
}

// charsMap is a table that replaces the letter a by a text.
func charsMap(with string) map[string]any {
	const root, at, leaf = 0, 'a' ^ 256, 'a' ^ 256 ^ 512
	units := make([]uint32, 1024)
	units[root] = 256 << 10
	units[at] = 512<<10 | 1<<8 | 'a'
	units[leaf] = 1 << 31
	data := binary.LittleEndian.AppendUint32(nil, uint32(4*len(units)))
	for _, unit := range units {
		data = binary.LittleEndian.AppendUint32(data, unit)
	}
	data = append(append(data, with...), 0)
	return map[string]any{"type": "Precompiled", "precompiled_charsmap": base64.StdEncoding.EncodeToString(data)}
}

func unigram(pieces ...string) map[string]any {
	vocab := [][]any{{"<unk>", -20.0}}
	for i, p := range pieces {
		vocab = append(vocab, []any{p, -1 - float64(i%7)})
	}
	return map[string]any{"type": "Unigram", "unk_id": 0, "vocab": vocab}
}

func wordPiece(most int, pieces ...string) map[string]any {
	vocab := map[string]int{"[UNK]": 0}
	for _, p := range pieces {
		vocab[p] = len(vocab)
	}
	return map[string]any{
		"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": most, "vocab": vocab,
	}
}

// nested returns the runs of a letter of the lengths step, 2·step … most.
func nested(before, letter string, step, most int) []string {
	out := []string{before + letter}
	for n := step; n <= most; n += step {
		out = append(out, before+strings.Repeat(letter, n))
	}
	return out
}

// within runs f and reports the memory that it took and how long. It fails the
// test on an error that is none of this package's.
func within(t *testing.T, what string, memory uint64, f func() error) error {
	t.Helper()
	memory *= raceFactor
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	err := f()
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	took = took.Round(time.Millisecond)
	got := after.TotalAlloc - before.TotalAlloc
	if os.Getenv("SHOW") != "" {
		fmt.Printf("%-70s %-22s %6d MiB %8v sys %d  %.80v\n", t.Name(), what, got>>20, took, after.Sys>>20, err)
	}
	if got > memory {
		t.Errorf("%s took %d MiB", what, got>>20)
	}
	if took > 30*time.Second {
		t.Errorf("%s took %v", what, took)
	}
	var format *tokenizer.FormatError
	var unsupported *tokenizer.UnsupportedError
	if err != nil && !errors.Is(err, tokenizer.ErrTooLarge) && !errors.As(err, &format) && !errors.As(err, &unsupported) {
		t.Errorf("%s: got error %v", what, err)
	}
	if err != nil && len(err.Error()) > 1000 {
		t.Errorf("%s: an error of %d bytes", what, len(err.Error()))
	}
	return err
}
