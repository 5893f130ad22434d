package coreml

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math"

	"github.com/gocoreml/coreml/tensor"
)

// Pixels says what the pixels of an image feature are; the colour space of Core
// ML's image types.
type Pixels uint8

// The kinds of pixel.
const (
	// PixelsNone is the value for features that are no images.
	PixelsNone Pixels = iota
	// PixelsGray is one channel of 8 bits.
	PixelsGray
	// PixelsRGB is three channels of 8 bits. The order matters to the program
	// only: images of Go know their colours.
	PixelsRGB
	// PixelsBGR is three channels of 8 bits.
	PixelsBGR
	// PixelsGrayHalf is one channel of float16; its images are [*FloatGray].
	PixelsGrayHalf
)

var pixelNames = []string{"none", "gray", "rgb", "bgr", "gray-float16"}

// String returns none, gray, rgb, bgr or gray-float16.
func (p Pixels) String() string { return nameOf("pixels", p, pixelNames) }

// FloatGray is an image of floating-point numbers, as features of
// [PixelsGrayHalf] take and give. As an [image.Image] it shows 0 as black and 1
// as white.
type FloatGray struct {
	// Pix holds the pixels, row by row.
	Pix []float32
	// Stride is the distance in Pix between pixels one above the other.
	Stride int
	// Rect is the image's bounds.
	Rect image.Rectangle
}

// ColorModel returns [color.Gray16Model].
func (g *FloatGray) ColorModel() color.Model { return color.Gray16Model }

// Bounds returns Rect.
func (g *FloatGray) Bounds() image.Rectangle { return g.Rect }

// At returns the pixel at (x, y), black outside the image.
func (g *FloatGray) At(x, y int) color.Color {
	v := float64(g.number(x, y))
	if !(v > 0) {
		v = 0
	}
	return color.Gray16{Y: uint16(math.Round(min(v, 1) * 0xffff))}
}

func (g *FloatGray) number(x, y int) float32 {
	if !(image.Point{X: x, Y: y}).In(g.Rect) {
		return 0
	}
	k := (y-g.Rect.Min.Y)*g.Stride + x - g.Rect.Min.X
	if k < 0 || k >= len(g.Pix) {
		return 0
	}
	return g.Pix[k]
}

// maxPixels bounds the images that are converted, pixelsAtOnce the pixels between two
// looks at the context: a few milliseconds' work.
const (
	maxPixels    = 1 << 28
	pixelsAtOnce = 1 << 16
)

// pixels calls f for the ranges that make up 0 to n-1, unless the context ends.
func pixels(ctx context.Context, n int, f func(lo, hi int)) error {
	for lo := 0; lo < n; lo += pixelsAtOnce {
		if err := ctx.Err(); err != nil {
			return err
		}
		f(lo, min(lo+pixelsAtOnce, n))
	}
	return nil
}

// channels returns how many numbers a pixel has.
func (p Pixels) channels() int {
	if p == PixelsRGB || p == PixelsBGR {
		return 3
	}
	return 1
}

// imageTensor returns the array [1, channels, height, width] that a program
// takes for an image.
func imageTensor(ctx context.Context, d *FeatureDescription, img image.Image) (*tensor.Tensor, error) {
	if d.Pixels == PixelsNone {
		return nil, fmt.Errorf("features of kind %v are %w", d.Kind, ErrUnsupportedModel)
	}
	if img == nil {
		return nil, fmt.Errorf("%w: the image is nil", ErrKind)
	}
	b := img.Bounds()
	h, w := b.Dy(), b.Dx()
	if h < 0 || w < 0 || h > 0 && w > maxPixels/h {
		return nil, fmt.Errorf("%w: an image of %d by %d pixels", ErrShape, w, h)
	}
	shape := []int{1, d.Pixels.channels(), h, w}
	if err := d.Check(shape...); err != nil {
		return nil, err
	}
	plane := h * w
	data := make([]float32, d.Pixels.channels()*plane)
	err := pixels(ctx, plane, func(lo, hi int) {
		for k := lo; k < hi; k++ {
			p := pixel(d.Pixels, img, b.Min.X+k%w, b.Min.Y+k/w)
			for c := range d.Pixels.channels() {
				data[c*plane+k] = p[c]
			}
		}
	})
	return tensor.Wrap(data, shape...), err
}

// pixel returns the channels of a pixel in the order of the program.
func pixel(p Pixels, img image.Image, x, y int) [3]float32 {
	switch p {
	case PixelsGray:
		if g, ok := color.GrayModel.Convert(img.At(x, y)).(color.Gray); ok {
			return [3]float32{float32(g.Y)}
		}
	case PixelsGrayHalf:
		if f, ok := img.(*FloatGray); ok {
			return [3]float32{f.number(x, y)}
		}
		if g, ok := color.Gray16Model.Convert(img.At(x, y)).(color.Gray16); ok {
			return [3]float32{float32(g.Y) / 0xffff}
		}
	default:
		if c, ok := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA); ok {
			v := [3]float32{float32(c.R), float32(c.G), float32(c.B)}
			if p == PixelsBGR {
				v[0], v[2] = v[2], v[0]
			}
			return v
		}
	}
	return [3]float32{}
}

// imageOf makes an image of the array that a program gave.
func imageOf(ctx context.Context, d *FeatureDescription, t *tensor.Tensor) (image.Image, error) {
	if t.Rank() != 4 || t.Dim(0) != 1 || t.Dim(1) != d.Pixels.channels() {
		return nil, fmt.Errorf("%w: the program gave (%s), which is no image of %v pixels", ErrShape, dims(t.Shape()), d.Pixels)
	}
	t, err := convert(ctx, t, tensor.Float32)
	if err != nil {
		return nil, err
	}
	v, err := tensor.Data[float32](t)
	if err != nil {
		return nil, err
	}
	rect := image.Rect(0, 0, t.Dim(3), t.Dim(2))
	switch d.Pixels {
	case PixelsGrayHalf:
		img := &FloatGray{Pix: make([]float32, len(v)), Stride: rect.Dx(), Rect: rect}
		return img, pixels(ctx, len(v), func(lo, hi int) { copy(img.Pix[lo:hi], v[lo:hi]) })
	case PixelsGray:
		img := image.NewGray(rect)
		return img, pixels(ctx, len(v), func(lo, hi int) {
			for k := lo; k < hi; k++ {
				img.Pix[k] = eightBits(v[k])
			}
		})
	}
	return colours(ctx, v, rect, d.Pixels == PixelsBGR)
}

// colours makes an image of three planes, of which the first is blue where reversed.
func colours(ctx context.Context, v []float32, rect image.Rectangle, reversed bool) (image.Image, error) {
	img := image.NewNRGBA(rect)
	red, blue := 0, 2
	if reversed {
		red, blue = 2, 0
	}
	n := len(v) / 3
	return img, pixels(ctx, n, func(lo, hi int) {
		for k := lo; k < hi; k++ {
			p := img.Pix[4*k : 4*k+4]
			p[red], p[1], p[blue], p[3] = eightBits(v[k]), eightBits(v[n+k]), eightBits(v[2*n+k]), 0xff
		}
	})
}

// eightBits rounds to the nearest of 0 to 255.
func eightBits(x float32) byte {
	if !(x > 0) {
		return 0
	}
	return byte(math.RoundToEven(float64(min(x, 255))))
}
