package portable

import (
	"fmt"
	"math"
)

// reduction is an operator that combines the elements along some axes. It sums
// (or multiplies, or compares) in float64, integers in int64.
type reduction struct {
	name string
	kind combine
	// each maps an element before it is combined; nil: the element itself.
	each  func(x float64) float64
	eachI func(x int64) int64
	// finish maps the combined value of n elements.
	finish func(acc float64, n int) float64
}

// combine is how two elements become one.
type combine uint8

const (
	bySum combine = iota
	byProduct
	byMax
	byMin
)

var reductions = []reduction{
	{name: "reduce_sum"},
	{name: "reduce_mean", finish: func(acc float64, n int) float64 { return acc / float64(n) }},
	{name: "reduce_prod", kind: byProduct},
	{name: "reduce_max", kind: byMax},
	{name: "reduce_min", kind: byMin},
	{name: "reduce_l1_norm", each: math.Abs, eachI: absI},
	{name: "reduce_l2_norm", each: square, eachI: squareI, finish: func(acc float64, _ int) float64 { return math.Sqrt(acc) }},
	{name: "reduce_sum_square", each: square, eachI: squareI},
	{name: "reduce_log_sum", finish: func(acc float64, _ int) float64 { return math.Log(acc) }},
}

func square(x float64) float64 { return x * x }
func squareI(x int64) int64    { return x * x }

func init() {
	for k := range reductions {
		r := &reductions[k]
		add(operator{
			name: r.name, params: in("x*", "axes", "keep_dims"), shape: reduceShape,
			eval: func(c *call) error { return c.reduce(r) }, local: newScratch,
		})
	}
	add(operator{
		name: "reduce_log_sum_exp", params: in("x*", "axes", "keep_dims"), shape: reduceShape,
		eval: logSumExp, local: newScratch,
	})
}

// reduceShape drops the reduced axes, or leaves 1 for them when keep_dims is set.
func reduceShape(c *call) error {
	x := c.in(0)
	set, err := c.axesIn(1, x)
	if err != nil {
		return err
	}
	keep, err := c.boolIn(2, false)
	if err != nil {
		return err
	}
	var dims [maxRank]int
	rank := 0
	for d, n := range x.shape() {
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
	return c.out(0).setShape(dims[:rank]...)
}

// reduceNest lays out a nest over x (memory 1) and the accumulators of the
// result (memory 0), and returns how many elements go into each.
func (c *call) reduceNest(w *nest, x *value, dense bool) (n int, err error) {
	set, err := c.axesIn(1, x)
	if err != nil {
		return 0, err
	}
	n = 1
	at := 1
	for d := x.rank - 1; d >= 0; d-- {
		w.stride[0][d] = 0
		if set[d] {
			n *= x.dims[d]
		} else {
			w.stride[0][d] = at
			at *= x.dims[d]
		}
	}
	if dense {
		w.denseStrides(1, x.shape())
	} else {
		copy(w.stride[1][:], x.stride[:x.rank])
	}
	return n, nil
}

func (c *call) reduce(r *reduction) error {
	x, out := c.in(0), c.out(0)
	if x.isInt() {
		return c.reduceInt(r)
	}
	src, dense := c.floatsOf(x)
	w := c.nest()
	n, err := c.reduceNest(&w, x, dense)
	if err != nil {
		return err
	}
	acc := c.scratch().doubles(out.len())
	initial := [...]float64{bySum: 0, byProduct: 1, byMax: math.Inf(-1), byMin: math.Inf(1)}[r.kind]
	setAll(&c.fr.poller, acc, initial)
	for ok := w.start(x.shape(), 2); ok; ok = w.next() {
		if w.step[0] == 0 {
			acc[w.at[0]] = r.row(acc[w.at[0]], src[w.at[1]:], w.n, w.step[1])
			continue
		}
		r.column(acc[w.at[0]:], src[w.at[1]:], w.n, w.step[0], w.step[1])
	}
	if r.finish != nil {
		c.fr.pieces(len(acc), func(lo, hi int) {
			for k := lo; k < hi; k++ {
				acc[k] = r.finish(acc[k], n)
			}
		})
	}
	c.storeDoubles(acc)
	return nil
}

// storeDoubles writes results computed in float64 to output 0.
func (c *call) storeDoubles(acc []float64) {
	if c.floatOut(0) {
		dst := c.newF32(0)
		c.fr.pieces(len(acc), func(lo, hi int) {
			for k := lo; k < hi; k++ {
				dst[k] = float32(acc[k])
			}
		})
		return
	}
	least, most := intRange(c.out(0).dt)
	dst := c.newI32(0)
	c.fr.pieces(len(acc), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			if a := acc[k]; a == a { // NaN becomes 0
				dst[k] = int32(max(float64(least), min(a, float64(most))))
			} else {
				dst[k] = 0
			}
		}
	})
}

