package mil

import (
	"context"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Verify checks that a program is well formed: every operand is defined before
// its use and visible there, names are unique, types are complete, constants
// fit theirs, and states are only read and written as states. It knows nothing
// of the shapes that operators infer. A program from a file is checked before
// anything else looks at it, so that the code behind may rely on what is said
// here.
func Verify(p *Program) error { return verify(context.Background(), p, false) }

// verify is Verify; references allows constants whose content is in a weight
// file and not at hand, which only the writer can use.
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
	// chains is how many constexpr operations lie behind each one's result.
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
		e.OpType, e.Op = v.op.Type, v.op.Name
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
// that whoever walks the program backwards comes to an end.
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

// forget makes values invisible again at the end of their block.
func (v *verifier) forget(values []*Value) {
	for _, x := range values {
		delete(v.names, x.Name)
		delete(v.visible, x)
	}
}

// verifyBlock checks the operations of a block in their order. An operand has
// to be defined before its use, so no circle can be written.
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
// own operand, and blocks inside of it do not see its results.
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
		// Weights are decoded when a model is loaded, so all that they are made
		// of has to be known then.
		if !isConstexpr(op) || x.Const != nil {
			continue
		}
		if x.Producer == nil || !isConstexpr(x.Producer) {
			return v.fail(x.Name, bad(ErrStructure, "operand %s of a constexpr operation is not constant", Plain(a.Name)))
		}
		v.chains[op] = max(v.chains[op], v.chains[x.Producer]+1)
		if v.chains[op] >= maxChain {
			return v.fail(x.Name, bad(ErrStructure, "more than %d constexpr operations feed each other", maxChain))
		}
	}
	return nil
}

// isConstexpr reports whether an operation makes weights of compressed ones:
// all of these operators, and no others, have the prefix.
func isConstexpr(op *Op) bool { return strings.HasPrefix(op.Type, "constexpr_") }

// verifyStateUse checks that states appear only where read_state and
// write_state take them, and that the tensors read and written have the state's
// type. So a state is not a value that an operator could copy or return, and
// whoever orders the reads and writes finds all of them by name.
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
// of them is not known the engine compares again when it runs.
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
// of the values are compared where they are bound.
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
	switch op.Type {
	case "cond":
		if len(op.Blocks) != 2 {
			return v.fail("", bad(ErrStructure, "cond has %d blocks, not 2", len(op.Blocks)))
		}
		for _, b := range op.Blocks {
			if len(b.Inputs) != 0 || len(b.Outputs) != len(op.Outputs) {
				return v.fail("", bad(ErrStructure, "a branch takes %d values and gives %d where cond gives %d",
					len(b.Inputs), len(b.Outputs), len(op.Outputs)))
			}
		}
	case "while_loop":
		if len(op.Blocks) != 2 {
			return v.fail("", bad(ErrStructure, "while_loop has %d blocks, not 2", len(op.Blocks)))
		}
		n := len(op.Arg("loop_vars"))
		cond, body := op.Blocks[0], op.Blocks[1]
		if len(cond.Inputs) != n || len(body.Inputs) != n || len(body.Outputs) != n || len(op.Outputs) != n {
			return v.fail("", bad(ErrStructure, "condition, body and results do not all have the %d loop variables", n))
		}
		if len(cond.Outputs) != 1 {
			return v.fail("", bad(ErrStructure, "the condition gives %d values, not 1", len(cond.Outputs)))
		}
	}
	return nil
}

// checkType checks that a type is complete. Tuples, dictionaries and lists are
// not looked into: they come with classifiers and with lists of tensors, which
// no operator but a few takes.
func checkType(t Type) error {
	if t.Kind == Tuple || t.Kind == Dictionary || t.Kind == List {
		return nil
	}
	if t.Kind > Dictionary {
		return bad(ErrType, "kind %d is not known", t.Kind)
	}
	if t.DType == dtype.Invalid {
		return bad(ErrType, "element type is missing")
	}
	if len(t.Shape) > MaxRank {
		return bad(ErrType, "%d dimensions are more than %d", len(t.Shape), MaxRank)
	}
	for _, d := range t.Shape {
		if d < 0 && d != Unknown {
			return bad(ErrType, "dimension of size %d", d)
		}
	}
	if t.Kind != State {
		return nil
	}
	n, ok := dtype.Count(t.Shape)
	if _, fits := t.DType.PackedLen(n); !ok || !fits || t.Variadic {
		return bad(ErrType, "a state needs a fixed size, %v has none", t)
	}
	return nil
}

// checkConst checks that a stored value has the type that is declared for it
// and as many bytes as that takes. Their number is compared with the type once,
// here, so that whoever reads elements needs no check at each.
func (v *verifier) checkConst(x *Value) error {
	c := x.Const
	n, ok := dtype.Count(c.Shape)
	if !ok {
		return bad(ErrConst, "shape %v has no fixed size", c.Shape)
	}
	if x.Type.Kind == Tensor {
		stored := Type{DType: c.DType, Shape: c.Shape}
		if c.DType != x.Type.DType || !compatible(x.Type, stored) {
			return bad(ErrConst, "%v is stored where %v is declared", stored, x.Type)
		}
	} else if x.Type.Kind != List {
		return bad(ErrConst, "%v cannot be stored", x.Type)
	}
	if c.DType == dtype.String {
		if len(c.Strings) != n {
			return bad(ErrConst, "%d strings for %d elements", len(c.Strings), n)
		}
		return nil
	}
	want, ok := c.DType.PackedLen(n)
	if ok && v.references && c.Data == nil && c.Blob != "" {
		return nil
	}
	if !ok || len(c.Data) != want {
		return bad(ErrConst, "%d bytes for %d elements of %v", len(c.Data), n, c.DType)
	}
	return nil
}
