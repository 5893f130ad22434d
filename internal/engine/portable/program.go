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

// program is a loaded function. It implements engine.Program. Any number of
// predictions may run at once: what they change lies in their frames and
// states. The plan, the description and the weights are never changed after
// Load.
type program struct {
	pkg     *modelpkg.Package
	plan    *plan.Plan
	desc    *engine.Description
	info    engine.Info
	pool    *workpool.Pool
	threads int
	// The description's order is the order in which callers give and take tensors; the
	// program has its own.
	inputs  []int32 // slot of each described input, -1 when the program lacks it
	outputs []int32 // slot of each described output
	results []int   // number of each described output among the program's

	// products are the places of the steps that multiply by a constant matrix.
	products []int

	mu     sync.Mutex // guards what follows
	idle   []*frame
	group  *group // the last that was used; nil while it is
	closed bool   // a frame that comes back is dropped
}

// maxIdle bounds the frames that wait for the next prediction. Each holds the working
// memory of a whole prediction, which for a long prompt is hundreds of megabytes.
const maxIdle = 8

// bind matches the description with the program by name. A description is a
// separate part of the package, and nothing else holds the two together. An
// input that is described and that the program lacks is ignored: converters
// leave inputs described that an optimization has made useless. It runs once,
// at load.
func (p *program) bind() error {
	for _, part := range []func() error{p.bindInputs, p.bindOutputs, p.bindStates} {
		if err := part(); err != nil {
			return fmt.Errorf("function %s: %w", mil.Plain(p.plan.Function.Name), err)
		}
	}
	for k, st := range p.plan.Body.Steps {
		if st.Blocks == nil && st.Matrix() != nil {
			p.products = append(p.products, k)
		}
	}
	return nil
}

// bindInputs finds the slot of each described input.
func (p *program) bindInputs() error {
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
		if name := p.plan.Slots[s].Name; !described[name] {
			return fmt.Errorf("parameter %s is not described", mil.Plain(name))
		}
	}
	return nil
}

// bindOutputs finds the slot of each described output. Where the program gives
// two results of one name, the first counts. The program may have results that
// are not described; nobody gets them.
func (p *program) bindOutputs() error {
	results := map[string]int{}
	for k, v := range slices.Backward(p.plan.Body.Results) {
		results[v.Name] = k
	}
	for i := range p.desc.Outputs {
		f := &p.desc.Outputs[i]
		k, ok := results[f.Name]
		if !ok {
			return fmt.Errorf("output %s is described but not computed", mil.Plain(f.Name))
		}
		if err := leaves(f, p.plan.Body.Results[k]); err != nil {
			return err
		}
		p.outputs = append(p.outputs, p.plan.Outputs[k])
		p.results = append(p.results, k)
	}
	return nil
}

// bindStates checks that the program has the described states. It may have others:
// nobody outside can name them, and they work all the same.
func (p *program) bindStates() error {
	states := map[string]bool{}
	for k := range p.plan.States {
		states[p.plan.States[k].Name] = true
	}
	for _, f := range p.desc.States {
		if !states[f.Name] {
			return fmt.Errorf("state %s is described but the program lacks it", mil.Plain(f.Name))
		}
	}
	return nil
}

// Description returns what the package says of the function.
func (p *program) Description() *engine.Description { return p.desc }

// OutputShape returns the shape that the program declares for output i, with
// mil.Unknown for a dimension that depends on the inputs. Descriptions often leave the
// shapes of outputs out.
func (p *program) OutputShape(i int) []int {
	t := &p.plan.Body.Results[p.results[i]].Type
	if t.Kind != mil.Tensor || t.Variadic {
		return nil
	}
	return slices.Clone(t.Shape)
}

// Info returns what the engine says of itself.
func (p *program) Info() engine.Info { return p.info }

// take returns an idle frame or a new one. Of those the one that served the same state
// before comes first: it knows the shapes of the next step. Else it is the last one given
// back, whose memory is the likeliest to be in a cache. Frames are made on demand: there
// are as many as predictions ever ran at once.
func (p *program) take(st engine.State) *frame {
	p.mu.Lock()
	defer p.mu.Unlock()
	if fr := p.known(st); fr != nil {
		return fr
	}
	return p.any(st)
}

// known takes the idle frame that served a state before, nil where there is none. The
// caller holds the lock.
func (p *program) known(st engine.State) *frame {
	s, ok := st.(*state)
	if !ok {
		return nil
	}
	for k := len(p.idle) - 1; k >= 0; k-- {
		if fr := p.idle[k]; fr.last == s.number {
			p.idle = append(p.idle[:k], p.idle[k+1:]...)
			return fr
		}
	}
	return nil
}

