package plan

import (
	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

// attention matches softmax(query·keyᵀ·scale + mask)·value at its last matmul, with
// or without scale, mask and casts around the softmax. The scores of a long prompt are
// what takes most memory when its steps are separate: heads × prompt × context
// elements. The fused step keeps those of a few rows at a time.
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
	scores, mask, masked := f.unmasked(scores)
	scores, scaled := f.unscaled(scores, w)
	dots := f.made(scores, "matmul", true)
	if dots == nil || !f.dotsFit(dots, last.In[1], mask) {
		return nil
	}
	// Exporters transpose the key themselves, or leave it to the matmul.
	w.Transposed = f.flag(dots, 3, false)
	if !w.Transposed && !f.flag(dots, 3, true) {
		return nil
	}
	w.Round = f.faithful() && f.half(dots.Out[0])
	return f.replace(op.FusedAttention, w, last, []int32{dots.In[0], dots.In[1], last.In[1], mask},
		dots, scaled, masked, soft, cast1, cast2)
}

// dotsFit reports whether a product of queries and keys, with the value and the mask,
// is one that the fused step computes. Less than three dimensions have no heads, and
// operands that broadcast have their own path through matmul.
func (f *fuser) dotsFit(dots *Step, value, mask int32) bool {
	rank := f.rank(dots.Out[0])
	return f.flag(dots, 2, false) && rank >= 3 && f.sameRank(rank, dots.In[0], dots.In[1], value) &&
		(mask < 0 || f.maskFits(mask, rank))
}

// lastAxis reports whether a softmax runs over the last dimension.
func (f *fuser) lastAxis(st *Step) bool {
	axis, ok := f.number(st, 1, -1)
	return ok && isLast(axis, f.rank(st.In[0]))
}

// unmasked steps back over the addition of a mask, which may stand on either side of
// it: what comes from a product is the scores.
func (f *fuser) unmasked(s int32) (scores, mask int32, masked *Step) {
	masked = f.made(s, "add", true)
	if masked == nil {
		return s, -1, nil
	}
	if f.isScores(masked.In[0]) {
		return masked.In[0], masked.In[1], masked
	}
	return masked.In[1], masked.In[0], masked
}

// isScores reports whether a slot comes from a matmul, scaled or not.
func (f *fuser) isScores(s int32) bool {
	var scale float32
	if st := f.scaled(s, &scale); st != nil {
		return f.made(st.In[0], "matmul", true) != nil || f.made(st.In[1], "matmul", true) != nil
	}
	return f.made(s, "matmul", true) != nil
}

// unscaled steps back over the scaling of the scores and notes the factor.
func (f *fuser) unscaled(s int32, w *op.AttentionPattern) (scores int32, scaled *Step) {
	scaled = f.scaled(s, &w.Scale)
	if scaled == nil {
		return s, nil
	}
	if _, ok := f.scalar(scaled.In[0]); ok {
		return scaled.In[1], scaled
	}
	return scaled.In[0], scaled
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
		if f.rank(s) != rank || f.p.Slots[s].Type.Variadic {
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
