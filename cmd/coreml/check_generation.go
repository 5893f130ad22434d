package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
)

// closeMargin is the difference of the reference's two largest logits below
// which another arithmetic may rightly choose the other token.
const closeMargin = 0.05

// generationRecord is an element of generation.json: a prompt and the
// reference's own continuation.
//
// Margin is the reference's own lead of its choice over the next best, token by
// token: it says which tokens another arithmetic has to choose as well.
type generationRecord struct {
	Prompt string    `json:"prompt"`
	IDs    []int     `json:"ids"`
	Greedy []int     `json:"greedy"`
	Margin []float64 `json:"margin"`
}

// generation feeds the reference's tokens in three ways and compares which token
// comes next after each.
func (k *checker) generation(ctx context.Context, dir string) (err error) {
	var records []generationRecord
	if err := readJSON(filepath.Join(dir, "generation.json"), &records); err != nil {
		return err
	}
	if len(records) == 0 {
		return errors.New("it records no prompts")
	}
	for i, r := range records {
		if len(r.IDs) == 0 || len(r.Greedy) == 0 || len(r.Greedy) != len(r.Margin) {
			return fmt.Errorf("prompt %d has %d ids, %d tokens and %d margins", i, len(r.IDs), len(r.Greedy), len(r.Margin))
		}
	}
	path, err := packageOf(dir)
	if err != nil {
		return err
	}
	m, err := k.load(ctx, path, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	// Three ways, because they run through different shapes and so through
	// different kernels, and because whoever forgets a position does it in one of
	// them only.
	for _, way := range []struct {
		name  string
		chunk int
	}{{"in one prefill", -1}, {"in chunks of 7", 7}, {"token by token", 1}} {
		figures, err := teach(ctx, m, records, way.chunk)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := k.report(dir, "generation "+way.name, figures, err); err != nil {
			return err
		}
	}
	return nil
}

// packageOf returns the package that cases.json names, else the only one.
func packageOf(dir string) (string, error) {
	var file casesFile
	err := readJSON(filepath.Join(dir, "cases.json"), &file)
	if err == nil {
		return file.packagePath(dir)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("cases.json: %w", err)
	}
	// Records of generation alone name no package.
	found, err := filepath.Glob(filepath.Join(dir, "*.mlpackage"))
	if err != nil {
		return "", err
	}
	// A guess among several would compare with a package that the record is not
	// about.
	if len(found) != 1 {
		return "", fmt.Errorf("%d packages where one is expected", len(found))
	}
	return found[0], nil
}

// teach feeds every prompt with its continuation, chunk tokens per prediction.
func teach(ctx context.Context, m *coreml.Model, records []generationRecord, chunk int) (string, error) {
	g, err := generate.New(m, nil, &generate.Config{PrefillChunk: chunk, MaxStates: 1})
	if err != nil {
		return "", err
	}
	// The model stays open: it is the caller's.
	defer g.Close()
	steps, compared, calls := 0, 0, 0
	least := math.Inf(1)
	for i, r := range records {
		n, c, margin, err := teachOne(ctx, g, &r, chunk)
		if err != nil {
			return "", fmt.Errorf("prompt %d: %w", i, err)
		}
		steps += len(r.Greedy)
		compared += n
		calls += c
		least = min(least, margin)
	}
	return fmt.Sprintf("%d prompts, %d of %d tokens compared, all equal, closest lead over the next %.3f, %d predictions",
		len(records), compared, steps, least, calls), nil
}

// teachOne feeds one record and returns how many tokens it compared, how many
// predictions that took, and the smallest lead of a compared token over all
// others.
//
// Each record has a sequence of its own, which begins empty.
func teachOne(ctx context.Context, g *generate.Generator, r *generationRecord, chunk int) (compared, calls int, lead float64, err error) {
	seq, err := g.NewSequence(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	defer seq.Close()
	ids := append(append([]int{}, r.IDs...), r.Greedy[:len(r.Greedy)-1]...)
	lead = math.Inf(1)
	first := len(r.IDs) - 1 // the row that predicts Greedy[0]
	err = seq.AppendRows(ctx, ids, func(pos int, logits []float32) error {
		step := pos - first
		if step < 0 || r.Margin[step] < closeMargin {
			return nil
		}
		want := r.Greedy[step]
		if want < 0 || want >= len(logits) {
			return fmt.Errorf("step %d: token %d of %d", step, want, len(logits))
		}
		best := -1
		for id, v := range logits {
			if v != v {
				return fmt.Errorf("step %d: %w", step, generate.ErrNonFinite)
			}
			if id != want && (best < 0 || v > logits[best]) {
				best = id
			}
		}
		if best >= 0 {
			// Of equal logits the first token counts.
			if logits[best] > logits[want] || logits[best] == logits[want] && best < want {
				return fmt.Errorf("step %d: token %d where the reference has %d with a margin of %.3f", step, best, want, r.Margin[step])
			}
			lead = min(lead, float64(logits[want]-logits[best]))
		}
		compared++
		return nil
	})
	if err != nil {
		return 0, 0, 0, err
	}
	if d := g.Driver(); chunk < 0 && d.MaxQuery != 1 && seq.Calls() != 1 {
		return 0, 0, 0, fmt.Errorf("%d tokens took %d predictions where one would do", len(ids), seq.Calls())
	}
	return compared, seq.Calls(), lead, nil
}
