package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// conv_transpose is the way back from a conv's result to its input: every element is
// spread over the result by the kernel, strides apart. Padding is cut off the result
// instead of added to the input, by the same pad_type and pad. output_shape is the whole
// shape of the result, with batch and channels.
func init() {
	add(
		Operator{
			Name:   "conv_transpose",
			Params: in("x", "weight!", "bias", "pad", "output_shape", "pad_type", "strides", "dilations", "groups"),
			Shape:  convTransposeShape, Eval: convTranspose, Texts: padTexts,
			Local:   func() any { return new(transposedTask) },
			Folding: CostProduct,
		},
	)
}

// transposedTask computes a transposed convolution, one output channel of one
// batch as a unit of work. x is [batch, in, spatial...], the weight
// [in, out/groups, kernel...]: the first two dimensions are the other way round than in
// conv, because it is the gradient of one with that weight. Sums are float64, as there.
type transposedTask struct {
	env *Env

	spatial                              int
	batch, in, out, groups               int
	size, kernel, stride, dilation, left [maxSpatial]int // left is cut off, not added
	result                               [maxSpatial]int

	dst, x, w, bias []float32
	sum             []float64 // of every element of the result
}

// transposedGeometry reads the operands and checks them. A size that the program asks
// for by output_shape may be larger than what the inputs reach: the rest is zero. That
// is how converters express PyTorch's output_padding.
func (c *Call) transposedGeometry() (*transposedTask, error) {
	t := localOf[transposedTask](c)
	x, w := c.In(0), c.In(1)
	if x.Rank < 3 || x.Rank > 2+maxSpatial || w.Rank != x.Rank {
		return nil, fmt.Errorf("x of shape %v does not fit weight of shape %v", x.ShapeCopy(), w.ShapeCopy())
	}
	groups, err := c.intIn(8, 1)
	if err != nil {
		return nil, err
	}
	t.spatial, t.batch, t.in, t.groups = x.Rank-2, x.Dims[0], x.Dims[1], groups
	if groups < 1 || t.in%groups != 0 || w.Dims[0] != t.in {
		return nil, fmt.Errorf("x of shape %v and weight of shape %v in %d groups", x.ShapeCopy(), w.ShapeCopy(), groups)
	}
	if groups > array.MaxElements/max(1, w.Dims[1]) {
		return nil, fmt.Errorf("%d groups of %d channels", groups, w.Dims[1])
	}
	t.out = w.Dims[1] * groups
	if b := c.In(2); b != nil && b.Len() != t.out {
		return nil, fmt.Errorf("bias of %d for %d channels", b.Len(), t.out)
	}
	return t, c.transposedSizes(t)
}

// transposedSizes sets what there is of each spatial dimension.
func (c *Call) transposedSizes(t *transposedTask) error {
	x, w := c.In(0), c.In(1)
	kind, err := c.textIn(5, "valid")
	if err != nil {
		return err
	}
	pad, want, strides, dilations := c.intsIn(3), c.intsIn(4), c.intsIn(6), c.intsIn(7)
	if want != nil && (len(want) != x.Rank || int(want[0]) != t.batch || int(want[1]) != t.out) {
		return fmt.Errorf("output_shape %v for %d batches of %d channels", someInts(want), t.batch, t.out)
	}
	for d := range t.spatial {
		t.size[d], t.kernel[d] = x.Dims[2+d], w.Dims[2+d]
		t.stride[d], t.dilation[d] = pick(strides, d, 1), pick(dilations, d, 1)
		if err := t.fit(d, kind, pad); err != nil {
			return err
		}
		if want != nil {
			t.resize(d, kind, int(want[2+d]))
		}
	}
	return nil
}

// fit computes the padding on the left and the size of the result of dimension d: as
// much as the inputs reach, less the padding. Products are bounded before they are
// made, since every factor is a number in the program.
func (t *transposedTask) fit(d int, kind string, pad []int32) error {
	n, k, s, dil := t.size[d], t.kernel[d], t.stride[d], t.dilation[d]
	if s < 1 || dil < 1 || k < 1 || s > array.MaxElements || k > array.MaxElements/dil || n > array.MaxElements/s {
		return fmt.Errorf("%d elements with stride %d, dilation %d, kernel %d", n, s, dil, k)
	}
	full := 0
	if n > 0 {
		full = (n-1)*s + (k-1)*dil + 1
	}
	t.left[d], t.result[d] = 0, full
	switch kind {
	case "valid":
	case "same", "same_lower":
		t.resize(d, kind, n*s)
	case "custom":
		before, after := pick(pad, 2*d, 0), pick(pad, 2*d+1, 0)
		if before < 0 || after < 0 || before > full || after > full-before {
			return fmt.Errorf("padding of %d and %d takes more than the %d elements of the result", before, after, full)
		}
		t.left[d], t.result[d] = before, full-before-after
	default:
		return fmt.Errorf("pad_type %q is unknown", kind)
	}
	return nil
}

