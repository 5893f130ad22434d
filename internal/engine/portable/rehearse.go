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

// doubt says how far a shape of the rehearsal can be relied on.
type doubt uint8

const (
	sure    doubt = iota
	assumed       // the program declares it, or it follows from what it declares
	vague         // not known
)

// Steps whose operands are all known and have no more elements than this are
// computed in a rehearsal; of results that are no integers, which shapes hardly
// depend on, only the smallest.
const (
	maxRehearsed      = 1 << 12
	maxRehearsedFloat = 8
)

// memo is what the last rehearsal found of a slot.
type memo struct {
	rank  int
	dims  [array.MaxRank]int
	doubt doubt
	// growth is how much larger the dimensions of a parameter were in the last
	// rehearsal than in the one before.
	growth [array.MaxRank]int
	// known says that the content is known: that of i or f, or what a parameter or a
	// constant holds.
	known bool
	i     []int32
	f     []float32
}

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
		fr.stirred[k] = st.Def == op.TailOperator // depends on what the caller asks for
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

// noteInput remembers a parameter. It reports whether it is another one than in the
// last rehearsal, and whether its content is one that a rehearsal does not look at.
func (m *memo) noteInput(v *array.Value) (moved, hide bool) {
	limit := maxRehearsed
	if v.Repr != array.ReprI32 {
		limit = maxRehearsedFloat
	}
	if v.Repr != array.ReprUnknown && v.Repr != array.ReprText && v.Len() <= limit {
		moved = m.keep(v)
	} else {
		moved, hide = m.known || !m.shows(v), true
		m.known = false
	}
	for d := range v.Rank {
		m.growth[d] = v.Dims[d] - m.dims[d]
	}
	m.rank, m.dims = v.Rank, v.Dims
	return moved, hide
}

// shows reports whether v has the shape of m.
func (m *memo) shows(v *array.Value) bool {
	return m.rank == v.Rank && slices.Equal(m.dims[:m.rank], v.Dims[:v.Rank])
}

// keep takes a copy of v's content and reports whether it is another one.
func (m *memo) keep(v *array.Value) (moved bool) {
	n := v.Len()
	moved = !m.known || !m.shows(v)
	if v.Repr == array.ReprI32 {
		moved = moved || m.i == nil || !v.Dense || !slices.Equal(m.i, v.I32[:n])
		if moved {
			m.i, m.f = resized(m.i, n), nil
			if v.Dense {
				copy(m.i, v.I32)
			} else {
				array.CopyStrided(nil, v, m.i, v.I32, array.RowI32)
			}
		}
	} else {
		m.i, m.f, moved = nil, resized(m.f, n), true
		v.Widen(nil, m.f)
	}
	m.known = true
	return moved
}

// resized returns n elements that are never nil.
func resized[T any](s []T, n int) []T {
	if s == nil || cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// note remembers a result, lets the slot show what is remembered, and reports
// whether it is another one.
func (m *memo) note(v *array.Value) (moved bool) {
	if v.Repr == array.ReprUnknown || v.Repr == array.ReprText || v.Repr == array.ReprWeight {
		moved = m.known || !m.shows(v)
		m.known = false
	} else {
		moved = m.keep(v)
		v.Forget()
		if m.i != nil {
			v.Repr, v.I32 = array.ReprI32, m.i
		} else {
			v.Repr, v.F32 = array.ReprF32, m.f
		}
	}
	m.rank, m.dims = v.Rank, v.Dims
	return moved
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
	case st.Blocks != nil, d == vague && st.State < 0:
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
