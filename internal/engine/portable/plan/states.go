package plan

import (
	"math"
	"slices"
	"sort"

	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

// bindStates decides which reads may be views and which slice updates may write
// in place. A view is safe while nothing reads it after the next change of the
// state. States that nested blocks touch are always copied.
func (pl *planner) bindStates() {
	p := pl.p
	steps := p.Body.Steps
	nested := make([]bool, len(p.States))
	var walk func(b *Body, depth int)
	walk = func(b *Body, depth int) {
		for _, st := range b.Steps {
			if depth > 0 && st.State >= 0 {
				nested[st.State] = true
				st.Copied = true
			}
			for _, inner := range st.Blocks {
				walk(inner, depth+1)
			}
		}
	}
	walk(&p.Body, 0)

	b := &binder{readers: pl.readers(), uses: make([][]*Step, len(p.States)), writes: make([][]*Step, len(p.States)), updates: map[int32]*Step{}}
	for _, st := range steps {
		if st.State >= 0 {
			b.uses[st.State] = append(b.uses[st.State], st)
			if st.Op.Type == "write_state" {
				b.writes[st.State] = append(b.writes[st.State], st)
			}
		}
		if isUpdate(st) {
			b.updates[st.Out[0]] = st
		}
	}
	for _, st := range steps {
		if st.Def != op.StateOps["read_state"] {
			continue
		}
		if nested[st.State] {
			st.Copied = true
			continue
		}
		b.bindRead(st)
	}
}

// binder is the work area of bindStates.
type binder struct {
	readers map[int32][]*Step
	uses    [][]*Step       // the top-level reads and writes of each state, in order
	writes  [][]*Step       // the writes among them
	updates map[int32]*Step // the slice update that makes a slot
}

// nextWrite returns the first write of a state after a position, or nil.
func (b *binder) nextWrite(state, pos int) *Step {
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
func (pl *planner) readers() map[int32][]*Step {
	r := map[int32][]*Step{}
	var walk func(b *Body, top *Step)
	walk = func(b *Body, top *Step) {
		for _, st := range b.Steps {
			t := top
			if t == nil {
				t = st
			}
			for _, s := range st.In {
				r[s] = append(r[s], t)
			}
			for k, s := range st.List {
				if k > 0 {
					r[s] = append(r[s], t)
				}
			}
			for _, inner := range st.Blocks {
				walk(inner, t)
			}
		}
		for _, s := range b.Outs {
			r[s] = append(r[s], &Step{pos: math.MaxInt, Binding: op.Binding{Def: &op.Operator{}}})
		}
	}
	walk(&pl.p.Body, nil)
	return r
}

// bindRead follows the views of one read_state.
func (b *binder) bindRead(read *Step) {
	// The content that the read shows is current until the next write of the
	// state.
	write := b.nextWrite(read.State, read.pos)
	last, updates := b.follow(read.Out[0])
	var update *Step
	if len(updates) == 1 {
		update = updates[0]
	}
	if update != nil && write != nil && b.mayUpdate(read, update, write) {
		update.InPlace = true
		return
	}
	if write != nil && last > b.changePos(write) {
		read.Copied = true
	}
}

// changePos is the earliest position at which a write may change the state: that
// of the slice update that makes its data, which may write in place, else its
// own.
func (b *binder) changePos(write *Step) int {
	if st := b.updates[write.In[0]]; st != nil {
		return st.pos - 1
	}
	return write.pos
}

// follow returns the last position at which slot root or a view of it is read,
// and the slice updates that take the whole of it as x.
func (b *binder) follow(root int32) (last int, updates []*Step) {
	for _, s := range b.views(root, nil) {
		for _, st := range b.readers[s] {
			last = max(last, st.pos)
			if s == root && isUpdate(st) && st.In[0] == s && !slices.Contains(updates, st) {
				updates = append(updates, st)
			}
		}
	}
	return last, updates
}

// views lists slot root and everything that may show its memory. A slice update
// that is not in place makes a copy; except, when not nil, is left out.
func (b *binder) views(root int32, except *Step) []int32 {
	list := []int32{root}
	seen := map[int32]bool{root: true}
	for k := 0; k < len(list); k++ {
		s := list[k]
		for _, st := range b.readers[s] {
			if !st.Def.View || st == except || len(st.In) == 0 || st.In[0] != s || isUpdate(st) {
				continue
			}
			for _, o := range st.Out {
				if !seen[o] {
					seen[o] = true
					list = append(list, o)
				}
			}
		}
	}
	return list
}

// isUpdate reports whether a step is a slice_update of the program.
func isUpdate(st *Step) bool { return st.is("slice_update") && st.Op != nil }

// mayUpdate reports whether update may write into the state: nothing reads the
// old content after it, its result is what the next write stores, and nothing
// reads the state between.
func (b *binder) mayUpdate(read, update, write *Step) bool {
	if len(update.Out) != 1 || update.pos > write.pos || update.In[0] != read.Out[0] {
		return false
	}
	if write.In[0] != update.Out[0] {
		return false
	}
	if old := b.lastRead(read.Out[0], update); old > update.pos {
		return false
	}
	if b.usedBetween(read.State, update.pos, write.pos) {
		return false
	}
	// What reads the result itself must be done before the state changes again.
	last, again := b.follow(update.Out[0])
	if len(again) > 0 {
		return false
	}
	if next := b.nextWrite(read.State, write.pos); next != nil {
		return last <= b.changePos(next)
	}
	return true
}

// lastRead is the last position at which slot root or a view of it is read,
// leaving out what lies behind the update. An update whose other operands view
// the old content counts as a read for ever.
func (b *binder) lastRead(root int32, update *Step) int {
	last := 0
	for _, s := range b.views(root, update) {
		for _, st := range b.readers[s] {
			if st == update && (s != root || slices.Contains(st.In[1:], s)) {
				return math.MaxInt
			}
			last = max(last, st.pos)
		}
	}
	return last
}
