package main

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// maxPictureBytes bounds the memory for the pixels of a picture, which a few
// bytes of a file can claim.
const maxPictureBytes = 256 << 20

// imageOptions say what is done to make a picture fit; nil means nothing.
type imageOptions struct {
	resize bool // scale a picture to the size that the model wants
}

// resizes may be asked of nil.
func (o *imageOptions) resizes() bool { return o != nil && o.resize }

// readPicture decodes a PNG or JPEG for an image input. The size is looked at
// before memory is taken for pixels.
//
// The picture is turned upright as its EXIF data say. Transparency is left out:
// the colours are taken as if they were opaque. Colour profiles are not applied.
func readPicture(f *inputFile, d *coreml.FeatureDescription, opts *imageOptions) (image.Image, error) {
	if d != nil && d.Kind != coreml.KindImage {
		return nil, fmt.Errorf("%s is a picture, and the input is %s: %w", f.path, d.Type(), coreml.ErrKind)
	}
	img, err := decodePicture(io.NewSectionReader(f, 0, f.size), f.format, func(size image.Point) error {
		return checkPicture(d, size, opts)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	return fitPicture(d, img, opts)
}

// decodePicture decodes a picture whose upright size check allows.
func decodePicture(r io.ReadSeeker, format fileFormat, check func(image.Point) error) (image.Image, error) {
	decode, config := png.Decode, png.DecodeConfig
	if format == formatJPEG {
		decode, config = jpeg.Decode, jpeg.DecodeConfig
	}
	// Both have to be known before the size can be judged: one swaps width and
	// height, the other takes five times the memory.
	turn, progressive, err := scanPicture(r, format)
	if err != nil {
		return nil, err
	}
	c, err := config(r)
	if err != nil {
		return nil, pictureError(err)
	}
	size := image.Pt(c.Width, c.Height)
	if turn.sideways() {
		size = image.Pt(c.Height, c.Width)
	}
	if err := check(size); err != nil {
		return nil, err
	}
	if need := int64(c.Width) * int64(c.Height); c.Width <= 0 || c.Height <= 0 || need > maxPictureBytes/pixelBytes(c.ColorModel, progressive) {
		return nil, fmt.Errorf("a picture of %d x %d pixels takes more than %d bytes", c.Width, c.Height, maxPictureBytes)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	img, err := decode(r)
	if err != nil {
		return nil, pictureError(err)
	}
	return turn.apply(opaque(img)), nil
}

// pictureError gives the errors of the decoders one form.
func pictureError(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("malformed picture: %s", strings.TrimPrefix(strings.TrimPrefix(err.Error(), "png: "), "jpeg: "))
}

// pixelBytes is the memory that a decoder takes for a pixel. That of progressive
// JPEG keeps four coefficients of 32 bits besides.
func pixelBytes(m color.Model, progressive bool) int64 {
	n := int64(4)
	switch m {
	case color.RGBA64Model, color.NRGBA64Model:
		n = 8
	}
	if progressive {
		n += 16
	}
	return n
}

// checkPicture says whether the input takes a picture of this size.
func checkPicture(d *coreml.FeatureDescription, size image.Point, opts *imageOptions) error {
	if d == nil || d.Check(1, channelsOf(d.Pixels), size.Y, size.X) == nil {
		return nil
	}
	if !opts.resizes() {
		hint := "scale it first"
		if opts != nil {
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

// opaque leaves out transparency: a model sees colours only.
func opaque(img image.Image) image.Image {
	switch p := img.(type) {
	case *image.NRGBA:
		for i := 3; i < len(p.Pix); i += 4 {
			p.Pix[i] = 0xff
		}
	case *image.NRGBA64:
		for i := 6; i+1 < len(p.Pix); i += 8 {
			p.Pix[i], p.Pix[i+1] = 0xff, 0xff
		}
	// The palette is changed and not the pixels, which are only numbers of its
	// colours.
	case *image.Paletted:
		for i, c := range p.Palette {
			if n, ok := c.(color.NRGBA); ok {
				n.A = 0xff
				p.Palette[i] = n
			}
		}
	}
	return img
}
