package portable

import (
	"slices"

	"github.com/gocoreml/coreml/internal/kernel"
)

// fusedRotary is x·cos + (the halves of x swapped, the first negated)·sin over
// the last dimension: rotary position embedding, one step for each of queries
// and keys.
var fusedRotary = &operator{
	name: "rotary", params: in("x*", "cos*!", "sin*!"), shape: rotaryShape, eval: rotary,
	local: func() any { return new(rotaryTask) },
}

// rotation is what a step of fusedRotary knows from its pattern.
type rotation struct {
	// round says that the two products alone would round to fp16.
	round bool
}

// rotary matches the rotation at its last addition.
func (f *fuser) rotary(last *step) *step {
	if !last.is("add") {
		return nil
	}
	for k := range 2 {
		straight, crossed := f.made(last.in[k], "mul", true), f.made(last.in[1-k], "mul", true)
		if straight == nil || crossed == nil {
			continue
		}
		for j := range 2 {
			join := f.made(crossed.in[j], "concat", true)
			if join == nil {
				continue
			}
			x, group, ok := f.swapped(join)
			if !ok {
				continue
			}
			i := slices.Index(straight.in[:2], x)
			if i < 0 || !f.turns(x, straight.in[1-i], crossed.in[1-j], last.out[0]) {
				continue
			}
			st := f.replace(fusedRotary, last, []int32{x, straight.in[1-i], crossed.in[1-j]},
				append(group, straight, crossed, join)...)
			st.list = []int32{x}
			st.rotation.round = f.faithful() && f.half(straight.out[0])
			return st
		}
	}
	return nil
}

// turns reports whether the tables fit x as far as the types tell: of one
// element type and not of a higher rank. What the shapes are is seen when they
// are known.
func (f *fuser) turns(x, cos, sin, out int32) bool {
	t := f.p.slots[x].typ
	rank := len(t.Shape)
	if !f.float(x) || f.p.slots[out].typ.DType != t.DType || len(f.p.slots[out].typ.Shape) != rank {
		return false
	}
	for _, s := range []int32{cos, sin} {
		c := f.p.slots[s].typ
		if n := len(c.Shape); c.DType != t.DType || c.Variadic || n == 0 || n > rank {
			return false
		}
	}
	return true
}

// swapped matches the concatenation of the negated second half of the last
// dimension and its first half, and returns what is halved.
func (f *fuser) swapped(join *step) (x int32, group []*step, ok bool) {
	if len(join.list) != 2 {
		return 0, nil, false
	}
	neg := f.made(join.list[0], "mul", true)
	if neg == nil {
		return 0, nil, false
	}
	k := 0
	if v, found := f.scalar(neg.in[0]); found && v == -1 {
		k = 1
	} else if v, found := f.scalar(neg.in[1]); !found || v != -1 {
		return 0, nil, false
	}
	hi, lo := neg.in[k], join.list[1]
	if cut := f.made(hi, "split", false); cut != nil && cut == f.made(lo, "split", false) {
		return f.splitHalves(join, cut, neg, lo, hi)
	}
	top, low := f.made(hi, "slice_by_index", true), f.made(lo, "slice_by_index", true)
	if top == nil || low == nil || top.in[0] != low.in[0] {
		return 0, nil, false
	}
	x = top.in[0]
	n, last := f.lastDim(x)
	if !last || n%2 != 0 || !f.joinsLast(join, x) || !f.window(low, n, 0, n/2) || !f.window(top, n, n/2, n) {
		return 0, nil, false
	}
	return x, []*step{neg, top, low}, true
}

