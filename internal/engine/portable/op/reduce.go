package op

import (
	"math"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/samebits"
)

// The reductions take x, axes and keep_dims and differ in how two elements become one,
// in what is done to an element before and to the result after. An axis may be
// negative and may be named twice. A result that lacks all dimensions is a scalar.
//
// Source: coremltools, mil/ops/defs/iOS15/reduction.py.
//
// Exporters write RMS and layer norms as chains with reduce_mean in them, softmax with
// reduce_max and reduce_sum; where package plan fuses such a chain none of this runs.

// reduction is an operator that combines the elements along some axes. It sums
// (or multiplies, or compares) in float64, integers in int64. Core ML's own sums of
// fp16 are less exact; a result that was rounded once is within theirs.
type reduction struct {
	name string
	kind combine // of the elements, after each and before finish
	// each maps an element before it is combined; nil: the element itself. eachI is
	// the same for integers.
	each  func(x float64) float64
	eachI func(x int64) int64
	// finish maps the combined value of n elements.
	finish func(acc float64, n int) float64
	// grouped is Operator.Grouped.
	grouped bool
}

// combine is how two elements become one.
type combine uint8

const (
	bySum combine = iota
	byProduct
	byMax
	byMin
)

// reductions are the rows of this file but for reduce_log_sum_exp, which reads its
// operand twice. A reduction of no elements is what combining begins with: 0, 1, -Inf
// or Inf, and NaN for a mean, as in NumPy. reduce_log_sum is the logarithm of the
// sum, not the sum of logarithms.
var reductions = []reduction{
	// Operands are x, axes (all) and keep_dims (false).
	{name: "reduce_sum"},
	{name: "reduce_mean", finish: func(acc float64, n int) float64 { return acc / float64(n) }, grouped: true},
	{name: "reduce_prod", kind: byProduct},
	{name: "reduce_max", kind: byMax},
	{name: "reduce_min", kind: byMin},
	{name: "reduce_l1_norm", each: math.Abs, eachI: absI},
	{name: "reduce_l2_norm", each: square, eachI: squareI, finish: func(acc float64, _ int) float64 { return math.Sqrt(acc) }},
	{name: "reduce_sum_square", each: square, eachI: squareI},
	{name: "reduce_log_sum", finish: func(acc float64, _ int) float64 { return samebits.Log(acc) }},
}

// square maps the elements of the norms before they are summed.
func square(x float64) float64 { return x * x }

// squareI cannot overflow: what it is given fits 32 bits.
func squareI(x int64) int64 { return x * x }

func init() {
	for k := range reductions {
		r := &reductions[k]
		var check func(c *Call) error
		if r.kind == byMax || r.kind == byMin {
			check = checkReduced
		}
		add(Operator{
			Name: r.name, Params: in("x*", "axes", "keep_dims"), Shape: reduceShape,
			Eval: func(c *Call) error { return c.reduce(r) }, Local: newScratch, Check: check,
			Grouped: r.grouped,
		})
	}
}

// reduceShape drops the reduced axes, or leaves 1 for them when keep_dims is set. Axes
// that are absent are all of them; an empty list is none.
func reduceShape(c *Call) error {
	x := c.In(0)
	set, err := c.axesIn(1, x)
	if err != nil {
		return err
	}
	keep, err := c.BoolIn(2, false)
	if err != nil {
		return err
	}
	var dims [array.MaxRank]int
	rank := 0
	for d, n := range x.Shape() {
		switch {
		case !set[d]:
			dims[rank] = n
		case keep:
			dims[rank] = 1
		default:
			continue
		}
		rank++
	}
	return c.out(0).SetShape(dims[:rank]...)
}

// reduceNest lays out a nest over x (memory 1) and the accumulators of the
// result (memory 0), and returns how many elements go into each. The stride of a
// reduced axis is 0 among the accumulators: all its elements meet in one. Where the
// last axis is reduced the nest gives rows that go into one accumulator, elsewhere
// rows that go into a row of them, so x is read in the order of memory either way.
func (c *Call) reduceNest(w *array.Nest, x *array.Value, dense bool) (n int, err error) {
	set, err := c.axesIn(1, x)
	if err != nil {
		return 0, err
	}
	n = 1
	at := 1
	for d := x.Rank - 1; d >= 0; d-- {
		w.Stride[0][d] = 0
		if set[d] {
			n *= x.Dims[d]
		} else {
			w.Stride[0][d] = at
			at *= x.Dims[d]
		}
	}
	if dense {
		w.DenseStrides(1, x.Shape())
	} else {
		copy(w.Stride[1][:], x.Stride[:x.Rank])
	}
	return n, nil
}

