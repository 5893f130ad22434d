package generate_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gocoreml/coreml/generate"
)

// benchSmol opens SmolLM2 of COREML_FIXTURES.
func benchSmol(b *testing.B, c generate.Config) *generate.Generator {
	b.Helper()
	dir := os.Getenv("COREML_FIXTURES")
	if dir == "" {
		b.Skipf("SKIPPED: %s needs smollm2 of COREML_FIXTURES", b.Name())
	}
	g, err := generate.Open(b.Context(), filepath.Join(dir, "smollm2", "model.mlpackage"), &c)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { g.Close() })
	return g
}

// longPrompt returns n tokens that begin with a number of their own.
func longPrompt(first, n int) []int {
	ids := make([]int, n)
	for i := range ids {
		ids[i] = 100 + (first+i)*37%4000
	}
	return ids
}

// firstTokenOf returns the time from the call to the first token.
func firstTokenOf(ctx context.Context, b *testing.B, g *generate.Generator, ids []int) (took time.Duration, cached int) {
	b.Helper()
	r, err := generate.Collect(g.StreamTokens(ctx, ids, &generate.Options{MaxTokens: 1, Sampling: &generate.Sampling{}}))
	if err != nil {
		b.Fatal(err)
	}
	return r.Stats.FirstToken, r.Stats.CachedTokens
}

// BenchmarkShortPromptBehindLongOnes measures the time to the first token of 8 tokens
// while eight prompts of 1,000 are read, beside that of the 8 by themselves and that of a
// chunk of 128: it waits for the chunk that is being read, and no more.
func BenchmarkShortPromptBehindLongOnes(b *testing.B) {
	const long = 8
	g := benchSmol(b, generate.Config{MaxStates: long + 2})
	short := longPrompt(7777, 8)
	chunk, _ := firstTokenOf(b.Context(), b, g, longPrompt(9, generate.DefaultPrefillChunk))
	alone, _ := firstTokenOf(b.Context(), b, g, short)
	var times []time.Duration
	for b.Loop() {
		ctx, cancel := context.WithCancel(b.Context())
		var wg sync.WaitGroup
		for i := range long {
			wg.Go(func() {
				_, err := generate.Collect(g.StreamTokens(ctx, longPrompt(100*i, 1000), &generate.Options{MaxTokens: 1}))
				if err != nil && !errors.Is(err, context.Canceled) {
					b.Error(err)
				}
			})
		}
		for g.Stats().WaitingPrompts < long-1 {
			time.Sleep(100 * time.Microsecond)
		}
		time.Sleep(chunk / 2) // in the midst of a chunk
		took, _ := firstTokenOf(b.Context(), b, g, short)
		times = append(times, took)
		cancel()
		wg.Wait()
	}
	slices.Sort(times)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(alone.Seconds()*1000, "alone-ms")
	b.ReportMetric(chunk.Seconds()*1000, "chunk-ms")
	b.ReportMetric(times[len(times)/2].Seconds()*1000, "median-ms")
	b.ReportMetric(times[len(times)-1].Seconds()*1000, "worst-ms")
}

// BenchmarkReuse measures the time to the first token of 1,020 tokens: of which none are
// known, of which 1,000 are in a state that is handed over, and in one that is copied.
func BenchmarkReuse(b *testing.B) {
	g := benchSmol(b, generate.Config{MaxStates: 1, IdleStates: 3, ReuseStates: true})
	system := longPrompt(5, 1000)
	n := 0
	ask := func(beginning []int) (time.Duration, int, []int) {
		n += 50
		ids := append(slices.Clone(beginning), longPrompt(3000+n, 20)...)
		took, cached := firstTokenOf(b.Context(), b, g, ids)
		return took, cached, ids
	}
	fresh, _, talk := ask(system)
	var handed, copied time.Duration
	rounds := 0
	for b.Loop() {
		var took time.Duration
		var cached int
		if took, cached, _ = ask(talk); cached < len(talk) {
			b.Fatalf("%d tokens were cached", cached)
		}
		handed += took
		// Another conversation, behind so much that the first one is worth a copy.
		long := append(slices.Clone(system), longPrompt(n, 400)...)
		firstTokenOf(b.Context(), b, g, long)
		if took, cached, talk = ask(system); cached != len(system) {
			b.Fatalf("%d tokens were cached", cached)
		}
		copied += took
		rounds++
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(fresh.Seconds()*1000, "fresh-ms")
	b.ReportMetric(handed.Seconds()*1000/float64(rounds), "handed-ms")
	b.ReportMetric(copied.Seconds()*1000/float64(rounds), "copied-ms")
}

// BenchmarkSaveEachTurn measures what it costs to write a session of about 1,000 tokens
// to a file behind a turn.
func BenchmarkSaveEachTurn(b *testing.B) {
	g := benchSmol(b, generate.Config{MaxStates: 2})
	dir := b.TempDir()
	text := g.Tokenizer().Decode(longPrompt(5, 900), true)
	for _, save := range []bool{false, true} {
		c := &generate.SessionsConfig{New: func(context.Context, string) (*generate.Session, error) { return g.NewTextSession() }}
		if save {
			c.Dir, c.SaveEachTurn = dir, true
		}
		s, err := g.NewSessions(c)
		if err != nil {
			b.Fatal(err)
		}
		var last time.Time // the end of the answer
		turn := func(text string) {
			err := s.Do(b.Context(), "a", func(session *generate.Session) error {
				_, err := generate.Collect(session.Send(b.Context(), text, &generate.Options{MaxTokens: 1, IgnoreEnd: true}))
				last = time.Now()
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		turn(text)
		b.Run(map[bool]string{false: "without", true: "with"}[save], func(b *testing.B) {
			var behind time.Duration
			for b.Loop() {
				turn(" a")
				behind += time.Since(last)
			}
			b.ReportMetric(behind.Seconds()*1000/float64(b.N), "behind-the-answer-ms")
		})
		size := s.Stats().DiskBytes
		b.Logf("the file has %.1f MiB", float64(size)/(1<<20))
		if err := s.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
