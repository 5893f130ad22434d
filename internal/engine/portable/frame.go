package portable

import (
	"context"
	"fmt"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/workpool"
)

// frame is the working memory of one prediction at a time: what operators work
// with, and what the engine remembers of the prediction before. Frames are
// reused, so that a prediction whose shapes were seen before allocates nothing.
// A frame belongs to one call from take to give and has no lock.
type frame struct {
	op.Env
	plan    *plan.Plan
	spoiled bool   // what was thrown may have left it in any condition
	memos   []memo // of each slot, from the last rehearsal
	// remembers says that memos is whole.
	remembers bool
	hidden    []array.Value // inputs whose content a rehearsal does not look at
	stirred   []bool        // of each step: the next rehearsal goes through it
	computed  []bool        // of each step: the last rehearsal has the result
	// series says that predictions like the last need no rehearsal, rowsBefore which
	// rows it gave.
	series     bool
	rowsBefore []int
	// watched are the steps that the next predictions of a series go through all the
	// same, needed marks them, and aside is room for values while they are looked for.
	watched []int32
	needed  []bool
	aside   []array.Value
	longest int // elements of the longest parameter that is kept
	// last is the number of the state that the frame was used with before, 0 for none.
	last uint64
	// rehearsed says that the shapes of the prediction that runs are known, but for
	// those of doubtful slots.
	rehearsed bool
	call      op.Call
	// profiler is told of the steps; nil unless the prediction's context has one.
	profiler engine.Profiler
}

// newFrame makes the working memory of a plan's predictions. Slots get theirs
// when a prediction first needs it. Constants are known from the beginning, and
// their slots are never written.
func newFrame(p *plan.Plan, pool *workpool.Pool, threads int) *frame {
	fr := &frame{
		plan: p, memos: make([]memo, len(p.Slots)), stirred: make([]bool, len(p.Body.Steps)), computed: make([]bool, len(p.Body.Steps)),
		needed: make([]bool, len(p.Body.Steps)),
	}
	p.InitEnv(&fr.Env, pool, threads)
	for k := range p.Slots {
		fr.memos[k].known = p.Slots[k].Const != nil
	}
	fr.call.Env = &fr.Env
	return fr
}

// run executes the plan's steps. Whatever goes wrong in a step comes back as an
// error that names the operation; a fault in a definition does too, so that no
// package can end the process. The rehearsal, if there was one, has been made
// by the caller.
func (fr *frame) run(ctx context.Context) (err error) {
	fr.Ctx, fr.call.Step, fr.profiler = ctx, startStep, engine.ProfilerOf(ctx)
	defer fr.guard(&err)
	return fr.steps(&fr.plan.Body)
}

// guard turns what is thrown into an error. It must be deferred itself.
func (fr *frame) guard(err *error) {
	if r := recover(); r != nil {
		*err = fr.thrown(r)
	}
}

// thrown makes an error of what was thrown while the frame's step ran. array.Ended is
// thrown by loops that found the context ended; it leaves everything in order.
// Anything else may have left a value half-written.
func (fr *frame) thrown(r any) error {
	if _, ok := r.(array.Ended); ok {
		return fr.Ctx.Err()
	}
	fr.spoiled = true // an operator may have been left in the middle
	o := fr.call.Step.Op
	if fault := plan.Faulted(r); fault != nil {
		return fr.plan.Fail(o, fault)
	}
	// MaxArena counts elements of four bytes: shifted by 18, mebibytes.
	if _, ok := r.(op.ArenaError); ok {
		return fr.plan.Fail(o, fmt.Errorf("the prediction needs more than %d MiB of working memory", op.MaxArena>>18))
	}
	return fr.plan.Fail(o, fmt.Errorf("%w: %v", array.ErrFault, r))
}

// startStep stands for the beginning of a plan where a step is expected. Errors
// before the first step name it as the operation.
var startStep = &op.Binding{Def: &op.Operator{}, Op: &mil.Op{Type: "input"}}

// stepsAtOnce is how many steps run between two looks at the context. What takes
// long within one looks by itself.
const stepsAtOnce = 8

// steps executes the steps of a body in order. An error ends the run; the values that
// were computed stay in their slots and are not used.
func (fr *frame) steps(b *plan.Body) error {
	if err := fr.stepsBetween(b, 0, len(b.Steps)); err != nil {
		return err
	}
	return fr.Ctx.Err()
}

// stepsBetween executes steps from to end-1 of a body in order. What a rehearsal has
// found need not be found again: results that it computed, and shapes that are sure. That
// goes for the outermost body alone, as what nested blocks hold changes while they run.
func (fr *frame) stepsBetween(b *plan.Body, from, end int) error {
	c := &fr.call
	shaped := fr.rehearsed && b == &fr.plan.Body
	for k := from; k < end; k++ {
		st := b.Steps[k]
		if k%stepsAtOnce == 0 {
			if err := fr.Ctx.Err(); err != nil {
				return err
			}
		}
		if fr.enter(st, shaped && fr.computed[k]) {
			continue
		}
		var err error
		if fr.profiler == nil {
			err = fr.step(c, st, shaped)
		} else {
			err = fr.timed(c, st, shaped)
		}
		if err != nil {
			return fr.plan.Fail(st.Op, err)
		}
	}
	return nil
}

// enter prepares the slots of a step and returns whether it is done, as it is where the
// result is there.
func (fr *frame) enter(st *plan.Step, there bool) (done bool) {
	if there {
		v := &fr.Values[st.Out[0]]
		v.Wide, v.Flat = nil, nil // other forms share memory with other slots
		return true
	}
	fr.call.Step = &st.Binding
	for _, s := range st.Out {
		v := &fr.Values[s]
		v.Wide, v.Flat, v.Dense = nil, nil, true
	}
	return false
}

// step executes one step. shaped says that a rehearsal went through it. The
// shape of a step on a state is computed each time.
func (fr *frame) step(c *op.Call, st *plan.Step, shaped bool) error {
	if st.Blocks != nil {
		return fr.block(st)
	}
	if err := fr.shape(c, st, shaped); err != nil {
		return err
	}
	return op.Eval(c)
}

// shape sets the shapes of a step's results, unless a rehearsal is sure of them. The
// shape of a step on a state is computed each time.
func (fr *frame) shape(c *op.Call, st *plan.Step, shaped bool) error {
	if !shaped || st.State >= 0 || fr.memos[st.Out[0]].doubt != sure {
		return op.Shape(c)
	}
	return nil
}
