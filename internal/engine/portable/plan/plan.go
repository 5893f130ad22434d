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
// all predictions.
type Plan struct {
	Function   *mil.Function
	opset      int // operators differ in what they take and refuse from opset to opset
	Arithmetic engine.Arithmetic
	fusion     bool

	Slots   []Slot
	Body    Body
	Steps   int            // number of steps, nested ones included
	Inputs  []int32        // slots of the parameters that are no states, in declared order
	States  []op.StateSpec // the others
	Outputs []int32        // slots of the function's results: those of Body
	Buffers int            // number of physical buffers
	// Notes are lines for the head of the listing: what was fused, and what was not.
	Notes       []string
	Readers     [][]int32    // of each slot, the places of the top-level steps that read it
	Maker       []int32      // of each slot, the place of the top-level step that makes it, -1 for none
	MakesOutput []bool       // of each top-level step, whether it makes an output
	FirstWrite  int          // place of the first top-level step that may change a state, -1 for none
	load        array.Poller // looks at the context while the plan is made
}

// Slot is a place for a value in a prediction: of every value of the program, one
// for the form in which steps read it. A constant that is read both as stored and
// widened has two.
type Slot struct {
	Name   string
	Type   mil.Type     // what the program declares; sizes that it leaves open included
	Const  *array.Value // the content of a constant's slot
	buffer int32        // physical buffer; -1 for constants until they need one
	last   int          // position of the last step that reads it or a view of it
}

// Body is a list of steps with what goes in and out: a function's, or that of a
// block of cond and while_loop.
type Body struct {
	Steps []*Step
	Ins   []int32 // of a block; a function's are Plan.Inputs
	Outs  []int32
	// Results are the values that Outs show. Their names and types stay what the
	// program says when a pass, such as tails, puts other slots into Outs.
	Results []*mil.Value
}

// Step is a place in a plan: an operation bound to slots.
type Step struct {
	op.Binding
	// pos is the execution position, from 1 on: 0 stands for "before everything" in
	// lifetimes, as the inputs are. Only number sets it.
	pos int
	// Blocks are the bodies of cond (true, false) and while_loop (condition, body).
	Blocks []*Body
	// Parts are the steps that fusion made this one of, in order. A rehearsal looks at
	// the shapes that are declared between them, which the patterns have relied on.
	Parts []*Step
	// Cut says that the step is a tail, or that one before it may leave it fewer rows than are
	// declared.
	Cut bool
	// Note is what the plan listing says of the step.
	Note string
}

// New lowers a function. The order of the passes is explained in the package's
// documentation; each relies on what those before it have left. A fault on the way
// comes back as an error, so that no package can end the process.
func New(ctx context.Context, fn *mil.Function, arith engine.Arithmetic, fusion bool) (_ *Plan, err error) {
	defer guard(ctx, fn, &err)
	pl := newPlanner(ctx, fn, arith, fusion)
	p := pl.p
	defer func() { p.load.Ctx = nil }() // a plan outlives the load that made it
	if err := pl.lowerAll(); err != nil {
		return nil, err
	}
	if fusion {
		pl.fuse()
	}
	pl.addTails()
	if fusion {
		pl.gateProducts(pl.groupProducts())
	}
	pl.fold()
	if fusion {
		pl.share()
	}
	if err := pl.prepare(&p.Body); err != nil {
		return nil, err
	}
	if fusion {
		pl.noteSeparate() // after preparation, which shows the products with constants
	}
	pl.number()
	pl.bindStates()
	pl.assignBuffers()
	p.noteReaders()
	return p, nil
}

// guard turns what is thrown while a plan is made into an error. It must be
// deferred itself. Three things are thrown on purpose: the end of the context, from
// deep inside of a loop; a mapped file that went away; and access to wild memory,
// which Faulted throws again. Whatever else comes is a mistake of the engine's that a
// program has found, and costs that program its plan only.
func guard(ctx context.Context, fn *mil.Function, err *error) {
	r := recover()
	if r == nil {
		return
	}
	if _, ok := r.(array.Ended); ok {
		*err = ctx.Err()
		return
	}
	if *err = Faulted(r); *err == nil {
		*err = fmt.Errorf("function %s: %w: %v", mil.Plain(fn.Name), array.ErrFault, r)
	}
}
