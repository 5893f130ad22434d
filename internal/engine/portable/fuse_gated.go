package portable

import "github.com/gocoreml/coreml/internal/kernel"

// fusedGate is activation(gate)·up, the middle of a gated feed-forward block
// (Shazeer, "GLU Variants Improve Transformer"), in one pass.
var fusedGate = &operator{
	name: "gated", params: in("gate", "up!"), eval: gated,
	local: func() any { return new(gateTask) },
}

// gate is what a step of fusedGate knows from its pattern.
type gate struct {
	f func(dst, x []float32)
	// round says that the activation alone would round to fp16.
	round bool
}

// gated matches the multiplication of an activation of one product with another
// product of the same input: that is what makes the two shapes one.
func (f *fuser) gated(last *step) *step {
	if !last.is("mul") {
		return nil
	}
	for k := range 2 {
		act, g := f.activationOf(last.in[k])
		if act == nil {
			continue
		}
		a, b := f.productOf(act.in[0]), f.productOf(last.in[1-k])
		if a == nil || b == nil || a.in[0] != b.in[0] || !f.sameRows(a, b) {
			continue
		}
		g.round = f.faithful() && f.half(act.out[0])
		st := f.replace(fusedGate, last, []int32{act.in[0], last.in[1-k]}, act)
		st.gate = g
		return st
	}
	return nil
}

// activationOf returns the activation that makes a slot which nothing else reads.
func (f *fuser) activationOf(s int32) (*step, gate) {
	if st := f.made(s, "silu", true); st != nil {
		return st, gate{f: kernel.Silu}
	}
	st := f.made(s, "gelu", true)
	if st == nil {
		return nil, gate{}
	}
	switch mode, ok := f.text(operandOf(st, 1), "EXACT"); {
	case ok && mode == "EXACT":
		return st, gate{f: kernel.GeluErf}
	case ok && mode == "TANH_APPROXIMATION":
		return st, gate{f: kernel.GeluTanh}
	}
	return nil, gate{}
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

// gateTask computes gates on the pool.
type gateTask struct {
	dst, x, y []float32
	gate      gate
}

// Run handles units lo to hi-1.
func (t *gateTask) Run(lo, hi, _ int) {
	from, to := lo*spreadUnit, min(hi*spreadUnit, len(t.dst))
	dst := t.dst[from:to]
	t.gate.f(dst, t.x[from:to])
	if t.gate.round {
		kernel.RoundF16(dst)
	}
	kernel.Mul(dst, dst, t.y[from:to])
}

func gated(c *call) error {
	t := localOf[gateTask](c)
	t.x, t.y, t.gate = c.f32(c.in(0)), c.f32(c.in(1)), c.st.gate
	t.dst = c.newF32(0)
	if len(t.x) != len(t.y) {
		return errShape
	}
	units := (len(t.dst) + spreadUnit - 1) / spreadUnit
	if len(t.dst) < spreadFrom {
		t.Run(0, units, 0)
	} else {
		c.fr.pool.For(t, units, 1, c.fr.threads)
	}
	t.dst, t.x, t.y = nil, nil, nil
	return nil
}
