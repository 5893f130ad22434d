package main

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
)

// text feeds the prompt and the reference's own continuation to both sides, and
// compares the logits behind every token. The subject gets the prompt in one
// prediction and once more token by token: shapes decide which device runs what.
func (v *verifier) text(ctx context.Context, r *verifyReport, d *generate.Driver, ids []int, tokens int) error {
	rows, more, err := v.answers(ctx, d, ids, tokens)
	if err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	r.PromptTokens, r.Tokens = len(ids), len(more)
	// A package that takes one token at a time has one way only.
	ways := []struct {
		name  string
		chunk int
	}{{"the prompt in one prediction", -1}, {"token by token", 1}}
	if d.MaxQuery == 1 || len(ids) == 1 {
		ways = ways[1:]
	}
	all := append(append([]int{}, ids...), more...)
	for _, way := range ways {
		w := verifyWay{Name: way.name}
		err := v.follow(ctx, d, way.chunk, all[:len(rows)], len(ids), rows, &w)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w.judge(r, err)
		r.Ways = append(r.Ways, w)
	}
	return nil
}

// sequence returns an empty sequence of m and what closes it.
//
// The driver is given and not detected anew, so that both sides are fed in one way
// even where they describe themselves differently.
func sequence(ctx context.Context, m *coreml.Model, d *generate.Driver, chunk int) (*generate.Sequence, func(), error) {
	g, err := generate.New(m, nil, &generate.Config{Driver: d, PrefillChunk: chunk, MaxStates: 1})
	if err != nil {
		return nil, nil, err
	}
	s, err := g.NewSequence(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, g.Close())
	}
	return s, func() { _, _ = s.Close(), g.Close() }, nil
}

// answers returns the reference's logits behind every token of the prompt and of
// its continuation but the last, and that continuation. It takes the likeliest
// token each time, and no more than tokens of them.
func (v *verifier) answers(ctx context.Context, d *generate.Driver, ids []int, tokens int) (rows [][]float32, more []int, err error) {
	seq, done, err := sequence(ctx, v.reference, d, -1)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	keep := func(_ int, logits []float32) error {
		rows = append(rows, append([]float32(nil), logits...))
		return nil
	}
	if err := seq.AppendRows(ctx, ids, keep); err != nil {
		return nil, nil, err
	}
	for range tokens {
		// Greedy: a random choice could not be repeated on the other side.
		next := best(rows[len(rows)-1])
		if next < 0 {
			return nil, nil, fmt.Errorf("position %d: %w", len(rows)-1, generate.ErrNonFinite)
		}
		more = append(more, next)
		if len(more) == tokens || seq.Len() >= contextOf(d) {
			break
		}
		if err := seq.AppendRows(ctx, []int{next}, keep); err != nil {
			if errors.Is(err, generate.ErrContextFull) {
				break
			}
			return nil, nil, err
		}
	}
	return rows, more, nil
}

// contextOf returns the length that the driver allows; it is no limit where the
// package does not say one.
func contextOf(d *generate.Driver) int {
	if d.ContextLength > 0 {
		return d.ContextLength
	}
	return math.MaxInt
}

// follow feeds the tokens to the subject and compares the logits behind each. The
// first prompt tokens go in together, the others one by one.
//
// A row that differs does not end it: the report is to say how many do, and where
// the worst is.
func (v *verifier) follow(ctx context.Context, d *generate.Driver, chunk int, ids []int, prompt int, rows [][]float32, w *verifyWay) error {
	seq, done, err := sequence(ctx, v.subject, d, chunk)
	if err != nil {
		return err
	}
	defer done()
	visit := func(pos int, logits []float32) error {
		row, err := compareRow(pos, logits, rows[pos])
		if err != nil {
			return fmt.Errorf("position %d: %w", pos, err)
		}
		w.add(row, pos >= prompt-1)
		return nil
	}
	if err := seq.AppendRows(ctx, ids[:prompt], visit); err != nil {
		return err
	}
	for _, id := range ids[prompt:] {
		if err := seq.AppendRows(ctx, []int{id}, visit); err != nil {
			return err
		}
	}
	w.Predictions = seq.Calls()
	return nil
}
