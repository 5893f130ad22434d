package op

import (
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

// FusedRotary is x·cos + (the halves of x swapped, the first negated)·sin over
// the last dimension: rotary position embedding (Su et al., "RoFormer"), one step for
// each of queries and keys. The halves are those of Llama and its kin, element d with
// d+n/2; the paper pairs neighbours, which converters express by other operators.
var FusedRotary = &Operator{
	Name: "rotary", Params: in("x*", "cos*!", "sin*!"), Shape: rotaryShape, Eval: rotary,
	Local: func() any { return new(rotaryTask) },
}

// RotaryPattern is the data of a step of FusedRotary.
type RotaryPattern struct {
	// Round says that the two products alone would round to fp16.
	Round bool
}

// rotaryTask rotates rows on the pool.
type rotaryTask struct {
	env         *Env
	dst         []float32
	x, cos, sin rows
	dims        [array.MaxRank]int
	outer, n    int
	round       bool
	half        bool // results are rounded to fp16
	wide        [3][]float32
}

// rows is the rows of a value: where each begins, by the indices of the outer
// dimensions.
type rows struct {
	f      []float32
	stride [array.MaxRank]int
}

// rowsOf reads a float32 value whose rows are contiguous where it lies, any
// other one as c.F32 gives it; rows of one element are repeated in wide. The
// dimensions that v lacks or has one index of are repeated as y, the result, has
// them.
func (c *Call) rowsOf(v, y *array.Value, wide *[]float32) rows {
	var r rows
	last := v.Rank - 1
	there := v.Repr == array.ReprF32 && !v.Dense && v.Stride[last] == 1
	for d := range v.Rank {
		there = there && v.Repeat[d] == 1
	}
	if r.f = v.F32; !there {
		r.f = c.F32(v)
	}
	n := 1
	if v.Rank == 0 || v.Dims[last] != y.Dims[y.Rank-1] {
		n = y.Dims[y.Rank-1]
		*wide = reuse(c.Env, *wide, len(r.f)*n)
		w := *wide
		c.Env.Lanes(len(r.f), n, func(k int) { array.Fill(&c.Env.Poller, w[k*n:(k+1)*n], r.f[k]) })
		r.f = *wide
	}
	for d := v.Rank - 1; d >= 0; d-- {
		s := n
		if there {
			s = v.Stride[d]
		}
		if v.Dims[d] != 1 {
			r.stride[y.Rank-v.Rank+d] = s
		}
		n *= v.Dims[d]
	}
	return r
}

// rotaryShape is that of the sum: all three broadcast, but for the last dimension of x,
// whose halves cos and sin cannot widen.
func rotaryShape(c *Call) error {
	x, y := c.In(0), c.out(0)
	y.Rank, y.Dims = x.Rank, x.Dims
	for _, t := range []*array.Value{c.In(1), c.In(2)} {
		if t.Rank > x.Rank {
			return array.ErrShape
		}
		for d := 1; d <= t.Rank; d++ {
			n, m := t.Dims[t.Rank-d], &y.Dims[x.Rank-d]
			if d > 1 && *m == 1 {
				*m = n
			}
			if n != 1 && n != *m {
				return array.ErrShape
			}
		}
	}
	return y.SetShape(y.Shape()...)
}

// rotary rotates the rows of x, on the pool when there are many numbers.
func rotary(c *Call) error {
	x, t := c.In(0), localOf[rotaryTask](c)
	t.dst = c.newF32(0)
	y := c.out(0)
	if len(t.dst) == 0 {
		return nil
	}
	t.env, t.dims, t.outer, t.n, t.round = c.Env, y.Dims, y.Rank-1, y.Dims[y.Rank-1], dataOf[RotaryPattern](c).Round
	t.x, t.cos, t.sin = c.rowsOf(x, y, &t.wide[0]), c.rowsOf(c.In(1), y, &t.wide[1]), c.rowsOf(c.In(2), y, &t.wide[2])
	t.half = c.roundsPieces()
	n := len(t.dst) / t.n
	if len(t.dst) < widenFrom {
		t.Run(0, n, 0)
	} else {
		c.Env.Pool.For(t, n, max(widenUnit/t.n, 1), c.Env.Threads)
	}
	t.dst, t.x.f, t.cos.f, t.sin.f = nil, nil, nil, nil
	return nil
}

// Run rotates rows lo to hi-1: as many at a time as follow each other in the last but one
// dimension.
func (t *rotaryTask) Run(lo, hi, _ int) {
	work := array.Counter{Poller: &t.env.Poller}
	for lo < hi {
		x, cos, sin, left := t.at(lo)
		n := min(left, hi-lo, max(array.PollEvery/t.n, 1))
		work.Add(n * t.n)
		t.some(t.dst[lo*t.n:(lo+n)*t.n], n, x, cos, sin)
		lo += n
	}
}

// at returns where row r begins in each operand, and how many rows there are from it on to
// the end of the last but one dimension. A row's number is the digits of its indices; cos
// and sin have a stride of zero where they are the same for all heads.
func (t *rotaryTask) at(r int) (x, cos, sin kernel.Rows, left int) {
	xo, co, so := 0, 0, 0
	left = 1
	for d := t.outer - 1; d >= 0; d-- {
		i := r % t.dims[d]
		r /= t.dims[d]
		if d == t.outer-1 {
			left = t.dims[d] - i
			x.Apart, cos.Apart, sin.Apart = t.x.stride[d], t.cos.stride[d], t.sin.stride[d]
		}
		xo += i * t.x.stride[d]
		co += i * t.cos.stride[d]
		so += i * t.sin.stride[d]
	}
	x.Of, cos.Of, sin.Of = t.x.f[xo:], t.cos.f[co:], t.sin.f[so:]
	return x, cos, sin, left
}

// some rotates rows that follow each other, long ones in pieces.
func (t *rotaryTask) some(dst []float32, rows int, x, cos, sin kernel.Rows) {
	if t.n > array.PollEvery {
		t.longRow(dst, x.Of[:t.n], cos.Of[:t.n], sin.Of[:t.n])
	} else {
		kernel.RotateRows(dst, t.n, rows, x, cos, sin, t.round)
	}
	if t.half {
		t.env.Pieces(len(dst), func(lo, hi int) { kernel.RoundF16(dst[lo:hi]) })
	}
}

// longRow rotates a row piece by piece, a run of each half at a time. It is not inlined:
// its buffers would be on the stack of every row.
//
//go:noinline
func (t *rotaryTask) longRow(dst, x, cos, sin []float32) {
	const size = array.PollEvery / 4 // of each half
	var from [3][2 * size]float32
	var to [2 * size]float32
	h := t.n / 2
	t.env.PiecesOf(h, size, func(lo, hi int) {
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
