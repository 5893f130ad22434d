package plan

import (
	"slices"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

// rotary matches the rotation at its last addition.
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
			join := f.made(crossed.In[j], "concat", true)
			if join == nil {
				continue
			}
			x, group, ok := f.swapped(join)
			if !ok {
				continue
			}
			i := slices.Index(straight.In[:2], x)
			if i < 0 || !f.tablesFit(x, straight.In[1-i], crossed.In[1-j], last.Out[0]) {
				continue
			}
			data := &op.RotaryPattern{Round: f.faithful() && f.half(straight.Out[0])}
			st := f.replace(op.FusedRotary, data, last, []int32{x, straight.In[1-i], crossed.In[1-j]},
				append(group, straight, crossed, join)...)
			st.List = []int32{x}
			return st
		}
	}
	return nil
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
	k := 0
	if v, found := f.scalar(neg.In[0]); found && v == -1 {
		k = 1
	} else if v, found := f.scalar(neg.In[1]); !found || v != -1 {
		return 0, nil, false
	}
	hi, lo := neg.In[k], join.List[1]
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

// splitHalves is swapped for halves that one split makes.
func (f *fuser) splitHalves(join, cut, neg *Step, lo, hi int32) (int32, []*Step, bool) {
	x := cut.In[0]
	n, last := f.lastDim(x)
	if !last || n%2 != 0 || len(cut.Out) != 2 || cut.Out[0] != lo || cut.Out[1] != hi ||
		f.uses[lo] != 1 || f.uses[hi] != 1 || !f.joinsLast(join, x) {
		return 0, nil, false
	}
	axis, ok := f.number(cut, 3, 0)
	rank := len(f.p.Slots[x].Type.Shape)
	half, known := f.lastDim(lo)
	if !ok || (axis != -1 && axis != rank-1) || !known || half != n/2 {
		return 0, nil, false
	}
	return x, []*Step{neg, cut}, true
}

// joinsLast reports whether a concat joins values of x's rank along the last
// dimension, one after the other.
func (f *fuser) joinsLast(join *Step, x int32) bool {
	axis, ok := f.number(join, 1, 0)
	rank := len(f.p.Slots[x].Type.Shape)
	return ok && (axis == -1 || axis == rank-1) && f.flag(join, 2, false)
}

// lastDim returns the last dimension of a slot where it is known.
func (f *fuser) lastDim(s int32) (int, bool) {
	t := f.p.Slots[s].Type
	if t.Variadic || len(t.Shape) == 0 || len(t.Shape) > array.MaxRank {
		return 0, false
	}
	n := t.Shape[len(t.Shape)-1]
	return n, n > 0
}

// window reports whether a slice takes elements from to to-1 of the last
// dimension, of n, and everything of the others.
func (f *fuser) window(st *Step, n, from, to int) bool {
	rank := len(f.p.Slots[st.In[0]].Type.Shape)
	begin, ok1 := f.ints(operandOf(st, 1), rank, 0)
	end, ok2 := f.ints(operandOf(st, 2), rank, 0)
	stride, ok3 := f.ints(operandOf(st, 3), rank, 1)
	beginMask, ok4 := f.ints(operandOf(st, 4), rank, 0)
	endMask, ok5 := f.ints(operandOf(st, 5), rank, 0)
	squeeze, ok6 := f.ints(operandOf(st, 6), rank, 0)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 {
		return false
	}
	for d := range rank {
		b, e := begin(d), end(d)
		if beginMask(d) != 0 {
			b = 0
		}
		if stride(d) != 1 || squeeze(d) != 0 {
			return false
		}
		if d < rank-1 {
			if b != 0 || endMask(d) == 0 {
				return false
			}
			continue
		}
		if b < 0 {
			b += n
		}
		if e < 0 {
			e += n
		}
		if endMask(d) != 0 {
			e = n
		}
		if b != from || e != to {
			return false
		}
	}
	return true
}

// ints returns a constant vector of n integers as a function of the index; an
// absent operand is def everywhere.
func (f *fuser) ints(s int32, n, def int) (func(d int) int, bool) {
	if s < 0 {
		return func(int) int { return def }, true
	}
	v := f.p.Slots[s].Const
	if v == nil || v.Repr != array.ReprI32 || !v.Dense || v.Len() != n {
		return nil, false
	}
	return func(d int) int { return int(v.I32[d]) }, true
}
