package mil

import "strings"

// verifyArgument checks the values bound to operand i of op. Sorted names make
// an operand quick to find, and two of one name impossible.
func (v *verifier) verifyArgument(op *Op, i int) error {
	a := op.Inputs[i]
	if a.Name == "" || i > 0 && op.Inputs[i-1].Name >= a.Name {
		return v.fail(a.Name, bad(ErrStructure, "operands must have different names, in order"))
	}
	for _, x := range a.Values {
		switch {
		case x == nil:
			return v.fail(a.Name, bad(ErrStructure, "operand is nil"))
		case v.visible[x]:
		// A constant that is stored in place of the operand has neither a name
		// nor an operation.
		case x.Producer == nil && x.Const != nil && x.Name == "":
			if err := checkType(x.Type); err != nil {
				return v.fail(a.Name, err)
			}
			if err := v.checkConst(x); err != nil {
				return v.fail(a.Name, err)
			}
		default:
			return v.fail(x.Name, bad(ErrUndefined, "operand %s", Plain(a.Name)))
		}
		if err := v.verifyChain(op, x, a.Name); err != nil {
			return err
		}
	}
	return nil
}

// verifyChain checks what a constexpr operation is fed with. Weights are
// decoded when a model is loaded, so all that they are made of has to be known
// then. Without it a weight could depend on an input, and whoever decodes it at
// load would have nothing to decode.
func (v *verifier) verifyChain(op *Op, x *Value, operand string) error {
	if !isConstexpr(op) || x.Const != nil {
		return nil
	}
	if x.Producer == nil || !isConstexpr(x.Producer) {
		return v.fail(x.Name, bad(ErrStructure, "operand %s of a constexpr operation is not constant", Plain(operand)))
	}
	v.chains[op] = max(v.chains[op], v.chains[x.Producer]+1)
	if v.chains[op] >= maxChain {
		return v.fail(x.Name, bad(ErrStructure, "more than %d constexpr operations feed each other", maxChain))
	}
	return nil
}

// isConstexpr reports whether an operation makes weights of compressed ones:
// all of these operators, and no others, have the prefix.
func isConstexpr(op *Op) bool { return strings.HasPrefix(op.Type, "constexpr_") }

// verifyStateUse checks that states appear only where read_state and
// write_state take them, and that the tensors read and written have the state's
// type. So a state is not a value that an operator could copy or return, and
// whoever orders the reads and writes finds all of them by name. coremltools'
// own coreml_update_state does not occur in files: it is written as a write and
// a read.
func (v *verifier) verifyStateUse(op *Op) error {
	access := op.Type == "read_state" || op.Type == "write_state"
	for i := range op.Inputs {
		for _, x := range op.Inputs[i].Values {
			if x.Type.Kind == State && (!access || op.Inputs[i].Name != "input") {
				return v.fail(x.Name, bad(ErrType, "operand %s is a state", Plain(op.Inputs[i].Name)))
			}
		}
	}
	if !access {
		return nil
	}
	state := op.Arg("input")
	if len(state) != 1 || state[0].Type.Kind != State {
		return v.fail("", bad(ErrType, "input must be one state"))
	}
	if op.Type == "read_state" {
		if len(op.Outputs) != 1 || op.Outputs[0] == nil {
			return v.fail("", bad(ErrStructure, "it must have one output"))
		}
		return v.sameTensor(state[0], op.Outputs[0])
	}
	data := op.Arg("data")
	if len(data) != 1 || len(op.Outputs) != 0 {
		return v.fail("", bad(ErrStructure, "it must have one data operand and no output"))
	}
	return v.sameTensor(state[0], data[0])
}

// sameTensor checks the tensor that is read from or written to a state: states
// have fixed shapes, but a tensor may say that it learns its own at run time.
func (v *verifier) sameTensor(state, x *Value) error {
	if x.Type.Kind != Tensor || x.Type.DType != state.Type.DType || !compatible(x.Type, state.Type) {
		return v.fail(x.Name, bad(ErrType, "%v does not agree with %v", x.Type, state.Type))
	}
	return nil
}

// compatible reports whether two shapes can be the same at run time. Where one
// of them is not known the engine compares again when it runs. It is no proof
// that they are.
func compatible(a, b Type) bool {
	if a.Variadic || b.Variadic {
		return true
	}
	if len(a.Shape) != len(b.Shape) {
		return false
	}
	for i, d := range a.Shape {
		if d != Unknown && b.Shape[i] != Unknown && d != b.Shape[i] {
			return false
		}
	}
	return true
}

// verifyNested checks the blocks of control flow, which see the names around
// them. The counts are checked here because every engine would have to; types
// of the values are compared where they are bound. Parameters of a block, those
// of while_loop, are visible in it alone.
func (v *verifier) verifyNested(op *Op) error {
	for i, b := range op.Blocks {
		if b == nil {
			return v.fail("", bad(ErrStructure, "block %d is nil", i))
		}
		if err := v.define(b.Inputs, nil); err != nil {
			return err
		}
		if err := v.verifyBlock(b); err != nil {
			return err
		}
		v.forget(b.Inputs)
	}
	var err error
	switch op.Type {
	case "cond":
		err = checkBranches(op)
	case "while_loop":
		err = checkLoop(op)
	}
	if err != nil {
		return v.fail("", err)
	}
	return nil
}

// checkBranches checks that a cond has two branches that give what it gives.
func checkBranches(op *Op) error {
	if len(op.Blocks) != 2 {
		return bad(ErrStructure, "cond has %d blocks, not 2", len(op.Blocks))
	}
	for _, b := range op.Blocks {
		if len(b.Inputs) != 0 || len(b.Outputs) != len(op.Outputs) {
			return bad(ErrStructure, "a branch takes %d values and gives %d where cond gives %d",
				len(b.Inputs), len(b.Outputs), len(op.Outputs))
		}
	}
	return nil
}

// checkLoop checks that condition, body and results of a while_loop have the
// same loop variables. The first block is the condition, the second the body.
// The first values are bound by position.
func checkLoop(op *Op) error {
	if len(op.Blocks) != 2 {
		return bad(ErrStructure, "while_loop has %d blocks, not 2", len(op.Blocks))
	}
	n := len(op.Arg("loop_vars"))
	cond, body := op.Blocks[0], op.Blocks[1]
	if len(cond.Inputs) != n || len(body.Inputs) != n || len(body.Outputs) != n || len(op.Outputs) != n {
		return bad(ErrStructure, "condition, body and results do not all have the %d loop variables", n)
	}
	if len(cond.Outputs) != 1 {
		return bad(ErrStructure, "the condition gives %d values, not 1", len(cond.Outputs))
	}
	return nil
}
