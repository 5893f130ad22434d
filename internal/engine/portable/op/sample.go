package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// resample and affine read an image at any places between its pixels: resample at
// those that an operand lists, as torch.nn.functional.grid_sample does, affine at
// those to which a matrix takes the pixels of the result, as affine_grid with
// grid_sample. x is [batch, channels, height, width]; a pair of coordinates is x
// first, then y. Source: coremltools, mil/ops/defs/iOS15/image_resizing.py.
//
// Both take x, coordinates or transform_matrix, sampling_mode, padding_mode,
// padding_value, coordinates_mode and align_corners, which sampler reads; affine takes
// output_height and output_width too. There is no kernel: every place costs four reads
// anywhere in the image.
func init() {
	add(
		Operator{
			Name: "resample",
			Params: in("x", "coordinates!", "sampling_mode", "padding_mode", "padding_value.",
				"coordinates_mode", "align_corners."),
			Shape: resampleShape, Eval: resample, Texts: samplerTexts,
			Folding: CostUnbounded,
		},
		Operator{
			Name: "affine",
			Params: in("x", "transform_matrix!", "sampling_mode", "padding_mode", "padding_value.", "coordinates_mode",
				"align_corners.", "output_height!", "output_width!"),
			Shape: affineShape, Eval: affineWarp, Texts: samplerTexts,
			Folding: CostUnbounded,
		},
	)
}

// sampler reads one image at places between its pixels.
type sampler struct {
	h, w    int
	nearest bool
	padding string
	fill    float32 // of places outside, where padding is constant
	// How coordinates are meant: mode is their range, align whether its ends are the
	// centres of the outermost pixels (align_corners) or their outer edges.
	mode  string
	align bool
}

// sampler reads operands 2 to 6, which resample and affine have in common.
func (c *Call) sampler() (s sampler, err error) {
	x := c.In(0)
	s.h, s.w = x.Dims[2], x.Dims[3]
	kind, err := c.choiceIn(2, "bilinear")
	if err != nil {
		return s, err
	}
	s.nearest = kind == "nearest"
	if s.padding, err = c.choiceIn(3, "constant"); err != nil {
		return s, err
	}
	if s.fill, err = c.floatIn(4, 0); err != nil {
		return s, err
	}
	if s.mode, err = c.choiceIn(5, "normalized_minus_one_to_one"); err != nil {
		return s, err
	}
	s.align, err = c.BoolIn(6, false)
	return s, err
}

// choiceIn returns the text of operand k, def when it is absent, which has to be one
// of those in the operator's row. They were compared when the program was loaded; here
// it is the guard against a step that was made otherwise.
func (c *Call) choiceIn(k int, def string) (string, error) {
	s, err := c.textIn(k, def)
	if err == nil && !slices.Contains(c.Step.Def.Texts[c.name(k)], s) {
		return "", fmt.Errorf("%s %q is unknown", c.name(k), s)
	}
	return s, err
}

// place turns a coordinate along n pixels into one that counts pixels, padding
// applied. Border and both reflections end inside the image; under constant padding
// a place outside stays outside. Reflection mirrors at the centres of the outermost
// pixels, symmetric at their edges, whatever align_corners says of the coordinates.
func (s *sampler) place(v float64, n int) float64 {
	size := float64(n)
	switch {
	case s.mode == "unnormalized":
	case s.mode == "normalized_minus_one_to_one" && s.align:
		v = (v + 1) / 2 * (size - 1)
	case s.mode == "normalized_minus_one_to_one":
		v = (float64((v+1)*size) - 1) / 2
	case s.align:
		v *= size - 1
	default:
		v = float64(v*size) - 0.5
	}
	switch s.padding {
	case "border":
		v = min(max(v, 0), size-1)
	case "reflection":
		v = min(max(reflected(v, 0, size-1), 0), size-1)
	case "symmetric":
		v = min(max(reflected(v, -0.5, size-0.5), 0), size-1)
	}
	return v
}

// reflected folds v into lo..hi by reflection at both ends, as often as it takes.
func reflected(v, lo, hi float64) float64 {
	span := hi - lo
	if span <= 0 {
		return lo
	}
	// There and back again is 2·span; the way back counts from the far end.
	v = math.Mod(math.Abs(v-lo), 2*span)
	if v > span {
		v = 2*span - v
	}
	return v + lo
}

// pixel returns the pixel at row y and column x of plane, the fill outside. A place
// that is NaN is outside: no comparison holds.
func (s *sampler) pixel(plane []float32, y, x float64) float64 {
	if !(y >= 0 && x >= 0 && y < float64(s.h) && x < float64(s.w)) {
		return float64(s.fill)
	}
	return float64(plane[int(y)*s.w+int(x)])
}

