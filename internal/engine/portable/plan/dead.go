package plan

import (
	"slices"

	"github.com/gocoreml/coreml/internal/mil"
)

// markUsed finds the operations whose results matter: those that an output or a
// write of a state needs. Nested blocks are kept whole: which of their results matter
// depends on the results of the operation around them, and converters leave no dead
// code there. It keeps a list of work instead of calling itself, as chains of
// operations are as long as a program.
func (pl *planner) markUsed(b *mil.Block, keep []*mil.Value) {
	work := append(slices.Clone(b.Outputs), keep...)
	for _, op := range b.Ops {
		if writesState(op) {
			work = pl.need(op, work)
		}
	}
	for len(work) > 0 {
		v := work[len(work)-1]
		work = work[:len(work)-1]
		if v.Producer != nil {
			work = pl.need(v.Producer, work)
		}
	}
}

// need marks an operation as used and adds what it reads to the work. It calls itself
// for nested blocks only, whose depth the decoder of packages bounds.
func (pl *planner) need(op *mil.Op, work []*mil.Value) []*mil.Value {
	if pl.used[op] {
		return work
	}
	pl.used[op] = true
	for _, a := range op.Inputs {
		work = append(work, a.Values...)
	}
	for _, b := range op.Blocks {
		work = append(work, b.Outputs...)
		for _, inner := range b.Ops {
			work = pl.need(inner, work)
		}
	}
	return work
}

// writesState reports whether op, or one in a nested block of it, writes a state.
func writesState(op *mil.Op) bool {
	if op.Type == "write_state" {
		return true
	}
	for _, b := range op.Blocks {
		for _, inner := range b.Ops {
			if writesState(inner) {
				return true
			}
		}
	}
	return false
}
