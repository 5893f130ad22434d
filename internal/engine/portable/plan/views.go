package plan

import (
	"math"
	"slices"

	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

// readers lists, for each slot, the top-level steps that read it, those included that
// read it in a nested block. Outputs count as a read after the last step.
func (pl *planner) readers() map[int32][]*Step {
	r := map[int32][]*Step{}
	for _, st := range pl.p.Body.Steps {
		noteReads(r, st, st)
	}
	noteOuts(r, &pl.p.Body)
	return r
}

// noteReads enters the reads of a step, and of those that it nests, as reads of top.
func noteReads(r map[int32][]*Step, st, top *Step) {
	for _, s := range st.In {
		r[s] = append(r[s], top)
	}
	for k, s := range st.List {
		if k > 0 { // the first is operand 0
			r[s] = append(r[s], top)
		}
	}
	for _, inner := range st.Blocks {
		for _, nested := range inner.Steps {
			noteReads(r, nested, top)
		}
		noteOuts(r, inner)
	}
}

// noteOuts enters what a body gives back as read at the very end. For a nested one
// that is later than true, which costs at most a copy.
func noteOuts(r map[int32][]*Step, b *Body) {
	for _, s := range b.Outs {
		r[s] = append(r[s], atTheEnd)
	}
}

// atTheEnd stands for whoever reads what a body gives back. It shows nothing on.
var atTheEnd = &Step{pos: math.MaxInt, Binding: op.Binding{Def: &op.Operator{}}}

// follow returns the last position at which slot root or a view of it is read,
// and the slice updates that take the whole of it as x.
func (b *binder) follow(root int32) (last int, updates []*Step) {
	for _, s := range b.views(root, nil) {
		for _, st := range b.readers[s] {
			last = max(last, st.pos)
			if s == root && isUpdate(st) && st.In[0] == s && !slices.Contains(updates, st) {
				updates = append(updates, st)
			}
		}
	}
	return last, updates
}

// views lists slot root and everything that may show its memory. A slice update
// that is not in place makes a copy; except, when not nil, is left out.
func (b *binder) views(root int32, except *Step) []int32 {
	list := []int32{root}
	seen := map[int32]bool{root: true}
	for k := 0; k < len(list); k++ { // list grows
		s := list[k]
		for _, st := range b.readers[s] {
			if !st.Def.View || st == except || len(st.In) == 0 || st.In[0] != s || isUpdate(st) {
				continue
			}
			for _, o := range st.Out {
				if !seen[o] {
					seen[o] = true
					list = append(list, o)
				}
			}
		}
	}
	return list
}

// lastRead is the last position at which slot root or a view of it is read,
// leaving out what lies behind the update. An update whose other operands view
// the old content counts as a read for ever: it would overwrite what it is still to
// read.
func (b *binder) lastRead(root int32, update *Step) int {
	last := 0
	for _, s := range b.views(root, update) {
		for _, st := range b.readers[s] {
			if st == update && (s != root || slices.Contains(st.In[1:], s)) {
				return math.MaxInt
			}
			last = max(last, st.pos)
		}
	}
	return last
}

// isUpdate reports whether a step is a slice_update of the program.
func isUpdate(st *Step) bool { return st.is("slice_update") && st.Op != nil }
