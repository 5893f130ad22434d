package portable

import (
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
)

// rehearseBlocks is the rehearsal of what a step with blocks surely runs: the
// branch of cond that a known predicate takes; the condition of while_loop and,
// where that is known to hold at first, the body once. What happens in later
// iterations, or behind a predicate that is computed from large values, only
// the prediction finds out, and an error there may cost the state. What it
// finds inside a block is forgotten for the results: these get their declared
// types.
func (fr *frame) rehearseBlocks(st *plan.Step) error {
	if st.Op.Type == "cond" {
		holds, known := fr.surely(st.In[0])
		if !known {
			return nil
		}
		return fr.rehearseBody(branch(st, holds))
	}
	if err := sameVariables(st); err != nil {
		return err
	}
	cond, body := st.Blocks[0], st.Blocks[1]
	for k, s := range st.List {
		fr.pass(cond.Ins[k], s)
		fr.pass(body.Ins[k], s)
	}
	if err := fr.rehearseBody(cond); err != nil {
		return err
	}
	if holds, known := fr.surely(cond.Outs[0]); !known || !holds {
		return nil
	}
	return fr.rehearseBody(body)
}

// rehearseBody goes through all steps of a block, whatever has changed since the last
// rehearsal: the blocks that converters write are short.
func (fr *frame) rehearseBody(b *plan.Body) error {
	for _, st := range b.Steps {
		fr.call.Step = &st.Binding
		if err := fr.rehearseStep(st); err != nil {
			return fr.plan.Fail(st.Op, err)
		}
		for _, s := range st.Out { // for the steps behind it, in this rehearsal
			fr.memos[s].note(&fr.Values[s])
		}
	}
	return nil
}

// pass gives a parameter of a block what is known of a loop variable's first
// value. A later iteration may have another value and another shape.
func (fr *frame) pass(parameter, s int32) {
	v, m := &fr.Values[parameter], &fr.memos[parameter]
	v.Alias(&fr.Values[s])
	if !fr.memos[s].known || v.Len() > maxRehearsed { // a constant of any size is known
		v.Forget()
	}
	m.doubt = fr.memos[s].doubt
	m.note(v)
}

// surely returns the truth value that a slot is known to have.
func (fr *frame) surely(s int32) (holds, known bool) {
	m, v := &fr.memos[s], &fr.Values[s]
	if !m.known || m.doubt != sure || v.Len() != 1 || !v.IsInt() {
		return false, false
	}
	return fr.call.I32(v)[0] != 0, true
}
