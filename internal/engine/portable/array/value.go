package array

import (
	"fmt"
	"unsafe"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
)

// IsInt reports whether v's elements are integers or booleans.
func (v *Value) IsInt() bool { return v.Repr == ReprI32 }

// UnknownContent is thrown where a rehearsal asks for the content of a value that
// it does not compute.
type UnknownContent struct{}

// Forget makes the content of v unknown and leaves its shape.
func (v *Value) Forget() {
	v.Repr, v.Dense, v.Own, v.Wide, v.Flat = ReprUnknown, true, false, nil, nil
}

// MaxRank bounds the rank of a value, so that shapes are arrays within it and not memory
// of their own. Core ML limits most operators to 5;
// reshape and transpose chains of exporters go a little further.
const MaxRank = 8

// repr is how a value's elements lie in memory. It is not the declared type: fp16 values
// that were computed are float32 that fp16 can hold, and all integers are int32.
type repr uint8

const (
	ReprF32     repr = iota // float32: computed floating-point values
	ReprI32                 // int32: integers and booleans
	ReprF16                 // binary16: states, inputs and large constants as stored
	ReprWeight              // compressed constant, decoded where it is read
	ReprText                // strings
	ReprUnknown             // a shape alone, in a rehearsal
)

// Decoder is a constant that stays as stored and is decoded where it is read.
type Decoder interface {
	// Decode writes the elements from number start on, in row-major order, to dst. It
	// may be called from any number of goroutines.
	Decode(dst []float32, start int)
}

// Value is the content of a slot during a prediction: a shape over a piece of
// memory. When dense is false the elements are strided: index i of dimension d
// lies at i/repeat[d]*stride[d] (the division expresses repeated key-value heads
// without a copy; repeat is 1 otherwise).
type Value struct {
	DType  dtype.Type
	Repr   repr
	Rank   int
	Dims   [MaxRank]int
	Dense  bool
	Stride [MaxRank]int
	Repeat [MaxRank]int

	F32    []float32
	I32    []int32
	F16    []uint16
	Stored Decoder
	Text   []string

	Slot int32 // where it lives in a prediction
	Own  bool  // the memory is the slot's own buffer
	// Wide is set when f32 has been asked of a value that is not dense float32,
	// and the answer lies in the slot's own buffer.
	Wide []float32
	// Flat is the same for integers.
	Flat []int32
}

// Shape returns the dimensions. It aliases v.
func (v *Value) Shape() []int { return v.Dims[:v.Rank] }

// Len returns the number of elements.
func (v *Value) Len() int {
	n := 1
	for _, d := range v.Shape() {
		n *= d
	}
	return n
}

// Axis turns an axis that may be negative, and then counts from the end, into an index,
// checked.
func (v *Value) Axis(a int) (int, error) {
	if a < 0 {
		a += v.Rank
	}
	if a < 0 || a >= v.Rank {
		return 0, fmt.Errorf("axis %d is outside rank %d", a, v.Rank)
	}
	return a, nil
}

// SetShape stores the dimensions and marks v dense. It fails on a rank or a
// count that no memory can hold.
func (v *Value) SetShape(dims ...int) error {
	if len(dims) > MaxRank {
		return fmt.Errorf("rank %d is above the limit of %d", len(dims), MaxRank)
	}
	n, ok := dtype.Count(dims)
	if !ok || n > MaxElements {
		return fmt.Errorf("shape %v is negative or too large", append([]int(nil), dims...))
	}
	v.Rank = copy(v.Dims[:], dims)
	v.Dense = true
	return nil
}

// MaxElements bounds one value: a cache of 32,768 tokens of a 7B model has just
// so many. What is computed is bounded by the arena below that.
const MaxElements = 1 << 30

// Strides fills stride and repeat from the shape when v is dense, so that a
// reader may use them in either case. Dense values leave them unset until then, since
// most readers never ask.
func (v *Value) Strides() {
	if !v.Dense {
		return
	}
	n := 1
	for d := v.Rank - 1; d >= 0; d-- {
		v.Stride[d], v.Repeat[d] = n, 1
		n *= v.Dims[d]
	}
}

// UpdateDense marks v dense when its strides are those of a dense value; dimensions
// of one element do not matter.
func (v *Value) UpdateDense() {
	n := 1
	for d := v.Rank - 1; d >= 0; d-- {
		if v.Dims[d] == 1 {
			continue
		}
		if v.Stride[d] != n || v.Repeat[d] != 1 {
			v.Dense = false
			return
		}
		n *= v.Dims[d]
	}
	v.Dense = true
}

// Skip drops the first off elements of the memory. A compressed constant has none to be
// dropped: views of one are made of its decoded copy.
func (v *Value) Skip(off int) {
	switch v.Repr {
	case ReprF32:
		v.F32 = v.F32[off:]
	case ReprI32:
		v.I32 = v.I32[off:]
	case ReprF16:
		v.F16 = v.F16[off:]
	}
}

