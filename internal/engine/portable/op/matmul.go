package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

// matmul goes one of three ways. A constant y that is stored as [n, k] is a weight:
// the kernels read it as it is, compressed or not, and never as float32 as a whole.
// Two computed operands, scores and values of attention that was not fused, are
// multiplied here, batch by batch; y may be [k, n] or [n, k], both of which a kernel
// reads. Only a transposed x is copied: no kernel reads columns of it.
//
// Operands are x, y, transpose_x (false) and transpose_y (false). Source: coremltools,
// mil/ops/defs/iOS15/linear.py, for which ranks above 2 broadcast as in NumPy.
func init() {
	add(
		Operator{
			Name: "matmul", Params: in("x*", "y*!", "transpose_x", "transpose_y"),
			Shape: matmulShape, Eval: matmul, Prepare: prepareMatmul,
			Local:   func() any { return new(linearLocal) },
			Folding: CostProduct, Rowwise: constantMatrix, Grouped: true,
		},
	)
}

// prepareMatmul reads a constant matrix y of [n, k] (transpose_y) as stored. Of one
// of [k, n] a row would not be a row of weights, so it is left to the plain way.
func prepareMatmul(s *Setup) (any, error) {
	y := s.in(1)
	if y == nil || y.Rank != 2 || s.isTrue(2) || !s.isTrue(3) {
		return nil, nil
	}
	m, err := constMatrix(s.Load, y)
	if err != nil {
		return nil, err
	}
	return &weightMatrix{m}, nil
}

// matmulDims are the sizes of one product: batches of [m,k]·[k,n].
type matmulDims struct {
	m, n, k        int
	tx, ty         bool // transpose_x and transpose_y
	batch          [array.MaxRank]int
	batches        int
	xBatch, yBatch [array.MaxRank]int // element strides of the batch dimensions, 0 where broadcast
	rank           int                // of batch
	// A vector is a matrix of one row (x) or column (y) whose dimension the result
	// does not have, as in numpy.matmul.
	vectorX, vectorY bool
}

// matmulDims reads the sizes of a product from its operands.
func (c *Call) matmulDims() (d matmulDims, err error) {
	x, y := c.In(0), c.In(1)
	if d.tx, err = c.BoolIn(2, false); err != nil {
		return d, err
	}
	if d.ty, err = c.BoolIn(3, false); err != nil {
		return d, err
	}
	d.vectorX, d.vectorY = x.Rank == 1, y.Rank == 1
	if x.Rank == 0 || y.Rank == 0 || d.vectorX && d.tx || d.vectorY && d.ty {
		return d, errMultiply(x, y)
	}
	xm, xk, xb := lastTwo(x.Shape(), d.tx)
	yk, yn, yb := lastTwo(y.Shape(), d.ty)
	if d.vectorY {
		yk, yn = yn, 1
	}
	if xk != yk {
		return d, errMultiply(x, y)
	}
	d.m, d.n, d.k = xm, yn, xk
	return d, d.broadcast(xb, yb)
}

// lastTwo parts a shape into the rows and columns of its matrices and the batch
// dimensions before them. A vector is one row.
func lastTwo(shape []int, transposed bool) (rows, cols int, batch []int) {
	n := len(shape)
	if n == 1 {
		return 1, shape[0], nil
	}
	rows, cols = shape[n-2], shape[n-1]
	if transposed {
		rows, cols = cols, rows
	}
	return rows, cols, shape[:n-2]
}

// errMultiply is the error of operands that have no product.
func errMultiply(x, y *array.Value) error {
	return fmt.Errorf("x of shape %v and y of shape %v do not multiply", x.ShapeCopy(), y.ShapeCopy())
}

