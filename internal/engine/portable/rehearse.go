package portable

import (
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/engine"
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
	dims  [maxRank]int
	doubt doubt
	// known says that the content is known: that of i or f, or what a parameter or a
	// constant holds.
	known bool
	i     []int32
	f     []float32
}

// unknownContent is thrown where a rehearsal asks for the content of a value that
// it does not compute.
type unknownContent struct{}

// forget makes the content of v unknown and leaves its shape.
func (v *value) forget() {
	v.repr, v.dense, v.own, v.wide, v.flat = reprUnknown, true, false, nil, nil
}

// rehearse goes through the steps in order. The inputs are bound.
func (fr *frame) rehearse() error {
	anew := !fr.remembers
	fr.remembers, fr.series = false, false
	touched := false
	hidden := fr.hidden[:0]
	for _, s := range fr.plan.inputs {
		v := &fr.vals[s]
		moved, hide := fr.memos[s].noteInput(v)
		if hide {
			hidden = append(hidden, *v)
			v.forget()
		}
		if moved && !anew {
			fr.stir(s)
		}
	}
	fr.hidden = hidden
	work := counter{p: &fr.poller}
	for k, st := range fr.plan.body.steps {
		if !anew && !fr.stirred[k] {
			continue
		}
		fr.stirred[k] = st.def == tailOperator // depends on what the caller asks for
		work.add(pollEvery / 64)
		fr.call.st = st
		if err := fr.rehearseStep(st); err != nil {
			return fr.plan.fail(st.op, err)
		}
		for _, s := range st.out {
			if fr.memos[s].note(&fr.vals[s]) && !anew {
				fr.stir(s)
			}
		}
		fr.computed[k] = fr.computes(st)
		touched = touched || fr.plan.gives[k] && st.def != tailOperator
	}
	for k := range hidden {
		fr.vals[hidden[k].slot] = hidden[k]
		hidden[k] = value{}
	}
	fr.remembers, fr.rehearsed = true, true
	fr.notice(anew, touched)
	return nil
}

// stir makes the rehearsal go through the steps that read slot s.
func (fr *frame) stir(s int32) {
	for _, k := range fr.plan.readers[s] {
		fr.stirred[k] = true
	}
}

// noteReaders lists the top-level steps that read each slot, by their places, and
// marks those that make an output.
func (pl *plan) noteReaders() {
	outputs := map[int32]bool{}
	for _, s := range pl.outputs {
		outputs[s] = true
	}
	pl.gives = make([]bool, len(pl.body.steps))
	pl.readers = make([][]int32, len(pl.slots))
	for k, st := range pl.body.steps {
		for _, s := range st.out {
			pl.gives[k] = pl.gives[k] || outputs[s]
		}
		for j, s := range st.in {
			if s >= 0 && pl.slots[s].konst == nil && (j > 0 || len(st.list) == 0) {
				pl.readers[s] = append(pl.readers[s], int32(k))
			}
		}
		for _, s := range st.list {
			if pl.slots[s].konst == nil {
				pl.readers[s] = append(pl.readers[s], int32(k))
			}
		}
	}
}

// noteInput remembers a parameter. It reports whether it is another one than in the
// last rehearsal, and whether its content is one that a rehearsal does not look at.
func (m *memo) noteInput(v *value) (moved, hide bool) {
	limit := maxRehearsed
	if v.repr != reprI32 {
		limit = maxRehearsedFloat
	}
	if v.repr != reprUnknown && v.repr != reprText && v.len() <= limit {
		moved = m.keep(v)
	} else {
		moved, hide = m.known || !m.shows(v), true
		m.known = false
	}
	m.rank, m.dims = v.rank, v.dims
	return moved, hide
}

// shows reports whether v has the shape of m.
func (m *memo) shows(v *value) bool {
	return m.rank == v.rank && slices.Equal(m.dims[:m.rank], v.dims[:v.rank])
}

