package mil

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/internal/storage"
)

// Read builds the typed form of a package's program and verifies it. Constants
// refer to the package's memory and are valid until it is closed. Read gives up
// with ctx's error when ctx ends. It is called once for each loaded package,
// and the time goes into resolving names. The program of a compiled model is a text, and
// that of a pipeline one made of its models' programs.
func Read(ctx context.Context, pkg *modelpkg.Package) (*Program, error) {
	budget := maxTextMemory
	return read(ctx, pkg, &budget)
}

// read is Read with a budget of memory that the models of a pipeline share.
func read(ctx context.Context, pkg *modelpkg.Package, budget *int) (*Program, error) {
	if len(pkg.Stages()) > 0 {
		return readPipeline(ctx, pkg, budget)
	}
	if text := pkg.Text(); text != nil {
		p, err := fromText(ctx, text, pkg, budget)
		if text, ok := errors.AsType[*TextError](err); ok {
			err = fmt.Errorf("%s: %w", modelpkg.ProgramName, text)
		}
		return p, err
	}
	return fromProto(ctx, pkg.Model().Program, pkg)
}

// BlobSource finds the tensors of weight files; a *modelpkg.Package is one. Its
// results may refer to mapped memory.
type BlobSource interface {
	Blob(fileName string, offset uint64) (modelpkg.Blob, error)
}

// FromProto builds the typed form of a decoded program and verifies it. Blobs may
// be nil when the program refers to no weight file.
func FromProto(m *milpb.Program, blobs BlobSource) (*Program, error) {
	return fromProto(context.Background(), m, blobs)
}

// Constants may refer to mapped files, which can be shortened while they are
// read: a fault in one becomes an error here. The functions are read one by
// one, each with a scope of its own: they see nothing of each other.
func fromProto(ctx context.Context, m *milpb.Program, blobs BlobSource) (_ *Program, err error) {
	defer storage.EndFaults(storage.WatchFaults(), &err)
	if m == nil {
		return nil, bad(ErrStructure, "there is no program")
	}
	p := &Program{Version: m.Version, Attributes: stringAttributes(m.Attributes)}
	for i := range m.Functions {
		entry := &m.Functions[i]
		r := &reader{ctx: ctx, blobs: blobs, function: entry.Name, scope: make(map[string]*Value, operations(entry.Function))}
		f, err := r.readFunction(entry)
		if err != nil {
			return nil, err
		}
		p.Functions = append(p.Functions, f)
	}
	// The functions are a map in the format. Sorted, the same file gives the
	// same listing each time.
	sortFunctions(p.Functions)
	if err := verify(ctx, p, false); err != nil {
		return nil, err
	}
	return p, nil
}

// operations counts those of a function's bodies, for the size of its scope. A
// map that grows step by step would allocate twice as much.
func operations(f *milpb.Function) (n int) {
	if f == nil {
		return 0
	}
	for _, b := range f.Blocks {
		if b.Block != nil {
			n += len(b.Block.Operations)
		}
	}
	return n
}

// reader reads one function. It turns names into pointers, once, so that nobody
// behind it looks anything up by name. An operand that is not in scope yet is
// an error: programs are written in an order in which each value comes before
// its use. An error ends the reading of the whole program; nothing half-read is
// returned.
type reader struct {
	ctx      context.Context //nolint:containedctx // lives for one reading
	blobs    BlobSource
	function string
	op       *Op // the operation being read, for errors
	// scope is every name visible at this point.
	scope map[string]*Value
}

// fail wraps an error with the place that is being read. The innermost place is
// kept: whoever passes the error on knows less. An error of the context passes
// as it is, and so does one of a whole weight file, which is no fault of the
// operation that happened to ask first.
func (r *reader) fail(name string, err error) error {
	var placed *Error
	if errors.As(err, &placed) || r.ctx.Err() != nil && errors.Is(err, r.ctx.Err()) {
		return err
	}
	if blob, ok := errors.AsType[*modelpkg.BlobError](err); ok && blob.WholeFile() {
		return err // whatever the operation that asked first
	}
	e := &Error{Function: r.function, Name: name, Err: err}
	if r.op != nil {
		e.OpType, e.Op = r.op.Type, r.op.Name
	}
	return e
}

