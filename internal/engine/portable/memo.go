package portable

import (
	"slices"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// doubt says how far a shape of the rehearsal can be relied on. The doubt about
// a result is the greatest about its operands. The order of the constants is
// used: max joins doubts.
type doubt uint8

const (
	// sure shapes follow from the inputs by the rules that the prediction uses: what
	// does not fit is an error.
	sure doubt = iota
	// assumed shapes are what the program declares, or follow from such. What does not
	// fit may be the declaration's mistake, which the prediction does not look at.
	assumed
	// vague shapes are not known at all.
	vague
)

// Steps whose operands are all known and have no more elements than this are
// computed in a rehearsal; of results that are no integers, which shapes hardly
// depend on, only the smallest. 4,096 integers are a prompt's positions, from which
// exporters compute masks and indices; 8 numbers are a scale with some room.
//
// A longer prompt raises the first limit to its own length, which keeps the work
// linear: exporters compute the indices of embeddings from the tokens. Integers above
// maxKept are not copied; the steps that read them look at the caller's memory.
const (
	maxRehearsed      = 1 << 12
	maxRehearsedFloat = 8
	maxKept           = 1 << 16
)

// memo is what the last rehearsal found of a slot. It lives as long as its
// frame: the next rehearsal compares with it. i or f is the frame's own copy,
// as a slot's buffer is shared with others during a prediction.
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
	// shown says that a parameter's integers are too many to keep, and are looked at
	// where the caller has them.
	shown bool
	// given says that the content follows from what parameters hold, and not from
	// their shapes alone.
	given bool
	i     []int32
	f     []float32
}

// noteInput remembers a parameter. It reports whether it is another one than in
// the last rehearsal, and whether its content is one that a rehearsal does not
// look at. Both together decide which steps the next rehearsal goes through.
func (m *memo) noteInput(v *array.Value) (moved, hide bool) {
	ints := v.Repr == array.ReprI32
	limit := maxRehearsedFloat
	if ints {
		limit = maxKept
	}
	m.shown = false
	switch {
	case v.Repr != array.ReprUnknown && v.Repr != array.ReprText && v.Len() <= limit:
		moved = m.keep(v)
	case ints:
		moved, m.known, m.shown = true, false, true
	default:
		moved, hide = m.given || !m.shows(v), true
		m.known = false
	}
	m.given = m.known || m.shown
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
// Integers are compared, as shapes depend on them. Floats always count as
// changed.
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

// resized returns n elements that are never nil. A mask grows with each token: memory
// grows with room to spare.
func resized[T any](s []T, n int) []T {
	if s == nil {
		return make([]T, n)
	}
	return slices.Grow(s[:0], n)[:n]
}

// note remembers a result, lets the slot show what is remembered, and reports
// whether it is another one. It runs after a step of a rehearsal, and the slot
// then refers to the memo's memory.
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
