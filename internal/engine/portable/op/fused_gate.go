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

// GatePattern is the data of a step of FusedGate.
type GatePattern struct {
	kernel.Gate
	apply func(dst, gate, up []float32) // made once: making it allocates
}

// NewGate returns the data of a gate. The product is rounded by the step, as any result is.
func NewGate(g kernel.Gate) *GatePattern {
	p := &GatePattern{Gate: g}
	p.apply = p.Apply
	return p
}

// gatedShape is that of the gate, which up shares but for dimensions of one.
func gatedShape(c *Call) error {
	if x, y := c.In(0), c.In(1); x.Len() != y.Len() {
		return fmt.Errorf("gate of shape %v and up of shape %v do not fit", x.ShapeCopy(), y.ShapeCopy())
	}
	return sameShape(c)
}

// gated applies the pattern's gate to both operands.
func gated(c *Call) error {
	x, y := c.F32(c.In(0)), c.F32(c.In(1))
	c.spread2(dataOf[GatePattern](c).apply, c.newF32(0), x, y)
	return nil
}
