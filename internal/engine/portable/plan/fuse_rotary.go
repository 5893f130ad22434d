package plan

import (
	"slices"

	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

// rotary matches x·cos + swapped(x)·sin at its addition, where swapped joins the
// negated second half of the last dimension and the first one. This is the form of
// Hugging Face's rotate_half; the paper's own form (RoFormer), which turns
// neighbours, comes as other operations. Sums and products may have their operands in
// any order.
func (f *fuser) rotary(last *Step) *Step {
	if !last.is("add") {
		return nil
	}
	for k := range 2 {
		straight, crossed := f.made(last.In[k], "mul", true), f.made(last.In[1-k], "mul", true)
		if straight == nil || crossed == nil {
			continue
		}
		for j := range 2 {
			if st := f.rotation(last, straight, crossed, j); st != nil {
				return st
			}
		}
	}
	return nil
}

// rotation matches the rotation whose swapped halves are operand j of crossed.
func (f *fuser) rotation(last, straight, crossed *Step, j int) *Step {
	join := f.made(crossed.In[j], "concat", true)
	if join == nil {
		return nil
	}
	x, group, ok := f.swapped(join)
	if !ok {
		return nil
	}
	i := slices.Index(straight.In[:2], x)
	if i < 0 || !f.tablesFit(x, straight.In[1-i], crossed.In[1-j], last.Out[0]) {
		return nil
	}
	data := &op.RotaryPattern{Round: f.faithful() && f.half(straight.Out[0])}
	st := f.replace(op.FusedRotary, data, last, []int32{x, straight.In[1-i], crossed.In[1-j]},
		append(group, straight, crossed, join)...)
	st.List = []int32{x}
	return st
}

// tablesFit reports whether the tables fit x as far as the types tell: of one
// element type and not of a higher rank. What the shapes are is seen when they
// are known.
func (f *fuser) tablesFit(x, cos, sin, out int32) bool {
	t := f.p.Slots[x].Type
	rank := len(t.Shape)
	if !f.float(x) || f.p.Slots[out].Type.DType != t.DType || len(f.p.Slots[out].Type.Shape) != rank {
		return false
	}
	for _, s := range []int32{cos, sin} {
		c := f.p.Slots[s].Type
		if n := len(c.Shape); c.DType != t.DType || c.Variadic || n == 0 || n > rank {
			return false
		}
	}
	return true
}

// swapped matches the concatenation of the negated second half of the last
// dimension and its first half, and returns what is halved.
func (f *fuser) swapped(join *Step) (x int32, group []*Step, ok bool) {
	if len(join.List) != 2 {
		return 0, nil, false
	}
	neg := f.made(join.List[0], "mul", true)
	if neg == nil {
		return 0, nil, false
	}
	hi, ok := f.negated(neg)
	if !ok {
		return 0, nil, false
	}
	lo := join.List[1]
	if cut := f.made(hi, "split", false); cut != nil && cut == f.made(lo, "split", false) {
		return f.splitHalves(join, cut, neg, lo, hi)
	}
	top, low := f.made(hi, "slice_by_index", true), f.made(lo, "slice_by_index", true)
	if top == nil || low == nil || top.In[0] != low.In[0] {
		return 0, nil, false
	}
	x = top.In[0]
	n, last := f.lastDim(x)
	if !last || n%2 != 0 || !f.joinsLast(join, x) || !f.window(low, n, 0, n/2) || !f.window(top, n, n/2, n) {
		return 0, nil, false
	}
	return x, []*Step{neg, top, low}, true
}

// negated returns what a multiplication by -1 negates: MIL has no operator for it.
func (f *fuser) negated(st *Step) (s int32, ok bool) {
	for k := range 2 {
		if v, found := f.scalar(st.In[k]); found {
			return st.In[1-k], v == -1
		}
	}
	return 0, false
}

// splitHalves is swapped for halves that one split makes. Each of them may be read
// once only, but the split itself has two readers.
func (f *fuser) splitHalves(join, cut, neg *Step, lo, hi int32) (int32, []*Step, bool) {
	x := cut.In[0]
	n, last := f.lastDim(x)
	if !last || n%2 != 0 || len(cut.Out) != 2 || cut.Out[0] != lo || cut.Out[1] != hi ||
		f.uses[lo] != 1 || f.uses[hi] != 1 || !f.joinsLast(join, x) {
		return 0, nil, false
	}
	axis, ok := f.number(cut, 3, 0)
	half, known := f.lastDim(lo)
	if !ok || !isLast(axis, f.rank(x)) || !known || half != n/2 {
		return 0, nil, false
	}
	return x, []*Step{neg, cut}, true
}

// joinsLast reports whether a concat joins values of x's rank along the last
// dimension, one after the other.
func (f *fuser) joinsLast(join *Step, x int32) bool {
	axis, ok := f.number(join, 1, 0)
	return ok && isLast(axis, f.rank(x)) && f.flag(join, 2, false)
}

// window reports whether a slice takes elements from to to-1 of the last
// dimension, of n, and everything of the others.
func (f *fuser) window(st *Step, n, from, to int) bool {
	rank := f.rank(st.In[0])
	var operands [6]func(d int) int // begin, end, stride, begin_mask, end_mask, squeeze_mask
	for k := range operands {
		def := 0
		if k == 2 {
			def = 1 // stride
		}
		var ok bool
		if operands[k], ok = f.ints(operandOf(st, k+1), rank, def); !ok {
			return false
		}
	}
	begin, end, stride, beginMask, endMask, squeeze := operands[0], operands[1], operands[2], operands[3], operands[4], operands[5]
	for d := range rank {
		b, e := begin(d), end(d)
		if beginMask(d) != 0 {
			b = 0
		}
		switch {
		case stride(d) != 1 || squeeze(d) != 0:
			return false
		case d < rank-1 && (b != 0 || endMask(d) == 0): // its size may be open: only a mask says "all"
			return false
		case d == rank-1 && (fromEnd(b, n) != from || endMask(d) == 0 && fromEnd(e, n) != to || endMask(d) != 0 && n != to):
			return false
		}
	}
	return true
}

// fromEnd resolves an index that counts from the end when it is negative.
func fromEnd(i, n int) int {
	if i < 0 {
		return i + n
	}
	return i
}
