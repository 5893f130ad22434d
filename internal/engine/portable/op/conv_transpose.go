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
			Local:   func() any { return new(transposed) },
			Folding: CostProduct,
		},
	)
}

// transposed is what a transposed convolution keeps from prediction to prediction: its
// sizes, and what computes it. x is [batch, in, spatial...], the weight
// [in, out/groups, kernel...]: the first two dimensions are the other way round than in
// conv, because it is the gradient of one with that weight.
type transposed struct {
	spatial                              int
	batch, in, out, groups               int
	size, kernel, stride, dilation, left [maxSpatial]int // left is cut off, not added
	result                               [maxSpatial]int

	task   convTask
	spread spreading
}

// transposedGeometry reads the operands and checks them. A size that the program asks
// for by output_shape may be larger than what the inputs reach: the rest is zero. That
// is how converters express PyTorch's output_padding.
func (c *Call) transposedGeometry() (*transposed, error) {
	t := localOf[transposed](c)
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
func (c *Call) transposedSizes(t *transposed) error {
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
func (t *transposed) fit(d int, kind string, pad []int32) error {
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
func (t *transposed) resize(d int, kind string, n int) {
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

// convTranspose runs a convolution for each kind of results, the sums of which are chains
// as convTask has them, over the taps that reach a place. The rounding follows.
func convTranspose(c *Call) error {
	l := localOf[transposed](c)
	t := &l.task
	t.x, t.weight, t.bias = c.F32(c.In(0)), c.convWeight(), nil
	if b := c.In(2); b != nil {
		t.bias = c.F32(b)
	}
	t.dst = c.newF32(0)
	if len(t.dst) == 0 {
		return nil
	}
	t.batch, t.in, t.out, t.groups, t.spread = l.batch, l.in, l.out, l.groups, &l.spread
	need := l.kinds(&c.Env.Poller)
	t.plane, t.places = 1, 1
	for d := range l.spatial {
		t.plane *= l.size[d]
		t.places *= l.result[d]
	}
	if !l.spread.whole() {
		c.Env.Lanes(t.batch*t.out, t.places, func(k int) {
			v := float32(0)
			if t.bias != nil {
				v = t.bias[k%t.out]
			}
			array.Fill(&c.Env.Poller, t.dst[k*t.places:(k+1)*t.places], v)
		})
	}
	if need.boxes == 0 { // no input reaches a place
		return nil
	}
	t.begin(c, need)
	c.Env.Pool.For(t, t.units(), 1, c.Env.Threads)
	return nil
}

// kinds makes the list of kinds of results and returns what their convolutions need.
func (t *transposed) kinds(poll *array.Poller) (need convNeed) {
	p := &t.spread
	p.taps, p.kinds = 1, 1
	for d := range p.axis {
		p.axis[d] = spreadAxis{size: 1, taps: 1, stride: 1, dilation: 1, result: 1}
		if at := d - maxSpatial + t.spatial; at >= 0 {
			p.axis[d] = spreadAxis{t.size[at], t.kernel[at], t.stride[at], t.dilation[at], t.left[at], t.result[at]}
		}
		p.taps *= p.axis[d].taps
		p.kinds *= p.axis[d].kinds()
	}
	for k := range p.kinds {
		if k&1023 == 1023 {
			poll.Poll()
		}
		if p.kind(k, &t.task.slide, t.out/t.groups) {
			need.add(&t.task.slide)
		}
	}
	need.sums *= p.kinds
	return need
}
