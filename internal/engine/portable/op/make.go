package op

import (
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

func init() {
	add(
		Operator{Name: "range_1d", Params: in("end", "start!", "step!"), Shape: rangeShape, Eval: rangeOp},
		Operator{Name: "fill", Params: in("shape", "value."), Shape: fillShape, Eval: fill},
		Operator{Name: "fill_like", Params: in("ref_tensor*", "value."), Eval: fill},
		Operator{
			Name: "one_hot", Params: in("indices", "one_hot_vector_size!", "axis", "on_value.", "off_value."),
			Shape: oneHotShape, Eval: oneHot,
		},
		Operator{Name: "band_part", Params: in("x", "lower.", "upper."), Eval: bandPart, Check: needRank(2, "has no matrices"), Exact: true},
		Operator{Name: "non_zero", Params: in("x"), Shape: nonZeroShape, Eval: nonZero},
	)
}

// rangeShape counts the numbers start, start+step, ... that lie before end.
func rangeShape(c *Call) error {
	for k := range 3 {
		if c.In(k).Len() != 1 {
			return fmt.Errorf("%s holds %d values where one is expected", c.name(k), c.In(k).Len())
		}
	}
	if !c.floatOut(0) {
		end, start, step := int64(c.I32(c.In(0))[0]), int64(c.I32(c.In(1))[0]), int64(c.I32(c.In(2))[0])
		if step == 0 {
			return fmt.Errorf("step is 0")
		}
		n := (end - start + step - 1) / step
		if step < 0 {
			n = (start - end - step - 1) / -step
		}
		if n > array.MaxElements {
			return fmt.Errorf("numbers from %d to %d in steps of %d cannot be listed", start, end, step)
		}
		return c.out(0).SetShape(int(max(0, n)))
	}
	end, start, step := float64(c.F32(c.In(0))[0]), float64(c.F32(c.In(1))[0]), float64(c.F32(c.In(2))[0])
	n := math.Ceil((end - start) / step)
	if step == 0 || n != n || n > array.MaxElements {
		return fmt.Errorf("numbers from %g to %g in steps of %g cannot be listed", start, end, step)
	}
	return c.out(0).SetShape(int(max(0, n)))
}

func rangeOp(c *Call) error {
	if !c.floatOut(0) {
		start, step := int64(c.I32(c.In(1))[0]), int64(c.I32(c.In(2))[0])
		dst, dt := c.newI32(0), c.out(0).DType
		c.Env.Pieces(len(dst), func(lo, hi int) {
			for k := lo; k < hi; k++ {
				dst[k] = array.Wrap(start+int64(k)*step, dt)
			}
		})
		return nil
	}
	start, step := float64(c.F32(c.In(1))[0]), float64(c.F32(c.In(2))[0])
	dst := c.newF32(0)
	c.Env.Pieces(len(dst), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			dst[k] = float32(start + float64(k)*step)
		}
	})
	return nil
}

// fillShape reads the result's shape from operand 0.
func fillShape(c *Call) error {
	target := c.intsIn(0)
	if len(target) > array.MaxRank {
		return fmt.Errorf("shape has %d dimensions, above the limit of %d", len(target), array.MaxRank)
	}
	var dims [array.MaxRank]int
	for d, n := range target {
		dims[d] = int(n)
	}
	return c.out(0).SetShape(dims[:len(target)]...)
}

// fill sets every element to value, 0 by default.
func fill(c *Call) error {
	if c.floatOut(0) {
		v, err := c.floatIn(1, 0)
		if err != nil {
			return err
		}
		array.Fill(&c.Env.Poller, c.newF32(0), v)
		return nil
	}
	v, err := c.intIn(1, 0)
	if err != nil {
		return err
	}
	array.Fill(&c.Env.Poller, c.newI32(0), array.Wrap(int64(v), c.out(0).DType))
	return nil
}

// oneHotAxis returns the position of the new dimension and its size.
func oneHotAxis(c *Call) (axis, depth int, err error) {
	rank := c.In(0).Rank
	if depth, err = c.intIn(1, 0); err != nil {
		return 0, 0, err
	}
	if axis, err = c.intIn(2, -1); err != nil {
		return 0, 0, err
	}
	if axis < 0 {
		axis += rank + 1
	}
	if axis < 0 || axis > rank || rank == array.MaxRank || depth < 0 {
		return 0, 0, fmt.Errorf("axis %d of %d elements does not fit indices of rank %d", axis, depth, rank)
	}
	return axis, depth, nil
}

