package tensor

import "slices"

// binaryOp is an operation on pairs of elements, once for every class. A nil
// function means that the class does not have it.
type binaryOp struct {
	name string
	i64  func(dst, a, b []int64)
	f32  func(dst, a, b []float32)
	f64  func(dst, a, b []float64)
}

// binary applies op to a and b, broadcast to a common shape.
func binary(op *binaryOp, a, b *Tensor) *Tensor {
	x, y, err := operands(op.name, a, b)
	if err != nil {
		return failed(err)
	}
	if a.dtype == Bool {
		return fail(op.name, ErrDType, "not defined for %v", a.dtype)
	}
	switch a.dtype.class() {
	case classFloat:
		return binaryVia(op.name, op.f32, x, y)
	case classFloat64:
		return binaryVia(op.name, op.f64, x, y)
	default:
		return binaryVia(op.name, op.i64, x, y)
	}
}

func binaryVia[C compute](name string, f func(dst, a, b []C), x, y *Tensor) *Tensor {
	if f == nil {
		return fail(name, ErrDType, "not defined for %v", x.dtype)
	}
	out := alloc(name, x.dtype, x.shape)
	if out.err != nil {
		return out
	}
	rx, ry, w := newReader[C](x), newReader[C](y), newWriter[C](out)
	for left := out.length; left > 0; {
		n := min(chunk, left)
		dst := w.next(n)
		f(dst, rx.next(n), ry.next(n))
		w.flush(dst)
		left -= n
	}
	return out
}

// compareOp is a comparison, once for every class.
type compareOp struct {
	name string
	i64  func(dst []uint8, a, b []int64)
	f32  func(dst []uint8, a, b []float32)
	f64  func(dst []uint8, a, b []float64)
}

// comparison applies op to a and b, broadcast to a common shape, and gives a
// Bool tensor.
func comparison(op *compareOp, a, b *Tensor) *Tensor {
	x, y, err := operands(op.name, a, b)
	if err != nil {
		return failed(err)
	}
	switch a.dtype.class() {
	case classFloat:
		return compareVia(op.name, op.f32, x, y)
	case classFloat64:
		return compareVia(op.name, op.f64, x, y)
	default:
		return compareVia(op.name, op.i64, x, y)
	}
}

func compareVia[C compute](name string, f func(dst []uint8, a, b []C), x, y *Tensor) *Tensor {
	out := alloc(name, Bool, x.shape)
	if out.err != nil {
		return out
	}
	rx, ry := newReader[C](x), newReader[C](y)
	for dst := out.data; len(dst) > 0; {
		n := min(chunk, len(dst))
		f(dst[:n], rx.next(n), ry.next(n))
		dst = dst[n:]
	}
	return out
}

// unaryOp is an operation on single elements, once for every class.
type unaryOp struct {
	name string
	i64  func(dst, a []int64)
	f32  func(dst, a []float32)
	f64  func(dst, a []float64)
}

func unary(op *unaryOp, t *Tensor) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	if t.dtype == Bool {
		return fail(op.name, ErrDType, "not defined for %v", t.dtype)
	}
	switch t.dtype.class() {
	case classFloat:
		return unaryVia(op.name, op.f32, t)
	case classFloat64:
		return unaryVia(op.name, op.f64, t)
	default:
		return unaryVia(op.name, op.i64, t)
	}
}

func unaryVia[C compute](name string, f func(dst, a []C), t *Tensor) *Tensor {
	if f == nil {
		return fail(name, ErrDType, "not defined for %v", t.dtype)
	}
	out := alloc(name, t.dtype, t.shape)
	if out.err != nil {
		return out
	}
	r, w := newReader[C](t), newWriter[C](out)
	for left := out.length; left > 0; {
		n := min(chunk, left)
		dst := w.next(n)
		f(dst, r.next(n))
		w.flush(dst)
		left -= n
	}
	return out
}

// operands checks two operands of one type and returns views of them with
// their common shape.
func operands(op string, a, b *Tensor) (x, y *Tensor, err error) {
	if err := firstErr(a, b); err != nil {
		return nil, nil, err
	}
	if a.dtype != b.dtype {
		return nil, nil, opError(op, ErrDType, "%v and %v", a.dtype, b.dtype)
	}
	views, err := broadcastAll(op, a, b)
	if err != nil {
		return nil, nil, err
	}
	return views[0], views[1], nil
}

// broadcastAll returns views of valid tensors with their common shape.
func broadcastAll(op string, ts ...*Tensor) ([]*Tensor, error) {
	shape := ts[0].shape
	same := true
	for _, t := range ts[1:] {
		s, ok := broadcastShape(shape, t.shape)
		if !ok {
			return nil, opError(op, ErrShape, "%v and %v do not broadcast", shape, t.shape)
		}
		same = same && slices.Equal(shape, t.shape)
		shape = s
	}
	if same {
		return ts, nil
	}
	views := make([]*Tensor, len(ts))
	for i, t := range ts {
		views[i] = t.Broadcast(shape...)
		if err := views[i].err; err != nil {
			return nil, err
		}
	}
	return views, nil
}

// broadcastShape returns the shape that a and b broadcast to by NumPy's rules:
// aligned at the last axis, dimensions are equal or one of them is 1.
func broadcastShape(a, b []int) ([]int, bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	shape := slices.Clone(a)
	lead := len(a) - len(b)
	for i, d := range b {
		switch e := a[lead+i]; {
		case d == e || d == 1:
		case e == 1:
			shape[lead+i] = d
		default:
			return nil, false
		}
	}
	return shape, true
}
