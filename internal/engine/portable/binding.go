package portable

import (
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/mil"
)

// binding is one operation bound to slots.
type binding struct {
	op    *mil.Op
	def   *operator
	index int // among all steps of the plan
	in    []int32
	list  []int32 // the values of a variadic operand 0
	out   []int32
	state int // of read_state and write_state, else -1
	// inPlace lets slice_update write into the state that its operand views.
	inPlace bool
	// copied makes read_state take a copy because a later write would show.
	copied bool
	// data is what operator.prepare made of the constants, or what the pattern of a
	// fused operator found.
	data any
}

// matrix returns the constant matrix that the step multiplies by, or nil.
func (b *binding) matrix() kernel.Mat {
	if d, ok := b.data.(interface{ matrix() kernel.Mat }); ok {
		return d.matrix()
	}
	return nil
}

// weightMatrix is the data of a step that multiplies by a constant matrix, in the
// form that the kernels read.
type weightMatrix struct{ mat kernel.Mat }

func (w *weightMatrix) matrix() kernel.Mat { return w.mat }

// shapeOf sets the shapes of a step's results.
func shapeOf(c *call) error {
	var err error
	if rule := c.step.def.shape; rule != nil {
		err = rule(c)
	} else {
		err = sameShape(c)
	}
	if err != nil {
		return asShape(err)
	}
	return nil
}

// evalOf computes a step's results.
func evalOf(c *call) error {
	if err := c.step.def.eval(c); err != nil {
		return asValue(err)
	}
	if !c.step.def.exact {
		c.round()
	}
	return nil
}
