package portable

import "fmt"

func init() {
	add(
		operator{name: "concat", params: in("values*", "axis!", "interleave"), shape: concatShape, eval: concat, exact: true},
		operator{name: "stack", params: in("values*", "axis!"), shape: stackShape, eval: stack, exact: true},
		operator{name: "split", params: in("x*", "num_splits", "split_sizes", "axis!"), shape: splitShape, eval: splitOp, view: true, exact: true},
		operator{name: "tile", params: in("x*", "reps!"), shape: tileShape, eval: tile, view: true, exact: true},
	)
}

// concatShape adds up the sizes along axis. Scalars make a vector.
func concatShape(c *call) error {
	first := c.item(0)
	if first.rank == 0 {
		for k := range c.listLen() {
			if c.item(k).rank != 0 {
				return fmt.Errorf("value %d has rank %d where the first is a scalar", k, c.item(k).rank)
			}
		}
		return c.out(0).setShape(c.listLen())
	}
	axis, err := c.axisIn(1, 0, first)
	if err != nil {
		return err
	}
	interleave, err := c.boolIn(2, false)
	if err != nil {
		return err
	}
	total := 0
	for k := range c.listLen() {
		v := c.item(k)
		if v.rank != first.rank {
			return fmt.Errorf("value %d has rank %d, the first %d", k, v.rank, first.rank)
		}
		for d, n := range v.shape() {
			if n != first.dims[d] && (d != axis || interleave) {
				return fmt.Errorf("value %d of shape %v does not join %v along axis %d", k, v.shapeCopy(), first.shapeCopy(), axis)
			}
		}
		total += v.dims[axis]
	}
	dims := first.dims
	dims[axis] = total
	return c.out(0).setShape(dims[:first.rank]...)
}

// concat puts the values one after another along axis, or element by element in
// turn when interleaved.
func concat(c *call) error {
	out := c.out(0)
	axis := 0
	if c.item(0).rank > 0 {
		a, err := c.axisIn(1, 0, c.item(0))
		if err != nil {
			return err
		}
		axis = a
	}
	interleave, err := c.boolIn(2, false)
	if err != nil {
		return err
	}
	c.newOut(0)
	at := 0
	for k := range c.listLen() {
		v := c.item(k)
		w := c.nest()
		w.denseStrides(0, out.shape())
		step := w.stride[0][axis]
		w.at[0] = at * step
		if interleave {
			w.stride[0][axis] *= c.listLen()
			at++
		} else if v.rank > 0 {
			at += v.dims[axis]
		} else {
			at++
		}
		c.place(&w, v, v.rank)
	}
	return nil
}

// newOut gives output k memory of its declared type.
func (c *call) newOut(k int) {
	if c.floatOut(k) {
		c.newF32(k)
	} else {
		c.newI32(k)
	}
}

// place copies the elements of v into output 0 at the place and strides that the
// nest's memory 0 describes for the dimensions of v.
func (c *call) place(w *nest, v *value, rank int) {
	out := c.out(0)
	dims := v.dims[:rank]
	if out.repr == reprI32 {
		w.denseStrides(1, dims)
		if src := c.i32(v); w.start(dims, 2) {
			copyRows(w, out.i, src)
		}
		return
	}
	v.strides()
	if v.repr == reprF16 && v.walkable() {
		copy(w.stride[1][:], v.stride[:rank])
		if w.start(dims, 2) {
			widenRows(w, out.f, v.h)
		}
		return
	}
	src, dense := c.floatsOf(v)
	if dense {
		w.denseStrides(1, dims)
	} else {
		copy(w.stride[1][:], v.stride[:rank])
	}
	if w.start(dims, 2) {
		copyRows(w, out.f, src)
	}
}

// stackAxis returns the position of the new dimension.
func stackAxis(c *call) (int, error) {
	axis, err := c.intIn(1, 0)
	if err != nil {
		return 0, err
	}
	rank := c.item(0).rank
	if axis < 0 {
		axis += rank + 1
	}
	if axis < 0 || axis > rank || rank == maxRank {
		return 0, fmt.Errorf("axis %d is outside rank %d", axis, rank+1)
	}
	return axis, nil
}

