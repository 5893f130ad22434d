package tensor

import "slices"

// Reshape returns the elements of t, in the same row-major order, with another
// shape of as many elements. One dimension may be -1: it takes what the others
// leave. The result shares t's memory when t is contiguous and is a copy
// otherwise.
func (t *Tensor) Reshape(shape ...int) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	dims := slices.Clone(shape)
	if i := slices.Index(dims, -1); i >= 0 {
		dims[i] = 1
		rest, err := checkShape("reshape", t.dtype, dims)
		if err != nil {
			return failed(err)
		}
		if rest == 0 || t.length%rest != 0 {
			return fail("reshape", ErrShape, "%v to %v", t.shape, shape)
		}
		dims[i] = t.length / rest
	}
	n, err := checkShape("reshape", t.dtype, dims)
	if err != nil {
		return failed(err)
	}
	if n != t.length {
		return fail("reshape", ErrShape, "%v to %v", t.shape, shape)
	}
	c := t.Contiguous()
	if c.err != nil {
		return c
	}
	out := rowMajor(c.dtype, c.data, dims, n)
	out.offset = c.offset
	return out
}

// Flatten returns the elements as a vector, by the rules of [Tensor.Reshape].
func (t *Tensor) Flatten() *Tensor { return t.Reshape(t.Len()) }

// Transpose returns a view whose axis i is t's axis perm[i]. Without arguments
// it reverses the order of the axes.
func (t *Tensor) Transpose(perm ...int) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	rank := len(t.shape)
	if len(perm) == 0 {
		perm = make([]int, rank)
		for i := range perm {
			perm[i] = rank - 1 - i
		}
	}
	if len(perm) != rank {
		return fail("transpose", ErrShape, "permutation %v of rank %d", perm, rank)
	}
	shape, strides := make([]int, rank), make([]int, rank)
	var seen [MaxRank]bool
	for i, p := range perm {
		a, err := axis("transpose", p, rank)
		if err != nil {
			return failed(err)
		}
		if seen[a] {
			return fail("transpose", ErrShape, "permutation %v repeats axis %d", perm, a)
		}
		seen[a] = true
		shape[i], strides[i] = t.shape[a], t.strides[a]
	}
	return t.view("transpose", shape, strides, t.offset)
}

// SwapAxes returns a view with axes a and b exchanged.
func (t *Tensor) SwapAxes(a, b int) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	rank := len(t.shape)
	i, err := axis("swap axes", a, rank)
	if err != nil {
		return failed(err)
	}
	j, err := axis("swap axes", b, rank)
	if err != nil {
		return failed(err)
	}
	shape, strides := slices.Clone(t.shape), slices.Clone(t.strides)
	shape[i], shape[j] = shape[j], shape[i]
	strides[i], strides[j] = strides[j], strides[i]
	return t.view("swap axes", shape, strides, t.offset)
}

// moveLast returns a view with axis a, which t has, behind all others.
func (t *Tensor) moveLast(a int) *Tensor {
	shape := append(slices.Delete(slices.Clone(t.shape), a, a+1), t.shape[a])
	strides := append(slices.Delete(slices.Clone(t.strides), a, a+1), t.strides[a])
	return t.view("move axis", shape, strides, t.offset)
}

// moveFromLast undoes moveLast.
func (t *Tensor) moveFromLast(a int) *Tensor {
	last := len(t.shape) - 1
	shape := slices.Insert(slices.Clone(t.shape[:last]), a, t.shape[last])
	strides := slices.Insert(slices.Clone(t.strides[:last]), a, t.strides[last])
	return t.view("move axis", shape, strides, t.offset)
}

// Squeeze returns a view without the given axes, each of which must have size
// 1. Without arguments it drops every axis of size 1.
func (t *Tensor) Squeeze(axes ...int) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	drop, err := axisSet("squeeze", axes, len(t.shape))
	if err != nil {
		return failed(err)
	}
	shape, strides := make([]int, 0, len(t.shape)), make([]int, 0, len(t.shape))
	for i, d := range t.shape {
		if len(axes) > 0 && drop[i] && d != 1 {
			return fail("squeeze", ErrShape, "axis %d of %v is not 1", i, t.shape)
		}
		if d != 1 || !drop[i] {
			shape, strides = append(shape, d), append(strides, t.strides[i])
		}
	}
	return t.view("squeeze", shape, strides, t.offset)
}

// ExpandDims returns a view with new axes of size 1 at the given places of the
// result's shape.
func (t *Tensor) ExpandDims(axes ...int) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	rank := len(t.shape) + len(axes)
	if rank > MaxRank {
		return fail("expand dims", ErrShape, "rank %d, at most %d", rank, MaxRank)
	}
	if len(axes) == 0 {
		return t
	}
	fresh, err := axisSet("expand dims", axes, rank)
	if err != nil {
		return failed(err)
	}
	shape, strides := make([]int, rank), make([]int, rank)
	from := 0
	for i := range rank {
		if fresh[i] {
			shape[i] = 1
			continue
		}
		shape[i], strides[i] = t.shape[from], t.strides[from]
		from++
	}
	return t.view("expand dims", shape, strides, t.offset)
}

// Broadcast returns a view of the given shape that repeats t along axes of
// size 1 and along new leading axes, by NumPy's rules. A dimension of -1 keeps
// t's.
func (t *Tensor) Broadcast(shape ...int) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	dims := slices.Clone(shape)
	lead := len(dims) - len(t.shape)
	if lead < 0 || len(dims) > MaxRank {
		return fail("broadcast", ErrShape, "%v to %v", t.shape, shape)
	}
	strides := make([]int, len(dims))
	for i, d := range t.shape {
		switch j := lead + i; dims[j] {
		case -1, d:
			dims[j], strides[j] = d, t.strides[i]
		default:
			if d != 1 {
				return fail("broadcast", ErrShape, "%v to %v", t.shape, shape)
			}
		}
	}
	return t.view("broadcast", dims, strides, t.offset)
}

// Reverse returns a view that runs backwards along the given axes.
func (t *Tensor) Reverse(axes ...int) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	if len(axes) == 0 {
		return t
	}
	flip, err := axisSet("reverse", axes, len(t.shape))
	if err != nil {
		return failed(err)
	}
	strides, offset := slices.Clone(t.strides), t.offset
	for i, d := range t.shape {
		if flip[i] && t.length > 0 {
			offset += (d - 1) * strides[i]
			strides[i] = -strides[i]
		}
	}
	return t.view("reverse", slices.Clone(t.shape), strides, offset)
}

// axisSet marks the given axes of rank dimensions, all of them when there are
// none. An axis may not occur twice.
func axisSet(op string, axes []int, rank int) (set [MaxRank]bool, err error) {
	for i := range rank {
		set[i] = len(axes) == 0
	}
	for _, a := range axes {
		i, err := axis(op, a, rank)
		if err != nil {
			return set, err
		}
		if set[i] {
			return set, opError(op, ErrShape, "axis %d occurs twice in %v", i, axes)
		}
		set[i] = true
	}
	return set, nil
}
