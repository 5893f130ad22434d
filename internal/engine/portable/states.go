package portable

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"unsafe"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/mil"
)

// stateOps are the operators on states. A read is a view of the state's buffer
// wherever no later write could be seen through it; a write of a value that
// already lies in the buffer does nothing.
var stateOps = map[string]*operator{
	"read_state":  {name: "read_state", shape: readState, eval: func(*call) error { return nil }, exact: true},
	"write_state": {name: "write_state", params: in("data*"), shape: func(*call) error { return nil }, eval: writeState, exact: true},
}

// buffer is the memory of one state.
type buffer struct {
	f []float32
	h []uint16
	i []int32
}

func newBuffer(s *stateSpec) buffer {
	switch {
	case s.dt == dtype.Float16:
		return buffer{h: make([]uint16, s.count)}
	case s.dt.IsFloat():
		return buffer{f: make([]float32, s.count)}
	default:
		return buffer{i: make([]int32, s.count)}
	}
}

func (b *buffer) clone() buffer {
	return buffer{f: append([]float32(nil), b.f...), h: append([]uint16(nil), b.h...), i: append([]int32(nil), b.i...)}
}

func (b *buffer) clear() {
	clear(b.f)
	clear(b.h)
	clear(b.i)
}

func readState(c *call) error {
	spec := &c.fr.plan.states[c.st.state]
	b := c.fr.states[c.st.state]
	v := c.out(0)
	if err := v.setShape(spec.shape...); err != nil {
		return err
	}
	v.own = false
	switch {
	case b.h != nil:
		v.repr, v.h = reprF16, b.h
	case b.f != nil:
		v.repr, v.f = reprF32, b.f
	default:
		v.repr, v.i = reprI32, b.i
	}
	if c.st.copied {
		if v.repr == reprI32 {
			copyPieces(&c.fr.poller, c.newI32(0), b.i)
			return nil
		}
		src := *v
		src.widen(&c.fr.poller, c.newF32(0))
	}
	return nil
}

// inState reports whether v is the whole of state s, in place.
func (c *call) inState(v *value, s int) bool {
	b := c.fr.states[s]
	if !v.dense || v.len() != c.fr.plan.states[s].count || v.len() == 0 {
		return false
	}
	switch v.repr {
	case reprF16:
		return b.h != nil && unsafe.SliceData(v.h) == unsafe.SliceData(b.h)
	case reprF32:
		return b.f != nil && unsafe.SliceData(v.f) == unsafe.SliceData(b.f)
	case reprI32:
		return b.i != nil && unsafe.SliceData(v.i) == unsafe.SliceData(b.i)
	}
	return false
}

func writeState(c *call) error {
	v, spec := c.in(0), &c.fr.plan.states[c.st.state]
	if v == nil {
		return fmt.Errorf("data is missing")
	}
	if v.len() != spec.count {
		return unfit(v, spec)
	}
	if c.inState(v, c.st.state) {
		return nil
	}
	b := c.fr.states[c.st.state]
	p := &c.fr.poller
	switch {
	case b.h != nil && v.repr == reprF16 && v.dense:
		c.fr.changed = true
		copyPieces(p, b.h, v.h[:spec.count])
	case b.h != nil:
		src := c.f32(v)
		c.fr.changed = true
		p.pieces(len(src), func(lo, hi int) { kernel.F32ToF16(b.h[lo:hi], src[lo:hi]) })
	case b.f != nil:
		src := c.f32(v)
		c.fr.changed = true
		copyPieces(p, b.f, src)
	default:
		src := c.i32(v)
		c.fr.changed = true
		copyPieces(p, b.i, src)
	}
	return nil
}

// unfit is the error of a value that a state cannot hold.
func unfit(v *value, spec *stateSpec) error {
	return fmt.Errorf("data of shape %v does not fit state %s of shape %v", v.shapeCopy(), mil.Plain(spec.name), spec.shape)
}

// bindStates decides which reads may be views and which slice updates may write
// in place. A view is safe while nothing reads it after the next change of the
// state. States that nested blocks touch are always copied.
func (pl *planner) bindStates() {
	p := pl.p
	steps := p.body.steps
	nested := make([]bool, len(p.states))
	var walk func(b *body, depth int)
	walk = func(b *body, depth int) {
		for _, st := range b.steps {
			if depth > 0 && st.state >= 0 {
				nested[st.state] = true
				st.copied = true
			}
			for _, inner := range st.blocks {
				walk(inner, depth+1)
			}
		}
	}
	walk(&p.body, 0)

	b := &binder{readers: pl.readers(), uses: make([][]*step, len(p.states)), writes: make([][]*step, len(p.states)), updates: map[int32]*step{}}
	for _, st := range steps {
		if st.state >= 0 {
			b.uses[st.state] = append(b.uses[st.state], st)
			if st.op.Type == "write_state" {
				b.writes[st.state] = append(b.writes[st.state], st)
			}
		}
		if isUpdate(st) {
			b.updates[st.out[0]] = st
		}
	}
	for _, st := range steps {
		if st.def != stateOps["read_state"] {
			continue
		}
		if nested[st.state] {
			st.copied = true
			continue
		}
		b.bindRead(st)
	}
}

