package op

import (
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

// FusedRMSNorm is x·(mean(x²)+eps)^-½·gamma over the last dimension (Zhang and Sennrich,
// "Root Mean Square Layer Normalization"). MIL has no operator for it, so exporters write
// up to six. Their square of an fp16 number above 255 is infinite; fused, squares and
// sum are float32. Package plan fuses only where that changes nothing it must not.
var FusedRMSNorm = &Operator{
	Name: "rms_norm", Params: in("x", "gamma"), Shape: rmsShape, Eval: rmsNorm,
	Local: func() any { return new(normTask) }, Rowwise: firstOperand,
}

// NormPattern is the data of a step of FusedRMSNorm.
type NormPattern struct {
	Eps float32
	// RoundFactor and RoundProduct say where the separate operations would round
	// to fp16: the factor, and x times it.
	RoundFactor, RoundProduct bool
}

// normTask norms rows on the pool, a row as a unit of work.
type normTask struct {
	env           *Env
	dst, x, gamma []float32
	n             int
	half          bool // results are rounded to fp16
	*NormPattern
}

// Run norms rows lo to hi-1. The sum of squares has the order of kernel.SumSquares; the
// root is taken in float64 and rounded once.
func (t *normTask) Run(lo, hi, _ int) {
	work := array.Counter{Poller: &t.env.Poller}
	for r := lo; r < hi; r++ {
		work.Add(t.n)
		dst, x := t.dst[r*t.n:(r+1)*t.n], t.x[r*t.n:(r+1)*t.n]
		factor := float32(1 / math.Sqrt(float64(kernel.SumSquaresUntil(t.env.stop, x)/float32(t.n)+t.Eps)))
		if t.RoundFactor {
			one := [1]float32{factor}
			kernel.RoundF16(one[:])
			factor = one[0]
		}
		t.env.Pieces(t.n, func(lo, hi int) {
			part := dst[lo:hi]
			if t.RoundProduct {
				kernel.Scale(part, x[lo:hi], factor)
				kernel.RoundF16(part)
				kernel.Mul(part, part, t.gamma[lo:hi])
			} else {
				kernel.MulScale(part, x[lo:hi], t.gamma[lo:hi], factor)
			}
			if t.half {
				kernel.RoundF16(part)
			}
		})
	}
}

// rmsShape is that of x, whose rows gamma must fit.
func rmsShape(c *Call) error {
	x, gamma := c.In(0), c.In(1)
	if x.Rank == 0 || x.Dims[x.Rank-1] != gamma.Len() {
		return fmt.Errorf("x of shape %v and gamma of shape %v do not fit", x.ShapeCopy(), gamma.ShapeCopy())
	}
	return sameShape(c)
}

// rmsFrom is the number of elements from which the rows of a norm are shared among the
// threads: fewer cost less than to wake them.
const rmsFrom = 1 << 14

// rmsNorm norms the rows of x, on the pool when there are many numbers.
func rmsNorm(c *Call) error {
	t := localOf[normTask](c)
	t.x, t.gamma = c.F32(c.In(0)), c.F32(c.In(1))
	t.dst = c.newF32(0)
	t.env, t.n, t.NormPattern = c.Env, len(t.gamma), dataOf[NormPattern](c)
	if len(t.dst) == 0 {
		return nil
	}
	t.half = c.roundsPieces()
	rows := len(t.dst) / t.n
	if len(t.dst) < rmsFrom {
		t.Run(0, rows, 0)
		return nil
	}
	c.Env.Pool.For(t, rows, 1, c.Env.Threads)
	return nil
}
