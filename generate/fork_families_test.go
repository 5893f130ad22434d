package generate_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/generate"
)

// surest returns the record with the most tokens that every arithmetic agrees on.
func surest(list []record) (best *record, sure int) {
	for i := range list {
		if n := list[i].sure(leastMargin); best == nil || n > sure {
			best, sure = &list[i], n
		}
	}
	return best, sure
}

// forksAndSaves goes on from the midst of an answer in copies of a sequence, in one that
// was saved and restored, and in the first one, none of which sees the others.
func forksAndSaves(t *testing.T, p familyPackage) {
	g := p.open(t, generate.Config{MaxStates: 3})
	r, sure := surest(p.records)
	if sure < 3 {
		t.Skipf("SKIPPED: the reference is sure of %d tokens alone", sure)
	}
	at := min(sure/2, 4)
	s := sequenceOf(t, g)
	logits, err := s.Append(t.Context(), r.IDs)
	if err != nil {
		t.Fatal(err)
	}
	wantContinued(t, s, r, 0, at, logits)
	fork, err := s.Fork(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(fork.Tokens(), s.Tokens()) {
		t.Errorf("the fork has %v, want %v", fork.Tokens(), s.Tokens())
	}
	var file bytes.Buffer
	if err := s.Save(t.Context(), &file); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), []int{7}); err != nil { // the first goes another way
		t.Fatal(err)
	}
	restored, err := g.RestoreSequence(t.Context(), bytes.NewReader(file.Bytes()), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]*generate.Sequence{"fork": fork, "restored": restored} {
		// Back by a token and into the prompt, too: what is kept of the past counts.
		for _, back := range []int{1, at + 2} {
			if other.Len() <= back {
				continue
			}
			kept := slices.Concat(r.IDs, r.Greedy)[:other.Len()]
			if err := other.Truncate(other.Len() - back); err != nil {
				t.Fatal(name, err)
			}
			if logits, err = other.Append(t.Context(), kept[other.Len():]); err != nil {
				t.Fatal(name, err)
			}
		}
		wantContinued(t, other, r, at, sure, logits)
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := s.Truncate(len(r.IDs) - 1); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, s, r)
}

// beginsWithAPrefix answers from a beginning that was read before.
func beginsWithAPrefix(t *testing.T, p familyPackage) {
	g := p.open(t, generate.Config{MaxStates: 2})
	if g.Tokenizer() == nil {
		t.Skip("SKIPPED: there is no tokenizer")
	}
	r, n := surest(p.records)
	half := r.IDs[:len(r.IDs)/2]
	if n == 0 || len(half) == 0 {
		t.Skip("SKIPPED: the reference is sure of nothing")
	}
	prefix, err := generate.PrefixOf(t.Context(), g, half)
	if err != nil {
		t.Fatal(err)
	}
	if prefix.Len() != len(half) {
		t.Errorf("the prefix has %d tokens, want %d", prefix.Len(), len(half))
	}
	opts := &generate.Options{MaxTokens: n, IgnoreEnd: true, Sampling: &generate.Sampling{}}
	for range 2 {
		got, err := generate.Collect(g.StreamTokens(t.Context(), r.IDs, opts))
		if err != nil || !slices.Equal(got.Tokens, r.Greedy[:n]) {
			t.Errorf("got %v, %v; want %v", got.Tokens, err, r.Greedy[:n])
		}
		if got.Stats.CachedTokens != len(half) {
			t.Errorf("%d tokens were not read again, want %d", got.Stats.CachedTokens, len(half))
		}
	}
	if err := errors.Join(prefix.Close(), prefix.Close()); err != nil {
		t.Error(err)
	}
	got, err := generate.Collect(g.StreamTokens(t.Context(), r.IDs, opts))
	if err != nil || !slices.Equal(got.Tokens, r.Greedy[:n]) || got.Stats.CachedTokens != 0 {
		t.Errorf("after Close: %v with %d cached, %v", got.Tokens, got.Stats.CachedTokens, err)
	}
}

// slidesAlong writes on beyond the end of the context.
func slidesAlong(t *testing.T, p familyPackage) {
	g := p.open(t, generate.Config{})
	n := g.ContextLength()
	if n > 300 {
		t.Skipf("SKIPPED: a context of %d tokens takes too long to fill", n)
	}
	r := &p.records[0]
	opts := &generate.Options{MaxTokens: n + 20, IgnoreEnd: true, Sampling: &generate.Sampling{}, Overflow: generate.OverflowSlide}
	got, err := generate.Collect(g.StreamTokens(t.Context(), r.IDs, opts))
	if err != nil {
		t.Fatal(err)
	}
	if got.Finish != generate.FinishLength || len(got.Tokens) != n+20 || got.Stats.Slides == 0 {
		t.Fatalf("%d tokens ended by %q after %d slides, want %d", len(got.Tokens), got.Finish, got.Stats.Slides, n+20)
	}
	// What comes behind the first slide is what a fresh run over the kept tokens gives.
	all := slices.Concat(r.IDs, got.Tokens)
	keep := min(4, n/2)
	tail := max((n-keep)/2, 1)
	kept := slices.Concat(all[:keep], all[n+1-tail:n+1])
	fresh, err := generate.Collect(g.StreamTokens(t.Context(), kept, &generate.Options{MaxTokens: 10, IgnoreEnd: true, Sampling: &generate.Sampling{}}))
	if err != nil {
		t.Fatal(err)
	}
	if behind := all[n+1:][:10]; !slices.Equal(behind, fresh.Tokens) {
		t.Errorf("behind the slide comes %v, a fresh run gives %v", behind, fresh.Tokens)
	}
}
