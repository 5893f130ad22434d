package op

import (
	"math"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/samebits"
)

// reduce_log_sum_exp(x, axes = all, keep_dims = false). Integers are read as numbers.
// It is no row of reductions because an element cannot be combined before the greatest
// of its lane is known. Source: coremltools, mil/ops/defs/iOS15/reduction.py.
func init() {
	add(Operator{
		Name: "reduce_log_sum_exp", Params: in("x*", "axes", "keep_dims"), Shape: reduceShape,
		Eval: logSumExp, Local: newScratch,
	})
}

// logSumExp is max + log(sum(exp(x-max))), which does not overflow. It reads x twice:
// for the greatest element of every lane and for the sum.
func logSumExp(c *Call) error {
	x, out := c.In(0), c.out(0)
	src := c.F32(x)
	w := c.nest()
	if _, err := c.reduceNest(&w, x, true); err != nil {
		return err
	}
	m := out.Len()
	all := c.scratch().doubles(2 * m)
	top, sum := all[:m], all[m:] // for each element of the result
	array.Fill(&c.Env.Poller, top, math.Inf(-1))
	array.Fill(&c.Env.Poller, sum, 0)
	strides := w.Stride // Start merges those of the nest
	if w.Start(x.Shape(), 2) {
		greatest(&w, top, src)
		w = c.nest()
		w.Stride = strides
		w.Start(x.Shape(), 2)
		addExponentials(&w, sum, top, src)
	}
	// The top adds back what was taken off; log(0) of an empty lane is -Inf.
	c.Env.Pieces(m, func(lo, hi int) {
		for k := lo; k < hi; k++ {
			sum[k] = top[k] + samebits.Log(sum[k])
		}
	})
	c.storeDoubles(sum)
	return nil
}

// greatest sets top to the greatest element of every lane.
func greatest(w *array.Nest, top []float64, src []float32) {
	for {
		for k := range w.N {
			p := w.At[0] + k*w.Step[0]
			top[p] = max(top[p], float64(src[w.At[1]+k*w.Step[1]]))
		}
		if !w.Next() {
			return
		}
	}
}

// addExponentials adds exp(x-top) for every element. The difference of two
// infinities is NaN: of two -Inf, in a lane that has nothing else, it adds nothing,
// so that the result is -Inf as it is for a lane without elements; of two +Inf it
// counts as 0, so that the result is +Inf. A NaN is its lane's top and so the result.
func addExponentials(w *array.Nest, sum, top []float64, src []float32) {
	for {
		for k := range w.N {
			p := w.At[0] + k*w.Step[0]
			if d := float64(src[w.At[1]+k*w.Step[1]]) - top[p]; d == d {
				sum[p] += samebits.Exp(d)
			} else if top[p] != top[p] || math.IsInf(top[p], 1) {
				sum[p] += 1
			}
		}
		if !w.Next() {
			return
		}
	}
}
