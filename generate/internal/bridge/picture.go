package bridge

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/draw"
	_ "image/gif"  // pictures in requests are of these
	_ "image/jpeg" // three
	_ "image/png"  // forms
	"math"
	"net/url"
	"strings"

	"github.com/gocoreml/coreml/generate"
)

// maxPixels bounds a picture before there is memory for it.
const maxPixels = 1 << 25

// Picture is a picture of a request: the bytes of a PNG, JPEG or GIF file.
type Picture struct{ Data []byte }

// OfURL returns the picture in a data: URL. Other addresses are refused: nothing
// here speaks to a network.
func OfURL(address string) (*Picture, error) {
	rest, ok := strings.CutPrefix(address, "data:")
	if !ok {
		scheme, _, _ := strings.Cut(address[:min(len(address), 32)], ":")
		return nil, fmt.Errorf("pictures are taken from data: URLs, and this one begins with %q: fetch it first", scheme)
	}
	head, data, ok := strings.Cut(rest, ",")
	if !ok {
		return nil, errors.New("the data: URL of a picture has no comma")
	}
	if strings.HasSuffix(head, ";base64") {
		raw, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			return nil, fmt.Errorf("the data: URL of a picture: %w", err)
		}
		return &Picture{Data: raw}, nil
	}
	raw, err := url.PathUnescape(data)
	if err != nil {
		return nil, fmt.Errorf("the data: URL of a picture: %w", err)
	}
	return &Picture{Data: []byte(raw)}, nil
}

// decode reads the picture and scales it to the size that the model takes.
func (p *Picture) decode(ctx context.Context, g *generate.Generator) (image.Image, error) {
	if g.ImageInput() == nil {
		return nil, errors.New("has a picture, and the model takes none")
	}
	size, _, err := image.DecodeConfig(bytes.NewReader(p.Data))
	if err != nil {
		return nil, fmt.Errorf("the picture is no PNG, JPEG or GIF: %w", err)
	}
	if size.Width <= 0 || size.Height <= 0 || size.Width > maxPixels/size.Height {
		return nil, fmt.Errorf("the picture is of %d times %d pixels, want %d at most", size.Width, size.Height, maxPixels)
	}
	img, _, err := image.Decode(bytes.NewReader(p.Data))
	if err != nil {
		return nil, fmt.Errorf("the picture: %w", err)
	}
	b := img.Bounds()
	w, h, ok := g.ImageSize(b.Dx(), b.Dy())
	if !ok || b.Dx() == w && b.Dy() == h {
		return img, nil
	}
	return scale(ctx, img, w, h)
}

// scale fits a picture to a size with a triangle filter, as wide as the pixels that
// become one where the picture shrinks.
func scale(ctx context.Context, img image.Image, w, h int) (image.Image, error) {
	b := img.Bounds()
	across, down := taps(b.Dx(), w), taps(b.Dy(), h)
	line := image.NewRGBA(image.Rect(0, 0, b.Dx(), 1))
	sums := make([][3]float64, w*h)
	row := make([][3]float64, w)
	for y := range b.Dy() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		draw.Draw(line, line.Rect, img, image.Pt(b.Min.X, b.Min.Y+y), draw.Src)
		for x, t := range across {
			row[x] = [3]float64{}
			for i, weight := range t.weights {
				for c := range 3 {
					row[x][c] += weight * float64(line.Pix[4*(t.start+i)+c])
				}
			}
		}
		for k, t := range down {
			if i := y - t.start; i >= 0 && i < len(t.weights) {
				for x := range row {
					for c := range 3 {
						sums[k*w+x][c] += t.weights[i] * row[x][c]
					}
				}
			}
		}
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i, sum := range sums {
		for c := range 3 {
			out.Pix[4*i+c] = uint8(math.Round(min(max(sum[c], 0), 255)))
		}
		out.Pix[4*i+3] = 0xff
	}
	return out, nil
}

// tap says which pixels of a line make up one of the scaled line, and with what weights.
type tap struct {
	start   int
	weights []float64
}

func taps(from, to int) []tap {
	step := float64(from) / float64(to)
	reach := max(step, 1)
	out := make([]tap, to)
	for k := range out {
		center := (float64(k) + 0.5) * step
		first := min(max(int(center-reach+0.5), 0), from-1)
		last := min(max(int(center+reach+0.5), first+1), from)
		t := tap{start: first, weights: make([]float64, last-first)}
		sum := 0.0
		for i := range t.weights {
			t.weights[i] = max(1-math.Abs(float64(first+i)+0.5-center)/reach, 0)
			sum += t.weights[i]
		}
		if sum == 0 {
			t.weights[0], sum = 1, 1
		}
		for i := range t.weights {
			t.weights[i] /= sum
		}
		out[k] = t
	}
	return out
}
