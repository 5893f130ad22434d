package checkpoint

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"sync"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/internal/storage"
)

// Stored is a tensor of a safetensors file as it lies there. It is a Tensor whose Rows
// fail unless its elements are floating-point numbers.
type Stored struct {
	file  *safetensors.File
	entry *safetensors.Entry
}

// Shape implements Tensor.
func (s *Stored) Shape() []int { return s.entry.Shape }

// Stored implements Tensor: the format's name of the element type, such as BF16.
func (s *Stored) Stored() string { return s.entry.DType }

// Bytes returns the number of bytes of the tensor.
func (s *Stored) Bytes() int64 { return s.entry.End - s.entry.Begin }

// ReadBytes fills dst with the tensor's bytes from off on.
func (s *Stored) ReadBytes(ctx context.Context, off int64, dst []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.file.ReadBytes(s.entry, off, dst); err != nil {
		return fmt.Errorf("tensor %s: %w", storage.Quote(s.entry.Name), err)
	}
	return nil
}

// Codes implements Tensor: floating-point numbers have none.
func (s *Stored) Codes(context.Context) (*Codes, error) { return nil, nil } //nolint:nilnil // as the interface says

// as returns the tensor with another shape of as many elements.
func (s *Stored) as(shape ...int) *Stored {
	e := *s.entry
	e.Shape = shape
	return &Stored{file: s.file, entry: &e}
}

// flat returns the tensor with its first two dimensions as one.
func (s *Stored) flat() *Stored {
	n := s.entry.Shape
	return s.as(append([]int{n[0] * n[1]}, n[2:]...)...)
}

// pieceSize is what Rows reads at once, in bytes: small enough for a processor's second
// cache, large enough that a read costs little.
const pieceSize = 256 << 10

// pieces are the buffers that Rows reads through.
var pieces = sync.Pool{New: func() any { return new([pieceSize]byte) }}

// Rows implements Tensor.
func (s *Stored) Rows(ctx context.Context, from, to int, dst []float32) error {
	switch s.entry.DType {
	case "F32", "F16", "BF16", "F64":
		return s.numbers(ctx, s.entry.DType, from, to, dst)
	}
	return fmt.Errorf("%w: tensor %s holds %s, which are no weights by themselves", ErrFormat, storage.Quote(s.entry.Name), s.entry.DType)
}

// widths are the types of numbers that can be read, with their bytes.
var widths = map[string]struct {
	size  int
	widen func(dst []float32, src []byte)
}{
	"F32": {4, widenFloat32}, "F16": {2, widenFloat16}, "BF16": {2, widenBFloat16}, "F64": {8, widenFloat64},
	"F8_E4M3": {1, widenBy(&float8)}, "F8_E8M0": {1, widenBy(&powers)},
}

// numbers is Rows for what the format says that the bytes are: kind is the tensor's own
// type, or F8_E4M3 or F8_E8M0 for bytes (U8).
func (s *Stored) numbers(ctx context.Context, kind string, from, to int, dst []float32) error {
	width, err := rowWidth(s.entry.Shape, from, to, len(dst))
	if err != nil {
		return fmt.Errorf("tensor %s: %w", storage.Quote(s.entry.Name), err)
	}
	size, widen := widths[kind].size, widths[kind].widen
	buf, _ := pieces.Get().(*[pieceSize]byte) //nolint:errcheck // nothing else is put there
	defer pieces.Put(buf)
	off := int64(from) * int64(width) * int64(size)
	for len(dst) > 0 {
		n := min(len(dst), len(buf)/size)
		if err := s.ReadBytes(ctx, off, buf[:n*size]); err != nil {
			return err
		}
		widen(dst[:n], buf[:n*size])
		dst, off = dst[n:], off+int64(n*size)
	}
	return nil
}

// rowWidth checks the arguments of Rows and returns the number of elements in a row. A
// scalar has one row.
func rowWidth(shape []int, from, to, n int) (int, error) {
	rows, width := 1, 1
	if len(shape) > 0 {
		rows = shape[0]
		for _, d := range shape[1:] {
			width *= d
		}
	}
	if from < 0 || to < from || to > rows || (to-from)*width != n {
		return 0, fmt.Errorf("%d elements for rows %d to %d of shape %v", n, from, to, shape)
	}
	return width, nil
}

// widenBy returns what looks numbers of one byte up in a table.
func widenBy(levels *[256]float32) func(dst []float32, src []byte) {
	return func(dst []float32, src []byte) {
		for i, b := range src {
			dst[i] = levels[b]
		}
	}
}

func widenFloat32(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
	}
}

func widenFloat16(dst []float32, src []byte) { kernel.F16ToF32(dst, dtype.Halves(src)) }

func widenBFloat16(dst []float32, src []byte) { kernel.BF16ToF32(dst, dtype.Halves(src)) }

func widenFloat64(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])))
	}
}
