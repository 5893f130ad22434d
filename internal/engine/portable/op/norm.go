package op

import (
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/samebits"
)

func init() {
	add(
		Operator{Name: "batch_norm", Params: in("x", "mean!", "variance!", "gamma", "beta", "epsilon."), Eval: batchNorm, Check: fitChannels(1, 2, 3, 4)},
		Operator{Name: "instance_norm", Params: in("x", "gamma", "beta", "epsilon."), Eval: instanceNorm, Check: fitChannels(1, 2)},
		Operator{Name: "l2_norm", Params: in("x", "epsilon."), Eval: l2Norm, Check: needRank(3, "has fewer than 3 dimensions")},
		Operator{Name: "local_response_norm", Params: in("x", "size!.", "alpha.", "beta.", "k."), Eval: localResponseNorm, Check: checkResponseNorm, Note: "neighbouring channels, as the definition says"},
	)
}

// The operators of this file normalise what is [batch, channels, ...] in memory, as
// models of images have it, and sum in float64: squares of a long row lose too much
// in float32. None of them stands in the layers of a language model, where speed
// would count; layer_norm does and has a file of its own.

// The operands and their defaults, in the order in which the definitions number them:
//
//	batch_norm           x, mean, variance, gamma (1), beta (0), epsilon (1e-5)
//	instance_norm        x, gamma (1), beta (0), epsilon (1e-5)
//	l2_norm              x, epsilon (1e-6)
//	local_response_norm  x, size, alpha (1e-4), beta (0.75), k (1)
//
// Source: coremltools, mil/ops/defs/iOS15/normalization.py.
//
// RMS norm, which language models have, is no operator of ML Programs: exporters write
// it as a chain of others, and package plan puts the fused rms_norm in their place.

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

// batchNumbers are the operands of batch_norm: a number for each channel. gamma and
// beta are nil where they are absent and stand for 1 and 0.
type batchNumbers struct {
	mean, variance, gamma, beta []float32
	eps                         float64
}

// batchNumbers reads the operands of batch_norm.
func (c *Call) batchNumbers(x *array.Value) (n batchNumbers, err error) {
	if n.mean, err = c.channels(1, x); err != nil {
		return n, err
	}
	if n.variance, err = c.channels(2, x); err != nil {
		return n, err
	}
	if n.gamma, err = c.scaleIn(3, len(n.mean)); err != nil {
		return n, err
	}
	if n.beta, err = c.scaleIn(4, len(n.mean)); err != nil {
		return n, err
	}
	eps, err := c.floatIn(5, 1e-5)
	n.eps = float64(eps)
	return n, err
}

// line returns the scale and the shift of channel ch. The mean is taken off first, in
// float64, and not folded into the shift, which would cancel where both are large.
func (n *batchNumbers) line(ch int) (scale, shift float64) {
	scale = 1 / math.Sqrt(float64(n.variance[ch])+n.eps)
	if n.gamma != nil {
		scale *= float64(n.gamma[ch])
	}
	if n.beta != nil {
		shift = float64(n.beta[ch])
	}
	return scale, shift
}

// batchNorm is gamma*(x-mean)/sqrt(variance+epsilon)+beta with numbers per
// channel. Mean and variance are those of the training set, so it is an affine map
// here; converters fold it into a convolution before it where they can.
func batchNorm(c *Call) error {
	x := c.In(0)
	n, err := c.batchNumbers(x)
	if err != nil {
		return err
	}
	src, dst := c.F32(x), c.newF32(0)
	inner := x.Span(2, x.Rank)
	c.perChannel(len(src), inner, len(n.mean), func(ch, lo, hi int) {
		scale, shift := n.line(ch)
		for k := lo; k < hi; k++ {
			dst[k] = float32(float64((float64(src[k])-float64(n.mean[ch]))*scale) + shift)
		}
	})
	return nil
}

