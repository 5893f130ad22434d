package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

func init() {
	add(Operator{Name: "tile", Params: in("x*", "reps!"), Shape: tileShape, Eval: tile, View: true, Exact: true})
}

// tileShape multiplies the dimensions by the repetitions, of which there is one for
// every dimension: unlike NumPy's, they are not lined up at the end.
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

// tile repeats x along every dimension: [a b] twice is [a b a b]. Where only
// dimensions of one element are repeated the result is a view with a stride of zero.
// Exporters repeat the heads of keys and values in this way for every layer and token,
// so that a copy would cost more than the attention that reads it.
func tile(c *Call) error {
	x, reps := c.In(0), c.intsIn(1)
	for d, r := range reps {
		if r != 1 && x.Dims[d] != 1 {
			return c.tileCopies(x, reps)
		}
	}
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

// tileCopies puts copies of x side by side. A dimension of n elements and r
// repetitions is walked as [r][n]; for all dimensions that would be twice the rank
// that a nest has, so the repetitions are counted here and the nest walks x itself.
func (c *Call) tileCopies(x *array.Value, reps []int32) error {
	c.newOut(0)
	out := c.out(0)
	if out.Len() == 0 {
		return nil
	}
	var full array.Nest
	full.DenseStrides(0, out.Shape())
	var copies [array.MaxRank]int
	work := array.Counter{Poller: &c.Env.Poller}
	for more := true; more; more = nextCopy(&copies, reps) {
		work.Add(x.Len() + 16) // to place nothing takes time too
		w := c.nest()
		for d := range x.Rank {
			w.Stride[0][d] = full.Stride[0][d]
			w.At[0] += copies[d] * x.Dims[d] * full.Stride[0][d]
		}
		c.place(&w, x, x.Rank)
	}
	return nil
}

// nextCopy counts through the copies, the last dimension fastest; false after the
// last one.
func nextCopy(copies *[array.MaxRank]int, reps []int32) bool {
	for d := len(reps) - 1; d >= 0; d-- {
		if copies[d]++; copies[d] < int(reps[d]) {
			return true
		}
		copies[d] = 0
	}
	return false
}
