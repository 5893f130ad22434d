package imaging

import (
	"context"
	"errors"
	"image"
	"image/color"
	"testing"
)

func TestScalingKeepsRamps(t *testing.T) {
	src := image.NewRGBA(image.Rect(5, 7, 15, 27)) // which does not begin at 0
	for y := 7; y < 27; y++ {
		for x := 5; x < 15; x++ {
			src.SetRGBA(x, y, color.RGBA{uint8(20 * (x - 5)), uint8(10 * (y - 7)), 200, 255})
		}
	}
	for _, size := range [][2]int{{10, 20}, {5, 10}, {1, 1}, {40, 3}, {3, 50}} {
		out, err := Scale(t.Context(), src, image.Pt(size[0], size[1]))
		if err != nil {
			t.Fatal(err)
		}
		if b := out.Bounds(); b.Dx() != size[0] || b.Dy() != size[1] {
			t.Fatalf("%v is %v", size, b)
		}
		// The ramps stay ramps, and what is the same everywhere stays so.
		last := [2]int{-1, -1}
		for x := range size[0] {
			r, _, b, a := out.At(x, 0).RGBA()
			if int(r>>8) < last[0] || b>>8 != 200 || a>>8 != 255 {
				t.Errorf("%v: column %d is %d %d %d", size, x, r>>8, b>>8, a>>8)
			}
			last[0] = int(r >> 8)
		}
		for y := range size[1] {
			if _, g, _, _ := out.At(0, y).RGBA(); int(g>>8) < last[1] {
				t.Errorf("%v: row %d is %d", size, y, g>>8)
			} else {
				last[1] = int(g >> 8)
			}
		}
	}
	same, err := Scale(t.Context(), src, image.Pt(10, 20))
	if err != nil {
		t.Fatal(err)
	}
	for y := range 20 {
		for x := range 10 {
			if color.RGBAModel.Convert(same.At(x, y)) != src.At(x+5, y+7) {
				t.Fatalf("the same size changes %d, %d", x, y)
			}
		}
	}
	mean, err := Scale(t.Context(), src, image.Pt(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	if r, g, _, _ := mean.At(0, 0).RGBA(); r>>8 != 90 || g>>8 != 95 {
		t.Errorf("the mean is %d, %d", r>>8, g>>8)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if img, err := Scale(ctx, src, image.Pt(5, 5)); img != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("after the context has ended: %v (%v)", img, err)
	}
}
