package main

import (
	"context"
	"fmt"
	"image"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/imaging"
	"github.com/gocoreml/coreml/tensor"
)

// Whether an input takes a picture of some size, and how one is made to fit.

// imageOptions say what is done to make a picture fit; nil means nothing.
type imageOptions struct {
	resize bool // scale a picture to the size that the model wants
	stdio  bool // the picture is from a request, which knows no flags
}

// resizes may be asked of nil.
func (o *imageOptions) resizes() bool { return o != nil && o.resize }

// checkPicture says whether the input takes a picture of this size.
func checkPicture(d *coreml.FeatureDescription, size image.Point, opts *imageOptions) error {
	if d == nil || d.Check(1, channelsOf(d.Pixels), size.Y, size.X) == nil {
		return nil
	}
	if !opts.resizes() {
		hint := "scale it first"
		if opts != nil && !opts.stdio {
			hint += ", or give --resize"
		}
		return markedf(tensor.ErrShape, "the model wants %s, %s; the picture is %d wide and %d high: %s",
			d.Type(), sizesText(d), size.X, size.Y, hint)
	}
	if _, ok := targetSize(d); !ok {
		return markedf(tensor.ErrShape, "the model wants %s, which is no one size to scale to", d.Type())
	}
	return nil
}

// sizesText says in words which sizes an image input takes.
func sizesText(d *coreml.FeatureDescription) string {
	switch {
	case len(d.Enumerated) > 0:
		return "height and width being the last two"
	case len(d.Ranges) == 4:
		return fmt.Sprintf("%v wide and %v high", d.Ranges[3], d.Ranges[2])
	case len(d.Shape) == 4:
		return fmt.Sprintf("%d wide and %d high", d.Shape[3], d.Shape[2])
	}
	return "of any size"
}

// channelsOf is the number of channels of a model's pixels.
//
// The shapes of image inputs are those of the program behind them: [1, channels,
// height, width].
func channelsOf(p coreml.Pixels) int {
	if p == coreml.PixelsRGB || p == coreml.PixelsBGR {
		return 3
	}
	return 1
}

// maxTarget bounds the pixels of a scaled picture.
const maxTarget = 1 << 23

// targetSize is the size that an input of pictures has by default; false where it
// has none that a picture could be scaled to.
func targetSize(d *coreml.FeatureDescription) (image.Point, bool) {
	if d == nil || len(d.Shape) != 4 || d.Shape[2] <= 0 || d.Shape[3] <= 0 || product(d.Shape[2:]) > maxTarget {
		return image.Point{}, false
	}
	return image.Pt(d.Shape[3], d.Shape[2]), true
}

// fitPicture scales a picture to the default size of the input where the input
// does not take it as it is and the caller asks for that.
func fitPicture(ctx context.Context, d *coreml.FeatureDescription, img image.Image, opts *imageOptions) (image.Image, error) {
	size := img.Bounds().Size()
	if !opts.resizes() || d == nil || d.Check(1, channelsOf(d.Pixels), size.Y, size.X) == nil {
		return img, nil
	}
	target, ok := targetSize(d)
	if !ok || size.X <= 0 || size.Y <= 0 {
		return img, nil // which the prediction refuses
	}
	return resize(ctx, img, target)
}

// resize scales a picture to a size. Numbers stay numbers.
func resize(ctx context.Context, img image.Image, to image.Point) (image.Image, error) {
	p, ok := img.(*coreml.FloatGray)
	if !ok {
		return imaging.Scale(ctx, img, to)
	}
	pixels, err := imaging.Rows(ctx, p.Rect.Size(), to, func(line [][4]float64, y int) {
		for x := range line {
			line[x][0] = float64(p.Pix[y*p.Stride+x])
		}
	})
	if err != nil {
		return nil, err
	}
	out := &coreml.FloatGray{Pix: make([]float32, len(pixels)), Stride: to.X, Rect: image.Rectangle{Max: to}}
	for i, v := range pixels {
		out.Pix[i] = float32(v[0])
	}
	return out, nil
}
