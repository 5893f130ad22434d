package op

import (
	"math"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

// layer_norm(x, axes = all, gamma = 1, beta = 0, epsilon = 1e-5).
func init() {
	add(Operator{
		Name: "layer_norm", Params: in("x", "axes", "gamma", "beta", "epsilon."),
		Eval: layerNorm, Check: checkLayerNorm, Local: newScratch,
	})
}

// layerNorm is gamma*(x-mean)/sqrt(variance+epsilon)+beta over the given axes, all
// of them by default. The variance is that of the population, as in PyTorch, and
// gamma and beta have the shape of the axes.
//
// There is a way for each layout. Axes at the end, those of a transformer, are rows
// for the kernel. Axes side by side with something after them, [batch, channels, 1,
// sequence] over the channels as models for the Neural Engine have it, are columns
// and are read row by row: a column at a time would touch a cache line for each
// element. All else is gathered lane by lane.
func layerNorm(c *Call) error {
	x := c.In(0)
	set, err := c.axesIn(1, x)
	if err != nil {
		return err
	}
	n, inner, block := blockOf(x, &set)
	gamma, beta, eps, err := c.layerNormFactors(n)
	if err != nil {
		return err
	}
	src := c.F32(x)
	dst := c.newF32(0)
	if len(dst) == 0 {
		return nil
	}
	switch {
	case !block:
		c.layerNormLanes(dst, src, &set, n, gamma, beta, eps)
	case inner == 1:
		c.Env.Lanes(len(dst)/n, n, func(r int) {
			kernel.LayerNormUntil(c.Env.stop, dst[r*n:(r+1)*n], src[r*n:(r+1)*n], gamma, beta, eps)
		})
	default:
		sums := c.scratch().doubles(2 * inner)
		for ; len(dst) > 0; dst, src = dst[n*inner:], src[n*inner:] {
			layerNormColumns(&c.Env.Poller, dst[:n*inner], src[:n*inner], gamma, beta, eps, sums[:inner], sums[inner:])
		}
	}
	return nil
}

// layerNormFactors reads gamma and beta, of n elements each where they are there,
// and epsilon.
func (c *Call) layerNormFactors(n int) (gamma, beta []float32, eps float32, err error) {
	if gamma, err = c.scaleIn(2, n); err != nil {
		return nil, nil, 0, err
	}
	if beta, err = c.scaleIn(3, n); err != nil {
		return nil, nil, 0, err
	}
	eps, err = c.floatIn(4, 1e-5)
	return gamma, beta, eps, err
}

// blockOf returns the number of elements that set covers and, when its axes lie
// side by side, the number of elements after them. Dimensions of one element do
// not part axes: they lie anywhere without a change of the order in memory.
func blockOf(x *array.Value, set *[array.MaxRank]bool) (n, inner int, block bool) {
	// Walking from the first dimension on: n grows inside the set, inner behind it. A
	// dimension of the set behind one that is not ends the block.
	n, inner, block = 1, 1, true
	for d, size := range x.Shape() {
		switch {
		case size == 1:
		case set[d]:
			block = block && inner == 1
			n *= size
		case n > 1:
			inner *= size
		}
	}
	return n, inner, block
}

// layerNormColumns normalises every column of [n, inner], row by row: the same
// sums as in one column, in the same order, kept for all columns at once. mean and
// scale have room for inner numbers each.
func layerNormColumns(p *array.Poller, dst, src, gamma, beta []float32, eps float32, mean, scale []float64) {
	inner := len(mean)
	n := len(src) / inner
	p.Pieces(inner, func(lo, hi int) {
		w := normColumns{n: n, inner: inner, dst: dst[lo:], src: src[lo:], mean: mean[lo:hi], scale: scale[lo:hi]}
		w.norm(p, gamma, beta, eps)
	})
}

// normColumns is some of the columns of [n, inner]: as many as mean has elements.
// Wide matrices are taken some columns at a time, so that the sums stay in the
// caches and the context is looked at.
type normColumns struct {
	n, inner    int
	dst, src    []float32
	mean, scale []float64
}

// norm reads the rows three times: for the means, for the variances about them,
// which one pass would lose to cancellation, and to store the results.
func (w *normColumns) norm(p *array.Poller, gamma, beta []float32, eps float32) {
	w.moments(p, eps)
	mean, scale, m := w.mean, w.scale, len(w.mean)
	p.Lanes(w.n, m, func(r int) {
		g, b := 1.0, 0.0
		if gamma != nil {
			g = float64(gamma[r])
		}
		if beta != nil {
			b = float64(beta[r])
		}
		row := w.dst[r*w.inner:][:m]
		for j, v := range w.src[r*w.inner:][:m] {
			row[j] = float32(float64((float64(v)-mean[j])*scale[j]*g) + b)
		}
	})
}

// moments sets mean and scale, which is 1/sqrt(variance+epsilon), of every column.
func (w *normColumns) moments(p *array.Poller, eps float32) {
	mean, scale, m := w.mean, w.scale, len(w.mean)
	clear(mean)
	clear(scale)
	p.Lanes(w.n, m, func(r int) {
		for j, v := range w.src[r*w.inner:][:m] {
			mean[j] += float64(v)
		}
	})
	for j := range mean {
		mean[j] /= float64(w.n)
	}
	p.Lanes(w.n, m, func(r int) {
		for j, v := range w.src[r*w.inner:][:m] {
			d := float64(v) - mean[j]
			scale[j] += float64(d * d)
		}
	})
	for j := range scale {
		scale[j] = 1 / math.Sqrt(scale[j]/float64(w.n)+float64(eps))
	}
}

// layerNormLanes normalises over axes with others between them: each lane is
// collected, normalised and put back. The nest runs over the other axes.
func (c *Call) layerNormLanes(dst, src []float32, set *[array.MaxRank]bool, n int, gamma, beta []float32, eps float32) {
	x := c.In(0)
	var kept, lane [array.MaxRank]int // dimensions, with 1 where they belong to the other
	for d := range x.Rank {
		kept[d], lane[d] = x.Dims[d], x.Dims[d]
		if set[d] {
			kept[d] = 1
		} else {
			lane[d] = 1
		}
	}
	row := c.scratch().floats(n) // one lane, its elements side by side
	over := c.nest()
	work := array.Counter{Poller: &c.Env.Poller}
	over.DenseStrides(0, x.Shape())
	for ok := over.Start(kept[:x.Rank], 1); ok; ok = over.Next() {
		for j := range over.N {
			base := over.At[0] + j*over.Step[0]
			work.Add(2 * n)
			c.gatherLane(row, src[base:], x, &lane)
			kernel.LayerNormUntil(c.Env.stop, row, row, gamma, beta, eps)
			c.scatterLane(dst[base:], row, x, &lane)
		}
	}
}

// gatherLane copies the lane that begins at src[0], whose dimensions are lane, to row.
func (c *Call) gatherLane(row, src []float32, x *array.Value, lane *[array.MaxRank]int) {
	w := c.nest()
	w.DenseStrides(0, lane[:x.Rank])
	w.DenseStrides(1, x.Shape())
	if w.Start(lane[:x.Rank], 2) {
		array.CopyRows(&w, row, src)
	}
}

// scatterLane copies row to the lane that begins at dst[0].
func (c *Call) scatterLane(dst, row []float32, x *array.Value, lane *[array.MaxRank]int) {
	w := c.nest()
	w.DenseStrides(0, x.Shape())
	w.DenseStrides(1, lane[:x.Rank])
	if w.Start(lane[:x.Rank], 2) {
		array.CopyRows(&w, dst, row)
	}
}
