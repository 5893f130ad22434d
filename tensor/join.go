package tensor

import "slices"

// Concat joins tensors of one type along an axis that they have. Their other
// dimensions must be equal.
func Concat(axis int, ts ...*Tensor) *Tensor {
	if err := sameType("concat", ts); err != nil {
		return failed(err)
	}
	first := ts[0]
	a, err := axisOf("concat", axis, first)
	if err != nil {
		return failed(err)
	}
	shape := slices.Clone(first.shape)
	total := 0
	for _, t := range ts {
		if len(t.shape) != len(shape) {
			return fail("concat", ErrShape, "%v and %v", first.shape, t.shape)
		}
		shape[a] = t.shape[a]
		if !slices.Equal(shape, t.shape) {
			return fail("concat", ErrShape, "%v and %v along axis %d", first.shape, t.shape, a)
		}
		if total += t.shape[a]; total > MaxBytes {
			return fail("concat", ErrShape, "axis %d is too large", a)
		}
	}
	shape[a] = total
	out := alloc("concat", first.dtype, shape)
	if out.err != nil {
		return out
	}
	at := 0
	for _, t := range ts {
		n := t.shape[a]
		copyElements(out.narrow(a, at, n), t)
		at += n
	}
	return out
}

// narrow returns a view of n positions of axis a from one on, all of which t
// has.
func (t *Tensor) narrow(a, from, n int) *Tensor {
	shape, offset := slices.Clone(t.shape), t.offset
	shape[a] = n
	if n > 0 {
		offset += from * t.strides[a]
	}
	return t.view("narrow", shape, t.strides, offset)
}

// sameType checks that ts are valid, of one type, and at least one.
func sameType(op string, ts []*Tensor) error {
	if len(ts) == 0 {
		return opError(op, ErrShape, "no tensors")
	}
	if err := firstErr(ts...); err != nil {
		return err
	}
	for _, t := range ts[1:] {
		if t.dtype != ts[0].dtype {
			return opError(op, ErrDType, "%v and %v", ts[0].dtype, t.dtype)
		}
	}
	return nil
}

func axisOf(op string, a int, t *Tensor) (int, error) { return axis(op, a, len(t.shape)) }

// Stack joins tensors of one type and shape along a new axis, which is placed
// at the given position of the result's shape.
func Stack(axis int, ts ...*Tensor) *Tensor {
	if err := sameType("stack", ts); err != nil {
		return failed(err)
	}
	expanded := make([]*Tensor, len(ts))
	for i, t := range ts {
		if !slices.Equal(t.shape, ts[0].shape) {
			return fail("stack", ErrShape, "%v and %v", ts[0].shape, t.shape)
		}
		expanded[i] = t.ExpandDims(axis)
	}
	return Concat(axis, expanded...)
}

// Split cuts t along an axis into views of the given sizes, which must add up
// to the dimension.
func (t *Tensor) Split(axis int, sizes ...int) ([]*Tensor, error) {
	if err := t.Err(); err != nil {
		return nil, err
	}
	a, err := axisOf("split", axis, t)
	if err != nil {
		return nil, err
	}
	rest := t.shape[a]
	for _, n := range sizes {
		if n < 0 || n > rest {
			return nil, opError("split", ErrShape, "sizes %v of dimension %d", sizes, t.shape[a])
		}
		rest -= n
	}
	if rest != 0 {
		return nil, opError("split", ErrShape, "sizes %v of dimension %d", sizes, t.shape[a])
	}
	parts := make([]*Tensor, len(sizes))
	at := 0
	for i, n := range sizes {
		parts[i] = t.narrow(a, at, n)
		at += n
	}
	return parts, nil
}

// SplitEven cuts t along an axis into count views of equal size.
func (t *Tensor) SplitEven(axis, count int) ([]*Tensor, error) {
	if err := t.Err(); err != nil {
		return nil, err
	}
	a, err := axisOf("split", axis, t)
	if err != nil {
		return nil, err
	}
	dim := t.shape[a]
	if count <= 0 || count > min(max(dim, 1), maxParts) || dim%count != 0 {
		return nil, opError("split", ErrShape, "dimension %d into %d parts", dim, count)
	}
	return t.Split(a, slices.Repeat([]int{dim / count}, count)...)
}

// maxParts limits the number of tensors that a call returns.
const maxParts = 1 << 20

// Unstack returns a view of every position along an axis, without that axis.
// More than 2^20 of them are an error.
func (t *Tensor) Unstack(axis int) ([]*Tensor, error) {
	if err := t.Err(); err != nil {
		return nil, err
	}
	a, err := axisOf("unstack", axis, t)
	if err != nil {
		return nil, err
	}
	if t.shape[a] > maxParts {
		return nil, opError("unstack", ErrShape, "axis %d of %v is too large", a, t.shape)
	}
	parts := make([]*Tensor, t.shape[a])
	for i := range parts {
		parts[i] = t.narrow(a, i, 1).Squeeze(a)
	}
	return parts, nil
}

// Tile repeats t along every axis as often as multiples say, one per axis.
func (t *Tensor) Tile(multiples ...int) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	if len(multiples) != len(t.shape) {
		return fail("tile", ErrShape, "multiples %v of rank %d", multiples, len(t.shape))
	}
	out := t
	for a, m := range multiples {
		if m != 1 {
			out = out.repeat(a, m)
		}
	}
	return out.Contiguous()
}

// repeat returns m copies of t behind one another along axis a.
func (t *Tensor) repeat(a, m int) *Tensor {
	if t.err != nil {
		return t
	}
	shape := slices.Clone(t.shape)
	if m < 0 || m > MaxBytes/max(shape[a], 1) {
		return fail("tile", ErrShape, "%d times dimension %d", m, shape[a])
	}
	shape[a] *= m
	out := alloc("tile", t.dtype, shape)
	if out.err != nil || out.length == 0 {
		return out
	}
	outer, inner := 1, 1
	for i, d := range t.shape {
		if i < a {
			outer *= d
		} else {
			inner *= d
		}
	}
	src := t.Reshape(outer, 1, inner).Broadcast(outer, m, inner)
	if src.err != nil {
		return src
	}
	copyElements(out.Reshape(outer, m, inner), src)
	return out
}
