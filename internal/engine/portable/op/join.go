package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

func init() {
	add(
		Operator{Name: "concat", Params: in("values*", "axis!", "interleave."), Shape: concatShape, Eval: concat, Exact: true},
		Operator{Name: "stack", Params: in("values*", "axis!"), Shape: stackShape, Eval: stack, Exact: true},
		Operator{Name: "split", Params: in("x*", "num_splits", "split_sizes", "axis!"), Shape: splitShape, Eval: splitOp, View: true, Exact: true, Results: &Bounds{1, array.MaxElements}},
		Operator{Name: "tile", Params: in("x*", "reps!"), Shape: tileShape, Eval: tile, View: true, Exact: true, Grouped: true},
	)
}

// concatShape adds up the sizes along axis. Scalars make a vector.
func concatShape(c *Call) error {
	first := c.item(0)
	if first.Rank == 0 {
		for k := range c.listLen() {
			if c.item(k).Rank != 0 {
				return fmt.Errorf("value %d has rank %d where the first is a scalar", k, c.item(k).Rank)
			}
		}
		return c.out(0).SetShape(c.listLen())
	}
	axis, err := c.axisIn(1, 0, first)
	if err != nil {
		return err
	}
	interleave, err := c.BoolIn(2, false)
	if err != nil {
		return err
	}
	total := 0
	for k := range c.listLen() {
		v := c.item(k)
		if v.Rank != first.Rank {
			return fmt.Errorf("value %d has rank %d, the first %d", k, v.Rank, first.Rank)
		}
		for d, n := range v.Shape() {
			if n != first.Dims[d] && (d != axis || interleave) {
				return fmt.Errorf("value %d of shape %v does not join %v along axis %d", k, v.ShapeCopy(), first.ShapeCopy(), axis)
			}
		}
		total += v.Dims[axis]
	}
	dims := first.Dims
	dims[axis] = total
	return c.out(0).SetShape(dims[:first.Rank]...)
}

// concat puts the values one after another along axis, or element by element in
// turn when interleaved.
func concat(c *Call) error {
	out := c.out(0)
	axis := 0
	if c.item(0).Rank > 0 {
		a, err := c.axisIn(1, 0, c.item(0))
		if err != nil {
			return err
		}
		axis = a
	}
	interleave, err := c.BoolIn(2, false)
	if err != nil {
		return err
	}
	c.newOut(0)
	at := 0
	for k := range c.listLen() {
		v := c.item(k)
		w := c.nest()
		w.DenseStrides(0, out.Shape())
		step := w.Stride[0][axis]
		w.At[0] = at * step
		if interleave {
			w.Stride[0][axis] *= c.listLen()
			at++
		} else if v.Rank > 0 {
			at += v.Dims[axis]
		} else {
			at++
		}
		c.place(&w, v, v.Rank)
	}
	return nil
}

// newOut gives output k memory of its declared type.
func (c *Call) newOut(k int) {
	if c.floatOut(k) {
		c.newF32(k)
	} else {
		c.newI32(k)
	}
}

// place copies the elements of v into output 0 at the place and strides that the
// nest's memory 0 describes for the dimensions of v.
func (c *Call) place(w *array.Nest, v *array.Value, rank int) {
	out := c.out(0)
	dims := v.Dims[:rank]
	if out.Repr == array.ReprI32 {
		w.DenseStrides(1, dims)
		if src := c.I32(v); w.Start(dims, 2) {
			array.CopyRows(w, out.I32, src)
		}
		return
	}
	v.Strides()
	if v.Repr == array.ReprF16 && v.Walkable() {
		copy(w.Stride[1][:], v.Stride[:rank])
		if w.Start(dims, 2) {
			array.WidenRows(w, out.F32, v.F16)
		}
		return
	}
	src, dense := c.floatsOf(v)
	if dense {
		w.DenseStrides(1, dims)
	} else {
		copy(w.Stride[1][:], v.Stride[:rank])
	}
	if w.Start(dims, 2) {
		array.CopyRows(w, out.F32, src)
	}
}

// stackAxis returns the position of the new dimension.
func stackAxis(c *Call) (int, error) {
	axis, err := c.intIn(1, 0)
	if err != nil {
		return 0, err
	}
	rank := c.item(0).Rank
	if axis < 0 {
		axis += rank + 1
	}
	if axis < 0 || axis > rank || rank == array.MaxRank {
		return 0, fmt.Errorf("axis %d is outside rank %d", axis, rank+1)
	}
	return axis, nil
}

