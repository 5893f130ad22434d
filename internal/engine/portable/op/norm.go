package op

import (
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

func init() {
	add(
		Operator{Name: "layer_norm", Params: in("x", "axes", "gamma", "beta", "epsilon."), Eval: layerNorm, Check: checkLayerNorm, Local: newScratch},
		Operator{Name: "batch_norm", Params: in("x", "mean!", "variance!", "gamma", "beta", "epsilon."), Eval: batchNorm, Check: fitChannels(1, 2, 3, 4)},
		Operator{Name: "instance_norm", Params: in("x", "gamma", "beta", "epsilon."), Eval: instanceNorm, Check: fitChannels(1, 2)},
		Operator{Name: "l2_norm", Params: in("x", "epsilon."), Eval: l2Norm, Check: needRank(3, "has fewer than 3 dimensions")},
		Operator{Name: "local_response_norm", Params: in("x", "size!.", "alpha.", "beta.", "k."), Eval: localResponseNorm, Check: checkResponseNorm, Note: "neighbouring channels, as the definition says"},
	)
}

// scaleIn returns operand k as n factors, nil when it is absent.
func (c *Call) scaleIn(k, n int) ([]float32, error) {
	v := c.In(k)
	if v == nil {
		return nil, nil
	}
	if v.Len() != n {
		return nil, fmt.Errorf("%s holds %d elements where %d are normalised", c.name(k), v.Len(), n)
	}
	return c.F32(v), nil
}

// layerNorm is gamma*(x-mean)/sqrt(variance+epsilon)+beta over the given axes.
func layerNorm(c *Call) error {
	x := c.In(0)
	set, err := c.axesIn(1, x)
	if err != nil {
		return err
	}
	eps, err := c.floatIn(4, 1e-5)
	if err != nil {
		return err
	}
	n, inner, block := blockOf(x, &set)
	gamma, err := c.scaleIn(2, n)
	if err != nil {
		return err
	}
	beta, err := c.scaleIn(3, n)
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

// blockOf returns the number of elements that set covers and, when its axes lie
// side by side, the number of elements after them. Dimensions of one element do
// not part axes.
func blockOf(x *array.Value, set *[array.MaxRank]bool) (n, inner int, block bool) {
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
// sums as in one column, kept for all columns at once.
func layerNormColumns(p *array.Poller, dst, src, gamma, beta []float32, eps float32, mean, scale []float64) {
	inner := len(mean)
	n := len(src) / inner
	p.Pieces(inner, func(lo, hi int) {
		w := normColumns{n: n, inner: inner, dst: dst[lo:], src: src[lo:], mean: mean[lo:hi], scale: scale[lo:hi]}
		w.norm(p, gamma, beta, eps)
	})
}

// normColumns is some of the columns of [n, inner]: as many as mean has elements.
type normColumns struct {
	n, inner    int
	dst, src    []float32
	mean, scale []float64
}

func (w *normColumns) norm(p *array.Poller, gamma, beta []float32, eps float32) {
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
			scale[j] += d * d
		}
	})
	for j := range scale {
		scale[j] = 1 / math.Sqrt(scale[j]/float64(w.n)+float64(eps))
	}
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
			row[j] = float32((float64(v)-mean[j])*scale[j]*g + b)
		}
	})
}

// layerNormLanes normalises over axes that are not the last ones: each lane is
// collected, normalised and put back.
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
	row := c.scratch().floats(n)
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

func (c *Call) gatherLane(row, src []float32, x *array.Value, lane *[array.MaxRank]int) {
	w := c.nest()
	w.DenseStrides(0, lane[:x.Rank])
	w.DenseStrides(1, x.Shape())
	if w.Start(lane[:x.Rank], 2) {
		array.CopyRows(&w, row, src)
	}
}

func (c *Call) scatterLane(dst, row []float32, x *array.Value, lane *[array.MaxRank]int) {
	w := c.nest()
	w.DenseStrides(0, x.Shape())
	w.DenseStrides(1, lane[:x.Rank])
	if w.Start(lane[:x.Rank], 2) {
		array.CopyRows(&w, dst, row)
	}
}

