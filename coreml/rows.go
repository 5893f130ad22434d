package coreml

import (
	"context"
	"fmt"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/tensor"
)

// bindRows notes which outputs are wanted in part.
func (p *program) bindRows(f *frame, rows map[string]int) error {
	found := 0
	for i := range p.outputs {
		n, ok := rows[p.outputs[i].Name]
		if !ok {
			continue
		}
		found++
		if n > 0 {
			f.rows[i], f.partial = n, true
		}
	}
	if found == len(rows) {
		return nil
	}
	return &InputError{
		Name: stranger(rows, p.outputs), Output: true,
		Err: fmt.Errorf("%w: the outputs are %s", ErrUnknownFeature, names(p.outputs)),
	}
}

// run makes the prediction for the rows that are wanted. An engine that cannot
// leave out rows makes all of them.
func (p *program) run(ctx context.Context, f *frame, st engine.State) error {
	if f.alone {
		if ap, ok := p.prog.(engine.AloneProgram); ok {
			return ap.PredictAlone(ctx, f.in, f.out, f.rows, st)
		}
	}
	if !f.partial {
		return p.prog.Predict(ctx, f.in, f.out, st)
	}
	if rp, ok := p.prog.(engine.RowProgram); ok {
		return rp.PredictRows(ctx, f.in, f.out, f.rows, st)
	}
	buffers := make([]*tensor.Tensor, len(f.out))
	for i, n := range f.rows {
		if n > 0 {
			buffers[i], f.out[i] = f.out[i], nil
		}
	}
	if err := p.prog.Predict(ctx, f.in, f.out, st); err != nil {
		return err
	}
	for i, n := range f.rows {
		if n <= 0 {
			continue
		}
		t := lastRows(f.out[i], n)
		if buffers[i] != nil {
			if err := t.CopyTo(buffers[i]); err != nil {
				return &InputError{Name: p.outputs[i].Name, Output: true, Err: err}
			}
			t = buffers[i]
		}
		f.out[i] = t
	}
	return nil
}

// lastRows returns the last n rows as a tensor of its own.
func lastRows(t *tensor.Tensor, n int) *tensor.Tensor {
	rank := t.Rank()
	if rank < 2 || n >= t.Dim(-2) {
		return t
	}
	ranges := make([]tensor.Range, rank)
	for d := range ranges {
		ranges[d] = tensor.All()
	}
	ranges[rank-2] = tensor.From(t.Dim(-2) - n)
	return t.Slice(ranges...).Clone()
}
