package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/imaging"
)

// maxPictureSide is what JPEG has room for. PNG has no such limit, and each row
// costs time, however short it is.
const maxPictureSide = 65_535

// readPicture decodes a PNG or JPEG for an image input. The size is looked at
// before memory is taken for pixels.
//
// The picture is turned upright as its EXIF data say. Transparency is left out:
// the colours are taken as if they were opaque. Colour profiles are not applied.
func readPicture(ctx context.Context, f *inputFile, d *coreml.FeatureDescription, opts *imageOptions) (image.Image, error) {
	if d != nil && d.Kind != coreml.KindImage {
		return nil, fmt.Errorf("%s is a picture, and the input is %s: %w", f.path, d.Type(), coreml.ErrKind)
	}
	img, err := decodePicture(ctx, io.NewSectionReader(f, 0, f.size), f.format, func(size image.Point) error {
		return checkPicture(d, size, opts)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	return fitPicture(ctx, d, img, opts)
}

// decoding is held while a picture is decoded. Work that its caller has left goes
// on for a while, with all of its memory, and must not pile up.
var decoding = make(chan struct{}, 1)

// decodePicture decodes a picture whose upright size check allows. It returns as
// soon as ctx ends.
//
// The decoders know of no context and may compute for long between two reads, so
// they run beside the caller. One that is left behind ends with its next read.
func decodePicture(ctx context.Context, r io.ReadSeeker, format fileFormat, check func(image.Point) error) (image.Image, error) {
	select {
	case decoding <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var img image.Image
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { <-decoding }()
		img, err = decodeUpright(&endingReader{ctx, r}, format, check)
	}()
	select {
	case <-done:
		if ctx.Err() != nil {
			return nil, ctx.Err() // and not what became of the error on its way through a decoder
		}
		return img, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// endingReader fails once its context has ended.
type endingReader struct {
	ctx context.Context
	io.ReadSeeker
}

// Read reads while the context lasts.
func (r *endingReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.ReadSeeker.Read(p)
}

// decodeUpright does the work of decodePicture.
func decodeUpright(r io.ReadSeeker, format fileFormat, check func(image.Point) error) (image.Image, error) {
	decode, config, name := png.Decode, png.DecodeConfig, imaging.PNG
	if format == formatJPEG {
		decode, config, name = jpeg.Decode, jpeg.DecodeConfig, imaging.JPEG
	}
	// Both have to be known before the size can be judged: one swaps width and
	// height, the other takes five times the memory.
	turn, progressive, err := imaging.Look(r, name)
	if err != nil {
		return nil, err
	}
	c, err := config(r)
	if err != nil {
		return nil, pictureError(err)
	}
	size := image.Pt(c.Width, c.Height)
	if turn.Sideways() {
		size = image.Pt(c.Height, c.Width)
	}
	if err := check(size); err != nil {
		return nil, err
	}
	if err := checkSides(c); err != nil {
		return nil, err
	}
	if err := imaging.Check(r, name, c, progressive); err != nil {
		return nil, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	img, err := decode(r)
	if err != nil {
		return nil, pictureError(err)
	}
	return turn.Apply(imaging.Opaque(img)), nil
}

// checkSides refuses a picture with a side that is none, or too long.
func checkSides(c image.Config) error {
	if c.Width <= 0 || c.Height <= 0 || c.Width > maxPictureSide || c.Height > maxPictureSide {
		return fmt.Errorf("a picture of %d x %d pixels: each side may have from 1 to %d", c.Width, c.Height, maxPictureSide)
	}
	return nil
}

// pictureError gives the errors of the decoders one form.
func pictureError(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("malformed picture: %s", strings.TrimPrefix(strings.TrimPrefix(err.Error(), "png: "), "jpeg: "))
}
