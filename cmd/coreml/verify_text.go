package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/generate"
)

// text feeds the prompt and the reference's own continuation to both sides, and
// compares the logits behind every token. The subject gets the prompt in one
// prediction and once more token by token: shapes decide which device runs what.
func (v *verifier) text(ctx context.Context, r *verifyReport, ids []int, tokens int) error {
	rows, more, err := answers(ctx, v.texts[1], ids, tokens)
	if err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	r.PromptTokens, r.Tokens = len(ids), len(more)
	// A package that takes one token at a time has one way only.
	ways := []struct {
		name  string
		block int
	}{{"the prompt in one prediction", len(ids)}, {"token by token", 1}}
	if v.texts[1].Driver().MaxQuery == 1 || len(ids) == 1 {
		ways = ways[1:]
	}
	all := append(append([]int{}, ids...), more...)
	for _, way := range ways {
		w := verifyWay{Name: way.name}
		err := follow(ctx, v.texts[0], way.block, all[:len(rows)], len(ids), rows, &w)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w.judge(r, err)
		r.Ways = append(r.Ways, w)
	}
	return nil
}

// answers returns the reference's logits behind every token of the prompt and of
// its continuation but the last, and that continuation. It takes the likeliest
// token each time, and no more than tokens of them.
func answers(ctx context.Context, g *generate.Generator, ids []int, tokens int) (rows [][]float32, more []int, err error) {
	seq, err := g.NewSequence(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer seq.Close() //nolint:errcheck // what is given back was only read
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
		if len(more) == tokens || seq.Len() >= g.ContextLength() {
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

// follow feeds the tokens to the subject and compares the logits behind each. The
// first prompt tokens go in by blocks, the others one by one.
//
// A row that differs does not end it: the report is to say how many do, and where
// the worst is.
func follow(ctx context.Context, g *generate.Generator, block int, ids []int, prompt int, rows [][]float32, w *verifyWay) error {
	seq, err := g.NewSequence(ctx)
	if err != nil {
		return err
	}
	defer seq.Close()    //nolint:errcheck // what is given back was only read
	answer := prompt - 1 // its logits give the first token of the continuation
	visit := func(pos int, logits []float32) error {
		row, err := compareRow(pos, logits, rows[pos])
		if err != nil {
			return fmt.Errorf("position %d: %w", pos, err)
		}
		w.add(row, pos >= answer)
		return nil
	}
	for len(ids) > 0 {
		n := 1
		if prompt > 0 {
			n, prompt = block, prompt-block
		}
		if err := seq.AppendRows(ctx, ids[:n], visit); err != nil {
			return err
		}
		ids = ids[n:]
	}
	w.Predictions = seq.Calls()
	return nil
}
