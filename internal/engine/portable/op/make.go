package op

import (
	"errors"
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// range_1d(end, start, step), fill(shape, value = 0), fill_like(ref_tensor, value = 0)
// and band_part(x, lower = -1, upper = -1). Sources: coremltools, mil/ops/defs/iOS15/
// tensor_operation.py and, for fill_like, iOS16's.
//
// Operators whose result is made of a few numbers, not of a tensor: range_1d, fill
// and fill_like; and band_part, which exporters apply to such a tensor to make a
// causal mask.
//
// A mask is often range_1d twice, compared with itself, or a fill with the smallest
// number followed by band_part. All of it depends on the length of the context, so it
// is computed anew for every token and has to be cheap.
func init() {
	add(
		Operator{Name: "range_1d", Params: in("end", "start!", "step!"), Shape: rangeShape, Eval: rangeOp},
		Operator{Name: "fill", Params: in("shape", "value."), Shape: fillShape, Eval: fill},
		Operator{Name: "fill_like", Params: in("ref_tensor*", "value."), Eval: fill},
		Operator{Name: "band_part", Params: in("x", "lower.", "upper."), Eval: bandPart, Check: needRank(2, "has no matrices"), Exact: true},
	)
}

var errZeroStep = errors.New("step is 0")

// rangeShape counts the numbers start, start+step, ... that lie before end, as
// numpy.arange does: end itself is left out and a range that runs the wrong way is
// empty. The operands come in the order end, start, step.
func rangeShape(c *Call) error {
	for k := range 3 {
		if c.In(k).Len() != 1 {
			return fmt.Errorf("%s holds %d values where one is expected", c.name(k), c.In(k).Len())
		}
	}
	n, err := 0, error(nil)
	if c.floatOut(0) {
		n, err = c.countFloats()
	} else {
		n, err = c.countInts()
	}
	if err != nil {
		return err
	}
	return c.out(0).SetShape(n)
}

// countInts is the length of a range of integers: the quotient of the difference and
// the step, rounded up. Differences of two int32 need int64.
func (c *Call) countInts() (int, error) {
	end, start, step := int64(c.I32(c.In(0))[0]), int64(c.I32(c.In(1))[0]), int64(c.I32(c.In(2))[0])
	if step == 0 {
		return 0, errZeroStep
	}
	n := (end - start + step - 1) / step
	if step < 0 {
		n = (start - end - step - 1) / -step
	}
	if n > array.MaxElements {
		return 0, fmt.Errorf("numbers from %d to %d in steps of %d cannot be listed", start, end, step)
	}
	return int(max(0, n)), nil
}

// countFloats is the length of a range of floating-point numbers. Rounding of the
// quotient may make it one longer than the exact range, as in NumPy.
func (c *Call) countFloats() (int, error) {
	end, start, step := float64(c.F32(c.In(0))[0]), float64(c.F32(c.In(1))[0]), float64(c.F32(c.In(2))[0])
	n := math.Ceil((end - start) / step) // NaN and infinities are caught below
	if step == 0 || n != n || n > array.MaxElements {
		return 0, fmt.Errorf("numbers from %g to %g in steps of %g cannot be listed", start, end, step)
	}
	return int(max(0, n)), nil
}

// rangeOp computes every number from its place, start + k·step, in float64: a
// running sum would add up the rounding of all steps before it.
func rangeOp(c *Call) error {
	if !c.floatOut(0) {
		c.rangeInts()
		return nil
	}
	start, step := float64(c.F32(c.In(1))[0]), float64(c.F32(c.In(2))[0])
	dst := c.newF32(0)
	c.Env.Pieces(len(dst), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			dst[k] = float32(start + float64(float64(k)*step))
		}
	})
	return nil
}

// rangeInts is rangeOp for integers.
func (c *Call) rangeInts() {
	start, step := int64(c.I32(c.In(1))[0]), int64(c.I32(c.In(2))[0])
	dst, dt := c.newI32(0), c.out(0).DType
	c.Env.Pieces(len(dst), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			// The last number lies before end, but the result's type may be narrower
			// than that of the operands.
			dst[k] = array.Wrap(start+int64(k)*step, dt)
		}
	})
}

// fillShape reads the result's shape from operand 0, which may be computed.
func fillShape(c *Call) error { return c.shapeIn(0) }

// shapeIn gives output 0 the shape that operand k lists.
func (c *Call) shapeIn(k int) error {
	target := c.intsIn(k)
	if len(target) > array.MaxRank {
		return fmt.Errorf("shape has %d dimensions, above the limit of %d", len(target), array.MaxRank)
	}
	var dims [array.MaxRank]int
	for d, n := range target {
		dims[d] = int(n)
	}
	return c.out(0).SetShape(dims[:len(target)]...)
}

// fill sets every element to value, 0 by default. The result's type is that of
// value, which may be of a narrow integer type.
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

// bandPart keeps the elements of each matrix that lie at most lower below and
// upper above the diagonal and sets the others to zero; a negative number, the
// default, keeps all on that side. It is tf.linalg.band_part: numpy.tril is lower
// -1 and upper 0, numpy.triu is lower 0 and upper -1.
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

// band writes each row in three parts, zeros, what is kept, zeros: what is cut off
// is never read into the result, so that a NaN or an infinity there is gone.
func band[T any](p *array.Poller, dst, src []T, rows, cols, lower, upper int) {
	if len(dst) == 0 {
		return
	}
	p.Lanes(len(dst)/cols, cols, func(r int) {
		m, at := r%rows, r*cols // the row in its matrix, and where it lies
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
