package mil

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"math"
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

// value writes a stored value with its type.
func (t *textWriter) value(v *Value) {
	c := v.Const
	if v.Type.Kind == List && len(c.Shape) > 0 {
		element := typeText(Type{DType: c.DType, Shape: c.Shape[1:]}, t.plain)
		t.put(listText(element, strconv.Itoa(c.Shape[0])), "(")
	} else {
		t.put(typeText(Type{DType: c.DType, Shape: c.Shape}, t.plain), "(")
	}
	if c.Blob != "" {
		t.put("BLOBFILE(path = ", t.scalar(dtype.String), "(", stringText(c.Blob), "), offset = ",
			t.scalar(dtype.UInt64), "(", strconv.FormatUint(c.Offset, 10), "))")
	} else {
		at := 0
		t.elements(c, c.Shape, &at)
	}
	t.put(")")
}

// elements writes nested lists; at counts the elements that were written.
func (t *textWriter) elements(c *Const, shape []int, at *int) {
	if len(shape) == 0 {
		t.put(textElement(c, *at))
		*at++
		return
	}
	t.put("[")
	if c.Len() > 0 { // a shape may have any number of empty parts
		for i := range shape[0] {
			if i > 0 {
				t.put(", ")
			}
			t.elements(c, shape[1:], at)
		}
	}
	t.put("]")
}

// textElement writes one element. What a program that does not verify lacks is written as
// what no reader takes.
func textElement(c *Const, i int) string {
	switch {
	case c.DType == dtype.String && i < len(c.Strings):
		return stringText(c.Strings[i])
	case c.DType == dtype.String || !holds(c, i):
		return "?"
	case c.DType == dtype.Bool:
		return strconv.FormatBool(c.Data[i] != 0)
	case c.DType.IsFloat():
		return hexFloat(c, i)
	case c.DType == dtype.UInt64:
		return strconv.FormatUint(bitsAt(c, i), 10)
	case c.DType == dtype.Int64:
		return strconv.FormatInt(int64(bitsAt(c, i)), 10)
	}
	return strconv.Itoa(IntAt(c.Data, c.DType, i))
}

// bitsAt returns the bits of an element of whole bytes.
func bitsAt(c *Const, i int) (v uint64) {
	width := c.DType.Size()
	for k := range width {
		v |= uint64(c.Data[i*width+k]) << (8 * k)
	}
	return v
}

// hexFloat writes a number in C's hexadecimal form, which has all of its bits, as those
// of a nan that is not the usual one are given.
func hexFloat(c *Const, i int) string {
	bits := bitsAt(c, i)
	var f float64
	switch c.DType {
	case dtype.Float64:
		f = math.Float64frombits(bits)
	case dtype.Float8E4M3FN, dtype.Float8E5M2:
		f = float8(byte(bits), c.DType)
	default:
		f = float64(FloatAt(c.Data, c.DType, i))
	}
	switch {
	case math.IsNaN(f) && bits == usualNaN(c.DType):
		return "nan"
	case math.IsNaN(f):
		return fmt.Sprintf("nan(%#x)", bits)
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	s := strconv.FormatFloat(f, 'x', -1, 64)
	// Go writes two digits of an exponent at least, and C one.
	if n := len(s); s[n-2] == '0' && (s[n-3] == '-' || s[n-3] == '+') {
		s = s[:n-2] + s[n-1:]
	}
	return s
}

// stringText writes a string with C's escapes: nothing of it reaches a terminal as it is.
func stringText(s string) string { return strconv.Quote(s) }
