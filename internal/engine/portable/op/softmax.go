package op

import (
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

func init() {
	add(Operator{Name: "softmax", Params: in("x", "axis."), Eval: softmax, Check: checkLaneAxis, Local: newSoftmax, Grouped: true})
}

// softmax is exp(x-max)/sum along an axis, the last one unless the program names
// another. The maximum is subtracted in float32, so that no power overflows; a row that
// is masked with -inf as a whole is NaN, as the formula says, and as PyTorch gives it.
//
// The order of the sum is fixed and no row is shared by threads: any number of them
// gives the same bits.
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
	if len(dst) == 0 {
		return nil
	}
	t := localOf[softmaxTask](c)
	t.env = c.Env
	n, inner := x.Dims[axis], x.Span(axis+1, x.Rank)
	if inner > 1 {
		t.columns = reuse(c.Env, t.columns, 2*inner)
		softmaxColumns(&c.Env.Poller, dst, src, n, inner, t.columns)
		return nil
	}
	t.dst, t.src, t.n, t.half = dst, src, n, c.roundsPieces()
	if len(dst) < spreadFrom {
		t.Run(0, len(dst)/n, 0)
	} else {
		c.Env.Pool.For(t, len(dst)/n, 1, c.Env.Threads)
	}
	return nil
}

// softmaxTask computes rows on the pool. It belongs to a step.
type softmaxTask struct {
	env      *Env
	dst, src []float32
	n        int
	half     bool      // results are rounded to fp16
	columns  []float32 // maxima and sums
}

// newSoftmax makes the local of softmax.
func newSoftmax() any { return &softmaxTask{} }

// Run handles rows lo to hi-1.
func (t *softmaxTask) Run(lo, hi, _ int) {
	t.env.Lanes(hi-lo, t.n, func(r int) {
		at := (lo + r) * t.n
		row := t.dst[at : at+t.n]
		array.Copy(&t.env.Poller, row, t.src[at:])
		kernel.SoftmaxUntil(t.env.stop, row)
		if t.half {
			kernel.RoundF16(row)
		}
	})
}

// softmaxColumns is softmax along the n of [outer, n, inner]. To walk down one column
// after another would touch a cache line for every element, so maxima and sums are kept
// for many columns at once and the memory is read row by row. Every column has the sum
// that it would have alone, from the first row to the last.
func softmaxColumns(p *array.Poller, dst, src []float32, n, inner int, scratch []float32) {
	for ; len(src) > 0; src, dst = src[n*inner:], dst[n*inner:] {
		p.Pieces(inner, func(lo, hi int) {
			softmaxSome(p, dst[lo:], src[lo:], n, inner, scratch[:hi-lo], scratch[inner:inner+hi-lo])
		})
	}
}

// softmaxSome is softmaxColumns for the first len(top) of inner columns, in three passes
// over the rows: maxima, powers with their sums, quotients.
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
