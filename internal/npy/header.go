package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gocoreml/coreml/tensor"
)

const (
	// The first byte is beyond ASCII, so that no text begins so.
	magic = "\x93NUMPY"
	// maxHeader bounds the text of a header. NumPy itself reads no more than
	// 10,000 bytes from a file that it does not trust (numpy.lib.format).
	maxHeader = 10_000
	// maxRank bounds the number of dimensions; NumPy's own limit is 64.
	maxRank = 64
)

// ErrFormat is wrapped by every error about a file that breaks the format.
var ErrFormat = errors.New("malformed npy")

// Header is what a file says of its array. It is the dictionary in the file,
// with its three keys.
type Header struct {
	// Descr is the element type in NumPy's notation, such as <f4.
	Descr string
	// FortranOrder says that the first index runs fastest.
	FortranOrder bool
	// Empty for a scalar, which the format writes as ().
	Shape []int
}

// readHeader reads everything before the elements: eight bytes with the
// version, the header's length in two bytes (version 1) or four, and the
// header, which is text. r stands at the first element afterwards. No more than
// maxHeader bytes are taken for it, whatever the file says of its length.
func readHeader(r io.Reader) (*Header, error) {
	var start [8]byte
	if _, err := io.ReadFull(r, start[:]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, noEOF(err))
	}
	if string(start[:6]) != magic {
		return nil, fmt.Errorf("%w: it does not start like one", ErrFormat)
	}
	var size [4]byte
	n := 2 // bytes of the header's length
	switch start[6] {
	case 1:
	case 2, 3: // version 3 is UTF-8, which only names of fields could need
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

// noEOF makes the end of a file an error where more must follow: io.EOF means that
// nothing was begun.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// elementType is a type that can be read. It says both how an element lies in
// the file and what it becomes.
type elementType struct {
	dtype tensor.DType
	size  int // bytes of an element in the file
	// unsigned integers of 32 and 64 bits become int64.
	widened bool
	big     bool // the most significant byte comes first
}

// elementTypes are the types that can be read, by NumPy's code: a letter and
// the bytes of an element. Complex numbers, texts, dates and records have no
// counterpart here. Booleans are one byte each.
var elementTypes = map[string]elementType{
	"b1": {dtype: tensor.Bool, size: 1},
	"i1": {dtype: tensor.Int8, size: 1},
	"u1": {dtype: tensor.UInt8, size: 1},
	"i2": {dtype: tensor.Int16, size: 2},
	"u2": {dtype: tensor.UInt16, size: 2},
	"i4": {dtype: tensor.Int32, size: 4},
	"u4": {dtype: tensor.Int64, size: 4, widened: true},
	"i8": {dtype: tensor.Int64, size: 8},
	"u8": {dtype: tensor.Int64, size: 8, widened: true},
	"f2": {dtype: tensor.Float16, size: 2},
	"f4": {dtype: tensor.Float32, size: 4},
	"f8": {dtype: tensor.Float64, size: 8},
}

// typeOf reads NumPy's notation of an element type: the order of bytes, then
// the code. | stands for none, which types of one byte have, and = for that of
// the machine which wrote the file, taken to be little-endian as all that Core
// ML runs on are. The types of one byte have no order of bytes, and any mark is
// accepted for them.
func typeOf(descr string) (elementType, error) {
	if len(descr) > 1 && strings.Contains("<>|=", descr[:1]) {
		if e, ok := elementTypes[descr[1:]]; ok {
			e.big = descr[0] == '>'
			return e, nil
		}
	}
	return elementType{}, fmt.Errorf("element type %q: %w", descr, tensor.ErrDType)
}
