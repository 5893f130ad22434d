package op

import (
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// The operands by number: upsample_nearest_neighbor and upsample_bilinear take x and
// two factors (1), the latter align_corners (true) and half_pixel_centers too;
// resize_nearest_neighbor and resize_bilinear take x and a height and a width, the
// latter a sampling_mode (DEFAULT); resize, from iOS17 on, takes x, a shape, how many
// of its last dimensions count, interpolation_mode (LINEAR) and sampling_mode.
//
// The operators of this file make the last two dimensions, height and width, larger
// or smaller. Each computes where the places of the result lie along the input (the
// taps of a dimension) and then reads every plane by the same taps. crop_resize
// (crop_resize.go) samples by the same modes. Sources: coremltools, mil/ops/defs,
// iOS15/image_resizing.py and iOS17/image_resizing.py.
func init() {
	add(
		Operator{
			Name: "upsample_nearest_neighbor", Params: in("x", "scale_factor_height", "scale_factor_width"),
			Shape: upsampleShape, Eval: resizeNearest, Local: newGrid2,
		},
		Operator{
			Name: "upsample_bilinear", Params: in("x", "scale_factor_height", "scale_factor_width", "align_corners.", "half_pixel_centers."),
			Shape: upsampleShape, Eval: upsampleBilinear, Local: newGrid2,
			Folding: CostUnbounded,
		},
		Operator{
			Name: "resize_nearest_neighbor", Params: in("x", "target_size_height!", "target_size_width!"),
			Shape: targetShape, Eval: resizeNearest, Local: newGrid2,
		},
		Operator{
			Name: "resize_bilinear", Params: in("x", "target_size_height", "target_size_width", "sampling_mode"),
			Shape: targetShape, Eval: resizeBilinear, Local: newGrid2, Texts: Texts{"sampling_mode": samplingModes},
		},
		Operator{
			Name: "resize", Params: in("x", "shape!", "resized_dims!", "interpolation_mode", "sampling_mode"),
			Shape: resizeShape, Eval: resize, Local: newGrid2,
			Texts:   Texts{"interpolation_mode": {"LINEAR", "NEAREST_NEIGHBOR"}, "sampling_mode": samplingModes},
			Folding: CostUnbounded,
		},
	)
}

// sampling says where along the input the elements of a resized dimension lie;
// the names and formulas are those of resize_bilinear. For an input of 2 elements
// and a result of 5 the places are
//
//	STRICT_ALIGN_CORNERS  0    0.25  0.5  0.75  1    the outermost elements meet
//	ALIGN_CORNERS         as above, but a result of one element lies in the middle
//	DEFAULT               0    0.4   0.8  1     1    TensorFlow without half pixels
//	OFFSET_CORNERS        0.1  0.3   0.5  0.7   0.9
//	UNALIGN_CORNERS       0    0.1   0.5  0.9   1    PyTorch without align_corners
type sampling string

const (
	strictAlign  sampling = "STRICT_ALIGN_CORNERS"
	alignCorners sampling = "ALIGN_CORNERS"
	byDefault    sampling = "DEFAULT"
	offset       sampling = "OFFSET_CORNERS"
	unaligned    sampling = "UNALIGN_CORNERS"
)

// at returns the place of element i of out along an input of n elements, limited to
// its first and last element: what lies outside repeats the border.
func (s sampling) at(i, n, out int) float64 {
	from, to := float64(n), float64(out)
	p := 0.0
	switch s {
	case strictAlign, alignCorners:
		if out > 1 {
			p = float64(i) * (from - 1) / (to - 1)
		} else if s == alignCorners {
			p = (from - 1) / 2
		}
	case offset:
		p = (float64(i) + 0.5) * max(1, from-1) / to
	case unaligned:
		p = (float64(i)+0.5)*from/to - 0.5
	default:
		p = float64(i) * from / to
	}
	return min(from-1, max(0, p))
}

// tap is where an output element comes from: two input elements and the share of
// the second.
type tap struct {
	lo, hi int
	share  float64
}

// grid2 holds the taps of height and width. It belongs to a step: a prediction of
// known shapes finds room for them there.
type grid2 struct{ rows, cols []tap }

// newGrid2 makes the local of the operators of this file.
func newGrid2() any { return &grid2{} }

// grid2 returns what newGrid2 made for this step.
func (c *Call) grid2() *grid2 {
	return localOf[grid2](c)
}

// linearTaps fills the taps of one dimension for linear interpolation. At the last
// element both are that element, so that nothing is read behind it.
func (c *Call) linearTaps(t []tap, n, out int, s sampling) []tap {
	t = reuse(c.Env, t, out)
	work := array.Counter{Poller: &c.Env.Poller}
	for i := range t {
		work.Add(4)
		p := s.at(i, n, out)
		lo := int(math.Floor(p))
		t[i] = tap{lo: lo, hi: min(lo+1, n-1), share: p - float64(lo)}
	}
	return t
}

// nearestTaps fills the taps of one dimension for copies of the element at
// i*n/out, rounded down. The sizes count, not the factor that gave them. It is the mode
// nearest of PyTorch, which rounds down too, in integers and so without its rounding.
func (c *Call) nearestTaps(t []tap, n, out int) []tap {
	t = reuse(c.Env, t, out)
	work := array.Counter{Poller: &c.Env.Poller}
	for i := range t {
		work.Add(1)
		lo := i * n / out
		t[i] = tap{lo: lo, hi: lo}
	}
	return t
}

// sample computes output 0 from the taps, two rows of the input at a time: first
// along the width, then between the rows, in float64.
func (c *Call) sample(g *grid2) {
	x := c.In(0)
	src, dst := c.F32(x), c.newF32(0)
	h, w := x.Dims[x.Rank-2], x.Dims[x.Rank-1]
	k := 0
	work := array.Counter{Poller: &c.Env.Poller}
	for p := 0; k < len(dst); p += h * w {
		for _, r := range g.rows {
			top, bottom := src[p+r.lo*w:], src[p+r.hi*w:]
			row := dst[k : k+len(g.cols)]
			work.Add(len(row) + 1)
			c.Env.Pieces(len(row), func(from, to int) {
				for j, q := range g.cols[from:to] {
					a := mix(top[q.lo], top[q.hi], q.share)
					b := mix(bottom[q.lo], bottom[q.hi], q.share)
					row[from+j] = float32(a + float64((b-a)*r.share))
				}
			})
			k += len(row)
		}
	}
}

// mix is the point between a and b, share of the way. A share of 0 does not read b:
// an infinity to the right of a place that lies on an element is not mixed in. One in
// the row below is, as in PyTorch, where 0 times infinity makes the result NaN.
func mix(a, b float32, share float64) float64 {
	if share == 0 {
		return float64(a)
	}
	return float64(a) + float64((float64(b)-float64(a))*share)
}

// resizedShape gives output 0 the shape of x with another height and width.
func (c *Call) resizedShape(h, w float64) error {
	x := c.In(0)
	if x.Rank < 3 || !c.floatOut(0) {
		return fmt.Errorf("x of rank %d is not a floating-point image", x.Rank)
	}
	if !(h >= 0 && w >= 0 && h <= array.MaxElements && w <= array.MaxElements) {
		return fmt.Errorf("size %g by %g", h, w)
	}
	dims := x.Dims
	if dims[x.Rank-2] == 0 || dims[x.Rank-1] == 0 {
		return fmt.Errorf("x of shape %v has no elements to sample", x.ShapeCopy())
	}
	dims[x.Rank-2], dims[x.Rank-1] = int(h), int(w)
	return c.out(0).SetShape(dims[:x.Rank]...)
}

// upsampleShape multiplies height and width by the factors, rounded down. From there
// on the sizes count and not the factors, which is what PyTorch calls
// recompute_scale_factor.
func upsampleShape(c *Call) error {
	x := c.In(0)
	sh, err := c.floatIn(1, 1)
	if err != nil {
		return err
	}
	sw, err := c.floatIn(2, 1)
	if err != nil {
		return err
	}
	if x.Rank < 3 || !(sh > 0 && sw > 0) {
		return fmt.Errorf("factors %g and %g for x of rank %d", sh, sw, x.Rank)
	}
	return c.resizedShape(math.Floor(float64(x.Dims[x.Rank-2])*float64(sh)), math.Floor(float64(x.Dims[x.Rank-1])*float64(sw)))
}

// targetShape takes height and width from the operands, each 1 where it is absent.
func targetShape(c *Call) error {
	h, err := c.intIn(1, 1)
	if err != nil {
		return err
	}
	w, err := c.intIn(2, 1)
	if err != nil {
		return err
	}
	return c.resizedShape(float64(h), float64(w))
}

// sizes returns height and width before and after: the shape rule has set the latter.
func (c *Call) sizes() (h, w, toH, toW int) {
	x, out := c.In(0), c.out(0)
	return x.Dims[x.Rank-2], x.Dims[x.Rank-1], out.Dims[x.Rank-2], out.Dims[x.Rank-1]
}

// resizeNearest copies the element that each place falls on.
func resizeNearest(c *Call) error {
	h, w, toH, toW := c.sizes()
	g := c.grid2()
	g.rows, g.cols = c.nearestTaps(g.rows, h, toH), c.nearestTaps(g.cols, w, toW)
	c.sample(g)
	return nil
}

// upsampleBilinear samples between the corners' centres when they are aligned,
// else by half pixels or by plain multiples of the spacing. half_pixel_centers came
// with iOS16 and is the opposite of align_corners where it is absent.
func upsampleBilinear(c *Call) error {
	align, err := c.BoolIn(3, true)
	if err != nil {
		return err
	}
	half, err := c.BoolIn(4, !align)
	if err != nil {
		return err
	}
	s := byDefault
	if align {
		s = strictAlign
	} else if half {
		s = unaligned
	}
	return c.bilinear(s)
}

// resizeBilinear interpolates with the sampling mode that the program names.
func resizeBilinear(c *Call) error {
	s, err := c.samplingIn(3)
	if err != nil {
		return err
	}
	return c.bilinear(s)
}

// samplingIn reads the sampling mode, operand k.
func (c *Call) samplingIn(k int) (sampling, error) {
	mode, err := c.textIn(k, string(byDefault))
	if err != nil {
		return "", err
	}
	switch s := sampling(mode); s {
	case strictAlign, alignCorners, byDefault, offset, unaligned:
		return s, nil
	}
	return "", fmt.Errorf("sampling_mode %q is unknown", mode)
}

// resizeShape takes the last resized_dims dimensions from the end of shape; 0
// keeps the dimension of x. Shape may be computed, so a program can resize to the
// size of another tensor.
func resizeShape(c *Call) error {
	x, target := c.In(0), c.intsIn(1)
	n, err := c.intIn(2, 0)
	if err != nil {
		return err
	}
	if n < 0 || n > 2 || n > len(target) || x.Rank < 3 {
		return fmt.Errorf("%d dimensions of a shape of %d for x of rank %d, where at most the last two can change", n, len(target), x.Rank)
	}
	size := [2]int{x.Dims[x.Rank-2], x.Dims[x.Rank-1]}
	for k := range n {
		if to := target[len(target)-n+k]; to != 0 {
			size[2-n+k] = int(to)
		}
	}
	return c.resizedShape(float64(size[0]), float64(size[1]))
}

// resize is resize_bilinear, or takes the nearest element, for a size that is
// computed.
func resize(c *Call) error {
	s, err := c.samplingIn(4)
	if err != nil {
		return err
	}
	mode, err := c.textIn(3, "LINEAR")
	if err != nil {
		return err
	}
	switch mode {
	case "LINEAR":
		return c.bilinear(s)
	case "NEAREST_NEIGHBOR":
	default:
		return fmt.Errorf("interpolation_mode %q is unknown", mode)
	}
	g := c.linearGrid(s)
	c.roundTaps(g.rows, s)
	c.roundTaps(g.cols, s)
	c.sample(g)
	return nil
}

// roundTaps moves every tap to the element that it lies closest to. A place half-way
// between two elements goes to the first by default, so that whole factors repeat
// every element alike, and to the second in the other modes.
func (c *Call) roundTaps(taps []tap, s sampling) {
	work := array.Counter{Poller: &c.Env.Poller}
	for k, t := range taps {
		work.Add(1)
		if t.share > 0.5 || t.share == 0.5 && s != byDefault {
			t.lo = t.hi
		}
		taps[k] = tap{lo: t.lo, hi: t.lo}
	}
}

// linearGrid fills the taps of both dimensions for linear interpolation.
func (c *Call) linearGrid(s sampling) *grid2 {
	h, w, toH, toW := c.sizes()
	g := c.grid2()
	g.rows, g.cols = c.linearTaps(g.rows, h, toH, s), c.linearTaps(g.cols, w, toW, s)
	return g
}

// bilinear interpolates between the four elements around each place.
func (c *Call) bilinear(s sampling) error {
	c.sample(c.linearGrid(s))
	return nil
}
