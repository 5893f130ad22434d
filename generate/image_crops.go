package generate

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"

	"github.com/gocoreml/coreml/coreml"
)

// ImageCrops says how a picture is cut into crops of the size that the input takes.
type ImageCrops struct {
	// Most is the greatest number of crops that a picture is cut into: a picture that is
	// R times as high as the input and C times as wide has R times C of them, row by row.
	Most int `json:"most"`
	// Whole is "first" or "last" where the whole picture, scaled down to one crop, goes
	// through the model too, before or behind the others; with a single crop it does
	// not. Empty means that it does not.
	Whole string `json:"whole,omitempty"`
}

// maxCrops bounds the crops of one picture.
const maxCrops = 256

func cropFields(c *ImageCrops) fieldReaders {
	return fieldReaders{"most": jsonInto(&c.Most), "whole": jsonInto(&c.Whole)}
}

// check reports whether the fields are in range. Nil is.
func (c *ImageCrops) check() error {
	switch {
	case c == nil:
	case c.Most < 1 || c.Most > maxCrops:
		return driverErrorf("image.crops.most", "is %d, want 1 to %d", c.Most, maxCrops)
	case !slices.Contains([]string{"", "first", "last"}, c.Whole):
		return driverErrorf("image.crops.whole", `is %q, want first or last, or nothing`, c.Whole)
	}
	return nil
}

// total returns how many crops go through the model for a grid of so many.
func (c *ImageCrops) total(grid int) int {
	if c != nil && c.Whole != "" && grid > 1 {
		return grid + 1
	}
	return grid
}

// checkCrops reports whether the crops of a picture can be as many as a prediction
// takes, which is each times a number of crops. Size is that of a crop, or zero.
func (m *ImageStage) checkCrops(in *coreml.FeatureDescription, size image.Point, each int) error {
	if m.Crops != nil && size == (image.Point{}) {
		return driverErrorf("image.crops", "input %s takes pictures of several sizes, and crops have one", in)
	}
	if each == 1 {
		return nil
	}
	if m.Crops == nil {
		return driverErrorf("image.crops", `is missing: input %s takes %d crops of a picture; write into a driver file: {"image": {"crops": {"most": %d, "whole": "last"}}}, or without "whole"`, in, each, each-1)
	}
	for grid := range m.Crops.Most {
		if m.Crops.total(grid+1) == each {
			return nil
		}
	}
	return driverErrorf("image.crops.most", "is %d, and no grid of so many crops or fewer gives the %d that input %s takes", m.Crops.Most, each, in)
}

// grid returns the rows and columns of crops of a picture of some size, 0 where it
// cannot be cut into them.
func (b *boundImage) grid(size image.Point) (rows, columns int) {
	if b.crops == nil {
		return 1, 1
	}
	if size.X <= 0 || size.Y <= 0 || size.X%b.size.X != 0 || size.Y%b.size.Y != 0 {
		return 0, 0
	}
	rows, columns = size.Y/b.size.Y, size.X/b.size.X
	if rows > b.crops.Most || columns > b.crops.Most/rows || b.each > 1 && b.crops.total(rows*columns) != b.each {
		return 0, 0
	}
	return rows, columns
}

// ImageSize returns the size to which a picture of so many pixels is to be scaled for
// [Options.Images], and false where the model takes none, or pictures of any size. Where
// pictures are cut into crops it is the grid of crops that keeps the proportions best,
// and of several the one with the most pixels that does not have many more than the
// picture.
func (g *Generator) ImageSize(width, height int) (w, h int, ok bool) {
	b := g.made().bound.image
	if b == nil || b.size == (image.Point{}) || width <= 0 || height <= 0 {
		return 0, 0, false
	}
	if b.crops == nil {
		return b.size.X, b.size.Y, true
	}
	best, found := math.Inf(1), 1
	for rows := 1; rows <= b.crops.Most; rows++ {
		for columns := 1; columns <= b.crops.Most/rows; columns++ {
			x, y := columns*b.size.X, rows*b.size.Y
			if r, _ := b.grid(image.Pt(x, y)); r == 0 {
				continue
			}
			apart := float64(x) * float64(height) / float64(y) / float64(width)
			apart = max(apart, 1/apart) // 1 for the same proportions
			// Up to twice the picture's pixels: scaling up further only costs time.
			same := math.Abs(apart-best) < 1e-9 && rows*columns > found && float64(x)*float64(y) <= 2*float64(width)*float64(height)
			if apart < best-1e-9 || same {
				best, found, w, h, ok = apart, rows*columns, x, y, true
			}
		}
	}
	return w, h, ok
}

// cut returns the crops of a picture whose size was checked, in the order in which
// their rows go into the text.
func (b *boundImage) cut(ctx context.Context, img image.Image) ([]image.Image, error) {
	if b.crops == nil {
		return []image.Image{img}, nil
	}
	at := img.Bounds().Min
	rows, columns := b.grid(img.Bounds().Size())
	var out []image.Image
	for r := range rows {
		for c := range columns {
			from := at.Add(image.Pt(c*b.size.X, r*b.size.Y))
			out = append(out, crop{img, image.Rectangle{Min: from, Max: from.Add(b.size)}})
		}
	}
	if b.crops.total(len(out)) == len(out) {
		return out, nil
	}
	whole, err := shrink(ctx, img, rows, columns)
	if err != nil {
		return nil, err
	}
	if b.crops.Whole == "first" {
		return slices.Insert(out, 0, whole), nil
	}
	return append(out, whole), nil
}

// crop is a part of a picture.
type crop struct {
	image.Image
	part image.Rectangle
}

// Bounds returns the part.
func (c crop) Bounds() image.Rectangle { return c.part }

// shrink returns a picture scaled down by whole numbers: each pixel is the mean of those
// in its place, rounded to 8 bits.
func shrink(ctx context.Context, img image.Image, rows, columns int) (image.Image, error) {
	b := img.Bounds()
	out := image.NewNRGBA(image.Rect(0, 0, b.Dx()/columns, b.Dy()/rows))
	n := rows * columns
	for y := range out.Rect.Dy() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for x := range out.Rect.Dx() {
			var sum [3]int
			for k := range n {
				c, ok := color.NRGBAModel.Convert(img.At(b.Min.X+x*columns+k%columns, b.Min.Y+y*rows+k/columns)).(color.NRGBA)
				if ok {
					sum[0], sum[1], sum[2] = sum[0]+int(c.R), sum[1]+int(c.G), sum[2]+int(c.B)
				}
			}
			mean := func(s int) uint8 { return uint8((2*s + n) / (2 * n)) } //nolint:gosec // at most 255
			out.SetNRGBA(x, y, color.NRGBA{mean(sum[0]), mean(sum[1]), mean(sum[2]), 255})
		}
	}
	return out, nil
}

// wanted says which sizes of pictures are taken.
func (b *boundImage) wanted() string {
	if b.crops == nil {
		return b.described.String()
	}
	s := fmt.Sprintf("want %d times %d pixels for each of at most %d crops", b.size.X, b.size.Y, b.crops.Most)
	if b.each > 1 {
		s += fmt.Sprintf(", %d with the whole picture", b.each)
		if b.crops.Whole == "" {
			s = fmt.Sprintf("want %d times %d pixels for each of %d crops", b.size.X, b.size.Y, b.each)
		}
	}
	return s
}
