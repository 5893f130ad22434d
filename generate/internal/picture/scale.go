package picture

import (
	"context"
	"image"
	"image/draw"
	"math"
)

// scale returns a picture in another size: each pixel is the mean of those under a triangle
// that covers its surroundings, so that one that is made smaller does not flicker.
// Premultiplied alpha keeps the colours of what is transparent out.
func scale(ctx context.Context, src image.Image, width, height int) (image.Image, error) {
	b := src.Bounds()
	across, down := weightsOf(b.Dx(), width), weightsOf(b.Dy(), height)
	// Each row is scaled once and added to those that it weighs in, so that the picture is
	// never held in numbers.
	line := image.NewRGBA(image.Rect(0, 0, b.Dx(), 1))
	row := make([][4]float64, width)
	sums := make([][4]float64, width*height)
	first := 0 // of the rows that are not complete
	for y := range b.Dy() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		draw.Draw(line, line.Rect, src, image.Pt(b.Min.X, b.Min.Y+y), draw.Src)
		for x := range across {
			row[x] = across[x].mean(line.Pix)
		}
		for first < height && down[first].from+len(down[first].list) <= y {
			first++
		}
		for k := first; k < height && down[k].from <= y; k++ {
			if i := y - down[k].from; i < len(down[k].list) {
				add(sums[k*width:(k+1)*width], row, down[k].list[i])
			}
		}
	}
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	for i, sum := range sums {
		for c, v := range sum {
			out.Pix[4*i+c] = uint8(math.Round(min(max(v, 0), 255)))
		}
	}
	return out, nil
}

// add adds a weighted row.
func add(sum, row [][4]float64, weight float64) {
	for x := range sum {
		for c := range sum[x] {
			sum[x][c] += weight * row[x][c]
		}
	}
}

// weights are those of the pixels that one consists of, from the first of them on.
type weights struct {
	from int
	list []float64
}

// mean returns a pixel of a line of pixels.
func (w *weights) mean(line []byte) (sum [4]float64) {
	for i, weight := range w.list {
		p := line[4*(w.from+i):]
		for c := range sum {
			sum[c] += weight * float64(p[c])
		}
	}
	return sum
}

// weightsOf returns what each of n pixels consists of when there were size.
func weightsOf(size, n int) []weights {
	ratio := float64(size) / float64(n)
	reach := max(ratio, 1)
	out := make([]weights, n)
	for k := range out {
		center := (float64(k)+0.5)*ratio - 0.5
		from, to := max(int(center-reach), 0), min(int(center+reach)+1, size-1)
		w, total := weights{from: from}, 0.0
		for at := from; at <= to; at++ {
			weight := max(1-math.Abs(float64(at)-center)/reach, 0)
			w.list = append(w.list, weight)
			total += weight
		}
		for i := range w.list {
			w.list[i] /= total
		}
		out[k] = w
	}
	return out
}
