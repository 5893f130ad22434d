package mil

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Builder makes a function operation by operation. Its methods return the values
// to use as operands further on. The first mistake is kept and returned by
// Function; what the methods return after it is of no use, but safe to pass on.
//
// A Builder is for one goroutine. Values of one Builder must not be given to
// another: Function finds that they are not defined there.
type Builder struct {
	fn     *Function
	blocks []*Block // the open blocks, innermost last
	taken  map[string]int
	err    error
}

// Operand is what an operation can be given: a *Value, or Values for a variadic
// operand.
type Operand interface{ operands() []*Value }

// Values are the bindings of a variadic operand.
type Values []*Value

// Both kinds of operand give the values that they bind.

func (v Values) operands() []*Value { return v }

func (v *Value) operands() []*Value { return []*Value{v} }

// Args are the named operands of an operation.
type Args map[string]Operand

// NewBuilder starts a function of that name in an operator set, such as
// CoreML8. The set decides how constants and constexpr operations are written,
// so it is fixed from the beginning.
func NewBuilder(name, opset string) *Builder {
	fn := &Function{Name: name, Opset: opset, Body: &Block{}}
	return &Builder{fn: fn, blocks: []*Block{fn.Body}, taken: map[string]int{}}
}

// NewProgram joins functions to a program. The functions may share constants:
// those that refer to the same memory are stored once.
func NewProgram(functions ...*Function) *Program {
	p := &Program{Version: 1, Functions: slices.Clone(functions), Attributes: map[string]string{}}
	sortFunctions(p.Functions)
	return p
}

// Reserve takes names of values and operations that stand elsewhere in the function, so
// that what the Builder adds is called otherwise.
func (b *Builder) Reserve(names ...string) {
	for _, name := range names {
		b.taken[name]++
	}
}

// Take returns the operations that have been added since it was last called and removes
// them from the Builder, for a place in a function that was made before. The first
// mistake is returned, as by Function.
func (b *Builder) Take() ([]*Op, error) {
	block := b.blocks[len(b.blocks)-1]
	ops := block.Ops
	block.Ops = nil
	return ops, b.err
}

// TensorType returns the type of a tensor.
func TensorType(t dtype.Type, shape ...int) Type {
	return Type{Kind: Tensor, DType: t, Shape: slices.Clone(shape)}
}

// Input adds a parameter. Unknown stands for a dimension that is left open.
func (b *Builder) Input(name string, t dtype.Type, shape ...int) *Value {
	return b.parameter(name, TensorType(t, shape...))
}

// State adds a state. It is read and written by read_state and write_state
// alone, and its shape must be fixed.
func (b *Builder) State(name string, t dtype.Type, shape ...int) *Value {
	typ := TensorType(t, shape...)
	typ.Kind = State
	return b.parameter(name, typ)
}

// parameter adds an input. Its name is part of the model's interface and cannot
// be changed to a free one, so a taken one is a mistake.
func (b *Builder) parameter(name string, t Type) *Value {
	if b.taken[name] > 0 {
		b.fail(&Error{Function: b.fn.Name, Name: name, Err: bad(ErrDuplicate, "parameter")})
	}
	b.taken[name]++
	v := &Value{Name: name, Type: t}
	b.fn.Inputs = append(b.fn.Inputs, v)
	return v
}

