package portable

// fusedAttention is attention written out: scores, scale, mask, softmax and
// weighted sum as one step.
var fusedAttention = &operator{
	name: "attention", params: in("query*", "key*!", "value*!", "mask*"),
	shape: writtenShape, eval: writtenAttention,
	local: func() any { return new(writtenLocal) },
}

// written is what a step of fusedAttention knows from its pattern.
type written struct {
	scale float32
	// turned says that the keys are [.., columns, rows].
	turned bool
	// round says that the separate operations would round to fp16.
	round bool
}

type writtenLocal struct {
	attentionLocal
	keys value
}

// attention matches softmax(query·keyᵀ·scale + mask)·value at its last matmul.
func (f *fuser) attention(last *step) *step {
	if !last.is("matmul") || last.mat != nil || !f.flag(last, 2, false) || !f.flag(last, 3, false) {
		return nil
	}
	weights, cast1 := f.through(last.in[0])
	soft := f.made(weights, "softmax", true)
	if soft == nil || !f.lastAxis(soft) {
		return nil
	}
	w := written{scale: 1}
	scores, cast2 := f.through(soft.in[0])
	mask := int32(-1)
	var masked, scaled *step
	if masked = f.made(scores, "add", true); masked != nil {
		scores, mask = masked.in[0], masked.in[1]
		if !f.isScores(scores) {
			scores, mask = mask, scores
		}
	}
	if scaled = f.scaled(scores, &w.scale); scaled != nil {
		scores = scaled.in[0]
		if _, ok := f.scalar(scores); ok {
			scores = scaled.in[1]
		}
	}
	dots := f.made(scores, "matmul", true)
	if dots == nil || !f.flag(dots, 2, false) {
		return nil
	}
	rank := len(f.p.slots[dots.out[0]].typ.Shape)
	if rank < 3 || !f.sameRank(rank, dots.in[0], dots.in[1], last.in[1]) || (mask >= 0 && !f.maskFits(mask, rank)) {
		return nil
	}
	w.turned = f.flag(dots, 3, false)
	if !w.turned && !f.flag(dots, 3, true) {
		return nil
	}
	w.round = f.faithful() && f.half(dots.out[0])
	st := f.replace(fusedAttention, last, []int32{dots.in[0], dots.in[1], last.in[1], mask},
		dots, scaled, masked, soft, cast1, cast2)
	st.written = w
	return st
}

// flag reports whether a boolean operand is the given constant; absent ones are
// false.
func (f *fuser) flag(st *step, k int, want bool) bool {
	n, ok := f.number(st, k, 0)
	return ok && (n != 0) == want
}

// lastAxis reports whether a softmax runs over the last dimension.
func (f *fuser) lastAxis(st *step) bool {
	axis, ok := f.number(st, 1, -1)
	rank := len(f.p.slots[st.in[0]].typ.Shape)
	return ok && (axis == -1 || rank > 0 && axis == rank-1)
}

// isScores reports whether a slot comes from a matmul, scaled or not.
func (f *fuser) isScores(s int32) bool {
	var scale float32
	if st := f.scaled(s, &scale); st != nil {
		return f.made(st.in[0], "matmul", true) != nil || f.made(st.in[1], "matmul", true) != nil
	}
	return f.made(s, "matmul", true) != nil
}

// scaled matches a multiplication or division by a constant.
func (f *fuser) scaled(s int32, scale *float32) *step {
	if st := f.made(s, "mul", true); st != nil {
		for k := range 2 {
			if x, ok := f.scalar(st.in[k]); ok {
				*scale = x
				return st
			}
		}
		return nil
	}
	if st := f.made(s, "real_div", true); st != nil {
		if x, ok := f.scalar(st.in[1]); ok && x != 0 {
			*scale = 1 / x
			return st
		}
	}
	return nil
}

func (f *fuser) sameRank(rank int, slots ...int32) bool {
	for _, s := range slots {
		if t := f.p.slots[s].typ; len(t.Shape) != rank || t.Variadic {
			return false
		}
	}
	return true
}

// maskFits reports whether a mask broadcasts over the scores and not the other
// way round, as far as its rank tells.
func (f *fuser) maskFits(s int32, rank int) bool {
	t := f.p.slots[s].typ
	return f.float(s) && !t.Variadic && len(t.Shape) >= 2 && len(t.Shape) <= rank
}

// turnedKeys returns the keys as [.., rows, columns].
func (c *call) turnedKeys(w written) *value {
	k := c.in(1)
	if !w.turned {
		return k
	}
	l := localOf[writtenLocal](c)
	l.keys = *k
	v := &l.keys
	if v.repr != reprF32 && v.repr != reprF16 && v.repr != reprUnknown {
		return nil
	}
	v.strides()
	a, b := v.rank-1, v.rank-2
	v.dims[a], v.dims[b] = v.dims[b], v.dims[a]
	v.stride[a], v.stride[b] = v.stride[b], v.stride[a]
	v.repeat[a], v.repeat[b] = v.repeat[b], v.repeat[a]
	v.wide, v.flat = nil, nil
	v.settle()
	return v
}

func writtenShape(c *call) error {
	k := c.turnedKeys(c.st.written)
	if k == nil {
		return errUnsupported
	}
	return shapeOfAttention(c, k)
}

func writtenAttention(c *call) error {
	w := c.st.written
	l := localOf[writtenLocal](c)
	k := c.turnedKeys(w)
	return c.attend(&l.attentionLocal, k, c.in(2), c.in(3), w.scale, w.round)
}
