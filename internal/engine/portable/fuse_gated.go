package portable

import "github.com/gocoreml/coreml/internal/kernel"

// fusedGate is activation(gate)·up, the middle of a gated feed-forward block
// (Shazeer, "GLU Variants Improve Transformer"), in one pass.
var fusedGate = &operator{
	name: "gated", params: in("gate", "up!"), eval: gated,
	local: newSpread,
}

// gatePattern is the data of a step of fusedGate: apply stores activation(x)·y in
// dst.
type gatePattern struct{ apply func(dst, x, y []float32) }

// gateOf makes a gate of an activation. round says that the activation alone
// would round to fp16.
func gateOf(activation func(dst, x []float32), round bool) *gatePattern {
	return &gatePattern{func(dst, x, y []float32) {
		activation(dst, x)
		if round {
			kernel.RoundF16(dst)
		}
		kernel.Mul(dst, dst, y)
	}}
}

// gated matches the multiplication of an activation of one product with another
// product of the same input: that is what makes the two shapes one.
func (f *fuser) gated(last *step) *step {
	if !last.is("mul") {
		return nil
	}
	for k := range 2 {
		act, activation := f.activationOf(last.in[k])
		if act == nil {
			continue
		}
		a, b := f.productOf(act.in[0]), f.productOf(last.in[1-k])
		if a == nil || b == nil || a.in[0] != b.in[0] || !f.sameRows(a, b) {
			continue
		}
		gate := gateOf(activation, f.faithful() && f.half(act.out[0]))
		return f.replace(fusedGate, gate, last, []int32{act.in[0], last.in[1-k]}, act)
	}
	return nil
}

// activationOf returns the activation that makes a slot which nothing else reads.
func (f *fuser) activationOf(s int32) (*step, func(dst, x []float32)) {
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

// text returns a constant string, or def for an absent operand.
func (f *fuser) text(s int32, def string) (string, bool) {
	if s < 0 {
		return def, true
	}
	v := f.p.slots[s].konst
	if v == nil || v.repr != reprText || len(v.s) != 1 {
		return "", false
	}
	return v.s[0], true
}

// productOf returns the linear with a constant weight that makes a slot.
func (f *fuser) productOf(s int32) *step {
	st := f.made(s, "linear", false)
	if st == nil || f.p.slots[st.in[1]].konst == nil {
		return nil
	}
	return st
}

func (f *fuser) sameRows(a, b *step) bool {
	v, w := f.p.slots[a.in[1]].konst, f.p.slots[b.in[1]].konst
	return v.rank == 2 && w.rank == 2 && v.dims[0] == w.dims[0]
}

func gated(c *call) error {
	x, y := c.f32(c.in(0)), c.f32(c.in(1))
	if len(x) != len(y) {
		return errShape
	}
	c.spread2(dataOf[gatePattern](c).apply, c.newF32(0), x, y)
	return nil
}
