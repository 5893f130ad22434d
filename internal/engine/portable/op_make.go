package portable

import (
	"fmt"
	"math"
)

func init() {
	add(
		operator{name: "range_1d", params: in("end", "start!", "step!"), shape: rangeShape, eval: rangeOp},
		operator{name: "fill", params: in("shape", "value"), shape: fillShape, eval: fill},
		operator{name: "fill_like", params: in("ref_tensor*", "value"), eval: fill},
		operator{
			name: "one_hot", params: in("indices", "one_hot_vector_size!", "axis", "on_value", "off_value"),
			shape: oneHotShape, eval: oneHot,
		},
		operator{name: "band_part", params: in("x", "lower", "upper"), eval: bandPart, exact: true},
		operator{name: "non_zero", params: in("x"), shape: nonZeroShape, eval: nonZero},
	)
}

// rangeShape counts the numbers start, start+step, ... that lie before end.
func rangeShape(c *call) error {
	for k := range 3 {
		if c.in(k).len() != 1 {
			return fmt.Errorf("%s holds %d values where one is expected", c.name(k), c.in(k).len())
		}
	}
	if !c.floatOut(0) {
		end, start, step := int64(c.i32(c.in(0))[0]), int64(c.i32(c.in(1))[0]), int64(c.i32(c.in(2))[0])
		if step == 0 {
			return fmt.Errorf("step is 0")
		}
		n := (end - start + step - 1) / step
		if step < 0 {
			n = (start - end - step - 1) / -step
		}
		if n > maxElements {
			return fmt.Errorf("numbers from %d to %d in steps of %d cannot be listed", start, end, step)
		}
		return c.out(0).setShape(int(max(0, n)))
	}
	end, start, step := float64(c.f32(c.in(0))[0]), float64(c.f32(c.in(1))[0]), float64(c.f32(c.in(2))[0])
	n := math.Ceil((end - start) / step)
	if step == 0 || n != n || n > maxElements {
		return fmt.Errorf("numbers from %g to %g in steps of %g cannot be listed", start, end, step)
	}
	return c.out(0).setShape(int(max(0, n)))
}

func rangeOp(c *call) error {
	if !c.floatOut(0) {
		start, step := int64(c.i32(c.in(1))[0]), int64(c.i32(c.in(2))[0])
		dst, dt := c.newI32(0), c.out(0).dt
		c.fr.pieces(len(dst), func(lo, hi int) {
			for k := lo; k < hi; k++ {
				dst[k] = wrap(start+int64(k)*step, dt)
			}
		})
		return nil
	}
	start, step := float64(c.f32(c.in(1))[0]), float64(c.f32(c.in(2))[0])
	dst := c.newF32(0)
	c.fr.pieces(len(dst), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			dst[k] = float32(start + float64(k)*step)
		}
	})
	return nil
}

func fillShape(c *call) error {
	target := c.intsIn(0)
	if len(target) > maxRank {
		return fmt.Errorf("shape has %d dimensions, above the limit of %d", len(target), maxRank)
	}
	var dims [maxRank]int
	for d, n := range target {
		dims[d] = int(n)
	}
	return c.out(0).setShape(dims[:len(target)]...)
}

// fill sets every element to value, 0 by default.
func fill(c *call) error {
	if c.floatOut(0) {
		v, err := c.floatIn(1, 0)
		if err != nil {
			return err
		}
		setAll(&c.fr.poller, c.newF32(0), v)
		return nil
	}
	v, err := c.intIn(1, 0)
	if err != nil {
		return err
	}
	setAll(&c.fr.poller, c.newI32(0), wrap(int64(v), c.out(0).dt))
	return nil
}

// oneHotAxis returns the position of the new dimension and its size.
func oneHotAxis(c *call) (axis, depth int, err error) {
	rank := c.in(0).rank
	if depth, err = c.intIn(1, 0); err != nil {
		return 0, 0, err
	}
	if axis, err = c.intIn(2, -1); err != nil {
		return 0, 0, err
	}
	if axis < 0 {
		axis += rank + 1
	}
	if axis < 0 || axis > rank || rank == maxRank || depth < 0 {
		return 0, 0, fmt.Errorf("axis %d of %d elements does not fit indices of rank %d", axis, depth, rank)
	}
	return axis, depth, nil
}

