package imaging

import (
	"context"
	"encoding/binary"
	"image"
	"image/draw"
	"math"
)

// Scale returns a picture in another size, whatever its proportions, with a triangle
// filter that is widened where the picture gets smaller: what Pillow calls
// BILINEAR. It is opaque: what img is transparent for counts as black.
//
// A large picture takes seconds, so ctx is looked at with each row.
func Scale(ctx context.Context, img image.Image, to image.Point) (image.Image, error) {
	pixels, err := Rows(ctx, img.Bounds().Size(), to, rowReader(img))
	if err != nil {
		return nil, err
	}
	out := image.NewNRGBA(image.Rectangle{Max: to})
	for i, p := range pixels {
		for c := range 3 {
			out.Pix[4*i+c] = uint8(math.Round(min(max(p[c]/0x101, 0), 255)))
		}
		out.Pix[4*i+3] = 0xff
	}
	return out, nil
}

// Rows is [Scale] for pixels of any four numbers: read fills line with row y, and is called
// for one row after the other. What it returns are the rows of the result, one behind the
// other.
func Rows(ctx context.Context, from, to image.Point, read func(line [][4]float64, y int)) ([][4]float64, error) {
	across, down := taps(from.X, to.X), taps(from.Y, to.Y)
	// Each row is scaled across once and added to the rows that it weighs in.
	sums := make([][4]float64, to.X*to.Y)
	row := make([][4]float64, to.X)
	line := make([][4]float64, from.X)
	first := 0
	for y := range from.Y {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		read(line, y)
		for x, t := range across {
			row[x] = t.weigh(line)
		}
		// Rows of the result that are complete are left behind, and those that
		// begin further down not yet looked at: each row of the picture is added to
		// a few of them.
		for first < to.Y && down[first].start+len(down[first].weights) <= y {
			first++
		}
		for k := first; k < to.Y && down[k].start <= y; k++ {
			if i := y - down[k].start; i < len(down[k].weights) {
				addRow(sums[k*to.X:(k+1)*to.X], row, down[k].weights[i])
			}
		}
	}
	return sums, ctx.Err()
}

// rowReader returns what reads a row of pixels as four numbers each, of 16 bits.
func rowReader(img image.Image) func(line [][4]float64, y int) {
	b := img.Bounds()
	switch p := img.(type) {
	case *image.Gray16:
		return func(line [][4]float64, y int) {
			pix := p.Pix[p.PixOffset(b.Min.X, b.Min.Y+y):]
			for x := range line {
				v := float64(binary.BigEndian.Uint16(pix[2*x:]))
				line[x] = [4]float64{v, v, v, 0}
			}
		}
	case *image.RGBA64:
		return func(line [][4]float64, y int) { readDeep(line, p.Pix[p.PixOffset(b.Min.X, b.Min.Y+y):]) }
	case *image.NRGBA64:
		return func(line [][4]float64, y int) { readDeep(line, p.Pix[p.PixOffset(b.Min.X, b.Min.Y+y):]) }
	case *turned:
		return turnedReader(p)
	}
	// Package draw knows the pictures of 8 bits and is many times faster.
	strip := image.NewRGBA(image.Rect(0, 0, b.Dx(), 1))
	return func(line [][4]float64, y int) {
		draw.Draw(strip, strip.Rect, img, image.Pt(b.Min.X, b.Min.Y+y), draw.Src)
		for x := range line {
			line[x] = wide(strip.Pix[4*x : 4*x+3])
		}
	}
}

// wide makes a pixel of 16 bits of one of 8.
func wide(p []byte) [4]float64 {
	return [4]float64{float64(p[0]) * 0x101, float64(p[1]) * 0x101, float64(p[2]) * 0x101, 0}
}

// turnedReader is the rowReader of a turned picture, for rows in their order from
// the first one. It takes several at a time out of the stored picture: they may be
// columns there, whose pixels lie far apart in memory.
func turnedReader(t *turned) func(line [][4]float64, y int) {
	const rows = 16
	var strip *image.RGBA
	return func(line [][4]float64, y int) {
		if y%rows == 0 {
			strip = t.strip(y, min(y+rows, t.h))
		}
		at, step := strip.PixOffset(t.stored(0, y)), 0
		if t.w > 1 {
			step = strip.PixOffset(t.stored(1, y)) - at
		}
		for x := range line {
			p := at + x*step
			line[x] = wide(strip.Pix[p : p+3])
		}
	}
}

// strip copies what the rows from lo up to hi are in the stored picture, at the
// same place.
func (t *turned) strip(lo, hi int) *image.RGBA {
	x0, y0 := t.stored(0, lo)
	x1, y1 := t.stored(t.w-1, hi-1)
	r := image.Rect(min(x0, x1), min(y0, y1), max(x0, x1)+1, max(y0, y1)+1)
	out := image.NewRGBA(r)
	draw.Draw(out, r, t.Image, r.Min, draw.Src)
	return out
}

// readDeep reads pixels of four numbers of 16 bits. They are opaque, so that it
// does not matter whether the colours are multiplied by the fourth.
func readDeep(line [][4]float64, pix []byte) {
	for x := range line {
		p := pix[8*x : 8*x+6]
		line[x] = [4]float64{
			float64(binary.BigEndian.Uint16(p)), float64(binary.BigEndian.Uint16(p[2:])), float64(binary.BigEndian.Uint16(p[4:])), 0,
		}
	}
}

// addRow adds a weighted row. All four numbers are added, used or not: that is
// faster than asking.
func addRow(sum, row [][4]float64, weight float64) {
	for x := range sum {
		for c := range 4 {
			sum[x][c] += weight * row[x][c]
		}
	}
}

// tap says which pixels of a line make up one of the scaled line.
//
// The word is that of signal processing: the places at which a filter takes hold of
// a line.
type tap struct {
	start   int
	weights []float64
}

func (t *tap) weigh(line [][4]float64) (sum [4]float64) {
	for i, w := range t.weights {
		for c := range 4 {
			sum[c] += w * line[t.start+i][c]
		}
	}
	return sum
}

// taps returns those of each pixel of a line of from pixels that becomes one of
// to pixels.
func taps(from, to int) []tap {
	scale := float64(from) / float64(to)
	// Where a picture grows, the filter stays as wide as a pixel and interpolates;
	// where it shrinks, it takes in all the pixels that become one.
	support := max(scale, 1)
	out := make([]tap, to)
	for k := range out {
		center := (float64(k) + 0.5) * scale
		lo := max(int(center-support+0.5), 0)
		hi := min(int(center+support+0.5), from)
		t := tap{start: lo, weights: make([]float64, max(hi-lo, 1))}
		if t.start >= from {
			t.start = from - 1
		}
		sum := 0.0
		for i := range t.weights {
			w := 1 - math.Abs(float64(t.start+i)+0.5-center)/support
			t.weights[i] = max(w, 0)
			sum += t.weights[i]
		}
		// The edge of a picture of one pixel, or rounding at the last one.
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