// fail keeps the first error. The calls of a builder return values and no
// errors, so that a graph reads like one; Function and Program report what went
// wrong first.
func (b *Builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// unique returns name, with a number behind it if it is taken already. The
// number may lead to a name that somebody has chosen already, hence the loop.
// taken counts how often a name was asked for, which makes the search short for
// a name that is asked for thousands of times.
func (b *Builder) unique(name, fallback string) string {
	if name == "" {
		name = fallback
	}
	for {
		n := b.taken[name]
		b.taken[name]++
		if n == 0 {
			return name
		}
		next := fmt.Sprintf("%s_%d", name, n)
		if b.taken[next] == 0 {
			b.taken[next]++
			return next
		}
	}
}

// Op adds an operation with one result and returns that. An empty or taken name
// is made unique.
func (b *Builder) Op(typ, name string, result Type, args Args) *Value {
	return b.MultiOp(typ, name, []Type{result}, args)[0]
}

// Do adds an operation without a result, such as write_state.
func (b *Builder) Do(typ, name string, args Args) { b.MultiOp(typ, name, nil, args) }

// MultiOp adds an operation with any number of results. Control flow takes its
// nested blocks, which Block makes. The operands are sorted by name, which is
// how every reader of this package finds them. The result types are the
// caller's to know: nothing here infers shapes, and an engine compares what it
// computes with them.
func (b *Builder) MultiOp(typ, name string, results []Type, args Args, blocks ...*Block) []*Value {
	op := &Op{Type: typ, Blocks: blocks}
	for _, key := range slices.Sorted(maps.Keys(args)) {
		a := Argument{Name: key}
		if args[key] != nil {
			a.Values = slices.Clone(args[key].operands())
		}
		// A nil value mostly comes from a failed call before this one: the
		// error that is kept then says so.
		if a.Values == nil || slices.Contains(a.Values, nil) {
			b.fail(&Error{Function: b.fn.Name, OpType: typ, Op: name, Name: key, Err: bad(ErrStructure, "operand is nil")})
		}
		op.Inputs = append(op.Inputs, a)
	}
	values := make([]*Value, len(results))
	for i, t := range results {
		suffix := "" // results of a split are named as coremltools names them: x_0, x_1
		if len(results) > 1 {
			suffix = fmt.Sprintf("_%d", i)
		}
		// The name of a single result is also that of the operation.
		values[i] = &Value{Name: b.unique(resultName(name, suffix), typ+suffix), Type: t, Producer: op}
	}
	op.Name = name
	switch {
	case len(values) == 1:
		op.Name = values[0].Name
	case name == "":
		op.Name = b.unique("", typ)
	}
	op.Outputs = values
	b.append(op)
	return values
}

// resultName numbers the results of an operation that has several. One without
// a name gets its own from its type.
func resultName(name, suffix string) string {
	if name == "" {
		return ""
	}
	return name + suffix
}

// append adds an operation to the innermost block that is being filled.
func (b *Builder) append(op *Op) {
	block := b.blocks[len(b.blocks)-1]
	block.Ops = append(block.Ops, op)
}

// Block makes a nested block for MultiOp. Fill adds the block's operations to
// the builder and returns the block's results; it is given the block's
// parameters, which have the types of params. Blocks see all values around
// them. The list of open blocks is a stack: while Fill runs, Op adds to the new
// block.
func (b *Builder) Block(params []Type, fill func(in []*Value) []*Value) *Block {
	block := &Block{}
	for _, t := range params {
		block.Inputs = append(block.Inputs, &Value{Name: b.unique("", "block_input"), Type: t})
	}
	b.blocks = append(b.blocks, block)
	block.Outputs = fill(block.Inputs)
	b.blocks = b.blocks[:len(b.blocks)-1]
	return block
}

// Output makes v a result of the function under that name. The operation's
// result is renamed; a parameter, a constant and a value that has been given
// out already pass through an identity operation, as coremltools does it. The
// order of the calls is the order of the results.
func (b *Builder) Output(name string, v *Value) {
	if v == nil {
		b.fail(&Error{Function: b.fn.Name, Name: name, Err: bad(ErrStructure, "output is nil")})
		return
	}
	if v.Name != name {
		if b.taken[name] > 0 {
			b.fail(&Error{Function: b.fn.Name, Name: name, Err: bad(ErrDuplicate, "output")})
		}
		if v.Producer == nil || v.Const != nil || slices.Contains(b.fn.Body.Outputs, v) {
			v = b.Op("identity", name, v.Type, Args{"x": v})
		}
		v.Name = name
		b.taken[name]++
	}
	b.fn.Body.Outputs = append(b.fn.Body.Outputs, v)
}

// Function returns the finished and verified function. What is added to the
// Builder afterwards changes the function that was returned.
func (b *Builder) Function() (*Function, error) {
	if b.err != nil {
		return nil, b.err
	}
	if err := verify(context.Background(), NewProgram(b.fn), true); err != nil {
		return nil, err
	}
	return b.fn, nil
}

// Program returns a verified program that has only this function.
func (b *Builder) Program() (*Program, error) {
	f, err := b.Function()
	if err != nil {
		return nil, err
	}
	return NewProgram(f), nil
}