// splitHalves is swapped for halves that one split makes.
func (f *fuser) splitHalves(join, cut, neg *step, lo, hi int32) (int32, []*step, bool) {
	x := cut.in[0]
	n, last := f.lastDim(x)
	if !last || n%2 != 0 || len(cut.out) != 2 || cut.out[0] != lo || cut.out[1] != hi ||
		f.uses[lo] != 1 || f.uses[hi] != 1 || !f.joinsLast(join, x) {
		return 0, nil, false
	}
	axis, ok := f.number(cut, 3, 0)
	rank := len(f.p.slots[x].typ.Shape)
	half, known := f.lastDim(lo)
	if !ok || (axis != -1 && axis != rank-1) || !known || half != n/2 {
		return 0, nil, false
	}
	return x, []*step{neg, cut}, true
}

// joinsLast reports whether a concat joins values of x's rank along the last
// dimension, one after the other.
func (f *fuser) joinsLast(join *step, x int32) bool {
	axis, ok := f.number(join, 1, 0)
	rank := len(f.p.slots[x].typ.Shape)
	return ok && (axis == -1 || axis == rank-1) && f.flag(join, 2, false)
}

// lastDim returns the last dimension of a slot where it is known.
func (f *fuser) lastDim(s int32) (int, bool) {
	t := f.p.slots[s].typ
	if t.Variadic || len(t.Shape) == 0 || len(t.Shape) > maxRank {
		return 0, false
	}
	n := t.Shape[len(t.Shape)-1]
	return n, n > 0
}

// window reports whether a slice takes elements from to to-1 of the last
// dimension, of n, and everything of the others.
func (f *fuser) window(st *step, n, from, to int) bool {
	rank := len(f.p.slots[st.in[0]].typ.Shape)
	begin, ok1 := f.ints(operandOf(st, 1), rank, 0)
	end, ok2 := f.ints(operandOf(st, 2), rank, 0)
	stride, ok3 := f.ints(operandOf(st, 3), rank, 1)
	beginMask, ok4 := f.ints(operandOf(st, 4), rank, 0)
	endMask, ok5 := f.ints(operandOf(st, 5), rank, 0)
	squeeze, ok6 := f.ints(operandOf(st, 6), rank, 0)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 {
		return false
	}
	for d := range rank {
		b, e := begin(d), end(d)
		if beginMask(d) != 0 {
			b = 0
		}
		if stride(d) != 1 || squeeze(d) != 0 {
			return false
		}
		if d < rank-1 {
			if b != 0 || endMask(d) == 0 {
				return false
			}
			continue
		}
		if b < 0 {
			b += n
		}
		if e < 0 {
			e += n
		}
		if endMask(d) != 0 {
			e = n
		}
		if b != from || e != to {
			return false
		}
	}
	return true
}

// ints returns a constant vector of n integers as a function of the index; an
// absent operand is def everywhere.
func (f *fuser) ints(s int32, n, def int) (func(d int) int, bool) {
	if s < 0 {
		return func(int) int { return def }, true
	}
	v := f.p.slots[s].konst
	if v == nil || v.repr != reprI32 || !v.dense || v.len() != n {
		return nil, false
	}
	return func(d int) int { return int(v.i[d]) }, true
}

// rotaryTask rotates rows on the pool.
type rotaryTask struct {
	fr          *frame
	dst         []float32
	x, cos, sin rows
	dims        [maxRank]int
	outer, n    int
	round       bool
	wide        [3][]float32
}

// rows is the rows of a value: where each begins, by the indices of the outer
// dimensions.
type rows struct {
	f      []float32
	stride [maxRank]int
}

// rowsOf reads a float32 value whose rows are contiguous where it lies, any
// other one as c.f32 gives it; rows of one element are repeated in wide. The
// dimensions that v lacks or has one index of are repeated as y, the result, has
// them.
func (c *call) rowsOf(v, y *value, wide *[]float32) rows {
	var r rows
	last := v.rank - 1
	there := v.repr == reprF32 && !v.dense && v.stride[last] == 1
	for d := range v.rank {
		there = there && v.repeat[d] == 1
	}
	if r.f = v.f; !there {
		r.f = c.f32(v)
	}
	n := 1
	if v.rank == 0 || v.dims[last] != y.dims[y.rank-1] {
		n = y.dims[y.rank-1]
		*wide = grown(c.fr, *wide, len(r.f)*n)
		w := *wide
		c.fr.lanes(len(r.f), n, func(k int) { setAll(&c.fr.poller, w[k*n:(k+1)*n], r.f[k]) })
		r.f = *wide
	}
	for d := v.rank - 1; d >= 0; d-- {
		s := n
		if there {
			s = v.stride[d]
		}
		if v.dims[d] != 1 {
			r.stride[y.rank-v.rank+d] = s
		}
		n *= v.dims[d]
	}
	return r
}

