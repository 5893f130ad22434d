package imaging

import (
	"image"
	"image/color"
)

// Opaque leaves out transparency, in the picture itself where it can, and returns it: a model
// sees colours only, those that Pillow's convert("RGB") gives.
func Opaque(img image.Image) image.Image {
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
