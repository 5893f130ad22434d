package portable

import (
	"context"
	"fmt"
	"unsafe"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/internal/workpool"
)

// maxArena bounds the memory of one frame's buffers: 2^29 elements are 2 GiB.
// Tests of hostile programs lower it.
var maxArena = 1 << 29

// frame is the working memory of one prediction at a time: the content of every
// slot and the buffers under it. Frames are reused, so that a prediction whose
// shapes were seen before allocates nothing.
type frame struct {
	plan    *plan
	vals    []value
	buffers [][]float32
	spares  [][]float32
	arena   int
	spoiled bool // what was thrown may have left it in any condition
	locals  []any
	rows    []int  // of each output wanted, 0 for all
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
	states    []*buffer // of the prediction that runs, in the plan's order
	call      call
	pool      *workpool.Pool
	threads   int
	poller                // of the prediction that runs
	stop      func() bool // poller.stopped, for kernels
	// changed says that the prediction has begun to write to a state.
	changed bool
	// product serves every step that multiplies by a constant matrix: what it needs
	// for a long prompt is too much to keep for each of them.
	product kernel.MatMulTask
	// profiler is told of the steps; nil unless the prediction's context has one.
	profiler engine.Profiler
}

func newFrame(p *plan, pool *workpool.Pool, threads int) *frame {
	fr := &frame{
		plan: p, vals: make([]value, len(p.slots)), buffers: make([][]float32, p.buffers),
		spares: make([][]float32, 2*len(p.slots)), memos: make([]memo, len(p.slots)), stirred: make([]bool, len(p.body.steps)),
		computed: make([]bool, len(p.body.steps)), locals: make([]any, p.steps), pool: pool, threads: threads,
	}
	for k := range fr.vals {
		if c := p.slots[k].konst; c != nil {
			fr.vals[k] = *c
			fr.memos[k].known = true
		}
		fr.vals[k].slot = int32(k)
		fr.vals[k].dt = p.slots[k].typ.DType
	}
	fr.call.fr, fr.stop = fr, fr.stopped
	fr.makeLocals(&p.body)
	return fr
}

func (fr *frame) makeLocals(b *body) {
	for _, st := range b.steps {
		if st.def.local != nil {
			fr.locals[st.index] = st.def.local()
		}
		for _, inner := range st.blocks {
			fr.makeLocals(inner)
		}
	}
}

// buffer returns n elements of the slot's buffer, growing it when needed. When
// the frame would pass its limit the prediction fails after the step, and the
// memory given is only large enough to finish it.
func (fr *frame) buffer(slot int32, n int) []float32 {
	id := fr.plan.slots[slot].buffer
	if id < 0 {
		return fr.spare(slot, n)
	}
	fr.buffers[id] = fr.grow(fr.buffers[id], n)
	return fr.buffers[id][:n]
}

// spare returns n elements that belong to the slot alone.
func (fr *frame) spare(slot int32, n int) []float32 {
	fr.spares[slot] = fr.grow(fr.spares[slot], n)
	return fr.spares[slot][:n]
}

// flat returns n elements for the integers of a slot's numbers.
func (fr *frame) flat(slot int32, n int) []int32 {
	k := len(fr.vals) + int(slot)
	fr.spares[k] = fr.grow(fr.spares[k], n)
	return asInt32(fr.spares[k][:n])
}

func (fr *frame) grow(b []float32, n int) []float32 {
	if cap(b) >= n {
		return b[:cap(b)]
	}
	size := n
	if cap(b) > 0 { // grows with the context: leave room for the next steps
		size = max(n, min(cap(b)+cap(b)/4, cap(b)+1<<20))
	}
	fr.charge(size - cap(b))
	return storage.Unzeroed[float32](size)
}

// charge counts elements of four bytes that the frame takes. Past the limit the
// prediction ends.
func (fr *frame) charge(elements int) {
	if fr.arena+elements > maxArena {
		panic(arenaError{})
	}
	fr.arena += elements
}

// grown returns n elements of memory that a step keeps from prediction to
// prediction, b or new ones; what they held is lost. T has no pointers.
func grown[T any](fr *frame, b []T, n int) []T {
	if cap(b) < n {
		fr.charge((n - cap(b)) * int(unsafe.Sizeof(*new(T))) / 4)
		b = storage.Unzeroed[T](n)
	}
	return b[:n]
}

// arenaError is thrown by charge and caught by guard.
type arenaError struct{}

// run executes the plan's steps. Whatever goes wrong in a step comes back as an
// error that names the operation; a fault in a definition does too, so that no
// package can end the process.
func (fr *frame) run(ctx context.Context) (err error) {
	fr.ctx, fr.call.st, fr.profiler = ctx, startStep, engine.ProfilerOf(ctx)
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
	op := fr.call.st.op
	if _, ok := r.(arenaError); ok {
		*err = fr.plan.fail(op, fmt.Errorf("the prediction needs more than %d MiB of working memory", maxArena>>18))
		return
	}
	*err = fr.plan.fail(op, fmt.Errorf("%w: %v", errFault, r))
}

// startStep stands for the beginning of a plan where a step is expected.
var startStep = &step{def: &operator{}, op: &mil.Op{Type: "input"}}

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
		c.st = st
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
		var err error
		if st.def.shape != nil {
			err = st.def.shape(c)
		} else {
			err = sameShape(c)
		}
		if err != nil {
			return asShape(err)
		}
	}
	if err := st.def.eval(c); err != nil {
		return asValue(err)
	}
	if !st.def.exact {
		c.round()
	}
	return nil
}

// shapeOf sets the shapes of a step's results.
func shapeOf(c *call) error {
	var err error
	if rule := c.st.def.shape; rule != nil {
		err = rule(c)
	} else {
		err = sameShape(c)
	}
	if err != nil {
		return asShape(err)
	}
	return nil
}

// evalOf computes a step's results.
func evalOf(c *call) error {
	if err := c.st.def.eval(c); err != nil {
		return asValue(err)
	}
	if !c.st.def.exact {
		c.round()
	}
	return nil
}
