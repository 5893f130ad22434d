package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// reduce_argmax and reduce_argmin take x, axis (-1), keep_dims (false) and, from iOS17
// on, output_dtype; the type that the program declares for the result counts. Source:
// coremltools, mil/ops/defs, reduction.py of iOS15 and iOS17.
//
// Many packages of language models end with reduce_argmax over the vocabulary, so that
// a token leaves the model instead of its logits.
func init() {
	add(
		Operator{
			Name: "reduce_argmax", Params: in("x", "axis", "keep_dims", "output_dtype"),
			Shape: argShape, Eval: func(c *Call) error { return c.arg(false) }, Exact: true,
			Texts: Texts{"output_dtype": indexTypes},
		},
		Operator{
			Name: "reduce_argmin", Params: in("x", "axis", "keep_dims", "output_dtype"),
			Shape: argShape, Eval: func(c *Call) error { return c.arg(true) }, Exact: true,
			Texts: Texts{"output_dtype": indexTypes},
		},
	)
}

// argShape drops the axis, or leaves 1 for it when keep_dims is set. There is no place
// of the largest of nothing, so the axis may not be empty; others may.
func argShape(c *Call) error {
	x := c.In(0)
	axis, err := c.axisIn(1, -1, x)
	if err != nil {
		return err
	}
	keep, err := c.BoolIn(2, false)
	if err != nil {
		return err
	}
	if x.Dims[axis] == 0 {
		return fmt.Errorf("axis %d has no elements", axis)
	}
	dims := x.Dims
	if keep {
		dims[axis] = 1
		return c.out(0).SetShape(dims[:x.Rank]...)
	}
	copy(dims[axis:], x.Dims[axis+1:x.Rank])
	return c.out(0).SetShape(dims[:x.Rank-1]...)
}

// arg finds the place of the largest element along an axis, or of the smallest.
// The first of equal elements counts; a NaN comes before everything. Both are as in
// NumPy and PyTorch, so that greedy decoding by an argmax in the model chooses the
// token that it chooses there.
func (c *Call) arg(least bool) error {
	x := c.In(0)
	axis, err := c.axisIn(1, -1, x)
	if err != nil {
		return err
	}
	// Integers are compared as such: float32 holds them exactly up to 2^24 only.
	n, inner := x.Dims[axis], x.Span(axis+1, x.Rank)
	if x.IsInt() {
		src := c.I32(x)
		extremes(&c.Env.Poller, c.newI32(0), src, n, inner, least)
	} else {
		src := c.F32(x)
		extremes(&c.Env.Poller, c.newI32(0), src, n, inner, least)
	}
	return nil
}

// extremes sets an element of dst for each lane of n elements, inner apart. Once the
// best is a NaN nothing can take its place.
func extremes[T int32 | float32](p *array.Poller, dst []int32, src []T, n, inner int, least bool) {
	p.Lanes(len(dst), n, func(k int) {
		lane := src[k/inner*n*inner+k%inner:] // x is [outer, n, inner], dst [outer, inner]
		best := 0
		for j := range n {
			if j&(array.PollEvery-1) == array.PollEvery-1 {
				p.Poll()
			}
			v, b := lane[j*inner], lane[best*inner]
			if b != b {
				break // NaN, and no later one comes first
			}
			if v != v || !least && v > b || least && v < b {
				best = j
			}
		}
		dst[k] = int32(best)
	})
}