// stackShape inserts a dimension as long as the list at the axis.
func stackShape(c *Call) error {
	first := c.item(0)
	axis, err := stackAxis(c)
	if err != nil {
		return err
	}
	for k := range c.listLen() {
		v := c.item(k)
		if v.Rank != first.Rank || v.Dims != first.Dims && !equalDims(v, first) {
			return fmt.Errorf("value %d of shape %v does not stack on %v", k, v.ShapeCopy(), first.ShapeCopy())
		}
	}
	var dims [array.MaxRank]int
	copy(dims[:], first.Dims[:axis])
	dims[axis] = c.listLen()
	copy(dims[axis+1:], first.Dims[axis:first.Rank])
	return c.out(0).SetShape(dims[:first.Rank+1]...)
}

// equalDims reports whether two values have the same shape.
func equalDims(a, b *array.Value) bool {
	for d := range a.Rank {
		if a.Dims[d] != b.Dims[d] {
			return false
		}
	}
	return a.Rank == b.Rank
}

// stack joins the values along a new dimension.
func stack(c *Call) error {
	axis, err := stackAxis(c)
	if err != nil {
		return err
	}
	c.newOut(0)
	out := c.out(0)
	for k := range c.listLen() {
		w, full := c.nest(), array.Nest{}
		full.DenseStrides(0, out.Shape())
		w.At[0] = k * full.Stride[0][axis]
		copy(w.Stride[0][:], full.Stride[0][:axis])
		copy(w.Stride[0][axis:], full.Stride[0][axis+1:out.Rank])
		v := c.item(k)
		c.place(&w, v, v.Rank)
	}
	return nil
}

// splitShape divides an axis into equal parts or into the listed sizes.
func splitShape(c *Call) error {
	x, sizes := c.In(0), c.intsIn(2)
	axis, err := c.axisIn(3, 0, x)
	if err != nil {
		return err
	}
	count := len(c.Step.Out)
	parts, err := c.intIn(1, count)
	if err != nil {
		return err
	}
	if parts != count || sizes != nil && len(sizes) != count {
		return fmt.Errorf("num_splits %d and %d sizes do not match %d results", parts, len(sizes), count)
	}
	n, total := x.Dims[axis], 0
	if sizes == nil && n%count != 0 {
		return fmt.Errorf("dimension %d of %d does not split into %d parts", axis, n, count)
	}
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

// splitOp shows each part as a view.
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

// tileShape multiplies the dimensions by the repetitions.
func tileShape(c *Call) error {
	x, reps := c.In(0), c.intsIn(1)
	if len(reps) != x.Rank {
		return fmt.Errorf("reps has %d elements for x of rank %d", len(reps), x.Rank)
	}
	dims := x.Dims
	for d, r := range reps {
		if r < 0 || int(r) > array.MaxElements {
			return fmt.Errorf("reps of dimension %d is %d", d, r)
		}
		dims[d] *= int(r)
	}
	return c.out(0).SetShape(dims[:x.Rank]...)
}

// tile repeats x along every dimension. Dimensions of one element are repeated by
// a stride of zero, without a copy.
func tile(c *Call) error {
	x, reps, out := c.In(0), c.intsIn(1), c.out(0)
	view := true
	for d, r := range reps {
		view = view && (r == 1 || x.Dims[d] == 1)
	}
	if view {
		var tmp array.Value
		x = c.plain(x, &tmp)
		var stride, repeat [array.MaxRank]int
		for d := range x.Rank {
			stride[d], repeat[d] = x.Stride[d], x.Repeat[d]
			if x.Dims[d] == 1 {
				stride[d], repeat[d] = 0, 1
			}
		}
		c.view(0, x, 0, stride[:x.Rank], repeat[:x.Rank])
		return nil
	}
	c.newOut(0)
	if out.Len() == 0 {
		return nil
	}
	// A dimension d of n elements and r repetitions is walked as [r][n]; that may
	// take twice the rank, so the repetitions of one dimension after another are
	// counted here and the nest walks x itself.
	var full array.Nest
	full.DenseStrides(0, out.Shape())
	var idx [array.MaxRank]int
	work := array.Counter{Poller: &c.Env.Poller}
	for {
		work.Add(x.Len() + 16)
		w := c.nest()
		for d := range x.Rank {
			w.Stride[0][d] = full.Stride[0][d]
			w.At[0] += idx[d] * x.Dims[d] * full.Stride[0][d]
		}
		c.place(&w, x, x.Rank)
		d := x.Rank - 1
		for ; d >= 0; d-- {
			idx[d]++
			if idx[d] < int(reps[d]) {
				break
			}
			idx[d] = 0
		}
		if d < 0 {
			return nil
		}
	}
}
