package portable

import (
	"errors"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/tensor"
)

// Whatever an operator refuses once it runs, the shape rule or the check of a
// rehearsal has to refuse without the content of large values: afterwards a state
// may have been written.
func TestRehearsalFindsWhateverAnOperatorRefuses(t *testing.T) {
	n := uint64(60000)
	if testing.Short() {
		n = 12000
	}
	found := map[string]bool{}
	for seed := range n {
		name, p, feeds := hostilePlan(t, seed)
		if p == nil {
			continue
		}
		fr := newFrame(p, nil, 1)
		bindAll(fr, feeds)
		refused, late := fr.refusal(t)
		if late != nil {
			t.Errorf("seed %d: %s: only Eval refuses it: %v", seed, name, late)
		}
		if refused {
			found[name] = true
		}
	}
	if len(found) < len(op.Table)/2 {
		t.Errorf("only %d of %d operators ever refused anything", len(found), len(op.Table))
	}
}

// refusal runs the steps, each after its shape rule and its check. It reports
// whether one of these refused something, or the error that only Eval gave.
func (fr *frame) refusal(t *testing.T) (refused bool, late error) {
	var fault error
	defer func() {
		if fault != nil {
			t.Error(fault)
		}
	}()
	defer fr.guard(&fault)
	fr.Ctx, fr.call.Step = t.Context(), startStep
	c := &fr.call
	for _, st := range fr.plan.Body.Steps {
		c.Step = &st.Binding
		for _, s := range st.Out {
			v := &fr.Values[s]
			v.Wide, v.Flat, v.Dense = nil, nil, true
		}
		if op.Shape(c) != nil || fr.checksUnseen(st) != nil {
			return true, nil
		}
		if err := op.Eval(c); err != nil {
			// An index or an axis may lie in floating-point numbers that a rehearsal
			// does not look at; a shape may not.
			if seen := op.Check(c); seen != nil && !errors.Is(seen, tensor.ErrShape) {
				return true, nil
			}
			return false, err
		}
	}
	return false, nil
}

// checksUnseen runs the check of a step as a rehearsal does: without the content
// of values that it does not look at.
func (fr *frame) checksUnseen(st *plan.Step) error {
	saved := slices.Clone(fr.Values)
	defer copy(fr.Values, saved)
	for s := range fr.Values {
		v := &fr.Values[s]
		first := len(st.In) > 0 && st.In[0] == int32(s)
		if fr.plan.Slots[s].Const == nil && v.DType.IsFloat() && (first || v.Len() > maxRehearsedFloat) {
			v.Forget()
		}
	}
	_, err := fr.call.Attempt(op.Check)
	return err
}
