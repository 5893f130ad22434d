package plan

import (
	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

// attention matches softmax(query·keyᵀ·scale + mask)·value at its last matmul.
func (f *fuser) attention(last *Step) *Step {
	if !last.is("matmul") || !f.flag(last, 2, false) || !f.flag(last, 3, false) {
		return nil
	}
	weights, cast1 := f.through(last.In[0])
	soft := f.made(weights, "softmax", true)
	if soft == nil || !f.lastAxis(soft) {
		return nil
	}
	w := &op.AttentionPattern{Scale: 1}
	scores, cast2 := f.through(soft.In[0])
	mask := int32(-1)
	var masked, scaled *Step
	if masked = f.made(scores, "add", true); masked != nil {
		scores, mask = masked.In[0], masked.In[1]
		if !f.isScores(scores) {
			scores, mask = mask, scores
		}
	}
	if scaled = f.scaled(scores, &w.Scale); scaled != nil {
		scores = scaled.In[0]
		if _, ok := f.scalar(scores); ok {
			scores = scaled.In[1]
		}
	}
	dots := f.made(scores, "matmul", true)
	if dots == nil || !f.flag(dots, 2, false) {
		return nil
	}
	rank := len(f.p.Slots[dots.Out[0]].Type.Shape)
	if rank < 3 || !f.sameRank(rank, dots.In[0], dots.In[1], last.In[1]) || (mask >= 0 && !f.maskFits(mask, rank)) {
		return nil
	}
	w.Transposed = f.flag(dots, 3, false)
	if !w.Transposed && !f.flag(dots, 3, true) {
		return nil
	}
	w.Round = f.faithful() && f.half(dots.Out[0])
	return f.replace(op.FusedAttention, w, last, []int32{dots.In[0], dots.In[1], last.In[1], mask},
		dots, scaled, masked, soft, cast1, cast2)
}

// flag reports whether a boolean operand is the given constant; absent ones are
// false.
func (f *fuser) flag(st *Step, k int, want bool) bool {
	n, ok := f.number(st, k, 0)
	return ok && (n != 0) == want
}

// lastAxis reports whether a softmax runs over the last dimension.
func (f *fuser) lastAxis(st *Step) bool {
	axis, ok := f.number(st, 1, -1)
	rank := len(f.p.Slots[st.In[0]].Type.Shape)
	return ok && (axis == -1 || rank > 0 && axis == rank-1)
}

// isScores reports whether a slot comes from a matmul, scaled or not.
func (f *fuser) isScores(s int32) bool {
	var scale float32
	if st := f.scaled(s, &scale); st != nil {
		return f.made(st.In[0], "matmul", true) != nil || f.made(st.In[1], "matmul", true) != nil
	}
	return f.made(s, "matmul", true) != nil
}

// scaled matches a multiplication or division by a constant.
func (f *fuser) scaled(s int32, scale *float32) *Step {
	if st := f.made(s, "mul", true); st != nil {
		for k := range 2 {
			if x, ok := f.scalar(st.In[k]); ok {
				*scale = x
				return st
			}
		}
		return nil
	}
	if st := f.made(s, "real_div", true); st != nil {
		if x, ok := f.scalar(st.In[1]); ok && x != 0 {
			*scale = 1 / x
			return st
		}
	}
	return nil
}

// sameRank reports whether all slots have that many dimensions.
func (f *fuser) sameRank(rank int, slots ...int32) bool {
	for _, s := range slots {
		if t := f.p.Slots[s].Type; len(t.Shape) != rank || t.Variadic {
			return false
		}
	}
	return true
}

// maskFits reports whether a mask broadcasts over the scores and not the other
// way round, as far as its rank tells.
func (f *fuser) maskFits(s int32, rank int) bool {
	t := f.p.Slots[s].Type
	return f.float(s) && !t.Variadic && len(t.Shape) >= 2 && len(t.Shape) <= rank
}
