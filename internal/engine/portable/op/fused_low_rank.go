package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

// FusedLowRank is base + low·Bᵀ, the end of an adapter of low rank (Hu et al., "LoRA"):
// base is what a linear gives, low what the few rows of A make of the same x. The columns
// of B, of which there are as few, are added to base one after the other, each times its
// number of low: a product row by row would be sums of a few numbers each, of which most
// of the time goes into the ends.
var FusedLowRank = &Operator{
	Name: "low_rank", Params: in("base*", "low*", "columns*!"), Shape: lowRankShape, Eval: lowRank, Prepare: prepareLowRank,
	Local: func() any { return new(lowRankTask) },
}

// LowRankPattern is the data of a step of FusedLowRank.
type LowRankPattern struct {
	// Rows says that the constant is B, [outputs, rank], where else it is B's transpose.
	Rows bool
	// Round says that the product rounds to fp16 before it is added.
	Round bool
	// Of the two one is set: the rank times as many numbers as there are outputs.
	half       []uint16
	full       []float32
	rank, outs int
}

// prepareLowRank finds the columns of B: where the package has them, else as a copy.
func prepareLowRank(s *Setup) (any, error) {
	p, ok := s.Step.Data.(*LowRankPattern)
	w := s.in(2)
	if !ok || w == nil || w.Rank != 2 {
		return nil, array.ErrFault
	}
	p.rank, p.outs = w.Dims[0], w.Dims[1]
	n := p.rank * p.outs
	switch {
	case p.Rows:
		p.rank, p.outs = p.outs, p.rank
		wide := make([]float32, n)
		w.Widen(s.Load, wide)
		p.full = make([]float32, n)
		for r := range p.outs {
			for k, v := range wide[r*p.rank : (r+1)*p.rank] {
				p.full[k*p.outs+r] = v
			}
		}
	case w.Repr == array.ReprF16 && w.Dense:
		p.half = w.F16[:n]
	default:
		p.full = make([]float32, n)
		w.Widen(s.Load, p.full)
	}
	return p, nil
}

// lowRankTask works on rows on the pool, a row as a unit of work.
type lowRankTask struct {
	env            *Env
	dst, base, low []float32
	roundOut       bool // results are rounded to fp16
	*LowRankPattern
}

// Run computes rows lo to hi-1.
func (t *lowRankTask) Run(lo, hi, _ int) {
	work := array.Counter{Poller: &t.env.Poller}
	for r := lo; r < hi; r++ {
		work.Add(t.rank * t.outs)
		dst, base, low := t.dst[r*t.outs:(r+1)*t.outs], t.base[r*t.outs:(r+1)*t.outs], t.low[r*t.rank:(r+1)*t.rank]
		if t.Round {
			clear(dst)
		} else {
			copy(dst, base)
		}
		for k, a := range low {
			if t.half != nil {
				kernel.AxpyF16(dst, a, t.half[k*t.outs:(k+1)*t.outs])
			} else {
				kernel.Axpy(dst, a, t.full[k*t.outs:(k+1)*t.outs])
			}
		}
		if t.Round {
			kernel.RoundF16(dst)
			kernel.Add(dst, dst, base)
		}
		if t.roundOut {
			kernel.RoundF16(dst)
		}
	}
}

// lowRankShape is that of base, whose rows low must have too.
func lowRankShape(c *Call) error {
	p, base, low := dataOf[LowRankPattern](c), c.In(0), c.In(1)
	if base.Rank == 0 || low.Rank == 0 || base.Dims[base.Rank-1] != p.outs || low.Dims[low.Rank-1] != p.rank || base.Len()/p.outs != low.Len()/p.rank {
		return fmt.Errorf("base of shape %v and low of shape %v do not fit a matrix [%d, %d]", base.ShapeCopy(), low.ShapeCopy(), p.outs, p.rank)
	}
	return sameShape(c)
}

// lowRankFrom is the number of products from which rows are shared among the threads.
const lowRankFrom = 1 << 17

// lowRank adds the product, on the pool where there is much to do.
func lowRank(c *Call) error {
	t := localOf[lowRankTask](c)
	t.base, t.low = c.F32(c.In(0)), c.F32(c.In(1))
	t.dst = c.newF32(0)
	t.env, t.LowRankPattern = c.Env, dataOf[LowRankPattern](c)
	if len(t.dst) == 0 {
		return nil
	}
	t.roundOut = c.roundsPieces()
	rows := len(t.dst) / t.outs
	if len(t.dst)*t.rank < lowRankFrom {
		t.Run(0, rows, 0)
		return nil
	}
	c.Env.Pool.For(t, rows, 1, c.Env.Threads)
	return nil
}
