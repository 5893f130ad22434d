package main

import (
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"io"
)

// orientation is the number that EXIF has for how a picture lies: 1 is upright,
// 2 to 8 are mirrored or turned.
//
// The tag is 0x0112 of Exif 2.32, section 4.6.4, and of TIFF 6.0. Cameras write
// pixels as the sensor has them and turn the picture by this number alone.
type orientation int

// sideways reports whether width and height change places.
func (o orientation) sideways() bool { return o >= 5 && o <= 8 }

// apply returns the upright picture, a view of img.
func (o orientation) apply(img image.Image) image.Image {
	if o < 2 || o > 8 {
		return img
	}
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if o.sideways() {
		w, h = h, w
	}
	return &turned{Image: img, how: o, w: w, h: h}
}

// turned is a view of a stored picture as it is meant to be seen.
type turned struct {
	image.Image
	how  orientation
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
func (o orientation) source(x, y, w, h int) image.Point {
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

// maxSegments bounds how many parts of a file are looked at before its pixels.
const maxSegments = 10_000

// scanPicture looks for EXIF data before the pixels, and for a progressive frame
// in a JPEG. It leaves r at the start. A file that breaks its format is for the
// decoder to refuse.
func scanPicture(r io.ReadSeeker, format fileFormat) (turn orientation, progressive bool, err error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return 0, false, err
	}
	if format == formatJPEG {
		turn, progressive, err = scanJPEG(r)
	} else {
		turn, err = scanPNG(r)
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, false, err
	}
	_, err = r.Seek(0, io.SeekStart)
	return turn, progressive, err
}

// scanJPEG goes through the segments up to the first scan. A file whose
// segments are not to be followed counts as progressive, which takes the most
// memory.
func scanJPEG(r io.ReadSeeker) (turn orientation, progressive bool, err error) {
	if _, err := r.Seek(2, io.SeekStart); err != nil {
		return 0, true, err
	}
	for range maxSegments {
		marker, err := nextMarker(r)
		if err != nil {
			return turn, true, err
		}
		switch {
		case marker == 0xda: // the first scan
			return turn, progressive, nil
		case marker >= 0xd0 && marker <= 0xd7: // these have no length
			continue
		case marker == 0xc2:
			progressive = true
		}
		var b [2]byte
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return turn, true, err
		}
		n := int64(binary.BigEndian.Uint16(b[:])) - 2
		if n < 0 {
			return turn, true, nil
		}
		// APP1, of which there may be several: the first with an orientation
		// counts.
		if marker != 0xe1 || turn != 0 {
			if _, err := r.Seek(n, io.SeekCurrent); err != nil {
				return turn, true, err
			}
			continue
		}
		data := make([]byte, n)
		if _, err := io.ReadFull(r, data); err != nil {
			return turn, true, err
		}
		const mark = "Exif\x00\x00"
		if len(data) > len(mark) && string(data[:len(mark)]) == mark {
			turn = exifOrientation(data[len(mark):])
		}
	}
	return turn, true, nil
}

// nextMarker reads the marker of the next segment. A little of what does not
// belong there is skipped, as the decoder does.
func nextMarker(r io.Reader) (byte, error) {
	var b [1]byte
	marked := false
	for range 1 << 10 {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return 0, err
		}
		switch {
		case b[0] == 0xff:
			marked = true
		case marked && b[0] != 0:
			return b[0], nil
		default:
			marked = false
		}
	}
	return 0, io.ErrUnexpectedEOF
}

// scanPNG goes through the chunks up to the first one of pixels.
func scanPNG(r io.ReadSeeker) (orientation, error) {
	if _, err := r.Seek(8, io.SeekStart); err != nil {
		return 0, err
	}
	for range maxSegments {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return 0, err
		}
		n := binary.BigEndian.Uint32(head[:4])
		switch kind := string(head[4:]); {
		case kind == "IDAT" || kind == "IEND":
			return 0, nil
		// The chunk of the third edition of PNG. It is never this long.
		case kind == "eXIf" && n <= 1<<16:
			data := make([]byte, n)
			_, err := io.ReadFull(r, data)
			return exifOrientation(data), err
		}
		if _, err := r.Seek(int64(n)+4, io.SeekCurrent); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// exifOrientation reads tag 0x0112 of the first directory of TIFF data; 0 when
// there is none.
func exifOrientation(data []byte) orientation {
	if len(data) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch string(data[:4]) {
	// Intel's order, which the variable has already.
	case "II*\x00":
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 0
	}
	at := int64(order.Uint32(data[4:]))
	if at+2 > int64(len(data)) {
		return 0
	}
	dir := data[at:]
	count := int(order.Uint16(dir))
	for dir = dir[2:]; count > 0 && len(dir) >= 12; count-- {
		const tag, short = 0x0112, 3
		if order.Uint16(dir) == tag && order.Uint16(dir[2:]) == short {
			return orientation(order.Uint16(dir[8:]))
		}
		dir = dir[12:]
	}
	return 0
}