func stackShape(c *call) error {
	first := c.item(0)
	axis, err := stackAxis(c)
	if err != nil {
		return err
	}
	for k := range c.listLen() {
		v := c.item(k)
		if v.rank != first.rank || v.dims != first.dims && !equalDims(v, first) {
			return fmt.Errorf("value %d of shape %v does not stack on %v", k, v.shapeCopy(), first.shapeCopy())
		}
	}
	var dims [maxRank]int
	copy(dims[:], first.dims[:axis])
	dims[axis] = c.listLen()
	copy(dims[axis+1:], first.dims[axis:first.rank])
	return c.out(0).setShape(dims[:first.rank+1]...)
}

func equalDims(a, b *value) bool {
	for d := range a.rank {
		if a.dims[d] != b.dims[d] {
			return false
		}
	}
	return a.rank == b.rank
}

// stack joins the values along a new dimension.
func stack(c *call) error {
	axis, err := stackAxis(c)
	if err != nil {
		return err
	}
	c.newOut(0)
	out := c.out(0)
	for k := range c.listLen() {
		w, full := c.nest(), nest{}
		full.denseStrides(0, out.shape())
		w.at[0] = k * full.stride[0][axis]
		copy(w.stride[0][:], full.stride[0][:axis])
		copy(w.stride[0][axis:], full.stride[0][axis+1:out.rank])
		v := c.item(k)
		c.place(&w, v, v.rank)
	}
	return nil
}

// splitShape divides an axis into equal parts or into the listed sizes.
func splitShape(c *call) error {
	x, sizes := c.in(0), c.intsIn(2)
	axis, err := c.axisIn(3, 0, x)
	if err != nil {
		return err
	}
	count := len(c.st.out)
	parts, err := c.intIn(1, count)
	if err != nil {
		return err
	}
	if parts != count || sizes != nil && len(sizes) != count {
		return fmt.Errorf("num_splits %d and %d sizes do not match %d results", parts, len(sizes), count)
	}
	n, total := x.dims[axis], 0
	if sizes == nil && n%count != 0 {
		return fmt.Errorf("dimension %d of %d does not split into %d parts", axis, n, count)
	}
	for k := range count {
		size := n / count
		if sizes != nil {
			size = int(sizes[k])
		}
		dims := x.dims
		dims[axis] = size
		if err := c.out(k).setShape(dims[:x.rank]...); err != nil {
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
func splitOp(c *call) error {
	var tmp value
	x := c.steady(c.plain(c.in(0), &tmp), &tmp)
	axis, err := c.axisIn(3, 0, x)
	if err != nil {
		return err
	}
	at := 0
	for k := range c.st.out {
		c.view(k, x, at*x.stride[axis], x.stride[:x.rank], nil)
		at += c.out(k).dims[axis]
	}
	return nil
}

func tileShape(c *call) error {
	x, reps := c.in(0), c.intsIn(1)
	if len(reps) != x.rank {
		return fmt.Errorf("reps has %d elements for x of rank %d", len(reps), x.rank)
	}
	dims := x.dims
	for d, r := range reps {
		if r < 0 || int(r) > maxElements {
			return fmt.Errorf("reps of dimension %d is %d", d, r)
		}
		dims[d] *= int(r)
	}
	return c.out(0).setShape(dims[:x.rank]...)
}

// tile repeats x along every dimension. Dimensions of one element are repeated by
// a stride of zero, without a copy.
func tile(c *call) error {
	x, reps, out := c.in(0), c.intsIn(1), c.out(0)
	view := true
	for d, r := range reps {
		view = view && (r == 1 || x.dims[d] == 1)
	}
	if view {
		var tmp value
		x = c.plain(x, &tmp)
		var stride, repeat [maxRank]int
		for d := range x.rank {
			stride[d], repeat[d] = x.stride[d], x.repeat[d]
			if x.dims[d] == 1 {
				stride[d], repeat[d] = 0, 1
			}
		}
		c.view(0, x, 0, stride[:x.rank], repeat[:x.rank])
		return nil
	}
	c.newOut(0)
	if out.len() == 0 {
		return nil
	}
	// A dimension d of n elements and r repetitions is walked as [r][n]; that may
	// take twice the rank, so the repetitions of one dimension after another are
	// counted here and the nest walks x itself.
	var full nest
	full.denseStrides(0, out.shape())
	var idx [maxRank]int
	work := counter{p: &c.fr.poller}
	for {
		work.add(x.len() + 16)
		w := c.nest()
		for d := range x.rank {
			w.stride[0][d] = full.stride[0][d]
			w.at[0] += idx[d] * x.dims[d] * full.stride[0][d]
		}
		c.place(&w, x, x.rank)
		d := x.rank - 1
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
