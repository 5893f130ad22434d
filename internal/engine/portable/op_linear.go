package portable

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
)

func init() {
	add(
		operator{
			name: "linear", params: in("x*", "weight*!", "bias"), exact: true,
			shape: linearShape, eval: linear, prepare: prepareLinear,
			local: func() any { return new(linearLocal) },
		},
	)
}

// linearLocal is what a linear or a pointwise convolution keeps in a frame.
type linearLocal struct {
	x  []float32
	mm matmulTask
}

// prepareLinear turns a constant weight into the matrix that the kernels read
// and drops a bias of zeros, which converters write where a layer has none.
func prepareLinear(p *plan, st *step) error {
	w := p.slots[st.in[1]].konst
	if w == nil {
		return nil
	}
	m, err := constMatrix(&p.load, w)
	if err != nil {
		return err
	}
	st.mat = m
	if len(st.in) > 2 && st.in[2] >= 0 && allZero(&p.load, p.slots[st.in[2]].konst) {
		st.in[2] = -1
	}
	return nil
}

// constMatrix returns a constant as a matrix of its first dimension by all
// others.
func constMatrix(p *poller, w *value) (kernel.Mat, error) {
	if w.rank == 0 {
		return nil, fmt.Errorf("weight is a scalar")
	}
	rows := w.dims[0]
	cols := 1
	for _, d := range w.dims[1:w.rank] {
		cols *= d
	}
	if rows == 0 || cols == 0 {
		return nil, fmt.Errorf("weight of shape %v is empty", w.shape())
	}
	switch {
	case w.repr == reprWeight:
		return w.w.matrix(p)
	case w.repr == reprF16 && w.dense:
		return kernel.NewF16(rows, cols, w.h[:rows*cols])
	case w.repr == reprF32 && w.dense:
		return kernel.NewF32(rows, cols, w.f[:rows*cols])
	}
	f := make([]float32, rows*cols)
	w.widen(p, f)
	return kernel.NewF32(rows, cols, f)
}

func allZero(p *poller, v *value) bool {
	if v == nil || v.repr != reprF32 || !v.dense {
		return false
	}
	zero := true
	p.pieces(v.len(), func(lo, hi int) {
		for _, x := range v.f[lo:hi] {
			zero = zero && x == 0
		}
	})
	return zero
}

// linear: y = x·Wᵀ + b over the last dimension of x; weight is [out, in].
func linearShape(c *call) error {
	x, w := c.in(0), c.in(1)
	if w.rank != 2 || x.rank == 0 || x.dims[x.rank-1] != w.dims[1] {
		return fmt.Errorf("x of shape %v does not fit weight of shape %v", x.shape(), w.shape())
	}
	if b := c.in(2); b != nil && b.len() != w.dims[0] && b.len() != 1 {
		return fmt.Errorf("bias of shape %v does not fit weight of shape %v", b.shape(), w.shape())
	}
	y := c.out(0)
	*y = value{dt: y.dt, slot: y.slot, rank: x.rank, dims: x.dims}
	y.dims[x.rank-1] = w.dims[0]
	return y.setShape(y.shape()...)
}

func linear(c *call) error {
	x, l := c.in(0), localOf[linearLocal](c)
	xs := c.f32(x)
	dst := c.newF32(0)
	k := x.dims[x.rank-1]
	if len(dst) == 0 {
		return nil
	}
	o := c.out(0).dims[x.rank-1]
	n := len(dst) / o
	var bias []float32
	if b := c.in(2); b != nil {
		bias = c.f32(b)
	}
	if c.st.mat != nil {
		c.multiply(dst, o, xs, k, n, bias)
		return nil
	}
	l.mm.matmul(c, dst, xs, c.f32(c.in(1)), true, n, o, k)
	c.addBias(dst, bias, o)
	c.roundTo(dst)
	return nil
}

// multiply computes dst[n,o] = xs[n,k]·matᵀ + bias, rounded to output 0's type.
func (c *call) multiply(dst []float32, o int, xs []float32, k, n int, bias []float32) {
	half := c.out(0).dt == dtype.Float16
	t := &c.fr.product
	t.Mat, t.Dst, t.X, t.Ldd, t.Ldx, t.N = c.st.mat, dst, xs, o, k, n
	t.Bias, t.RoundOut, t.Stop = nil, half && bias == nil, c.fr.stop
	if len(bias) == o {
		t.Bias = bias
	}
	t.Go(c.fr.pool, c.fr.threads)
	c.fr.poll()
	if bias == nil {
		return
	}
	if len(bias) != o {
		c.addBias(dst, bias, o)
	}
	c.roundTo(dst)
}

// roundTo rounds to output 0's type.
func (c *call) roundTo(dst []float32) {
	if c.out(0).dt == dtype.Float16 {
		c.roundF16(dst)
	}
}

// addBias adds one number to each column, or the same one to all.
func (c *call) addBias(dst, bias []float32, o int) {
	if bias == nil {
		return
	}
	if len(bias) != o {
		c.fr.pieces(len(dst), func(lo, hi int) { addVS(dst[lo:hi], dst[lo:hi], bias) })
		return
	}
	c.fr.lanes(len(dst)/o, o, func(r int) {
		row := dst[r*o : (r+1)*o]
		c.fr.pieces(o, func(lo, hi int) { kernel.Add(row[lo:hi], row[lo:hi], bias[lo:]) })
	})
}