// keep takes a copy of v's content and reports whether it is another one.
func (m *memo) keep(v *value) (moved bool) {
	n := v.len()
	moved = !m.known || !m.shows(v)
	if v.repr == reprI32 {
		moved = moved || m.i == nil || !v.dense || !slices.Equal(m.i, v.i[:n])
		if moved {
			m.i, m.f = resized(m.i, n), nil
			if v.dense {
				copy(m.i, v.i)
			} else {
				copyStrided(nil, v, m.i, v.i, rowI32)
			}
		}
	} else {
		m.i, m.f, moved = nil, resized(m.f, n), true
		v.widen(nil, m.f)
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
func (m *memo) note(v *value) (moved bool) {
	if v.repr == reprUnknown || v.repr == reprText || v.repr == reprWeight {
		moved = m.known || !m.shows(v)
		m.known = false
	} else {
		moved = m.keep(v)
		v.forget()
		if m.i != nil {
			v.repr, v.i = reprI32, m.i
		} else {
			v.repr, v.f = reprF32, m.f
		}
	}
	m.rank, m.dims = v.rank, v.dims
	return moved
}

// recall prepares a step's operands: the slots hold the shapes that are remembered
// and the content where that is known, and no other content is to be looked at. It
// returns the greatest doubt about them and whether all content is known.
func (fr *frame) recall(st *step) (d doubt, known bool) {
	known = true
	for _, s := range st.in {
		if s >= 0 {
			m := &fr.memos[s]
			d, known = max(d, m.doubt), known && m.known
			if !m.known {
				fr.vals[s].forget()
			}
		}
	}
	if len(st.list) > 1 { // the first is operand 0
		for _, s := range st.list[1:] {
			m := &fr.memos[s]
			d, known = max(d, m.doubt), known && m.known
			if !m.known {
				fr.vals[s].forget()
			}
		}
	}
	return d, known
}

// computes reports whether the last rehearsal has the result of a step, which the
// prediction then need not compute again.
func (fr *frame) computes(st *step) bool {
	if len(st.out) != 1 {
		return false
	}
	m := &fr.memos[st.out[0]]
	return m.known && m.doubt == sure
}

func (fr *frame) rehearseStep(st *step) error {
	c := &fr.call
	d, known := fr.recall(st)
	known = known || st.def.shapeOnly
	switch {
	case st.blocks != nil, d == vague && st.state < 0:
		fr.declare(st)
		return nil
	case st.state >= 0:
		return fr.rehearseState(st, d)
	}
	for _, s := range st.out {
		v := &fr.vals[s]
		v.wide, v.flat, v.dense = nil, nil, true
	}
	ok, err := true, error(nil)
	if known {
		err = shapeOf(c)
	} else {
		ok, err = c.attempt(shapeOf)
	}
	if !ok || err != nil && d != sure {
		fr.declare(st)
		return nil
	}
	if err != nil {
		return err
	}
	for _, s := range st.out {
		fr.memos[s].doubt = d
	}
	if known && (len(st.out) == 1 && fr.memos[st.out[0]].known || fr.worthwhile(st)) {
		err = evalOf(c)
	} else {
		fr.forgetAll(st)
		if st.def.check != nil {
			if _, err = c.attempt(st.def.check); err != nil {
				err = asValue(err)
			}
		}
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
func (fr *frame) worthwhile(st *step) bool {
	if st.def.random || len(st.out) == 0 {
		return false
	}
	for _, s := range st.out {
		v := &fr.vals[s]
		if n := v.len(); n > maxRehearsed || n > maxRehearsedFloat && v.dt.IsFloat() {
			return false
		}
	}
	if st.def.shapeOnly {
		return true
	}
	size := 0
	for _, list := range [2][]int32{st.in, st.list} {
		for _, s := range list {
			if s >= 0 {
				size += fr.vals[s].len()
			}
		}
	}
	return size <= 2*maxRehearsed
}

// declare gives the results of a step the shapes of their types.
func (fr *frame) declare(st *step) {
	for _, s := range st.out {
		v, t := &fr.vals[s], &fr.plan.slots[s].typ
		v.forget()
		fr.memos[s].doubt = assumed
		if t.Kind != mil.Tensor || t.Variadic || slices.Contains(t.Shape, mil.Unknown) || v.setShape(t.Shape...) != nil {
			fr.memos[s].doubt = vague
			v.rank = 0
		}
	}
}

func (fr *frame) forgetAll(st *step) {
	for _, s := range st.out {
		fr.vals[s].forget()
	}
}

// rehearseState is the rehearsal of a read or a write of a state.
func (fr *frame) rehearseState(st *step, d doubt) error {
	spec := &fr.plan.states[st.state]
	if len(st.out) > 0 {
		v := &fr.vals[st.out[0]]
		v.forget()
		fr.memos[st.out[0]].doubt = sure
		return v.setShape(spec.shape...)
	}
	if v := fr.call.in(0); v != nil && d == sure && v.len() != spec.count {
		return asShape(unfit(v, spec))
	}
	return nil
}

// attempt calls f, which is part of a step. It reports false when f asks for
// content that is not known.
func (c *call) attempt(f func(c *call) error) (ok bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, unknown := r.(unknownContent); !unknown {
				panic(r)
			}
			ok, err = false, nil
		}
	}()
	return true, f(c)
}

// fitOutputs checks the caller's buffers against the shapes that a rehearsal found.
func (p *program) fitOutputs(fr *frame, outputs []*tensor.Tensor) error {
	for k, s := range p.outputs {
		t, m := outputs[k], &fr.memos[s]
		if t == nil || m.doubt == vague || fr.plan.slots[s].konst != nil {
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
