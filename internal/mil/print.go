package mil

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/quote"
	"github.com/gocoreml/coreml/internal/storage"
)

// printedElements is how many elements of a constant are shown, as many as
// coremltools shows.
const printedElements = 10

// Print writes a program in the text form of coremltools. Constants of up to
// ten elements are shown where they are used, larger ones by name. Every
// dimension that is left open has a symbol of its own, is0, is1 and so on: the
// file does not say which of them are equal. The text is for reading and for
// comparing; nothing reads it back.
func Print(w io.Writer, p *Program) (err error) {
	defer storage.EndFaults(storage.WatchFaults(), &err) // constants may lie in mapped files
	out := bufio.NewWriter(w)
	for _, f := range p.Functions {
		printFunction(out, f)
	}
	return out.Flush()
}

// PrintFunction writes one function, as Print does.
func PrintFunction(w io.Writer, f *Function) (err error) {
	defer storage.EndFaults(storage.WatchFaults(), &err)
	out := bufio.NewWriter(w)
	printFunction(out, f)
	return out.Flush()
}

// printer writes one function. Errors stay in the bufio.Writer until its Flush.
// Blocks and open dimensions are numbered through the function, as coremltools
// does.
type printer struct {
	*bufio.Writer
	blocks  int
	symbols int
}

// printFunction writes a function, with its inputs below one another. The form
// is that of coremltools' str(Program), so that the two can be compared line by
// line.
func printFunction(w *bufio.Writer, f *Function) {
	p := &printer{Writer: w}
	head := printable(f.Name) + "[" + printable(f.Opset) + "]("
	p.put("\n", head)
	for i, v := range f.Inputs {
		if i > 0 {
			p.put(",\n", strings.Repeat(" ", len(head)))
		}
		p.put(p.declaration(v))
	}
	p.put(") {\n")
	p.block(f.Body, "  ")
	p.put("}\n")
}

// put writes text as it is: what comes from a file has been made printable
// before.
func (p *printer) put(parts ...string) {
	for _, s := range parts {
		// The writer keeps its first error and gives it back from Flush.
		_, _ = p.WriteString(s)
	}
}

// block writes a block. Operations of constants are left out: their content, or
// their name, stands where it is used. Blocks are numbered in the order in
// which they are printed.
func (p *printer) block(b *Block, indent string) {
	p.put(indent, "block", strconv.Itoa(p.blocks), "(")
	p.blocks++
	for i, v := range b.Inputs {
		if i > 0 {
			p.put(", ")
		}
		p.put(p.declaration(v))
	}
	p.put(") {\n")
	for _, op := range b.Ops {
		if op.Type != "const" {
			p.op(op, indent+"  ")
		}
	}
	p.put(indent, "} -> (")
	for i, v := range b.Outputs {
		if i > 0 {
			p.put(", ")
		}
		p.put("%", printable(v.Name))
	}
	p.put(")\n")
}

// op writes one operation, with the blocks of control flow below it. A file
// with thousands of operations is printed as it is walked, so that memory stays
// small.
func (p *printer) op(op *Op, indent string) {
	p.put(indent)
	for i, v := range op.Outputs {
		if i > 0 {
			p.put(", ")
		}
		p.put(p.declaration(v))
	}
	if len(op.Outputs) > 0 {
		p.put(" = ")
	}
	p.put(printable(op.Type), "(")
	for _, a := range displayOrder(op.Inputs) {
		p.put(printable(a.Name), "=", argumentText(a), ", ")
	}
	p.put("name=", strconv.Quote(op.Name), ")\n")
	for _, b := range op.Blocks {
		p.block(b, indent+"  ")
	}
}

// leading operands are shown first, the rest in the order of their names.
var leading = []string{"x", "input", "data", "query", "key", "value", "values", "indices", "pred", "loop_vars", "y", "weight", "bias"}

// displayOrder puts the operands that a reader looks for first, x above all; in
// the program they are sorted by name. Operands of one rank keep the order of
// their names.
func displayOrder(args []Argument) []Argument {
	rank := func(a Argument) int {
		if i := slices.Index(leading, a.Name); i >= 0 {
			return i
		}
		return len(leading)
	}
	return slices.SortedStableFunc(slices.Values(args), func(a, b Argument) int { return rank(a) - rank(b) })
}

