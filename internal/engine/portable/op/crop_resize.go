package op

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

func init() {
	add(Operator{
		// Up to iOS16 the boxes are called roi and every box is cut from every
		// image; from iOS17 on each box has an image.
		Name: "crop_resize",
		Params: in("x", "boxes", "box_indices", "target_height", "target_width", "normalized_coordinates",
			"spatial_scale", "box_coordinate_mode", "sampling_mode", "pad_value", "roi"),
		Shape: cropResizeShape, Eval: cropResize, Check: checkCropResize, Local: newGrid2,
		Texts: Texts{
			"box_coordinate_mode": {"CORNERS_HEIGHT_FIRST", "CORNERS_WIDTH_FIRST", "CENTER_SIZE_HEIGHT_FIRST", "CENTER_SIZE_WIDTH_FIRST"},
			"sampling_mode":       samplingModes,
		},
		Folding: CostUnbounded, Note: "boxes for all images up to iOS16, with an image each from iOS17",
	})
}

// crops says which boxes are cut from which images, and how.
type crops struct {
	boxes         []float32
	width, count  int     // numbers of a box, and boxes
	images        int     // images that each box is cut from; 1 when it has its own
	ownImage      bool    // a box is cut from one image, not from all
	firstIsNumber bool    // which the first number of the box names
	index         []int32 // or box_indices; nil when it is the image of the box's number

	h, w         int // of the images
	height, wide int // of what is cut from them

	mode        sampling
	normal      bool    // coordinates are parts of the last pixel's place
	scale       float64 // of all coordinates
	heightFirst bool    // rows come before columns in a box
	centre      bool    // a box is a centre and a size, not two corners
	fill        float32 // of places outside the image
}

// crops reads the operands of crop_resize. Boxes are [n, 4] from iOS17 on, and up to
// iOS16 [n, 1, 4, 1, 1] or with the image as a fifth number in front.
func (c *Call) crops() (k crops, err error) {
	x := c.In(0)
	boxes := c.In(1)
	if roi := c.In(10); boxes == nil {
		boxes = roi
	}
	if boxes == nil || x.Rank != 4 {
		return k, fmt.Errorf("x of shape %v without boxes", x.ShapeCopy())
	}
	k.h, k.w = x.Dims[2], x.Dims[3]
	switch {
	case boxes.Rank == 2 && boxes.Dims[1] == 4:
		k.width, k.ownImage = 4, true
		if k.index = c.intsIn(2); k.index != nil && len(k.index) != boxes.Dims[0] {
			return k, fmt.Errorf("%d box_indices for %d boxes", len(k.index), boxes.Dims[0])
		}
	case boxes.Rank == 5 && boxes.Dims[1] == 1 && boxes.Dims[3] == 1 && boxes.Dims[4] == 1 && (boxes.Dims[2] == 4 || boxes.Dims[2] == 5):
		k.width = boxes.Dims[2]
		k.firstIsNumber = k.width == 5
		k.ownImage = k.firstIsNumber
	default:
		return k, fmt.Errorf("boxes of shape %v", boxes.ShapeCopy())
	}
	k.boxes, k.count, k.images = c.F32(boxes), boxes.Dims[0], 1
	if !k.ownImage {
		k.images = x.Dims[0]
	}
	return k, errors.Join(k.numbers(c), k.modes(c))
}

// numbers reads the numbers among the operands.
func (k *crops) numbers(c *Call) (err error) {
	if k.height, err = c.intIn(3, 1); err != nil {
		return err
	}
	if k.wide, err = c.intIn(4, 1); err != nil {
		return err
	}
	if k.normal, err = c.BoolIn(5, false); err != nil {
		return err
	}
	scale, err := c.floatIn(6, 1)
	if err != nil {
		return err
	}
	k.scale = float64(scale)
	k.fill, err = c.floatIn(9, 0)
	return err
}

// modes reads the texts among the operands. That they are some of those that there are
// was seen when the program was loaded.
func (k *crops) modes(c *Call) error {
	order, err := c.textIn(7, "CORNERS_HEIGHT_FIRST")
	if err != nil {
		return err
	}
	k.heightFirst = strings.HasSuffix(order, "HEIGHT_FIRST")
	k.centre = strings.HasPrefix(order, "CENTER_SIZE")
	mode, err := c.textIn(8, string(byDefault))
	k.mode = sampling(mode)
	return err
}