// any takes the last idle frame, or makes one. The caller holds the lock.
func (p *program) any(st engine.State) *frame {
	var fr *frame
	if n := len(p.idle); n > 0 {
		fr = p.idle[n-1]
		p.idle = p.idle[:n-1]
	} else {
		fr = newFrame(p.plan, p.pool, p.threads)
	}
	fr.last = 0
	if s, ok := st.(*state); ok {
		fr.last = s.number
	}
	return fr
}

// give takes a frame back, unless a fault may have left it in any condition.
// More than maxIdle are left to the collector.
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

// PredictRows runs the plan once for the last rows of the outputs. An error
// before the first write to a state says that the state is as it was. Inputs
// and outputs are in the described order; inputs must not change until it
// returns.
func (p *program) PredictRows(ctx context.Context, inputs, outputs []*tensor.Tensor, rows []int, st engine.State) error {
	return p.predict(&engine.Request{Context: ctx, Inputs: inputs, Outputs: outputs, Rows: rows, State: st})
}

// PredictAlone is PredictRows with each row as it is by itself.
func (p *program) PredictAlone(ctx context.Context, inputs, outputs []*tensor.Tensor, rows []int, st engine.State) error {
	return p.predict(&engine.Request{Context: ctx, Inputs: inputs, Outputs: outputs, Rows: rows, Alone: true, State: st})
}

// predict makes the prediction of a request, whose Err it leaves alone.
func (p *program) predict(r *engine.Request) (err error) {
	defer storage.EndFaults(storage.WatchFaults(), &err)
	fr, st := p.take(r.State), r.State
	defer p.give(fr)
	// Deferred before guard, and so run after it: what guard makes of a fault may have
	// left the state alone too.
	defer func() { err = fr.unchanged(err, st) }()
	defer fr.guard(&err)
	if err := p.start(fr, r); err != nil {
		return err
	}
	if err := fr.run(r.Context); err != nil {
		return err
	}
	return p.finish(fr, r.Outputs)
}

// unchanged says in an error whether the prediction left its state as it was.
func (fr *frame) unchanged(err error, st engine.State) error {
	if err != nil && st != nil && !fr.Changed {
		return &engine.UnchangedError{Err: err}
	}
	return err
}

// start is what comes before the first step of a prediction.
func (p *program) start(fr *frame, r *engine.Request) error {
	fr.Ctx, fr.call.Step, fr.Changed, fr.rehearsed, fr.Alone = r.Context, startStep, false, false, r.Alone
	fr.wantRows(p.results, r.Rows)
	if err := fr.useState(r.State); err != nil {
		return err
	}
	if err := p.readInputs(fr, r.Inputs); err != nil {
		return err
	}
	// A rehearsal pays where something is at stake: a state, or a caller's buffer that
	// would be half written. Else the prediction finds out by itself.
	if r.State != nil || slices.ContainsFunc(r.Outputs, func(t *tensor.Tensor) bool { return t != nil }) {
		return p.fits(fr, r.Outputs)
	}
	fr.remembers, fr.series = false, false // the slots will hold other shapes
	return nil
}

// finish is what comes after the last step.
func (p *program) finish(fr *frame, outputs []*tensor.Tensor) error {
	if err := p.writeOutputs(fr, outputs); err != nil {
		return err
	}
	if err := fr.Ctx.Err(); err != nil {
		return err
	}
	return p.pkg.Err() // the weights were there to the end
}

// readInputs binds the parameters to the caller's tensors.
func (p *program) readInputs(fr *frame, inputs []*tensor.Tensor) error {
	for k, s := range p.inputs {
		if s < 0 {
			continue
		}
		if err := fr.input(s, inputs[k], &p.desc.Inputs[k]); err != nil {
			return fmt.Errorf("input %s: %w", mil.Plain(p.desc.Inputs[k].Name), err)
		}
	}
	return nil
}

// writeOutputs copies the results to the caller's tensors. It comes after the
// last step: states have been written then.
func (p *program) writeOutputs(fr *frame, outputs []*tensor.Tensor) error {
	for k, s := range p.outputs {
		if err := fr.output(s, &outputs[k], &p.desc.Outputs[k]); err != nil {
			return fmt.Errorf("output %s: %w", mil.Plain(p.desc.Outputs[k].Name), err)
		}
	}
	return nil
}

// wantRows notes how many rows of each result are wanted, 0 for all. Callers count the
// described outputs, tails the program's results.
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

// Close releases the frames and the package. Predictions that still run keep
// theirs; the engine's callers wait for them first, as the weights are unmapped
// here. What was taken from an idle frame earlier, such as an output, is the
// caller's own.
func (p *program) Close() error {
	p.mu.Lock()
	p.idle, p.group, p.closed = nil, nil, true
	p.mu.Unlock()
	return p.pkg.Close()
}
