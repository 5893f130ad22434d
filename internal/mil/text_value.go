package mil

import (
	"encoding/binary"
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/milpb"
)

// readValue reads a stored value: its type, and in parentheses its content.
func (p *textParser) readValue() (t Type, c *Const, err error) {
	start := p.tok.start
	if t, err = p.readType(0); err != nil {
		return t, nil, err
	}
	if err := p.skip('('); err != nil {
		return t, nil, err
	}
	switch t.Kind {
	case Tensor:
		c, err = p.tensorConst(start, t)
	case List:
		c, err = p.listConst(start, t)
	default:
		err = p.at(start, bad(ErrConst, "stored value of type %v", t))
	}
	if err != nil {
		return t, nil, err
	}
	return t, c, p.skip(')')
}

// tensorConst reads the content of a tensor: the place in a weight file, or elements in
// brackets, as deep as the tensor's rank.
func (p *textParser) tensorConst(start int, t Type) (*Const, error) {
	n, ok := dtype.Count(t.Shape)
	if !ok || t.Variadic {
		return nil, p.at(start, bad(ErrConst, "type %v has no fixed size", t))
	}
	c := &Const{DType: t.DType, Shape: t.Shape}
	if p.is("BLOBFILE") {
		return c, p.blob(start, c, n)
	}
	e, err := p.elements(start, c, n)
	if err != nil {
		return nil, err
	}
	return c, e.read(c.Shape)
}

