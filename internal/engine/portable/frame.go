package portable

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/workpool"
)

// maxArena bounds the memory of one frame's buffers: 2^29 elements are 2 GiB.
// Tests of hostile programs lower it.
var maxArena = 1 << 29

var (
	errUnsupported = errors.New("operator is not supported")
	errShape       = errors.New("the shapes of the operands do not fit")
	// errFault is a mistake in the engine that was caught: an operand for which a
	// definition lacks a check.
	errFault = errors.New("internal fault")
)

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
	rows    []int     // of each output wanted, 0 for all
	states  []*buffer // of the prediction that runs, in the plan's order
	call    call
	pool    *workpool.Pool
	threads int
	ctx     context.Context //nolint:containedctx // lives for one prediction
	// product serves every step that multiplies by a constant matrix: what it needs
	// for a long prompt is too much to keep for each of them.
	product kernel.MatMulTask
	// profiler is told of the steps; nil unless the prediction's context has one.
	profiler engine.Profiler
}

func newFrame(p *plan, pool *workpool.Pool, threads int) *frame {
	fr := &frame{
		plan: p, vals: make([]value, len(p.slots)), buffers: make([][]float32, p.buffers),
		spares: make([][]float32, 2*len(p.slots)), locals: make([]any, p.steps), pool: pool, threads: threads,
	}
	for k := range fr.vals {
		if c := p.slots[k].konst; c != nil {
			fr.vals[k] = *c
		}
		fr.vals[k].slot = int32(k)
		fr.vals[k].dt = p.slots[k].typ.DType
	}
	fr.call.fr = fr
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
	return make([]float32, size)
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
// prediction, b or new ones; what they held is lost.
func grown[T any](fr *frame, b []T, n int) []T {
	if cap(b) < n {
		fr.charge((n - cap(b)) * int(unsafe.Sizeof(*new(T))) / 4)
		b = make([]T, n)
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
	defer func() { fr.ctx, fr.profiler = nil, nil }()
	defer fr.guard(&err)
	return fr.steps(&fr.plan.body)
}

// guard turns what is thrown into an error. It must be deferred itself.
func (fr *frame) guard(err *error) {
	r := recover()
	if r == nil {
		return
	}
	fr.spoiled = true
	op := fr.call.st.op
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
var startStep = &step{def: &operator{}, op: &mil.Op{Type: "input"}}

// stopped reports whether the prediction's context has ended. What takes long
// within a step looks at it now and then and gives up: no step that follows sees
// the unfinished result.
func (fr *frame) stopped() bool { return fr.ctx != nil && fr.ctx.Err() != nil }

// stepsAtOnce is how many steps run between two looks at the context. What takes
// long within one looks by itself.
const stepsAtOnce = 8

func (fr *frame) steps(b *body) error {
	c := &fr.call
	for k, st := range b.steps {
		if k%stepsAtOnce == 0 {
			if err := fr.ctx.Err(); err != nil {
				return err
			}
		}
		c.st = st
		for _, s := range st.out {
			v := &fr.vals[s]
			v.wide, v.flat, v.dense = nil, nil, true
		}
		var err error
		if fr.profiler == nil {
			err = fr.step(c, st)
		} else {
			err = fr.timed(c, st)
		}
		if err != nil {
			return fr.plan.fail(st.op, err)
		}
	}
	return fr.ctx.Err()
}

func (fr *frame) step(c *call, st *step) error {
	if st.blocks != nil {
		return fr.block(st)
	}
	if st.def.shape != nil {
		if err := st.def.shape(c); err != nil {
			return err
		}
	} else if err := c.out(0).setShape(c.in(0).shape()...); err != nil {
		return err
	}
	if err := st.def.eval(c); err != nil {
		return err
	}
	if !st.def.exact {
		c.round()
	}
	return nil
}
