package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// pad(x, pad, mode = constant, constant_val = 0). A pad that is computed is read by the
// shape rule of every prediction. Source: coremltools, mil/ops/defs/iOS15/
// tensor_operation.py, which allows replicate as many elements as a dimension has; here
// the border is repeated as often as it takes.
func init() {
	add(Operator{
		Name: "pad", Params: in("x*", "pad!", "mode", "constant_val."), Shape: padShape, Eval: pad, Check: checkPad, Exact: true,
		Texts: Texts{"mode": {"constant", "reflect", "replicate"}},
	})
}

// margins reads pad: two numbers for each of the last dimensions of x. They come in
// the order of the dimensions, as numpy.pad has them; PyTorch's come last dimension
// first.
func (c *Call) margins(x *array.Value) (before, after [array.MaxRank]int, err error) {
	p := c.intsIn(1)
	if len(p)%2 != 0 || len(p)/2 > x.Rank {
		return before, after, fmt.Errorf("pad holds %d numbers for x of rank %d", len(p), x.Rank)
	}
	for k := range len(p) / 2 {
		b, a := p[2*k], p[2*k+1]
		if b < 0 || a < 0 || b > array.MaxElements || a > array.MaxElements {
			return before, after, fmt.Errorf("pad is %d and %d for dimension %d", b, a, k)
		}
		d := x.Rank - len(p)/2 + k
		before[d], after[d] = int(b), int(a)
	}
	return before, after, nil
}

// padding reads all that pad is told, and refuses what x is too small for.
func (c *Call) padding(x *array.Value) (before [array.MaxRank]int, mode string, err error) {
	before, after, err := c.margins(x)
	if err != nil {
		return before, "", err
	}
	if mode, err = c.textIn(2, "constant"); err != nil {
		return before, "", err
	}
	return before, mode, padFits(x, &before, &after, mode)
}

// padShape adds what is padded on either side. Dimensions before those that pad lists
// stay as they are.
func padShape(c *Call) error {
	x := c.In(0)
	before, after, err := c.margins(x)
	if err != nil {
		return err
	}
	dims := x.Dims
	for d := range x.Rank {
		dims[d] += before[d] + after[d]
	}
	return c.out(0).SetShape(dims[:x.Rank]...)
}

// pad surrounds x by a constant, by its own mirror image (the border not
// repeated), or by its border.
func pad(c *Call) error {
	x, out := c.In(0), c.out(0)
	before, mode, err := c.padding(x)
	if err != nil {
		return err
	}
	c.newOut(0)
	switch {
	case mode == "constant":
		return c.surround(x, &before)
	case mode != "reflect" && mode != "replicate":
		return fmt.Errorf("mode %q is unknown", mode)
	case out.Repr == array.ReprI32:
		mirror(&c.Env.Poller, out, out.I32, c.I32(x), x, &before, mode == "reflect")
	default:
		mirror(&c.Env.Poller, out, out.F32, c.F32(x), x, &before, mode == "reflect")
	}
	return nil
}

// surround fills the output with constant_val and puts x in the middle.
func (c *Call) surround(x *array.Value, before *[array.MaxRank]int) error {
	if err := c.padConstant(); err != nil {
		return err
	}
	w := c.nest()
	w.DenseStrides(0, c.out(0).Shape())
	for d := range x.Rank {
		w.At[0] += before[d] * w.Stride[0][d]
	}
	c.place(&w, x, x.Rank)
	return nil
}

// padFits refuses borders for which x has too few elements: a mirror shows at most
// all but the one at the border, and an edge is repeated only where there is one.
func padFits(x *array.Value, before, after *[array.MaxRank]int, mode string) error {
	for d, n := range x.Shape() {
		m := max(before[d], after[d])
		if mode == "reflect" && m > 0 && m > n-1 || mode == "replicate" && m > 0 && n == 0 {
			return fmt.Errorf("%d elements of %s do not fit dimension %d of %d", m, mode, d, n)
		}
	}
	return nil
}

// padConstant fills the output with constant_val: all of it, though the middle is
// written again.
func (c *Call) padConstant() error {
	out := c.out(0)
	if out.Repr == array.ReprF32 {
		v, err := c.floatIn(3, 0)
		if err != nil {
			return err
		}
		array.Fill(&c.Env.Poller, out.F32[:out.Len()], v)
		return nil
	}
	v, err := c.intIn(3, 0)
	if err != nil {
		return err
	}
	array.Fill(&c.Env.Poller, out.I32[:out.Len()], array.Wrap(int64(v), out.DType))
	return nil
}

// shown returns which of n elements is seen at place i, which may lie outside.
func shown(i, n int, reflect bool) int {
	switch {
	case !reflect:
		return max(0, min(i, n-1))
	case i < 0:
		return -i
	case i >= n:
		return 2*(n-1) - i
	}
	return i
}

// mirror fills every element of out from the element of x that a mirror at the
// border (reflect) or the border itself shows. One reflection is enough: padFits
// allows no border wider than x.
func mirror[T any](p *array.Poller, out *array.Value, dst, src []T, x *array.Value, before *[array.MaxRank]int, reflect bool) {
	var idx [array.MaxRank]int
	// idx counts through the result like an odometer, the last dimension fastest.
	work := array.Counter{Poller: p}
	for k := range out.Len() {
		work.Add(4)
		at := 0
		for d := range x.Rank {
			n := x.Dims[d]
			at = at*n + shown(idx[d]-before[d], n, reflect)
		}
		dst[k] = src[at]
		for d := x.Rank - 1; d >= 0; d-- {
			if idx[d]++; idx[d] < out.Dims[d] {
				break
			}
			idx[d] = 0
		}
	}
}
