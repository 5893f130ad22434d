package portable

import (
	"context"
	"fmt"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/workpool"
	"github.com/gocoreml/coreml/tensor"
)

// Built is a function made by a mil.Builder, planned for tests.
type Built struct {
	p *program
}

// Build plans a function.
func Build(b *mil.Builder, arith engine.Arithmetic, fusion bool) (*Built, error) {
	fn, err := b.Function()
	if err != nil {
		return nil, err
	}
	if ops := Unsupported(mil.NewProgram(fn)); len(ops) > 0 {
		return nil, &UnsupportedError{Ops: ops}
	}
	pl, err := newPlan(fn, arith, fusion)
	if err != nil {
		return nil, err
	}
	p := &program{plan: pl, desc: &engine.Description{}, pool: workpool.Default()}
	for _, s := range pl.inputs {
		t := pl.slots[s].typ
		p.desc.Inputs = append(p.desc.Inputs, engine.Feature{Name: pl.slots[s].name, DType: tensorTypes[t.DType]})
	}
	for _, v := range pl.body.outVals {
		p.desc.Outputs = append(p.desc.Outputs, engine.Feature{Name: v.Name, DType: tensorTypes[v.Type.DType]})
	}
	return &Built{p}, p.bind()
}

// State returns a new state.
func (b *Built) State() engine.State { return newState(b.p.plan.states) }

// Run makes one prediction and returns the outputs in order.
func (b *Built) Run(st engine.State, in ...*tensor.Tensor) ([]*tensor.Tensor, error) {
	if len(in) != len(b.p.inputs) {
		return nil, fmt.Errorf("%d inputs, want %d", len(in), len(b.p.inputs))
	}
	out := make([]*tensor.Tensor, len(b.p.outputs))
	return out, b.p.Predict(context.Background(), in, out, st)
}

// Plan returns the listing of the plan.
func (b *Built) Plan() string { return b.p.PlanText() }
