package op

import (
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// Reductions of integers stand in programs that count, the tokens under a mask for
// instance. They are small, so one loop serves every kind, element by element.

// reduceInt is reduce for integers: exact modulo the width of the result, so that a
// sum of int32 that overflows wraps as NumPy's does. There is no least integer for
// the greatest of none, which is refused.
func (c *Call) reduceInt(r *reduction) error {
	x, out := c.In(0), c.out(0)
	src := c.I32(x) // dense: strided integers are too rare for a way of their own
	w := c.nest()
	n, err := c.reduceNest(&w, x, true)
	if err != nil {
		return err
	}
	if n == 0 && (r.kind == byMax || r.kind == byMin) {
		return fmt.Errorf("no elements to reduce")
	}
	acc := c.scratch().longs(out.Len())
	array.Fill(&c.Env.Poller, acc, r.kind.initialInt())
	for ok := w.Start(x.Shape(), 2); ok; ok = w.Next() {
		for k := range w.N {
			v := int64(src[w.At[1]+k*w.Step[1]])
			if r.eachI != nil {
				v = r.eachI(v)
			}
			p := &acc[w.At[0]+k*w.Step[0]]
			*p = r.kind.joinInt(*p, v)
		}
	}
	if r.finish != nil {
		c.finishInt(r, acc, n)
		return nil
	}
	c.storeLongs(acc)
	return nil
}

// initialInt is initial for integers. The extremes are never seen in a result: a lane
// of nothing is refused for them.
func (b combine) initialInt() int64 {
	switch b {
	case byProduct:
		return 1
	case byMax:
		return math.MinInt64
	case byMin:
		return math.MaxInt64
	default:
		return 0
	}
}

// finishInt stores what finish makes of the sums. A mean of integers is rounded
// toward zero.
func (c *Call) finishInt(r *reduction, acc []int64, n int) {
	all := c.scratch().doubles(len(acc))
	c.Env.Pieces(len(acc), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			all[k] = r.finish(float64(acc[k]), n)
		}
	})
	c.storeDoubles(all)
}

// storeLongs writes results computed in int64 to output 0, wrapped to its type. A sum
// of more than 2^31 int32 could wrap int64 before; no value has so many elements.
func (c *Call) storeLongs(acc []int64) {
	if c.floatOut(0) {
		storeFloats(c, acc)
		return
	}
	dst, dt := c.newI32(0), c.out(0).DType
	c.Env.Pieces(len(acc), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			dst[k] = array.Wrap(acc[k], dt)
		}
	})
}

// joinInt is join for integers. Products wrap at 64 bits, which agrees with wrapping
// at fewer bits at the end.
func (b combine) joinInt(acc, v int64) int64 {
	switch b {
	case byProduct:
		return acc * v
	case byMax:
		return max(acc, v)
	case byMin:
		return min(acc, v)
	default:
		return acc + v
	}
}
