package mil

import "context"

// Verify checks that a program is well formed: every operand is defined before
// its use and visible there, names are unique, types are complete, constants
// fit theirs, and states are only read and written as states. It knows nothing
// of the shapes that operators infer. A program from a file is checked before
// anything else looks at it, so that the code behind may rely on what is said
// here. Operators, their operands and shapes are for the engines to check: a
// program may be well formed and still be one that no engine runs.
func Verify(p *Program) error { return verify(context.Background(), p, false) }

// verify is Verify; references allows constants whose content is in a weight
// file and not at hand, which only the writer can use. It ends with ctx's error
// when ctx does, as a hostile file may have millions of operations.
func verify(ctx context.Context, p *Program, references bool) error {
	if p == nil || len(p.Functions) == 0 {
		return bad(ErrStructure, "program has no functions")
	}
	names := map[string]bool{}
	for _, f := range p.Functions {
		if f == nil || f.Name == "" {
			return bad(ErrStructure, "function without a name")
		}
		if names[f.Name] {
			return &Error{Function: f.Name, Err: bad(ErrDuplicate, "function")}
		}
		names[f.Name] = true
		if err := newVerifier(ctx, f, references).verifyFunction(f); err != nil {
			return err
		}
	}
	return nil
}

// verifier checks one function. visible and names are what can be referred to
// at the current point. Names are unique in what is visible, and free again
// behind a block: two branches of a cond may use one name.
type verifier struct {
	ctx        context.Context //nolint:containedctx // lives for one verification
	function   string
	op         *Op
	references bool
	visible    map[*Value]bool
	names      map[string]bool
	// chains is how many constexpr operations lie behind each one's result. An
	// operation that only stored constants feed has 0.
	chains map[*Op]int
}

// newVerifier makes the verifier of a function. Its tables have room for what the body
// defines: growing them step by step would leave twice as much behind.
func newVerifier(ctx context.Context, f *Function, references bool) *verifier {
	n := len(f.Inputs)
	if f.Body != nil {
		n += len(f.Body.Ops)
	}
	return &verifier{
		ctx: ctx, function: f.Name, references: references,
		visible: make(map[*Value]bool, n), names: make(map[string]bool, n), chains: map[*Op]int{},
	}
}

// maxChain bounds how many constexpr operations feed each other. Real weights
// chain three at most. Whoever decodes weights follows the chain by recursion,
// and each link may decode all of them again.
const maxChain = 16

// fail returns an error with the place where the verifier is.
func (v *verifier) fail(name string, err error) error {
	e := &Error{Function: v.function, Name: name, Err: err}
	if v.op != nil {
		e.OpType, e.Op, e.at = v.op.Type, v.op.Name, v.op
	}
	return e
}

// verifyFunction checks a function. Its inputs are its own and not those of its
// outermost block, which the format would allow and no converter writes.
func (v *verifier) verifyFunction(f *Function) error {
	if f.Body == nil {
		return v.fail("", bad(ErrStructure, "function without a body"))
	}
	if f.Opset == "" {
		return v.fail("", bad(ErrStructure, "function without an operator set"))
	}
	if len(f.Body.Inputs) > 0 {
		return v.fail("", bad(ErrStructure, "a function's outermost block takes no inputs of its own"))
	}
	if err := v.define(f.Inputs, nil); err != nil {
		return err
	}
	return v.verifyBlock(f.Body)
}

// define checks values and makes them visible. Every value has one producer, so
// that whoever walks the program backwards comes to an end. A *Value that two
// operations define would have two meanings, though its name is the same.
func (v *verifier) define(values []*Value, producer *Op) error {
	for _, x := range values {
		if x == nil || x.Name == "" {
			return v.fail("", bad(ErrStructure, "value without a name"))
		}
		if v.names[x.Name] || v.visible[x] {
			return v.fail(x.Name, ErrDuplicate)
		}
		if x.Producer != producer {
			return v.fail(x.Name, bad(ErrStructure, "value belongs to another operation"))
		}
		if err := checkType(x.Type); err != nil {
			return v.fail(x.Name, err)
		}
		// A state is memory that outlives the call: nothing inside of a program
		// makes one.
		if x.Type.Kind == State && (producer != nil || v.op != nil) {
			return v.fail(x.Name, bad(ErrType, "only a function's input can be a state"))
		}
		if x.Const != nil && (producer == nil || producer.Type != "const") {
			return v.fail(x.Name, bad(ErrStructure, "only a const operation gives a stored value"))
		}
		v.names[x.Name], v.visible[x] = true, true
	}
	return nil
}

// forget makes values invisible again at the end of their block. Their types
// and constants stay in use by those who point to them.
func (v *verifier) forget(values []*Value) {
	for _, x := range values {
		delete(v.names, x.Name)
		delete(v.visible, x)
	}
}

// verifyBlock checks the operations of a block in their order. An operand has
// to be defined before its use, so no circle can be written. Outputs may be
// values of the blocks around.
func (v *verifier) verifyBlock(b *Block) error {
	for i, op := range b.Ops {
		if err := ended(v.ctx, i); err != nil {
			return err
		}
		if op == nil {
			return v.fail("", bad(ErrStructure, "operation is nil"))
		}
		if err := v.verifyOp(op); err != nil {
			return err
		}
	}
	for _, out := range b.Outputs {
		if out == nil || !v.visible[out] {
			return v.fail(nameOf(out), bad(ErrUndefined, "block output"))
		}
		if out.Type.Kind == State {
			return v.fail(out.Name, bad(ErrType, "a block cannot give a state"))
		}
	}
	// What the block defined is not visible behind it, but for its outputs,
	// which the operation around renames.
	for _, op := range b.Ops {
		v.forget(op.Outputs)
	}
	return nil
}

// nameOf is the name for a message, of what may be nil.
func nameOf(x *Value) string {
	if x == nil {
		return ""
	}
	return x.Name
}

// verifyOp checks an operation. Its outputs are defined last: it cannot be its
// own operand, and blocks inside of it do not see its results. v.op is the
// innermost operation, for errors; it is set back when a nested block is done.
func (v *verifier) verifyOp(op *Op) error {
	outer := v.op
	v.op = op
	defer func() { v.op = outer }()
	if op.Type == "" {
		return v.fail("", bad(ErrStructure, "operation without a type"))
	}
	for i := range op.Inputs {
		if err := v.verifyArgument(op, i); err != nil {
			return err
		}
	}
	if err := v.verifyStateUse(op); err != nil {
		return err
	}
	if err := v.verifyNested(op); err != nil {
		return err
	}
	if err := v.define(op.Outputs, op); err != nil {
		return err
	}
	if op.Type != "const" {
		return nil
	}
	if len(op.Outputs) != 1 || op.Outputs[0].Const == nil {
		return v.fail("", bad(ErrStructure, "const must give one stored value"))
	}
	out := op.Outputs[0]
	if err := v.checkConst(out); err != nil {
		return v.fail(out.Name, err)
	}
	return nil
}
