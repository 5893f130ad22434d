package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

// FusedProducts is several linears of one input as one task: query, key and
// value, or gate and up. Their weights stay where they are; what is shared is
// the input as the kernels prepare it, and the threads' start and end. Every result has
// the bits that its own linear would give.
var FusedProducts = &Operator{
	Name: "linears", Params: in("x*"), Exact: true,
	Shape: productsShape, Eval: products, Prepare: prepareProducts,
	Local: func() any { return new(productsLocal) },
}

// Factor is one of the linears of a group.
type Factor struct {
	Weight, BiasSlot int32 // slots; -1 for no bias
	rows             int
	bias             []float32
}

// ProductGroup is the data of a step of FusedProducts: the linears and, once
// prepared, their weights as one matrix, the rows of one below those of another. The
// weights may be stored in different forms; a kernel works on one of them at a time.
type ProductGroup struct {
	Factors []Factor
	weightMatrix
}

// productsLocal has room for where each product goes.
type productsLocal struct{ parts []kernel.Part }

// prepareProducts turns the weights into one matrix and drops biases of zeros.
func prepareProducts(s *Setup) (any, error) {
	group, ok := s.Step.Data.(*ProductGroup)
	if !ok {
		return nil, array.ErrFault
	}
	if err := group.prepare(s); err != nil {
		return nil, err
	}
	return group, nil
}

// prepare turns the weights into one matrix.
func (group *ProductGroup) prepare(s *Setup) error {
	mats := make([]kernel.Mat, len(group.Factors))
	for k := range group.Factors {
		g := &group.Factors[k]
		m, err := constMatrix(s.Load, s.Constant(g.Weight))
		if err != nil {
			return err
		}
		mats[k], g.rows = m, m.Rows()
		if g.BiasSlot >= 0 && !AllZero(s.Load, s.Constant(g.BiasSlot)) {
			g.bias = s.Constant(g.BiasSlot).F32[:g.rows]
		}
	}
	c, err := kernel.NewConcat(mats...)
	if err != nil {
		return err
	}
	group.mat = c
	return nil
}

// productsShape gives every result the shape of x with the rows of its weight as the last
// dimension.
func productsShape(c *Call) error {
	x, group := c.In(0), dataOf[ProductGroup](c)
	if x.Rank == 0 || x.Dims[x.Rank-1] != group.mat.Cols() {
		return fmt.Errorf("x of shape %v does not fit weights of %d columns", x.Shape(), group.mat.Cols())
	}
	for k := range group.Factors {
		y := c.out(k)
		*y = array.Value{DType: y.DType, Slot: y.Slot, Rank: x.Rank, Dims: x.Dims}
		y.Dims[x.Rank-1] = group.Factors[k].rows
		if err := y.SetShape(y.Shape()...); err != nil {
			return err
		}
	}
	return nil
}

// products multiplies x by all weights in one task, each into a result of its own.
func products(c *Call) error {
	x, l, group := c.In(0), localOf[productsLocal](c), dataOf[ProductGroup](c)
	xs := c.F32(x)
	k := x.Dims[x.Rank-1]
	l.parts = l.parts[:0]
	for i := range group.Factors {
		g := &group.Factors[i]
		l.parts = append(l.parts, kernel.Part{
			Dst: c.newF32(i), Ldd: g.rows, Bias: g.bias, RoundOut: c.out(i).DType == dtype.Float16 && g.bias == nil,
		})
	}
	t := &c.Env.product
	t.Mat, t.X, t.Ldx, t.N, t.Parts, t.Gate, t.Stop, t.Alone = group.mat, xs, k, len(xs)/k, l.parts, nil, c.Env.stop, c.Env.Alone
	if c.Env.hold(nil) {
		return nil
	}
	t.Go(c.Env.Pool, c.Env.Threads)
	c.Env.Poll()
	c.productsMultiplied()
	return nil
}

// productsMultiplied is what products does behind the product: the sum with a bias is
// rounded once, not twice.
func (c *Call) productsMultiplied() {
	parts := c.Env.product.Parts
	c.Env.product.Parts = nil
	for i := range parts {
		if part := &parts[i]; part.Bias != nil && c.out(i).DType == dtype.Float16 {
			c.roundF16(part.Dst)
		}
		parts[i] = kernel.Part{}
	}
}
