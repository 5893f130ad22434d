package plan

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

// groupProducts replaces linears that read the same slot by one step in the
// place of the first: what prepares the input for the kernels is done once, and one
// task over all their rows leaves no thread idle between them. It comes after the
// tails, which cut the input of an output's product to the rows that are wanted. It returns
// the linears of each group.
func (pl *planner) groupProducts() map[*Step][]*Step {
	f := newFuser(pl)
	readers := map[int32][]*Step{}
	for _, st := range pl.p.Body.Steps {
		if f.groupable(st) {
			readers[st.In[0]] = append(readers[st.In[0]], st)
		}
	}
	groups := map[*Step][]*Step{}
	for k, st := range pl.p.Body.Steps {
		if f.gone[st] || !st.is("linear") {
			continue
		}
		if group := readers[st.In[0]]; len(group) >= 2 && group[0] == st && f.sameWidth(group) {
			n := f.joined(group)
			pl.p.Body.Steps[k], groups[n] = n, group
		}
	}
	f.sweep()
	if n := len(groups); n > 0 {
		pl.p.Notes = append(pl.p.Notes, fmt.Sprintf("fused: %d groups of linears", n))
	}
	return groups
}

// joined makes one step of a group. Moving the later products up to the first is safe:
// weights and biases are constants, and the input is there.
func (f *fuser) joined(group []*Step) *Step {
	first := group[0]
	data := &op.ProductGroup{}
	n := &Step{Binding: op.Binding{Op: first.Op, Def: op.FusedProducts, In: []int32{first.In[0]}, List: []int32{first.In[0]}, State: -1, Data: data}}
	for _, g := range group {
		data.Factors = append(data.Factors, op.Factor{Weight: g.In[1], BiasSlot: operandOf(g, 2)})
		n.Out = append(n.Out, g.Out[0])
		f.gone[g] = true
	}
	return n
}

// groupable reports whether a linear's weight and bias are constants that a joint task
// takes. What a linear of a constant gives is folded instead.
func (f *fuser) groupable(st *Step) bool {
	if !st.is("linear") || len(st.Out) != 1 || f.p.Slots[st.In[0]].Const != nil {
		return false
	}
	w := f.p.Slots[st.In[1]].Const
	if w == nil || w.Rank != 2 || w.Dims[0] == 0 || w.Dims[1] == 0 {
		return false
	}
	b := operandOf(st, 2)
	if b < 0 {
		return true
	}
	v := f.p.Slots[b].Const
	return v != nil && v.Repr == array.ReprF32 && v.Dense && v.Len() == w.Dims[0]
}

// sameWidth reports whether the weights of all linears have equally many columns. A
// program in which they differ is refused where each linear checks its own input.
func (f *fuser) sameWidth(group []*Step) bool {
	cols := func(st *Step) int { return f.p.Slots[st.In[1]].Const.Dims[1] }
	for _, st := range group[1:] {
		if cols(st) != cols(group[0]) {
			return false
		}
	}
	return true
}
