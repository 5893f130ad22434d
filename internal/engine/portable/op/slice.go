package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// slice_by_index(x, begin, end, stride = 1, begin_mask, end_mask, squeeze_mask) and
// slice_by_size(x, begin, size) have a number for each dimension of x in every operand.
//
// Source: coremltools, mil/ops/defs/iOS15/tensor_transformation.py.
//
// slice_by_index and slice_by_size show a part of a value. The same window of a value
// is what slice_update (slice_update.go) writes to, and what crop and reverse copy.
func init() {
	add(
		Operator{
			Name:   "slice_by_index",
			Params: in("x*", "begin!", "end!", "stride", "begin_mask", "end_mask", "squeeze_mask"),
			Shape:  sliceShape, Eval: sliceByIndex, View: true, Exact: true,
		},
		Operator{
			Name: "slice_by_size", Params: in("x*", "begin!", "size!"),
			Shape: sliceSizeShape, Eval: sliceBySize, View: true, Exact: true,
		},
	)
}

// sliceShape gives the result the size of the window, without the dimensions that are
// squeezed.
func sliceShape(c *Call) error {
	x := c.In(0)
	w, err := c.window(1, x)
	if err != nil {
		return err
	}
	var dims [array.MaxRank]int
	rank := 0
	for d := range x.Rank {
		if !w.squeeze[d] {
			dims[rank] = w.count[d]
			rank++
		}
	}
	return c.out(0).SetShape(dims[:rank]...)
}

// sliceByIndex takes the window between two indices, as x[begin:end:stride] does in
// NumPy. A mask makes a bound open; squeeze_mask takes the one index begin and drops
// the dimension.
func sliceByIndex(c *Call) error {
	x := c.In(0)
	w, err := c.window(1, x)
	if err != nil {
		return err
	}
	return c.cut(x, &w)
}

// sizeWindow resolves begin and size; a size of -1 takes the rest. Unlike a slice by
// index nothing is cut off: a window that reaches outside is refused.
func (c *Call) sizeWindow(x *array.Value) (w window, err error) {
	begin, size := c.intsIn(1), c.intsIn(2)
	if len(begin) != x.Rank || len(size) != x.Rank {
		return w, fmt.Errorf("begin and size have %d and %d elements for x of rank %d", len(begin), len(size), x.Rank)
	}
	for d, n := range x.Shape() {
		b, s := int(begin[d]), int(size[d])
		if b < 0 {
			b += n
		}
		if s == -1 {
			s = n - b
		}
		if b < 0 || s < 0 || b+s > n {
			return w, fmt.Errorf("begin %d and size %d are outside dimension %d of %d", begin[d], size[d], d, n)
		}
		w.begin[d], w.step[d], w.count[d] = b, 1, s
	}
	return w, nil
}

// sliceSizeShape gives the result the size that the program asks for, which may be
// computed: a part of a cache as long as the context, for instance.
func sliceSizeShape(c *Call) error {
	x := c.In(0)
	w, err := c.sizeWindow(x)
	if err != nil {
		return err
	}
	return c.out(0).SetShape(w.count[:x.Rank]...)
}

// sliceBySize takes the window of a size at an index.
func sliceBySize(c *Call) error {
	x := c.In(0)
	w, err := c.sizeWindow(x)
	if err != nil {
		return err
	}
	return c.cut(x, &w)
}
