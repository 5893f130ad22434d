package portable

import (
	"math"

	"github.com/gocoreml/coreml/internal/kernel"
)

// fusedRMSNorm is x·(mean(x²)+eps)^-½·gamma over the last dimension.
var fusedRMSNorm = &operator{
	name: "rms_norm", params: in("x", "gamma"), eval: rmsNorm,
	local: func() any { return new(normTask) },
}

// rms is what a step of fusedRMSNorm knows from its pattern.
type rms struct {
	eps float32
	// roundFactor and roundProduct say where the separate operations would round
	// to fp16: the factor, and x times it.
	roundFactor, roundProduct bool
}

// rmsNorm matches the norm at its last multiplication: by gamma.
func (f *fuser) rmsNorm(last *step) *step {
	if !last.is("mul") {
		return nil
	}
	for k := range 2 {
		gamma := last.in[k]
		if v := f.p.slots[gamma].konst; v == nil || v.repr != reprF32 || v.rank == 0 || v.len() != v.dims[v.rank-1] {
			continue
		}
		if st := f.normBefore(last, last.in[1-k], gamma); st != nil {
			return st
		}
	}
	return nil
}

func (f *fuser) normBefore(last *step, product, gamma int32) *step {
	product, cast1 := f.through(product)
	times := f.made(product, "mul", true)
	if times == nil {
		return nil
	}
	for k := range 2 {
		factor, cast2 := f.through(times.in[k])
		root := f.made(factor, "rsqrt", true)
		if root == nil {
			continue
		}
		x, eps, group, ok := f.meanSquare(root)
		if !ok || !f.sameValue(x, times.in[1-k]) {
			continue
		}
		r := rms{eps: eps}
		if f.faithful() {
			r.roundFactor = f.half(times.in[k])
			r.roundProduct = f.half(times.out[0]) || (cast1 != nil && f.half(cast1.out[0]))
		}
		st := f.replace(fusedRMSNorm, last, []int32{times.in[1-k], gamma},
			append(group, times, root, cast1, cast2)...)
		st.rms = r
		return st
	}
	return nil
}

// meanSquare matches the mean of squares plus epsilon under a root and returns
// what is squared.
func (f *fuser) meanSquare(root *step) (x int32, eps float32, group []*step, ok bool) {
	if e, found := f.scalar(operandOf(root, 1)); found {
		eps = e
	}
	s := root.in[0]
	if sum := f.made(s, "add", true); sum != nil {
		e, found := f.scalar(sum.in[1])
		s = sum.in[0]
		if !found {
			e, found = f.scalar(sum.in[0])
			s = sum.in[1]
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
	square := f.producer[mean.in[0]]
	if square == nil || f.uses[mean.in[0]] != 1 || f.gone[square] {
		return 0, 0, nil, false
	}
	switch {
	case square.is("pow"):
		if e, found := f.scalar(square.in[1]); !found || e != 2 {
			return 0, 0, nil, false
		}
	case square.is("square"):
	case square.is("mul") && square.in[0] == square.in[1]:
	default:
		return 0, 0, nil, false
	}
	// Squares of fp16 may overflow where the program says that they do.
	if f.faithful() && f.half(square.out[0]) {
		return 0, 0, nil, false
	}
	group = append(group, mean, square)
	x = square.in[0]
	if c := f.made(x, "cast", true); c != nil && !square.is("mul") {
		group = append(group, c)
		x = c.in[0]
	}
	return x, eps, group, true
}

// lastOnly reports whether a reduction runs over the last dimension alone.
func (f *fuser) lastOnly(st *step) bool {
	axis, ok := f.number(st, 1, 0)
	rank := len(f.p.slots[st.in[0]].typ.Shape)
	return ok && operandOf(st, 1) >= 0 && (axis == -1 || axis == rank-1)
}

// sameValue reports whether two slots hold the same numbers: the same slot, or
// one the exact widening of the other.
func (f *fuser) sameValue(a, b int32) bool {
	widened := func(s int32) int32 {
		if c := f.made(s, "cast", false); c != nil && f.half(c.in[0]) && f.float(s) {
			return c.in[0]
		}
		return s
	}
	return a == b || widened(a) == widened(b)
}

func operandOf(st *step, k int) int32 {
	if k >= len(st.in) {
		return -1
	}
	return st.in[k]
}

// normTask norms rows on the pool.
type normTask struct {
	fr            *frame
	dst, x, gamma []float32
	n             int
	rms           rms
}

// Run norms rows lo to hi-1.
func (t *normTask) Run(lo, hi, _ int) {
	work := counter{p: &t.fr.poller}
	for r := lo; r < hi; r++ {
		work.add(t.n)
		dst, x := t.dst[r*t.n:(r+1)*t.n], t.x[r*t.n:(r+1)*t.n]
		factor := float32(1 / math.Sqrt(float64(kernel.SumSquaresUntil(t.fr.stop, x)/float32(t.n)+t.rms.eps)))
		if t.rms.roundFactor {
			one := [1]float32{factor}
			kernel.RoundF16(one[:])
			factor = one[0]
		}
		t.fr.pieces(t.n, func(lo, hi int) {
			part := dst[lo:hi]
			kernel.Scale(part, x[lo:hi], factor)
			if t.rms.roundProduct {
				kernel.RoundF16(part)
			}
			kernel.Mul(part, part, t.gamma[lo:hi])
		})
	}
}

func rmsNorm(c *call) error {
	x := c.in(0)
	t := localOf[normTask](c)
	t.x, t.gamma = c.f32(x), c.f32(c.in(1))
	t.dst = c.newF32(0)
	t.fr, t.n, t.rms = c.fr, len(t.gamma), c.st.rms
	if len(t.dst) == 0 {
		return nil
	}
	if x.rank == 0 || x.dims[x.rank-1] != t.n {
		return errShape
	}
	rows := len(t.dst) / t.n
	if len(t.dst) < 1<<14 {
		t.Run(0, rows, 0)
		return nil
	}
	c.fr.pool.For(t, rows, 1, c.fr.threads)
	return nil
}