// instanceNorm normalises every channel of every batch element by its own mean
// and variance. It is layer_norm over the spatial axes with gamma and beta per
// channel, so the kernel is given neither and they are applied after it: the result
// is rounded to float32 once more than that of layer_norm.
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
	if len(src) == 0 { // inner may be 0
		return nil
	}
	c.Env.Lanes(len(src)/inner, inner, func(r int) {
		row := dst[r*inner : (r+1)*inner]
		kernel.LayerNormUntil(c.Env.stop, row, src[r*inner:(r+1)*inner], nil, nil, eps)
		c.affineRow(row, gamma, beta, r%x.Dims[1])
	})
	return nil
}

// affineRow is the last step of instance_norm. It multiplies row by gamma and adds beta of channel ch, where they are there.
func (c *Call) affineRow(row, gamma, beta []float32, ch int) {
	c.Env.Pieces(len(row), func(lo, hi int) {
		part := row[lo:hi]
		if gamma != nil {
			kernel.Scale(part, part, gamma[ch])
		}
		if beta != nil {
			kernel.AddScalar(part, part, beta[ch])
		}
	})
}

// l2Norm divides by sqrt(sum of squares + epsilon) of the last three dimensions,
// taken together; those before them are batches. Squares are summed in float64:
// those of float16 numbers alone pass what float16 holds.
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
	for ; len(dst) > 0; dst, src = dst[n:], src[n:] { // one batch each
		sum := 0.0
		c.Env.Pieces(n, func(lo, hi int) {
			for _, v := range src[lo:hi] {
				sum += float64(float64(v) * float64(v))
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

// response holds the operands of local_response_norm; x is [batch, channels, inner].
type response struct {
	size           int
	alpha, beta, k float32
	channels       int
	inner          int
	work           array.Counter
}

// response reads the operands of local_response_norm.
func (c *Call) response(x *array.Value) (r response, err error) {
	if x.Rank < 2 {
		return r, fmt.Errorf("x of rank %d has no channels", x.Rank)
	}
	r = response{channels: x.Dims[1], inner: x.Span(2, x.Rank), work: array.Counter{Poller: &c.Env.Poller}}
	if r.size, err = c.intIn(1, 1); err != nil {
		return r, err
	}
	if r.size < 1 {
		return r, fmt.Errorf("size is %d", r.size)
	}
	if r.alpha, err = c.floatIn(2, 1e-4); err != nil {
		return r, err
	}
	r.beta, r.k, err = c.floatPair(3, 0.75, 1)
	return r, err
}

// localResponseNorm divides by (k + alpha/size * sum of squares)^beta, the sum
// running over size neighbouring channels (Krizhevsky et al., 2012, with alpha
// divided by the size as in PyTorch). An even size takes one channel more before
// than after; at the borders there are fewer, and the divisor stays the size.
func localResponseNorm(c *Call) error {
	r, err := c.response(c.In(0))
	if err != nil {
		return err
	}
	src, dst := c.F32(c.In(0)), c.newF32(0)
	plane := r.channels * r.inner // elements of one element of the batch
	for o := 0; o < len(src); o += plane {
		for ch := range r.channels {
			r.channel(dst[o:o+plane], src[o:o+plane], ch)
		}
	}
	return nil
}

// channel computes one channel of one batch element.
func (r *response) channel(dst, src []float32, ch int) {
	lo, hi := max(0, ch-r.size/2), min(r.channels-1, ch+(r.size-1)/2)
	for j := range r.inner {
		sum := 0.0
		r.work.Add(16) // a power costs as much as that many additions
		for n := lo; n <= hi; n++ {
			r.work.Add(1)
			v := float64(src[n*r.inner+j])
			sum += float64(v * v)
		}
		p := ch*r.inner + j
		dst[p] = float32(float64(src[p]) / samebits.Pow(float64(r.k)+float64(float64(r.alpha)/float64(r.size)*sum), float64(r.beta)))
	}
}
