package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

func init() {
	add(
		Operator{
			Name: "conv", Exact: true,
			Params: in("x*", "weight*!", "bias", "strides", "pad_type", "pad", "dilations", "groups"),
			Shape:  convShape, Eval: conv, Prepare: prepareConv, Texts: padTexts,
			Local:   func() any { return new(convLocal) },
			Folding: CostProduct,
		},
	)
}

// maxSpatial bounds the spatial dimensions: Core ML has convolutions of one, two and
// three.
const maxSpatial = 3

// convLocal is what a convolution keeps from prediction to prediction.
type convLocal struct {
	linearLocal
	geo  convGeometry
	task convTask
}

// convGeometry is a convolution's sizes: x is [batch, in, spatial...], the weight
// [out, in/groups, kernel...] and the result [batch, out, result...]. Output channel o
// sees the in/groups input channels of its group, of which each has out/groups of them.
// A depthwise convolution is the case of as many groups as channels.
type convGeometry struct {
	spatial                              int
	batch, in, out, groups               int
	size, kernel, stride, dilation, left [maxSpatial]int // of each spatial dimension
	result                               [maxSpatial]int
}

// pointwise reports whether the convolution is a linear over channels.
func (g *convGeometry) pointwise() bool {
	if g.groups != 1 {
		return false
	}
	for d := range g.spatial {
		if g.kernel[d] != 1 || g.stride[d] != 1 || g.left[d] != 0 || g.result[d] != g.size[d] {
			return false
		}
	}
	return true
}

// prepareConv turns the constant weight of a 1x1 convolution into the matrix that the
// kernels read, and drops a bias of zeros. Models for the Neural Engine write every
// linear as such a convolution, so this is where their weights are. Whether strides and
// padding leave it a linear is known only with the shapes: see pointwise.
func prepareConv(s *Setup) (any, error) {
	w := s.in(1)
	if w == nil || w.Rank < 3 {
		return nil, nil
	}
	if allZero(s.Load, s.in(2)) {
		s.drop(2)
	}
	for _, d := range w.Dims[2:w.Rank] {
		if d != 1 {
			return nil, nil
		}
	}
	m, err := constMatrix(s.Load, w)
	if err != nil {
		return nil, err
	}
	return &weightMatrix{m}, nil
}

// convGeometry reads the operands and checks them.
func (c *Call) convGeometry() (*convGeometry, error) {
	g := &localOf[convLocal](c).geo
	x, w := c.In(0), c.In(1)
	if x.Rank < 3 || x.Rank > 2+maxSpatial || w.Rank != x.Rank {
		return nil, fmt.Errorf("x of shape %v does not fit weight of shape %v", x.Shape(), w.Shape())
	}
	groups, err := c.intIn(7, 1)
	if err != nil {
		return nil, err
	}
	*g = convGeometry{spatial: x.Rank - 2, batch: x.Dims[0], in: x.Dims[1], out: w.Dims[0], groups: groups}
	if groups < 1 || g.in%groups != 0 || g.out%groups != 0 || w.Dims[1] != g.in/groups {
		return nil, fmt.Errorf("x of shape %v and weight of shape %v in %d groups", x.Shape(), w.Shape(), groups)
	}
	if b := c.In(2); b != nil && b.Len() != g.out {
		return nil, fmt.Errorf("bias of %d for %d channels", b.Len(), g.out)
	}
	strides, dilations, pad := c.intsIn(3), c.intsIn(6), c.intsIn(5)
	for d := range g.spatial {
		g.size[d], g.kernel[d] = x.Dims[2+d], w.Dims[2+d]
		g.stride[d], g.dilation[d] = pick(strides, d, 1), pick(dilations, d, 1)
		if g.stride[d] < 1 || g.dilation[d] < 1 || g.kernel[d] < 1 {
			return nil, fmt.Errorf("stride %d, dilation %d, kernel %d", g.stride[d], g.dilation[d], g.kernel[d])
		}
	}
	return g, c.convPadding(g, pad)
}

