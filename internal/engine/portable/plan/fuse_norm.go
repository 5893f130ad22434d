package plan

import (
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

// rmsNorm matches x·rsqrt(mean(x²) + epsilon)·gamma at its last multiplication: by
// gamma, a constant with an element for each of the last dimension. Converters write
// the parts in fp16 or fp32 with casts between, and either factor first.
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
		m := f.meanSquare(root)
		if m == nil || !f.sameValue(m.x, times.In[1-k]) {
			continue
		}
		r := &op.NormPattern{Eps: m.eps}
		if f.faithful() {
			r.RoundFactor = f.half(times.In[k])
			r.RoundProduct = f.half(times.Out[0]) || (cast1 != nil && f.half(cast1.Out[0]))
		}
		return f.replace(op.FusedRMSNorm, r, last, []int32{times.In[1-k], gamma},
			append(m.group, times, root, cast1, cast2)...)
	}
	return nil
}

// meanSquare is what was found under the root of a norm.
type meanSquare struct {
	x     int32   // what is squared
	eps   float32 // what is added to the mean
	group []*Step
}

// meanSquare matches the mean of squares plus epsilon under a root. Epsilon may be
// added before, or be the root's own operand; both count.
func (f *fuser) meanSquare(root *Step) *meanSquare {
	m := &meanSquare{}
	if e, found := f.scalar(operandOf(root, 1)); found {
		m.eps = e
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
			return nil
		}
		m.eps += e
		m.group = append(m.group, sum)
	}
	mean := f.made(s, "reduce_mean", true)
	if mean == nil || !f.lastOnly(mean) || !f.flag(mean, 2, true) {
		return nil
	}
	square := f.maker(mean.In[0])
	if square == nil || f.uses[mean.In[0]] != 1 || f.gone[square] || !f.squares(square) {
		return nil
	}
	m.group = append(m.group, mean, square)
	m.x = square.In[0]
	// A mul reads its operand twice, so that a cast before it is not read once.
	if c := f.made(m.x, "cast", true); c != nil && !square.is("mul") {
		m.group = append(m.group, c)
		m.x = c.In[0]
	}
	return m
}

// squares reports whether a step squares its operand, in one of the three ways in
// which exporters write it, and so that the fused step gives the same: in Faithful a
// square that is declared fp16 is infinite from 256 on, where the fused one is not.
func (f *fuser) squares(st *Step) bool {
	switch {
	case st.is("pow"):
		if e, found := f.scalar(st.In[1]); !found || e != 2 {
			return false
		}
	case st.is("square"):
	case st.is("mul") && st.In[0] == st.In[1]:
	default:
		return false
	}
	return !f.faithful() || !f.half(st.Out[0])
}

// lastOnly reports whether a reduction runs over the last dimension alone; one without
// axes runs over all.
func (f *fuser) lastOnly(st *Step) bool {
	axis, ok := f.number(st, 1, 0)
	rank := f.rank(st.In[0])
	return ok && operandOf(st, 1) >= 0 && (axis == -1 || axis == rank-1)
}

// sameValue reports whether two slots hold the same numbers: the same slot, or
// one the exact widening of the other.
func (f *fuser) sameValue(a, b int32) bool { return a == b || f.narrow(a) == f.narrow(b) }

// narrow returns the fp16 slot of which s is the widening, else s.
func (f *fuser) narrow(s int32) int32 {
	if c := f.made(s, "cast", false); c != nil && f.half(c.In[0]) && f.float(s) {
		return c.In[0]
	}
	return s
}
