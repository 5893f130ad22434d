package plan

import (
	"slices"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

// maxFolded bounds the elements of a folded constant; what is larger is computed
// in every prediction instead of being kept. Tables of rotary embedding have
// 2^22 elements at 32,768 positions of 128.
const maxFolded = 1 << 22

// maxFoldWork bounds the work of folding, in elements read and written or
// multiplied: loading a program must not take long. 2^28 multiplications take a
// fraction of a second.
const maxFoldWork = 1 << 28

// fold runs the steps whose operands are all constants once and replaces their
// results by constants. A step that fails keeps its place: the error belongs to
// the prediction that reaches it.
func (pl *planner) fold() {
	p := pl.p
	foldable := pl.foldable()
	if len(foldable) == 0 {
		return
	}
	e := pl.foldingEnv()
	folded := map[*Step]bool{}
	for _, st := range foldable {
		if !pl.foldStep(e, st) {
			continue
		}
		folded[st] = true
	}
	p.Body.Steps = slices.DeleteFunc(p.Body.Steps, func(st *Step) bool { return folded[st] })
}

// foldingEnv makes what the steps run in. No buffers are assigned yet, so that every
// slot has memory of its own, which a folded constant may keep; numbers of steps are
// those of this pass alone.
func (pl *planner) foldingEnv() *op.Env {
	scratch := *pl.p
	scratch.Steps, scratch.Buffers = len(scratch.Body.Steps), 0
	for k, st := range scratch.Body.Steps {
		st.Index = k
	}
	e := &op.Env{}
	scratch.InitEnv(e, nil, 1)
	e.Ctx = pl.p.load.Ctx
	return e
}

// foldable lists the top-level steps that depend on constants alone.
func (pl *planner) foldable() []*Step {
	constant := make([]bool, len(pl.p.Slots))
	for k := range pl.p.Slots {
		constant[k] = pl.p.Slots[k].Const != nil
	}
	var list []*Step
	for _, st := range pl.p.Body.Steps {
		if !mayRunOnce(st) || !allOf(st, constant) {
			continue
		}
		for _, s := range st.Out {
			constant[s] = true
		}
		list = append(list, st)
	}
	return list
}

// mayRunOnce reports whether the results of a step follow from its operands alone, and
// in a time that these bound.
func mayRunOnce(st *Step) bool {
	return st.State < 0 && st.Blocks == nil && len(st.In) > 0 && st.Def.Folding != op.CostUnbounded && !st.Def.Random
}

// allOf reports whether the set holds every slot that a step reads.
func allOf(st *Step, set []bool) bool {
	for s := range st.Operands() {
		if !set[s] {
			return false
		}
	}
	return true
}

// mayFold reports whether a step whose shapes are known is small enough to be
// folded.
func (pl *planner) mayFold(e *op.Env, st *Step) bool {
	read, largest, results := 0, 0, 0
	for s := range st.Operands() {
		n := e.Values[s].Len()
		read, largest = read+n, max(largest, n)
	}
	for _, s := range st.Out {
		n := e.Values[s].Len()
		if n > maxFolded {
			return false
		}
		results += n
	}
	work := read + results
	if st.Def.Folding == op.CostProduct {
		work = largest * results
	}
	pl.folding += work
	return pl.folding <= maxFoldWork
}

// foldStep runs one step and keeps its results. Results that are views keep
// viewing the constant's memory.
func (pl *planner) foldStep(e *op.Env, st *Step) (ok bool) {
	if slices.ContainsFunc(st.In, func(s int32) bool { return s >= 0 && pl.p.Slots[s].Const == nil }) {
		return false // a step that was to give it has failed
	}
	defer func() {
		if r := recover(); r != nil {
			ok = false
			throwOn(r)
		}
	}()
	c := &op.Call{Env: e, Step: &st.Binding}
	for _, s := range st.Out {
		e.Values[s].Dense = true
	}
	if op.Shape(c) != nil || !pl.mayFold(e, st) || op.Eval(c) != nil {
		return false
	}
	for _, s := range st.Out {
		v := e.Values[s]
		v.Wide, v.Flat = nil, nil // other forms, which frames make for themselves
		pl.p.Slots[s].Const, e.Constant[s] = &v, true
	}
	return true
}

// throwOn throws again what is no mistake of a step's own: the end of the context, and
// a mapped file that went away. Both end the plan. A step that failed in any other way
// is not folded, and fails again in the prediction that reaches it.
func throwOn(r any) {
	if _, ended := r.(array.Ended); ended || Faulted(r) != nil {
		panic(r)
	}
}
