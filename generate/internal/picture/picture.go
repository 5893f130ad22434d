// Package picture reads the pictures of requests, for the server and for the adapters to
// other frameworks: files from strangers, whose size is looked at before memory is taken.
package picture

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "image/gif"  // pictures in requests
	_ "image/jpeg" // are of these
	_ "image/png"  // three forms

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/imaging"
)

const (
	// MaxSide bounds a picture before it is decoded, in pixels.
	MaxSide = 8192
	// MaxPixels bounds the pixels of all pictures of a request together.
	MaxPixels = 32 << 20
	// Most bounds the number of pictures of a request.
	Most = 64
)

// Reader reads the pictures of one request for a generator.
type Reader struct {
	G      *generate.Generator
	pixels int // so far
	read   int
}

// Read decodes the file of a PNG, JPEG or GIF, turns it upright as its EXIF data say, leaves
// its transparency out and scales it to the size that the model takes. The scaling ends with
// the context.
func (r *Reader) Read(ctx context.Context, file []byte) (image.Image, error) {
	if r.read++; r.read > Most {
		return nil, fmt.Errorf("is one of more than %d pictures", Most)
	}
	c, format, err := image.DecodeConfig(bytes.NewReader(file))
	switch {
	case err != nil:
		return nil, fmt.Errorf("is no PNG, JPEG or GIF picture: %w", err)
	case c.Width < 1 || c.Height < 1 || max(c.Width, c.Height) > MaxSide || c.Width*c.Height > MaxPixels-r.pixels:
		return nil, fmt.Errorf("has %d x %d pixels, want %d on each side at most, and %d in all pictures", c.Width, c.Height, MaxSide, MaxPixels)
	}
	r.pixels += c.Width * c.Height
	turn, progressive, err := imaging.Look(bytes.NewReader(file), format)
	if err == nil {
		err = imaging.Check(bytes.NewReader(file), format, c, progressive)
	}
	if err != nil {
		return nil, fmt.Errorf("is no picture that can be read: %w", err)
	}
	img, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("is no PNG, JPEG or GIF picture: %w", err)
	}
	img = turn.Apply(imaging.Opaque(img))
	size := img.Bounds().Size()
	w, h, ok := r.G.ImageSize(size.X, size.Y)
	if !ok || size == image.Pt(w, h) || w < 1 || h < 1 || w > MaxPixels/h {
		return img, nil // which the model takes, or refuses
	}
	return imaging.Scale(ctx, img, image.Pt(w, h))
}