// blob reads where a value lies in a weight file.
func (p *textParser) blob(start int, c *Const, n int) error {
	if err := p.next(); err != nil {
		return err
	}
	var m milpb.BlobFileValue
	seen := 0
	err := p.listed('(', ')', func() error {
		key := p.text()
		if err := p.skip(textName); err != nil {
			return err
		}
		if err := p.skip('='); err != nil {
			return err
		}
		at := p.tok.start
		_, v, err := p.readValue()
		if err != nil {
			return err
		}
		seen++
		switch {
		case key == "path" && v.DType == dtype.String && v.Len() == 1:
			m.FileName = v.Strings[0]
		case key == "offset" && v.DType.IsInt() && v.DType.Size() == 8 && v.Len() == 1:
			m.Offset = binary.LittleEndian.Uint64(v.Data)
		case key == "offset" && v.DType.IsInt() && v.Len() == 1 && IntAt(v.Data, v.DType, 0) >= 0:
			m.Offset = uint64(IntAt(v.Data, v.DType, 0))
		default:
			return p.at(at, bad(ErrText, "a blob has path, a string, and offset, an integer"))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if seen != 2 || m.FileName == "" {
		return p.at(start, bad(ErrText, "a blob has path, a string, and offset, an integer"))
	}
	if err := fillBlob(c, n, &m, p.blobs); err != nil {
		return p.foreign(start, err)
	}
	return nil
}

// listConst reads a list of tensors as a tensor with one more dimension, as the reader of
// messages does.
func (p *textParser) listConst(start int, t Type) (*Const, error) {
	part := Type{DType: t.DType, Shape: t.Shape, Variadic: t.Variadic}
	n, ok := dtype.Count(t.Shape)
	if !ok || t.Variadic || t.DType.Size() == 0 && t.DType != dtype.String {
		return nil, p.at(start, bad(ErrConst, "a list of %v has no fixed size", part))
	}
	all := &Const{DType: t.DType}
	count := 0
	// A list's own brackets are not known for sure: any will do.
	open, closing := p.tok.kind, closingOf(p.tok.kind)
	if closing == textEnd {
		return nil, p.expected("[")
	}
	err := p.listed(open, closing, func() error {
		c := &Const{DType: t.DType, Shape: t.Shape}
		e, err := p.elements(p.tok.start, c, n)
		if err != nil {
			return err
		}
		if err := e.read(c.Shape); err != nil {
			return err
		}
		count++
		all.Data, all.Strings = append(all.Data, c.Data...), append(all.Strings, c.Strings...)
		return nil
	})
	all.Shape = append([]int{count}, t.Shape...)
	return all, err
}

// elements prepares to read n elements into c. Their memory is made at once, so the text
// must be long enough to hold them: each takes a character and a comma.
func (p *textParser) elements(start int, c *Const, n int) (*elements, error) {
	if n > 0 && n-1 > (len(p.src)-p.tok.start)/2 {
		return nil, p.at(start, bad(ErrConst, "%d elements are more than the text can hold", n))
	}
	e := &elements{p: p, c: c, empty: n == 0}
	if c.DType == dtype.String {
		c.Strings = make([]string, n)
		return e, p.spend(n * stringSize)
	}
	size, ok := c.DType.PackedLen(n)
	if !ok {
		return nil, p.at(start, bad(ErrConst, "%d elements of %v are too many", n, c.DType))
	}
	if err := p.spend(size); err != nil {
		return nil, err
	}
	c.Data = make([]byte, size)
	return e, nil
}

// elements reads the elements of one tensor; done is how many there were.
type elements struct {
	p     *textParser
	c     *Const
	done  int
	empty bool
}

// read reads nested lists as deep as the shape, or the one element of a scalar.
func (e *elements) read(shape []int) error {
	if len(shape) == 0 {
		if err := e.element(); err != nil {
			return err
		}
		e.done++
		return e.p.next()
	}
	n := 0
	start := e.p.tok.start
	err := e.p.listed('[', ']', func() error {
		// An empty tensor may be written without the brackets inside of it.
		if n++; n > shape[0] {
			return e.p.wrong(ErrConst, "more than the %d elements of its dimension", shape[0])
		}
		return e.read(shape[1:])
	})
	if err == nil && n != shape[0] && (n != 0 || !e.empty) {
		return e.p.at(start, bad(ErrConst, "%d elements where its dimension has %d", n, shape[0]))
	}
	return err
}

// element reads the element that the token is.
func (e *elements) element() error {
	p, t := e.p, e.c.DType
	switch {
	case t == dtype.String:
		s, err := p.quoted()
		if err != nil {
			return err
		}
		e.c.Strings[e.done] = s
		return p.spend(len(s))
	case t == dtype.Bool:
		if !p.is("true") && !p.is("false") {
			return p.expected("true or false")
		}
		if p.is("true") {
			e.c.Data[e.done] = 1
		}
		return nil
	case t.IsFloat():
		return e.float()
	}
	if p.tok.kind != textNumber {
		return p.expected("an integer")
	}
	bits, ok := integer(p.src[p.tok.start:p.tok.end], t)
	if !ok {
		return p.wrong(ErrConst, "%s is no %v", Quote(p.text()), t)
	}
	putBits(e.c.Data, t.Bits(), e.done, bits)
	return nil
}

// integer reads a decimal number as the bits of an integer type. It is false for one that
// the type does not hold.
func integer(s []byte, t dtype.Type) (bits uint64, ok bool) {
	negative := len(s) > 0 && s[0] == '-'
	if negative {
		s = s[1:]
	}
	if len(s) == 0 {
		return 0, false
	}
	var v uint64
	for _, c := range s {
		if !isDigit(c) || v > (math.MaxUint64-uint64(c-'0'))/10 {
			return 0, false
		}
		v = 10*v + uint64(c-'0')
	}
	most := uint64(math.MaxUint64) >> (64 - t.Bits())
	switch {
	case t.IsSigned() && negative:
		return -v & most, v <= most/2+1
	case t.IsSigned():
		return v, v <= most/2
	case negative:
		return 0, v == 0
	}
	return v, v <= most
}

// putBits stores element i of a packed array that is zero there.
func putBits(data []byte, width, i int, v uint64) {
	if width < 8 {
		at := i * width
		data[at/8] |= byte(v << (at % 8))
		if at%8+width > 8 {
			data[at/8+1] |= byte(v >> (8 - at%8))
		}
		return
	}
	for k := range width / 8 {
		data[i*width/8+k] = byte(v >> (8 * k))
	}
}
