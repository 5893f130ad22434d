package portable

import (
	"context"
	"fmt"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/workpool"
)

// frame is the working memory of one prediction at a time: what operators work
// with, and what the engine remembers of the prediction before. Frames are reused,
// so that a prediction whose shapes were seen before allocates nothing.
type frame struct {
	env
	plan    *plan
	spoiled bool   // what was thrown may have left it in any condition
	memos   []memo // of each slot, from the last rehearsal
	// remembers says that memos is whole.
	remembers bool
	hidden    []value // inputs whose content a rehearsal does not look at
	stirred   []bool  // of each step: the next rehearsal goes through it
	computed  []bool  // of each step: the last rehearsal has the result
	// series says that predictions like the last need no rehearsal, rowsBefore which
	// rows it gave.
	series     bool
	rowsBefore []int
	// rehearsed says that the shapes of the prediction that runs are known, but for
	// those of doubtful slots.
	rehearsed bool
	call      call
	// profiler is told of the steps; nil unless the prediction's context has one.
	profiler engine.Profiler
}

func newFrame(p *plan, pool *workpool.Pool, threads int) *frame {
	fr := &frame{
		plan: p, memos: make([]memo, len(p.slots)), stirred: make([]bool, len(p.body.steps)), computed: make([]bool, len(p.body.steps)),
	}
	p.initEnv(&fr.env, pool, threads)
	for k := range p.slots {
		fr.memos[k].known = p.slots[k].konst != nil
	}
	fr.call.env = &fr.env
	return fr
}

// run executes the plan's steps. Whatever goes wrong in a step comes back as an
// error that names the operation; a fault in a definition does too, so that no
// package can end the process.
func (fr *frame) run(ctx context.Context) (err error) {
	fr.ctx, fr.call.step, fr.profiler = ctx, startStep, engine.ProfilerOf(ctx)
	defer fr.guard(&err)
	return fr.steps(&fr.plan.body)
}

// guard turns what is thrown into an error. It must be deferred itself.
func (fr *frame) guard(err *error) {
	r := recover()
	if r == nil {
		return
	}
	if _, ok := r.(ended); ok {
		*err = fr.ctx.Err()
		return
	}
	fr.spoiled = true
	op := fr.call.step.op
	if fault := faulted(r); fault != nil {
		*err = fr.plan.fail(op, fault)
		return
	}
	if _, ok := r.(arenaError); ok {
		*err = fr.plan.fail(op, fmt.Errorf("the prediction needs more than %d MiB of working memory", maxArena>>18))
		return
	}
	*err = fr.plan.fail(op, fmt.Errorf("%w: %v", errFault, r))
}

// startStep stands for the beginning of a plan where a step is expected.
var startStep = &binding{def: &operator{}, op: &mil.Op{Type: "input"}}

// stepsAtOnce is how many steps run between two looks at the context. What takes
// long within one looks by itself.
const stepsAtOnce = 8

func (fr *frame) steps(b *body) error {
	c := &fr.call
	shaped := fr.rehearsed && b == &fr.plan.body
	for k, st := range b.steps {
		if k%stepsAtOnce == 0 {
			if err := fr.ctx.Err(); err != nil {
				return err
			}
		}
		if shaped && fr.computed[k] {
			v := &fr.vals[st.out[0]]
			v.wide, v.flat = nil, nil
			continue
		}
		c.step = &st.binding
		for _, s := range st.out {
			v := &fr.vals[s]
			v.wide, v.flat, v.dense = nil, nil, true
		}
		var err error
		if fr.profiler == nil {
			err = fr.step(c, st, shaped)
		} else {
			err = fr.timed(c, st, shaped)
		}
		if err != nil {
			return fr.plan.fail(st.op, err)
		}
	}
	return fr.ctx.Err()
}

// step executes one step. shaped says that a rehearsal went through it.
func (fr *frame) step(c *call, st *step, shaped bool) error {
	if st.blocks != nil {
		return fr.block(st)
	}
	if !shaped || st.state >= 0 || fr.memos[st.out[0]].doubt != sure {
		if err := shapeOf(c); err != nil {
			return err
		}
	}
	return evalOf(c)
}
