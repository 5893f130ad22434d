package plan

import (
	"sort"

	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

// bindStates decides which reads may be views of a state's memory and which slice
// updates may write into it, so that a step of generation copies no cache. A program
// says
//
//	old = read_state(s); new = slice_update(old, ...); write_state(s, new)
//
// and means that old stays what it was. The rules:
//
//  1. A read is a view unless something reads it, or a view of it, after the next
//     change of the state; then it is copied.
//  2. The update writes in place when nothing reads the old content after it, its
//     result is what the next write stores, and nothing reads the state in between.
//     The write then finds its data where they belong and does nothing.
//  3. What reads the result of an update in place must do so before the state changes
//     again.
//  4. States that nested blocks touch are always copied: how often a block runs is
//     not known, and positions inside of it say nothing.
//
// Where the rules do not apply the plan is slower and never wrong.
func (pl *planner) bindStates() {
	p := pl.p
	if len(p.States) == 0 {
		return
	}
	nested := make([]bool, len(p.States))
	for _, st := range p.Body.Steps {
		for _, inner := range st.Blocks {
			copyStates(inner, nested)
		}
	}
	b := pl.newBinder()
	for _, st := range p.Body.Steps {
		switch {
		case st.Def != op.StateOps["read_state"]:
		case nested[st.State]:
			st.Copied = true
		default:
			b.bindRead(st)
		}
	}
}

// copyStates makes the reads of a nested block copies and notes the states that it
// touches.
func copyStates(b *Body, touched []bool) {
	for _, st := range b.Steps {
		if st.State >= 0 {
			touched[st.State], st.Copied = true, true
		}
		for _, inner := range st.Blocks {
			copyStates(inner, touched)
		}
	}
}

// newBinder indexes what the top-level steps do with states.
func (pl *planner) newBinder() *binder {
	n := len(pl.p.States)
	b := &binder{readers: pl.readers(), uses: make([][]*Step, n), writes: make([][]*Step, n), updates: map[int32]*Step{}}
	for _, st := range pl.p.Body.Steps {
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
	return b
}

// binder is the work area of bindStates. Its lists are in the order of the steps, so
// that a program with as many writes as operations takes no quadratic time.
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

// bindRead decides about one read_state, by who reads its result and the views of it.
func (b *binder) bindRead(read *Step) {
	// The content that the read shows is current until the next write of the
	// state; without one it stays.
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
