package op

import "github.com/gocoreml/coreml/internal/engine/portable/array"

// non_zero(x) gives int32 coordinates [n, rank of x]. Its name in NumPy is argwhere;
// numpy.nonzero gives the same turned round.
func init() {
	add(Operator{Name: "non_zero", Params: in("x"), Shape: nonZeroShape, Eval: nonZero})
}

// nonZeroShape has a row of coordinates for each element that is not zero. It is
// one of the few shapes that depend on the content of an operand, so the elements
// are counted here and read once more by nonZero. What comes after it in a program can
// be planned only once its operand is computed.
func nonZeroShape(c *Call) error {
	n := 0
	x := c.In(0)
	if x.IsInt() {
		n = countNonZero(&c.Env.Poller, c.I32(x))
	} else {
		n = countNonZero(&c.Env.Poller, c.F32(x))
	}
	return c.out(0).SetShape(n, x.Rank)
}

// countNonZero counts the elements that are not zero. NaN is not zero, and neither
// sign of zero counts.
func countNonZero[T int32 | float32](p *array.Poller, src []T) (n int) {
	p.Pieces(len(src), func(lo, hi int) {
		for _, v := range src[lo:hi] {
			n += int(bit(v != 0))
		}
	})
	return n
}

// nonZero lists the coordinates of the elements that are not zero, in row-major
// order, as numpy.argwhere does.
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

// coordinates writes x.Rank numbers for each element of src that is not zero: its
// index in each dimension, taken from its place by division from the last one up.
func coordinates[T int32 | float32](p *array.Poller, dst []int32, src []T, x *array.Value) {
	at := 0 // where the next row of coordinates goes
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