// reduce combines the elements along the axes: in one accumulator of float64 for each
// element of the result, which the step keeps as scratch memory.
func (c *Call) reduce(r *reduction) error {
	x, out := c.In(0), c.out(0)
	if x.IsInt() {
		return c.reduceInt(r)
	}
	src, dense := c.floatsOf(x)
	w := c.nest()
	n, err := c.reduceNest(&w, x, dense)
	if err != nil {
		return err
	}
	acc := c.scratch().doubles(out.Len())
	array.Fill(&c.Env.Poller, acc, r.kind.initial())
	for ok := w.Start(x.Shape(), 2); ok; ok = w.Next() {
		if w.Step[0] == 0 { // the row's elements meet in one accumulator
			acc[w.At[0]] = r.row(acc[w.At[0]], src[w.At[1]:], w.N, w.Step[1])
			continue
		}
		r.column(acc[w.At[0]:], src[w.At[1]:], w.N, w.Step[0], w.Step[1])
	}
	if r.finish != nil {
		c.Env.Pieces(len(acc), func(lo, hi int) {
			for k := lo; k < hi; k++ {
				acc[k] = r.finish(acc[k], n)
			}
		})
	}
	c.storeDoubles(acc)
	return nil
}

// initial is what elements are combined with first.
func (b combine) initial() float64 {
	switch b {
	case byProduct:
		return 1
	case byMax:
		return math.Inf(-1)
	case byMin:
		return math.Inf(1)
	default:
		return 0
	}
}

// storeDoubles writes results computed in float64 to output 0. For one of integers
// they are rounded toward zero and limited to what it holds, as cast does.
func (c *Call) storeDoubles(acc []float64) {
	if c.floatOut(0) {
		storeFloats(c, acc)
		return
	}
	least, most := array.IntRange(c.out(0).DType)
	dst := c.newI32(0)
	c.Env.Pieces(len(acc), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			if a := acc[k]; a == a { // NaN becomes 0
				dst[k] = int32(max(float64(least), min(a, float64(most))))
			} else {
				dst[k] = 0
			}
		}
	})
}

// storeFloats writes results to output 0 as float32, rounded once.
func storeFloats[T int64 | float64](c *Call, acc []T) {
	dst := c.newF32(0)
	c.Env.Pieces(len(acc), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			dst[k] = float32(acc[k])
		}
	})
}

// row combines n elements, step apart, into one accumulator. Four chains keep the
// adder busy; their order is fixed, so that every machine gives the same bits. The
// plain sum of dense rows has a loop of its own because it is what means are made of.
func (r *reduction) row(acc float64, x []float32, n, step int) float64 {
	if r.kind == bySum && r.each == nil && step == 1 {
		var s [4]float64
		k := 0
		for ; k+4 <= n; k += 4 {
			p := x[k : k+4 : k+4]
			s[0] += float64(p[0])
			s[1] += float64(p[1])
			s[2] += float64(p[2])
			s[3] += float64(p[3])
		}
		for ; k < n; k++ {
			s[0] += float64(x[k])
		}
		return acc + (s[0] + s[1] + (s[2] + s[3]))
	}
	for k := range n {
		v := float64(x[k*step])
		if r.each != nil {
			v = r.each(v)
		}
		acc = r.kind.join(acc, v)
	}
	return acc
}

// column combines n elements, step apart, into as many accumulators, accStep apart.
func (r *reduction) column(acc []float64, x []float32, n, accStep, step int) {
	if r.kind == bySum && r.each == nil && step == 1 && accStep == 1 {
		acc = acc[:n]
		for k, v := range x[:n] {
			acc[k] += float64(v)
		}
		return
	}
	for k := range n {
		v := float64(x[k*step])
		if r.each != nil {
			v = r.each(v)
		}
		acc[k*accStep] = r.kind.join(acc[k*accStep], v)
	}
}

// join adds an element to what was combined so far. A NaN stays: the greatest and
// the least of numbers with a NaN among them are NaN, as in NumPy and PyTorch.
func (b combine) join(acc, v float64) float64 {
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
