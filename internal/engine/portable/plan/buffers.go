package plan

import (
	"math"
)

// assignBuffers gives every slot a physical buffer. Two slots share one when the
// first is read for the last time before the second is written. Sizes are not
// known yet, so slots share only with slots of the same known part of the shape:
// then a buffer grows to what its users need and not to the largest of all.
func (pl *planner) assignBuffers() {
	p := pl.p
	for k := range p.Slots {
		p.Slots[k].first, p.Slots[k].last = 0, 0
	}
	pl.lifetimes(&p.Body, 0, 0)
	for _, s := range p.Outputs {
		p.Slots[s].last = math.MaxInt
	}
	pl.extendViews(&p.Body)

	a := &allocator{p: p, free: map[[2]int][]int32{}, ends: map[int][]int32{}}
	// Constants, parameters and everything inside nested blocks have buffers of
	// their own; a prediction makes them only when it uses them.
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
	free map[[2]int][]int32 // buffers that nothing reads any more, by sizeKey
	ends map[int][]int32    // slots, by the position of their last read
}

// share gives a slot a free buffer of its size or a new one.
func (a *allocator) share(s int32) {
	sl := &a.p.Slots[s]
	if sl.buffer >= 0 {
		return
	}
	key := sizeKey(sl)
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
		key := sizeKey(sl)
		a.free[key] = append(a.free[key], sl.buffer)
	}
	delete(a.ends, pos)
}

// sizeKey groups slots whose sizes change alike: the product of the known
// dimensions and the number of unknown ones.
func sizeKey(s *Slot) [2]int {
	n, unknown := 1, 0
	for _, d := range s.Type.Shape {
		if d < 0 {
			unknown++
		} else {
			n *= d
		}
	}
	return [2]int{n, unknown}
}

// lifetimes notes the last position at which each slot is read. Inside a nested
// block every outer value is read until the end of the block.
func (pl *planner) lifetimes(b *Body, outer, depth int) {
	p := pl.p
	use := func(s int32, pos int) {
		if s >= 0 {
			if depth > 0 {
				pos = outer
			}
			p.Slots[s].last = max(p.Slots[s].last, pos)
		}
	}
	for _, st := range b.Steps {
		end := st.pos
		if depth > 0 {
			end = outer
		}
		for _, s := range st.In {
			use(s, st.pos)
		}
		for _, s := range st.List {
			use(s, st.pos)
		}
		for _, s := range st.Out {
			use(s, st.pos)
		}
		for _, inner := range st.Blocks {
			pl.lifetimes(inner, end, depth+1)
		}
	}
	for _, s := range b.Outs {
		use(s, outer)
	}
}

// extendViews lets a value live as long as the views of it.
func (pl *planner) extendViews(b *Body) {
	p := pl.p
	for k := len(b.Steps) - 1; k >= 0; k-- {
		st := b.Steps[k]
		for _, inner := range st.Blocks {
			pl.extendViews(inner)
		}
		if !st.Def.View || len(st.Out) == 0 {
			continue
		}
		last := 0
		for _, s := range st.Out {
			last = max(last, p.Slots[s].last)
		}
		if st.In[0] >= 0 {
			p.Slots[st.In[0]].last = max(p.Slots[st.In[0]].last, last)
		}
	}
}
