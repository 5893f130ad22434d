package tokenizer_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/tokenizer"
)

// fixture loads the tokenizer of a fixture.
func fixture(t testing.TB, name string) *tokenizer.Tokenizer {
	t.Helper()
	dir := os.Getenv("COREML_FIXTURES")
	if dir == "" {
		t.Skipf("needs COREML_FIXTURES, which is not set")
	}
	tok, err := tokenizer.Load(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// fixtureAlone is fixture with the components of tokenizer.json.
func fixtureAlone(t testing.TB, name string) *tokenizer.Tokenizer {
	t.Helper()
	fixture(t, name)
	keep := tokenizer.Loader{KeepComponents: true}
	tok, err := keep.Load(filepath.Join(os.Getenv("COREML_FIXTURES"), name))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestStorytellerIsExact(t *testing.T) {
	tok, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		t.Fatal(err)
	}
	checkGolden(t, tok, "testdata/storyteller.jsonl.gz", nil)
}

func TestSmolLM2IsExact(t *testing.T) {
	// The answers are those of the tokenizers library.
	checkGolden(t, fixtureAlone(t, "smollm2"), "testdata/smollm2.jsonl.gz", nil)
}

func TestGenerationsOfTheFixturesTokenizeAsRecorded(t *testing.T) {
	for _, name := range []string{"smollm2", "storyteller"} {
		t.Run(name, func(t *testing.T) {
			tok := fixture(t, name)
			data, err := os.ReadFile(filepath.Join(os.Getenv("COREML_FIXTURES"), name, "generation.json"))
			if err != nil {
				t.Fatal(err)
			}
			var runs []struct {
				Prompt string
				IDs    []int
				Greedy []int
				Text   string
			}
			if err := json.Unmarshal(data, &runs); err != nil {
				t.Fatal(err)
			}
			for _, r := range runs {
				got, err := tok.Encode(r.Prompt, true)
				if err != nil || !slices.Equal(got, r.IDs) {
					t.Errorf("%q: got %v (%v), want %v", r.Prompt, got, err, r.IDs)
				}
				if text := tok.Decode(r.Greedy, true); r.Text != "" && text != r.Text {
					t.Errorf("got %q, want %q", text, r.Text)
				}
				d := tok.NewDecoder(true)
				text := ""
				for _, id := range r.Greedy {
					text += d.Next(id)
				}
				if text += d.Flush(); text != tok.Decode(r.Greedy, true) {
					t.Errorf("the stream gives %q, want %q", text, tok.Decode(r.Greedy, true))
				}
			}
		})
	}
}

func TestSmolLM2HasItsChatTemplate(t *testing.T) {
	tok := fixture(t, "smollm2")
	if !tok.HasChatTemplate() {
		t.Fatal("no chat template")
	}
	got, err := tok.ApplyChatTemplate(t.Context(), []tokenizer.Message{{Role: "user", Content: "Hi"}}, &tokenizer.ChatOptions{AddGenerationPrompt: true})
	want := "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n" +
		"<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
	if err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	c := tok.Config()
	if c.EOSToken != "<|im_end|>" || c.BOSToken != "<|im_start|>" || c.ModelMaxLength != 8192 {
		t.Errorf("got %+v", c)
	}
}

func BenchmarkEncode(b *testing.B) {
	data, err := os.ReadFile(reference(b, "bench_docs.json"))
	if err != nil {
		b.Fatal(err)
	}
	var docs []string
	if err := json.Unmarshal(data, &docs); err != nil {
		b.Fatal(err)
	}
	size := 0
	for _, d := range docs {
		size += len(d)
	}
	tok := fixture(b, "smollm2")
	b.SetBytes(int64(size))
	var ids []int
	for b.Loop() {
		for _, d := range docs {
			if ids, err = tok.AppendEncode(ids[:0], d, false); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	fixture(b, "smollm2")
	dir := filepath.Join(os.Getenv("COREML_FIXTURES"), "smollm2")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tokenizer.Load(dir); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFolder encodes the texts of COREML_BENCH_DOCS with the tokenizer in
// COREML_BENCH_TOKENIZER, decodes the ids, and loads the tokenizer; make
// bench-tokenizer runs it beside the reference.
func BenchmarkFolder(b *testing.B) {
	dir, docsPath := os.Getenv("COREML_BENCH_TOKENIZER"), os.Getenv("COREML_BENCH_DOCS")
	if dir == "" || docsPath == "" {
		b.Skipf("SKIPPED: %s needs COREML_BENCH_TOKENIZER and COREML_BENCH_DOCS", b.Name())
	}
	data, err := os.ReadFile(docsPath)
	if err != nil {
		b.Fatal(err)
	}
	var docs []string
	if err := json.Unmarshal(data, &docs); err != nil {
		b.Fatal(err)
	}
	var tok *tokenizer.Tokenizer
	b.Run("load", func(b *testing.B) {
		tok = nil
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		cpuPerOp(b, func() {
			if tok, err = tokenizer.Load(dir); err != nil {
				b.Fatal(err)
			}
		})
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/1e6, "live-MB")
	})
	if tok, err = tokenizer.Load(dir); err != nil {
		b.Fatal(err)
	}
	all := make([][]int, len(docs))
	b.Run("encode", func(b *testing.B) {
		cpuPerOp(b, func() {
			for i, d := range docs {
				if all[i], err = tok.AppendEncode(all[i][:0], d, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("decode", func(b *testing.B) {
		size := 0
		cpuPerOp(b, func() {
			for _, ids := range all {
				size += len(tok.Decode(ids, false))
			}
		})
		if size == 0 {
			b.Error("nothing was decoded")
		}
	})
}

// cpuPerOp reports the CPU seconds that f takes.
func cpuPerOp(b *testing.B, f func()) {
	b.Helper()
	start := cpuTime(b)
	for b.Loop() {
		f()
	}
	b.ReportMetric((cpuTime(b)-start).Seconds()/float64(b.N), "cpu-s/op")
}

// cpuTime returns the processor time of the process where the system tells it,
// and the time of day elsewhere.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	data, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return time.Duration(time.Now().UnixNano())
	}
	// The fields behind the name in brackets; user and system time are the
	// 12th and 13th of them, in hundredths of a second.
	_, rest, _ := strings.Cut(string(data), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		b.Fatalf("/proc/self/stat has %d fields", len(fields))
	}
	var total time.Duration
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			b.Fatal(err)
		}
		total += time.Duration(n) * 10 * time.Millisecond
	}
	return total
}
