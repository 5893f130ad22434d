package main

import (
	"context"
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// layout says where the pixels of a picture lie in an array.
type layout struct {
	name                    string
	height, width, channels int
	planar                  bool // the channels lie one behind the other
}

// layouts lists the ways in which a shape can be a picture, the usual one first.
func layouts(shape []int) []layout {
	// A leading 1 is a batch of one.
	lead := len(shape) == 4
	if lead {
		if shape[0] != 1 {
			return nil
		}
		shape = shape[1:]
	}
	var list []layout
	// Other numbers of channels are no colours.
	add := func(l layout) {
		if l.channels == 1 || l.channels == 3 || l.channels == 4 {
			list = append(list, l)
		}
	}
	switch len(shape) {
	case 2:
		add(layout{"[height, width]", shape[0], shape[1], 1, false})
	case 3:
		add(layout{"[height, width, channels]", shape[0], shape[1], shape[2], false})
		add(layout{"[channels, height, width]", shape[1], shape[2], shape[0], true})
	}
	if lead {
		slices.Reverse(list) // with a leading 1 it is most often a program's own order
	}
	return list
}

// arrayImage makes a picture of an array of grey or red, green and blue pixels
// (a fourth channel, transparency, is left out): [height, width], with the
// channels last or first, and with a leading 1 or without. Where the shape can be
// read in two ways, the model's size decides. Pixels are whole numbers from 0 to
// 255; inputs of float16 pixels take floating-point numbers as they are.
func arrayImage(ctx context.Context, d *coreml.FeatureDescription, t *tensor.Tensor, opts *imageOptions) (image.Image, error) {
	list := layouts(t.Shape())
	// A rank that is no picture's is told of with the forms that are.
	if len(list) == 0 {
		return nil, fmt.Errorf("an array of shape %v is no picture: want [height, width, 3], [3, height, width] or [height, width]: %w", t.Shape(), tensor.ErrShape)
	}
	l := list[0]
	for _, other := range list {
		if d.Check(1, channelsOf(d.Pixels), other.height, other.width) == nil {
			l = other
			break
		}
	}
	if err := checkPicture(d, image.Pt(l.width, l.height), opts); err != nil {
		return nil, fmt.Errorf("taken as %s: %w", l.name, err)
	}
	if d.Pixels == coreml.PixelsGrayHalf && t.DType().IsFloat() {
		if l.channels != 1 {
			return nil, fmt.Errorf("%d channels of %v for one of grey: %w", l.channels, t.DType(), tensor.ErrShape)
		}
		pix, err := tensor.Values[float32](t)
		if err != nil {
			return nil, err
		}
		return fitPicture(ctx, d, &coreml.FloatGray{Pix: pix, Stride: l.width, Rect: image.Rect(0, 0, l.width, l.height)}, opts)
	}
	pix, err := eightBits(t)
	if err != nil {
		return nil, err
	}
	if l.planar && l.channels > 1 {
		pix = interleave(pix, l.channels)
	}
	return fitPicture(ctx, d, interleaved(pix, l.width, l.height, l.channels), opts)
}

// eightBits returns the elements as bytes.
func eightBits(t *tensor.Tensor) ([]byte, error) {
	// Nothing to check: every byte is a pixel.
	if t.DType() == tensor.UInt8 {
		return t.Contiguous().Bytes()
	}
	// A mask given for a picture would be nearly black.
	if t.DType() == tensor.Bool {
		return nil, fmt.Errorf("pixels of type %v: want uint8: %w", t.DType(), tensor.ErrDType)
	}
	values, err := tensor.Values[float32](t)
	if err != nil {
		return nil, err
	}
	pix := make([]byte, len(values))
	for i, v := range values {
		if !(v >= 0 && v <= 255) || v != float32(math.Trunc(float64(v))) {
			return nil, fmt.Errorf("pixel %d is %v: pixels are whole numbers from 0 to 255: %w", i, v, tensor.ErrValue)
		}
		pix[i] = byte(v)
	}
	return pix, nil
}

// interleave puts the channels of each pixel together.
func interleave(planes []byte, channels int) []byte {
	out := make([]byte, len(planes))
	// Frameworks for training put the channels first, and decoders of pictures put
	// them last.
	plane := len(planes) / channels
	for c := range channels {
		for i, v := range planes[c*plane : (c+1)*plane] {
			out[i*channels+c] = v
		}
	}
	return out
}
