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

// pieceSize is what Rows reads at once, in bytes: small enough for a processor's second
// cache, large enough that a read costs little.
const pieceSize = 256 << 10

// pieces are the buffers that Rows reads through.
var pieces = sync.Pool{New: func() any { return new([pieceSize]byte) }}

// Rows implements Tensor.
func (s *Stored) Rows(ctx context.Context, from, to int, dst []float32) error {
	width, err := rowWidth(s.entry.Shape, from, to, len(dst))
	if err != nil {
		return fmt.Errorf("tensor %s: %w", storage.Quote(s.entry.Name), err)
	}
	size, widen := 0, (func(dst []float32, src []byte))(nil)
	switch s.entry.DType {
	case "F32":
		size, widen = 4, widenFloat32
	case "F16":
		size, widen = 2, widenFloat16
	case "BF16":
		size, widen = 2, widenBFloat16
	case "F64":
		size, widen = 8, widenFloat64
	default:
		return fmt.Errorf("%w: tensor %s holds %s, which are no weights by themselves", ErrFormat, storage.Quote(s.entry.Name), s.entry.DType)
	}
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