// oneHotShape inserts a dimension for the classes at the axis.
func oneHotShape(c *Call) error {
	idx := c.In(0)
	axis, depth, err := oneHotAxis(c)
	if err != nil {
		return err
	}
	var dims [array.MaxRank]int
	copy(dims[:], idx.Dims[:axis])
	dims[axis] = depth
	copy(dims[axis+1:], idx.Dims[axis:idx.Rank])
	return c.out(0).SetShape(dims[:idx.Rank+1]...)
}

// oneHot sets on_value at the index and off_value elsewhere along a new axis. An
// index outside the axis sets nothing.
func oneHot(c *Call) error {
	axis, depth, err := oneHotAxis(c)
	if err != nil {
		return err
	}
	idx := c.In(0)
	indices, inner := c.I32(idx), idx.Span(axis, idx.Rank)
	if c.floatOut(0) {
		on, err := c.floatIn(3, 1)
		if err != nil {
			return err
		}
		off, err := c.floatIn(4, 0)
		if err != nil {
			return err
		}
		spotOn(&c.Env.Poller, c.newF32(0), indices, depth, inner, on, off)
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
	dt := c.out(0).DType
	spotOn(&c.Env.Poller, c.newI32(0), indices, depth, inner, array.Wrap(int64(on), dt), array.Wrap(int64(off), dt))
	return nil
}

func spotOn[T any](p *array.Poller, dst []T, indices []int32, depth, inner int, on, off T) {
	array.Fill(p, dst, off)
	p.Lanes(len(indices), 1, func(k int) {
		if i := int(indices[k]); i >= 0 && i < depth {
			dst[(k/inner*depth+i)*inner+k%inner] = on
		}
	})
}

// bandPart keeps the elements of each matrix that lie at most lower below and
// upper above the diagonal; a negative number keeps all on that side.
func bandPart(c *Call) error {
	x := c.In(0)
	if x.Rank < 2 {
		return fmt.Errorf("x of rank %d has no matrices", x.Rank)
	}
	lower, err := c.intIn(1, -1)
	if err != nil {
		return err
	}
	upper, err := c.intIn(2, -1)
	if err != nil {
		return err
	}
	rows, cols := x.Dims[x.Rank-2], x.Dims[x.Rank-1]
	if c.floatOut(0) {
		src := c.F32(x)
		band(&c.Env.Poller, c.newF32(0), src, rows, cols, lower, upper)
		return nil
	}
	src := c.I32(x)
	band(&c.Env.Poller, c.newI32(0), src, rows, cols, lower, upper)
	return nil
}

func band[T any](p *array.Poller, dst, src []T, rows, cols, lower, upper int) {
	if len(dst) == 0 {
		return
	}
	p.Lanes(len(dst)/cols, cols, func(r int) {
		m, at := r%rows, r*cols
		from, to := 0, cols
		if lower >= 0 {
			from = min(cols, max(0, m-lower))
		}
		if upper >= 0 {
			to = max(from, min(cols, m+upper+1))
		}
		row := dst[at : at+cols]
		array.Fill(p, row[:from], *new(T))
		array.Copy(p, row[from:to], src[at+from:at+to])
		array.Fill(p, row[to:], *new(T))
	})
}

// nonZeroShape has a row of indices for each element that is not zero.
func nonZeroShape(c *Call) error {
	n := 0
	x := c.In(0)
	if x.IsInt() {
		n = filled(&c.Env.Poller, c.I32(x))
	} else {
		n = filled(&c.Env.Poller, c.F32(x))
	}
	return c.out(0).SetShape(n, x.Rank)
}

// filled counts the elements that are not zero.
func filled[T int32 | float32](p *array.Poller, src []T) (n int) {
	p.Pieces(len(src), func(lo, hi int) {
		for _, v := range src[lo:hi] {
			n += int(bit(v != 0))
		}
	})
	return n
}

// nonZero lists the coordinates of the elements that are not zero.
func nonZero(c *Call) error {
	x := c.In(0)
	dst := c.newI32(0)
	if x.IsInt() {
		coordinates(&c.Env.Poller, dst, c.I32(x), x)
	} else {
		coordinates(&c.Env.Poller, dst, c.F32(x), x)
	}
	return nil
}

func coordinates[T int32 | float32](p *array.Poller, dst []int32, src []T, x *array.Value) {
	at := 0
	work := array.Counter{Poller: p}
	for k, v := range src {
		work.Add(1)
		if v == 0 {
			continue
		}
		for d := x.Rank - 1; d >= 0; d-- {
			dst[at+d] = int32(k % x.Dims[d])
			k /= x.Dims[d]
		}
		at += x.Rank
	}
}
