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

// metaspace is a tokenizer whose decoder is a single step, as those of T5 and Gemma
// are.
func metaspace(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := loadText(t, hostile{"decoder": map[string]any{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true}}.text(t))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func loadStory(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// backtracking is a tokenizer whose decoder searches each token by a pattern that
// takes all the time that it gets: the token aaa… that no b follows.
func backtracking(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := loadText(t, hostile{
		"model":   map[string]any{"type": "WordLevel", "unk_token": "x", "vocab": map[string]int{"x": 0, strings.Repeat("a", 60): 1}},
		"decoder": sequence("decoders", replacing(regex("(a|aa)+b"), "c")),
	}.text(t))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// The patterns of a stream share the time of one: not each token has a second.
func TestAStreamIsOverWhenItsPatternsHaveTakenTheirTime(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: the pattern works until its limit of a second")
	}
	d := backtracking(t).NewDecoder(false)
	for i := range 1000 {
		text, err := d.NextContext(t.Context(), 1)
		if !errors.Is(err, tokenizer.ErrTooLarge) || text != "" {
			t.Fatalf("token %d: got %q, %v, want %v", i, text, err, tokenizer.ErrTooLarge)
		}
	}
	if text, err := d.FlushContext(t.Context()); !errors.Is(err, tokenizer.ErrTooLarge) || text != "" {
		t.Errorf("flushed %q, %v, want %v", text, err, tokenizer.ErrTooLarge)
	}
	if text, err := d.NextContext(t.Context(), 0); err != nil || text != "x" {
		t.Errorf("the next stream gives %q, %v", text, err)
	}
}

func TestAStreamWithoutErrorsGoesOnWithTheTokensAsTheyAreSpelled(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: the pattern works until its limit of a second")
	}
	d := backtracking(t).NewDecoder(false)
	var got strings.Builder
	const n = 1000
	for range n {
		got.WriteString(d.Next(1))
	}
	got.WriteString(d.Flush())
	if want := strings.Repeat("a", 60*n); got.String() != want {
		t.Errorf("%d bytes came out, want the %d of the tokens", got.Len(), len(want))
	}
	if got := d.Next(0); got != "x" {
		t.Errorf("the next stream gives %q", got)
	}
}

func TestAStreamEndsWithItsContext(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tok := range map[string]*tokenizer.Tokenizer{"bytes": loadStory(t), "one step": metaspace(t), "steps": loadTiny(t)} {
		d := tok.NewDecoder(false)
		for range 2 { // a context that lives does not wake it up
			if text, err := d.NextContext(ended, 1); !errors.Is(err, context.Canceled) || text != "" {
				t.Errorf("%s: got %q, %v, want the error of the context", name, text, err)
			}
			ended = t.Context()
		}
		if _, err := d.FlushContext(t.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: flushing gives %v, want the error of the context", name, err)
		}
		if _, err := d.NextContext(t.Context(), 1); err != nil {
			t.Errorf("%s: the next stream gives %v", name, err)
		}
		ended, cancel = context.WithCancel(t.Context())
		cancel()
	}
}

func TestAContextThatEndsInTheMiddleOfAPatternEndsTheStream(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := backtracking(t).NewDecoder(false).NextContext(ctx, 1)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the error of the context", err)
	}
	if os.Getenv("SHOW") != "" {
		t.Logf("it took %v", time.Since(began))
	}
}

func TestNoContextCountsAsTheBackgroundForStreamsToo(t *testing.T) {
	var none context.Context
	for name, tok := range map[string]*tokenizer.Tokenizer{"bytes": loadStory(t), "one step": metaspace(t), "steps": loadTiny(t)} {
		d := tok.NewDecoder(false)
		want := tok.Decode([]int{5, 6}, false)
		got := ""
		for _, id := range []int{5, 6} {
			text, err := d.NextContext(none, id)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got += text
		}
		text, err := d.FlushContext(none)
		if got += text; err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
}

// What an ordinary decoder takes never adds up to the bounds, also where every token
// is held back for long and decoded again and again.
func TestLongStreamsStayWithinTheirBudget(t *testing.T) {
	pattern, err := loadText(t, hostile{"decoder": sequence("decoders", replacing(regex("▁+"), " "))}.text(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		tok  *tokenizer.Tokenizer
		ids  []int
		n    int
	}{
		{"words", loadTiny(t), []int{8, 2, 3, 5}, 200_000},
		{"bytes that never form a character", loadTiny(t), []int{9}, 20_000},
		{"ids that are none", loadTiny(t), []int{1 << 20}, 20_000},
		{"a pattern", pattern, []int{3, 1, 2}, 50_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := c.tok.NewDecoder(true)
			for i := range c.n / every(10) {
				if _, err := d.NextContext(t.Context(), c.ids[i%len(c.ids)]); err != nil {
					t.Fatalf("token %d: %v", i, err)
				}
			}
		})
	}
}

// unfinished is a tokenizer whose token 1 has 16,000 bytes and never ends in a whole
// character, with steps that replace each letter of it.
func unfinished(t testing.TB, steps int) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := loadText(t, hostile{
		"model":   map[string]any{"type": "WordLevel", "unk_token": "x", "vocab": map[string]int{"x": 0, strings.Repeat("a", 16_000) + "\uFFFD": 1}},
		"decoder": sequence("decoders", slices.Repeat([]any{replacing(literal("a"), "a")}, steps)...),
	}.text(t))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestWhatAStreamHoldsBackIsBoundedInBytes(t *testing.T) {
	tok := unfinished(t, 1)
	d := tok.NewDecoder(false)
	var got strings.Builder
	const n, size = 100, 16_003
	for i := range n {
		text, err := d.NextContext(t.Context(), 1)
		if err != nil {
			t.Fatalf("token %d: %v", i, err)
		}
		got.WriteString(text)
		if held := (i+1)*size - got.Len(); held >= 1<<16 {
			t.Fatalf("after token %d it holds %d bytes", i, held)
		}
	}
	got.WriteString(d.Flush())
	if want := tok.Decode(slices.Repeat([]int{1}, n), false); got.String() != want {
		t.Errorf("%d bytes came out, want the %d of the list", got.Len(), len(want))
	}
}

// As a list these tokens stay within their bounds. What a stream decodes again is not
// credited again, so that it ends.
func TestDecodingAgainIsPaidForByTheTokensThemselves(t *testing.T) {
	tok := unfinished(t, 40)
	if _, err := tok.DecodeContext(t.Context(), slices.Repeat([]int{1}, 20), false); err != nil {
		t.Fatal(err)
	}
	d := tok.NewDecoder(false)
	for i := range 100 {
		if _, err := d.NextContext(t.Context(), 1); errors.Is(err, tokenizer.ErrTooLarge) {
			return
		} else if err != nil {
			t.Fatalf("token %d: %v", i, err)
		}
	}
	t.Error("a hundred tokens are decoded again and again")
}

func BenchmarkDecoderNext(b *testing.B) {
	for _, c := range []struct {
		name string
		tok  *tokenizer.Tokenizer
		ids  []int
	}{
		{"kind=bytes", loadStory(b), []int{66, 67, 300, 301, 302}},
		{"kind=Metaspace", metaspace(b), []int{3, 1, 2, 3, 1, 1}},
		{"kind=sequence", loadTiny(b), []int{8, 2, 3, 8, 5, 6}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			ids := slices.Repeat(c.ids, 100)
			d := c.tok.NewDecoder(true)
			i := 0
			for b.Loop() {
				d.Next(ids[i])
				if i++; i == len(ids) {
					i = 0
				}
			}
		})
	}
}
