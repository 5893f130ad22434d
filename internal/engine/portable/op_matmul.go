package portable

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel"
)

func init() {
	add(
		operator{
			name: "matmul", params: in("x*", "y*!", "transpose_x", "transpose_y"),
			shape: matmulShape, eval: matmul, prepare: prepareMatmul,
			local: func() any { return new(linearLocal) },
		},
	)
}

// prepareMatmul reads a constant matrix y of [n, k] (transpose_y) as stored.
func prepareMatmul(p *plan, st *step) error {
	y := p.slots[st.in[1]].konst
	if y == nil || y.rank != 2 || constBool(p, st, 2) || !constBool(p, st, 3) {
		return nil
	}
	m, err := constMatrix(&p.load, y)
	if err != nil {
		return err
	}
	st.mat = m
	return nil
}

// constBool returns a constant boolean operand, false when it is absent.
func constBool(p *plan, st *step, k int) bool {
	if k >= len(st.in) || st.in[k] < 0 {
		return false
	}
	v := p.slots[st.in[k]].konst
	return v != nil && v.repr == reprI32 && len(v.i) == 1 && v.i[0] != 0
}

// matmulDims are the sizes of one product: batches of [m,k]·[k,n].
type matmulDims struct {
	m, n, k          int
	tx, ty           bool
	batch            [maxRank]int
	batches          int
	xBatch, yBatch   [maxRank]int // element strides of the batch dimensions, 0 where broadcast
	rank             int          // of batch
	vectorX, vectorY bool
}

func (c *call) matmulDims() (d matmulDims, err error) {
	x, y := c.in(0), c.in(1)
	if d.tx, err = c.boolIn(2, false); err != nil {
		return d, err
	}
	if d.ty, err = c.boolIn(3, false); err != nil {
		return d, err
	}
	xd, yd := x.shape(), y.shape()
	d.vectorX, d.vectorY = x.rank == 1, y.rank == 1
	if x.rank == 0 || y.rank == 0 || d.vectorX && d.tx || d.vectorY && d.ty {
		return d, fmt.Errorf("x of shape %v and y of shape %v do not multiply", xd, yd)
	}
	xm, xk, yk, yn := 1, xd[x.rank-1], yd[0], 1
	if !d.vectorX {
		xm, xk = xd[x.rank-2], xd[x.rank-1]
		xd = xd[:x.rank-2]
		if d.tx {
			xm, xk = xk, xm
		}
	} else {
		xd = nil
	}
	if !d.vectorY {
		yk, yn = yd[y.rank-2], yd[y.rank-1]
		yd = yd[:y.rank-2]
		if d.ty {
			yk, yn = yn, yk
		}
	} else {
		yd = nil
	}
	if xk != yk {
		return d, fmt.Errorf("x of shape %v and y of shape %v do not multiply", x.shape(), y.shape())
	}
	d.m, d.n, d.k = xm, yn, xk
	return d, d.broadcast(xd, yd)
}

// broadcast lines the batch dimensions up from the right.
func (d *matmulDims) broadcast(xd, yd []int) error {
	d.rank = max(len(xd), len(yd))
	d.batches = 1
	xs, ys := d.m*d.k, d.n*d.k
	for j := 1; j <= d.rank; j++ {
		at := d.rank - j
		a, b := 1, 1
		if j <= len(xd) {
			a = xd[len(xd)-j]
		}
		if j <= len(yd) {
			b = yd[len(yd)-j]
		}
		if a != b && a != 1 && b != 1 {
			return fmt.Errorf("batch dimensions %v and %v do not broadcast", xd, yd)
		}
		d.batch[at] = max(a, b)
		if a == 0 || b == 0 {
			d.batch[at] = 0
		}
		if a > 1 {
			d.xBatch[at] = xs
		}
		if b > 1 {
			d.yBatch[at] = ys
		}
		xs *= a
		ys *= b
		d.batches *= d.batch[at]
	}
	return nil
}

