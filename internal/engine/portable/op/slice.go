package op

import (
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

func init() {
	add(
		Operator{
			Name:   "slice_by_index",
			Params: in("x*", "begin!", "end!", "stride", "begin_mask", "end_mask", "squeeze_mask"),
			Shape:  sliceShape, Eval: sliceByIndex, View: true, Exact: true,
		},
		Operator{
			Name:   "slice_update",
			Params: in("x*", "update*!", "begin!", "end!", "stride", "begin_mask", "end_mask", "squeeze_mask"),
			Shape:  sameShape, Eval: sliceUpdate, Check: checkUpdate, View: true, Exact: true,
		},
		Operator{
			Name: "slice_by_size", Params: in("x*", "begin!", "size!"),
			Shape: sliceSizeShape, Eval: sliceBySize, View: true, Exact: true,
		},
		Operator{Name: "reverse", Params: in("x", "axes"), Eval: reverse, Check: checkAxes, Exact: true},
		Operator{Name: "sliding_windows", Params: in("x*", "axis!", "size!", "stride"), Shape: windowsShape, Eval: windows, View: true, Exact: true},
	)
}

// window is what a slice picks of a value: for each dimension the first index,
// the step between indices and their number.
type window struct {
	begin, step, count [array.MaxRank]int
	squeeze            [array.MaxRank]bool
}

// window resolves begin, end, stride and the masks, which are the operands from k
// on, against x, as NumPy slices do.
func (c *Call) window(k int, x *array.Value) (w window, err error) {
	for j := range 6 {
		if v := c.In(k + j); v != nil && (v.Repr == array.ReprText || v.Len() != x.Rank) {
			return w, fmt.Errorf("%s has %d elements for x of rank %d", c.name(k+j), v.Len(), x.Rank)
		}
	}
	begin, end, stride := c.intsIn(k), c.intsIn(k+1), c.intsIn(k+2)
	fromStart, toEnd, squeeze := c.intsIn(k+3), c.intsIn(k+4), c.intsIn(k+5)
	for d, n := range x.Shape() {
		b, e, s := int(begin[d]), int(end[d]), 1
		if stride != nil {
			s = int(stride[d])
		}
		if s == 0 {
			return w, fmt.Errorf("stride of dimension %d is 0", d)
		}
		if squeeze != nil && squeeze[d] != 0 {
			if fromStart != nil && fromStart[d] != 0 {
				b = 0
			}
			if b < 0 {
				b += n
			}
			if b < 0 || b >= n {
				return w, fmt.Errorf("index %d is outside dimension %d of %d", begin[d], d, n)
			}
			w.begin[d], w.step[d], w.count[d], w.squeeze[d] = b, 1, 1, true
			continue
		}
		w.begin[d], w.step[d], w.count[d] = slicing(b, e, s, n, fromStart != nil && fromStart[d] != 0, toEnd != nil && toEnd[d] != 0)
	}
	return w, nil
}

// slicing resolves one dimension of n elements: indices below 0 count from the
// end and what lies outside is cut off.
func slicing(begin, end, step, n int, fromStart, toEnd bool) (first, by, count int) {
	lo, hi := 0, n // the range of bounds for a positive step
	if step < 0 {
		lo, hi = -1, n-1
	}
	limit := func(i int) int {
		if i < 0 {
			i += n
		}
		return max(lo, min(i, hi))
	}
	b, e := limit(begin), limit(end)
	if fromStart {
		b = lo
		if step < 0 {
			b = hi
		}
	}
	if toEnd {
		e = hi
		if step < 0 {
			e = lo
		}
	}
	if step > 0 && e > b {
		count = (e - b + step - 1) / step
	}
	if step < 0 && e < b {
		count = (b - e - step - 1) / -step
	}
	if count == 0 {
		return 0, 1, 0
	}
	return b, step, count
}

// sliceShape gives the result the size of the window.
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

// sliceByIndex takes the window between two indices.
func sliceByIndex(c *Call) error {
	x := c.In(0)
	w, err := c.window(1, x)
	if err != nil {
		return err
	}
	return c.cut(x, &w)
}

// cut makes output 0 the window of x: a view, but for steps backward and steps
// over repeated elements.
func (c *Call) cut(x *array.Value, w *window) error {
	var tmp array.Value
	x = c.plain(x, &tmp)
	if !w.viewable(x) {
		return c.cutCopy(x, w)
	}
	var stride, repeat [array.MaxRank]int
	rank, off := 0, 0
	for d := range x.Rank {
		if w.count[d] > 0 {
			off += w.begin[d] / x.Repeat[d] * x.Stride[d]
		}
		if !w.squeeze[d] {
			stride[rank], repeat[rank] = w.step[d]*x.Stride[d], x.Repeat[d]
			rank++
		}
	}
	c.view(0, x, off, stride[:rank], repeat[:rank])
	return nil
}

// viewable reports whether the window of v has strides of its own.
func (w *window) viewable(v *array.Value) bool {
	for d := range v.Rank {
		if w.step[d] < 0 {
			return false
		}
		if r := v.Repeat[d]; r != 1 && (w.step[d] != 1 || w.begin[d]%r != 0) && w.count[d] > 1 {
			return false
		}
	}
	return true
}

// cutCopy copies the window of x to output 0.
func (c *Call) cutCopy(x *array.Value, w *window) error {
	nw := c.nest()
	nw.DenseStrides(0, w.count[:x.Rank])
	nw.DenseStrides(1, x.Shape())
	for d := range x.Rank {
		nw.At[1] += w.begin[d] * nw.Stride[1][d]
		nw.Stride[1][d] *= w.step[d]
	}
	if c.floatOut(0) {
		src := c.F32(x)
		dst := c.newF32(0)
		if nw.Start(w.count[:x.Rank], 2) {
			array.CopyRows(&nw, dst, src)
		}
		return nil
	}
	src := c.I32(x)
	dst := c.newI32(0)
	if nw.Start(w.count[:x.Rank], 2) {
		array.CopyRows(&nw, dst, src)
	}
	return nil
}

// sliceUpdate replaces a window of x by update. In a state's buffer it writes in
// place.
func sliceUpdate(c *Call) error {
	x, update, out := c.In(0), c.In(1), c.out(0)
	w, n, err := c.updated()
	if err != nil {
		return err
	}
	nw := c.nest()
	nw.DenseStrides(0, x.Shape())
	nw.DenseStrides(1, w.count[:x.Rank])
	for d := range x.Rank {
		nw.At[0] += w.begin[d] * nw.Stride[0][d]
		nw.Stride[0][d] *= w.step[d]
	}
	if c.Step.InPlace && x.Dense && x.Repr != array.ReprWeight {
		c.Env.Changed = true
		out.Alias(x)
	} else if c.floatOut(0) {
		c.copyF32(x)
	} else {
		src := c.I32(x)
		array.Copy(&c.Env.Poller, c.newI32(0), src)
	}
	if n == 0 {
		return nil
	}
	switch out.Repr {
	case array.ReprF16:
		src := c.F32(update)
		nw.Start(w.count[:x.Rank], 2)
		narrowRows(&nw, out.F16, src)
	case array.ReprI32:
		src := c.I32(update)
		nw.Start(w.count[:x.Rank], 2)
		array.CopyRows(&nw, out.I32, src)
	default:
		src := c.F32(update)
		nw.Start(w.count[:x.Rank], 2)
		array.CopyRows(&nw, out.F32, src)
	}
	return nil
}

// updated returns the window that slice_update replaces and the number of its
// elements, which the update must have.
func (c *Call) updated() (w window, n int, err error) {
	x, update := c.In(0), c.In(1)
	if w, err = c.window(2, x); err != nil {
		return w, 0, err
	}
	n = 1
	for d := range x.Rank {
		n *= w.count[d]
	}
	if n != update.Len() {
		return w, 0, fmt.Errorf("update of shape %v does not fill a window of shape %v of x of shape %v",
			update.ShapeCopy(), slices.Clone(w.count[:x.Rank]), x.ShapeCopy())
	}
	return w, n, nil
}

// checkUpdate looks at the window alone.
func checkUpdate(c *Call) error {
	_, _, err := c.updated()
	return err
}

// narrowRows is CopyRows to half precision.
func narrowRows(w *array.Nest, dst []uint16, src []float32) {
	for {
		d, s := w.At[0], w.At[1]
		if w.N == 1 || w.Step[0] == 1 && w.Step[1] == 1 {
			kernel.F32ToF16(dst[d:d+w.N], src[s:s+w.N])
		} else {
			for k := range w.N {
				kernel.F32ToF16(dst[d:d+1], src[s+k*w.Step[1]:s+k*w.Step[1]+1])
				d += w.Step[0]
			}
		}
		if !w.Next() {
			return
		}
	}
}

// sizeWindow resolves begin and size; a size of -1 takes the rest.
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

// sliceSizeShape gives the result the size that the program asks for.
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

// reverse turns the listed axes round; all of them without a list.
func reverse(c *Call) error {
	x := c.In(0)
	set, err := c.axesIn(1, x)
	if err != nil {
		return err
	}
	var w window
	for d, n := range x.Shape() {
		w.begin[d], w.step[d], w.count[d] = 0, 1, n
		if set[d] && n > 0 {
			w.begin[d], w.step[d] = n-1, -1
		}
	}
	return c.cutCopy(x, &w)
}

// windowSizes reads axis, size and stride of sliding_windows.
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

// windowsShape has a dimension for the windows and one for what is in them.
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

// windows shows every run of size elements along an axis as a view.
func windows(c *Call) error {
	var tmp array.Value
	x := c.plain(c.In(0), &tmp)
	axis, _, step, _, err := c.windowSizes(x)
	if err != nil {
		return err
	}
	x = c.plainStrides(x, &tmp)
	var stride [array.MaxRank]int
	copy(stride[:], x.Stride[:axis])
	stride[axis], stride[axis+1] = step*x.Stride[axis], x.Stride[axis]
	copy(stride[axis+2:], x.Stride[axis+1:x.Rank])
	c.view(0, x, 0, stride[:x.Rank+1], nil)
	return nil
}
