package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// Open reads the file of that name, which must be a regular one. A file of
// another kind gives a [*storage.WrongFileError] where the kind is known. The
// tensor has its own memory, and the file is closed.
func Open(fsys fs.FS, name string) (t *tensor.Tensor, err error) {
	f, err := storage.OpenFS(fsys, name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // the file was only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if t, err = Read(f, info.Size()); err != nil {
		if errors.Is(err, ErrFormat) {
			if other := storage.SniffFile(fsys, name, "an .npy file is wanted", storage.KindNPY); other != nil {
				return nil, storage.Also(other, ErrFormat)
			}
		}
		return nil, fmt.Errorf("%s: %w", storage.Quote(name), err)
	}
	return t, nil
}

// Read reads a file of size bytes from r. The size bounds the memory that is
// taken. Unsigned integers of 32 and 64 bits, which package tensor lacks,
// become Int64; a number that does not fit is an error. It reads no more than
// size bytes.
func Read(r io.Reader, size int64) (*tensor.Tensor, error) {
	r = io.LimitReader(r, size) // a stream may claim another size than it has
	h, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	e, err := typeOf(h.Descr)
	if err != nil {
		return nil, err
	}
	// The header's own bytes are counted as room too, which only makes the
	// bound a little loose: a short file is found when it is read.
	count, ok := elements(h.Shape, size/int64(e.size))
	if !ok {
		return nil, fmt.Errorf("%w: shape %v wants more than the %d bytes of the file", ErrFormat, h.Shape, size)
	}
	t, raw, err := memory(h, e, int(count))
	if err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, fmt.Errorf("%w: elements: %w", ErrFormat, noEOF(err))
	}
	// A file that goes on holds something else than its header says.
	if n, _ := io.CopyN(io.Discard, r, 1); n != 0 {
		return nil, fmt.Errorf("%w: bytes follow the %d elements", ErrFormat, count)
	}
	if e.big { // in place: the elements lie where they will stay
		for at := 0; at < len(raw); at += e.size {
			slices.Reverse(raw[at : at+e.size])
		}
	}
	return build(h, e, t, raw)
}

// elements returns how many a shape has, unless they are more than there is room for: the
// file must hold them before memory is taken.
func elements(shape []int, room int64) (count int64, ok bool) {
	count = 1
	for _, n := range shape {
		if n == 0 {
			return 0, true // however large the dimensions behind it are
		}
		if int64(n) > room/count {
			return 0, false
		}
		count *= int64(n)
	}
	return count, true
}

// memory takes memory for the elements: a tensor's own, where they need no
// widening. Of a widened type raw is memory for the narrow elements, and the
// tensor comes later.
func memory(h *Header, e elementType, count int) (t *tensor.Tensor, raw []byte, err error) {
	if e.widened {
		return nil, make([]byte, count*e.size), nil
	}
	t = tensor.New(e.dtype, stored(h)...)
	raw, err = t.Bytes()
	return t, raw, err
}

// stored returns the shape that the elements have in row-major order: an array
// in Fortran order is its transpose in the other. Reading it row-major and
// transposing gives the array.
func stored(h *Header) []int {
	if !h.FortranOrder {
		return h.Shape
	}
	shape := slices.Clone(h.Shape)
	slices.Reverse(shape)
	return shape
}

// build makes the tensor of little-endian elements, which lie in t's memory
// unless they have to be widened. After a transposition the elements are copied
// once more, into row-major order.
func build(h *Header, e elementType, t *tensor.Tensor, raw []byte) (*tensor.Tensor, error) {
	if e.widened {
		wide, err := Widen(raw, e.size)
		if err != nil {
			return nil, err
		}
		t = tensor.Wrap(wide, stored(h)...)
	}
	if e.dtype == tensor.Bool {
		for i, b := range raw { // Go has no bool of another byte
			if b > 1 {
				return nil, fmt.Errorf("%w: element %d is %d, not a bool", ErrFormat, i, b)
			}
		}
	}
	if h.FortranOrder && t.Rank() > 1 { // a vector has one order
		t = t.Transpose().Contiguous()
	}
	return t, t.Err()
}

// Widen makes int64 of unsigned integers of 4 or 8 bytes, which NumPy has and package
// tensor has not. raw is a whole number of them. Half of the numbers of 8 bytes have no
// place in int64: none is wrapped around.
func Widen(raw []byte, size int) ([]int64, error) {
	out := make([]int64, len(raw)/size)
	for i := range out {
		if size == 4 {
			out[i] = int64(binary.LittleEndian.Uint32(raw[4*i:]))
			continue
		}
		u := binary.LittleEndian.Uint64(raw[8*i:])
		if u > math.MaxInt64 {
			return nil, fmt.Errorf("element %d is %d, too large for int64: %w", i, u, tensor.ErrValue)
		}
		out[i] = int64(u)
	}
	return out, nil
}

// descrs are the codes that NumPy itself writes for the types. All are written with the
// lowest byte first, which is how they lie in memory.
var descrs = map[tensor.DType]string{
	tensor.Bool: "|b1", tensor.Int8: "|i1", tensor.UInt8: "|u1", tensor.Int16: "<i2", tensor.UInt16: "<u2",
	tensor.Int32: "<i4", tensor.Int64: "<i8", tensor.Float16: "<f2", tensor.Float32: "<f4", tensor.Float64: "<f8",
}

// Write writes t as a file of version 1. A view that is not contiguous is
// copied first.
func Write(w io.Writer, t *tensor.Tensor) error {
	if err := t.Err(); err != nil {
		return err
	}
	dims := make([]string, t.Rank())
	for d := range dims {
		dims[d] = strconv.Itoa(t.Dim(d))
	}
	shape := strings.Join(dims, ", ")
	if len(dims) == 1 { // a tuple of one in Python
		shape += ","
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descrs[t.DType()], shape)
	// The elements start at a multiple of 64 bytes and a newline ends the
	// header. Magic, two bytes of version and two of length stand before the
	// text.
	start := len(magic) + 4
	// 63 and not 64: the newline is one of them.
	text += strings.Repeat(" ", 63-(start+len(text))%64) + "\n"
	head := append([]byte(magic), 1, 0)
	head = binary.LittleEndian.AppendUint16(head, uint16(len(text)))
	raw, err := t.Contiguous().Bytes()
	if err != nil {
		return err
	}
	if _, err := w.Write(append(head, text...)); err != nil {
		return err
	}
	_, err = w.Write(raw)
	return err
}
