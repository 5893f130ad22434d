package op

import (
	"fmt"
	"sort"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

func init() {
	add(
		Operator{
			Name: "reduce_argmax", Params: in("x", "axis", "keep_dims", "output_dtype"),
			Shape: argShape, Eval: func(c *Call) error { return c.arg(false) }, Exact: true,
			Texts: Texts{"output_dtype": indexTypes},
		},
		Operator{
			Name: "reduce_argmin", Params: in("x", "axis", "keep_dims", "output_dtype"),
			Shape: argShape, Eval: func(c *Call) error { return c.arg(true) }, Exact: true,
			Texts: Texts{"output_dtype": indexTypes},
		},
		Operator{Name: "argsort", Params: in("x", "axis.", "ascending."), Eval: argsort, Check: checkLaneAxis, Exact: true, Local: newRanking},
		Operator{
			Name:   "topk",
			Params: in("x", "k", "axis", "ascending.", "sort", "return_indices", "output_indices_dtype"),
			Shape:  topkShape, Eval: topk, Check: checkKind, Exact: true, Local: newRanking,
			Texts:   Texts{"output_indices_dtype": indexTypes},
			Results: &Bounds{1, 2}, Note: "of equal elements the one that comes first",
		},
		Operator{Name: "cumsum", Params: in("x", "axis.", "exclusive.", "reverse."), Eval: cumsum, Check: checkAxis(1, 0)},
	)
}

// argShape drops the axis, or leaves 1 for it when keep_dims is set.
func argShape(c *Call) error {
	x := c.In(0)
	axis, err := c.axisIn(1, -1, x)
	if err != nil {
		return err
	}
	keep, err := c.BoolIn(2, false)
	if err != nil {
		return err
	}
	if x.Dims[axis] == 0 {
		return fmt.Errorf("axis %d has no elements", axis)
	}
	dims := x.Dims
	if keep {
		dims[axis] = 1
		return c.out(0).SetShape(dims[:x.Rank]...)
	}
	copy(dims[axis:], x.Dims[axis+1:x.Rank])
	return c.out(0).SetShape(dims[:x.Rank-1]...)
}

// arg finds the place of the largest element along an axis, or of the smallest.
// The first of equal elements counts; a NaN comes before everything.
func (c *Call) arg(least bool) error {
	x := c.In(0)
	axis, err := c.axisIn(1, -1, x)
	if err != nil {
		return err
	}
	n, inner := x.Dims[axis], x.Span(axis+1, x.Rank)
	if x.IsInt() {
		src := c.I32(x)
		extremes(&c.Env.Poller, c.newI32(0), src, n, inner, least)
	} else {
		src := c.F32(x)
		extremes(&c.Env.Poller, c.newI32(0), src, n, inner, least)
	}
	return nil
}

func extremes[T int32 | float32](p *array.Poller, dst []int32, src []T, n, inner int, least bool) {
	p.Lanes(len(dst), n, func(k int) {
		lane := src[k/inner*n*inner+k%inner:]
		best := 0
		for j := range n {
			if j&(array.PollEvery-1) == array.PollEvery-1 {
				p.Poll()
			}
			v, b := lane[j*inner], lane[best*inner]
			if b != b {
				break
			}
			if v != v || !least && v > b || least && v < b {
				best = j
			}
		}
		dst[k] = int32(best)
	})
}

// ranking orders the elements of one lane. It belongs to a step.
type ranking struct {
	f         []float32
	i         []int32
	order     []int32
	whole     bool // the lane holds integers
	work      array.Counter
	ascending bool
}

func newRanking() any { return &ranking{} }

// ranking returns what newRanking made for this step.
func (c *Call) ranking() *ranking {
	r := localOf[ranking](c)
	return r
}

// load takes the lane of n elements, step apart, and numbers them.
func (r *ranking) load(c *Call, f []float32, i []int32, at, n, step int) {
	r.whole, r.work.Poller = f == nil, &c.Env.Poller
	r.order, r.f, r.i = reuse(c.Env, r.order, n), reuse(c.Env, r.f, n), reuse(c.Env, r.i, n)
	for k := range n {
		r.work.Add(1)
		r.order[k] = int32(k)
		if r.whole {
			r.i[k] = i[at+k*step]
		} else {
			r.f[k] = f[at+k*step]
		}
	}
}

// before reports whether element a comes before element b: NaN last, equal
// elements in their own order.
func (r *ranking) before(a, b int32) bool {
	r.work.Add(1)
	if r.whole {
		x, y := r.i[a], r.i[b]
		if x == y {
			return a < b
		}
		return (x < y) == r.ascending
	}
	x, y := r.f[a], r.f[b]
	switch {
	case x < y:
		return r.ascending
	case x > y:
		return !r.ascending
	case x == y || x != x && y != y:
		return a < b
	default:
		return y != y
	}
}

func (r *ranking) Len() int { return len(r.order) }

func (r *ranking) Less(a, b int) bool { return r.before(r.order[a], r.order[b]) }

func (r *ranking) Swap(a, b int) { r.order[a], r.order[b] = r.order[b], r.order[a] }

// insertLimit is the number of elements up to which the first ones are found by
// insertion instead of by sorting the lane.
const insertLimit = 64

// first brings the first k elements of the order to its front, sorted.
func (r *ranking) first(k int) {
	if k > insertLimit {
		sort.Sort(r)
		return
	}
	kept := 0
	for e := range int32(len(r.f)) {
		r.work.Add(1)
		if kept == k && (k == 0 || !r.before(e, r.order[k-1])) {
			continue
		}
		p := min(kept, k-1)
		for ; p > 0 && r.before(e, r.order[p-1]); p-- {
			r.order[p] = r.order[p-1]
		}
		r.order[p] = e
		kept = min(kept+1, k)
	}
}

// argsort lists the places of the elements along an axis in order, the largest
// first unless ascending.
func argsort(c *Call) error {
	x := c.In(0)
	dst := c.newI32(0)
	if x.Rank == 0 {
		dst[0] = 0
		return nil
	}
	axis, err := c.axisIn(1, -1, x)
	if err != nil {
		return err
	}
	r := c.ranking()
	if r.ascending, err = c.BoolIn(2, false); err != nil {
		return err
	}
	f, i := c.either(x)
	n, inner := x.Dims[axis], x.Span(axis+1, x.Rank)
	for o := 0; o < len(dst); o += n * inner {
		for j := range inner {
			r.load(c, f, i, o+j, n, inner)
			sort.Sort(r)
			for k, e := range r.order {
				r.work.Add(1)
				dst[o+j+k*inner] = e
			}
		}
	}
	return nil
}

// either returns the elements of v as float32 or, with f nil, as int32.
func (c *Call) either(v *array.Value) (f []float32, i []int32) {
	if v.IsInt() {
		return nil, c.I32(v)
	}
	if f = c.F32(v); f == nil {
		f = []float32{} // nil stands for integers
	}
	return f, nil
}

// topkSizes returns the axis and the number of elements wanted; -1 is all.
func topkSizes(c *Call) (axis, k int, err error) {
	x := c.In(0)
	if axis, err = c.axisIn(2, -1, x); err != nil {
		return 0, 0, err
	}
	if k, err = c.intIn(1, 1); err != nil {
		return 0, 0, err
	}
	n := x.Dims[axis]
	if k == -1 {
		k = n
	}
	if k < 0 || k > n {
		return 0, 0, fmt.Errorf("k is %d for a dimension of %d", k, n)
	}
	return axis, k, nil
}

// topkShape cuts the axis to k elements.
func topkShape(c *Call) error {
	x := c.In(0)
	axis, k, err := topkSizes(c)
	if err != nil {
		return err
	}
	if n := len(c.Step.Out); n > 2 {
		return fmt.Errorf("has %d results where 1 or 2 are expected", n)
	}
	dims := x.Dims
	dims[axis] = k
	for o := range c.Step.Out {
		if err := c.out(o).SetShape(dims[:x.Rank]...); err != nil {
			return err
		}
	}
	return nil
}

// topk gives the k largest elements along an axis, or the smallest when
// ascending, and their places. They are sorted whether or not that is asked for;
// among equal elements the first one wins.
func topk(c *Call) error {
	x := c.In(0)
	axis, k, err := topkSizes(c)
	if err != nil {
		return err
	}
	r := c.ranking()
	if r.ascending, err = c.BoolIn(3, false); err != nil {
		return err
	}
	f, i := c.either(x)
	c.newOut(0)
	out := c.out(0)
	var places []int32
	if len(c.Step.Out) > 1 {
		places = c.newI32(1)
	}
	n, inner := x.Dims[axis], x.Span(axis+1, x.Rank)
	for o := range x.Span(0, axis) {
		for j := range inner {
			r.load(c, f, i, o*n*inner+j, n, inner)
			r.first(k)
			at := o*k*inner + j
			for _, e := range r.order[:k] {
				r.work.Add(1)
				switch {
				case out.Repr == array.ReprI32 && r.whole:
					out.I32[at] = r.i[e]
				case out.Repr == array.ReprF32 && !r.whole:
					out.F32[at] = r.f[e]
				default:
					return fmt.Errorf("the result's type does not go with x")
				}
				if places != nil {
					places[at] = array.Wrap(int64(e), c.out(1).DType)
				}
				at += inner
			}
		}
	}
	return nil
}

// cumsum adds up along an axis, from the end when reverse; exclusive leaves the
// element itself out.
func cumsum(c *Call) error {
	x := c.In(0)
	axis, err := c.axisIn(1, 0, x)
	if err != nil {
		return err
	}
	exclusive, err := c.BoolIn(2, false)
	if err != nil {
		return err
	}
	reverse, err := c.BoolIn(3, false)
	if err != nil {
		return err
	}
	n, inner := x.Dims[axis], x.Span(axis+1, x.Rank)
	work := array.Counter{Poller: &c.Env.Poller}
	first, step := 0, inner
	if reverse {
		first, step = (n-1)*inner, -inner
	}
	if c.floatOut(0) {
		src := c.F32(x)
		dst := c.newF32(0)
		for o := 0; o < len(dst); o += n * inner {
			for j := range inner {
				sum, p := 0.0, o+j+first
				for range n {
					work.Add(1)
					next := sum + float64(src[p])
					dst[p] = float32(next)
					if exclusive {
						dst[p] = float32(sum)
					}
					sum = next
					p += step
				}
			}
		}
		return nil
	}
	src := c.I32(x)
	dst, dt := c.newI32(0), c.out(0).DType
	for o := 0; o < len(dst); o += n * inner {
		for j := range inner {
			sum, p := int64(0), o+j+first
			for range n {
				work.Add(1)
				next := sum + int64(src[p])
				dst[p] = array.Wrap(next, dt)
				if exclusive {
					dst[p] = array.Wrap(sum, dt)
				}
				sum = next
				p += step
			}
		}
	}
	return nil
}
