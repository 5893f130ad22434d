package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/tensor"
)

const (
	magic = "\x93NUMPY"
	// maxHeader bounds the text of a header. NumPy itself reads no more than
	// 10,000 bytes from a file that it does not trust.
	maxHeader = 10_000
	// maxRank bounds the number of dimensions; NumPy's own limit is 64.
	maxRank = 64
)

// ErrFormat is wrapped by every error about a file that breaks the format.
var ErrFormat = errors.New("malformed npy")

// Header is what a file says of its array.
type Header struct {
	// Descr is the element type in NumPy's notation, such as <f4.
	Descr string
	// FortranOrder says that the first index runs fastest.
	FortranOrder bool
	Shape        []int
}

// readHeader reads everything before the elements.
func readHeader(r io.Reader) (*Header, error) {
	var start [8]byte
	if _, err := io.ReadFull(r, start[:]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, noEOF(err))
	}
	if string(start[:6]) != magic {
		return nil, fmt.Errorf("%w: it does not start like one", ErrFormat)
	}
	var size [4]byte
	n := 2
	switch start[6] {
	case 1:
	case 2, 3:
		n = 4
	default:
		return nil, fmt.Errorf("%w: version %d.%d is unknown", ErrFormat, start[6], start[7])
	}
	if _, err := io.ReadFull(r, size[:n]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, noEOF(err))
	}
	length := binary.LittleEndian.Uint32(size[:])
	if length > maxHeader {
		return nil, fmt.Errorf("%w: a header of %d bytes, the limit is %d", ErrFormat, length, maxHeader)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, noEOF(err))
	}
	h, err := parseHeader(string(text))
	if err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrFormat, err)
	}
	return h, nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// elementType is a type that can be read.
type elementType struct {
	dtype tensor.DType
	size  int // bytes of an element in the file
	// unsigned integers of 32 and 64 bits become int64.
	widened bool
	big     bool // the most significant byte comes first
}

// typeOf reads NumPy's notation of an element type.
func typeOf(descr string) (elementType, error) {
	if len(descr) < 2 || !strings.Contains("<>|=", descr[:1]) {
		return elementType{}, fmt.Errorf("element type %q: %w", descr, tensor.ErrDType)
	}
	e := elementType{big: descr[0] == '>'}
	switch descr[1:] {
	case "b1":
		e.dtype, e.size = tensor.Bool, 1
	case "i1":
		e.dtype, e.size = tensor.Int8, 1
	case "u1":
		e.dtype, e.size = tensor.UInt8, 1
	case "i2":
		e.dtype, e.size = tensor.Int16, 2
	case "u2":
		e.dtype, e.size = tensor.UInt16, 2
	case "i4":
		e.dtype, e.size = tensor.Int32, 4
	case "u4":
		e.dtype, e.size, e.widened = tensor.Int64, 4, true
	case "i8":
		e.dtype, e.size = tensor.Int64, 8
	case "u8":
		e.dtype, e.size, e.widened = tensor.Int64, 8, true
	case "f2":
		e.dtype, e.size = tensor.Float16, 2
	case "f4":
		e.dtype, e.size = tensor.Float32, 4
	case "f8":
		e.dtype, e.size = tensor.Float64, 8
	default:
		return elementType{}, fmt.Errorf("element type %q: %w", descr, tensor.ErrDType)
	}
	return e, nil
}

// parseHeader reads the dictionary of a header, which is written as a Python
// literal with three known keys.
func parseHeader(text string) (*Header, error) {
	p := &parser{text: strings.TrimRight(text, " \n")}
	h := &Header{}
	seen := map[string]bool{}
	if err := p.expect('{'); err != nil {
		return nil, err
	}
	for !p.accept('}') {
		key, err := p.quoted()
		if err != nil {
			return nil, err
		}
		if seen[key] {
			return nil, fmt.Errorf("key %q comes twice", key)
		}
		seen[key] = true
		if err := p.expect(':'); err != nil {
			return nil, err
		}
		switch key {
		case "descr":
			h.Descr, err = p.quoted()
		case "fortran_order":
			h.FortranOrder, err = p.boolean()
		case "shape":
			h.Shape, err = p.shape()
		default:
			err = fmt.Errorf("key %q is unknown", key)
		}
		if err != nil {
			return nil, err
		}
		if !p.accept(',') {
			if err := p.expect('}'); err != nil {
				return nil, err
			}
			break
		}
	}
	if p.space(); p.text != "" {
		return nil, fmt.Errorf("%q follows the dictionary", p.text)
	}
	if len(seen) != 3 {
		return nil, fmt.Errorf("it has %d of the keys descr, fortran_order and shape", len(seen))
	}
	return h, nil
}

// parser consumes text from its start.
type parser struct{ text string }

func (p *parser) space() { p.text = strings.TrimLeft(p.text, " ") }

func (p *parser) accept(b byte) bool {
	p.space()
	if p.text == "" || p.text[0] != b {
		return false
	}
	p.text = p.text[1:]
	return true
}

func (p *parser) expect(b byte) error {
	if p.accept(b) {
		return nil
	}
	return fmt.Errorf("%q where %q is expected", p.text, b)
}

// quoted reads a string without escapes.
func (p *parser) quoted() (string, error) {
	p.space()
	if p.text == "" || p.text[0] != '\'' && p.text[0] != '"' {
		return "", fmt.Errorf("%q where a string is expected", p.text)
	}
	body, rest, ok := strings.Cut(p.text[1:], p.text[:1])
	if !ok || strings.Contains(body, `\`) {
		return "", fmt.Errorf("%q is not a plain string", p.text)
	}
	p.text = rest
	return body, nil
}

func (p *parser) boolean() (bool, error) {
	p.space()
	for _, b := range []struct {
		word  string
		value bool
	}{{"True", true}, {"False", false}} {
		if rest, ok := strings.CutPrefix(p.text, b.word); ok {
			p.text = rest
			return b.value, nil
		}
	}
	return false, fmt.Errorf("%q where True or False is expected", p.text)
}

// shape reads a tuple of sizes.
func (p *parser) shape() ([]int, error) {
	if err := p.expect('('); err != nil {
		return nil, err
	}
	shape := []int{}
	for !p.accept(')') {
		if len(shape) == maxRank {
			return nil, fmt.Errorf("more than %d dimensions", maxRank)
		}
		p.space()
		end := strings.IndexFunc(p.text, func(r rune) bool { return r < '0' || r > '9' })
		if end <= 0 {
			return nil, fmt.Errorf("%q where a size is expected", p.text)
		}
		n, err := strconv.Atoi(p.text[:end])
		if err != nil {
			return nil, fmt.Errorf("size %s is too large", p.text[:end])
		}
		shape = append(shape, n)
		// Python 2 marked long integers.
		p.text = strings.TrimPrefix(p.text[end:], "L")
		if !p.accept(',') {
			if err := p.expect(')'); err != nil {
				return nil, err
			}
			break
		}
	}
	return shape, nil
}
