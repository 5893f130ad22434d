package op

import (
	"iter"

	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/mil"
)

// Binding is one operation bound to slots. Slots, not values: what is in them changes
// with every prediction, and a step that was bound once runs in many at the same time,
// each with an Env of its own.
type Binding struct {
	Op    *mil.Op
	Def   *Operator
	Index int // among all steps of the plan
	In    []int32
	List  []int32 // the values of a variadic operand 0
	Out   []int32
	State int // of read_state and write_state, else -1
	Opset int // of the operation, where it is not the function's; else 0
	// InPlace lets slice_update write into the state that its operand views.
	InPlace bool
	// Copied makes read_state take a copy because a later write would show.
	Copied bool
	// Data is what Operator.Prepare made of the constants, or what the pattern of a
	// fused operator found.
	Data any
}

// Operands yields the slots that the step reads in their order, those of a variadic
// operand included and absent ones left out.
func (b *Binding) Operands() iter.Seq[int32] {
	return func(yield func(s int32) bool) {
		for _, s := range b.In {
			if s >= 0 && !yield(s) {
				return
			}
		}
		for _, s := range b.List {
			if s >= 0 && !yield(s) {
				return
			}
		}
	}
}

// Matrix returns the constant matrix that the step multiplies by, or nil.
func (b *Binding) Matrix() kernel.Mat {
	if d, ok := b.Data.(interface{ matrix() kernel.Mat }); ok {
		return d.matrix()
	}
	return nil
}

// weightMatrix is the data of a step that multiplies by a constant matrix, in the
// form that the kernels read.
type weightMatrix struct{ mat kernel.Mat }

func (w *weightMatrix) matrix() kernel.Mat { return w.mat }

// Shape sets the shapes of a step's results. It may not write to anything but them: a
// rehearsal runs it without the step's work.
func Shape(c *Call) error {
	var err error
	if rule := c.Step.Def.Shape; rule != nil {
		err = rule(c)
	} else {
		err = sameShape(c)
	}
	if err != nil {
		return AsShape(err)
	}
	return nil
}

// Eval computes a step's results, whose shapes are set, and rounds them to their types
// unless the operator is exact.
func Eval(c *Call) error {
	c.rounded = false
	if err := c.Step.Def.Eval(c); err != nil {
		return AsValue(err)
	}
	if !c.Step.Def.Exact {
		c.round()
	}
	return nil
}
