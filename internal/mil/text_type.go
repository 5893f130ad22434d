package mil

import (
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
)

// scalarTypes are the element types by the names that the text has for them.
var scalarTypes = func() map[string]dtype.Type {
	m := map[string]dtype.Type{}
	for _, t := range dtypes {
		m[t.String()] = t
	}
	return m
}()

// compoundTypes are the names that types with parameters begin with.
var compoundTypes = map[string]bool{"tensor": true, "list": true, "dict": true, "tuple": true, "state": true}

// maxTypeDepth bounds how deeply types are nested. FlexibleShapeInformation has five.
const maxTypeDepth = 32

// isType reports whether the token is the name of a type.
func (l *lexer) isType() bool {
	if l.tok.kind != textName {
		return false
	}
	name := l.src[l.tok.start:l.tok.end]
	return compoundTypes[string(name)] || scalarTypes[string(name)] != dtype.Invalid
}

// readType reads a type: a scalar, which is a tensor of rank 0, or one with parameters.
func (p *textParser) readType(depth int) (t Type, err error) {
	if depth > maxTypeDepth {
		return t, p.wrong(ErrType, "types are nested more than %d deep", maxTypeDepth)
	}
	if p.tok.kind != textName {
		return t, p.expected("a type")
	}
	name := p.text()
	if s := scalarTypes[name]; s != dtype.Invalid {
		return Type{DType: s}, p.next()
	}
	if !compoundTypes[name] {
		return t, p.wrong(ErrType, "%s is no type", Plain(name))
	}
	if err := p.next(); err != nil {
		return t, err
	}
	if name == "tensor" {
		return p.tensorType()
	}
	return p.compoundType(name, depth)
}

// compoundType reads the parameters of a type that is no tensor. Of these only so much is
// kept as convertType keeps. A number behind a type is the length of a list.
func (p *textParser) compoundType(name string, depth int) (t Type, err error) {
	start := p.tok.start
	var parts []Type
	err = p.listed('<', '>', func() error {
		if name == "list" && len(parts) == 1 {
			_, err := p.dimension()
			return err
		}
		part, err := p.readType(depth + 1)
		if err != nil {
			return err
		}
		parts = append(parts, part)
		return p.spend(int(typeSize))
	})
	switch {
	case err != nil:
	case name == "tuple":
		t.Kind = Tuple
	case name == "state":
		if len(parts) != 1 || parts[0].Kind != Tensor {
			return t, p.at(start, bad(ErrType, "a state must wrap a tensor"))
		}
		t = parts[0]
		t.Kind = State
	case name == "list":
		if len(parts) == 1 && parts[0].Kind == Tensor {
			t = parts[0]
		}
		t.Kind = List
	case len(parts) != 2 && len(parts) != 0:
		err = p.at(start, bad(ErrType, "a dictionary has %d types, not 2", len(parts)))
	default:
		t.Kind = Dictionary
		if len(parts) == 2 && parts[0].Kind == Tensor {
			t.DType = parts[0].DType
		}
	}
	return t, err
}

// tensorType reads the parameters of a tensor: <fp16, [1, ?]>. Three points stand for any
// number of dimensions.
func (p *textParser) tensorType() (t Type, err error) {
	if err := p.skip('<'); err != nil {
		return t, err
	}
	if t.DType = scalarTypes[string(p.src[p.tok.start:p.tok.end])]; p.tok.kind != textName || t.DType == dtype.Invalid {
		return t, p.expected("an element type")
	}
	if err := p.next(); err != nil {
		return t, err
	}
	if err := p.skip(','); err != nil {
		return t, err
	}
	err = p.listed('[', ']', func() error {
		if len(t.Shape) == MaxRank {
			return p.wrong(ErrType, "more than %d dimensions", MaxRank)
		}
		if p.tok.kind == textNumber && string(p.src[p.tok.start:p.tok.end]) == "..." {
			t.Variadic = true
			return p.next()
		}
		d, err := p.dimension()
		t.Shape = append(t.Shape, d)
		return err
	})
	if err != nil {
		return t, err
	}
	return t, p.skip('>')
}

// dimension reads a size, or the mark of one that is open.
func (p *textParser) dimension() (int, error) {
	if open, err := p.got('?'); open {
		return Unknown, err
	}
	if p.tok.kind != textNumber {
		return 0, p.expected("a size")
	}
	n, err := strconv.ParseUint(p.text(), 10, strconv.IntSize-1)
	if err != nil {
		return 0, p.expected("a size")
	}
	return int(n), p.next()
}

// typeText writes a type. With plain, scalars are written by their element type alone, as
// texts of version 1.3 have them.
func typeText(t Type, plain bool) string {
	var b strings.Builder
	if t.DType == dtype.Invalid {
		b.Reset()
	} else if len(t.Shape) == 0 && !t.Variadic && plain {
		b.WriteString(t.DType.String())
	} else {
		b.WriteString("tensor<" + t.DType.String() + ", [")
		for i, d := range t.Shape {
			if i > 0 {
				b.WriteString(", ")
			}
			if d == Unknown {
				b.WriteByte('?')
			} else {
				b.WriteString(strconv.Itoa(d))
			}
		}
		if t.Variadic {
			if len(t.Shape) > 0 {
				b.WriteString(", ")
			}
			b.WriteString("...")
		}
		b.WriteString("]>")
	}
	switch t.Kind {
	case State:
		return "state<" + b.String() + ">"
	case List:
		return listText(b.String(), "?")
	case Tuple:
		return "tuple<>"
	case Dictionary:
		if t.DType == dtype.Invalid {
			return "dict<>"
		}
		// What it leads to is not kept; a classifier's is a number.
		return "dict<" + b.String() + ", " + typeText(Type{DType: dtype.Float64}, plain) + ">"
	}
	return b.String()
}

// listText writes the type of a list; no more than that it is one may be known.
func listText(element, length string) string {
	if element == "" {
		return "list<>"
	}
	return "list<" + element + ", " + length + ">"
}
