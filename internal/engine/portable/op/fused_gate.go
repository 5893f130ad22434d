package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel"
)

// FusedGate is activation(gate)·up, the middle of a gated feed-forward block
// (Shazeer, "GLU Variants Improve Transformer"), in one pass: the activation is still in
// the processor's cache when it is multiplied.
var FusedGate = &Operator{
	Name: "gated", Params: in("gate", "up!"), Shape: gatedShape, Eval: gated,
	Local: newSpread,
}

// GatePattern is the data of a step of FusedGate: apply stores activation(x)·y in
// dst.
type GatePattern struct{ Apply func(dst, x, y []float32) }

// NewGate makes a gate of an activation. round says that the activation alone
// would round to fp16. The product is rounded by the step, as any result is.
func NewGate(activation func(dst, x []float32), round bool) *GatePattern {
	return &GatePattern{func(dst, x, y []float32) {
		activation(dst, x)
		if round {
			kernel.RoundF16(dst)
		}
		kernel.Mul(dst, dst, y)
	}}
}

// gatedShape is that of the gate, which up shares but for dimensions of one.
func gatedShape(c *Call) error {
	if x, y := c.In(0), c.In(1); x.Len() != y.Len() {
		return fmt.Errorf("gate of shape %v and up of shape %v do not fit", x.ShapeCopy(), y.ShapeCopy())
	}
	return sameShape(c)
}

// gated applies the pattern's function to both operands.
func gated(c *Call) error {
	x, y := c.F32(c.In(0)), c.F32(c.In(1))
	c.spread2(dataOf[GatePattern](c).Apply, c.newF32(0), x, y)
	return nil
}
