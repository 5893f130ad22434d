package op

import (
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

// conv takes x [batch, channels, spatial...] of one to three spatial dimensions. The
// operands after the bias are lists with an element for each spatial dimension, pad with
// two: what is added before and after. pad_type is
//
//   - valid, the default: nothing is added,
//   - custom: what pad says,
//   - same: so much that there is a result for every stride begun, with an odd zero after
//     the elements, and
//   - same_lower: the same with the odd zero before them.
//
// Zeros are added, and the dilated kernel must fit what there is then.
func init() {
	add(
		Operator{
			// Exact, because the bias is added before the one rounding, which Eval does.
			Name: "conv", Exact: true,
			Params: in("x*", "weight*!", "bias", "strides", "pad_type", "pad", "dilations", "groups"),
			Shape:  convShape, Eval: conv, Prepare: prepareConv, Texts: padTexts,
			Local:   func() any { return new(convLocal) },
			Folding: CostProduct,
		},
	)
}

// convLocal is what a convolution keeps from prediction to prediction.
type convLocal struct {
	linearLocal
	geo  convGeometry
	task convTask
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
	if AllZero(s.Load, s.in(2)) {
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

// conv runs a 1x1 convolution as a linear over channels, and any other one as convTask
// has it. The kernel is not turned: what the field calls a convolution is a correlation.
func conv(c *Call) error {
	l := localOf[convLocal](c)
	g := &l.geo
	if c.out(0).Len() == 0 {
		c.newF32(0)
		return nil
	}
	if w := dataOf[weightMatrix](c); w != nil && g.pointwise() && !(g.image() && dense(c.In(1))) {
		return c.pointwise(w.mat, l, g)
	}
	l.task.weight = c.convWeight()
	c.convolve(l)
	return nil
}

// convolve runs a convolution whose weight the task has.
func (c *Call) convolve(l *convLocal) {
	t, g := &l.task, &l.geo
	t.x, t.bias = c.F32(c.In(0)), nil
	if b := c.In(2); b != nil {
		t.bias = c.F32(b)
	}
	t.dst, t.half = c.newF32(0), c.out(0).DType == dtype.Float16
	if len(t.dst) == 0 {
		return
	}
	t.batch, t.in, t.out, t.groups, t.spread = g.batch, g.in, g.out, g.groups, nil
	t.slide = g.slide()
	t.plane, t.places = t.slide.sizes()
	t.slide.plan(t.out/t.groups, placesFor(t.out/t.groups))
	var need convNeed
	need.add(&t.slide)
	t.begin(c, need)
	c.Env.Pool.For(t, t.units(), 1, c.Env.Threads)
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

// dense reports whether v is stored as numbers that nothing compresses.
func dense(v *array.Value) bool { return v.Repr == array.ReprF32 || v.Repr == array.ReprF16 }

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
