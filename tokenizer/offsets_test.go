package tokenizer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer"
)

func TestOffsetsMeanTheTextAsItWasGiven(t *testing.T) {
	tok, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		t.Fatal(err)
	}
	e, err := tok.EncodeWithOffsets("a\xff\xfeb", false)
	if err != nil {
		t.Fatal(err)
	}
	want, err := tok.Encode("a\uFFFD\uFFFDb", false)
	if err != nil || !slices.Equal(e.IDs, want) {
		t.Errorf("got %v, want %v (%v)", e.IDs, want, err)
	}
	last := e.Offsets[e.Len()-1]
	if first := e.Offsets[0]; first != (tokenizer.Offsets{Start: 0, End: 1}) || last != (tokenizer.Offsets{Start: 3, End: 4}) {
		t.Errorf("got %v", e.Offsets)
	}
}

func TestAppendEncodeDoesNotAllocateForEachToken(t *testing.T) {
	tok, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("Once upon a time there was a cat, and it said: don't! 123 ", 200)
	ids := make([]int, 0, len(text))
	got := testing.AllocsPerRun(20, func() {
		if ids, err = tok.AppendEncode(ids[:0], text, true); err != nil {
			t.Fatal(err)
		}
	})
	if got > 64 { // the race detector empties the pool now and then
		t.Errorf("%v allocations for %d tokens", got, len(ids))
	}
}

func FuzzOffsets(f *testing.F) {
	for _, text := range []string{"", "Hello, world!", "  é\u0301 \xff👍\xf0\x9f", "<s>a</s> [A] b"} {
		f.Add(text)
	}
	tok, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ids, err := tok.Encode(text, true)
		if err != nil {
			t.Fatal(err)
		}
		e, err := tok.EncodeWithOffsets(text, true)
		if err != nil || !slices.Equal(e.IDs, ids) {
			t.Fatalf("%q: got %v (%v), want %v", text, e, err, ids)
		}
		for _, o := range e.Offsets {
			if o.Start < 0 || o.Start > o.End || o.End > len(text) {
				t.Fatalf("%q: offsets %v", text, o)
			}
		}
	})
}
