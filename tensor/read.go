package tensor

import (
	"slices"
	"unsafe"
)

// Bytes returns the memory of a contiguous tensor, row-major. It is shared:
// what is written there changes the tensor and its views. The call does not
// allocate.
func (t *Tensor) Bytes() ([]byte, error) {
	if err := t.Err(); err != nil {
		return nil, err
	}
	if !t.contiguous {
		return nil, opError("bytes", ErrNotContiguous, "strides %v of shape %v", t.strides, t.shape)
	}
	if t.length == 0 {
		return nil, nil
	}
	size := t.dtype.Size()
	end := (t.offset + t.length) * size
	return t.data[t.offset*size : end : end], nil
}

// Data returns the memory of a contiguous tensor as elements of T, row-major.
// T must stand for the tensor's exact element type; see [Element]. The memory
// is shared: what is written there changes the tensor and its views. The call
// does not allocate.
func Data[T Element](t *Tensor) ([]T, error) {
	raw, err := t.Bytes()
	if err != nil {
		return nil, err
	}
	d := TypeOf[T]()
	if d != t.dtype {
		return nil, opError("data", ErrDType, "%v read as %v", t.dtype, d)
	}
	if d == Bool {
		// A Go bool with any other bit pattern misbehaves.
		for _, b := range raw {
			if b > 1 {
				return nil, opError("data", ErrValue, "a bool is stored as %d", b)
			}
		}
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(raw))), t.length), nil
}

// Values returns a copy of the elements in row-major order, converted to T by
// the rules of [Tensor.To]. It reads any tensor, contiguous or not.
func Values[T Element](t *Tensor) ([]T, error) {
	if err := t.Err(); err != nil {
		return nil, err
	}
	out := alloc("values", TypeOf[T](), t.shape)
	if out.err != nil {
		return nil, out.err
	}
	if t.dtype == out.dtype && t.dtype != Bool {
		copyElements(out, t)
	} else {
		convert(out, t)
	}
	return Data[T](out)
}

// Item returns the only element of t, converted to T by the rules of
// [Tensor.To]. The shape may have any number of dimensions of size 1.
func Item[T Element](t *Tensor) (T, error) {
	var zero T
	if err := t.Err(); err != nil {
		return zero, err
	}
	if t.length != 1 {
		return zero, opError("item", ErrShape, "shape %v has %d elements", t.shape, t.length)
	}
	v, err := Values[T](t)
	if err != nil {
		return zero, err
	}
	return v[0], nil
}

// clone returns a contiguous copy.
func (t *Tensor) clone() *Tensor {
	out := alloc("copy", t.dtype, t.shape)
	if out.err == nil {
		copyElements(out, t)
	}
	return out
}

// Contiguous returns t itself when it is contiguous, and a contiguous copy
// otherwise.
func (t *Tensor) Contiguous() *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	if t.contiguous {
		return t
	}
	return t.clone()
}

// Clone returns a contiguous copy with memory of its own.
func (t *Tensor) Clone() *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	return t.clone()
}

// To returns t with its elements converted, or t itself when it has that type
// already.
//
//   - A floating-point number is rounded to the nearest, ties to even.
//   - Float to integer drops the fraction and saturates at the type's limits;
//     NaN becomes 0.
//   - Integer to integer saturates.
//   - Zero becomes false and all else, NaN too, true; true becomes 1.
func (t *Tensor) To(dtype DType) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	if dtype == t.dtype {
		return t
	}
	out := alloc("to", dtype, t.shape)
	if out.err == nil {
		convert(out, t)
	}
	return out
}

// CopyTo writes the elements of t into the memory of dst, which has the same
// shape and may be a view, converted by the rules of [Tensor.To]. The two may
// overlap. A dst that repeats elements is refused.
func (t *Tensor) CopyTo(dst *Tensor) error {
	if err := firstErr(t, dst); err != nil {
		return err
	}
	if !slices.Equal(t.shape, dst.shape) {
		return opError("copy", ErrShape, "%v into %v", t.shape, dst.shape)
	}
	for i, s := range dst.strides {
		if s == 0 && dst.shape[i] > 1 {
			return opError("copy", ErrShape, "axis %d of the destination repeats", i)
		}
	}
	src := t.To(dst.dtype)
	if src == t && overlap(t, dst) {
		src = t.clone()
	}
	if src.err != nil {
		return src.err
	}
	copyElements(dst, src)
	return nil
}

// overlap reports whether two tensors may share memory.
func overlap(a, b *Tensor) bool {
	if len(a.data) == 0 || len(b.data) == 0 {
		return false
	}
	pa, pb := uintptr(unsafe.Pointer(&a.data[0])), uintptr(unsafe.Pointer(&b.data[0]))
	return pa < pb+uintptr(len(b.data)) && pb < pa+uintptr(len(a.data))
}
