package plan

import (
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/kernel"
)

// gated matches the multiplication of an activation of one product with another
// product of the same input: that is what makes the two shapes one, so that the fused
// step needs no broadcasting. It is the middle of the feed-forward layers of Llama
// (silu) and Gemma (gelu). The products stay steps of their own, which groupProducts
// may join.
func (f *fuser) gated(last *Step) *Step {
	if !last.is("mul") {
		return nil
	}
	for k := range 2 {
		act, activation := f.activationOf(last.In[k])
		if act == nil {
			continue
		}
		a, b := f.productOf(act.In[0]), f.productOf(last.In[1-k])
		if a == nil || b == nil || a.In[0] != b.In[0] || !f.sameRows(a, b) {
			continue
		}
		gate := op.NewGate(activation, f.faithful() && f.half(act.Out[0]))
		return f.replace(op.FusedGate, gate, last, []int32{act.In[0], last.In[1-k]}, act)
	}
	return nil
}

// activationOf returns the activation that makes a slot which nothing else reads, and
// its kernel. gelu's third mode, SIGMOID_APPROXIMATION, has none.
func (f *fuser) activationOf(s int32) (*Step, func(dst, x []float32)) {
	if st := f.made(s, "silu", true); st != nil {
		return st, kernel.Silu
	}
	st := f.made(s, "gelu", true)
	if st == nil {
		return nil, nil
	}
	switch mode, ok := f.text(operandOf(st, 1), "EXACT"); {
	case ok && mode == "EXACT":
		return st, kernel.GeluErf
	case ok && mode == "TANH_APPROXIMATION":
		return st, kernel.GeluTanh
	}
	return nil, nil
}

// productOf returns the linear with a constant weight that makes a slot, an adapter that
// is added to it left aside: it has its shape. Others may read it too: it stays where it is.
func (f *fuser) productOf(s int32) *Step {
	if st := f.maker(s); st != nil && st.Def == op.FusedLowRank {
		s = st.In[0]
	}
	st := f.made(s, "linear", false)
	if st == nil || f.p.Slots[st.In[1]].Const == nil {
		return nil
	}
	return st
}

// sameRows reports whether two linears have equally many outputs.
func (f *fuser) sameRows(a, b *Step) bool {
	v, w := f.p.Slots[a.In[1]].Const, f.p.Slots[b.In[1]].Const
	return v.Rank == 2 && w.Rank == 2 && v.Dims[0] == w.Dims[0]
}