func matmulShape(c *call) error {
	d, err := c.matmulDims()
	if err != nil {
		return err
	}
	var dims [maxRank + 2]int
	n := copy(dims[:], d.batch[:d.rank])
	if !d.vectorX {
		dims[n] = d.m
		n++
	}
	if !d.vectorY {
		dims[n] = d.n
		n++
	}
	return c.out(0).setShape(dims[:n]...)
}

// matmul: the product of the last two dimensions for each index of the others,
// which broadcast.
func matmul(c *call) error {
	d, err := c.matmulDims()
	if err != nil {
		return err
	}
	l := localOf[linearLocal](c)
	xs := c.f32(c.in(0))
	if c.st.mat != nil {
		dst := c.newF32(0)
		if len(dst) > 0 {
			c.multiply(dst, d.n, xs, d.k, len(dst)/d.n, nil)
		}
		return nil
	}
	ys := c.f32(c.in(1))
	dst := c.newF32(0)
	if d.tx {
		l.x = turn(&c.fr.poller, grown(c.fr, l.x, len(xs)), xs, d.k, d.m)
		xs = l.x
	}
	l.mm.d = d
	l.mm.dst, l.mm.x, l.mm.y = dst, xs, ys
	l.mm.run(c)
	return nil
}

// turn transposes every [rows, cols] matrix of src into dst, which is as long.
func turn(p *poller, dst, src []float32, rows, cols int) []float32 {
	work := counter{p: p}
	for at := 0; at+rows*cols <= len(src) && rows*cols > 0; at += rows * cols {
		for r := range rows {
			work.add(cols + 1)
			for c := range cols {
				if c&(pollEvery-1) == pollEvery-1 {
					p.poll()
				}
				dst[at+c*rows+r] = src[at+r*cols+c]
			}
		}
	}
	return dst
}

// matmulTask multiplies batches of dense matrices on the pool.
type matmulTask struct {
	fr        *frame
	d         matmulDims
	dst, x, y []float32
	rows      int // rows of x in one unit of work
}

// matmul computes one product dst[m,n] = x[m,k]·y, y being [n,k] when ty is set.
func (t *matmulTask) matmul(c *call, dst, x, y []float32, ty bool, m, n, k int) {
	t.d = matmulDims{m: m, n: n, k: k, ty: ty, batches: 1}
	t.dst, t.x, t.y = dst, x, y
	t.run(c)
}

func (t *matmulTask) run(c *call) {
	if t.d.m == 0 || t.d.n == 0 || t.d.batches == 0 {
		return
	}
	t.fr, t.rows = c.fr, min(t.d.m, 32)
	if t.d.m*t.d.n*t.d.k*t.d.batches < 1<<14 { // not worth a second thread
		t.Run(0, t.units(), 0)
	} else {
		c.fr.pool.For(t, t.units(), 1, c.fr.threads)
	}
	c.fr.poll()
}

func (t *matmulTask) units() int { return t.d.batches * ((t.d.m + t.rows - 1) / t.rows) }

// Run computes units lo to hi-1, each some rows of one batch.
func (t *matmulTask) Run(lo, hi, _ int) {
	d := &t.d
	per := (d.m + t.rows - 1) / t.rows
	for u := lo; u < hi; u++ {
		t.fr.poll()
		b, r := u/per, u%per*t.rows
		xo, yo := d.offsets(b)
		rows := min(t.rows, d.m-r)
		ldb := d.n
		if d.ty {
			ldb = d.k
		}
		kernel.MatMulUntil(t.fr.stop, t.dst[(b*d.m+r)*d.n:], d.n, t.x[xo+r*d.k:], d.k, t.y[yo:], ldb, d.ty, rows, d.n, d.k)
	}
}

// offsets returns where the matrices of batch b begin.
func (d *matmulDims) offsets(b int) (x, y int) {
	for j := d.rank - 1; j >= 0; j-- {
		i := b % d.batch[j]
		b /= d.batch[j]
		x += i * d.xBatch[j]
		y += i * d.yBatch[j]
	}
	return x, y
}
