package plan

import (
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

// maxLowRank is the highest rank of a product that is added column by column.
const maxLowRank = 256

// lowRank matches base + B·low at its addition, where base and low are linears of one
// value: that is what makes the shapes alike, so that the fused step needs no
// broadcasting. The product by B is a linear, as converters write adapters, or a matmul.
func (f *fuser) lowRank(last *Step) *Step {
	if !last.is("add") {
		return nil
	}
	for k := range 2 {
		base := f.productOf(last.In[k])
		high := f.made(last.In[1-k], "linear", true)
		pattern := &op.LowRankPattern{Rows: true}
		if high == nil {
			high, pattern.Rows = f.made(last.In[1-k], "matmul", true), false
			if high == nil || !f.flag(high, 2, false) || !f.flag(high, 3, false) {
				continue
			}
		}
		if base == nil || !f.unbiased(high, pattern.Rows) {
			continue
		}
		low := f.productOf(high.In[0])
		if low == nil || low.Out[0] != high.In[0] || base.Out[0] != last.In[k] || low.In[0] != base.In[0] || !f.lowRankFits(base, low, high, pattern.Rows) {
			continue
		}
		pattern.Round = f.faithful() && f.half(high.Out[0])
		return f.replace(op.FusedLowRank, pattern, last, []int32{base.Out[0], low.Out[0], high.In[1]}, high)
	}
	return nil
}

// unbiased reports whether a product adds nothing by itself.
func (f *fuser) unbiased(high *Step, isLinear bool) bool {
	if !isLinear {
		return true
	}
	b := operandOf(high, 2)
	if b < 0 {
		return true
	}
	v := f.p.Slots[b].Const
	if v == nil || v.Repr != array.ReprF32 || !v.Dense {
		return false
	}
	for _, x := range v.F32 {
		if x != 0 {
			return false
		}
	}
	return true
}

// lowRankFits reports whether the matrices have the sizes of an adapter.
func (f *fuser) lowRankFits(base, low, high *Step, rows bool) bool {
	w, a, b := f.p.Slots[base.In[1]].Const, f.p.Slots[low.In[1]].Const, f.p.Slots[high.In[1]].Const
	if w == nil || a == nil || b == nil || w.Rank != 2 || a.Rank != 2 || b.Rank != 2 {
		return false
	}
	if b.Repr != array.ReprF16 && b.Repr != array.ReprF32 {
		return false
	}
	rank, outs := b.Dims[0], b.Dims[1]
	if rows {
		rank, outs = outs, rank
	}
	return rank <= maxLowRank && rank > 0 && outs == w.Dims[0] && rank == a.Dims[0] && outs > rank
}
