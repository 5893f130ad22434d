// Package mil is the typed form of an ML Program: functions, blocks, operations
// and values as a package stores them, with names resolved to the values that
// they mean. It reads a program from a package, verifies and prints it, and
// builds new ones. It executes nothing.
//
// A Program is immutable once it has been read or built; any number of
// goroutines may use it at once. Constants refer to the package's memory and are
// valid until the package is closed.
package mil

import (
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Program is one ML Program: its functions, of which each is a separate entry
// point.
type Program struct {
	// Version is the program's own version number, 1 in every package seen.
	Version int64
	// Functions are in the order of their names.
	Functions []*Function
	// Attributes are the program's string attributes, such as buildInfo entries.
	Attributes map[string]string
}

// Function returns the function of that name, or nil.
func (p *Program) Function(name string) *Function {
	for _, f := range p.Functions {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Function is one entry point of a program. Functions of one program share
// nothing but constants.
type Function struct {
	Name string
	// Opset is the operator set that the body is written in: CoreML5 to CoreML8.
	Opset string
	// Inputs are the parameters in declared order. A parameter of kind State is
	// a state.
	Inputs []*Value
	// Body is the block specialised for Opset. It takes no parameters of its
	// own: those are Inputs.
	Body *Block
}

// Block is a list of operations in execution order, with the values that it
// takes and gives. A value is defined before it is used, here or in a block
// around this one.
type Block struct {
	Inputs  []*Value
	Ops     []*Op
	Outputs []*Value
}

// Op is one operation.
type Op struct {
	// Type is the operator's name, such as linear or constexpr_lut_to_dense.
	Type string
	// Name is the name attribute, else the name of the first output.
	Name string
	// Inputs are the named arguments in the order of their names. The operands
	// that targets up to iOS17 store as attributes of constexpr operators are
	// among them, so that both forms read alike.
	Inputs []Argument
	// Outputs are the results; write_state has none.
	Outputs []*Value
	// Opset is the operator set that the operation is written in where it is another
	// than its function's; else it is empty. Only texts can say so.
	Opset string
	// Blocks are the nested blocks of cond (true, false) and while_loop
	// (condition, body). They see every value that is defined before this
	// operation.
	Blocks []*Block
}

// Argument is one named operand. All but the variadic ones (values of concat,
// stack and einsum, loop_vars, ...) bind exactly one value.
type Argument struct {
	Name   string
	Values []*Value
}

// Arg returns the values bound to the operand of that name, nil when absent.
// The list is short, and a search by hand is faster than a map.
func (o *Op) Arg(name string) []*Value {
	for i := range o.Inputs {
		if o.Inputs[i].Name == name {
			return o.Inputs[i].Values
		}
	}
	return nil
}

// Input returns the first value bound to the operand of that name, or nil.
func (o *Op) Input(name string) *Value {
	if v := o.Arg(name); len(v) > 0 {
		return v[0]
	}
	return nil
}

// Value is a named result, parameter or constant. Values are compared by
// identity. There is one *Value for each definition, and whoever uses it points
// to it.
type Value struct {
	// Name is unique within a function; inline constants have an empty one.
	Name string
	Type Type
	// Producer is the operation that gives the value; nil for parameters and for
	// inline constants.
	Producer *Op
	// Const is the value itself where the program stores it: the result of a
	// const operation or an inline operand. It is nil for everything computed,
	// the results of constexpr operators included.
	Const *Const
}

// Kind tells the sorts of value apart.
type Kind uint8

// The kinds of value. Most are tensors; a state is memory that outlives a
// prediction.
const (
	Tensor Kind = iota
	State
	List
	Tuple
	Dictionary
)

// Unknown is the size of a dimension that the program leaves open.
const Unknown = -1

// Type is what a program declares of a value. Declared types may leave open
// what a run decides, and a converter may declare them wrongly: engines check
// what they compute against them only where it matters to them.
type Type struct {
	Kind Kind
	// DType is the element type of a tensor, of the tensor that a state wraps, of a
	// list's elements, or of a dictionary's keys.
	DType dtype.Type
	// Shape holds a size or Unknown for each dimension; empty for a scalar. For a
	// list it is the shape of an element.
	Shape []int
	// Variadic marks a tensor whose rank itself is unknown.
	Variadic bool
}

// String returns the type in the manner of coremltools: tensor<fp16, [1, ?]>.
func (t Type) String() string {
	var b strings.Builder
	b.WriteString("tensor<")
	b.WriteString(t.DType.String())
	b.WriteString(", [")
	for i, d := range t.Shape {
		if i > 0 {
			b.WriteString(", ")
		}
		if d == Unknown {
			b.WriteByte('?')
		} else {
			fmt.Fprint(&b, d)
		}
	}
	if t.Variadic {
		b.WriteString("...")
	}
	b.WriteString("]>")
	switch t.Kind {
	case State:
		return "state<" + b.String() + ">"
	case List:
		return "list<" + b.String() + ">"
	case Tuple:
		return "tuple"
	case Dictionary:
		return "dictionary"
	default:
		return b.String()
	}
}

// Const is a stored value. It is shared by all who read the program and never
// changed.
type Const struct {
	DType dtype.Type
	Shape []int
	// Data is the little-endian, row-major and, for sub-byte types, bit-packed
	// content. It belongs to the package; do not write to it. It is not
	// necessarily aligned. Nil for strings.
	Data []byte
	// Strings holds the elements of a string tensor.
	Strings []string
	// Blob is the name of the weight file and Offset the place in it when the
	// value is stored there rather than in the program; Blob is empty otherwise.
	Blob   string
	Offset uint64
}

// Len returns the number of elements. A shape that overflows or is open has 0;
// Verify refuses both.
func (c *Const) Len() int {
	n, ok := dtype.Count(c.Shape)
	if !ok {
		return 0
	}
	return n
}
