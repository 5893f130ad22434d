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

// rehearse goes through the steps in order. The inputs are bound.
func (fr *frame) rehearse() error {
	anew := !fr.remembers
	fr.remembers, fr.series = false, false
	touched := false
	hidden := fr.hidden[:0]
	for _, s := range fr.plan.Inputs {
		v := &fr.Values[s]
		moved, hide := fr.memos[s].noteInput(v)
		if hide {
			hidden = append(hidden, *v)
			v.Forget()
		}
		if moved && !anew {
			fr.stir(s)
		}
	}
	fr.hidden = hidden
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
			return fr.plan.Fail(st.Op, err)
		}
		for _, s := range st.Out {
			if fr.memos[s].note(&fr.Values[s]) && !anew {
				fr.stir(s)
			}
		}
		fr.computed[k] = fr.computes(st)
		touched = touched || fr.plan.MakesOutput[k] && st.Def != op.TailOperator
	}
	for k := range hidden {
		fr.Values[hidden[k].Slot] = hidden[k]
		hidden[k] = array.Value{}
	}
	fr.remembers, fr.rehearsed = true, true
	fr.notice(anew, touched)
	return nil
}

// stir makes the rehearsal go through the steps that read slot s.
func (fr *frame) stir(s int32) {
	for _, k := range fr.plan.Readers[s] {
		fr.stirred[k] = true
	}
}

// recall prepares a step's operands: the slots hold the shapes that are remembered
// and the content where that is known, and no other content is to be looked at. It
// returns the greatest doubt about them and whether all content is known.
func (fr *frame) recall(st *plan.Step) (d doubt, known bool) {
	known = true
	for _, s := range st.In {
		if s >= 0 {
			m := &fr.memos[s]
			d, known = max(d, m.doubt), known && m.known
			if !m.known {
				fr.Values[s].Forget()
			}
		}
	}
	if len(st.List) > 1 { // the first is operand 0
		for _, s := range st.List[1:] {
			m := &fr.memos[s]
			d, known = max(d, m.doubt), known && m.known
			if !m.known {
				fr.Values[s].Forget()
			}
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

func (fr *frame) rehearseStep(st *plan.Step) error {
	c := &fr.call
	d, known := fr.recall(st)
	known = known || st.Def.ShapeOnly
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
	for _, s := range st.Out {
		v := &fr.Values[s]
		v.Wide, v.Flat, v.Dense = nil, nil, true
	}
	ok, err := true, error(nil)
	if known {
		err = op.Shape(c)
	} else {
		ok, err = c.Attempt(op.Shape)
	}
	if !ok || err != nil && d != sure {
		fr.declare(st)
		return nil
	}
	if err != nil {
		return err
	}
	for _, s := range st.Out {
		fr.memos[s].doubt = d
	}
	if known && (len(st.Out) == 1 && fr.memos[st.Out[0]].known || fr.worthwhile(st)) {
		err = op.Eval(c)
	} else {
		fr.forgetAll(st)
		_, err = c.Attempt(op.Check)
	}
	if err != nil {
		fr.forgetAll(st)
	}
	if d != sure {
		return nil
	}
	return err
}

// worthwhile reports whether a step whose shapes are set is to be computed.
func (fr *frame) worthwhile(st *plan.Step) bool {
	if st.Def.Random || len(st.Out) == 0 {
		return false
	}
	for _, s := range st.Out {
		v := &fr.Values[s]
		if n := v.Len(); n > maxRehearsed || n > maxRehearsedFloat && v.DType.IsFloat() {
			return false
		}
	}
	if st.Def.ShapeOnly {
		return true
	}
	size := 0
	for _, list := range [2][]int32{st.In, st.List} {
		for _, s := range list {
			if s >= 0 {
				size += fr.Values[s].Len()
			}
		}
	}
	return size <= 2*maxRehearsed
}

// declare gives the results of a step the shapes of their types.
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

func (fr *frame) forgetAll(st *plan.Step) {
	for _, s := range st.Out {
		fr.Values[s].Forget()
	}
}

// rehearseState is the rehearsal of a read or a write of a state.
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

// fitOutputs checks the caller's buffers against the shapes that a rehearsal found.
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
// multi-array of rank 0: a scalar is one of shape [1].
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