// row combines n elements, step apart, into one accumulator. Four chains keep the
// adder busy; their order is fixed.
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

// column combines n elements into as many accumulators.
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

// reduceInt is reduce for integers: exact modulo the width of the result.
func (c *call) reduceInt(r *reduction) error {
	x, out := c.in(0), c.out(0)
	src := c.i32(x)
	w := c.nest()
	n, err := c.reduceNest(&w, x, true)
	if err != nil {
		return err
	}
	if n == 0 && (r.kind == byMax || r.kind == byMin) {
		return fmt.Errorf("no elements to reduce")
	}
	acc := c.scratch().longs(out.len())
	initial := [...]int64{bySum: 0, byProduct: 1, byMax: math.MinInt64, byMin: math.MaxInt64}[r.kind]
	setAll(&c.fr.poller, acc, initial)
	for ok := w.start(x.shape(), 2); ok; ok = w.next() {
		for k := range w.n {
			v := int64(src[w.at[1]+k*w.step[1]])
			if r.eachI != nil {
				v = r.eachI(v)
			}
			p := &acc[w.at[0]+k*w.step[0]]
			*p = r.kind.joinInt(*p, v)
		}
	}
	if r.finish != nil {
		all := c.scratch().doubles(len(acc))
		c.fr.pieces(len(acc), func(lo, hi int) {
			for k := lo; k < hi; k++ {
				all[k] = r.finish(float64(acc[k]), n)
			}
		})
		c.storeDoubles(all)
		return nil
	}
	if c.floatOut(0) {
		dst := c.newF32(0)
		c.fr.pieces(len(acc), func(lo, hi int) {
			for k := lo; k < hi; k++ {
				dst[k] = float32(acc[k])
			}
		})
		return nil
	}
	dst, dt := c.newI32(0), out.dt
	c.fr.pieces(len(acc), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			dst[k] = wrap(acc[k], dt)
		}
	})
	return nil
}

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

// logSumExp is max + log(sum(exp(x-max))), which does not overflow.
func logSumExp(c *call) error {
	x, out := c.in(0), c.out(0)
	src := c.f32(x)
	w := c.nest()
	if _, err := c.reduceNest(&w, x, true); err != nil {
		return err
	}
	m := out.len()
	all := c.scratch().doubles(2 * m)
	top, sum := all[:m], all[m:]
	setAll(&c.fr.poller, top, math.Inf(-1))
	setAll(&c.fr.poller, sum, 0)
	strides := w.stride
	for ok := w.start(x.shape(), 2); ok; ok = w.next() {
		for k := range w.n {
			p := w.at[0] + k*w.step[0]
			top[p] = max(top[p], float64(src[w.at[1]+k*w.step[1]]))
		}
	}
	w = c.nest()
	w.stride = strides
	for ok := w.start(x.shape(), 2); ok; ok = w.next() {
		for k := range w.n {
			p := w.at[0] + k*w.step[0]
			if d := float64(src[w.at[1]+k*w.step[1]]) - top[p]; d == d { // Inf-Inf adds nothing
				sum[p] += math.Exp(d)
			} else if top[p] != top[p] || math.IsInf(top[p], 1) {
				sum[p] += 1
			}
		}
	}
	c.fr.pieces(m, func(lo, hi int) {
		for k := lo; k < hi; k++ {
			sum[k] = top[k] + math.Log(sum[k])
		}
	})
	c.storeDoubles(sum)
	return nil
}