// binder is the work area of bindStates.
type binder struct {
	readers map[int32][]*step
	uses    [][]*step       // the top-level reads and writes of each state, in order
	writes  [][]*step       // the writes among them
	updates map[int32]*step // the slice update that makes a slot
}

// nextWrite returns the first write of a state after a position, or nil.
func (b *binder) nextWrite(state, pos int) *step {
	writes := b.writes[state]
	k := sort.Search(len(writes), func(k int) bool { return writes[k].pos > pos })
	if k == len(writes) {
		return nil
	}
	return writes[k]
}

// usedBetween reports whether a state is read or written strictly between two
// positions.
func (b *binder) usedBetween(state, from, to int) bool {
	uses := b.uses[state]
	k := sort.Search(len(uses), func(k int) bool { return uses[k].pos > from })
	return k < len(uses) && uses[k].pos < to
}

// readers lists, for each slot, the top-level steps that read it; outputs count
// as a read after the last step.
func (pl *planner) readers() map[int32][]*step {
	r := map[int32][]*step{}
	var walk func(b *body, top *step)
	walk = func(b *body, top *step) {
		for _, st := range b.steps {
			t := top
			if t == nil {
				t = st
			}
			for _, s := range st.in {
				r[s] = append(r[s], t)
			}
			for k, s := range st.list {
				if k > 0 {
					r[s] = append(r[s], t)
				}
			}
			for _, inner := range st.blocks {
				walk(inner, t)
			}
		}
		for _, s := range b.outs {
			r[s] = append(r[s], &step{pos: math.MaxInt, op: nil, def: &operator{}})
		}
	}
	walk(&pl.p.body, nil)
	return r
}

// bindRead follows the views of one read_state.
func (b *binder) bindRead(read *step) {
	// The content that the read shows is current until the next write of the
	// state.
	write := b.nextWrite(read.state, read.pos)
	last, updates := b.follow(read.out[0])
	var update *step
	if len(updates) == 1 {
		update = updates[0]
	}
	if update != nil && write != nil && b.mayUpdate(read, update, write) {
		update.inPlace = true
		return
	}
	if write != nil && last > b.changePos(write) {
		read.copied = true
	}
}

// changePos is the earliest position at which a write may change the state: that
// of the slice update that makes its data, which may write in place, else its
// own.
func (b *binder) changePos(write *step) int {
	if st := b.updates[write.in[0]]; st != nil {
		return st.pos - 1
	}
	return write.pos
}

// follow returns the last position at which slot root or a view of it is read,
// and the slice updates that take the whole of it as x.
func (b *binder) follow(root int32) (last int, updates []*step) {
	for _, s := range b.views(root, nil) {
		for _, st := range b.readers[s] {
			last = max(last, st.pos)
			if s == root && isUpdate(st) && st.in[0] == s && !slices.Contains(updates, st) {
				updates = append(updates, st)
			}
		}
	}
	return last, updates
}

// views lists slot root and everything that may show its memory. A slice update
// that is not in place makes a copy; except, when not nil, is left out.
func (b *binder) views(root int32, except *step) []int32 {
	list := []int32{root}
	seen := map[int32]bool{root: true}
	for k := 0; k < len(list); k++ {
		s := list[k]
		for _, st := range b.readers[s] {
			if !st.def.view || st == except || len(st.in) == 0 || st.in[0] != s || isUpdate(st) {
				continue
			}
			for _, o := range st.out {
				if !seen[o] {
					seen[o] = true
					list = append(list, o)
				}
			}
		}
	}
	return list
}

func isUpdate(st *step) bool { return st.is("slice_update") && st.op != nil }

// mayUpdate reports whether update may write into the state: nothing reads the
// old content after it, its result is what the next write stores, and nothing
// reads the state between.
func (b *binder) mayUpdate(read, update, write *step) bool {
	if len(update.out) != 1 || update.pos > write.pos || update.in[0] != read.out[0] {
		return false
	}
	if write.in[0] != update.out[0] {
		return false
	}
	if old := b.lastRead(read.out[0], update); old > update.pos {
		return false
	}
	if b.usedBetween(read.state, update.pos, write.pos) {
		return false
	}
	// What reads the result itself must be done before the state changes again.
	last, again := b.follow(update.out[0])
	if len(again) > 0 {
		return false
	}
	if next := b.nextWrite(read.state, write.pos); next != nil {
		return last <= b.changePos(next)
	}
	return true
}

// lastRead is the last position at which slot root or a view of it is read,
// leaving out what lies behind the update. An update whose other operands view
// the old content counts as a read for ever.
func (b *binder) lastRead(root int32, update *step) int {
	last := 0
	for _, s := range b.views(root, update) {
		for _, st := range b.readers[s] {
			if st == update && (s != root || slices.Contains(st.in[1:], s)) {
				return math.MaxInt
			}
			last = max(last, st.pos)
		}
	}
	return last
}
