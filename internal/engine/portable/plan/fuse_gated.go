package plan

import (
	"slices"

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
		gate := op.NewGate(kernel.Gate{Activation: activation, Round: f.faithful() && f.half(act.Out[0])})
		return f.replace(op.FusedGate, gate, last, []int32{act.In[0], last.In[1-k]}, act)
	}
	return nil
}

// activationOf returns the activation that makes a slot which nothing else reads, and
// which it is. gelu's third mode, SIGMOID_APPROXIMATION, has none.
func (f *fuser) activationOf(s int32) (*Step, kernel.Activation) {
	if st := f.made(s, "silu", true); st != nil {
		return st, kernel.SiluActivation
	}
	st := f.made(s, "gelu", true)
	if st == nil {
		return nil, 0
	}
	switch mode, ok := f.text(operandOf(st, 1), "EXACT"); {
	case ok && mode == "EXACT":
		return st, kernel.GeluErfActivation
	case ok && mode == "TANH_APPROXIMATION":
		return st, kernel.GeluTanhActivation
	}
	return nil, 0
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

// gateProducts makes one step of each pair of linears of one input that only a gate reads,
// and of that gate: the two results of a row are gated where they have just been computed,
// and are never in memory. It comes after groupProducts, which finds the pairs and gives the
// linears of each.
func (pl *planner) gateProducts(linears map[*Step][]*Step) {
	f := newFuser(pl)
	for k, st := range pl.p.Body.Steps {
		if st.Def != op.FusedGate {
			continue
		}
		if n := f.gatedProducts(st, linears); n != nil {
			pl.p.Body.Steps[k] = n
		}
	}
	f.sweep()
}

// gatedProducts returns the step that stands for a gate and the products it reads, or nil.
// The step adds no biases, of which converters write some that are zero, and its numbers
// are rounded all alike.
func (f *fuser) gatedProducts(gate *Step, linears map[*Step][]*Step) *Step {
	group := f.maker(gate.In[0])
	if group == nil || group.Def != op.FusedProducts || len(group.Out) != 2 || f.maker(gate.In[1]) != group {
		return nil
	}
	data, ok := group.Data.(*op.ProductGroup)
	how, is := gate.Data.(*op.GatePattern)
	if !ok || !is {
		return nil
	}
	both := &op.GatedProducts{Gate: how, Half: f.half(gate.Out[0])}
	for _, s := range gate.In[:2] {
		i := slices.Index(group.Out, s)
		if i < 0 || f.uses[s] != 1 || f.half(s) != both.Half {
			return nil
		}
		factor := data.Factors[i]
		if b := factor.BiasSlot; b >= 0 && !op.AllZero(&f.p.load, f.p.Slots[b].Const) {
			return nil
		}
		factor.BiasSlot = -1
		both.Factors = append(both.Factors, factor)
	}
	f.gone[group] = true
	return &Step{
		Binding: op.Binding{Op: gate.Op, Def: op.FusedGatedProducts, In: group.In, List: group.List, Out: gate.Out, State: -1, Data: both},
		Parts:   slices.Concat(linears[group], gate.Parts), Cut: gate.Cut,
	}
}
