package op

import (
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// cumsum(x, axis = 0, exclusive = false, reverse = false). Source: coremltools,
// mil/ops/defs/iOS15/tensor_operation.py. Exporters make positions from a mask with it.
func init() {
	add(Operator{Name: "cumsum", Params: in("x", "axis.", "exclusive.", "reverse."), Eval: cumsum, Check: checkAxis(1, 0)})
}

// The sum of a long lane cannot be shared among threads without another order of its
// additions, and lanes are short in practice: one thread does it all.

// scan is a running sum over lanes of n elements, inner apart. first is where in a
// lane it begins and step leads to the next element, backward when reverse is set.
type scan struct {
	n, inner, first, step int
	exclusive             bool // an element gets the sum of those before it
	work                  array.Counter
}

// cumsum adds up along an axis, from the end when reverse; exclusive leaves the
// element itself out. Both are as in tf.cumsum.
func cumsum(c *Call) error {
	x := c.In(0)
	axis, err := c.axisIn(1, 0, x)
	if err != nil {
		return err
	}
	s := scan{n: x.Dims[axis], inner: x.Span(axis+1, x.Rank), work: array.Counter{Poller: &c.Env.Poller}}
	if s.exclusive, err = c.BoolIn(2, false); err != nil {
		return err
	}
	reverse, err := c.BoolIn(3, false)
	if err != nil {
		return err
	}
	// x is [outer, n, inner]: a lane begins at each of outer·inner places.
	s.step = s.inner
	if reverse {
		s.first, s.step = (s.n-1)*s.inner, -s.inner
	}
	if c.floatOut(0) {
		src := c.F32(x)
		s.floats(c.newF32(0), src)
		return nil
	}
	src := c.I32(x)
	s.ints(c.newI32(0), src, c.out(0).DType)
	return nil
}

// floats adds up in float64 and rounds every sum once: the error does not grow along
// the lane.
func (s *scan) floats(dst, src []float32) {
	for o := 0; o < len(dst); o += s.n * s.inner {
		for j := range s.inner {
			sum, p := 0.0, o+j+s.first
			for range s.n {
				s.work.Add(1)
				next := sum + float64(src[p])
				dst[p] = float32(next)
				if s.exclusive {
					dst[p] = float32(sum)
				}
				sum = next
				p += s.step
			}
		}
	}
}

// ints adds up in int64 and wraps every sum to the type of the result: what is carried
// along is not wrapped, which makes no difference in two's complement.
func (s *scan) ints(dst, src []int32, t dtype.Type) {
	for o := 0; o < len(dst); o += s.n * s.inner {
		for j := range s.inner {
			sum, p := int64(0), o+j+s.first
			for range s.n {
				s.work.Add(1)
				next := sum + int64(src[p])
				dst[p] = array.Wrap(next, t)
				if s.exclusive {
					dst[p] = array.Wrap(sum, t)
				}
				sum = next
				p += s.step
			}
		}
	}
}
