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

	free := map[[2]int][]int32{}
	ends := map[int][]int32{} // by the position of the last read
	take := func(s int32) {
		sl := &p.Slots[s]
		if sl.buffer >= 0 {
			return
		}
		key := sizeKey(sl)
		if l := free[key]; len(l) > 0 {
			sl.buffer = l[len(l)-1]
			free[key] = l[:len(l)-1]
		} else {
			sl.buffer = int32(p.Buffers)
			p.Buffers++
		}
		ends[sl.last] = append(ends[sl.last], s)
	}
	private := func(s int32) {
		if p.Slots[s].buffer < 0 {
			p.Slots[s].buffer = int32(p.Buffers)
			p.Buffers++
		}
	}
	// Constants, parameters and everything inside nested blocks have buffers of
	// their own; the frame makes them only when they are used.
	for k := range p.Slots {
		if p.Slots[k].Const != nil {
			private(int32(k))
		}
	}
	for _, s := range p.Inputs {
		private(s)
	}
	var nested func(b *Body)
	nested = func(b *Body) {
		for _, s := range b.Ins {
			private(s)
		}
		for _, st := range b.Steps {
			for _, s := range st.Out {
				private(s)
			}
			for _, inner := range st.Blocks {
				nested(inner)
			}
		}
	}
	for _, st := range p.Body.Steps {
		for _, inner := range st.Blocks {
			nested(inner)
		}
		for _, s := range st.Out {
			take(s)
		}
		for _, s := range ends[st.pos] {
			sl := &p.Slots[s]
			key := sizeKey(sl)
			free[key] = append(free[key], sl.buffer)
		}
		delete(ends, st.pos)
	}
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
