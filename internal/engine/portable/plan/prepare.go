package plan

import (
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/workpool"
)

// setup is what the operator of a step sees of it.
func (p *Plan) setup(st *Step) *op.Setup {
	return &op.Setup{Load: &p.load, Step: &st.Binding, Constant: p.constant}
}

// constant returns the content of a constant's slot, nil for any other.
func (p *Plan) constant(slot int32) *array.Value { return p.Slots[slot].Const }

// InitEnv makes what operators work with: room for every slot, with the constants
// in theirs. A frame does so once and is used for many predictions; constants are
// never written to, so that all frames share their memory.
func (p *Plan) InitEnv(e *op.Env, pool *workpool.Pool, threads int) {
	e.Init(len(p.Slots), p.Buffers, p.Steps)
	e.Pool, e.Threads, e.Opset, e.Specs = pool, threads, p.opset, p.States
	for k := range p.Slots {
		s := &p.Slots[k]
		if s.Const != nil {
			e.Values[k] = *s.Const
			e.Values[k].Slot = int32(k)
		}
		e.Values[k].DType = s.Type.DType
		e.BufferOf[k], e.Constant[k] = s.buffer, s.Const != nil
	}
	p.Body.makeLocals(e)
}

// makeLocals makes what the steps keep from prediction to prediction, such as scratch
// memory and geometry. It belongs to a frame and not to the plan: predictions run at
// the same time.
func (b *Body) makeLocals(e *op.Env) {
	for _, st := range b.Steps {
		if st.Def.Local != nil {
			e.Locals[st.Index] = st.Def.Local()
		}
		for _, inner := range st.Blocks {
			inner.makeLocals(e)
		}
	}
}

// prepare lets operators look at their constants. What they return replaces nothing
// when it is nil: steps that fusion made have the pattern's data already.
func (pl *planner) prepare(b *Body) error {
	work := array.Counter{Poller: &pl.p.load}
	for _, st := range b.Steps {
		work.Add(array.PollEvery / 64)
		if st.Def.Prepare != nil {
			data, err := st.Def.Prepare(pl.p.setup(st))
			if err != nil {
				return pl.p.Fail(st.Op, err)
			}
			if data != nil {
				st.Data = data
			}
		}
		for _, inner := range st.Blocks {
			if err := pl.prepare(inner); err != nil {
				return err
			}
		}
	}
	return nil
}
