package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

func init() {
	add(Operator{
		Name: "gather_along_axis", Params: in("x", "indices!", "axis", "validate_indices."),
		Shape: alongShape, Eval: gatherAlong, Check: checkAlong, Exact: true,
		Note: "as gather",
	})
}

// alongShape checks that x and indices differ only along axis. The result has the shape
// of the indices.
func alongShape(c *Call) error {
	x, idx := c.In(0), c.In(1)
	if _, err := c.along(2, x, idx); err != nil {
		return err
	}
	return c.out(0).SetShape(idx.Shape()...)
}

// along returns the axis, operand k, of an operator that pairs x with indices. The two
// must have the same rank and do not broadcast, unlike NumPy's.
func (c *Call) along(k int, x, idx *array.Value) (int, error) {
	axis, err := c.axisIn(k, 0, x)
	if err != nil {
		return 0, err
	}
	if x.Rank != idx.Rank {
		return 0, fmt.Errorf("indices have rank %d, x %d", idx.Rank, x.Rank)
	}
	for d := range x.Rank {
		if d != axis && x.Dims[d] != idx.Dims[d] {
			return 0, fmt.Errorf("indices of shape %v do not fit x of shape %v along axis %d", idx.ShapeCopy(), x.ShapeCopy(), axis)
		}
	}
	return axis, nil
}

// gatherAlong takes for every element the one at the given index of its lane, as
// numpy.take_along_axis does: y[a,i,b] = x[a,indices[a,i,b],b].
func gatherAlong(c *Call) error {
	x, idx := c.In(0), c.In(1)
	axis, err := c.along(2, x, idx)
	if err != nil {
		return err
	}
	rule, err := c.indexRule(3)
	if err != nil {
		return err
	}
	l := lanes{n: x.Dims[axis], m: idx.Dims[axis], inner: x.Span(axis+1, x.Rank), outer: x.Span(0, axis)}
	indices := c.I32(idx)
	if c.floatOut(0) {
		src := c.F32(x)
		return pickLanes(&c.Env.Poller, c.newF32(0), src, indices, l, rule)
	}
	src := c.I32(x)
	return pickLanes(&c.Env.Poller, c.newI32(0), src, indices, l, rule)
}

// lanes describes two values that differ only in one dimension: [outer, n, inner] and
// [outer, m, inner].
type lanes struct{ outer, n, m, inner int }

// pickLanes is gatherAlong for one kind of elements.
func pickLanes[T any](p *array.Poller, dst, src []T, indices []int32, l lanes, rule indexRule) error {
	at := 0
	work := array.Counter{Poller: p}
	for o := range l.outer {
		for range l.m {
			for j := range l.inner {
				work.Add(1)
				k, err := rule.at(indices[at], l.n)
				if err != nil {
					return err
				}
				dst[at] = src[(o*l.n+k)*l.inner+j]
				at++
			}
		}
	}
	return nil
}

// checkAlong is checkGather for gather_along_axis: all indices are of one dimension.
func checkAlong(c *Call) error {
	axis, err := c.along(2, c.In(0), c.In(1))
	if err != nil {
		return err
	}
	rule, err := c.indexRule(3)
	if err != nil {
		return err
	}
	return c.checkIndices(rule, c.In(0).Dims[axis])
}
