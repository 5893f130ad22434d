package portable

// tailOperator passes on the last rows of its operand: those that the caller
// asks for of an output. It stands before the operations of which each row
// depends on the same row alone, so that a prompt's logits cost one row and not
// all of them. Without such a wish it passes everything on.
var tailOperator = &operator{name: "tail", params: in("x*"), shape: tailShape, eval: tail, view: true, exact: true}

// addTails gives every output its tail step.
func (pl *planner) addTails() {
	p := pl.p
	f := newFuser(pl)
	before := map[*step]*step{} // the tails that stand before steps
	for k, out := range p.body.outs {
		if t := p.slots[out].typ; len(t.Shape) < 2 || t.Variadic || p.slots[out].konst != nil {
			continue
		}
		cur := out
		var first *step
		for {
			st := f.producer[cur]
			if st == nil || f.uses[cur] != 1 {
				break
			}
			x, ok := f.rowwise(st)
			if !ok || p.slots[x].konst != nil || len(p.slots[x].typ.Shape) != len(p.slots[cur].typ.Shape) {
				break
			}
			cur, first = x, st
		}
		pl.addTail(k, cur, first, before)
	}
	if len(before) == 0 {
		return
	}
	steps := make([]*step, 0, len(p.body.steps)+len(before))
	for _, st := range p.body.steps {
		if tail := before[st]; tail != nil {
			steps = append(steps, tail)
		}
		steps = append(steps, st)
	}
	p.body.steps = steps
}

// addTail makes the step that shows the last rows of slot x, to stand before the
// step that reads it or, when first is nil, as output k.
func (pl *planner) addTail(k int, x int32, first *step, before map[*step]*step) {
	p := pl.p
	t := int32(len(p.slots))
	s := p.slots[x]
	p.slots = append(p.slots, slot{name: s.name, typ: s.typ, buffer: -1})
	st := &step{def: tailOperator, op: tailOp, in: []int32{x}, list: []int32{x}, out: []int32{t}, state: -1, tail: k}
	if first == nil {
		p.body.steps = append(p.body.steps, st)
		p.body.outs[k] = t
		return
	}
	before[first] = st
	for j, s := range first.in {
		if s == x {
			first.in[j] = t
		}
	}
	for j, s := range first.list {
		if s == x {
			first.list[j] = t
		}
	}
}

// rowwise returns the operand whose rows (the index of the last dimension but
// one) a step turns into rows one by one; false when it is not of that kind.
func (f *fuser) rowwise(st *step) (int32, bool) {
	switch {
	case st.is("linear"):
		return st.in[0], f.p.slots[st.in[1]].konst != nil
	case st.is("matmul"):
		y := f.p.slots[st.in[1]].konst
		return st.in[0], y != nil && y.rank == 2 && f.flag(st, 2, false)
	case st.def == fusedRMSNorm, st.is("cast"), st.is("identity"), st.is("tanh"):
		return st.in[0], true
	case st.is("mul"), st.is("add"), st.is("sub"), st.is("real_div"):
		for k := range 2 {
			if v := f.p.slots[st.in[k]].konst; v != nil && (v.len() == 1 || v.rank == 1) {
				return st.in[1-k], true
			}
		}
	}
	return 0, false
}

// tailRows returns how many rows of the operand are wanted.
func (c *call) tailRows() int {
	x := c.in(0)
	if c.st.tail >= len(c.fr.rows) || x.rank < 2 {
		return -1
	}
	n := c.fr.rows[c.st.tail]
	if n <= 0 || n >= x.dims[x.rank-2] {
		return -1
	}
	return n
}

func tailShape(c *call) error {
	x, y := c.in(0), c.out(0)
	y.rank, y.dims = x.rank, x.dims
	if n := c.tailRows(); n > 0 {
		y.dims[x.rank-2] = n
	}
	return y.setShape(y.shape()...)
}

func tail(c *call) error {
	x, n := c.in(0), c.tailRows()
	if n < 0 {
		c.out(0).alias(x)
		return nil
	}
	if x.repr == reprWeight || x.repr == reprText {
		return errShape
	}
	x.strides()
	d := x.rank - 2
	from := x.dims[d] - n
	if x.repeat[d] > 1 && from%x.repeat[d] != 0 {
		return c.tailCopied(x, from)
	}
	c.view(0, x, from/x.repeat[d]*x.stride[d], x.stride[:x.rank], x.repeat[:x.rank])
	return nil
}

// tailCopied makes the rows dense where a view cannot begin at them.
func (c *call) tailCopied(x *value, from int) error {
	dense := value{repr: reprF32, rank: x.rank, dims: x.dims, dense: true}
	if x.repr == reprI32 {
		dense.repr, dense.i = reprI32, c.i32(x)
	} else {
		dense.f = c.f32(x)
	}
	dense.strides()
	c.view(0, &dense, from*dense.stride[x.rank-2], dense.stride[:x.rank], nil)
	return nil
}