// resize gives dimension d another size. With same padding what is too much is
// cut from both ends.
func (t *transposedTask) resize(d int, kind string, n int) {
	full := (t.size[d]-1)*t.stride[d] + (t.kernel[d]-1)*t.dilation[d] + 1
	total := max(0, full-n)
	switch kind {
	case "same":
		t.left[d] = total / 2
	case "same_lower":
		t.left[d] = total - total/2
	}
	t.result[d] = n
}

// convTransposeShape gives the result its batch, channels and spatial sizes.
func convTransposeShape(c *Call) error {
	t, err := c.transposedGeometry()
	if err != nil {
		return err
	}
	var dims [array.MaxRank]int
	dims[0], dims[1] = t.batch, t.out
	copy(dims[2:], t.result[:t.spatial])
	return c.out(0).SetShape(dims[:2+t.spatial]...)
}

// convTranspose adds up in float64 what every element of x spreads over the result.
func convTranspose(c *Call) error {
	t := localOf[transposedTask](c)
	t.x, t.w, t.bias = c.F32(c.In(0)), c.F32(c.In(1)), nil
	if b := c.In(2); b != nil {
		t.bias = c.F32(b)
	}
	t.dst = c.newF32(0)
	places := 1
	for d := range t.spatial {
		places *= t.result[d]
	}
	if len(t.dst) == 0 {
		return nil
	}
	t.env, t.sum = c.Env, reuse(c.Env, t.sum, len(t.dst))
	c.Env.Pool.For(t, t.batch*t.out, 1, c.Env.Threads)
	return nil
}

// Run computes units lo to hi-1.
func (t *transposedTask) Run(lo, hi, _ int) {
	places, elements, taps := 1, 1, 1
	for d := range t.spatial {
		places *= t.result[d]
		elements *= t.size[d]
		taps *= t.kernel[d]
	}
	perIn, perOut := t.in/t.groups, t.out/t.groups
	for u := lo; u < hi; u++ {
		b, o := u/t.out, u%t.out
		sum := t.sum[u*places : (u+1)*places]
		array.Fill(&t.env.Poller, sum, 0)
		group := o / perOut
		for i := group * perIn; i < (group+1)*perIn; i++ {
			t.env.Poll()
			x := t.x[(b*t.in+i)*elements:][:elements]
			w := t.w[(i*perOut+o%perOut)*taps:][:taps]
			t.spread(sum, x, w)
		}
		row := t.dst[u*places : (u+1)*places]
		bias := 0.0
		if t.bias != nil {
			bias = float64(t.bias[o])
		}
		t.env.Pieces(len(row), func(lo, hi int) {
			for p := lo; p < hi; p++ {
				row[p] = float32(sum[p] + bias)
			}
		})
	}
}

// spread adds every element of x, times the kernel, to the places that it reaches. A
// zero reaches none: upsampled images have many.
func (t *transposedTask) spread(sum []float64, x, w []float32) {
	work := array.Counter{Poller: &t.env.Poller}
	for e, v := range x {
		work.Add(1 + 4*len(w))
		if v == 0 {
			continue
		}
		for k, weight := range w {
			if k&(array.PollEvery-1) == array.PollEvery-1 {
				t.env.Poll()
			}
			if p, ok := t.place(e, k); ok {
				sum[p] += float64(v) * float64(weight)
			}
		}
	}
}

// place returns where element e of the input lands through tap k of the kernel;
// false when that is outside the result.
func (t *transposedTask) place(e, k int) (int, bool) {
	at, mul := 0, 1
	for d := t.spatial - 1; d >= 0; d-- {
		p := e%t.size[d]*t.stride[d] + k%t.kernel[d]*t.dilation[d] - t.left[d]
		if p < 0 || p >= t.result[d] {
			return 0, false
		}
		e /= t.size[d]
		k /= t.kernel[d]
		at += p * mul
		mul *= t.result[d]
	}
	return at, true
}
