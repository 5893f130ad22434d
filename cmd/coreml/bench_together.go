package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gocoreml/coreml/generate"
)

// bench --sequences: what a model gives when several texts are under way at the same
// time, as in a server. Each is fed by a goroutine of its own, and the generator decides
// which of their steps it makes together.

// company is the sequences that decode at once. The first belongs to who measures one.
type company []*bencher

// company adds sequences until there are n, each with tokens of its own.
func (b *bencher) company(ctx context.Context, g *generate.Generator, n int) (company, error) {
	all := company{b}
	for len(all) < n {
		o, err := newBencher(ctx, g)
		if err != nil {
			all.close()
			return nil, err
		}
		o.vocab, o.seed = b.vocab, uint32(len(all)+1)
		all = append(all, o)
	}
	return all, nil
}

// close gives the states back, but for that of the first.
func (all company) close() {
	for _, b := range all[1:] {
		b.close()
	}
}

// decode measures single tokens behind a text, in all sequences at once. The rate is that
// of all of them together.
func (all company) decode(ctx context.Context, s *series, tokens int) error {
	for _, b := range all {
		if len(s.rates) == 0 {
			if err := b.warm(ctx, s.length+tokens); err != nil {
				return err
			}
		}
		if err := b.prepare(ctx, s.length); err != nil {
			return err
		}
	}
	errs := make([]error, len(all))
	var ended sync.WaitGroup
	start := time.Now()
	for i, b := range all {
		ended.Go(func() { errs[i] = b.feed(ctx, s.length, tokens) })
	}
	ended.Wait()
	s.add(len(all)*tokens, time.Since(start))
	return errors.Join(errs...)
}

// feed appends tokens one by one behind a text of so many.
func (b *bencher) feed(ctx context.Context, length, tokens int) error {
	ids := b.ids(length + tokens)
	for i := length; i < length+tokens; i++ {
		if _, err := b.seq.Append(ctx, ids[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// gains says how many times as many tokens all sequences together give as one does, by
// the length of the text before.
func (r *benchReport) gains() map[string]float64 {
	if r.sequences < 2 {
		return nil
	}
	one, all := medians(r.decode), medians(r.together)
	m := map[string]float64{}
	for length, v := range all {
		if one[length] > 0 {
			m[length] = round(v / one[length])
		}
	}
	return m
}

// gainText is gains for people.
func (r *benchReport) gainText() string {
	gains := r.gains()
	if len(gains) == 0 {
		return ""
	}
	var parts []string
	for i := range r.together {
		length := fmt.Sprint(r.together[i].length)
		parts = append(parts, fmt.Sprintf("%.2f behind %s", gains[length], length))
	}
	return fmt.Sprintf("  %d sequences at once give so many times the tokens of one: %s\n", r.sequences, strings.Join(parts, ", "))
}
