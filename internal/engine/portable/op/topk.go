package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// topk(x, k = 1, axis = -1, ascending = false, sort = true, return_indices = true,
// output_indices_dtype = int32): the last three came with iOS16 and iOS17. Samplers
// inside a model take the largest of a vocabulary with it. Sources: coremltools,
// mil/ops/defs, tensor_operation.py of iOS15, iOS16 and iOS17.
func init() {
	add(Operator{
		Name:   "topk",
		Params: in("x", "k", "axis", "ascending.", "sort", "return_indices", "output_indices_dtype"),
		Shape:  topkShape, Eval: topk, Check: checkKind, Exact: true, Local: newRanking,
		Texts:   Texts{"output_indices_dtype": indexTypes},
		Results: &Bounds{1, 2}, Note: "of equal elements the one that comes first",
	})
}

// topkSizes returns the axis and the number of elements wanted; -1 is all. More than
// there are is refused as in PyTorch: there would be nothing to fill the result with.
func topkSizes(c *Call) (axis, k int, err error) {
	x := c.In(0)
	if axis, err = c.axisIn(2, -1, x); err != nil {
		return 0, 0, err
	}
	if k, err = c.intIn(1, 1); err != nil {
		return 0, 0, err
	}
	n := x.Dims[axis]
	if k == -1 {
		k = n
	}
	if k < 0 || k > n {
		return 0, 0, fmt.Errorf("k is %d for a dimension of %d", k, n)
	}
	return axis, k, nil
}

// topkShape cuts the axis to k elements. The second result, the places, is there
// unless return_indices is false, which came with iOS16: what the program declares
// counts.
func topkShape(c *Call) error {
	x := c.In(0)
	axis, k, err := topkSizes(c)
	if err != nil {
		return err
	}
	if n := len(c.Step.Out); n > 2 {
		return fmt.Errorf("has %d results where 1 or 2 are expected", n)
	}
	dims := x.Dims
	dims[axis] = k
	for o := range c.Step.Out {
		if err := c.out(o).SetShape(dims[:x.Rank]...); err != nil {
			return err
		}
	}
	return nil
}

// topk gives the k largest elements along an axis, or the smallest when
// ascending, and their places. They are sorted whether or not sort asks for it, which
// leaves the order open when it is false; among equal elements the first one wins.
func topk(c *Call) error {
	x := c.In(0)
	axis, k, err := topkSizes(c)
	if err != nil {
		return err
	}
	r := c.ranking()
	if r.ascending, err = c.BoolIn(3, false); err != nil {
		return err
	}
	f, i, err := c.moved(x)
	if err != nil {
		return err
	}
	best := chosen{out: c.out(0)}
	if len(c.Step.Out) > 1 {
		best.places, best.dt = c.newI32(1), c.out(1).DType
	}
	n, inner := x.Dims[axis], x.Span(axis+1, x.Rank)
	for o := range x.Span(0, axis) {
		for j := range inner {
			// The lane is [n] of [outer, n, inner], its result [k] of [outer, k, inner].
			r.load(c, f, i, o*n*inner+j, n, inner)
			r.first(k)
			best.store(r, k, o*k*inner+j, inner)
		}
	}
	return nil
}

// chosen are the results of topk. Values have the type of x; places are int32 unless the
// program declares a narrower type for them, to which they wrap.
type chosen struct {
	out    *array.Value
	places []int32 // nil where the program does not want them
	dt     dtype.Type
}

// store writes the first k elements of r from element at on, step apart, in both
// results.
func (b *chosen) store(r *ranking, k, at, step int) {
	for _, e := range r.order[:k] {
		r.work.Add(1)
		if r.whole {
			b.out.I32[at] = r.i[e]
		} else {
			b.out.F32[at] = r.f[e]
		}
		if b.places != nil {
			b.places[at] = array.Wrap(int64(e), b.dt)
		}
		at += step
	}
}