// readFunction reads the body for the function's own operator set. Bodies for
// others may stand beside it and are not for us.
func (r *reader) readFunction(entry *milpb.NamedFunction) (*Function, error) {
	m := entry.Function
	if m == nil {
		return nil, r.fail("", bad(ErrStructure, "function is empty"))
	}
	f := &Function{Name: entry.Name, Opset: m.Opset}
	var err error
	if f.Inputs, err = r.declare(m.Inputs); err != nil {
		return nil, err
	}
	for i := range m.Blocks {
		if m.Blocks[i].Opset != m.Opset || m.Blocks[i].Block == nil {
			continue
		}
		if f.Body != nil {
			return nil, r.fail("", bad(ErrDuplicate, "two blocks for operator set %s", Quote(m.Opset)))
		}
		if f.Body, err = r.readBlock(m.Blocks[i].Block); err != nil {
			return nil, err
		}
	}
	if f.Body == nil {
		return nil, r.fail("", bad(ErrStructure, "no block for operator set %s", Quote(m.Opset)))
	}
	return f, nil
}

// declare makes values for parameters and enters them into the scope. Types are
// converted here, so that one which is malformed is reported with its name.
func (r *reader) declare(list []milpb.NamedValueType) ([]*Value, error) {
	values := make([]*Value, len(list))
	for i := range list {
		v := &Value{Name: list[i].Name}
		var err error
		if v.Type, err = convertType(list[i].Type); err != nil {
			return nil, r.fail(v.Name, err)
		}
		if err := r.define(v); err != nil {
			return nil, err
		}
		values[i] = v
	}
	return values, nil
}

// define enters a value into the scope. A name that is visible cannot be
// defined again, in a nested block either: an operand of that name would have
// two meanings.
func (r *reader) define(v *Value) error {
	if v.Name == "" {
		return r.fail("", bad(ErrStructure, "value without a name"))
	}
	if _, ok := r.scope[v.Name]; ok {
		return r.fail(v.Name, ErrDuplicate)
	}
	r.scope[v.Name] = v
	return nil
}

// readBlock reads a block. Names that it defines go out of scope at its end.
// The function's own parameters are not among them and stay.
func (r *reader) readBlock(m *milpb.Block) (*Block, error) {
	b := &Block{}
	var err error
	if b.Inputs, err = r.declare(m.Inputs); err != nil {
		return nil, err
	}
	b.Ops = make([]*Op, 0, len(m.Operations))
	for i := range m.Operations {
		if err := ended(r.ctx, i); err != nil {
			return nil, err
		}
		op, err := r.readOp(&m.Operations[i])
		if err != nil {
			return nil, err
		}
		b.Ops = append(b.Ops, op)
	}
	for _, name := range m.Outputs {
		v := r.scope[name]
		if v == nil {
			return nil, r.fail(name, bad(ErrUndefined, "block output"))
		}
		b.Outputs = append(b.Outputs, v)
	}
	for _, v := range b.Inputs {
		delete(r.scope, v.Name)
	}
	for _, op := range b.Ops {
		for _, v := range op.Outputs {
			delete(r.scope, v.Name)
		}
	}
	return b, nil
}

// readOp reads an operation. Its results are entered into the scope last, so
// that neither it nor a block inside of it can use them. Blocks are read before
// the results are declared.
func (r *reader) readOp(m *milpb.Operation) (*Op, error) {
	op := &Op{Type: m.Type, Name: opName(m)}
	outer := r.op
	r.op = op
	defer func() { r.op = outer }()
	if op.Type == "" {
		return nil, r.fail("", bad(ErrStructure, "operation without a type"))
	}
	if err := r.readInputs(op, m); err != nil {
		return nil, err
	}
	for i := range m.Blocks {
		b, err := r.readBlock(&m.Blocks[i])
		if err != nil {
			return nil, err
		}
		op.Blocks = append(op.Blocks, b)
	}
	var err error
	if op.Outputs, err = r.declare(m.Outputs); err != nil {
		return nil, err
	}
	for _, v := range op.Outputs {
		v.Producer = op
	}
	if op.Type == "const" {
		return op, r.readConst(op, m)
	}
	return op, nil
}

