package imaging

import (
	"fmt"
	"image"
	"image/color"
	"io"
)

// maxBytes bounds the memory for the pixels of a picture, which a few bytes of a file can
// claim: 64 megapixels of 8 bits, 32 of 16, 13 of a progressive JPEG.
const maxBytes = 256 << 20

// Check refuses a picture whose decoding would take too much memory or time: what
// [CheckMemory] refuses, and a JPEG that [CheckScans] does. The format and progressive are what
// [Look] takes and says.
func Check(r io.ReadSeeker, format string, c image.Config, progressive bool) error {
	if err := CheckMemory(c, progressive); err != nil || format != JPEG {
		return err
	}
	return CheckScans(r, c.Width*c.Height)
}

// CheckMemory refuses a picture whose decoding would take too much memory. Progressive is
// what [Look] says of its file. The width and the height are above 0.
func CheckMemory(c image.Config, progressive bool) error {
	if most := maxBytes / pixelBytes(c.ColorModel, progressive); int64(c.Width)*int64(c.Height) > most {
		return fmt.Errorf("a picture of %d x %d pixels takes more than %d bytes: of this kind it may have %d pixels", c.Width, c.Height, maxBytes, most)
	}
	return nil
}

// pixelBytes is the memory that a decoder takes for a pixel. That of CMYK holds
// what was stored, and colour and black apart; that of progressive JPEG keeps four
// coefficients of 32 bits besides.
func pixelBytes(m color.Model, progressive bool) int64 {
	n := int64(4)
	switch m {
	case color.RGBA64Model, color.NRGBA64Model:
		n = 8
	case color.CMYKModel:
		n = 12
	}
	if progressive {
		n += 16
	}
	return n
}
