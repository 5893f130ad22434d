package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// split is the way back from concat. Exporters cut a fused query, key and value with it,
// so its parts are views.
func init() {
	add(Operator{
		Name: "split", Params: in("x*", "num_splits", "split_sizes", "axis!"),
		Shape: splitShape, Eval: splitOp, View: true, Exact: true,
		Results: &Bounds{1, array.MaxElements},
	})
}

// splitShape divides the axis into equal parts or into the listed sizes. How many
// parts there are the program says three times: by num_splits, by the length of
// split_sizes and by its results, which count; the others must agree.
func splitShape(c *Call) error {
	x, sizes := c.In(0), c.intsIn(2)
	axis, err := c.axisIn(3, 0, x)
	if err != nil {
		return err
	}
	n, count := x.Dims[axis], len(c.Step.Out)
	parts, err := c.intIn(1, count)
	if err != nil {
		return err
	}
	switch {
	case parts != count || sizes != nil && len(sizes) != count:
		return fmt.Errorf("num_splits %d and %d sizes do not match %d results", parts, len(sizes), count)
	case sizes == nil && n%count != 0:
		return fmt.Errorf("dimension %d of %d does not split into %d parts", axis, n, count)
	}
	total := 0
	for k := range count {
		size := n / count
		if sizes != nil {
			size = int(sizes[k])
		}
		dims := x.Dims
		dims[axis] = size
		if err := c.out(k).SetShape(dims[:x.Rank]...); err != nil {
			return err
		}
		total += size
	}
	if total != n {
		return fmt.Errorf("sizes add up to %d for dimension %d of %d", total, axis, n)
	}
	return nil
}

// splitOp shows each part as a view: the strides of x, from where the part begins. So
// x must have plain strides; a repeated dimension is made dense first.
func splitOp(c *Call) error {
	var tmp array.Value
	x := c.plainStrides(c.plain(c.In(0), &tmp), &tmp)
	axis, err := c.axisIn(3, 0, x)
	if err != nil {
		return err
	}
	at := 0
	for k := range c.Step.Out {
		c.view(k, x, at*x.Stride[axis], x.Stride[:x.Rank], nil)
		at += c.out(k).Dims[axis]
	}
	return nil
}
