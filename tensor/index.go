package tensor

import "slices"

// indexReader returns a reader of the integer tensor idx.
func indexReader(op string, idx *Tensor) (*reader[int64], error) {
	if !idx.dtype.IsInt() {
		return nil, opError(op, ErrDType, "indices of %v", idx.dtype)
	}
	return newReader[int64](idx), nil
}

// position checks an index, which may count from the end of dim positions.
func position(op string, i int64, dim int) (int, error) {
	n := int64(dim)
	if i < -n || i >= n {
		return 0, opError(op, ErrIndex, "%d of %d", i, dim)
	}
	if i < 0 {
		i += n
	}
	return int(i), nil
}

// Gather returns the slices of t at the given indices along an axis: that axis
// of t's shape is replaced by the shape of indices, an integer tensor of any
// rank. An index may count from the end.
func (t *Tensor) Gather(indices *Tensor, axis int) *Tensor {
	if err := firstErr(t, indices); err != nil {
		return failed(err)
	}
	a, err := axisOf("gather", axis, t)
	if err != nil {
		return failed(err)
	}
	r, err := indexReader("gather", indices)
	if err != nil {
		return failed(err)
	}
	out := alloc("gather", t.dtype, slices.Replace(slices.Clone(t.shape), a, a+1, indices.shape...))
	if out.err != nil {
		return out
	}
	src := t.Contiguous()
	if src.err != nil {
		return src
	}
	dim, count := t.shape[a], indices.length
	size := t.dtype.Size()
	outer, inner := 1, size
	for i, d := range t.shape {
		if i < a {
			outer *= d
		} else if i > a {
			inner *= d
		}
	}
	from := src.data[src.offset*size:]
	for j := range count {
		p, err := position("gather", r.next(1)[0], dim)
		if err != nil {
			return failed(err)
		}
		if out.length == 0 {
			continue
		}
		for o := range outer {
			copy(out.data[(o*count+j)*inner:][:inner], from[(o*dim+p)*inner:][:inner])
		}
	}
	return out
}

// GatherND looks up the elements or slices that the vectors along the last
// axis of indices name: a vector of n positions selects from the first n axes
// of t.
func (t *Tensor) GatherND(indices *Tensor) *Tensor {
	if err := firstErr(t, indices); err != nil {
		return failed(err)
	}
	r, err := indexReader("gather nd", indices)
	if err != nil {
		return failed(err)
	}
	depth := indices.Dim(-1)
	if len(indices.shape) == 0 || depth > len(t.shape) {
		return fail("gather nd", ErrShape, "indices of shape %v for %v", indices.shape, t.shape)
	}
	lead := indices.shape[:len(indices.shape)-1]
	out := alloc("gather nd", t.dtype, slices.Concat(lead, t.shape[depth:]))
	if out.err != nil {
		return out
	}
	src := t.Contiguous()
	if src.err != nil {
		return src
	}
	size := t.dtype.Size()
	inner := size
	for _, d := range t.shape[depth:] {
		inner *= d
	}
	count := 1
	for _, d := range lead {
		count *= d
	}
	from := src.data[src.offset*size:]
	for j := range count {
		flat := 0
		for a := range depth {
			p, err := position("gather nd", r.next(1)[0], t.shape[a])
			if err != nil {
				return failed(err)
			}
			flat = flat*t.shape[a] + p
		}
		if inner > 0 {
			copy(out.data[j*inner:][:inner], from[flat*inner:][:inner])
		}
	}
	return out
}

// GatherAlong returns, for every element of indices, the element of t at that
// position of the axis and at the index's own position of all others. The two
// have the same rank and broadcast on the other axes.
func (t *Tensor) GatherAlong(indices *Tensor, axis int) *Tensor {
	x, idx, a, err := t.along("gather along", indices, axis)
	if err != nil {
		return failed(err)
	}
	out := alloc("gather along", t.dtype, idx.shape)
	if out.err != nil {
		return out
	}
	if err := eachAlong("gather along", x, idx, a, func(at, offset int) {
		copyElement(out, at, x, offset)
	}); err != nil {
		return failed(err)
	}
	return out
}

// ReplaceAlong returns a copy of t in which the elements that
// [Tensor.GatherAlong] would read are replaced by those of values, which
// broadcasts to the shape of indices and has t's type. Where indices name an
// element twice, the later one in row-major order wins.
func (t *Tensor) ReplaceAlong(indices, values *Tensor, axis int) *Tensor {
	const op = "replace along"
	if err := firstErr(t, indices, values); err != nil {
		return failed(err)
	}
	if values.dtype != t.dtype {
		return fail(op, ErrDType, "%v and %v", t.dtype, values.dtype)
	}
	out := t.clone()
	x, idx, a, err := out.along(op, indices, axis)
	if err != nil {
		return failed(err)
	}
	if !slices.Equal(x.shape, out.shape) {
		return fail(op, ErrShape, "indices of shape %v for %v", indices.shape, t.shape)
	}
	v := values.Broadcast(idx.shape...).Contiguous()
	if v.err != nil {
		return v
	}
	if err := eachAlong(op, x, idx, a, func(at, offset int) {
		copyElement(out, offset, v, v.offset+at)
	}); err != nil {
		return failed(err)
	}
	return out
}

// along checks an operation of index positions along an axis and broadcasts
// the two tensors on all other axes.
func (t *Tensor) along(op string, indices *Tensor, axis int) (x, idx *Tensor, a int, err error) {
	if err := firstErr(t, indices); err != nil {
		return nil, nil, 0, err
	}
	if a, err = axisOf(op, axis, t); err != nil {
		return nil, nil, 0, err
	}
	if len(indices.shape) != len(t.shape) {
		return nil, nil, 0, opError(op, ErrShape, "indices of shape %v for %v", indices.shape, t.shape)
	}
	mine, theirs := slices.Clone(t.shape), slices.Clone(indices.shape)
	mine[a], theirs[a] = 1, 1
	shape, ok := broadcastShape(mine, theirs)
	if !ok {
		return nil, nil, 0, opError(op, ErrShape, "indices of shape %v for %v", indices.shape, t.shape)
	}
	shape[a] = t.shape[a]
	x = t.Broadcast(shape...)
	shape[a] = indices.shape[a]
	idx = indices.Broadcast(shape...)
	return x, idx, a, firstErr(x, idx)
}

// eachAlong calls f for every element of idx, in row-major order, with its
// number and the offset in memory of the element of x that it names along a.
func eachAlong(op string, x, idx *Tensor, a int, f func(at, offset int)) error {
	r, err := indexReader(op, idx)
	if err != nil {
		return err
	}
	// A walk over x's memory in the shape of idx: the axis itself stands still.
	strides := slices.Clone(x.strides)
	strides[a] = 0
	var w walker
	w.init(&Tensor{shape: idx.shape, strides: strides, offset: x.offset})
	for at := range idx.length {
		p, err := position(op, r.next(1)[0], x.shape[a])
		if err != nil {
			return err
		}
		f(at, w.take(1)+p*x.strides[a])
	}
	return nil
}

// copyElement copies one element of src to dst, which has the same type.
// Offsets count from the start of the memory.
func copyElement(dst *Tensor, to int, src *Tensor, from int) {
	size := dst.dtype.Size()
	copy(dst.data[to*size:][:size], src.data[from*size:][:size])
}
