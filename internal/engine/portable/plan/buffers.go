package plan

import (
	"math"
	"slices"
)

// assignBuffers gives every slot a physical buffer. Two slots share one when the
// first is read for the last time before the second is written. Sizes are not
// known yet, so slots share only with slots of the same known part of the shape:
// then a buffer grows to what its users need and not to the largest of all. A step's
// results get their buffers before those of its operands are free: operators may
// write while they read.
func (pl *planner) assignBuffers() {
	p := pl.p
	pl.lifetimes(&p.Body, 0)
	pl.useUntil(math.MaxInt, p.Outputs) // the caller copies them after the last step
	pl.extendViews(&p.Body)
	a := &allocator{p: p, free: map[sizeKey][]int32{}, ends: map[int][]int32{}}
	// Constants, parameters and everything inside nested blocks have buffers of
	// their own; a prediction makes them only when it uses them, which for constants
	// and parameters is where an operator asks for another form of their elements.
	for k := range p.Slots {
		if p.Slots[k].Const != nil {
			a.private(int32(k))
		}
	}
	for _, s := range p.Inputs {
		a.private(s)
	}
	for _, st := range p.Body.Steps {
		for _, inner := range st.Blocks {
			a.nested(inner)
		}
		for _, s := range st.Out {
			a.share(s)
		}
		a.release(st.pos)
	}
}

// allocator is the work area of assignBuffers.
type allocator struct {
	p    *Plan
	free map[sizeKey][]int32 // buffers that nothing reads any more, by size
	ends map[int][]int32     // slots, by the position of their last read
}

// share gives a slot a free buffer of its size or a new one.
func (a *allocator) share(s int32) {
	sl := &a.p.Slots[s]
	if sl.buffer >= 0 {
		return
	}
	key := sizeOf(sl)
	if l := a.free[key]; len(l) > 0 {
		sl.buffer = l[len(l)-1]
		a.free[key] = l[:len(l)-1]
	} else {
		a.private(s)
	}
	a.ends[sl.last] = append(a.ends[sl.last], s)
}

// private gives a slot a buffer of its own.
func (a *allocator) private(s int32) {
	if sl := &a.p.Slots[s]; sl.buffer < 0 {
		sl.buffer = int32(a.p.Buffers)
		a.p.Buffers++
	}
}

// nested gives everything in a block a buffer of its own.
func (a *allocator) nested(b *Body) {
	for _, s := range b.Ins {
		a.private(s)
	}
	for _, st := range b.Steps {
		for _, s := range st.Out {
			a.private(s)
		}
		for _, inner := range st.Blocks {
			a.nested(inner)
		}
	}
}

// release frees the buffers that are read for the last time at a position.
func (a *allocator) release(pos int) {
	for _, s := range a.ends[pos] {
		sl := &a.p.Slots[s]
		key := sizeOf(sl)
		a.free[key] = append(a.free[key], sl.buffer)
	}
	delete(a.ends, pos)
}

// sizeKey tells sizes apart as far as they are known: the product of the known
// dimensions and the number of the others.
type sizeKey struct{ known, open int }

// sizeOf returns the key of a slot. Slots of one key have sizes that change alike: a
// language model has one open dimension or two, the prompt's and the context's.
func sizeOf(s *Slot) sizeKey {
	k := sizeKey{known: 1}
	for _, d := range s.Type.Shape {
		if d < 0 {
			k.open++
		} else {
			k.known *= d
		}
	}
	return k
}

// lifetimes notes the last position at which each slot is read. A nested block runs
// any number of times, so whatever it reads or makes is in use until the step around
// it ends: outer is that step's position, 0 at the top level.
func (pl *planner) lifetimes(b *Body, outer int) {
	for _, st := range b.Steps {
		pos := st.pos
		if outer > 0 {
			pos = outer
		}
		for _, list := range [3][]int32{st.In, st.List, st.Out} {
			pl.useUntil(pos, list)
		}
		for _, inner := range st.Blocks {
			pl.lifetimes(inner, pos)
		}
	}
	pl.useUntil(outer, b.Outs)
}

// useUntil lets slots live to a position. Absent operands are -1.
func (pl *planner) useUntil(pos int, slots []int32) {
	for _, s := range slots {
		if s >= 0 {
			pl.p.Slots[s].last = max(pl.p.Slots[s].last, pos)
		}
	}
}

// extendViews lets a value live as long as the views of it. It goes backwards, so that
// a view of a view has its own end when it is reached. Only operand 0 is ever viewed;
// an operator that may view it is taken to do so, as it decides in each prediction.
func (pl *planner) extendViews(b *Body) {
	for _, st := range slices.Backward(b.Steps) {
		for _, inner := range st.Blocks {
			pl.extendViews(inner)
		}
		if !st.Def.View || len(st.Out) == 0 || st.In[0] < 0 {
			continue
		}
		for _, s := range st.Out {
			pl.useUntil(pl.p.Slots[s].last, st.In[:1])
		}
	}
}
