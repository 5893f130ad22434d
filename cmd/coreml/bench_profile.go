package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/engine"
)

// kindKey tells kinds apart: the same product over int4 and over fp16 weights runs
// in different kernels.
type kindKey struct{ operator, format string }

// kindCost is what a kind came to in a phase.
type kindCost struct {
	steps   int
	bytes   int64
	elapsed time.Duration
}

// recorder is the engine.Profiler of a phase.
type recorder map[kindKey]*kindCost

// Step implements engine.Profiler.
//
// It is called on one goroutine, step after step, and so needs no lock. What it
// does itself is not in elapsed.
func (r recorder) Step(operator, format string, bytes int, elapsed time.Duration) {
	k := kindKey{operator, format}
	c := r[k]
	if c == nil {
		c = new(kindCost)
		r[k] = c
	}
	c.steps++
	c.bytes += int64(bytes)
	c.elapsed += elapsed
}

// phase sums up, the dearest kind first.
//
// Equal times are put in the order of names, so that two runs can be compared line
// by line.
func (r recorder) phase(name string, tokens int, elapsed time.Duration) phaseProfile {
	p := phaseProfile{Phase: name, Tokens: tokens, MS: millis(elapsed)}
	keys := slices.SortedFunc(maps.Keys(r), func(a, b kindKey) int {
		return cmp.Or(cmp.Compare(r[b].elapsed, r[a].elapsed), cmp.Compare(a.operator, b.operator), cmp.Compare(a.format, b.format))
	})
	for _, k := range keys {
		c := r[k]
		kind := kindProfile{Operator: k.operator, Weights: k.format, Steps: c.steps, MS: millis(c.elapsed)}
		if c.bytes > 0 {
			kind.GBps = round(perSecondOf(float64(c.bytes)/1e9, c.elapsed))
		}
		p.Kinds = append(p.Kinds, kind)
	}
	return p
}

// profileModel repeats each measurement once with a look at its steps.
func profileModel(ctx context.Context, g *generate.Generator, r *benchReport) error {
	b, err := newBencher(ctx, g)
	if err != nil {
		return err
	}
	defer b.close()
	// After the rounds, in a sequence of its own: the clock is read twice for each
	// step here, which would be part of what is measured there.
	for _, s := range r.prefill {
		rec := recorder{}
		if err := b.prefill(engine.WithProfiler(ctx, rec), &s); err != nil {
			return err
		}
		r.profile = append(r.profile, rec.phase(fmt.Sprintf("prompt of %d", s.length), s.length, s.last))
	}
	for _, s := range r.decode {
		if err := b.prepare(ctx, s.length); err != nil {
			return err
		}
		rec := recorder{}
		if err := b.decode(engine.WithProfiler(ctx, rec), &s, r.tokens); err != nil {
			return err
		}
		r.profile = append(r.profile, rec.phase(fmt.Sprintf("%d tokens after %d", r.tokens, s.length), r.tokens, s.last))
	}
	return nil
}
