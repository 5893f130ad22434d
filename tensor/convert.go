package tensor

import (
	"math"

	"golang.org/x/exp/constraints"
)

// compute is a Go type that elements are computed in; see [class].
type compute interface{ float32 | float64 | int64 }

// chunk is the number of elements that pass through a buffer at a time.
const chunk = 1024

// reader hands out the elements of a tensor in row-major order as values of C,
// which belongs to the class of the tensor's type.
type reader[C compute] struct {
	walker
	t      *Tensor
	direct []C // the memory itself when it holds values of C
	buf    []C
}

func newReader[C compute](t *Tensor) *reader[C] {
	r := &reader[C]{t: t}
	r.init(t)
	if stores[C](t.dtype) {
		r.direct = elems[C](t)
	}
	return r
}

// stores reports whether elements of d lie in memory as values of C.
func stores[C compute](d DType) bool {
	var c C
	switch any(c).(type) {
	case float32:
		return d == Float32
	case float64:
		return d == Float64
	default:
		return d == Int64
	}
}

// next returns the next n elements: the memory itself where they lie there as
// one run of C, else a buffer of that size. They are valid until the next call
// and must not be changed.
func (r *reader[C]) next(n int) []C {
	if r.direct != nil && r.stride() == 1 && r.avail() >= n {
		off := r.take(n)
		return r.direct[off : off+n]
	}
	if cap(r.buf) < n {
		r.buf = make([]C, max(n, min(chunk, r.t.length)))
	}
	out := r.buf[:n]
	for done := 0; done < n; {
		m := min(r.avail(), n-done)
		stride := r.stride()
		load(out[done:done+m], r.t, r.take(m), stride)
		done += m
	}
	return out
}

// load converts len(dst) elements from off on, stride apart, to the type that
// t's class computes in.
func load[C compute](dst []C, t *Tensor, off, stride int) {
	switch dst := any(dst).(type) {
	case []float32:
		if t.dtype == Float16 {
			loadHalf(dst, elems[Half](t), off, stride)
			return
		}
		loadAs(dst, elems[float32](t), off, stride)
	case []float64:
		loadAs(dst, elems[float64](t), off, stride)
	case []int64:
		loadInt(dst, t, off, stride)
	}
}

func loadInt(dst []int64, t *Tensor, off, stride int) {
	switch t.dtype {
	case Bool:
		loadAs(dst, elems[uint8](t), off, stride)
		for i, v := range dst {
			dst[i] = min(v, 1)
		}
	case UInt8:
		loadAs(dst, elems[uint8](t), off, stride)
	case Int8:
		loadAs(dst, elems[int8](t), off, stride)
	case UInt16:
		loadAs(dst, elems[uint16](t), off, stride)
	case Int16:
		loadAs(dst, elems[int16](t), off, stride)
	case Int32:
		loadAs(dst, elems[int32](t), off, stride)
	default:
		loadAs(dst, elems[int64](t), off, stride)
	}
}

func loadAs[C compute, S constraints.Integer | constraints.Float](dst []C, src []S, off, stride int) {
	switch stride {
	case 1:
		src = src[off : off+len(dst)]
		for i, v := range src {
			dst[i] = C(v)
		}
	case 0:
		v := C(src[off])
		for i := range dst {
			dst[i] = v
		}
	default:
		for i := range dst {
			dst[i] = C(src[off])
			off += stride
		}
	}
}

func loadHalf(dst []float32, src []Half, off, stride int) {
	switch stride {
	case 1:
		HalvesToFloat32(dst, src[off:off+len(dst)])
	case 0:
		v := src[off].Float32()
		for i := range dst {
			dst[i] = v
		}
	default:
		for i := range dst {
			dst[i] = src[off].Float32()
			off += stride
		}
	}
}

// writer fills a fresh contiguous tensor in order. Integers that do not fit
// wrap around, or saturate in a conversion.
type writer[C compute] struct {
	t        *Tensor
	direct   []C
	buf      []C
	pos      int
	saturate bool
}

func newWriter[C compute](t *Tensor) *writer[C] {
	w := &writer[C]{t: t, pos: t.offset}
	if stores[C](t.dtype) {
		w.direct = elems[C](t)
	}
	return w
}

// next returns room for n elements, which flush then stores.
func (w *writer[C]) next(n int) []C {
	if w.direct != nil {
		return w.direct[w.pos : w.pos+n]
	}
	if cap(w.buf) < n {
		w.buf = make([]C, max(n, min(chunk, w.t.length)))
	}
	return w.buf[:n]
}