// cropResizeShape is [boxes, channels, height, width], up to iOS16 with a dimension for
// the images behind the boxes.
func cropResizeShape(c *Call) error {
	k, err := c.crops()
	if err != nil {
		return err
	}
	channels := c.In(0).Dims[1]
	if c.In(1) != nil {
		return c.out(0).SetShape(k.count, channels, k.height, k.wide)
	}
	return c.out(0).SetShape(k.count, k.images, channels, k.height, k.wide)
}

// cropResize samples every box of every image that it is cut from, channel by channel.
func cropResize(c *Call) error {
	k, err := c.crops()
	if err != nil {
		return err
	}
	x := c.In(0)
	src, dst := c.F32(x), c.newF32(0)
	s := sampler{h: k.h, w: k.w, padding: "border", fill: k.fill}
	work := array.Counter{Poller: &c.Env.Poller}
	at := 0
	for n := range k.count {
		box := k.boxes[n*k.width:][:k.width]
		for m := range k.images {
			image, err := k.image(box, n, m, x.Dims[0])
			if err != nil {
				return err
			}
			for ch := range x.Dims[1] {
				plane := src[(image*x.Dims[1]+ch)*k.h*k.w:][:k.h*k.w]
				k.crop(&s, dst[at:], plane, box[k.width-4:], &work)
				at += k.height * k.wide
			}
		}
	}
	return nil
}

// image returns the image that box n is cut from the m-th time.
func (k *crops) image(box []float32, n, m, images int) (int, error) {
	at := m
	switch {
	case k.firstIsNumber:
		at = int(saturateIndex(box[0]))
	case k.index != nil:
		at = int(k.index[n])
	case k.ownImage:
		at = n
	}
	if at < 0 || at >= images {
		return 0, fmt.Errorf("box %d is of image %d of %d", n, at, images)
	}
	return at, nil
}

// saturateIndex turns a number into an index; what is none becomes -1.
func saturateIndex(f float32) int32 {
	if !(f >= 0 && f < array.MaxElements) {
		return -1
	}
	return int32(f)
}

// corners returns the corners of a box in pixels of the image.
func (k *crops) corners(box []float32) (y0, x0, y1, x1 float64) {
	y0, x0, y1, x1 = float64(box[0]), float64(box[1]), float64(box[2]), float64(box[3])
	if !k.heightFirst {
		y0, x0, y1, x1 = x0, y0, x1, y1
	}
	if k.centre {
		y0, y1 = y0-float64(y1/2), y0+float64(y1/2)
		x0, x1 = x0-float64(x1/2), x0+float64(x1/2)
	}
	sy, sx := k.scale, k.scale
	if k.normal {
		sy, sx = sy*float64(k.h-1), sx*float64(k.w-1)
	}
	return y0 * sy, x0 * sx, y1 * sy, x1 * sx
}

// crop samples one plane at the places of a box. A place outside the plane, or one that
// is no number, has the pad value; the comparison is written so that NaN fails it.
func (k *crops) crop(s *sampler, dst, plane []float32, box []float32, work *array.Counter) {
	y0, x0, y1, x1 := k.corners(box)
	for i := range k.height {
		y := k.mode.between(i, k.height, y0, y1)
		for j := range k.wide {
			work.Add(16) // a sample is worth so many copies
			x := k.mode.between(j, k.wide, x0, x1)
			p := i*k.wide + j
			if !(y >= 0 && x >= 0 && y <= float64(k.h-1) && x <= float64(k.w-1)) {
				dst[p] = k.fill
				continue
			}
			dst[p] = s.at(plane, y, x)
		}
	}
}

// between returns the place of element i of n along the pixels from a to b, by the
// formulas in coremltools' documentation of crop_resize; at is the same for a whole
// dimension. The modes that align no corners count b as a pixel of its own, b-a+1 in all.
func (s sampling) between(i, n int, a, b float64) float64 {
	k, out := float64(i), float64(n)
	switch s {
	case strictAlign, alignCorners:
		if n > 1 {
			return a + k*(b-a)/(out-1)
		}
		if s == alignCorners {
			return (a + b) / 2
		}
		return a
	case offset:
		return a + (k+0.5)*(b-a)/out
	case unaligned:
		return a + (k+0.5)*(b-a+1)/out - 0.5
	default:
		return a + k*(b-a+1)/out
	}
}

// checkCropResize looks for boxes of images that are not there.
func checkCropResize(c *Call) error {
	k, err := c.crops()
	if err != nil {
		return err
	}
	for n := range k.count {
		for m := range k.images {
			if _, err := k.image(k.boxes[n*k.width:][:k.width], n, m, c.In(0).Dims[0]); err != nil {
				return err
			}
		}
	}
	return nil
}
