package portable

import (
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/kernel"
)

func init() {
	add(
		operator{
			name:   "slice_by_index",
			params: in("x*", "begin!", "end!", "stride", "begin_mask", "end_mask", "squeeze_mask"),
			shape:  sliceShape, eval: sliceByIndex, view: true, exact: true,
		},
		operator{
			name:   "slice_update",
			params: in("x*", "update*!", "begin!", "end!", "stride", "begin_mask", "end_mask", "squeeze_mask"),
			shape:  sameShape, eval: sliceUpdate, check: checkUpdate, view: true, exact: true,
		},
		operator{
			name: "slice_by_size", params: in("x*", "begin!", "size!"),
			shape: sliceSizeShape, eval: sliceBySize, view: true, exact: true,
		},
		operator{name: "reverse", params: in("x", "axes"), eval: reverse, exact: true},
		operator{name: "sliding_windows", params: in("x*", "axis!", "size!", "stride"), shape: windowsShape, eval: windows, view: true, exact: true},
	)
}

// window is what a slice picks of a value: for each dimension the first index,
// the step between indices and their number.
type window struct {
	begin, step, count [maxRank]int
	squeeze            [maxRank]bool
}

// window resolves begin, end, stride and the masks, which are the operands from k
// on, against x, as NumPy slices do.
func (c *call) window(k int, x *value) (w window, err error) {
	begin, end, stride := c.intsIn(k), c.intsIn(k+1), c.intsIn(k+2)
	fromStart, toEnd, squeeze := c.intsIn(k+3), c.intsIn(k+4), c.intsIn(k+5)
	for j, list := range [...][]int32{begin, end, stride, fromStart, toEnd, squeeze} {
		if len(list) != x.rank && (j < 2 || list != nil) {
			return w, fmt.Errorf("%s has %d elements for x of rank %d", c.name(k+j), len(list), x.rank)
		}
	}
	for d, n := range x.shape() {
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

func sliceShape(c *call) error {
	x := c.in(0)
	w, err := c.window(1, x)
	if err != nil {
		return err
	}
	var dims [maxRank]int
	rank := 0
	for d := range x.rank {
		if !w.squeeze[d] {
			dims[rank] = w.count[d]
			rank++
		}
	}
	return c.out(0).setShape(dims[:rank]...)
}

func sliceByIndex(c *call) error {
	x := c.in(0)
	w, err := c.window(1, x)
	if err != nil {
		return err
	}
	return c.cut(x, &w)
}

// cut makes output 0 the window of x: a view, but for steps backward and steps
// over repeated elements.
func (c *call) cut(x *value, w *window) error {
	var tmp value
	x = c.plain(x, &tmp)
	if !x.viewable(w) {
		return c.cutCopy(x, w)
	}
	var stride, repeat [maxRank]int
	rank, off := 0, 0
	for d := range x.rank {
		if w.count[d] > 0 {
			off += w.begin[d] / x.repeat[d] * x.stride[d]
		}
		if !w.squeeze[d] {
			stride[rank], repeat[rank] = w.step[d]*x.stride[d], x.repeat[d]
			rank++
		}
	}
	c.view(0, x, off, stride[:rank], repeat[:rank])
	return nil
}

// viewable reports whether a window of v has strides of its own.
func (v *value) viewable(w *window) bool {
	for d := range v.rank {
		if w.step[d] < 0 {
			return false
		}
		if r := v.repeat[d]; r != 1 && (w.step[d] != 1 || w.begin[d]%r != 0) && w.count[d] > 1 {
			return false
		}
	}
	return true
}

// cutCopy copies the window of x to output 0.
func (c *call) cutCopy(x *value, w *window) error {
	nw := c.nest()
	nw.denseStrides(0, w.count[:x.rank])
	nw.denseStrides(1, x.shape())
	for d := range x.rank {
		nw.at[1] += w.begin[d] * nw.stride[1][d]
		nw.stride[1][d] *= w.step[d]
	}
	if c.floatOut(0) {
		src := c.f32(x)
		dst := c.newF32(0)
		if nw.start(w.count[:x.rank], 2) {
			copyRows(&nw, dst, src)
		}
		return nil
	}
	src := c.i32(x)
	dst := c.newI32(0)
	if nw.start(w.count[:x.rank], 2) {
		copyRows(&nw, dst, src)
	}
	return nil
}

// sliceUpdate replaces a window of x by update. In a state's buffer it writes in
// place.
func sliceUpdate(c *call) error {
	x, update, out := c.in(0), c.in(1), c.out(0)
	w, n, err := c.updated()
	if err != nil {
		return err
	}
	nw := c.nest()
	nw.denseStrides(0, x.shape())
	nw.denseStrides(1, w.count[:x.rank])
	for d := range x.rank {
		nw.at[0] += w.begin[d] * nw.stride[0][d]
		nw.stride[0][d] *= w.step[d]
	}
	if c.st.inPlace && x.dense && x.repr != reprWeight {
		c.fr.changed = true
		out.alias(x)
	} else if c.floatOut(0) {
		c.copyF32(x)
	} else {
		src := c.i32(x)
		copyPieces(&c.fr.poller, c.newI32(0), src)
	}
	if n == 0 {
		return nil
	}
	switch out.repr {
	case reprF16:
		src := c.f32(update)
		nw.start(w.count[:x.rank], 2)
		narrowRows(&nw, out.h, src)
	case reprI32:
		src := c.i32(update)
		nw.start(w.count[:x.rank], 2)
		copyRows(&nw, out.i, src)
	default:
		src := c.f32(update)
		nw.start(w.count[:x.rank], 2)
		copyRows(&nw, out.f, src)
	}
	return nil
}

// updated returns the window that slice_update replaces and the number of its
// elements, which the update must have.
func (c *call) updated() (w window, n int, err error) {
	x, update := c.in(0), c.in(1)
	if w, err = c.window(2, x); err != nil {
		return w, 0, err
	}
	n = 1
	for d := range x.rank {
		n *= w.count[d]
	}
	if n != update.len() {
		return w, 0, fmt.Errorf("update of shape %v does not fill a window of shape %v of x of shape %v",
			update.shapeCopy(), slices.Clone(w.count[:x.rank]), x.shapeCopy())
	}
	return w, n, nil
}

// checkUpdate looks at the window alone.
func checkUpdate(c *call) error {
	_, _, err := c.updated()
	return err
}

// narrowRows is copyRows to half precision.
func narrowRows(w *nest, dst []uint16, src []float32) {
	for {
		d, s := w.at[0], w.at[1]
		if w.n == 1 || w.step[0] == 1 && w.step[1] == 1 {
			kernel.F32ToF16(dst[d:d+w.n], src[s:s+w.n])
		} else {
			for k := range w.n {
				kernel.F32ToF16(dst[d:d+1], src[s+k*w.step[1]:s+k*w.step[1]+1])
				d += w.step[0]
			}
		}
		if !w.next() {
			return
		}
	}
}

// sizeWindow resolves begin and size; a size of -1 takes the rest.
func (c *call) sizeWindow(x *value) (w window, err error) {
	begin, size := c.intsIn(1), c.intsIn(2)
	if len(begin) != x.rank || len(size) != x.rank {
		return w, fmt.Errorf("begin and size have %d and %d elements for x of rank %d", len(begin), len(size), x.rank)
	}
	for d, n := range x.shape() {
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

func sliceSizeShape(c *call) error {
	x := c.in(0)
	w, err := c.sizeWindow(x)
	if err != nil {
		return err
	}
	return c.out(0).setShape(w.count[:x.rank]...)
}

func sliceBySize(c *call) error {
	x := c.in(0)
	w, err := c.sizeWindow(x)
	if err != nil {
		return err
	}
	return c.cut(x, &w)
}

// reverse turns the listed axes round; all of them without a list.
func reverse(c *call) error {
	x := c.in(0)
	set, err := c.axesIn(1, x)
	if err != nil {
		return err
	}
	var w window
	for d, n := range x.shape() {
		w.begin[d], w.step[d], w.count[d] = 0, 1, n
		if set[d] && n > 0 {
			w.begin[d], w.step[d] = n-1, -1
		}
	}
	return c.cutCopy(x, &w)
}

// windowSizes reads axis, size and stride of sliding_windows.
func (c *call) windowSizes(x *value) (axis, size, step, count int, err error) {
	if axis, err = c.axisIn(1, 0, x); err != nil {
		return 0, 0, 0, 0, err
	}
	if size, err = c.intIn(2, 1); err != nil {
		return 0, 0, 0, 0, err
	}
	if step, err = c.intIn(3, 1); err != nil {
		return 0, 0, 0, 0, err
	}
	n := x.dims[axis]
	if size < 0 || size > n || step < 1 || x.rank == maxRank {
		return 0, 0, 0, 0, fmt.Errorf("windows of %d elements %d apart do not fit dimension %d of shape %v", size, step, axis, x.shapeCopy())
	}
	return axis, size, step, (n-size)/step + 1, nil
}

func windowsShape(c *call) error {
	x := c.in(0)
	axis, size, _, count, err := c.windowSizes(x)
	if err != nil {
		return err
	}
	var dims [maxRank]int
	copy(dims[:], x.dims[:axis])
	dims[axis], dims[axis+1] = count, size
	copy(dims[axis+2:], x.dims[axis+1:x.rank])
	return c.out(0).setShape(dims[:x.rank+1]...)
}

// windows shows every run of size elements along an axis as a view.
func windows(c *call) error {
	var tmp value
	x := c.plain(c.in(0), &tmp)
	axis, _, step, _, err := c.windowSizes(x)
	if err != nil {
		return err
	}
	x = c.steady(x, &tmp)
	var stride [maxRank]int
	copy(stride[:], x.stride[:axis])
	stride[axis], stride[axis+1] = step*x.stride[axis], x.stride[axis]
	copy(stride[axis+2:], x.stride[axis+1:x.rank])
	c.view(0, x, 0, stride[:x.rank+1], nil)
	return nil
}