// opsAtOnce is how many operations are handled between two looks at the
// context.
const opsAtOnce = 64

// ended returns the error of a context that has ended before operation i; it looks
// now and then.
func ended(ctx context.Context, i int) error {
	if i%opsAtOnce != 0 {
		return nil
	}
	return ctx.Err()
}

// opName returns the name attribute, else the name of the first output. Names
// are for people and for listings; nothing is looked up by them.
func opName(m *milpb.Operation) string {
	if v := attribute(m.Attributes, "name"); v != nil {
		if s, ok := plainString(v); ok {
			return s
		}
	}
	if len(m.Outputs) > 0 {
		return m.Outputs[0].Name
	}
	return ""
}

// readInputs resolves operands. What targets up to iOS17 store as attributes of
// constexpr operators joins them. Every attribute of such an operator but the
// name is an operand; the attributes of other operators are not read.
func (r *reader) readInputs(op *Op, m *milpb.Operation) error {
	op.Inputs = make([]Argument, 0, len(m.Inputs))
	for i := range m.Inputs {
		a, err := r.readArgument(&m.Inputs[i])
		if err != nil {
			return err
		}
		op.Inputs = append(op.Inputs, a)
	}
	if strings.HasPrefix(op.Type, "constexpr_") {
		for i := range m.Attributes {
			attr := &m.Attributes[i]
			if attr.Name == "name" {
				continue
			}
			v, err := r.inline(attr.Value)
			if err != nil {
				return r.fail(attr.Name, err)
			}
			op.Inputs = append(op.Inputs, Argument{Name: attr.Name, Values: []*Value{v}})
		}
	}
	// Operands are a map in the format; sorted, one is found by its name
	// quickly, and two of one name are neighbours.
	sortArguments(op.Inputs)
	for i := 1; i < len(op.Inputs); i++ {
		if op.Inputs[i].Name == op.Inputs[i-1].Name {
			return r.fail(op.Inputs[i].Name, bad(ErrDuplicate, "operand"))
		}
	}
	return nil
}

// readArgument resolves what is bound to an operand: names of values, or
// constants that are stored in their place. An operand without bindings stays,
// with no values.
func (r *reader) readArgument(m *milpb.NamedArgument) (Argument, error) {
	a := Argument{Name: m.Name}
	if m.Name == "" {
		return a, r.fail("", bad(ErrStructure, "operand without a name"))
	}
	if m.Argument == nil {
		return a, nil
	}
	a.Values = make([]*Value, 0, len(m.Argument.Bindings))
	for i := range m.Argument.Bindings {
		binding := &m.Argument.Bindings[i]
		if binding.Value != nil {
			v, err := r.inline(binding.Value)
			if err != nil {
				return a, r.fail(m.Name, err)
			}
			a.Values = append(a.Values, v)
			continue
		}
		v := r.scope[binding.Name]
		if v == nil {
			return a, r.fail(binding.Name, bad(ErrUndefined, "operand %s", Plain(m.Name)))
		}
		a.Values = append(a.Values, v)
	}
	return a, nil
}

// inline makes a value of an operand that is written in place. It has no name
// and no producer, by which others recognise it.
func (r *reader) inline(m *milpb.Value) (*Value, error) {
	t, c, err := convertValue(r.ctx, m, r.blobs)
	if err != nil {
		return nil, err
	}
	return &Value{Type: t, Const: c}, nil
}

// readConst gives the output of a const operation its value. coremltools writes
// it as the attribute val; an operand of that name is read as well.
func (r *reader) readConst(op *Op, m *milpb.Operation) error {
	if len(op.Outputs) != 1 {
		return r.fail("", bad(ErrStructure, "const has %d outputs", len(op.Outputs)))
	}
	out := op.Outputs[0]
	var c *Const
	if v := attribute(m.Attributes, "val"); v != nil {
		var err error
		if _, c, err = convertValue(r.ctx, v, r.blobs); err != nil {
			return r.fail(out.Name, err)
		}
	} else if v := op.Input("val"); v != nil {
		c = v.Const
	}
	if c == nil {
		return r.fail(out.Name, bad(ErrConst, "const has no val"))
	}
	// The operand is the value itself now; keeping it would show it twice.
	op.Inputs = nil
	out.Const = c
	return nil
}
