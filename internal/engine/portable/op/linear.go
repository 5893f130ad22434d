package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/weight"
	"github.com/gocoreml/coreml/internal/kernel"
)

// linear is where language models spend their time: all their weights go through it, or
// through a 1x1 conv or a matmul that end in the same multiply. Which kernel runs is a
// matter of how the weight is stored; see package weight.
func init() {
	add(
		Operator{
			Name: "linear", Params: in("x*", "weight*!", "bias"), Exact: true,
			Shape: linearShape, Eval: linear, Prepare: prepareLinear,
			Local:   func() any { return new(linearLocal) },
			Folding: CostProduct, Rowwise: constantWeight,
		},
	)
}

// linearLocal is what a linear or a pointwise convolution keeps from prediction to prediction.
type linearLocal struct {
	x  []float32
	mm matmulTask
}

// prepareLinear turns a constant weight into the matrix that the kernels read
// and drops a bias of zeros, which converters write where a layer has none. The matrix
// is a view: compressed and half-precision weights stay where the file has them.
func prepareLinear(s *Setup) (any, error) {
	w := s.in(1)
	if w == nil {
		return nil, nil
	}
	m, err := constMatrix(s.Load, w)
	if err != nil {
		return nil, err
	}
	if AllZero(s.Load, s.in(2)) {
		s.drop(2)
	}
	return &weightMatrix{m}, nil
}

// constMatrix returns a constant as a matrix of its first dimension by all
// others. Only what has none of the forms that the kernels read is copied.
func constMatrix(p *array.Poller, w *array.Value) (kernel.Mat, error) {
	if w.Rank == 0 {
		return nil, fmt.Errorf("weight is a scalar")
	}
	rows := w.Dims[0]
	cols := 1
	for _, d := range w.Dims[1:w.Rank] {
		cols *= d
	}
	if rows == 0 || cols == 0 {
		return nil, fmt.Errorf("weight of shape %v is empty", w.Shape())
	}
	switch {
	case w.Repr == array.ReprWeight:
		if c, ok := w.Stored.(*weight.Weight); ok {
			return c.Matrix(p)
		}
	case w.Repr == array.ReprF16 && w.Dense:
		return kernel.NewF16(rows, cols, w.F16[:rows*cols])
	case w.Repr == array.ReprF32 && w.Dense:
		return kernel.NewF32(rows, cols, w.F32[:rows*cols])
	}
	f := make([]float32, rows*cols)
	w.Widen(p, f)
	return kernel.NewF32(rows, cols, f)
}

// AllZero reports whether v is a dense float32 constant of zeros.
func AllZero(p *array.Poller, v *array.Value) bool {
	if v == nil || v.Repr != array.ReprF32 || !v.Dense {
		return false
	}
	zero := true
	p.Pieces(v.Len(), func(lo, hi int) {
		for _, x := range v.F32[lo:hi] {
			zero = zero && x == 0
		}
	})
	return zero
}

// linearShape is that of y = x·Wᵀ + b over the last dimension of x; the weight is
// [out, in], as PyTorch stores it, and the bias has an element for each row of it or one
// for all.
func linearShape(c *Call) error {
	x, w := c.In(0), c.In(1)
	if w.Rank != 2 || x.Rank == 0 || x.Dims[x.Rank-1] != w.Dims[1] {
		return fmt.Errorf("x of shape %v does not fit weight of shape %v", x.Shape(), w.Shape())
	}
	if b := c.In(2); b != nil && b.Len() != w.Dims[0] && b.Len() != 1 {
		return fmt.Errorf("bias of shape %v does not fit weight of shape %v", b.Shape(), w.Shape())
	}
	y := c.out(0)
	*y = array.Value{DType: y.DType, Slot: y.Slot, Rank: x.Rank, Dims: x.Dims}
	y.Dims[x.Rank-1] = w.Dims[0]
	return y.SetShape(y.Shape()...)
}

// linear multiplies by the prepared matrix of a constant weight, else by the weight as
// it is. Sums are float32 in the one order that all kernels have.
func linear(c *Call) error {
	x, l := c.In(0), localOf[linearLocal](c)
	xs := c.F32(x)
	dst := c.newF32(0)
	k := x.Dims[x.Rank-1]
	if len(dst) == 0 {
		return nil
	}
	o := c.out(0).Dims[x.Rank-1]
	n := len(dst) / o
	var bias []float32
	if b := c.In(2); b != nil {
		bias = c.F32(b)
	}
	if w := dataOf[weightMatrix](c); w != nil {
		c.multiply(w.mat, dst, o, xs, k, n, bias)
		return nil
	}
	l.mm.matmul(c, dst, xs, c.F32(c.In(1)), true, n, o, k)
	c.addBias(dst, bias, o)
	c.roundTo(dst)
	return nil
}

// multiply computes dst[n,o] = xs[n,k]·matᵀ + bias, rounded to output 0's type: once,
// after the bias, where the kernel could round the product alone. The task is that of
// the prediction, not of the step: what it needs for a long prompt is large. It is the
// last that a step does with its result: see Begin.
func (c *Call) multiply(mat kernel.Mat, dst []float32, o int, xs []float32, k, n int, bias []float32) {
	half := c.out(0).DType == dtype.Float16
	t := &c.Env.product
	t.Mat, t.Dst, t.X, t.Ldd, t.Ldx, t.N = mat, dst, xs, o, k, n
	t.Bias, t.Gate, t.RoundOut, t.Stop, t.Alone = nil, nil, half && bias == nil, c.Env.stop, c.Env.Alone
	if len(bias) == o {
		t.Bias = bias
	}
	if c.Env.hold(bias) {
		return
	}
	t.Go(c.Env.Pool, c.Env.Threads)
	c.Env.Poll()
	c.multiplied(dst, o, bias)
}

// multiplied is what multiply does behind the product.
func (c *Call) multiplied(dst []float32, o int, bias []float32) {
	if bias == nil {
		return
	}
	if len(bias) != o {
		c.addBias(dst, bias, o)
	}
	c.roundTo(dst)
}

// roundTo rounds to output 0's type.
func (c *Call) roundTo(dst []float32) {
	if c.out(0).DType == dtype.Float16 {
		c.roundF16(dst)
	}
}

// addBias adds one number to each column, or the same one to all.
func (c *Call) addBias(dst, bias []float32, o int) {
	if bias == nil {
		return
	}
	if len(bias) != o {
		c.Env.Pieces(len(dst), func(lo, hi int) { kernel.AddScalar(dst[lo:hi], dst[lo:hi], bias[0]) })
		return
	}
	c.Env.Lanes(len(dst)/o, o, func(r int) {
		row := dst[r*o : (r+1)*o]
		c.Env.Pieces(o, func(lo, hi int) { kernel.Add(row[lo:hi], row[lo:hi], bias[lo:]) })
	})
}
