package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// sliding_windows(x, axis, size, stride = 1). The file is not called windows, which
// would build it for that system alone.
func init() {
	add(Operator{
		Name: "sliding_windows", Params: in("x*", "axis!", "size!", "stride"),
		Shape: windowsShape, Eval: windows, View: true, Exact: true,
	})
}

// windowSizes reads axis, size and stride of sliding_windows and counts the windows
// that lie wholly inside.
func (c *Call) windowSizes(x *array.Value) (axis, size, step, count int, err error) {
	if axis, err = c.axisIn(1, 0, x); err != nil {
		return 0, 0, 0, 0, err
	}
	if size, err = c.intIn(2, 1); err != nil {
		return 0, 0, 0, 0, err
	}
	if step, err = c.intIn(3, 1); err != nil {
		return 0, 0, 0, 0, err
	}
	n := x.Dims[axis]
	if size < 0 || size > n || step < 1 || x.Rank == array.MaxRank {
		return 0, 0, 0, 0, fmt.Errorf("windows of %d elements %d apart do not fit dimension %d of shape %v", size, step, axis, x.ShapeCopy())
	}
	return axis, size, step, (n-size)/step + 1, nil
}

// windowsShape has a dimension for the windows and one for what is in them, in place of
// the axis.
func windowsShape(c *Call) error {
	x := c.In(0)
	axis, size, _, count, err := c.windowSizes(x)
	if err != nil {
		return err
	}
	var dims [array.MaxRank]int
	copy(dims[:], x.Dims[:axis])
	dims[axis], dims[axis+1] = count, size
	copy(dims[axis+2:], x.Dims[axis+1:x.Rank])
	return c.out(0).SetShape(dims[:x.Rank+1]...)
}

// windows shows every run of size elements along an axis as a view: neighbouring
// windows overlap in memory, which only a reader can do with them. It is
// numpy.lib.stride_tricks.sliding_window_view with a stride, the windows before what
// is in them.
func windows(c *Call) error {
	var tmp array.Value
	x := c.plain(c.In(0), &tmp)
	axis, _, step, _, err := c.windowSizes(x)
	if err != nil {
		return err
	}
	x = c.plainStrides(x, &tmp)
	// The axis becomes two: from window to window, and inside one.
	var stride [array.MaxRank]int
	copy(stride[:], x.Stride[:axis])
	stride[axis], stride[axis+1] = step*x.Stride[axis], x.Stride[axis]
	copy(stride[axis+2:], x.Stride[axis+1:x.Rank])
	c.view(0, x, 0, stride[:x.Rank+1], nil)
	return nil
}
