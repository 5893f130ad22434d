package portable

import "math"

// assignBuffers gives every slot a physical buffer. Two slots share one when the
// first is read for the last time before the second is written. Sizes are not
// known yet, so slots share only with slots of the same known part of the shape:
// then a buffer grows to what its users need and not to the largest of all.
func (pl *planner) assignBuffers() {
	p := pl.p
	for k := range p.slots {
		p.slots[k].first, p.slots[k].last = 0, 0
	}
	pl.lifetimes(&p.body, 0, 0)
	for _, s := range p.outputs {
		p.slots[s].last = math.MaxInt
	}
	pl.extendViews(&p.body)

	free := map[[2]int][]int32{}
	ends := map[int][]int32{} // by the position of the last read
	take := func(s int32) {
		sl := &p.slots[s]
		if sl.buffer >= 0 {
			return
		}
		key := sizeKey(sl)
		if l := free[key]; len(l) > 0 {
			sl.buffer = l[len(l)-1]
			free[key] = l[:len(l)-1]
		} else {
			sl.buffer = int32(p.buffers)
			p.buffers++
		}
		ends[sl.last] = append(ends[sl.last], s)
	}
	private := func(s int32) {
		if p.slots[s].buffer < 0 {
			p.slots[s].buffer = int32(p.buffers)
			p.buffers++
		}
	}
	// Constants, parameters and everything inside nested blocks have buffers of
	// their own; the frame makes them only when they are used.
	for k := range p.slots {
		if p.slots[k].konst != nil {
			private(int32(k))
		}
	}
	for _, s := range p.inputs {
		private(s)
	}
	var nested func(b *body)
	nested = func(b *body) {
		for _, s := range b.ins {
			private(s)
		}
		for _, st := range b.steps {
			for _, s := range st.out {
				private(s)
			}
			for _, inner := range st.blocks {
				nested(inner)
			}
		}
	}
	for _, st := range p.body.steps {
		for _, inner := range st.blocks {
			nested(inner)
		}
		for _, s := range st.out {
			take(s)
		}
		for _, s := range ends[st.pos] {
			sl := &p.slots[s]
			key := sizeKey(sl)
			free[key] = append(free[key], sl.buffer)
		}
		delete(ends, st.pos)
	}
}

// sizeKey groups slots whose sizes change alike: the product of the known
// dimensions and the number of unknown ones.
func sizeKey(s *slot) [2]int {
	n, unknown := 1, 0
	for _, d := range s.typ.Shape {
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
func (pl *planner) lifetimes(b *body, outer, depth int) {
	p := pl.p
	use := func(s int32, pos int) {
		if s >= 0 {
			if depth > 0 {
				pos = outer
			}
			p.slots[s].last = max(p.slots[s].last, pos)
		}
	}
	for _, st := range b.steps {
		end := st.pos
		if depth > 0 {
			end = outer
		}
		for _, s := range st.in {
			use(s, st.pos)
		}
		for _, s := range st.list {
			use(s, st.pos)
		}
		for _, s := range st.out {
			use(s, st.pos)
		}
		for _, inner := range st.blocks {
			pl.lifetimes(inner, end, depth+1)
		}
	}
	for _, s := range b.outs {
		use(s, outer)
	}
}

// extendViews lets a value live as long as the views of it.
func (pl *planner) extendViews(b *body) {
	p := pl.p
	for k := len(b.steps) - 1; k >= 0; k-- {
		st := b.steps[k]
		for _, inner := range st.blocks {
			pl.extendViews(inner)
		}
		if !st.def.view || len(st.out) == 0 {
			continue
		}
		last := 0
		for _, s := range st.out {
			last = max(last, p.slots[s].last)
		}
		if st.in[0] >= 0 {
			p.slots[st.in[0]].last = max(p.slots[st.in[0]].last, last)
		}
	}
}
