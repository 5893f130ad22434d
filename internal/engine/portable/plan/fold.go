package plan

import (
	"slices"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

// maxFolded bounds the elements of a folded constant; what is larger is computed
// in every prediction instead of being kept.
const maxFolded = 1 << 22

// maxFoldWork bounds the work of folding, in elements read and written or
// multiplied: loading a program must not take long.
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
	scratch := *p
	scratch.Steps, scratch.Buffers = len(p.Body.Steps), 0
	for k, st := range p.Body.Steps {
		st.Index = k
	}
	e := &op.Env{}
	scratch.InitEnv(e, nil, 1)
	e.Ctx = p.load.Ctx
	folded := map[*Step]bool{}
	for _, st := range foldable {
		if !pl.foldStep(e, st) {
			continue
		}
		folded[st] = true
	}
	p.Body.Steps = slices.DeleteFunc(p.Body.Steps, func(st *Step) bool { return folded[st] })
}

// foldable lists the top-level steps that depend on constants alone.
func (pl *planner) foldable() []*Step {
	p := pl.p
	constant := make([]bool, len(p.Slots))
	for k := range p.Slots {
		constant[k] = p.Slots[k].Const != nil
	}
	var list []*Step
	for _, st := range p.Body.Steps {
		if st.State >= 0 || st.Blocks != nil || len(st.In) == 0 ||
			st.Def.Folding == op.CostUnbounded || st.Def.Random {
			continue
		}
		all := true
		for _, s := range append(slices.Clone(st.In), st.List...) {
			if s >= 0 && !constant[s] {
				all = false
			}
		}
		if !all {
			continue
		}
		for _, s := range st.Out {
			constant[s] = true
		}
		list = append(list, st)
	}
	return list
}

// mayFold reports whether a step whose shapes are known is small enough to be
// folded.
func (pl *planner) mayFold(e *op.Env, st *Step) bool {
	operands, largest, results := 0, 0, 0
	for _, s := range append(slices.Clone(st.In), st.List...) {
		if s >= 0 {
			n := e.Values[s].Len()
			operands, largest = operands+n, max(largest, n)
		}
	}
	for _, s := range st.Out {
		n := e.Values[s].Len()
		if n > maxFolded {
			return false
		}
		results += n
	}
	work := operands + results
	if st.Def.Folding == op.CostProduct {
		work = largest * results
	}
	pl.folding += work
	return pl.folding <= maxFoldWork
}

// foldStep runs one step and keeps its results. Results that are views keep
// viewing the constant's memory.
func (pl *planner) foldStep(e *op.Env, st *Step) (ok bool) {
	for _, s := range st.In {
		if s >= 0 && pl.p.Slots[s].Const == nil {
			return false // an operand was not folded
		}
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case array.Ended:
			panic(r)
		default:
			if Faulted(r) != nil {
				panic(r) // no mistake of the step's: the plan fails
			}
			ok = false
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
		v.Wide, v.Flat = nil, nil
		pl.p.Slots[s].Const, e.Constant[s] = &v, true
	}
	return true
}
