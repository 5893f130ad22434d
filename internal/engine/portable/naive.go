package portable

import (
	"context"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
)

// newNaive lowers a function without any pass that could share memory: every slot
// has a buffer of its own, every read of a state is a copy, no update is in place,
// nothing is folded or fused. Tests compare what the passes make with it.
func newNaive(ctx context.Context, fn *mil.Function, arith engine.Arithmetic) (*plan, error) {
	pl := newPlanner(ctx, fn, arith, false)
	p := pl.p
	if err := pl.lowerAll(); err != nil {
		return nil, err
	}
	if err := pl.prepare(&p.body); err != nil {
		return nil, err
	}
	pl.number()
	var walk func(b *body)
	walk = func(b *body) {
		for _, st := range b.steps {
			st.copied = true
			for _, inner := range st.blocks {
				walk(inner)
			}
		}
	}
	walk(&p.body)
	for k := range p.slots {
		p.slots[k].buffer = int32(k)
	}
	p.buffers = len(p.slots)
	return p, nil
}
