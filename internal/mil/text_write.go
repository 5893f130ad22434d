package mil

import (
	"bufio"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/storage"
)

// WriteText writes a program in Core ML's own text form, that of model.mil in a compiled
// model, which [FromText] reads back as the same program. Constants that lie in a weight
// file are written by their place there. Names that are no identifiers, which Core ML
// does not have, are written as strings.
func WriteText(w io.Writer, p *Program) (err error) {
	defer storage.EndFaults(storage.WatchFaults(), &err) // constants may lie in mapped files
	t := &textWriter{Writer: bufio.NewWriter(w)}
	// Scalars are spelled as the systems do that know the newest operator set.
	for _, f := range p.Functions {
		n, err := opsetNumber(f.Opset)
		t.plain = t.plain || err == nil && n >= 8
	}
	minor := 0
	if t.plain {
		minor = 3
	}
	t.put("program(", strconv.FormatInt(p.Version, 10), ".", strconv.Itoa(minor), ")\n")
	t.attributes(p.Attributes)
	t.put("{\n")
	for _, f := range p.Functions {
		t.function(f)
	}
	t.put("}\n")
	return t.Flush()
}

// textWriter writes a program. Errors stay in the bufio.Writer until its Flush.
type textWriter struct {
	*bufio.Writer
	plain  bool // spell scalars by their element type alone
	before bool // the operator set has its constexpr operands as attributes
}

func (t *textWriter) put(parts ...string) {
	for _, s := range parts {
		_, _ = t.WriteString(s) // Flush gives the error back
	}
}

// attributes writes the attributes of a program. Those whose name has a point are entries
// of a dictionary, as in attributeMessages.
func (t *textWriter) attributes(attributes map[string]string) {
	if len(attributes) == 0 {
		return
	}
	text := t.scalar(dtype.String)
	t.put("[")
	open := ""
	for i, key := range slices.Sorted(maps.Keys(attributes)) {
		name, entry, ok := strings.Cut(key, ".")
		switch {
		case ok && open == name:
			t.put(", ")
		case open != "":
			t.put("}), ")
			open = ""
		case i > 0:
			t.put(", ")
		}
		if !ok {
			t.put(nameText(key), " = ", text, "(", stringText(attributes[key]), ")")
			continue
		}
		if open != name {
			t.put(nameText(name), " = dict<", text, ", ", text, ">({")
			open = name
		}
		t.put("{", stringText(entry), ", ", stringText(attributes[key]), "}")
	}
	if open != "" {
		t.put("})")
	}
	t.put("]\n")
}

// scalar is the type of a scalar.
func (t *textWriter) scalar(d dtype.Type) string { return typeText(Type{DType: d}, t.plain) }

// function writes a function.
func (t *textWriter) function(f *Function) {
	n, err := opsetNumber(f.Opset)
	t.before = err == nil && n < 8
	t.put("    func ", nameText(f.Name), "<", textOpset(f.Opset), ">")
	t.parameters(f.Inputs)
	t.body(f.Body, "        ")
	t.put(";\n")
}

func (t *textWriter) parameters(list []*Value) {
	t.put("(")
	t.declarations(list)
	t.put(")")
}

func (t *textWriter) declarations(list []*Value) {
	for i, v := range list {
		if i > 0 {
			t.put(", ")
		}
		t.put(typeText(v.Type, t.plain), " ", nameText(v.Name))
	}
}

// body writes the operations of a block, further in than the line that begins it, and its
// results.
func (t *textWriter) body(b *Block, indent string) {
	t.put(" {\n")
	for _, op := range b.Ops {
		t.op(op, indent+"    ")
	}
	t.put(indent, "} -> (")
	for i, v := range b.Outputs {
		if i > 0 {
			t.put(", ")
		}
		t.put(nameText(v.Name))
	}
	t.put(")")
}

// op writes an operation, and the blocks of control flow behind it.
func (t *textWriter) op(op *Op, indent string) {
	t.put(indent)
	t.declarations(op.Outputs)
	if len(op.Outputs) > 0 {
		t.put(" = ")
	}
	// A name that a type has too would be taken for one.
	typ := nameText(op.Type)
	if compoundTypes[op.Type] || scalarTypes[op.Type] != dtype.Invalid {
		typ = stringText(op.Type)
	}
	t.put(typ)
	if op.Opset != "" {
		t.put("<", textOpset(op.Opset), ">")
	}
	attributes := t.before && inAttributes(op)
	t.put("(")
	if !attributes {
		t.arguments(op.Inputs, t.argument)
	}
	t.put(")")
	t.opAttributes(op, attributes)
	for _, b := range op.Blocks {
		t.put(" ")
		t.parameters(b.Inputs)
		t.body(b, indent)
	}
	t.put(";\n")
}

// inAttributes reports whether an operation has its operands as attributes where its
// operator set asks for it: a constexpr operation with constants in their place.
func inAttributes(op *Op) bool {
	return isConstexpr(op) && !slices.ContainsFunc(op.Inputs, func(a Argument) bool {
		return a.Name == "name" || len(a.Values) != 1 || a.Values[0].Const == nil || a.Values[0].Name != ""
	})
}

// arguments writes a list of operands by their names.
func (t *textWriter) arguments(list []Argument, write func(a Argument)) {
	for i, a := range list {
		if i > 0 {
			t.put(", ")
		}
		t.put(nameText(a.Name), " = ")
		write(a)
	}
}

// argument writes what is bound to an operand, in parentheses unless it is one value.
func (t *textWriter) argument(a Argument) {
	if len(a.Values) == 1 {
		t.operand(a.Values[0])
		return
	}
	t.put("(")
	for i, v := range a.Values {
		if i > 0 {
			t.put(", ")
		}
		t.operand(v)
	}
	t.put(")")
}

func (t *textWriter) operand(v *Value) {
	if v.Name == "" && v.Const != nil {
		t.value(v)
		return
	}
	t.put(nameText(v.Name))
}

// opAttributes writes the attributes of an operation.
func (t *textWriter) opAttributes(op *Op, operands bool) {
	separator := "["
	next := func() {
		t.put(separator)
		separator = ", "
	}
	if operands && len(op.Inputs) > 0 {
		next()
		t.arguments(op.Inputs, t.argument)
	}
	if op.Name != "" || len(op.Outputs) > 0 {
		next()
		t.put("name = ", t.scalar(dtype.String), "(", stringText(op.Name), ")")
	}
	if op.Type == "const" && len(op.Outputs) == 1 && op.Outputs[0].Const != nil {
		next()
		t.put("val = ")
		t.value(op.Outputs[0])
	}
	if separator != "[" {
		t.put("]")
	}
}
