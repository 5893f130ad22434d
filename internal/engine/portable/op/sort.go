package op

import (
	"sort"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// argsort(x, axis = -1, ascending = false), and the order that it shares with topk.
// Source: coremltools, mil/ops/defs/iOS15/tensor_operation.py.
func init() {
	add(Operator{Name: "argsort", Params: in("x", "axis.", "ascending."), Eval: argsort, Check: checkLaneAxis, Exact: true, Local: newRanking})
}

// ranking orders the elements of one lane. It belongs to a step, and sorts as a
// sort.Interface so that a prediction allocates nothing.
type ranking struct {
	f         []float32 // the elements, of one kind or the other
	i         []int32
	order     []int32 // their places, which are what is sorted
	whole     bool    // the lane holds integers
	work      array.Counter
	ascending bool
}

// newRanking makes the local of argsort and topk.
func newRanking() any { return &ranking{} }

// ranking returns what newRanking made for this step.
func (c *Call) ranking() *ranking { return localOf[ranking](c) }

// load takes the lane of n elements, step apart, and numbers them. f is nil where x
// holds integers.
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
// elements in their own order. No two elements are equal in this order, so any way of
// sorting gives the same result. PyTorch would put NaN above all numbers; Core ML does
// not say, and last among the largest keeps it out of a choice of tokens.
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

// Len, Less and Swap are sort.Interface over the places.
func (r *ranking) Len() int { return len(r.order) }

func (r *ranking) Less(a, b int) bool { return r.before(r.order[a], r.order[b]) }

func (r *ranking) Swap(a, b int) { r.order[a], r.order[b] = r.order[b], r.order[a] }

// insertLimit is the number of elements up to which the first ones are found by
// insertion instead of by sorting the lane: of a vocabulary of 100,000 most elements
// are compared once, with the last of the few kept.
const insertLimit = 64

// first brings the first k elements of the order to its front, sorted.
func (r *ranking) first(k int) {
	if k > insertLimit {
		sort.Sort(r)
		return
	}
	kept := 0 // elements at the front so far, sorted
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
// first unless ascending: the opposite of NumPy's default. A scalar has one place.
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
		for j := range inner { // a lane is collected, so that sorting reads it in order
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

// either returns the elements of v as float32 or, with f nil, as int32. Integers are
// not read as float32, which holds them exactly up to 2^24 only.
func (c *Call) either(v *array.Value) (f []float32, i []int32) {
	if v.IsInt() {
		return nil, c.I32(v)
	}
	if f = c.F32(v); f == nil {
		f = []float32{} // nil stands for integers
	}
	return f, nil
}

// moved is either for an operator that moves the elements of v to output 0, which gets
// its memory: one of another kind than v is refused.
func (c *Call) moved(v *array.Value) (f []float32, i []int32, err error) {
	f, i = c.either(v)
	c.newOut(0)
	if (f == nil) == c.floatOut(0) {
		return nil, nil, errTypes
	}
	return f, i, nil
}
