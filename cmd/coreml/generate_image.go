package main

import (
	"context"
	"fmt"
	"image"

	"github.com/gocoreml/coreml/generate"
)

// readImages reads the pictures of a prompt and scales them to the size that the
// model takes. A model that takes none gets none: its error says so.
func readImages(ctx context.Context, paths []string, g *generate.Generator) ([]image.Image, error) {
	if most := g.ContextLength(); len(paths) > most {
		return nil, usagef("--image is given %d times, and the context has room for %d tokens", len(paths), most)
	}
	var out []image.Image
	for _, path := range paths {
		img, err := readImage(ctx, path, g)
		if err != nil {
			return nil, err
		}
		out = append(out, img)
	}
	return out, nil
}

func readImage(ctx context.Context, path string, g *generate.Generator) (image.Image, error) {
	f, err := openInput(path, formatUnknown)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	if f.format != formatPNG && f.format != formatJPEG {
		return nil, fmt.Errorf("%s: %s: want a .png or .jpeg file", path, wanted[formatPNG])
	}
	in := g.ImageInput()
	if in == nil || g.Driver().Image.Crops == nil {
		return readPicture(ctx, f, in, &imageOptions{resize: true})
	}
	// Into how many crops it is cut depends on its proportions.
	img, err := readPicture(ctx, f, nil, nil)
	if err != nil {
		return nil, err
	}
	size := img.Bounds().Size()
	w, h, ok := g.ImageSize(size.X, size.Y)
	if !ok || size == image.Pt(w, h) || product([]int{w, h}) > maxTarget {
		return img, nil // which the model takes, or refuses
	}
	return resize(ctx, img, image.Pt(w, h))
}