// flush stores src, which next returned and the caller filled.
func (w *writer[C]) flush(src []C) {
	if w.direct == nil {
		store(w.t, w.pos, src, w.saturate)
	}
	w.pos += len(src)
}

// put stores one element.
func (w *writer[C]) put(v C) {
	dst := w.next(1)
	dst[0] = v
	w.flush(dst)
}

// store converts src to t's elements from pos on.
func store[C compute](t *Tensor, pos int, src []C, saturate bool) {
	switch t.dtype {
	case Bool:
		dst := elems[uint8](t)[pos:]
		for i, v := range src {
			dst[i] = 0
			if v != 0 {
				dst[i] = 1
			}
		}
	case Float16:
		storeHalf(elems[Half](t)[pos:pos+len(src)], src)
	case Float32:
		storeFloat(elems[float32](t)[pos:pos+len(src)], src)
	case Float64:
		storeFloat(elems[float64](t)[pos:pos+len(src)], src)
	case Int8:
		storeInt(elems[int8](t)[pos:pos+len(src)], src, math.MinInt8, math.MaxInt8, saturate)
	case UInt8:
		storeInt(elems[uint8](t)[pos:pos+len(src)], src, 0, math.MaxUint8, saturate)
	case Int16:
		storeInt(elems[int16](t)[pos:pos+len(src)], src, math.MinInt16, math.MaxInt16, saturate)
	case UInt16:
		storeInt(elems[uint16](t)[pos:pos+len(src)], src, 0, math.MaxUint16, saturate)
	case Int32:
		storeInt(elems[int32](t)[pos:pos+len(src)], src, math.MinInt32, math.MaxInt32, saturate)
	case Int64:
		storeInt(elems[int64](t)[pos:pos+len(src)], src, math.MinInt64, math.MaxInt64, saturate)
	case Invalid, dtypeCount:
	}
}

func storeFloat[D constraints.Float, C compute](dst []D, src []C) {
	for i, v := range src {
		dst[i] = D(v)
	}
}

func storeHalf[C compute](dst []Half, src []C) {
	if src, ok := any(src).([]float32); ok {
		for i, v := range src {
			dst[i] = HalfOf(v)
		}
		return
	}
	for i, v := range src {
		dst[i] = halfOf64(float64(v))
	}
}

// halfOf64 rounds f to the nearest Half in one step. Rounding to float32 first
// is harmless only if it does not turn a value near the middle of two halfs
// into the middle: the last bit is set when something was cut off ("round to
// odd", Boldo and Melquiond, 2005).
func halfOf64(f float64) Half {
	g := float32(f)
	if d := float64(g); d != f && !math.IsInf(d, 0) && d == d {
		bits := math.Float32bits(g)
		if math.Abs(d) > math.Abs(f) {
			bits--
		}
		g = math.Float32frombits(bits | 1)
	}
	return HalfOf(g)
}

func storeInt[D constraints.Integer, C compute](dst []D, src []C, lo, hi int64, saturate bool) {
	switch src := any(src).(type) {
	case []int64:
		if saturate {
			for i, v := range src {
				dst[i] = D(min(max(v, lo), hi))
			}
			return
		}
		for i, v := range src {
			dst[i] = D(v)
		}
	case []float32:
		for i, v := range src {
			dst[i] = D(saturateFloat(float64(v), lo, hi))
		}
	case []float64:
		for i, v := range src {
			dst[i] = D(saturateFloat(v, lo, hi))
		}
	}
}

// saturateFloat cuts off the fraction of f and limits the rest; NaN gives 0.
func saturateFloat(f float64, lo, hi int64) int64 {
	switch {
	case f != f:
		return 0
	case f <= float64(lo):
		return lo
	case f >= float64(hi):
		return hi
	}
	return int64(f)
}

// convert fills dst, fresh and contiguous, with the elements of src.
func convert(dst, src *Tensor) {
	switch src.dtype.class() {
	case classInt:
		convertVia[int64](dst, src)
	case classFloat:
		convertVia[float32](dst, src)
	case classFloat64:
		convertVia[float64](dst, src)
	case classNone:
	}
}

func convertVia[C compute](dst, src *Tensor) {
	r := newReader[C](src)
	for pos := 0; pos < dst.length; {
		n := min(chunk, dst.length-pos)
		store(dst, dst.offset+pos, r.next(n), true)
		pos += n
	}
}