// Alias makes v the same content as src, keeping v's slot and declared type. The memory
// stays src's, so Own is false, and second forms are not shared: they lie in the buffer
// of src's slot, which may be used again before v's is.
func (v *Value) Alias(src *Value) {
	dt, slot := v.DType, v.Slot
	*v = *src
	v.DType, v.Slot, v.Wide, v.Flat, v.Own = dt, slot, nil, nil, false
}

// CopyStrided gathers the elements of a strided value into dst in row-major
// order, a row of the last dimension at a time. row copies len(dst) elements from the
// beginning of src on, stride apart, each for repeat elements of dst; src is the memory of
// v from the row's first element on. The indices of the outer dimensions are counted
// like digits, and the offset is computed anew for every row: with repetitions it does not
// grow evenly.
func CopyStrided[D any, S any](p *Poller, v *Value, dst []D, src []S, row func(dst []D, src []S, stride, repeat int)) {
	if v.Len() == 0 {
		return
	}
	v.Strides()
	if v.Rank == 0 {
		row(dst[:1], src, 1, 1)
		return
	}
	last := v.Rank - 1
	n := v.Dims[last]
	var idx [MaxRank]int
	w := Counter{Poller: p}
	for at := 0; ; at += n {
		off := 0
		for d := range last {
			off += idx[d] / v.Repeat[d] * v.Stride[d]
		}
		w.Add(n)
		if n <= PollEvery {
			row(dst[at:at+n], src[off:], v.Stride[last], v.Repeat[last])
		} else {
			longRow(p, dst[at:at+n], src[off:], v.Stride[last], v.Repeat[last], row)
		}
		d := last - 1
		for ; d >= 0; d-- {
			idx[d]++
			if idx[d] < v.Dims[d] {
				break
			}
			idx[d] = 0
		}
		if d < 0 {
			return
		}
	}
}

// longRow copies a row in pieces that end where an element's repetition does, so that
// row need not know that it begins in the midst of one. An element that is repeated more
// often than a piece is long fills pieces by itself, with a stride of zero.
func longRow[D any, S any](p *Poller, dst []D, src []S, stride, repeat int, row func(dst []D, src []S, stride, repeat int)) {
	for lo := 0; lo < len(dst); {
		p.Poll()
		hi, from := min(lo+PollEvery, len(dst)), src[lo/repeat*stride:]
		switch whole := lo % repeat; {
		case repeat == 1:
			row(dst[lo:hi], from, stride, 1)
		case whole == 0 && hi-lo >= repeat:
			hi = lo + (hi-lo)/repeat*repeat
			row(dst[lo:hi], from, stride, repeat)
		default:
			hi = min(hi, lo+repeat-whole)
			row(dst[lo:hi], from, 0, 1)
		}
		lo = hi
	}
}

// rowF32 is [RowI32] for numbers.
func rowF32(dst, src []float32, stride, repeat int) {
	if stride == 1 && repeat == 1 {
		copy(dst, src)
		return
	}
	rowStrided(dst, src, stride, repeat)
}

// RowI32 copies a row of elements that lie stride apart, each of which stands for
// repeat elements of dst.
func RowI32(dst, src []int32, stride, repeat int) {
	if stride == 1 && repeat == 1 {
		copy(dst, src)
		return
	}
	rowStrided(dst, src, stride, repeat)
}

// rowStrided is [RowI32] for any type and any stride.
func rowStrided[T any](dst, src []T, stride, repeat int) {
	if repeat != 1 {
		for i := range dst {
			dst[i] = src[i/repeat*stride]
		}
		return
	}
	at := 0
	for i := range dst {
		dst[i] = src[at]
		at += stride
	}
}

// rowF16 is [RowI32] for binary16, widened.
func rowF16(dst []float32, src []uint16, stride, repeat int) {
	if stride == 1 && repeat == 1 {
		kernel.F16ToF32(dst, src[:len(dst)])
		return
	}
	for i := range dst {
		dst[i] = dtype.Float16ToFloat32(src[i/repeat*stride])
	}
}

// Widen writes v's elements to dst as float32, row-major. An int32 above 2^24 is rounded:
// what must be exact reads integers as integers. Texts and unknown content write nothing.
func (v *Value) Widen(p *Poller, dst []float32) {
	switch v.Repr {
	case ReprF32:
		CopyStrided(p, v, dst, v.F32, rowF32)
	case ReprF16:
		if v.Dense {
			p.Pieces(len(dst), func(lo, hi int) { kernel.F16ToF32(dst[lo:hi], v.F16[lo:hi]) })
			return
		}
		CopyStrided(p, v, dst, v.F16, rowF16)
	case ReprI32:
		CopyStrided(p, v, dst, v.I32, func(dst []float32, src []int32, stride, repeat int) {
			for i := range dst {
				dst[i] = float32(src[i/repeat*stride])
			}
		})
	case ReprWeight:
		p.PiecesOf(len(dst), DecodeEvery, func(lo, hi int) { v.Stored.Decode(dst[lo:hi], lo) })
	}
}

// AsInt32 views float32 memory as int32; both are four bytes wide. So one buffer of a
// slot serves both, whatever the slot holds in this prediction.
func AsInt32(f []float32) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(f))), len(f))
}
