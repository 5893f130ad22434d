package imaging

import (
	"image"
	"image/color"
)

// Orientation is the number that EXIF has for how a picture lies: 1 is upright,
// 2 to 8 are mirrored or turned.
//
// The tag is 0x0112 of Exif 2.32, section 4.6.4, and of TIFF 6.0. Cameras write
// pixels as the sensor has them and turn the picture by this number alone.
type Orientation int

// Sideways reports whether width and height change places.
func (o Orientation) Sideways() bool { return o >= 5 && o <= 8 }

// Apply returns the upright picture, a view of img; img itself where it is upright.
func (o Orientation) Apply(img image.Image) image.Image {
	if o < 2 || o > 8 {
		return img
	}
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if o.Sideways() {
		w, h = h, w
	}
	return &turned{Image: img, how: o, w: w, h: h}
}

// turned is a view of a stored picture as it is meant to be seen.
type turned struct {
	image.Image
	how  Orientation
	w, h int
}

// Bounds returns the size of the upright picture.
func (t *turned) Bounds() image.Rectangle { return image.Rect(0, 0, t.w, t.h) }

// At returns a pixel of the upright picture.
//
// A view and no copy: the pixels are read once, for the model's own layout.
func (t *turned) At(x, y int) color.Color {
	return t.Image.At(t.stored(x, y))
}

// stored returns where a pixel of the upright picture lies in the stored one.
func (t *turned) stored(x, y int) (int, int) {
	from := t.how.source(x, y, t.w, t.h).Add(t.Image.Bounds().Min)
	return from.X, from.Y
}

// source returns where the pixel (x, y) of the upright picture, w by h, lies in
// the stored one.
func (o Orientation) source(x, y, w, h int) image.Point {
	switch o {
	case 2:
		return image.Pt(w-1-x, y)
	case 3:
		return image.Pt(w-1-x, h-1-y)
	case 4:
		return image.Pt(x, h-1-y)
	case 5:
		return image.Pt(y, x)
	case 6:
		return image.Pt(y, w-1-x)
	case 7:
		return image.Pt(h-1-y, w-1-x)
	default:
		return image.Pt(h-1-y, x)
	}
}