// pick returns element k of a list that a program may leave out, or def.
func pick(v []int32, k, def int) int {
	if k < len(v) {
		return int(v[k])
	}
	return def
}

// convPadding sets the padding on the left and the size of the result.
func (c *Call) convPadding(g *convGeometry, pad []int32) error {
	kind, err := c.textIn(4, "valid")
	if err != nil {
		return err
	}
	for d := range g.spatial {
		span := (g.kernel[d]-1)*g.dilation[d] + 1 // what the dilated kernel covers
		left, right := 0, 0
		switch kind {
		case "valid":
		case "custom":
			left, right = pick(pad, 2*d, 0), pick(pad, 2*d+1, 0)
		case "same", "same_lower":
			left, right = samePadding(g.size[d], g.stride[d], span, kind == "same_lower")
		default:
			return fmt.Errorf("pad_type %q", kind)
		}
		if left < 0 || right < 0 || left > array.MaxElements || right > array.MaxElements {
			return fmt.Errorf("padding of %d and %d", left, right)
		}
		g.left[d] = left
		n := g.size[d] + left + right - span
		if n < 0 {
			return fmt.Errorf("kernel of %d is larger than the padded input of %d", span, g.size[d]+left+right)
		}
		g.result[d] = n/g.stride[d] + 1
	}
	return nil
}

// samePadding is the padding with which a kernel that covers span elements gives a
// result for every stride begun. An odd element is at the end, as in TensorFlow, or with
// lower at the beginning.
func samePadding(size, stride, span int, lower bool) (left, right int) {
	out := (size + stride - 1) / stride
	total := max((out-1)*stride+span-size, 0)
	if left = total / 2; lower {
		left = total - left
	}
	return left, total - left
}

// convShape gives the result its batch, channels and spatial sizes.
func convShape(c *Call) error {
	g, err := c.convGeometry()
	if err != nil {
		return err
	}
	var dims [array.MaxRank]int
	dims[0], dims[1] = g.batch, g.out
	copy(dims[2:], g.result[:g.spatial])
	return c.out(0).SetShape(dims[:2+g.spatial]...)
}

// conv runs a 1x1 convolution as a product of matrices, and any other one by its
// definition. The kernel is not turned: what the field calls a convolution is a
// correlation.
func conv(c *Call) error {
	l := localOf[convLocal](c)
	g := &l.geo
	if c.out(0).Len() == 0 {
		c.newF32(0)
		return nil
	}
	if w := dataOf[weightMatrix](c); w != nil && g.pointwise() {
		return c.pointwise(w.mat, l, g)
	}
	w := c.F32(c.In(1))
	xs := c.F32(c.In(0))
	dst := c.newF32(0)
	l.task = convTask{g: g, dst: dst, x: xs, w: w}
	if b := c.In(2); b != nil {
		l.task.bias = c.F32(b)
	}
	l.task.env = c.Env
	c.Env.Pool.For(&l.task, g.batch*g.out, 1, c.Env.Threads)
	c.roundTo(dst)
	return nil
}

// pointwise runs a 1x1 convolution as a linear over channels. The kernels take
// one row of channels for each place, so x is transposed first; the result is left
// as the kernels give it and shown through strides. The next such convolution, with
// element-wise operators between, then reads it as it lies.
func (c *Call) pointwise(mat kernel.Mat, l *convLocal, g *convGeometry) error {
	places := 1
	for d := range g.spatial {
		places *= g.size[d]
	}
	xs := c.rowsOfChannels(l, g.in, places)
	var bias []float32
	if b := c.In(2); b != nil {
		bias = c.F32(b)
	}
	c.multiply(mat, c.newF32(0), g.out, xs, g.in, g.batch*places, bias)
	showChannelsLast(c.out(0))
	return nil
}

// rowsOfChannels returns operand 0 as [batch, places, channels].
func (c *Call) rowsOfChannels(l *convLocal, channels, places int) []float32 {
	x := c.In(0)
	if channelsLast(x) && x.Repr == array.ReprF32 {
		return x.F32[:x.Len()]
	}
	xs := c.F32(x)
	if places == 1 {
		return xs
	}
	l.x = transpose(&c.Env.Poller, reuse(c.Env, l.x, len(xs)), xs, channels, places)
	return l.x
}

