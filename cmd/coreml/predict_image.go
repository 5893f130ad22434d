package main

import (
	"fmt"
	"image"
	"image/color"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// decodeImage reads an image of 8-bit grey (L), colour (RGB) or floating-point
// grey (F) pixels. array gives them; it is not asked for a mode that is not known.
func decodeImage(mode string, array func() (*tensor.Tensor, error)) (coreml.Value, error) {
	channels := 1
	switch mode {
	case "F":
		return decodeFloats(array)
	case "L":
	case "RGB":
		channels = 3
	// What Pillow calls so; transparency is left out, as it is of files.
	case "RGBA":
		channels = 4
	default:
		return coreml.Value{}, &codedError{codeUnsupported, fmt.Errorf("images of mode %q are %w", mode, coreml.ErrUnsupportedModel)}
	}
	t, err := array()
	if err != nil {
		return coreml.Value{}, err
	}
	// The mode says how many channels there are; the shape has to agree.
	if t.DType() != tensor.UInt8 || t.Rank() != 2 && t.Rank() != 3 || t.Len() != t.Dim(0)*t.Dim(1)*channels {
		return coreml.Value{}, fmt.Errorf("an image of %v %v: want uint8 [height, width, %d]: %w", t.DType(), t.Shape(), channels, tensor.ErrShape)
	}
	pix, err := t.Bytes()
	if err != nil {
		return coreml.Value{}, err
	}
	return coreml.Image(interleaved(pix, t.Dim(1), t.Dim(0), channels)), nil
}

// interleaved makes an image of pixels whose channels lie together: one of grey,
// three of colour, or four of which the last, transparency, is left out.
func interleaved(pix []byte, width, height, channels int) image.Image {
	bounds := image.Rect(0, 0, width, height)
	if channels == 1 {
		return &image.Gray{Pix: pix, Stride: width, Rect: bounds}
	}
	// Package image has no colour without transparency.
	img := image.NewNRGBA(bounds)
	for i := range width * height {
		copy(img.Pix[4*i:4*i+3], pix[channels*i:])
		img.Pix[4*i+3] = 0xff
	}
	return img
}

// decodeFloats reads grey in floating-point numbers, which are taken as they are:
// models of such inputs differ in whether white is 1 or 255.
func decodeFloats(array func() (*tensor.Tensor, error)) (coreml.Value, error) {
	t, err := array()
	if err != nil {
		return coreml.Value{}, err
	}
	if t.Rank() != 2 || !t.DType().IsFloat() {
		return coreml.Value{}, fmt.Errorf("an image of %v %v: want float32 [height, width]: %w", t.DType(), t.Shape(), tensor.ErrShape)
	}
	pix, err := tensor.Values[float32](t)
	if err != nil {
		return coreml.Value{}, err
	}
	return coreml.Image(&coreml.FloatGray{Pix: pix, Stride: t.Dim(1), Rect: image.Rect(0, 0, t.Dim(1), t.Dim(0))}), nil
}

// imageArray returns the pixels of an image and their mode: F, grey in float32
// [height, width]; L, grey in uint8; or RGB, uint8 [height, width, 3].
func imageArray(img image.Image) (mode string, t *tensor.Tensor, err error) {
	if img == nil {
		return "", nil, fmt.Errorf("no image: %w", coreml.ErrKind)
	}
	b := img.Bounds()
	if f, ok := img.(*coreml.FloatGray); ok {
		t = tensor.FromSlice(f.Pix, b.Dy(), b.Dx())
		return "F", t, t.Err()
	}
	if g, ok := img.(*image.Gray); ok {
		pix := make([]byte, 0, b.Dx()*b.Dy())
		for y := b.Min.Y; y < b.Max.Y; y++ {
			pix = append(pix, g.Pix[g.PixOffset(b.Min.X, y):][:b.Dx()]...)
		}
		t = tensor.FromBytes(tensor.UInt8, pix, b.Dy(), b.Dx())
		return "L", t, t.Err()
	}
	pix := make([]byte, 0, 3*b.Dx()*b.Dy())
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA) //nolint:forcetypeassert,errcheck // the model's own type
			pix = append(pix, c.R, c.G, c.B)
		}
	}
	t = tensor.FromBytes(tensor.UInt8, pix, b.Dy(), b.Dx(), 3)
	return "RGB", t, t.Err()
}
