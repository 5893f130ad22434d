package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/gocoreml/coreml/generate"
)

// bencher feeds one sequence with tokens that it makes up.
type bencher struct {
	seq *generate.Sequence
	// vocab bounds the tokens. It is known once the model has given logits.
	vocab int
	// seed tells the tokens of several sequences apart.
	seed   uint32
	fed    []int
	allocs float64
}

// safeVocab is the number of tokens that every model is taken to know before it
// has given its first logits.
const safeVocab = 64

func newBencher(ctx context.Context, g *generate.Generator) (*bencher, error) {
	seq, err := g.NewSequence(ctx)
	if err != nil {
		return nil, err
	}
	return &bencher{seq: seq, vocab: safeVocab, seed: 1}, nil
}

// close gives the state back. Nothing was written that could be lost.
func (b *bencher) close() { _ = b.seq.Close() }

// ids returns n tokens that are the same in every run, made by the generator of
// the C standard's example of rand.
func (b *bencher) ids(n int) []int {
	b.fed = b.fed[:0]
	x := b.seed
	for range n {
		// The upper bits: the lower ones of such a generator have short periods.
		x = x*1103515245 + 12345
		b.fed = append(b.fed, int(x>>16&0x7fff)%b.vocab)
	}
	return b.fed
}

// firstPrompt is the length of the prompt before the first token where no
// length is asked for.
const firstPrompt = 32

// first measures the first token of a model that has just been loaded: the
// shortest prompt of those that are measured.
func (b *bencher) first(ctx context.Context, r *benchReport) error {
	n := min(firstPrompt, r.context)
	for i, s := range r.prefill {
		if i == 0 || s.length < n {
			n = s.length
		}
	}
	ids := b.ids(n)
	start := time.Now()
	// The first prediction also reads the weights from the disk and makes the plan,
	// which is why it is a measure of its own and not a round.
	logits, err := b.seq.Append(ctx, ids)
	r.first, r.firstPrompt = time.Since(start), n
	if err != nil {
		return err
	}
	// From here on tokens are from the whole vocabulary: rows of the embedding that
	// are next to each other would be in the cache.
	if b.vocab = len(logits); b.vocab == 0 {
		return fmt.Errorf("the model gives no logits")
	}
	return b.seq.Truncate(0)
}

// prefill measures a prompt from an empty text.
func (b *bencher) prefill(ctx context.Context, s *series) error {
	if err := b.seq.Truncate(0); err != nil {
		return err
	}
	// Made before the clock starts.
	ids := b.ids(s.length)
	start := time.Now()
	_, err := b.seq.Append(ctx, ids)
	s.add(s.length, time.Since(start))
	return err
}

// prepare makes the text exactly so long. What is there already stays: the
// tokens are always the same.
func (b *bencher) prepare(ctx context.Context, length int) error {
	if err := b.seq.Truncate(min(b.seq.Len(), length)); err != nil {
		return err
	}
	missing := b.ids(length)[b.seq.Len():]
	if len(missing) == 0 {
		return nil
	}
	_, err := b.seq.Append(ctx, missing)
	return err
}

// warm makes the text so long, the last token by itself.
func (b *bencher) warm(ctx context.Context, length int) error {
	if err := b.prepare(ctx, length-1); err != nil {
		return err
	}
	_, err := b.seq.Append(ctx, b.ids(length)[length-1:])
	return err
}

// decode measures single tokens behind a text. Before the first time it takes
// the last of them once, for the memory that a longer text needs.
func (b *bencher) decode(ctx context.Context, s *series, tokens int) error {
	if len(s.rates) == 0 {
		if err := b.warm(ctx, s.length+tokens); err != nil {
			return err
		}
	}
	if err := b.prepare(ctx, s.length); err != nil {
		return err
	}
	ids := b.ids(s.length + tokens)
	// The counters are read outside of the time that is measured: reading stops the
	// world.
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	for i := range tokens {
		if _, err := b.seq.Append(ctx, ids[s.length+i:s.length+i+1]); err != nil {
			return err
		}
	}
	s.add(tokens, time.Since(start))
	runtime.ReadMemStats(&after)
	b.allocs = float64(after.Mallocs-before.Mallocs) / float64(tokens)
	return nil
}
