package portable

import (
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// A rehearsal computes the shapes of a prediction's values, and the few small
// values that shapes depend on, without the work: what does not fit is found before
// a state is changed, and when a package is loaded for its default shapes. What
// depends on the content of large values stays unknown, and with it whatever
// depends on that; there the types that the program declares stand in, and what
// follows from those is not held against anybody.
//
// A frame remembers its last rehearsal. The next one goes through the steps of
// which an operand differs, so that it costs next to nothing in a step of
// generation, and the prediction itself need not compute the shapes again.

// rehearse goes through the steps in order. The inputs are bound. Afterwards
// the slots of parameters hold what the caller gave again.
func (fr *frame) rehearse() error {
	anew := !fr.remembers
	// Until the end is reached the memos are of two predictions; after an error they
	// stay so, and the next rehearsal begins anew.
	fr.remembers, fr.series = false, false
	fr.compareInputs(anew)
	touched, err := fr.rehearseSteps(anew)
	if err != nil {
		return err
	}
	fr.unhide()
	fr.remembers, fr.rehearsed = true, true
	fr.notice(anew, touched)
	return nil
}

// compareInputs remembers the parameters and stirs the steps that read one that is
// another than in the last rehearsal. Content that a rehearsal does not look at is put
// aside, so that asking for it is noticed.
func (fr *frame) compareInputs(anew bool) {
	fr.hidden, fr.longest = fr.hidden[:0], 0
	for _, s := range fr.plan.Inputs {
		v := &fr.Values[s]
		moved, hide := fr.memos[s].noteInput(v)
		if hide {
			fr.hidden = append(fr.hidden, *v)
			v.Forget()
		}
		if m := &fr.memos[s]; m.known {
			fr.longest = max(fr.longest, v.Len())
		}
		if moved && !anew {
			fr.stir(s)
		}
	}
}

// unhide gives the parameters back what compareInputs put aside.
func (fr *frame) unhide() {
	for k := range fr.hidden {
		fr.Values[fr.hidden[k].Slot] = fr.hidden[k]
		fr.hidden[k] = array.Value{} // a frame keeps no hold on a caller's memory
	}
}

// rehearseSteps goes through the steps that are stirred, or all. It reports
// whether one of them makes an output. Steps behind a changed one are stirred
// as their operands turn out changed, so one pass in order is enough.
func (fr *frame) rehearseSteps(anew bool) (touched bool, err error) {
	work := array.Counter{Poller: &fr.Poller}
	for k, st := range fr.plan.Body.Steps {
		if !anew && !fr.stirred[k] {
			continue
		}
		// A tail depends on what the caller asks for, blocks on whatever they read.
		fr.stirred[k] = st.Def == op.TailOperator || st.Blocks != nil
		work.Add(array.PollEvery / 64)
		fr.call.Step = &st.Binding
		if err := fr.rehearseStep(st); err != nil {
			at := st.Op
			if st.Parts != nil {
				at = fr.call.Step.Op
			}
			return touched, fr.plan.Fail(at, err)
		}
		for _, s := range st.Out {
			if fr.noteResult(st, s) && !anew {
				fr.stir(s)
			}
		}
		fr.computed[k] = fr.computes(st)
		touched = touched || fr.plan.MakesOutput[k] && st.Def != op.TailOperator
	}
	return touched, nil
}

// noteResult remembers a result and reports whether it is another one.
func (fr *frame) noteResult(st *plan.Step, s int32) (moved bool) {
	m := &fr.memos[s]
	moved = m.note(&fr.Values[s])
	m.given = m.known && !st.Def.ShapeOnly && fr.readsGiven(st)
	return moved
}

// stir makes the rehearsal go through the steps that read slot s. Readers lists
// the steps of the outermost body.
func (fr *frame) stir(s int32) {
	for _, k := range fr.plan.Readers[s] {
		fr.stirred[k] = true
	}
}

// recall prepares a step's operands: the slots hold the shapes that are
// remembered and the content where that is known, and no other content is to be
// looked at. It returns the greatest doubt about them and whether all content
// is known. The doubt about a step's result is at least that about its
// operands.
func (fr *frame) recall(st *plan.Step) (d doubt, known bool) {
	known = true
	for s := range st.Operands() {
		m := &fr.memos[s]
		d, known = max(d, m.doubt), known && m.known
		if !m.known && !m.shown {
			fr.Values[s].Forget() // the last prediction's is still there
		}
	}
	return d, known
}

// computes reports whether the last rehearsal has the result of a step, which the
// prediction then need not compute again.
func (fr *frame) computes(st *plan.Step) bool {
	if len(st.Out) != 1 {
		return false
	}
	m := &fr.memos[st.Out[0]]
	return m.known && m.doubt == sure
}

// rehearseStep sets the shapes of a step's results and checks its operands as far as
// they are known, and computes small results. Its error is what the prediction would
// surely find too.
func (fr *frame) rehearseStep(st *plan.Step) error {
	d, known := fr.recall(st)
	switch {
	case st.Blocks != nil:
		err := fr.rehearseBlocks(st)
		fr.declare(st) // which block gives the results, and how often it runs, is not known
		return err
	case d == vague && st.State < 0:
		fr.declare(st)
		return nil
	case st.State >= 0:
		return fr.rehearseState(st, d)
	}
	known = known || st.Def.ShapeOnly
	if len(st.Parts) > 0 && !(st.Cut && fr.cuts()) {
		if err := fr.rehearseParts(st); err != nil {
			return err
		}
	}
	found, err := fr.shapes(st, d, known)
	if err != nil || !found {
		return err
	}
	if d == sure {
		if err := fr.asDeclared(st); err != nil {
			return err
		}
	}
	if err := fr.contents(st, known); err != nil {
		fr.forgetAll(st)
		if d == sure {
			return err
		}
	}
	return nil
}

// shapes runs the shape rule of a step; where it cannot, for want of content,
// or fails over shapes that are not sure, the declared types stand in, and
// found is false. Attempt runs a rule and reports false when it asked for
// content that is not known.
func (fr *frame) shapes(st *plan.Step, d doubt, known bool) (found bool, err error) {
	for _, s := range st.Out {
		v := &fr.Values[s]
		v.Wide, v.Flat, v.Dense = nil, nil, true
	}
	found = true
	if known {
		err = op.Shape(&fr.call) // nothing to ask for: saves the cost of catching it
	} else {
		found, err = fr.call.Attempt(op.Shape)
	}
	if !found || err != nil && d != sure {
		fr.declare(st)
		return false, nil
	}
	for _, s := range st.Out {
		fr.memos[s].doubt = d
	}
	return true, err
}

// contents computes the results of a step where that is known to be little,
// else looks at the operands that the computation would refuse. Without known
// content only op.Check looks, at what it needs.
func (fr *frame) contents(st *plan.Step, known bool) error {
	if known && (len(st.Out) == 1 && fr.memos[st.Out[0]].known || fr.worthwhile(st)) {
		return op.Eval(&fr.call)
	}
	fr.forgetAll(st)
	_, err := fr.call.Attempt(op.Check)
	return err
}

// worthwhile reports whether a step whose shapes are set is to be computed.
// Integers are mostly shapes and indices, which later shapes may depend on;
// floats seldom are.
func (fr *frame) worthwhile(st *plan.Step) bool {
	if st.Def.Random || len(st.Out) == 0 {
		return false // the next run would give something else; or there is nothing to give
	}
	limit := max(maxRehearsed, fr.longest)
	for _, s := range st.Out {
		v := &fr.Values[s]
		if n := v.Len(); n > limit || n > maxRehearsedFloat && v.DType.IsFloat() {
			return false
		}
	}
	if st.Def.ShapeOnly { // however large its operands are
		return true
	}
	size := 0
	for s := range st.Operands() {
		size += fr.Values[s].Len()
	}
	return size <= 4*limit // a select of tokens has three operands of their number
}

// declare gives the results of a step the shapes of their types, for want of anything
// better. A type with open dimensions says nothing that could be relied on.
func (fr *frame) declare(st *plan.Step) {
	for _, s := range st.Out {
		v, t := &fr.Values[s], &fr.plan.Slots[s].Type
		v.Forget()
		fr.memos[s].doubt = assumed
		if t.Kind != mil.Tensor || t.Variadic || slices.Contains(t.Shape, mil.Unknown) || v.SetShape(t.Shape...) != nil {
			fr.memos[s].doubt = vague
			v.Rank = 0
		}
	}
}

// forgetAll makes the contents of a step's results unknown.
func (fr *frame) forgetAll(st *plan.Step) {
	for _, s := range st.Out {
		fr.Values[s].Forget()
	}
}

// rehearseState is the rehearsal of a read or a write of a state. The shape of a read
// is the state's own and sure; what it holds is never looked at: a step of generation
// would find it changed each time.
func (fr *frame) rehearseState(st *plan.Step, d doubt) error {
	spec := &fr.plan.States[st.State]
	if len(st.Out) > 0 {
		v := &fr.Values[st.Out[0]]
		v.Forget()
		fr.memos[st.Out[0]].doubt = sure
		return v.SetShape(spec.Shape...)
	}
	if v := fr.call.In(0); v != nil && d == sure && v.Len() != spec.Count {
		return op.AsShape(op.Unfit(v, spec))
	}
	return nil
}

// fitOutputs checks the caller's buffers against the shapes that a rehearsal
// found. Outputs whose shapes stay unknown are compared when they are written.
func (p *program) fitOutputs(fr *frame, outputs []*tensor.Tensor) error {
	for k, s := range p.outputs {
		t, m := outputs[k], &fr.memos[s]
		if t == nil || m.doubt == vague || fr.plan.Slots[s].Const != nil {
			continue
		}
		if err := fitOutput(t, m.dims[:m.rank]); err != nil {
			return &engine.FeatureError{Name: p.desc.Outputs[k].Name, Output: true, Err: err}
		}
	}
	return nil
}

// fitOutput checks that a buffer has the shape of a result. Core ML has no
// multi-array of rank 0: a scalar is one of shape [1]. The number of elements
// alone does not decide.
func fitOutput(t *tensor.Tensor, dims []int) error {
	rank := len(dims)
	same := t.Rank() == rank || rank == 0 && t.Rank() == 1 && t.Dim(0) == 1
	for d := 0; same && d < rank; d++ {
		same = t.Dim(d) == dims[d]
	}
	if same {
		return nil
	}
	return fmt.Errorf("%w: the buffer given has shape %v, the result %v", tensor.ErrShape, t.Shape(), slices.Clone(dims))
}
