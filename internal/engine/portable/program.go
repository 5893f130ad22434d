package portable

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/internal/workpool"
	"github.com/gocoreml/coreml/tensor"
)

// program is a loaded function. It implements engine.Program.
type program struct {
	pkg     *modelpkg.Package
	plan    *plan.Plan
	desc    *engine.Description
	info    engine.Info
	pool    *workpool.Pool
	threads int
	inputs  []int32 // slot of each described input, -1 when the program lacks it
	outputs []int32 // slot of each described output
	results []int   // number of each described output among the program's

	mu     sync.Mutex
	idle   []*frame
	closed bool
}

// maxIdle bounds the frames that wait for the next prediction.
const maxIdle = 8

// bind matches the description with the program by name.
func (p *program) bind() error {
	parameters, described := map[string]int32{}, map[string]bool{}
	for _, s := range p.plan.Inputs {
		parameters[p.plan.Slots[s].Name] = s
	}
	for _, f := range p.desc.Inputs {
		slot, ok := parameters[f.Name]
		if !ok {
			slot = -1
		}
		p.inputs = append(p.inputs, slot)
		described[f.Name] = true
	}
	for _, s := range p.plan.Inputs {
		if !described[p.plan.Slots[s].Name] {
			return fmt.Errorf("function %s: parameter %s is not described", mil.Plain(p.plan.Function.Name), mil.Plain(p.plan.Slots[s].Name))
		}
	}
	results := map[string]int{}
	for k, v := range slices.Backward(p.plan.Body.Results) {
		results[v.Name] = k
	}
	for i := range p.desc.Outputs {
		f := &p.desc.Outputs[i]
		k, ok := results[f.Name]
		if !ok {
			return fmt.Errorf("function %s: output %s is described but not computed", mil.Plain(p.plan.Function.Name), mil.Plain(f.Name))
		}
		if err := leaves(f, p.plan.Body.Results[k]); err != nil {
			return fmt.Errorf("function %s: %w", mil.Plain(p.plan.Function.Name), err)
		}
		p.outputs = append(p.outputs, p.plan.Outputs[k])
		p.results = append(p.results, k)
	}
	states := map[string]bool{}
	for k := range p.plan.States {
		states[p.plan.States[k].Name] = true
	}
	for _, f := range p.desc.States {
		if !states[f.Name] {
			return fmt.Errorf("function %s: state %s is described but the program lacks it", mil.Plain(p.plan.Function.Name), mil.Plain(f.Name))
		}
	}
	return nil
}

// Description returns what the package says of the function.
func (p *program) Description() *engine.Description { return p.desc }

// OutputShape returns the shape that the program declares for output i, with
// mil.Unknown for a dimension that depends on the inputs.
func (p *program) OutputShape(i int) []int {
	t := &p.plan.Body.Results[p.results[i]].Type
	if t.Kind != mil.Tensor || t.Variadic {
		return nil
	}
	return slices.Clone(t.Shape)
}

// Info returns what the engine says of itself.
func (p *program) Info() engine.Info { return p.info }

// take returns an idle frame or a new one.
func (p *program) take() *frame {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		fr := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return fr
	}
	return newFrame(p.plan, p.pool, p.threads)
}

func (p *program) give(fr *frame) {
	fr.forget()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed && !fr.spoiled && len(p.idle) < maxIdle {
		p.idle = append(p.idle, fr)
	}
}

// Predict runs the plan once.
func (p *program) Predict(ctx context.Context, inputs, outputs []*tensor.Tensor, st engine.State) error {
	return p.PredictRows(ctx, inputs, outputs, nil, st)
}

// PredictRows runs the plan once for the last rows of the outputs.
func (p *program) PredictRows(ctx context.Context, inputs, outputs []*tensor.Tensor, rows []int, st engine.State) (err error) {
	defer storage.EndFaults(storage.WatchFaults(), &err)
	fr := p.take()
	defer p.give(fr)
	fr.Ctx, fr.call.Step, fr.Changed, fr.rehearsed = ctx, startStep, false, false
	defer func() {
		if err != nil && st != nil && !fr.Changed {
			err = &engine.UnchangedError{Err: err}
		}
	}()
	defer fr.guard(&err)
	fr.wantRows(p.results, rows)
	if err := fr.useState(st); err != nil {
		return err
	}
	for k, s := range p.inputs {
		if s < 0 {
			continue
		}
		if err := fr.input(s, inputs[k], &p.desc.Inputs[k]); err != nil {
			return fmt.Errorf("input %s: %w", mil.Plain(p.desc.Inputs[k].Name), err)
		}
	}
	if st != nil || slices.ContainsFunc(outputs, func(t *tensor.Tensor) bool { return t != nil }) {
		if err := p.fits(fr, outputs); err != nil {
			return err
		}
	} else {
		fr.remembers, fr.series = false, false // the slots will hold other shapes
	}
	if err := fr.run(ctx); err != nil {
		return err
	}
	for k, s := range p.outputs {
		if err := fr.output(s, &outputs[k], &p.desc.Outputs[k]); err != nil {
			return fmt.Errorf("output %s: %w", mil.Plain(p.desc.Outputs[k].Name), err)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return p.pkg.Err() // the weights were there to the end
}

// wantRows notes how many rows of each result are wanted.
func (fr *frame) wantRows(results, rows []int) {
	fr.Rows = fr.Rows[:0]
	for range fr.plan.Outputs {
		fr.Rows = append(fr.Rows, 0)
	}
	for k, n := range rows {
		if k < len(results) {
			fr.Rows[results[k]] = n
		}
	}
}

// NewState returns a state whose buffers are zero.
func (p *program) NewState() (engine.State, error) { return newState(p.plan.States), nil }

// Close releases the frames and the package.
func (p *program) Close() error {
	p.mu.Lock()
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	return p.pkg.Close()
}
