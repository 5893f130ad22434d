package portable

import (
	"slices"

	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
)

// Predictions of a series differ in what their inputs hold: tokens, positions. An
// operator that refuses some content, such as an index outside of its table, must
// do so before a state is written. Steps before the first write may find out when they
// run. Those behind it that ask for content which follows from the inputs' are watched:
// each prediction of the series rehearses them, and the steps that make what they need.
// In most language models there are none.

// watch lists the steps to be watched after a rehearsal. It reports false where a
// list would not do: what nested blocks read is not known.
func (fr *frame) watch() bool {
	clear(fr.needed)
	fr.watched = fr.watched[:0]
	given := false
	for _, s := range fr.plan.Inputs {
		given = given || fr.memos[s].given
	}
	if !given || fr.plan.FirstWrite < 0 {
		return true
	}
	for k, st := range slices.Backward(fr.plan.Body.Steps) {
		if st.Blocks != nil {
			return false
		}
		if fr.needed[k] || k > fr.plan.FirstWrite && fr.asks(st) {
			fr.watched = append(fr.watched, int32(k))
			fr.need(st)
		}
	}
	slices.Reverse(fr.watched)
	return true
}

// need marks the steps that make the known operands of a watched one. An operand
// that is not known has only a shape, of which that of the last prediction serves.
func (fr *frame) need(st *plan.Step) {
	for s := range st.Operands() {
		if fr.memos[s].known && fr.plan.Maker[s] >= 0 {
			fr.needed[fr.plan.Maker[s]] = true
		}
	}
}

// readsGiven reports whether an operand's content follows from what inputs hold.
func (fr *frame) readsGiven(st *plan.Step) bool {
	for s := range st.Operands() {
		if fr.memos[s].given {
			return true
		}
	}
	return false
}

// asks reports whether the shape rule or the check of a step depends on content that
// follows from what inputs hold: that content is taken away, and whoever asks for it
// is caught. Afterwards the slots are what they were.
func (fr *frame) asks(st *plan.Step) bool {
	if st.State >= 0 || !fr.readsGiven(st) {
		return false
	}
	fr.aside = fr.aside[:0]
	for _, s := range st.Out {
		fr.aside = append(fr.aside, fr.Values[s])
	}
	for s := range st.Operands() {
		if fr.memos[s].given {
			fr.aside = append(fr.aside, fr.Values[s])
			fr.Values[s].Forget()
		}
	}
	fr.call.Step = &st.Binding
	shaped, _ := fr.call.Attempt(op.Shape)
	checked, _ := fr.call.Attempt(op.Check)
	for _, v := range slices.Backward(fr.aside) { // a slot may be there twice, first whole
		fr.Values[v.Slot] = v
	}
	clear(fr.aside) // a frame keeps no hold on a caller's memory
	return !shaped || !checked
}

// accepts reports whether the watched steps take what the inputs hold. False only
// means that a rehearsal has to decide: shapes here may be those of the prediction
// before, which are smaller by one at most.
func (fr *frame) accepts() bool {
	if len(fr.watched) == 0 {
		for _, s := range fr.plan.Inputs {
			fr.memos[s].dims = fr.Values[s].Dims
		}
		return true
	}
	fr.compareInputs(true)
	err := fr.rehearseWatched()
	fr.unhide()
	return err == nil
}

// rehearseWatched goes through the watched steps in order.
func (fr *frame) rehearseWatched() error {
	for _, k := range fr.watched {
		st := fr.plan.Body.Steps[k]
		fr.call.Step = &st.Binding
		if err := fr.rehearseStep(st); err != nil {
			return err
		}
		for _, s := range st.Out {
			fr.memos[s].note(&fr.Values[s])
		}
	}
	return nil
}
