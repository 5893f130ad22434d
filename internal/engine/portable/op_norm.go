package portable

import (
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/kernel"
)

func init() {
	add(
		operator{name: "layer_norm", params: in("x", "axes", "gamma", "beta", "epsilon"), eval: layerNorm, local: newScratch},
		operator{name: "batch_norm", params: in("x", "mean!", "variance!", "gamma", "beta", "epsilon"), eval: batchNorm},
		operator{name: "instance_norm", params: in("x", "gamma", "beta", "epsilon"), eval: instanceNorm},
		operator{name: "l2_norm", params: in("x", "epsilon"), eval: l2Norm},
		operator{name: "local_response_norm", params: in("x", "size!", "alpha", "beta", "k"), eval: localResponseNorm},
	)
}

// scaleIn returns operand k as n factors, nil when it is absent.
func (c *call) scaleIn(k, n int) ([]float32, error) {
	v := c.in(k)
	if v == nil {
		return nil, nil
	}
	if v.len() != n {
		return nil, fmt.Errorf("%s holds %d elements where %d are normalised", c.name(k), v.len(), n)
	}
	return c.f32(v), nil
}

// layerNorm is gamma*(x-mean)/sqrt(variance+epsilon)+beta over the given axes.
func layerNorm(c *call) error {
	x := c.in(0)
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
	src := c.f32(x)
	dst := c.newF32(0)
	if len(dst) == 0 {
		return nil
	}
	switch {
	case !block:
		c.layerNormLanes(dst, src, &set, n, gamma, beta, eps)
	case inner == 1:
		c.fr.lanes(len(dst)/n, n, func(r int) {
			kernel.LayerNormUntil(c.fr.stop, dst[r*n:(r+1)*n], src[r*n:(r+1)*n], gamma, beta, eps)
		})
	default:
		sums := c.scratch().doubles(2 * inner)
		for ; len(dst) > 0; dst, src = dst[n*inner:], src[n*inner:] {
			layerNormColumns(&c.fr.poller, dst[:n*inner], src[:n*inner], gamma, beta, eps, sums[:inner], sums[inner:])
		}
	}
	return nil
}

