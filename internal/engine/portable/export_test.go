package portable

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
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
	p, err := programOf(fn, arith, fusion)
	return &Built{p}, err
}

// programOf plans a function without a package.
func programOf(fn *mil.Function, arith engine.Arithmetic, fusion bool) (*program, error) {
	pl, err := plan.New(context.Background(), fn, arith, fusion)
	if err != nil {
		return nil, err
	}
	p := &program{plan: pl, desc: &engine.Description{}, pool: workpool.Default()}
	for _, s := range pl.Inputs {
		t := pl.Slots[s].Type
		p.desc.Inputs = append(p.desc.Inputs, engine.Feature{Name: pl.Slots[s].Name, DType: tensorTypes[t.DType]})
	}
	for _, v := range pl.Body.Results {
		p.desc.Outputs = append(p.desc.Outputs, engine.Feature{Name: v.Name, DType: tensorTypes[v.Type.DType]})
	}
	return p, p.bind()
}

// State returns a new state.
func (b *Built) State() engine.State { return newState(b.p.plan.States) }

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

// LimitArena bounds the working memory of predictions for a test, in elements.
func LimitArena(t testing.TB, elements int) { lowerArena(t, elements) }

// Times is how often a test of random cases runs: n, less in short mode, and as
// many times n as COREML_TEST_TIMES says.
func Times(n int) int {
	if k, err := strconv.Atoi(os.Getenv("COREML_TEST_TIMES")); err == nil && k > 0 {
		return n * k
	}
	if testing.Short() {
		return max(1, n/4)
	}
	return n
}

func intTensor(v ...int32) *tensor.Tensor { return tensor.FromSlice(v, len(v)) }
