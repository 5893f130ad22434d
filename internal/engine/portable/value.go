package portable

import (
	"fmt"
	"unsafe"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
)

// maxRank bounds the rank of a value. Core ML limits most operators to 5;
// reshape and transpose chains of exporters go a little further.
const maxRank = 8

// repr is how a value's elements lie in memory.
type repr uint8

const (
	reprF32     repr = iota // float32: computed floating-point values
	reprI32                 // int32: integers and booleans
	reprF16                 // binary16: states, inputs and large constants as stored
	reprWeight              // compressed constant, decoded where it is read
	reprText                // strings
	reprUnknown             // a shape alone, in a rehearsal
)

// value is the content of a slot during a prediction: a shape over a piece of
// memory. When dense is false the elements are strided: index i of dimension d
// lies at i/repeat[d]*stride[d] (the division expresses repeated key-value heads
// without a copy; repeat is 1 otherwise).
type value struct {
	dt     dtype.Type
	repr   repr
	rank   int
	dims   [maxRank]int
	dense  bool
	stride [maxRank]int
	repeat [maxRank]int

	f []float32
	i []int32
	h []uint16
	w *weight
	s []string

	slot int32 // where it lives in the frame
	own  bool  // the memory is the slot's own buffer
	// wide is set when f32 has been asked of a value that is not dense float32,
	// and the answer lies in the slot's own buffer.
	wide []float32
	// flat is the same for integers.
	flat []int32
}

// shape returns the dimensions. It aliases v.
func (v *value) shape() []int { return v.dims[:v.rank] }

// len returns the number of elements.
func (v *value) len() int {
	n := 1
	for _, d := range v.shape() {
		n *= d
	}
	return n
}

// axis turns an axis that may be negative into an index, checked.
func (v *value) axis(a int) (int, error) {
	if a < 0 {
		a += v.rank
	}
	if a < 0 || a >= v.rank {
		return 0, fmt.Errorf("axis %d is outside rank %d", a, v.rank)
	}
	return a, nil
}

// setShape stores the dimensions and marks v dense. It fails on a rank or a
// count that no memory can hold.
func (v *value) setShape(dims ...int) error {
	if len(dims) > maxRank {
		return fmt.Errorf("rank %d is above the limit of %d", len(dims), maxRank)
	}
	n, ok := dtype.Count(dims)
	if !ok || n > maxElements {
		return fmt.Errorf("shape %v is negative or too large", append([]int(nil), dims...))
	}
	v.rank = copy(v.dims[:], dims)
	v.dense = true
	return nil
}

// maxElements bounds one value: a cache of 32,768 tokens of a 7B model has just
// so many. What is computed is bounded by the arena below that.
const maxElements = 1 << 30

// strides fills stride and repeat from the shape when v is dense, so that a
// reader may use them in either case.
func (v *value) strides() {
	if !v.dense {
		return
	}
	n := 1
	for d := v.rank - 1; d >= 0; d-- {
		v.stride[d], v.repeat[d] = n, 1
		n *= v.dims[d]
	}
}

// settle marks v dense when its strides are those of a dense value; dimensions
// of one element do not matter.
func (v *value) settle() {
	n := 1
	for d := v.rank - 1; d >= 0; d-- {
		if v.dims[d] == 1 {
			continue
		}
		if v.stride[d] != n || v.repeat[d] != 1 {
			v.dense = false
			return
		}
		n *= v.dims[d]
	}
	v.dense = true
}

// base drops the first off elements of the memory.
func (v *value) base(off int) {
	switch v.repr {
	case reprF32:
		v.f = v.f[off:]
	case reprI32:
		v.i = v.i[off:]
	case reprF16:
		v.h = v.h[off:]
	}
}

// alias makes v the same content as src, keeping v's slot and declared type.
func (v *value) alias(src *value) {
	dt, slot := v.dt, v.slot
	*v = *src
	v.dt, v.slot, v.wide, v.flat, v.own = dt, slot, nil, nil, false
}

// copyStrided gathers the elements of a strided value into dst in row-major
// order; at reads element number k of the memory.
func copyStrided[D any, S any](p *poller, v *value, dst []D, src []S, row func(dst []D, src []S, stride, repeat int)) {
	if v.len() == 0 {
		return
	}
	v.strides()
	if v.rank == 0 {
		row(dst[:1], src, 1, 1)
		return
	}
	last := v.rank - 1
	n := v.dims[last]
	var idx [maxRank]int
	w := counter{p: p}
	for at := 0; ; at += n {
		off := 0
		for d := range last {
			off += idx[d] / v.repeat[d] * v.stride[d]
		}
		w.add(n)
		if n <= pollEvery {
			row(dst[at:at+n], src[off:], v.stride[last], v.repeat[last])
		} else {
			longRow(p, dst[at:at+n], src[off:], v.stride[last], v.repeat[last], row)
		}
		d := last - 1
		for ; d >= 0; d-- {
			idx[d]++
			if idx[d] < v.dims[d] {
				break
			}
			idx[d] = 0
		}
		if d < 0 {
			return
		}
	}
}

// longRow copies a row in pieces that end where an element's repetition does.
func longRow[D any, S any](p *poller, dst []D, src []S, stride, repeat int, row func(dst []D, src []S, stride, repeat int)) {
	for lo := 0; lo < len(dst); {
		p.poll()
		hi, from := min(lo+pollEvery, len(dst)), src[lo/repeat*stride:]
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

func rowF32(dst, src []float32, stride, repeat int) {
	if stride == 1 && repeat == 1 {
		copy(dst, src)
		return
	}
	rowStrided(dst, src, stride, repeat)
}

func rowI32(dst, src []int32, stride, repeat int) {
	if stride == 1 && repeat == 1 {
		copy(dst, src)
		return
	}
	rowStrided(dst, src, stride, repeat)
}

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

func rowF16(dst []float32, src []uint16, stride, repeat int) {
	if stride == 1 && repeat == 1 {
		kernel.F16ToF32(dst, src[:len(dst)])
		return
	}
	for i := range dst {
		dst[i] = dtype.Float16ToFloat32(src[i/repeat*stride])
	}
}

// widen writes v's elements to dst as float32, row-major.
func (v *value) widen(p *poller, dst []float32) {
	switch v.repr {
	case reprF32:
		copyStrided(p, v, dst, v.f, rowF32)
	case reprF16:
		if v.dense {
			p.pieces(len(dst), func(lo, hi int) { kernel.F16ToF32(dst[lo:hi], v.h[lo:hi]) })
			return
		}
		copyStrided(p, v, dst, v.h, rowF16)
	case reprI32:
		copyStrided(p, v, dst, v.i, func(dst []float32, src []int32, stride, repeat int) {
			for i := range dst {
				dst[i] = float32(src[i/repeat*stride])
			}
		})
	case reprWeight:
		p.piecesOf(len(dst), decodeEvery, func(lo, hi int) { v.w.decode(dst[lo:hi], lo) })
	}
}

// asInt32 views float32 memory as int32; both are four bytes wide.
func asInt32(f []float32) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(f))), len(f))
}
