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

// gatedShape is that of the gate, which up shares but for dimensions of one.
func gatedShape(c *Call) error {
	if x, y := c.In(0), c.In(1); x.Len() != y.Len() {
		return fmt.Errorf("gate of shape %v and up of shape %v do not fit", x.ShapeCopy(), y.ShapeCopy())
	}
	return sameShape(c)
}

// gated applies the gate, which is the step's data, to both operands.
func gated(c *Call) error {
	x, y := c.F32(c.In(0)), c.F32(c.In(1))
	c.spread2(dataOf[kernel.Gate](c).Apply, c.newF32(0), x, y)
	return nil
}
