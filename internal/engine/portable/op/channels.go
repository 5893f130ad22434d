package op

// Activations whose parameters are vectors, with an element for each channel: each index
// of the second dimension of [batch, channels, ...].

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

func init() {
	add(
		Operator{Name: "prelu", Params: in("x", "alpha!"), Eval: prelu, Check: fitChannels(1)},
		Operator{Name: "softplus_parametric", Params: in("x", "alpha!", "beta!"), Eval: softplusParametric, Check: fitChannels(1, 2)},
	)
}

// channels checks that operand k has an element for each channel of x, and returns it.
func (c *Call) channels(k int, x *array.Value) ([]float32, error) {
	v := c.In(k)
	if x.Rank < 2 {
		return nil, fmt.Errorf("x of rank %d has no channels", x.Rank)
	}
	if v.Len() != x.Dims[1] {
		return nil, fmt.Errorf("%s holds %d elements for %d channels", c.name(k), v.Len(), x.Dims[1])
	}
	return c.F32(v), nil
}

// perChannel calls f for runs of elements lo to hi-1 that belong to one channel of
// [batch, channels, inner]. A run is never longer than what may lie between two looks at
// the context.
func (c *Call) perChannel(n, inner, channels int, f func(ch, lo, hi int)) {
	if n == 0 {
		return
	}
	c.Env.Lanes(n/inner, min(inner, array.PollEvery), func(r int) {
		if inner <= array.PollEvery {
			f(r%channels, r*inner, (r+1)*inner)
			return
		}
		c.Env.Pieces(inner, func(lo, hi int) { f(r%channels, r*inner+lo, r*inner+hi) })
	})
}

// prelu is x where x is positive, else alpha of the channel times x. It is computed as
// the sum of two halves, which needs no branch: one of them is zero.
func prelu(c *Call) error {
	x := c.In(0)
	alpha, err := c.channels(1, x)
	if err != nil {
		return err
	}
	src, dst := c.F32(x), c.newF32(0)
	inner := x.Span(2, x.Rank)
	c.perChannel(len(src), inner, len(alpha), func(ch, lo, hi int) {
		a := alpha[ch]
		for k := lo; k < hi; k++ {
			dst[k] = max(src[k], 0) + float32(min(src[k], 0)*a)
		}
	})
	return nil
}

// softplusParametric is alpha·log(1+exp(beta·x)) with parameters of the channel.
func softplusParametric(c *Call) error {
	x := c.In(0)
	alpha, err := c.channels(1, x)
	if err != nil {
		return err
	}
	beta, err := c.channels(2, x)
	if err != nil {
		return err
	}
	src, dst := c.F32(x), c.newF32(0)
	inner := x.Span(2, x.Rank)
	c.perChannel(len(src), inner, len(alpha), func(ch, lo, hi int) {
		a, b := alpha[ch], beta[ch]
		for k := lo; k < hi; k++ {
			dst[k] = a * softplus(b*src[k])
		}
	})
	return nil
}
