package plan

import (
	"context"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
)

// NewNaive lowers a function without any pass that could share memory: every slot
// has a buffer of its own, every read of a state is a copy, no update is in place,
// nothing is folded or fused. Tests compare what the passes make with it.
// It keeps what no program could be run without: lowering, preparation and numbers. It
// leaves out tails too, so that its outputs have all rows.
func NewNaive(ctx context.Context, fn *mil.Function, arith engine.Arithmetic) (*Plan, error) {
	pl := newPlanner(ctx, fn, arith, false)
	p := pl.p
	if err := pl.lowerAll(); err != nil {
		return nil, err
	}
	if err := pl.prepare(&p.Body); err != nil {
		return nil, err
	}
	pl.number()
	var walk func(b *Body)
	walk = func(b *Body) {
		for _, st := range b.Steps {
			st.Copied = true
			for _, inner := range st.Blocks {
				walk(inner)
			}
		}
	}
	walk(&p.Body)
	for k := range p.Slots {
		p.Slots[k].buffer = int32(k)
	}
	p.Buffers = len(p.Slots)
	return p, nil
}
