package tensor

import (
	"slices"
	"unsafe"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/storage"
)

const (
	// MaxRank is the greatest number of dimensions of a tensor.
	MaxRank = 16
	// MaxBytes is the greatest size of a tensor, counted over all of its
	// elements even where a broadcast view repeats them: 8 GiB, or 1 GiB where
	// an int has 32 bits. A greater shape gives [ErrShape] and no allocation.
	MaxBytes = 1 << 30 << (3 * (^uint(0) >> 63))
)

// Tensor is an array of any rank, or a view of another one's memory. It is
// made by the functions of this package and immutable by convention: only
// [Data], [Tensor.Bytes], [Tensor.CopyTo] and the owner of shared memory can
// change its elements. Reading one from several goroutines is safe while
// nobody writes to its memory.
//
// A Tensor may carry an error in place of elements; see [Tensor.Err]. A nil
// *Tensor and a zero Tensor behave as one that carries [ErrInvalid].
type Tensor struct {
	data       []byte // the memory; elements lie at offset + index·strides
	shape      []int
	strides    []int // in elements; 0 repeats, negative runs backwards
	offset     int   // in elements
	length     int   // the product of shape
	dtype      DType
	contiguous bool
	err        error
}

// New returns a tensor of zeros. No dimension makes a scalar.
func New(dtype DType, shape ...int) *Tensor { return alloc("new", dtype, shape) }

// FromSlice returns a tensor that holds a copy of data, which is in row-major
// order. The shape's element count must equal the length of data.
func FromSlice[T Element](data []T, shape ...int) *Tensor {
	return Wrap(slices.Clone(data), shape...)
}

// Wrap returns a tensor that shares the memory of data, which is in row-major
// order: it sees what is later written there. The shape's element count must
// equal the length of data.
func Wrap[T Element](data []T, shape ...int) *Tensor {
	var zero T
	d := TypeOf[T]()
	n, err := checkShape("wrap", d, shape)
	if err != nil {
		return failed(err)
	}
	if n != len(data) {
		return fail("wrap", ErrShape, "%d elements for shape %v", len(data), shape)
	}
	raw := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), n*int(unsafe.Sizeof(zero)))
	return rowMajor(d, raw, shape, n)
}

// FromBytes returns a tensor over data, which holds its elements in row-major
// order, little-endian as every platform that this module supports. The memory
// is shared and has to stay valid while the tensor or a view of it is used. A
// length that differs from the shape's, or memory that is not aligned to the
// size of an element, gives an error.
func FromBytes(dtype DType, data []byte, shape ...int) *Tensor {
	n, err := checkShape("from bytes", dtype, shape)
	if err != nil {
		return failed(err)
	}
	size := dtype.Size()
	if len(data) != n*size {
		return fail("from bytes", ErrShape, "%d bytes for %v of shape %v", len(data), dtype, shape)
	}
	if uintptr(unsafe.Pointer(unsafe.SliceData(data)))%uintptr(size) != 0 {
		return fail("from bytes", ErrValue, "memory is not aligned for %v", dtype)
	}
	return rowMajor(dtype, data, shape, n)
}

// checkShape returns the element count of a shape, or an error when d is no
// element type or the shape is negative or beyond a limit.
func checkShape(op string, d DType, shape []int) (int, error) {
	if d.Size() == 0 {
		return 0, opError(op, ErrDType, "dtype %d", d)
	}
	if len(shape) > MaxRank {
		return 0, opError(op, ErrShape, "rank %d, at most %d", len(shape), MaxRank)
	}
	n, ok := dtype.Count(shape)
	if !ok {
		return 0, opError(op, ErrShape, "%v of shape %v: negative or too large", d, shape)
	}
	// A dimension of 0 must not hide others that are beyond every limit.
	room := MaxBytes / d.Size()
	for _, dim := range shape {
		if room /= max(dim, 1); room == 0 {
			return 0, opError(op, ErrShape, "%v of shape %v: too large", d, shape)
		}
	}
	return n, nil
}

