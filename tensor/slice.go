package tensor

import "fmt"

// rangeKind tells the forms of a Range apart.
type rangeKind uint8

const (
	rangeAll rangeKind = iota
	rangeSpan
	rangeFrom
	rangeUntil
	rangeAt
	rangeNewAxis
	rangeRest
)

// Range selects a part of one axis for [Tensor.Slice]. It is made by [All],
// [At], [Span], [From], [Until], [NewAxis] and [Rest]; the zero value is All.
// A negative position counts from the end of the axis.
type Range struct {
	kind     rangeKind
	from, to int
	step     int // 0 means 1
}

// All selects a whole axis.
func All() Range { return Range{} }

// At selects one position and drops the axis.
func At(i int) Range { return Range{kind: rangeAt, from: i} }

// Span selects the positions from ≤ i < to.
func Span(from, to int) Range { return Range{kind: rangeSpan, from: from, to: to} }

// From selects the positions from i to the end of the axis. From(-n) selects
// the last n.
func From(i int) Range { return Range{kind: rangeFrom, from: i} }

// Until selects the positions before i.
func Until(i int) Range { return Range{kind: rangeUntil, to: i} }

// NewAxis inserts an axis of size 1.
func NewAxis() Range { return Range{kind: rangeNewAxis} }

// Rest selects the whole of as many axes as the other ranges leave, possibly
// none. It may occur once.
func Rest() Range { return Range{kind: rangeRest} }

// By returns r with only every n-th position of it, the first one included; n
// must be positive. [Tensor.Reverse] runs an axis backwards.
func (r Range) By(n int) Range {
	r.step = n
	if n <= 0 {
		r.step = -1
	}
	return r
}

// String returns r as Python writes it.
func (r Range) String() string {
	var s string
	switch r.kind {
	case rangeAll:
		s = ":"
	case rangeSpan:
		s = fmt.Sprintf("%d:%d", r.from, r.to)
	case rangeFrom:
		s = fmt.Sprintf("%d:", r.from)
	case rangeUntil:
		s = fmt.Sprintf(":%d", r.to)
	case rangeAt:
		s = fmt.Sprint(r.from)
	case rangeNewAxis:
		s = "None"
	case rangeRest:
		s = "..."
	}
	if r.step != 0 && r.step != 1 {
		s += fmt.Sprintf(":%d", r.step)
	}
	return s
}

// bounds returns the first position, the number of positions and the step of r
// on an axis of size dim.
func (r Range) bounds(dim int) (start, n, step int, err error) {
	from, to := 0, dim
	switch r.kind {
	case rangeSpan:
		from, to = r.from, r.to
	case rangeFrom:
		from = r.from
	case rangeUntil:
		to = r.to
	case rangeAt:
		if r.from < -dim || r.from >= dim || r.step < 0 {
			return 0, 0, 0, opError("slice", ErrIndex, "%v of %d", r, dim)
		}
		if from = r.from; from < 0 {
			from += dim
		}
		return from, 1, 1, nil
	case rangeAll, rangeNewAxis, rangeRest:
	}
	if from < 0 {
		from += dim
	}
	if to < 0 {
		to += dim
	}
	step = max(r.step, 1)
	if from < 0 || from > to || to > dim || r.step < 0 {
		return 0, 0, 0, opError("slice", ErrIndex, "%v of %d", r, dim)
	}
	n = (to - from) / step
	if (to-from)%step != 0 {
		n++
	}
	return from, n, step, nil
}

// Slice returns a view of a part of t: one range per axis, in order, where
// missing ones at the end select all. A position outside of its axis is an
// error, not cut off as in Python.
//
//	t.Slice(tensor.At(0), tensor.From(-1)) // t[0, -1:]
func (t *Tensor) Slice(ranges ...Range) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	used, rest := 0, -1
	for i, r := range ranges {
		switch r.kind {
		case rangeNewAxis:
		case rangeRest:
			if rest >= 0 {
				return fail("slice", ErrShape, "ranges %v have two rests", ranges)
			}
			rest = i
		default:
			used++
		}
	}
	rank := len(t.shape)
	if used > rank || rank+len(ranges)-used > MaxRank+1 {
		return fail("slice", ErrShape, "ranges %v of rank %d", ranges, rank)
	}
	if rest < 0 {
		rest = len(ranges)
	}
	var shape, strides []int
	offset, a := t.offset, 0
	whole := func(n int) {
		shape = append(shape, t.shape[a:a+n]...)
		strides = append(strides, t.strides[a:a+n]...)
		a += n
	}
	for i, r := range ranges {
		switch {
		case i == rest:
			whole(rank - used)
		case r.kind == rangeNewAxis:
			shape, strides = append(shape, 1), append(strides, 0)
		default:
			start, n, step, err := r.bounds(t.shape[a])
			if err != nil {
				return failed(err)
			}
			if n > 0 {
				offset += start * t.strides[a]
			}
			if r.kind != rangeAt {
				shape, strides = append(shape, n), append(strides, t.strides[a]*step)
			}
			a++
		}
	}
	whole(rank - a)
	return t.view("slice", shape, strides, offset)
}
