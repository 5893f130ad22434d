package portable

import "github.com/gocoreml/coreml/internal/engine/portable/plan"

// In a series of predictions most shapes stay what they are: only the dimensions of
// some inputs grow, and with them the shapes of the caches' slices and of the mask. So
// when a series begins, the engine finds out once which steps need no look at the shapes
// of their results, and which small results need not be computed again, until the series
// ends and a rehearsal decides anew.

// change says what of a slot may be another from one prediction of a series to the
// next.
type change struct{ shape, content bool }

// settle goes through the steps in order after a rehearsal that began a series.
func (fr *frame) settle() {
	clear(fr.changes)
	for _, s := range fr.plan.Inputs {
		m := &fr.memos[s]
		fr.changes[s] = change{m.growth != [len(m.growth)]int{}, true}
	}
	for k, st := range fr.plan.Body.Steps {
		c := fr.changeOf(st)
		for _, s := range st.Out {
			fr.changes[s] = c
		}
		fr.steady[k] = !c.shape
		fr.still[k] = !c.shape && !c.content && fr.computed[k]
	}
}

// changeOf says what may change of a step's results.
//
// The rule of its shapes has run in the rehearsal. It may have looked at the content of
// operands that is known, and at no other, or the result would be in doubt.
func (fr *frame) changeOf(st *plan.Step) change {
	if st.Blocks != nil || st.State >= 0 || st.Def.Random {
		return change{true, true}
	}
	var c change
	for s := range st.Operands() {
		o := fr.changes[s]
		c.shape = c.shape || o.shape || o.content && (fr.memos[s].known || fr.memos[s].shown)
		c.content = c.content || o.content && !st.Def.ShapeOnly
	}
	for _, s := range st.Out {
		c.shape = c.shape || fr.memos[s].doubt != sure
	}
	c.content = c.content || c.shape
	return c
}