// argumentText writes what is bound to an operand, in brackets if there are
// several values.
func argumentText(a Argument) string {
	if len(a.Values) == 1 {
		return valueText(a.Values[0])
	}
	names := make([]string, len(a.Values))
	for i, v := range a.Values {
		names[i] = valueText(v)
	}
	return "(" + strings.Join(names, ", ") + ")"
}

// valueText is how an operand is shown: the content of a small constant, else
// the name, else where the content lies. Content that is not at hand, of
// constants that Builder.Stored made, is shown by its place.
func valueText(v *Value) string {
	c := v.Const
	if c != nil && c.Len() <= printedElements && (c.Data != nil || c.Strings != nil || c.Len() == 0) {
		at := 0
		return elementsText(c, c.Shape, &at)
	}
	if v.Name != "" {
		return "%" + printable(v.Name)
	}
	if c != nil && c.Blob != "" {
		return fmt.Sprintf("<%v in %s at %d>", v.Type, printable(c.Blob), c.Offset)
	}
	return fmt.Sprintf("<%v>", v.Type)
}

// elementsText writes nested lists; at counts the elements that were written.
// It is called for constants of at most printedElements.
func elementsText(c *Const, shape []int, at *int) string {
	if len(shape) == 0 {
		*at++
		return elementText(c, *at-1)
	}
	if slices.Contains(shape, 0) {
		return "[]"
	}
	parts := make([]string, shape[0])
	for i := range parts {
		parts[i] = elementsText(c, shape[1:], at)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// elementText writes one element as Python would. Floats of 8 bits are shown by
// their bits, which is what their files are compared by.
func elementText(c *Const, i int) string {
	switch {
	case c.DType == dtype.String:
		if i < len(c.Strings) {
			return strconv.Quote(c.Strings[i])
		}
		return "?"
	case !holds(c, i):
		return "?"
	case c.DType == dtype.Bool:
		if IntAt(c.Data, c.DType, i) != 0 {
			return "True"
		}
		return "False"
	case c.DType == dtype.Float8E4M3FN || c.DType == dtype.Float8E5M2:
		return fmt.Sprintf("%#02x", c.Data[i])
	case c.DType.IsFloat():
		return floatText(c, i)
	default:
		return strconv.Itoa(IntAt(c.Data, c.DType, i))
	}
}

// holds reports whether c really has element i: printing serves to look at
// programs that do not verify, too.
func holds(c *Const, i int) bool {
	n, ok := c.DType.PackedLen(i + 1)
	return ok && n <= len(c.Data)
}

// floatText writes a number as Python does, with the digits of the double that
// it equals. Python writes a float with a point or an exponent in any case.
func floatText(c *Const, i int) string {
	f := float64(FloatAt(c.Data, c.DType, i))
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 0):
		return strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(f, 'g', -1, 64)), "+")
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

// declaration is a value with its type: %x: (1, is0, fp16)(Tensor). A tuple of
// one has a comma behind it, as in Python.
func (p *printer) declaration(v *Value) string {
	var b strings.Builder
	b.WriteString("%" + printable(v.Name) + ": (")
	for _, d := range v.Type.Shape {
		if d == Unknown {
			fmt.Fprintf(&b, "is%d", p.symbols)
			p.symbols++
		} else {
			b.WriteString(strconv.Itoa(d))
		}
		b.WriteByte(',')
		if len(v.Type.Shape) > 1 {
			b.WriteByte(' ')
		}
	}
	if v.Type.Variadic {
		b.WriteString("..., ")
	}
	if v.Type.Kind != Tuple && v.Type.Kind != Dictionary {
		b.WriteString(dtypeText(v.Type.DType))
	}
	b.WriteString(")(" + kindText(v.Type) + ")")
	return b.String()
}

// dtypeText is the name that coremltools prints in a type.
func dtypeText(t dtype.Type) string {
	if t == dtype.String {
		return "str"
	}
	return t.String()
}

// kindText is the word that coremltools prints behind a type.
func kindText(t Type) string {
	switch {
	case t.Kind == State:
		return "State"
	case t.Kind == List:
		return "List"
	case t.Kind == Tuple:
		return "Tuple"
	case t.Kind == Dictionary:
		return "Dictionary"
	case len(t.Shape) == 0 && !t.Variadic:
		return "Scalar"
	default:
		return "Tensor"
	}
}

// printable keeps control characters that a file put into a name away from the
// terminal. A listing shows names whole: they are what its reader looks for.
func printable(s string) string { return quote.Text(s, len(s)) }
