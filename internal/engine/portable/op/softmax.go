package op

import (
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

// softmax is exp(x-max)/sum along an axis.
func softmax(c *Call) error {
	x := c.In(0)
	if x.Rank == 0 {
		c.newF32(0)[0] = 1
		return nil
	}
	axis, err := c.axisIn(1, -1, x)
	if err != nil {
		return err
	}
	src, dst := c.F32(x), c.newF32(0)
	n, inner := x.Dims[axis], x.Span(axis+1, x.Rank)
	if len(dst) == 0 {
		return nil
	}
	t := localOf[softmaxTask](c)
	t.env = c.Env
	if inner == 1 {
		if t.dst, t.src, t.n = dst, src, n; len(dst) < spreadFrom {
			t.Run(0, len(dst)/n, 0)
		} else {
			c.Env.Pool.For(t, len(dst)/n, 1, c.Env.Threads)
		}
		return nil
	}
	t.columns = reuse(c.Env, t.columns, 2*inner)
	softmaxColumns(&c.Env.Poller, dst, src, n, inner, t.columns)
	return nil
}

// softmaxTask computes rows on the pool. It belongs to a step.
type softmaxTask struct {
	env      *Env
	dst, src []float32
	n        int
	columns  []float32 // maxima and sums
}

func newSoftmax() any { return &softmaxTask{} }

// Run handles rows lo to hi-1.
func (t *softmaxTask) Run(lo, hi, _ int) {
	t.env.Lanes(hi-lo, t.n, func(r int) {
		at := (lo + r) * t.n
		row := t.dst[at : at+t.n]
		array.Copy(&t.env.Poller, row, t.src[at:])
		kernel.SoftmaxUntil(t.env.stop, row)
	})
}

// softmaxColumns is softmax along the n of [outer, n, inner], row by row: the
// same sums as in one column, kept for some columns at once.
func softmaxColumns(p *array.Poller, dst, src []float32, n, inner int, scratch []float32) {
	for ; len(src) > 0; src, dst = src[n*inner:], dst[n*inner:] {
		p.Pieces(inner, func(lo, hi int) {
			softmaxSome(p, dst[lo:], src[lo:], n, inner, scratch[:hi-lo], scratch[inner:inner+hi-lo])
		})
	}
}

// softmaxSome is softmax of the first len(top) of inner columns.
func softmaxSome(p *array.Poller, dst, src []float32, n, inner int, top, sum []float32) {
	m := len(top)
	copy(top, src)
	p.Lanes(n-1, m, func(r int) { kernel.Max(top, top, src[(r+1)*inner:][:m]) })
	clear(sum)
	p.Lanes(n, m, func(r int) {
		row := dst[r*inner:][:m]
		kernel.Sub(row, src[r*inner:][:m], top)
		kernel.Exp(row, row)
		kernel.Add(sum, sum, row)
	})
	p.Lanes(n, m, func(r int) {
		row := dst[r*inner:][:m]
		kernel.Div(row, row, sum)
	})
}
