package op

import (
	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// Setup is what an operator sees of one step while the plan is made: which of its
// operands are constants. Prepare may drop an operand, and the functions at the end
// answer Operator.Rowwise.
type Setup struct {
	Load     *array.Poller // of the load, which a context may end
	Step     *Binding
	Constant func(slot int32) *array.Value // nil where the slot is none
}

// in returns operand k when it is a constant, else nil.
func (s *Setup) in(k int) *array.Value {
	if s.absent(k) {
		return nil
	}
	return s.Constant(s.Step.In[k])
}

// absent reports whether operand k is not there at all.
func (s *Setup) absent(k int) bool { return k >= len(s.Step.In) || s.Step.In[k] < 0 }

// drop makes operand k absent.
func (s *Setup) drop(k int) {
	if !s.absent(k) {
		s.Step.In[k] = -1
	}
}

// isFalse reports whether the boolean operand k is absent or the constant false.
func (s *Setup) isFalse(k int) bool {
	v := s.in(k)
	return s.absent(k) || v != nil && v.Len() == 1 && v.Repr == array.ReprI32 && v.I32[0] == 0
}

// isTrue reports whether the boolean operand k is the constant true.
func (s *Setup) isTrue(k int) bool {
	v := s.in(k)
	return v != nil && v.Repr == array.ReprI32 && len(v.I32) == 1 && v.I32[0] != 0
}

// Answers to Operator.Rowwise: the operand whose rows become the result's rows one by
// one. Where only the last rows of an output are wanted, the planner computes only
// those through a chain of such steps: see TailOperator.

// firstOperand is of operators of one operand that work element by element or on the
// last dimension alone.
func firstOperand(*Setup) (int, bool) { return 0, true }

// constantWeight is of linear, whose weight must be a constant.
func constantWeight(s *Setup) (int, bool) { return 0, s.in(1) != nil }

// constantMatrix is of matmul, whose x must lie as it is: transposed, its rows would be
// columns.
func constantMatrix(s *Setup) (int, bool) {
	y := s.in(1)
	return 0, y != nil && y.Rank == 2 && s.isFalse(2)
}

// constantScale is of element-wise operators of two operands of which one is a
// constant that all rows share.
func constantScale(s *Setup) (int, bool) {
	for k := range 2 {
		if v := s.in(k); v != nil && (v.Len() == 1 || v.Rank == 1) {
			return 1 - k, true
		}
	}
	return 0, false
}
