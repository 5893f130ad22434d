package generate_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gocoreml/coreml/generate"
)

// benchSequence reads 1,000 tokens with a model of COREML_FIXTURES.
func benchSequence(b *testing.B) (*generate.Generator, *generate.Sequence, time.Duration) {
	b.Helper()
	dir := os.Getenv("COREML_FIXTURES")
	if dir == "" {
		b.Skipf("SKIPPED: %s needs smollm2 of COREML_FIXTURES", b.Name())
	}
	g, err := generate.Open(b.Context(), filepath.Join(dir, "smollm2", "model.mlpackage"), &generate.Config{NoTokenizer: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { g.Close() })
	s, err := g.NewSequence(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	ids := make([]int, 1000)
	for i := range ids {
		ids[i] = 100 + i*37%4000
	}
	start := time.Now()
	if _, err := s.Append(b.Context(), ids); err != nil {
		b.Fatal(err)
	}
	return g, s, time.Since(start)
}

// BenchmarkFork measures the fork of a sequence of 1,000 tokens, and what part it is of
// the time that these took.
func BenchmarkFork(b *testing.B) {
	_, s, prefill := benchSequence(b)
	for b.Loop() {
		f, err := s.Fork(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(100*b.Elapsed().Seconds()/float64(b.N)/prefill.Seconds(), "%-of-prefill")
	b.ReportMetric(prefill.Seconds()*1000, "prefill-ms")
}

// BenchmarkSave and BenchmarkRestore measure the way to a file of memory and back.
func BenchmarkSave(b *testing.B) {
	_, s, _ := benchSequence(b)
	size := 0
	for b.Loop() {
		var file bytes.Buffer
		if err := s.Save(b.Context(), &file); err != nil {
			b.Fatal(err)
		}
		size = file.Len()
	}
	b.ReportMetric(float64(size)/(1<<20), "MiB")
}

func BenchmarkRestore(b *testing.B) {
	g, s, _ := benchSequence(b)
	var file bytes.Buffer
	if err := s.Save(b.Context(), &file); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		r, err := g.RestoreSequence(b.Context(), bytes.NewReader(file.Bytes()), nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSecondTurn measures the time to the first token of 20 tokens more, after 250
// and after 1,000 tokens. They differ by what attention looks at alone.
func BenchmarkSecondTurn(b *testing.B) {
	_, s, prefill := benchSequence(b)
	more := make([]int, 20)
	for i := range more {
		more[i] = 500 + i
	}
	for _, past := range []int{1000, 250} {
		b.Run(map[int]string{1000: "after=1000", 250: "after=250"}[past], func(b *testing.B) {
			for b.Loop() {
				if err := s.Truncate(past); err != nil {
					b.Fatal(err)
				}
				if _, err := s.Append(b.Context(), more); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(100*b.Elapsed().Seconds()/float64(b.N)/prefill.Seconds(), "%-of-prefill")
		})
	}
}