// batchNorm is gamma*(x-mean)/sqrt(variance+epsilon)+beta with numbers per
// channel.
func batchNorm(c *Call) error {
	x := c.In(0)
	mean, err := c.channels(1, x)
	if err != nil {
		return err
	}
	variance, err := c.channels(2, x)
	if err != nil {
		return err
	}
	gamma, err := c.scaleIn(3, len(mean))
	if err != nil {
		return err
	}
	beta, err := c.scaleIn(4, len(mean))
	if err != nil {
		return err
	}
	eps, err := c.floatIn(5, 1e-5)
	if err != nil {
		return err
	}
	src, dst := c.F32(x), c.newF32(0)
	inner := x.Span(2, x.Rank)
	c.perChannel(len(src), inner, len(mean), func(ch, lo, hi int) {
		scale, shift := 1/math.Sqrt(float64(variance[ch])+float64(eps)), float64(0)
		if gamma != nil {
			scale *= float64(gamma[ch])
		}
		if beta != nil {
			shift = float64(beta[ch])
		}
		for k := lo; k < hi; k++ {
			dst[k] = float32((float64(src[k])-float64(mean[ch]))*scale + shift)
		}
	})
	return nil
}

// instanceNorm normalises every channel of every batch element by its own mean
// and variance.
func instanceNorm(c *Call) error {
	x := c.In(0)
	if x.Rank < 2 {
		return fmt.Errorf("x of rank %d has no channels", x.Rank)
	}
	gamma, err := c.scaleIn(1, x.Dims[1])
	if err != nil {
		return err
	}
	beta, err := c.scaleIn(2, x.Dims[1])
	if err != nil {
		return err
	}
	eps, err := c.floatIn(3, 1e-5)
	if err != nil {
		return err
	}
	src, dst := c.F32(x), c.newF32(0)
	inner := x.Span(2, x.Rank)
	if len(src) == 0 {
		return nil
	}
	c.Env.Lanes(len(src)/inner, inner, func(r int) {
		row := dst[r*inner : (r+1)*inner]
		kernel.LayerNormUntil(c.Env.stop, row, src[r*inner:(r+1)*inner], nil, nil, eps)
		ch := r % x.Dims[1]
		c.Env.Pieces(inner, func(lo, hi int) {
			part := row[lo:hi]
			if gamma != nil {
				kernel.Scale(part, part, gamma[ch])
			}
			if beta != nil {
				kernel.AddScalar(part, part, beta[ch])
			}
		})
	})
	return nil
}

// l2Norm divides by sqrt(sum of squares + epsilon) of the last three dimensions.
func l2Norm(c *Call) error {
	x := c.In(0)
	if x.Rank < 3 {
		return fmt.Errorf("x has rank %d, below 3", x.Rank)
	}
	eps, err := c.floatIn(1, 1e-6)
	if err != nil {
		return err
	}
	src, dst := c.F32(x), c.newF32(0)
	n := x.Span(x.Rank-3, x.Rank)
	for ; len(dst) > 0; dst, src = dst[n:], src[n:] {
		sum := 0.0
		c.Env.Pieces(n, func(lo, hi int) {
			for _, v := range src[lo:hi] {
				sum += float64(v) * float64(v)
			}
		})
		root := math.Sqrt(sum + float64(eps))
		c.Env.Pieces(n, func(lo, hi int) {
			for k, v := range src[lo:hi] {
				dst[lo+k] = float32(float64(v) / root)
			}
		})
	}
	return nil
}

// localResponseNorm divides by (k + alpha/size * sum of squares)^beta, the sum
// running over size neighbouring channels.
func localResponseNorm(c *Call) error {
	x := c.In(0)
	if x.Rank < 2 {
		return fmt.Errorf("x of rank %d has no channels", x.Rank)
	}
	size, err := c.intIn(1, 1)
	if err != nil {
		return err
	}
	if size < 1 {
		return fmt.Errorf("size is %d", size)
	}
	alpha, err := c.floatIn(2, 1e-4)
	if err != nil {
		return err
	}
	beta, err := c.floatIn(3, 0.75)
	if err != nil {
		return err
	}
	k0, err := c.floatIn(4, 1)
	if err != nil {
		return err
	}
	src, dst := c.F32(x), c.newF32(0)
	chans, inner := x.Dims[1], x.Span(2, x.Rank)
	work := array.Counter{Poller: &c.Env.Poller}
	for o := 0; o < len(src); o += chans * inner {
		for ch := range chans {
			lo, hi := max(0, ch-size/2), min(chans-1, ch+(size-1)/2)
			for j := range inner {
				sum := 0.0
				work.Add(16) // a power costs as much as that many additions
				for n := lo; n <= hi; n++ {
					work.Add(1)
					v := float64(src[o+n*inner+j])
					sum += v * v
				}
				p := o + ch*inner + j
				dst[p] = float32(float64(src[p]) / math.Pow(float64(k0)+float64(alpha)/float64(size)*sum, float64(beta)))
			}
		}
	}
	return nil
}