// checkBuffer checks that n elements of the given size are within [MaxBytes].
// It guards memory that an operation needs besides its result.
func checkBuffer(op string, n, size int) error {
	if n > MaxBytes/size {
		return opError(op, ErrShape, "%d elements at a time are too many", n)
	}
	return nil
}

// alloc returns zeros for the operation op.
func alloc(op string, d DType, shape []int) *Tensor {
	n, err := checkShape(op, d, shape)
	if err != nil {
		return failed(err)
	}
	return rowMajor(d, storage.Heap(n*d.Size()).Data(), shape, n)
}

// rowMajor returns a tensor of n elements over data. It copies shape.
func rowMajor(d DType, data []byte, shape []int, n int) *Tensor {
	dims := make([]int, 2*len(shape))
	t := &Tensor{
		data: data, dtype: d, length: n, contiguous: true,
		shape: dims[:len(shape):len(shape)], strides: dims[len(shape):],
	}
	copy(t.shape, shape)
	stride := 1
	for i := len(shape) - 1; i >= 0; i-- {
		t.strides[i] = stride
		stride *= max(shape[i], 1)
	}
	return t
}

// view returns a tensor over t's memory. It keeps shape and strides.
func (t *Tensor) view(op string, shape, strides []int, offset int) *Tensor {
	n, err := checkShape(op, t.dtype, shape)
	if err != nil {
		return failed(err)
	}
	if n == 0 {
		offset = 0 // it may lie behind the memory
	}
	v := &Tensor{data: t.data, shape: shape, strides: strides, offset: offset, length: n, dtype: t.dtype}
	v.contiguous = v.isRowMajor()
	return v
}

func (t *Tensor) isRowMajor() bool {
	if t.length == 0 {
		return true
	}
	stride := 1
	for i := len(t.shape) - 1; i >= 0; i-- {
		if t.shape[i] != 1 && t.strides[i] != stride {
			return false
		}
		stride *= t.shape[i]
	}
	return true
}

// Err returns the error that t carries, or nil when t has elements. An
// operation on a tensor with an error returns a tensor with the same error, so
// that one check at the end of a chain is enough.
func (t *Tensor) Err() error {
	switch {
	case t == nil:
		return errNil
	case t.err != nil:
		return t.err
	case t.dtype == Invalid:
		return errNil
	}
	return nil
}

// DType returns the element type, Invalid for a tensor that carries an error.
func (t *Tensor) DType() DType {
	if t == nil {
		return Invalid
	}
	return t.dtype
}

// Shape returns a copy of the dimensions, nil for a scalar and for a tensor
// that carries an error.
func (t *Tensor) Shape() []int {
	if t == nil {
		return nil
	}
	return slices.Clone(t.shape)
}

// Strides returns a copy of the distances, in elements, between neighbours
// along each axis. A stride is 0 along an axis that a view repeats.
func (t *Tensor) Strides() []int {
	if t == nil {
		return nil
	}
	return slices.Clone(t.strides)
}

// Rank returns the number of dimensions.
func (t *Tensor) Rank() int {
	if t == nil {
		return 0
	}
	return len(t.shape)
}

// Dim returns the size of dimension i, counted from the end when i is
// negative. A dimension that t does not have has size 0.
func (t *Tensor) Dim(i int) int {
	if t == nil {
		return 0
	}
	if i < 0 {
		i += len(t.shape)
	}
	if i < 0 || i >= len(t.shape) {
		return 0
	}
	return t.shape[i]
}

// Len returns the number of elements, 0 for a tensor that carries an error.
func (t *Tensor) Len() int {
	if t == nil {
		return 0
	}
	return t.length
}

// IsContiguous reports whether the elements are one row-major run of memory,
// which [Tensor.Bytes] and [Data] can give out. A tensor without elements is
// contiguous; one that carries an error is not.
func (t *Tensor) IsContiguous() bool { return t.Err() == nil && t.contiguous }

// axis resolves an axis of rank dimensions that may count from the end.
func axis(op string, a, rank int) (int, error) {
	if a < -rank || a >= rank {
		return 0, opError(op, ErrShape, "axis %d of rank %d", a, rank)
	}
	if a < 0 {
		a += rank
	}
	return a, nil
}
