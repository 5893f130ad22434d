package generate

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
	"github.com/gocoreml/coreml/tensor"
)

// mostTexts is how many texts go together where a package sets no bound.
const mostTexts = 8

// textBounds returns how many texts the token ids of a function are for, where that may
// be chosen; both are 0 where it may not. The greatest is -1 for no bound.
func textBounds(desc *coreml.Description) (lo, hi int) {
	for i := range desc.Inputs {
		in := &desc.Inputs[i]
		if axes.Rank(in) == 2 && in.DType == tensor.Int32 && !nameContains(in, "mask", "pos", "cache") {
			if lo, hi := axes.Bounds(in, 0); lo != hi {
				return max(lo, 1), hi
			}
			return 0, 0
		}
	}
	return 0, 0
}

// withTexts returns a description for one number of texts, where a function takes
// several numbers: what has this number as its first dimension has it alone. For 0 it is
// the smallest, and other descriptions are returned as they are.
func withTexts(desc *coreml.Description, n int) *coreml.Description {
	lo, hi := textBounds(desc)
	if lo == 0 {
		return desc
	}
	if n == 0 {
		n = lo
	}
	out := *desc
	out.Inputs, out.Outputs = slices.Clone(desc.Inputs), slices.Clone(desc.Outputs)
	narrowed := map[string]*coreml.FeatureDescription{}
	for i := range out.Inputs {
		f := &out.Inputs[i]
		if from, to := axes.Bounds(f, 0); axes.Rank(f) > 1 && max(from, 1) == lo && to == hi {
			fixTexts(f, n)
			narrowed[cacheStem(f.Name)] = f
		}
	}
	for i := range out.Outputs {
		f := &out.Outputs[i]
		in := narrowed[cacheStem(f.Name)]
		switch from, to := axes.Bounds(f, 0); {
		case axes.Rank(f) == 0 && in != nil && in.DType == f.DType && !in.Flexible():
			f.Shape = slices.Clone(in.Shape) // a cache: its shape is left open, as it depends on the number
		case axes.Rank(f) > 1 && max(from, 1) == lo && to == hi:
			fixTexts(f, n)
		}
	}
	return &out
}

// fixTexts gives the first axis of a feature one size.
func fixTexts(f *coreml.FeatureDescription, n int) {
	f.Shape, f.Ranges = slices.Clone(f.Shape), slices.Clone(f.Ranges)
	f.Enumerated = slices.DeleteFunc(slices.Clone(f.Enumerated), func(s []int) bool { return len(s) == 0 || s[0] != n })
	if len(f.Ranges) > 0 {
		f.Ranges[0] = coreml.Range{Lower: n, Upper: n}
		if !slices.ContainsFunc(f.Ranges, func(r coreml.Range) bool { return r.Lower != r.Upper }) {
			f.Shape = f.Shape[:0]
			for _, r := range f.Ranges {
				f.Shape = append(f.Shape, r.Lower)
			}
			f.Ranges = nil
		}
	}
	if len(f.Enumerated) == 1 {
		f.Shape, f.Enumerated = slices.Clone(f.Enumerated[0]), nil
	}
	if len(f.Shape) > 0 {
		f.Shape[0] = n
	}
}

// oneText narrows the descriptions of packages to their smallest number of texts.
func oneText(set []packageFunctions) []packageFunctions {
	out := slices.Clone(set)
	for i := range out {
		out[i].functions = slices.Clone(out[i].functions)
		for k, d := range out[i].functions {
			out[i].functions[k] = withTexts(d, 0)
		}
	}
	return out
}

// textsSource gives functions for one number of texts.
type textsSource struct {
	functionSource
	n int
}

func (s textsSource) function(ctx context.Context, pkg, name string) (predictor, *coreml.Description, error) {
	m, desc, err := s.functionSource.function(ctx, pkg, name)
	if err != nil {
		return nil, nil, err
	}
	return m, withTexts(desc, s.n), nil
}

// batches are the models for several texts of a package that leaves their number open,
// by this number.
type batches struct {
	lo, hi int // how many it takes; 0 where the number is not open
	sizes  []int
	mu     sync.Mutex
	bound  map[int]*boundModel
}

// newBatches finds the numbers that a package takes.
func newBatches(set []packageFunctions) *batches {
	desc := set[0].find("")
	if desc == nil {
		desc = set[0].functions[0]
	}
	b := &batches{bound: map[int]*boundModel{}}
	if b.lo, b.hi = textBounds(desc); b.hi < 0 {
		b.hi = max(mostTexts, b.lo)
	}
	for i := range desc.Inputs {
		for _, s := range desc.Inputs[i].Enumerated {
			if len(s) == 2 && !slices.Contains(b.sizes, s[0]) {
				b.sizes = append(b.sizes, s[0])
			}
		}
	}
	slices.Sort(b.sizes)
	return b
}

// size returns the number of texts of a prediction for n of them.
func (b *batches) size(n int) int {
	for _, k := range b.sizes {
		if k >= n {
			return k
		}
	}
	return min(max(n, b.lo), b.hi)
}

// forTexts returns the model for n texts or some more.
func (g *Generator) forTexts(ctx context.Context, n int) (*boundModel, error) {
	b := g.batches
	if b == nil || b.lo == 0 {
		return g.bound, nil
	}
	if g.pool.isClosed() {
		return nil, ErrClosed
	}
	n = b.size(n)
	b.mu.Lock()
	defer b.mu.Unlock()
	if m := b.bound[n]; m != nil {
		return m, nil
	}
	select { // functions are loaded by one at a time
	case g.functions.loading <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-g.functions.loading }()
	m, err := bindModel(ctx, textsSource{g.functions.src, n}, g.bound.d, g.defaults.PadToken, g.bound.entries)
	if err != nil {
		return nil, err
	}
	b.bound[n] = m
	return m, nil
}

// release gives back what the models have mapped.
func (b *batches) release() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for _, m := range b.bound {
		errs = append(errs, m.release())
	}
	clear(b.bound)
	return errors.Join(errs...)
}
