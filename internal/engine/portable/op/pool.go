package op

import (
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// max_pool, avg_pool and l2_pool take x of [batch, channels, spatial...], kernel_sizes,
// strides (1), pad_type, pad (0), ceil_mode (false) and, of avg_pool alone,
// exclude_padding_from_average (false). pad holds two numbers for each dimension,
// before and after it, in the order of the dimensions.
//
// Source: coremltools, mil/ops/defs/iOS15/pool.py. Two of its limits do not hold here:
// l2_pool takes three spatial dimensions too, and so does ceil_mode.
//
// The three pools have one geometry and differ in what they make of a window. Maxima and
// means of windows of some tens of elements go over rows of results at a time, a place of
// the window after another (pool_rows.go), and the rest window by window.
func init() {
	params := in("x", "kernel_sizes!", "strides", "pad_type", "pad", "ceil_mode", "exclude_padding_from_average")
	add(
		Operator{Name: "max_pool", Params: params, Texts: padTexts, Shape: poolShape, Eval: func(c *Call) error { return c.pool(poolMax) }, Local: newPool, Folding: CostUnbounded},
		Operator{Name: "avg_pool", Params: params, Texts: padTexts, Shape: poolShape, Eval: func(c *Call) error { return c.pool(poolMean) }, Local: newPool, Folding: CostUnbounded},
		Operator{Name: "l2_pool", Params: params, Texts: padTexts, Shape: poolShape, Eval: func(c *Call) error { return c.pool(poolRoot) }, Local: newPool, Folding: CostUnbounded},
	)
}

// poolDims is the number of spatial dimensions that pooling knows.
const poolDims = 3

// poolKind is what a pool makes of a window.
type poolKind uint8

const (
	poolMax  poolKind = iota // the largest element; padding does not count
	poolMean                 // the mean; padding counts as zeros unless it is excluded
	poolRoot                 // the root of the sum of squares
)

// pooling is the geometry of a pool: for each spatial dimension the input and
// output size, kernel, stride, and the padding on either side. Dimensions that x
// lacks have size 1.
type pooling struct {
	in, out, kernel, stride, before, after [poolDims]int
	excludePadding                         bool // exclude_padding_from_average
}

// poolGeometry reads the operands of a pool.
func (c *Call) poolGeometry() (p pooling, err error) {
	mode, err := c.textIn(3, "valid")
	if err != nil {
		return p, err
	}
	ceil, err := c.BoolIn(5, false)
	if err != nil {
		return p, err
	}
	if p.excludePadding, err = c.BoolIn(6, false); err != nil {
		return p, err
	}
	if err := p.read(c, mode); err != nil {
		return p, err
	}
	for d := poolDims - (c.In(0).Rank - 2); d < poolDims; d++ {
		if err := p.fit(d, mode, ceil); err != nil {
			return p, err
		}
	}
	return p, nil
}

// read takes sizes, strides and pads of the spatial dimensions. Pads count only
// under the mode custom, whatever the program lists beside another one.
func (p *pooling) read(c *Call, mode string) error {
	x, kernel, stride, pads := c.In(0), c.intsIn(1), c.intsIn(2), c.intsIn(4)
	n := x.Rank - 2
	if n < 1 || n > poolDims || len(kernel) != n || stride != nil && len(stride) != n || pads != nil && len(pads) != 2*n {
		return fmt.Errorf("%d kernel sizes, %d strides and %d pads for x of rank %d", len(kernel), len(stride), len(pads), x.Rank)
	}
	for d := range poolDims {
		p.in[d], p.out[d], p.kernel[d], p.stride[d] = 1, 1, 1, 1
	}
	for j := range n {
		d := poolDims - n + j
		p.in[d], p.kernel[d] = x.Dims[2+j], int(kernel[j])
		if stride != nil {
			p.stride[d] = int(stride[j])
		}
		if p.kernel[d] < 1 || p.stride[d] < 1 || p.kernel[d] > array.MaxElements {
			return fmt.Errorf("kernel of %d with stride %d", p.kernel[d], p.stride[d])
		}
		if mode == "custom" && pads != nil {
			p.before[d], p.after[d] = int(pads[2*j]), int(pads[2*j+1])
		}
	}
	return nil
}

// fit computes padding and output size of dimension d. The formulas are those of
// coremltools (spatial_dimensions_out_shape): same gives an output for every stride
// begun, with the odd element of padding after, or before with same_lower; ceil_mode
// adds a last window that reaches beyond the end, unless it would lie wholly in the
// padding there, which PyTorch does not count either.
func (p *pooling) fit(d int, mode string, ceil bool) error {
	n, k, s := p.in[d], p.kernel[d], p.stride[d]
	switch mode {
	case "valid", "custom":
	case "same", "same_lower":
		total := max(0, (n+s-1)/s*s-n+k-s)
		p.before[d], p.after[d] = total/2, total-total/2
		if mode == "same_lower" {
			p.before[d], p.after[d] = p.after[d], p.before[d]
		}
	default:
		return fmt.Errorf("pad_type %q is unknown", mode)
	}
	b, a := p.before[d], p.after[d]
	room := n + b + a - k // places that the window can move on from the first one
	if b < 0 || a < 0 || b > array.MaxElements || a > array.MaxElements || room < 0 {
		return fmt.Errorf("kernel of %d does not fit %d elements with padding %d and %d", k, n, b, a)
	}
	p.out[d] = room/s + 1
	if ceil {
		p.out[d] = (room+s-1)/s + 1
		if (p.out[d]-1)*s >= n+b && b+a > 0 {
			p.out[d]--
		}
	}
	return nil
}

// poolShape gives the result the number of windows in each spatial dimension. Batch and
// channels stay.
func poolShape(c *Call) error {
	p, err := c.poolGeometry()
	if err != nil {
		return err
	}
	x := c.In(0)
	dims := x.Dims
	copy(dims[2:], p.out[poolDims-(x.Rank-2):])
	return c.out(0).SetShape(dims[:x.Rank]...)
}

// poolTask computes a pool on the threads. A unit of work is a box of results of one
// channel, or window by window all results of one.
type poolTask struct {
	pooling
	env        *Env
	kind       poolKind
	src, dst   []float32
	plane      int // elements of one channel
	places     int // results of one channel
	byRows     bool
	slide      slide
	workers    []poolWorker
	ofLastAxis []float32 // places of a window in the last dimension, for each result
}

// newPool makes the local of the three operators.
func newPool() any { return new(poolTask) }

// pool computes every output element from its window, channel by channel.
func (c *Call) pool(kind poolKind) error {
	p, err := c.poolGeometry()
	if err != nil {
		return err
	}
	t, x := localOf[poolTask](c), c.In(0)
	t.pooling, t.env, t.kind = p, c.Env, kind
	t.src, t.dst = c.F32(x), c.newF32(0)
	if len(t.dst) == 0 {
		return nil
	}
	t.plane = p.in[0] * p.in[1] * p.in[2]
	t.places = p.out[0] * p.out[1] * p.out[2]
	channels := x.Dims[0] * x.Dims[1]
	if t.byRows = t.rowsPay(); t.byRows {
		t.prepareRows()
		channels *= t.slide.count()
	}
	if len(t.dst) < 1<<10 {
		t.Run(0, channels, 0)
	} else {
		c.Env.Pool.For(t, channels, 1, c.Env.Threads)
	}
	return nil
}

// Run computes units lo to hi-1.
func (t *poolTask) Run(lo, hi, worker int) {
	work := array.Counter{Poller: &t.env.Poller}
	for u := lo; u < hi; u++ {
		t.env.Poll()
		if t.byRows {
			t.box(&t.workers[worker], u/t.slide.count(), u%t.slide.count(), &work)
		} else {
			t.channel(u, &work)
		}
	}
}

// channel computes a channel window by window. at counts the windows in three dimensions
// whatever the rank: missing ones have one window.
func (t *poolTask) channel(ch int, work *array.Counter) {
	lane, dst := t.src[ch*t.plane:(ch+1)*t.plane], t.dst[ch*t.places:(ch+1)*t.places]
	var at [poolDims]int
	for k := range dst {
		rest := k
		for d := poolDims - 1; d >= 0; d-- {
			at[d] = rest % t.out[d]
			rest /= t.out[d]
		}
		dst[k] = t.reduce(t.kind, lane, &at, work)
	}
}

// window returns the part of the kernel at output position at that lies inside
// the input, and the number of its places that lie inside input and padding.
func (p *pooling) window(at *[poolDims]int) (lo, hi [poolDims]int, places int) {
	places = 1
	for d := range poolDims {
		var n int
		lo[d], hi[d], n = p.extent(d, at[d])
		places *= n
	}
	return lo, hi, places
}

// extent is window in one dimension. What ceil_mode lets a window reach beyond the padding
// is no place, as in PyTorch.
func (p *pooling) extent(d, at int) (lo, hi, places int) {
	from := at*p.stride[d] - p.before[d]
	to := from + p.kernel[d]
	return max(0, from), min(to, p.in[d]), max(0, min(to, p.in[d]+p.after[d])-from)
}

// pooled is what was found in a window so far. The three kinds share one loop over a
// window: which of the sums is kept is a branch that every processor predicts.
type pooled struct {
	best   float32 // of poolMax
	sum    float64 // of the others
	inside int     // places that lie in the input
}

// result makes one number of a window that has places in input and padding. A window
// without any has the mean 0; the maximum of one without input is -Inf.
func (w *pooled) result(kind poolKind, places int) float32 {
	switch kind {
	case poolMean:
		return float32(w.sum / float64(max(places, 1)))
	case poolRoot:
		return float32(math.Sqrt(w.sum))
	default:
		return w.best
	}
}

// reduce makes one number of the window at output position at. Sums are taken in
// float64, row by row.
func (p *pooling) reduce(kind poolKind, src []float32, at *[poolDims]int, work *array.Counter) float32 {
	lo, hi, places := p.window(at)
	w := pooled{best: float32(math.Inf(-1))}
	work.Add(8 + max(0, hi[2]-lo[2]))
	for i := lo[0]; i < hi[0]; i++ {
		for j := lo[1]; j < hi[1]; j++ {
			row := src[(i*p.in[1]+j)*p.in[2]:]
			work.Add(8)
			for k := lo[2]; k < hi[2]; k++ {
				if w.inside&(array.PollEvery-1) == array.PollEvery-1 {
					work.Poller.Poll()
				}
				w.add(kind, row[k])
			}
		}
	}
	if p.excludePadding {
		places = w.inside
	}
	return w.result(kind, places)
}

// add takes in one element. A NaN makes the maximum NaN, as PyTorch's does.
func (w *pooled) add(kind poolKind, x float32) {
	switch v := float64(x); kind {
	case poolMax:
		w.best = max(w.best, x)
	case poolMean:
		w.sum += v
	case poolRoot:
		w.sum += v * v
	}
	w.inside++
}