// rotaryShape is that of the sum: all three broadcast.
func rotaryShape(c *call) error {
	x, y := c.in(0), c.out(0)
	y.rank, y.dims = x.rank, x.dims
	for _, t := range []*value{c.in(1), c.in(2)} {
		if t.rank > x.rank {
			return errShape
		}
		for d := 1; d <= t.rank; d++ {
			n, m := t.dims[t.rank-d], &y.dims[x.rank-d]
			if d > 1 && *m == 1 {
				*m = n
			}
			if n != 1 && n != *m {
				return errShape
			}
		}
	}
	return y.setShape(y.shape()...)
}

func rotary(c *call) error {
	x, t := c.in(0), localOf[rotaryTask](c)
	t.dst = c.newF32(0)
	y := c.out(0)
	if len(t.dst) == 0 {
		return nil
	}
	t.fr, t.dims, t.outer, t.n, t.round = c.fr, y.dims, y.rank-1, y.dims[y.rank-1], c.st.rotation.round
	t.x, t.cos, t.sin = c.rowsOf(x, y, &t.wide[0]), c.rowsOf(c.in(1), y, &t.wide[1]), c.rowsOf(c.in(2), y, &t.wide[2])
	n := len(t.dst) / t.n
	if len(t.dst) < spreadFrom {
		t.Run(0, n, 0)
	} else {
		c.fr.pool.For(t, n, 8, c.fr.threads)
	}
	t.dst, t.x.f, t.cos.f, t.sin.f = nil, nil, nil, nil
	return nil
}

// Run rotates rows lo to hi-1.
func (t *rotaryTask) Run(lo, hi, _ int) {
	work := counter{p: &t.fr.poller}
	for r := lo; r < hi; r++ {
		work.add(t.n)
		xo, co, so, rest := 0, 0, 0, r
		for d := t.outer - 1; d >= 0; d-- {
			i := rest % t.dims[d]
			rest /= t.dims[d]
			xo += i * t.x.stride[d]
			co += i * t.cos.stride[d]
			so += i * t.sin.stride[d]
		}
		t.row(t.dst[r*t.n:(r+1)*t.n], t.x.f[xo:xo+t.n], t.cos.f[co:co+t.n], t.sin.f[so:so+t.n])
	}
}

func (t *rotaryTask) row(dst, x, cos, sin []float32) {
	if t.n <= pollEvery {
		kernel.Rotate(dst, x, cos, sin, t.round)
	} else {
		t.longRow(dst, x, cos, sin)
	}
}

// longRow rotates a row piece by piece.
//
//go:noinline
func (t *rotaryTask) longRow(dst, x, cos, sin []float32) {
	const size = pollEvery / 4 // of each half
	var from [3][2 * size]float32
	var to [2 * size]float32
	h := t.n / 2
	t.fr.piecesOf(h, size, func(lo, hi int) {
		m := hi - lo
		for k, src := range [3][]float32{x, cos, sin} {
			copy(from[k][:m], src[lo:hi])
			copy(from[k][m:], src[h+lo:h+hi])
		}
		kernel.Rotate(to[:2*m], from[0][:2*m], from[1][:2*m], from[2][:2*m], t.round)
		copy(dst[lo:hi], to[:m])
		copy(dst[h+lo:h+hi], to[m:2*m])
	})
}
