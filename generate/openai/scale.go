package openai

import (
	"image"
	"image/color"
)

// scale returns a picture in another size: each pixel is the mean of those under a triangle
// that covers its surroundings, so that one that is made smaller does not flicker.
func scale(src image.Image, width, height int) image.Image {
	b := src.Bounds()
	across, down := weightsOf(b.Dx(), width), weightsOf(b.Dy(), height)
	// First the rows are scaled, then the columns. Premultiplied alpha keeps the colours of
	// what is transparent out.
	rows := make([][4]float32, b.Dy()*width)
	for y := range b.Dy() {
		for x, w := range across {
			var sum [4]float32
			for k, weight := range w.list {
				r, g, bl, a := src.At(b.Min.X+w.from+k, b.Min.Y+y).RGBA()
				for c, v := range [4]uint32{r, g, bl, a} {
					sum[c] += weight * float32(v)
				}
			}
			rows[y*width+x] = sum
		}
	}
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	for y, w := range down {
		for x := range width {
			var sum [4]float32
			for k, weight := range w.list {
				for c, v := range rows[(w.from+k)*width+x] {
					sum[c] += weight * v
				}
			}
			out.SetRGBA(x, y, color.RGBA{to8(sum[0]), to8(sum[1]), to8(sum[2]), to8(sum[3])})
		}
	}
	return out
}

// to8 rounds a colour of 16 bits to 8.
func to8(v float32) uint8 { return uint8(min(max(v/257+0.5, 0), 255)) }

// weights are those of the pixels that one consists of, from the first of them on.
type weights struct {
	from int
	list []float32
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
			weight := max(1-abs(float64(at)-center)/reach, 0)
			w.list = append(w.list, float32(weight))
			total += weight
		}
		for i := range w.list {
			w.list[i] /= float32(total)
		}
		out[k] = w
	}
	return out
}

func abs(v float64) float64 {
	if v < 0 {
		return -v
	}
	return v
}