// blockOf returns the number of elements that set covers and, when its axes lie
// side by side, the number of elements after them. Dimensions of one element do
// not part axes.
func blockOf(x *value, set *[maxRank]bool) (n, inner int, block bool) {
	n, inner, block = 1, 1, true
	for d, size := range x.shape() {
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
func layerNormColumns(p *poller, dst, src, gamma, beta []float32, eps float32, mean, scale []float64) {
	inner := len(mean)
	n := len(src) / inner
	p.pieces(inner, func(lo, hi int) {
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

func (w *normColumns) norm(p *poller, gamma, beta []float32, eps float32) {
	mean, scale, m := w.mean, w.scale, len(w.mean)
	clear(mean)
	clear(scale)
	p.lanes(w.n, m, func(r int) {
		for j, v := range w.src[r*w.inner:][:m] {
			mean[j] += float64(v)
		}
	})
	for j := range mean {
		mean[j] /= float64(w.n)
	}
	p.lanes(w.n, m, func(r int) {
		for j, v := range w.src[r*w.inner:][:m] {
			d := float64(v) - mean[j]
			scale[j] += d * d
		}
	})
	for j := range scale {
		scale[j] = 1 / math.Sqrt(scale[j]/float64(w.n)+float64(eps))
	}
	p.lanes(w.n, m, func(r int) {
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
func (c *call) layerNormLanes(dst, src []float32, set *[maxRank]bool, n int, gamma, beta []float32, eps float32) {
	x := c.in(0)
	var kept, lane [maxRank]int // dimensions, with 1 where they belong to the other
	for d := range x.rank {
		kept[d], lane[d] = x.dims[d], x.dims[d]
		if set[d] {
			kept[d] = 1
		} else {
			lane[d] = 1
		}
	}
	row := c.scratch().floats(n)
	over := c.nest()
	work := counter{p: &c.fr.poller}
	over.denseStrides(0, x.shape())
	for ok := over.start(kept[:x.rank], 1); ok; ok = over.next() {
		for j := range over.n {
			base := over.at[0] + j*over.step[0]
			work.add(2 * n)
			c.gatherLane(row, src[base:], x, &lane)
			kernel.LayerNormUntil(c.fr.stop, row, row, gamma, beta, eps)
			c.scatterLane(dst[base:], row, x, &lane)
		}
	}
}

func (c *call) gatherLane(row, src []float32, x *value, lane *[maxRank]int) {
	w := c.nest()
	w.denseStrides(0, lane[:x.rank])
	w.denseStrides(1, x.shape())
	if w.start(lane[:x.rank], 2) {
		copyRows(&w, row, src)
	}
}

func (c *call) scatterLane(dst, row []float32, x *value, lane *[maxRank]int) {
	w := c.nest()
	w.denseStrides(0, x.shape())
	w.denseStrides(1, lane[:x.rank])
	if w.start(lane[:x.rank], 2) {
		copyRows(&w, dst, row)
	}
}

// batchNorm is gamma*(x-mean)/sqrt(variance+epsilon)+beta with numbers per
// channel.
func batchNorm(c *call) error {
	x := c.in(0)
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
	src, dst := c.f32(x), c.newF32(0)
	inner := x.span(2, x.rank)
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
func instanceNorm(c *call) error {
	x := c.in(0)
	if x.rank < 2 {
		return fmt.Errorf("x of rank %d has no channels", x.rank)
	}
	gamma, err := c.scaleIn(1, x.dims[1])
	if err != nil {
		return err
	}
	beta, err := c.scaleIn(2, x.dims[1])
	if err != nil {
		return err
	}
	eps, err := c.floatIn(3, 1e-5)
	if err != nil {
		return err
	}
	src, dst := c.f32(x), c.newF32(0)
	inner := x.span(2, x.rank)
	if len(src) == 0 {
		return nil
	}
	c.fr.lanes(len(src)/inner, inner, func(r int) {
		row := dst[r*inner : (r+1)*inner]
		kernel.LayerNormUntil(c.fr.stop, row, src[r*inner:(r+1)*inner], nil, nil, eps)
		ch := r % x.dims[1]
		c.fr.pieces(inner, func(lo, hi int) {
			part := row[lo:hi]
			if gamma != nil {
				kernel.Scale(part, part, gamma[ch])
			}
			if beta != nil {
				addVS(part, part, beta[ch:])
			}
		})
	})
	return nil
}

// l2Norm divides by sqrt(sum of squares + epsilon) of the last three dimensions.
func l2Norm(c *call) error {
	x := c.in(0)
	if x.rank < 3 {
		return fmt.Errorf("x has rank %d, below 3", x.rank)
	}
	eps, err := c.floatIn(1, 1e-6)
	if err != nil {
		return err
	}
	src, dst := c.f32(x), c.newF32(0)
	n := x.span(x.rank-3, x.rank)
	for ; len(dst) > 0; dst, src = dst[n:], src[n:] {
		sum := 0.0
		c.fr.pieces(n, func(lo, hi int) {
			for _, v := range src[lo:hi] {
				sum += float64(v) * float64(v)
			}
		})
		root := math.Sqrt(sum + float64(eps))
		c.fr.pieces(n, func(lo, hi int) {
			for k, v := range src[lo:hi] {
				dst[lo+k] = float32(float64(v) / root)
			}
		})
	}
	return nil
}

// localResponseNorm divides by (k + alpha/size * sum of squares)^beta, the sum
// running over size neighbouring channels.
func localResponseNorm(c *call) error {
	x := c.in(0)
	if x.rank < 2 {
		return fmt.Errorf("x of rank %d has no channels", x.rank)
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
	src, dst := c.f32(x), c.newF32(0)
	chans, inner := x.dims[1], x.span(2, x.rank)
	work := counter{p: &c.fr.poller}
	for o := 0; o < len(src); o += chans * inner {
		for ch := range chans {
			lo, hi := max(0, ch-size/2), min(chans-1, ch+(size-1)/2)
			for j := range inner {
				sum := 0.0
				work.add(16) // a power costs as much as that many additions
				for n := lo; n <= hi; n++ {
					work.add(1)
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
