package plan

import (
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/mil"
)

// addTails gives every output its tail step: the one that cuts it to the rows that a
// caller asks for. Of a prompt's logits only the last row is wanted, and they are the
// largest product of a model; so the step moves up before the operations that turn
// rows into rows one by one.
func (pl *planner) addTails() {
	p := pl.p
	f := newFuser(pl)
	before := map[*Step]*Step{} // the tails that stand before steps
	for k, out := range p.Body.Outs {
		// A tensor without rows, or one whose rank is not known, cannot be cut.
		if t := p.Slots[out].Type; len(t.Shape) < 2 || t.Variadic || p.Slots[out].Const != nil {
			continue
		}
		x, first := f.firstRowwise(out)
		pl.addTail(k, x, first, before)
	}
	if len(before) == 0 {
		return
	}
	steps := make([]*Step, 0, len(p.Body.Steps)+len(before))
	for _, st := range p.Body.Steps {
		if tail := before[st]; tail != nil {
			steps = append(steps, tail)
		}
		steps = append(steps, st)
	}
	p.Body.Steps = steps
}

// firstRowwise goes back from an output over the row-wise steps that lead to it alone
// and returns the first of them, nil when there is none, with the slot that it reads.
// A change of the rank would make other rows of them.
func (f *fuser) firstRowwise(out int32) (x int32, first *Step) {
	for x = out; ; {
		st := f.maker(x)
		if st == nil || f.uses[x] != 1 {
			return x, first
		}
		before, ok := f.rowwise(st)
		if !ok || f.p.Slots[before].Const != nil || f.rank(before) != f.rank(x) {
			return x, first
		}
		st.Cut = true
		x, first = before, st
	}
}

// addTail makes the step that shows the last rows of slot x, to stand before the
// step that reads it or, when first is nil, as output k.
func (pl *planner) addTail(k int, x int32, first *Step, before map[*Step]*Step) {
	p := pl.p
	t := int32(len(p.Slots))
	s := p.Slots[x]
	p.Slots = append(p.Slots, Slot{Name: s.Name, Type: s.Type, buffer: -1})
	st := &Step{Cut: true, Binding: op.Binding{
		Def: op.TailOperator, Op: tailOp, In: []int32{x}, List: []int32{x}, Out: []int32{t}, State: -1, Data: &op.TailOutput{Number: k},
	}}
	if first == nil {
		p.Body.Steps = append(p.Body.Steps, st)
		p.Body.Outs[k] = t
		return
	}
	before[first] = st
	for _, list := range [2][]int32{first.In, first.List} {
		for j, s := range list {
			if s == x {
				list[j] = t
			}
		}
	}
}

// rowwise returns the slot whose rows a step turns into rows one by one; false
// when it is not of that kind.
func (f *fuser) rowwise(st *Step) (int32, bool) {
	if st.Def.Rowwise == nil {
		return 0, false
	}
	k, ok := st.Def.Rowwise(f.p.setup(st))
	if !ok {
		return 0, false
	}
	return st.In[k], true
}

// tailOp stands for the operation of a tail step in errors.
var tailOp = &mil.Op{Type: "tail"}
