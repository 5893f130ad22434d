package plan

import (
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

// rmsNorm matches the norm at its last multiplication: by gamma.
func (f *fuser) rmsNorm(last *Step) *Step {
	if !last.is("mul") {
		return nil
	}
	for k := range 2 {
		gamma := last.In[k]
		if v := f.p.Slots[gamma].Const; v == nil || v.Repr != array.ReprF32 || v.Rank == 0 || v.Len() != v.Dims[v.Rank-1] {
			continue
		}
		if st := f.normBefore(last, last.In[1-k], gamma); st != nil {
			return st
		}
	}
	return nil
}

// normBefore matches the norm before its multiplication by gamma.
func (f *fuser) normBefore(last *Step, product, gamma int32) *Step {
	product, cast1 := f.through(product)
	times := f.made(product, "mul", true)
	if times == nil {
		return nil
	}
	for k := range 2 {
		factor, cast2 := f.through(times.In[k])
		root := f.made(factor, "rsqrt", true)
		if root == nil {
			continue
		}
		x, eps, group, ok := f.meanSquare(root)
		if !ok || !f.sameValue(x, times.In[1-k]) {
			continue
		}
		r := &op.NormPattern{Eps: eps}
		if f.faithful() {
			r.RoundFactor = f.half(times.In[k])
			r.RoundProduct = f.half(times.Out[0]) || (cast1 != nil && f.half(cast1.Out[0]))
		}
		return f.replace(op.FusedRMSNorm, r, last, []int32{times.In[1-k], gamma},
			append(group, times, root, cast1, cast2)...)
	}
	return nil
}

// meanSquare matches the mean of squares plus epsilon under a root and returns
// what is squared.
func (f *fuser) meanSquare(root *Step) (x int32, eps float32, group []*Step, ok bool) {
	if e, found := f.scalar(operandOf(root, 1)); found {
		eps = e
	}
	s := root.In[0]
	if sum := f.made(s, "add", true); sum != nil {
		e, found := f.scalar(sum.In[1])
		s = sum.In[0]
		if !found {
			e, found = f.scalar(sum.In[0])
			s = sum.In[1]
		}
		if !found {
			return 0, 0, nil, false
		}
		eps += e
		group = append(group, sum)
	}
	mean := f.made(s, "reduce_mean", true)
	if mean == nil || !f.lastOnly(mean) || !f.flag(mean, 2, true) {
		return 0, 0, nil, false
	}
	square := f.producer[mean.In[0]]
	if square == nil || f.uses[mean.In[0]] != 1 || f.gone[square] {
		return 0, 0, nil, false
	}
	switch {
	case square.is("pow"):
		if e, found := f.scalar(square.In[1]); !found || e != 2 {
			return 0, 0, nil, false
		}
	case square.is("square"):
	case square.is("mul") && square.In[0] == square.In[1]:
	default:
		return 0, 0, nil, false
	}
	// Squares of fp16 may overflow where the program says that they do.
	if f.faithful() && f.half(square.Out[0]) {
		return 0, 0, nil, false
	}
	group = append(group, mean, square)
	x = square.In[0]
	if c := f.made(x, "cast", true); c != nil && !square.is("mul") {
		group = append(group, c)
		x = c.In[0]
	}
	return x, eps, group, true
}

// lastOnly reports whether a reduction runs over the last dimension alone.
func (f *fuser) lastOnly(st *Step) bool {
	axis, ok := f.number(st, 1, 0)
	rank := len(f.p.Slots[st.In[0]].Type.Shape)
	return ok && operandOf(st, 1) >= 0 && (axis == -1 || axis == rank-1)
}

// sameValue reports whether two slots hold the same numbers: the same slot, or
// one the exact widening of the other.
func (f *fuser) sameValue(a, b int32) bool {
	widened := func(s int32) int32 {
		if c := f.made(s, "cast", false); c != nil && f.half(c.In[0]) && f.float(s) {
			return c.In[0]
		}
		return s
	}
	return a == b || widened(a) == widened(b)
}

// operandOf returns the slot of operand k, -1 when it is absent.
func operandOf(st *Step, k int) int32 {
	if k >= len(st.In) {
		return -1
	}
	return st.In[k]
}