func oneHotShape(c *call) error {
	idx := c.in(0)
	axis, depth, err := oneHotAxis(c)
	if err != nil {
		return err
	}
	var dims [maxRank]int
	copy(dims[:], idx.dims[:axis])
	dims[axis] = depth
	copy(dims[axis+1:], idx.dims[axis:idx.rank])
	return c.out(0).setShape(dims[:idx.rank+1]...)
}

// oneHot sets on_value at the index and off_value elsewhere along a new axis. An
// index outside the axis sets nothing.
func oneHot(c *call) error {
	axis, depth, err := oneHotAxis(c)
	if err != nil {
		return err
	}
	idx := c.in(0)
	indices, inner := c.i32(idx), idx.span(axis, idx.rank)
	if c.floatOut(0) {
		on, err := c.floatIn(3, 1)
		if err != nil {
			return err
		}
		off, err := c.floatIn(4, 0)
		if err != nil {
			return err
		}
		spotOn(&c.fr.poller, c.newF32(0), indices, depth, inner, on, off)
		return nil
	}
	on, err := c.intIn(3, 1)
	if err != nil {
		return err
	}
	off, err := c.intIn(4, 0)
	if err != nil {
		return err
	}
	dt := c.out(0).dt
	spotOn(&c.fr.poller, c.newI32(0), indices, depth, inner, wrap(int64(on), dt), wrap(int64(off), dt))
	return nil
}

func spotOn[T any](p *poller, dst []T, indices []int32, depth, inner int, on, off T) {
	setAll(p, dst, off)
	p.lanes(len(indices), 1, func(k int) {
		if i := int(indices[k]); i >= 0 && i < depth {
			dst[(k/inner*depth+i)*inner+k%inner] = on
		}
	})
}

// bandPart keeps the elements of each matrix that lie at most lower below and
// upper above the diagonal; a negative number keeps all on that side.
func bandPart(c *call) error {
	x := c.in(0)
	if x.rank < 2 {
		return fmt.Errorf("x of rank %d has no matrices", x.rank)
	}
	lower, err := c.intIn(1, -1)
	if err != nil {
		return err
	}
	upper, err := c.intIn(2, -1)
	if err != nil {
		return err
	}
	rows, cols := x.dims[x.rank-2], x.dims[x.rank-1]
	if c.floatOut(0) {
		src := c.f32(x)
		band(&c.fr.poller, c.newF32(0), src, rows, cols, lower, upper)
		return nil
	}
	src := c.i32(x)
	band(&c.fr.poller, c.newI32(0), src, rows, cols, lower, upper)
	return nil
}

func band[T any](p *poller, dst, src []T, rows, cols, lower, upper int) {
	if len(dst) == 0 {
		return
	}
	p.lanes(len(dst)/cols, cols, func(r int) {
		m, at := r%rows, r*cols
		from, to := 0, cols
		if lower >= 0 {
			from = min(cols, max(0, m-lower))
		}
		if upper >= 0 {
			to = max(from, min(cols, m+upper+1))
		}
		row := dst[at : at+cols]
		setAll(p, row[:from], *new(T))
		copyPieces(p, row[from:to], src[at+from:at+to])
		setAll(p, row[to:], *new(T))
	})
}

func nonZeroShape(c *call) error {
	n := 0
	x := c.in(0)
	if x.isInt() {
		n = filled(&c.fr.poller, c.i32(x))
	} else {
		n = filled(&c.fr.poller, c.f32(x))
	}
	return c.out(0).setShape(n, x.rank)
}

// filled counts the elements that are not zero.
func filled[T int32 | float32](p *poller, src []T) (n int) {
	p.pieces(len(src), func(lo, hi int) {
		for _, v := range src[lo:hi] {
			n += int(bit(v != 0))
		}
	})
	return n
}

// nonZero lists the coordinates of the elements that are not zero.
func nonZero(c *call) error {
	x := c.in(0)
	dst := c.newI32(0)
	if x.isInt() {
		coordinates(&c.fr.poller, dst, c.i32(x), x)
	} else {
		coordinates(&c.fr.poller, dst, c.f32(x), x)
	}
	return nil
}

func coordinates[T int32 | float32](p *poller, dst []int32, src []T, x *value) {
	at := 0
	work := counter{p: p}
	for k, v := range src {
		work.add(1)
		if v == 0 {
			continue
		}
		for d := x.rank - 1; d >= 0; d-- {
			dst[at+d] = int32(k % x.dims[d])
			k /= x.dims[d]
		}
		at += x.rank
	}
}