// at returns the value of plane at a place. The nearest pixel of a place half-way
// between two is the even one, as in PyTorch. A pixel without a share is not read, so
// that a fill or a NaN beside a place on a pixel is not mixed in.
func (s *sampler) at(plane []float32, y, x float64) float32 {
	if s.nearest {
		return float32(s.pixel(plane, math.RoundToEven(y), math.RoundToEven(x)))
	}
	// The four pixels around the place, each with the area opposite of it.
	top, left := math.Floor(y), math.Floor(x)
	dy, dx := y-top, x-left
	sum := 0.0
	for _, p := range [4]struct{ y, x, share float64 }{
		{top, left, (1 - dy) * (1 - dx)},
		{top, left + 1, (1 - dy) * dx},
		{top + 1, left, dy * (1 - dx)},
		{top + 1, left + 1, dy * dx},
	} {
		if p.share != 0 {
			sum += float64(p.share * s.pixel(plane, p.y, p.x))
		}
	}
	return float32(sum)
}

// resampleShape takes height and width from the coordinates, [batch, height, width, 2].
func resampleShape(c *Call) error {
	x, at := c.In(0), c.In(1)
	if x.Rank != 4 || at.Rank != 4 || at.Dims[3] != 2 || at.Dims[0] != x.Dims[0] {
		return fmt.Errorf("x of shape %v and coordinates of shape %v do not fit", x.ShapeCopy(), at.ShapeCopy())
	}
	return c.out(0).SetShape(x.Dims[0], x.Dims[1], at.Dims[1], at.Dims[2])
}

// resample reads x at the places that the coordinates name.
func resample(c *Call) error {
	s, err := c.sampler()
	if err != nil {
		return err
	}
	// Coordinates may be integers, where they count pixels.
	src, at := c.F32(c.In(0)), c.F32(c.In(1))
	dst, out := c.newF32(0), c.out(0)
	places := out.Dims[2] * out.Dims[3] // of one element of the batch
	work := array.Counter{Poller: &c.Env.Poller}
	for p := range out.Dims[0] * places {
		work.Add(16)
		x, y := s.place(float64(at[2*p]), s.w), s.place(float64(at[2*p+1]), s.h)
		c.samplePlanes(&s, dst, src, p/max(places, 1), p%max(places, 1), places, y, x)
	}
	return nil
}

// samplePlanes sets place p of every channel of batch b: a place costs its
// coordinates once and is read in every channel.
func (c *Call) samplePlanes(s *sampler, dst, src []float32, b, p, places int, y, x float64) {
	channels := c.out(0).Dims[1]
	work := array.Counter{Poller: &c.Env.Poller}
	for ch := range channels {
		work.Add(16)
		k := b*channels + ch
		dst[k*places+p] = s.at(src[k*s.h*s.w:][:s.h*s.w], y, x)
	}
}

// affineShape takes height and width from the operands. There is a matrix for each
// element of the batch or one for all.
func affineShape(c *Call) error {
	x, m := c.In(0), c.In(1)
	if x.Rank != 4 || m.Rank != 2 || m.Dims[1] != 6 || m.Dims[0] != 1 && m.Dims[0] != x.Dims[0] {
		return fmt.Errorf("x of shape %v and transform_matrix of shape %v do not fit", x.ShapeCopy(), m.ShapeCopy())
	}
	h, err := c.intIn(7, 0)
	if err != nil {
		return err
	}
	w, err := c.intIn(8, 0)
	if err != nil {
		return err
	}
	return c.out(0).SetShape(x.Dims[0], x.Dims[1], h, w)
}

// affineWarp reads x at the places to which a matrix takes those of the result: x' =
// a0·x + a1·y + a2 and y' = b0·x + b1·y + b2 in normalised coordinates. The matrix
// leads from the result to the image, so it is the inverse of what the image does.
func affineWarp(c *Call) error {
	s, err := c.sampler()
	if err != nil {
		return err
	}
	// coremltools allows normalised coordinates alone; of pixels it would have to say
	// whose, the image's or the result's.
	if s.mode == "unnormalized" {
		return fmt.Errorf("coordinates_mode %q: %w", s.mode, array.ErrUnsupported)
	}
	src, m := c.F32(c.In(0)), c.F32(c.In(1))
	dst, out := c.newF32(0), c.out(0)
	h, w := out.Dims[2], out.Dims[3]
	work := array.Counter{Poller: &c.Env.Poller}
	for b := range out.Dims[0] {
		t := m[b%c.In(1).Dims[0]*6:][:6] // a0 a1 a2 b0 b1 b2
		for i := range h {
			y := s.grid(i, h)
			for j := range w {
				work.Add(16 + 4*out.Dims[1])
				x := s.grid(j, w)
				u := float64(float64(t[0])*x) + float64(float64(t[1])*y) + float64(t[2])
				v := float64(float64(t[3])*x) + float64(float64(t[4])*y) + float64(t[5])
				c.samplePlanes(&s, dst, src, b, i*w+j, h*w, s.place(v, s.h), s.place(u, s.w))
			}
		}
	}
	return nil
}

// grid returns the coordinate of pixel i of n of the result. A single pixel of
// aligned corners lies in the middle, as in PyTorch's affine_grid.
func (s *sampler) grid(i, n int) float64 {
	share := (float64(i) + 0.5) / float64(n)
	if s.align {
		share = 0.5
		if n > 1 {
			share = float64(i) / float64(n-1)
		}
	}
	if s.mode == "normalized_zero_to_one" {
		return share
	}
	return 2*share - 1
}