// showChannelsLast gives y, whose memory is [batch, spatial..., channels], the strides of
// [batch, channels, spatial...].
func showChannelsLast(y *array.Value) {
	n := y.Dims[1]
	for d := y.Rank - 1; d >= 2; d-- {
		y.Stride[d], y.Repeat[d] = n, 1
		n *= y.Dims[d]
	}
	y.Stride[0], y.Repeat[0] = n, 1
	y.Stride[1], y.Repeat[1] = 1, 1
	y.UpdateDense()
}

// channelsLast reports whether v is [batch, channels, spatial...] with the
// elements of a place side by side, as a pointwise convolution leaves them.
func channelsLast(v *array.Value) bool {
	if v.Dense {
		return false
	}
	n := v.Dims[1]
	for d := v.Rank - 1; d >= 2; d-- {
		if v.Dims[d] > 1 && (v.Stride[d] != n || v.Repeat[d] != 1) {
			return false
		}
		n *= v.Dims[d]
	}
	return (v.Dims[1] == 1 || v.Stride[1] == 1 && v.Repeat[1] == 1) && (v.Dims[0] == 1 || v.Stride[0] == n && v.Repeat[0] == 1)
}

// convTask is the plain definition of a convolution, one output channel of one
// batch as a unit of work. It is not fast: language models have small ones, if any.
// Sums are float64, tap by tap and channel by channel, so that neither the number of
// threads nor the instruction set changes a bit of them.
type convTask struct {
	env             *Env
	g               *convGeometry
	dst, x, w, bias []float32
}

// Run computes units lo to hi-1.
func (t *convTask) Run(lo, hi, _ int) {
	g := t.g
	places := 1
	for d := range g.spatial {
		places *= g.result[d]
	}
	work := array.Counter{Poller: &t.env.Poller}
	for u := lo; u < hi; u++ {
		b, o := u/g.out, u%g.out
		row := t.dst[u*places : (u+1)*places]
		for p := range row {
			row[p] = t.sum(b, o, p, &work)
		}
		if t.bias != nil {
			t.env.Pieces(len(row), func(lo, hi int) { kernel.AddScalar(row[lo:hi], row[lo:hi], t.bias[o]) })
		}
	}
}

// sum adds the products under the kernel at place p of output channel o in batch b.
func (t *convTask) sum(b, o, p int, work *array.Counter) float32 {
	g := t.g
	var at [maxSpatial]int
	for d := g.spatial - 1; d >= 0; d-- {
		at[d] = p % g.result[d] * g.stride[d]
		p /= g.result[d]
		at[d] -= g.left[d]
	}
	per := g.in / g.groups
	first := o / (g.out / g.groups) * per
	sizeX, sizeK := 1, 1
	for d := range g.spatial {
		sizeX *= g.size[d]
		sizeK *= g.kernel[d]
	}
	var sum float64
	for k := range sizeK {
		off, ok := g.tap(k, &at)
		work.Add(4 + per)
		if !ok {
			continue
		}
		for i := range per {
			if i&(array.PollEvery-1) == array.PollEvery-1 {
				work.Poller.Poll()
			}
			sum += float64(t.w[(o*per+i)*sizeK+k]) * float64(t.x[(b*g.in+first+i)*sizeX+off])
		}
	}
	return float32(sum)
}

// tap returns where tap k of a kernel placed at falls in the input; false when
// that is in the padding.
func (g *convGeometry) tap(k int, at *[maxSpatial]int) (int, bool) {
	off, mul := 0, 1
	for d := g.spatial - 1; d >= 0; d-- {
		i := at[d] + k%g.kernel[d]*g.dilation[d]
		k /= g.kernel[d]
		if i < 0 || i >= g.size[d] {
			return 0, false
		}
		off += i * mul
		mul *= g.size[d]
	}
	return off, true
}
