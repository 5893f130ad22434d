package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

func init() {
	add(
		Operator{
			Name: "gather", Params: in("x*", "indices!", "axis", "batch_dims", "validate_indices."),
			Shape: gatherShape, Eval: gather, Check: checkGather, View: true, Exact: true,
			Note: "negative indices up to iOS16, and constant ones from iOS17; an index outside is an error",
		},
	)
}

// gatherAxes returns axis and batch_dims of a gather. The first batch_dims dimensions of
// x and indices are the same: each batch has indices of its own.
func (c *Call) gatherAxes() (axis, batch int, err error) {
	x, idx := c.In(0), c.In(1)
	if axis, err = c.axisIn(2, 0, x); err != nil {
		return 0, 0, err
	}
	if batch, err = c.intIn(3, 0); err != nil {
		return 0, 0, err
	}
	if batch < 0 {
		batch += idx.Rank
	}
	if batch < 0 || batch > axis || batch > idx.Rank {
		return 0, 0, fmt.Errorf("batch_dims %d does not fit axis %d and indices of rank %d", batch, axis, idx.Rank)
	}
	for d := range batch {
		if x.Dims[d] != idx.Dims[d] {
			return 0, 0, fmt.Errorf("indices of shape %v do not share %d batch dimensions with x of shape %v", idx.ShapeCopy(), batch, x.ShapeCopy())
		}
	}
	return axis, batch, nil
}

// gatherShape replaces axis by the dimensions of indices that are not batch: x of
// [batch, outer, n, inner] and indices of [batch, places] give
// [batch, outer, places, inner].
func gatherShape(c *Call) error {
	x, idx := c.In(0), c.In(1)
	axis, batch, err := c.gatherAxes()
	if err != nil {
		return err
	}
	rank := x.Rank - 1 + idx.Rank - batch
	if rank > array.MaxRank {
		return fmt.Errorf("rank %d is above the limit of %d", rank, array.MaxRank)
	}
	var dims [array.MaxRank]int
	n := copy(dims[:], x.Dims[:axis])
	n += copy(dims[n:], idx.Dims[batch:idx.Rank])
	copy(dims[n:], x.Dims[axis+1:x.Rank])
	return c.out(0).SetShape(dims[:rank]...)
}

// gather picks slices of x along axis, as numpy.take does. This is how a token finds its
// embedding, so the table is often the largest constant of a model: only the rows that
// are asked for are decoded, and a single index is a view.
func gather(c *Call) error {
	x, idx := c.In(0), c.In(1)
	axis, batch, err := c.gatherAxes()
	if err != nil {
		return err
	}
	rule, err := c.indexRule(4)
	if err != nil {
		return err
	}
	if idx.Len() == 1 && batch == 0 && x.Repr != array.ReprWeight {
		return c.gatherOne(x, axis, rule)
	}
	indices := c.I32(idx)
	batches, outer, inner := x.Span(0, batch), x.Span(batch, axis), x.Span(axis+1, x.Rank)
	n, places := x.Dims[axis], idx.Span(batch, idx.Rank)
	rows := rowSource{c: c, x: x}
	c.newOut(0)
	rows.open(inner)
	work := array.Counter{Poller: &c.Env.Poller}
	at := 0
	for o := range batches * outer {
		for _, i := range indices[o/outer*places:][:places] {
			k, err := rule.at(i, n)
			if err != nil {
				return err
			}
			rows.copy(c.out(0), at, (o*n+k)*inner, inner)
			at += inner
			work.Add(rows.cost * inner)
		}
	}
	return nil
}

// checkGather looks at the indices alone: a token that the table does not have must be
// found before the step's states are written.
func checkGather(c *Call) error {
	axis, _, err := c.gatherAxes()
	if err != nil {
		return err
	}
	rule, err := c.indexRule(4)
	if err != nil {
		return err
	}
	return c.checkIndices(rule, c.In(0).Dims[axis])
}

// checkIndices checks the indices, operand 1, against a dimension of n. They are read as
// int32, whatever integer type they are stored in.
func (c *Call) checkIndices(rule indexRule, n int) error {
	work := array.Counter{Poller: &c.Env.Poller}
	for _, i := range c.I32(c.In(1)) {
		work.Add(1)
		if _, err := rule.at(i, n); err != nil {
			return err
		}
	}
	return nil
}

// gatherOne is gather of a single index: a view with axis taken out. The dimensions of
// the index, which are all one, come in its place.
func (c *Call) gatherOne(x *array.Value, axis int, rule indexRule) error {
	k, err := rule.at(c.I32(c.In(1))[0], x.Dims[axis])
	if err != nil {
		return err
	}
	x.Strides()
	var stride, repeat [array.MaxRank]int
	ones := c.In(1).Rank
	for d := range x.Rank {
		switch {
		case d < axis:
			stride[d], repeat[d] = x.Stride[d], x.Repeat[d]
		case d > axis:
			stride[d-1+ones], repeat[d-1+ones] = x.Stride[d], x.Repeat[d]
		}
	}
	for d := range ones {
		stride[axis+d], repeat[axis+d] = 0, 1
	}
	rank := c.out(0).Rank
	c.view(0, x, k/x.Repeat[axis]*x.Stride[axis], stride[:rank], repeat[:rank])
	return nil
}

// rowSource reads runs of consecutive elements of a value as it is stored.
type rowSource struct {
	c *Call
	x *array.Value
	f []float32
	i []int32
	// cost is the work for an element, in copies of one.
	cost int
}

// open prepares for reading; compressed and dense half-precision values stay as
// they are, all others become dense. A compressed value whose rows are one element is
// decoded as a whole: a decoder has a price for every call.
func (r *rowSource) open(inner int) {
	r.cost = 1
	switch {
	case r.c.out(0).Repr == array.ReprI32:
		r.i = r.c.I32(r.x)
	case r.x.Repr == array.ReprWeight && inner > 1:
		r.cost = array.PollEvery / array.DecodeEvery
	case r.x.Repr == array.ReprF16 && r.x.Dense:
	default:
		r.f = r.c.F32(r.x)
	}
}

// copy moves n elements from element at of the source to element to of v. It goes in
// pieces of what may be decoded between two looks at the context, since a row may be
// the whole of a large constant.
func (r *rowSource) copy(v *array.Value, to, at, n int) {
	if n > array.DecodeEvery {
		r.c.Env.PiecesOf(n, array.DecodeEvery, func(lo, hi int) { r.copy(v, to+lo, at+lo, hi-lo) })
		return
	}
	switch {
	case r.i != nil:
		copy(v.I32[to:to+n], r.i[at:])
	case r.f != nil:
		copy(v.F32[to:to+n], r.f[at:])
	case r.x.Repr == array.ReprF16:
		kernel.F16ToF32(v.F32[to:to+n], r.x.F16[at:at+n])
	case r.x.Repr == array.ReprWeight:
		r.x.Stored.Decode(v.F32[to:to+n], at)
	}
}
