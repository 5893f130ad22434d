package tensor

import "slices"

// PadSize says how many positions are added before and after an axis.
type PadSize struct{ Before, After int }

// Pad returns t with value, converted by the rules of [Tensor.To], around it:
// one size per axis.
func (t *Tensor) Pad(value float64, sizes ...PadSize) *Tensor {
	shape, err := t.padded("pad", sizes)
	if err != nil {
		return failed(err)
	}
	out := alloc("pad", t.dtype, shape)
	if out.err != nil {
		return out
	}
	if v := t.Scalar(value); value != 0 {
		fill(out, v)
	}
	inside := out
	for a, s := range sizes {
		inside = inside.narrow(a, s.Before, t.shape[a])
	}
	copyElements(inside, t)
	return out
}

// PadReflect returns t with its mirror image around it, without the elements
// at the edge: 1 2 3 becomes 3 2 1 2 3 2 1. A size must be smaller than its
// dimension.
func (t *Tensor) PadReflect(sizes ...PadSize) *Tensor { return t.padMirror("pad reflect", 1, sizes) }

// PadSymmetric returns t with its mirror image around it, with the elements at
// the edge: 1 2 3 becomes 3 2 1 1 2 3 3 2 1. A size must not be greater than
// its dimension.
func (t *Tensor) PadSymmetric(sizes ...PadSize) *Tensor {
	return t.padMirror("pad symmetric", 0, sizes)
}

// padMirror pads with the mirror image that skips the given number of elements
// at the edge.
func (t *Tensor) padMirror(op string, skip int, sizes []PadSize) *Tensor {
	if _, err := t.padded(op, sizes); err != nil {
		return failed(err)
	}
	out := t
	for a, s := range sizes {
		dim := t.shape[a]
		if s.Before+skip > dim && s.Before > 0 || s.After+skip > dim && s.After > 0 {
			return fail(op, ErrShape, "%v around dimension %d", s, dim)
		}
		if s == (PadSize{}) {
			continue
		}
		parts := []*Tensor{out}
		if s.Before > 0 {
			parts = slices.Insert(parts, 0, out.narrow(a, skip, s.Before).Reverse(a))
		}
		if s.After > 0 {
			parts = append(parts, out.narrow(a, dim-skip-s.After, s.After).Reverse(a))
		}
		if out = Concat(a, parts...); out.err != nil {
			return out
		}
	}
	return out.Contiguous()
}

// padded returns the shape of t with sizes around it.
func (t *Tensor) padded(op string, sizes []PadSize) ([]int, error) {
	if err := t.Err(); err != nil {
		return nil, err
	}
	if len(sizes) != len(t.shape) {
		return nil, opError(op, ErrShape, "%d sizes for rank %d", len(sizes), len(t.shape))
	}
	shape := slices.Clone(t.shape)
	for a, s := range sizes {
		if s.Before < 0 || s.After < 0 || s.Before > MaxBytes || s.After > MaxBytes-s.Before ||
			s.Before+s.After > MaxBytes-shape[a] {
			return nil, opError(op, ErrShape, "%v around dimension %d", s, shape[a])
		}
		shape[a] += s.Before + s.After
	}
	_, err := checkShape(op, t.dtype, shape)
	return shape, err
}
