package plan

import (
	"context"
	"fmt"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/mil"
)

// Plan is a function lowered to steps. It is immutable once made and shared by
// all frames.
type Plan struct {
	Function   *mil.Function
	opset      int
	Arithmetic engine.Arithmetic
	fusion     bool

	Slots       []Slot
	Body        Body
	Steps       int // number of steps, nested ones included
	Inputs      []int32
	States      []op.StateSpec
	Outputs     []int32
	Buffers     int // number of physical buffers
	Notes       []string
	Readers     [][]int32    // of each slot, the places of the top-level steps that read it
	MakesOutput []bool       // of each top-level step, whether it makes an output
	load        array.Poller // while the plan is made
}

// Slot is a place for a value in a frame.
type Slot struct {
	Name   string
	Type   mil.Type
	Const  *array.Value // the content of a constant's slot
	buffer int32        // physical buffer; -1 for constants until they need one
	first  int          // position of the step that defines it
	last   int          // position of the last step that reads it
}

// Body is a list of steps with what goes in and out: a function's, or that of a
// block of cond and while_loop.
type Body struct {
	Steps   []*Step
	Ins     []int32
	Outs    []int32
	Results []*mil.Value
}

// Step is a place in a plan: an operation bound to slots.
type Step struct {
	op.Binding
	pos    int // execution position for lifetimes
	Blocks []*Body
	// Note is what the plan listing says of the step.
	Note string
}

// New lowers a function. A fault on the way comes back as an error, so that
// no package can end the process.
func New(ctx context.Context, fn *mil.Function, arith engine.Arithmetic, fusion bool) (_ *Plan, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(array.Ended); ok {
				err = ctx.Err()
				return
			}
			if err = Faulted(r); err != nil {
				return
			}
			err = fmt.Errorf("function %s: %w: %v", mil.Plain(fn.Name), array.ErrFault, r)
		}
	}()
	pl := newPlanner(ctx, fn, arith, fusion)
	p := pl.p
	defer func() { p.load.Ctx = nil }()
	if err := pl.lowerAll(); err != nil {
		return nil, err
	}
	if fusion {
		pl.fuse()
	}
	pl.addTails()
	if fusion {
		pl.groupProducts()
	}
	pl.fold()
	if err := pl.prepare(&p.Body); err != nil {
		return nil, err
	}
	if fusion {
		pl.noteSeparate()
	}
	pl.number()
	pl.bindStates()
	pl.assignBuffers()
	p.noteReaders()
	return p, nil
}