// broadcast lines the batch dimensions up from the right, as NumPy does. An operand
// that has 1 where the other has more is read again for each: its stride is 0.
func (d *matmulDims) broadcast(xd, yd []int) error {
	d.rank = max(len(xd), len(yd))
	d.batches = 1
	xs, ys := d.m*d.k, d.n*d.k
	for j := 1; j <= d.rank; j++ {
		at := d.rank - j
		// xs and ys are the elements of one index of the dimension: the matrix itself
		// at first, then all batches to the right.
		a, b := fromRight(xd, j), fromRight(yd, j)
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

// fromRight returns dimension j of a shape, counted from the right beginning with 1;
// 1 where there is none.
func fromRight(shape []int, j int) int {
	if j > len(shape) {
		return 1
	}
	return shape[len(shape)-j]
}

// matmulShape joins the batch dimensions and those of the product. The array has room
// for two more than a value may have, so that SetShape finds a rank that is too high.
func matmulShape(c *Call) error {
	d, err := c.matmulDims()
	if err != nil {
		return err
	}
	var dims [array.MaxRank + 2]int
	n := copy(dims[:], d.batch[:d.rank])
	if !d.vectorX {
		dims[n] = d.m
		n++
	}
	if !d.vectorY {
		dims[n] = d.n
		n++
	}
	return c.out(0).SetShape(dims[:n]...)
}

// matmul is the product of the last two dimensions for each index of the others,
// which broadcast, as numpy.matmul has it. Sums are taken in float32 in the order of
// the kernel, which depends on k alone: neither on the threads nor on m.
func matmul(c *Call) error {
	d, err := c.matmulDims()
	if err != nil {
		return err
	}
	l := localOf[linearLocal](c)
	xs := c.F32(c.In(0))
	if w := dataOf[weightMatrix](c); w != nil {
		dst := c.newF32(0)
		if len(dst) > 0 { // all rows of all batches are one tall x
			c.multiply(w.mat, dst, d.n, xs, d.k, len(dst)/d.n, nil)
		}
		return nil
	}
	ys := c.F32(c.In(1))
	dst := c.newF32(0)
	if d.tx {
		l.x = transpose(&c.Env.Poller, reuse(c.Env, l.x, len(xs)), xs, d.k, d.m)
		xs = l.x
	}
	l.mm.d = d
	l.mm.dst, l.mm.x, l.mm.y = dst, xs, ys
	l.mm.run(c)
	return nil
}

// transpose transposes every [rows, cols] matrix of src into dst, which is as long, by
// squares that the cache holds.
func transpose(p *array.Poller, dst, src []float32, rows, cols int) []float32 {
	const side = 16
	work := array.Counter{Poller: p}
	for at := 0; at+rows*cols <= len(src) && rows*cols > 0; at += rows * cols {
		for r := 0; r < rows; r += side {
			for c := 0; c < cols; c += side {
				h, w := min(side, rows-r), min(side, cols-c)
				work.Add(h * w)
				for i := range h {
					for j, v := range src[at+(r+i)*cols+c:][:w] {
						dst[at+(c+j)*rows+r+i] = v
					}
				}
			}
		}
	}
	return dst
}

// matmulTask multiplies batches of dense matrices on the pool. It belongs to a step,
// so that the pool's interface value needs no allocation.
type matmulTask struct {
	env       *Env
	d         matmulDims
	dst, x, y []float32
	rows      int // rows of x in one unit of work
}

// matmul computes one product dst[m,n] = x[m,k]·y, y being [n,k] when ty is set.
func (t *matmulTask) matmul(c *Call, dst, x, y []float32, ty bool, m, n, k int) {
	t.d = matmulDims{m: m, n: n, k: k, ty: ty, batches: 1}
	t.dst, t.x, t.y = dst, x, y
	t.run(c)
}

// run multiplies on the pool, or here where a second thread would not pay. A unit of
// work is some tens of rows: the kernel asks about the context for every tile of y,
// and more rows would make the time between two questions long.
func (t *matmulTask) run(c *Call) {
	if t.d.m == 0 || t.d.n == 0 || t.d.batches == 0 {
		return
	}
	t.env, t.rows = c.Env, min(t.d.m, 32)
	if t.d.m*t.d.n*t.d.k*t.d.batches < 1<<14 { // not worth a second thread
		t.Run(0, t.units(), 0)
	} else {
		c.Env.Pool.For(t, t.units(), 1, c.Env.Threads)
	}
	c.Env.Poll()
}

// units is the number of units of work. Units of one batch follow each other, so that
// a thread that takes several reads one y.
func (t *matmulTask) units() int { return t.d.batches * ((t.d.m + t.rows - 1) / t.rows) }

// Run computes units lo to hi-1, each some rows of one batch. A row of the result is
// computed by one thread, so its sums have one order.
func (t *matmulTask) Run(lo, hi, _ int) {
	d := &t.d
	per := (d.m + t.rows - 1) / t.rows
	for u := lo; u < hi; u++ {
		t.env.Poll()
		b, r := u/per, u%per*t.rows
		xo, yo := d.offsets(b)
		rows := min(t.rows, d.m-r)
		ldb := d.n
		if d.ty {
			ldb = d.k
		}
		kernel.MatMulUntil(t.env.stop, t.dst[(b*d.m+r)*d.n:], d.n, t.x[xo+r*d.k:], d.k, t.y[yo:], ldb, d.ty, rows, d.n, d.k)
	}
}

// offsets returns where the matrices of batch b begin. The number of the batch is taken
// apart into its indices, from the last dimension on.
func (d *matmulDims) offsets(b int) (x, y int) {
	for j := d.rank - 1; j >= 0; j-- {
		i := b % d.batch[j]
		b /= d.batch[j]
		x += i * d.xBatch[j]
		y += i * d.yBatch[j]
	}
	return x, y
}
