package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

// FusedGatedProducts is activation(x·Gᵀ)·(x·Uᵀ), the first half of a gated feed-forward
// block, as one task: a thread gates what it has just multiplied, which no other one and no
// later step has to bring from another cache. The results are those of the three steps.
var FusedGatedProducts = &Operator{
	Name: "gated_linears", Params: in("x*"), Exact: true,
	Shape: gatedProductsShape, Eval: gatedProducts, Prepare: prepareGatedProducts,
	Local: func() any { return new(gatedLocal) },
}

// GatedProducts is the data of a step of FusedGatedProducts: the group has the gate, then
// up. Half says that both products are fp16, and so is the result.
type GatedProducts struct {
	ProductGroup
	Gate *GatePattern
	Half bool
}

// gatedLocal has the two products of a few rows.
type gatedLocal struct {
	spread   spreadTask
	gate, up []float32
	parts    [2]kernel.Part
}

// gateFrom is the number of rows from which they are gated piece by piece. Weights that
// are read for fewer come from memory, best as one stream.
const gateFrom = 8

// prepareGatedProducts turns both weights into one matrix.
func prepareGatedProducts(s *Setup) (any, error) {
	g, ok := s.Step.Data.(*GatedProducts)
	if !ok {
		return nil, array.ErrFault
	}
	if err := g.prepare(s); err != nil {
		return nil, err
	}
	return g, nil
}

// gatedProductsShape is that of x with the rows of a weight as the last dimension.
func gatedProductsShape(c *Call) error {
	x, g, y := c.In(0), dataOf[GatedProducts](c), c.out(0)
	if x.Rank == 0 || x.Dims[x.Rank-1] != g.mat.Cols() {
		return fmt.Errorf("x of shape %v does not fit weights of %d columns", x.Shape(), g.mat.Cols())
	}
	*y = array.Value{DType: y.DType, Slot: y.Slot, Rank: x.Rank, Dims: x.Dims}
	y.Dims[x.Rank-1] = g.Factors[0].rows
	return y.SetShape(y.Shape()...)
}

// gatedProducts multiplies x by both weights and gates the results: those of many rows
// within the task, those of a few, and of a product that somebody else makes, behind it.
func gatedProducts(c *Call) error {
	x, l, g := c.In(0), localOf[gatedLocal](c), dataOf[GatedProducts](c)
	xs := c.F32(x)
	k, rows := x.Dims[x.Rank-1], g.Factors[0].rows
	n := len(xs) / k
	t := &c.Env.product
	t.Mat, t.X, t.Ldx, t.N, t.Stop, t.Alone = g.mat, xs, k, n, c.Env.stop, c.Env.Alone
	t.Bias, t.Parts, t.Gate = nil, nil, nil
	if n >= gateFrom && !c.Env.held.wanted {
		t.Dst, t.Ldd, t.Gate, t.RoundOut = c.newF32(0), rows, &g.Gate.Gate, g.Half
		t.Go(c.Env.Pool, c.Env.Threads)
		c.Env.Poll()
		t.Gate = nil
		return nil
	}
	l.gate, l.up = reuse(c.Env, l.gate, n*rows), reuse(c.Env, l.up, n*rows)
	for i, dst := range [2][]float32{l.gate, l.up} {
		l.parts[i] = kernel.Part{Dst: dst, Ldd: rows, RoundOut: g.Half}
	}
	t.Parts = l.parts[:]
	if c.Env.hold(nil) {
		return nil
	}
	t.Go(c.Env.Pool, c.Env.Threads)
	c.Env.Poll()
	c.gatePair()
	return nil
}

// gatePair gates the two products of a step.
func (c *Call) gatePair() {
	l, g := localOf[gatedLocal](c), dataOf[GatedProducts](c)
	c.Env.product.Parts = nil
	dst := c.newF32(0)
	if len(dst) < spreadFrom {
		g.Gate.Apply(dst, l.gate[:len(dst)], l.up)
		if g.Half {
			kernel.RoundF16(dst)
		}
		return
	}
	l.spread = spreadTask{env: c.Env, two: g.Gate.apply, dst: dst, a: l.gate, b: l.up, unit: spreadUnit, half: g.Half}
	c.Env.Pool.For(&l.spread, (len(dst)+spreadUnit-1)/spreadUnit, 1, c.Env.Threads)
	l.spread = spreadTask{}
}
