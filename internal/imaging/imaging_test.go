package imaging

import (
	"context"
	"errors"
	"image"
	"image/color"
	"slices"
	"strings"
	"testing"
)

func TestScalingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if img, err := Scale(ctx, image.NewGray(image.Rect(0, 0, 4, 4)), image.Pt(2, 2)); img != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v", img, err)
	}
}

func TestDeepPixelsAreScaledFromAllTheirBits(t *testing.T) {
	// Of 0x1234 and 0xfedc the upper bytes are 18 and 254; 65,535ths of white times
	// 255 are 18.13 and 253.85, and 254.85 of 0xffff - 39.
	const a, b, c = 0x1234, 0xfedc, 0xffff - 39
	bounds := image.Rect(3, 5, 5, 6)
	gray, opaqued, straight := image.NewGray16(bounds), image.NewRGBA64(bounds), image.NewNRGBA64(bounds)
	gray.SetGray16(4, 5, color.Gray16{Y: a})
	opaqued.SetRGBA64(4, 5, color.RGBA64{R: a, G: b, B: c, A: 0xffff})
	straight.SetNRGBA64(4, 5, color.NRGBA64{R: a, G: b, B: c, A: 0xffff})
	for want, img := range map[color.NRGBA]image.Image{{18, 18, 18, 255}: gray, {18, 254, 255, 255}: opaqued} {
		expectPixel(t, img, want)
	}
	expectPixel(t, straight, color.NRGBA{18, 254, 255, 255})
}

// expectPixel scales a picture of two pixels to its own size and looks at the
// second.
func expectPixel(t *testing.T, img image.Image, want color.NRGBA) {
	t.Helper()
	got, err := Scale(t.Context(), img, image.Pt(2, 1))
	if err != nil || got.At(1, 0) != want {
		t.Errorf("%T: got %v, %v, want %v", img, got, err, want)
	}
}

func TestTurnedPicturesAreScaledAsTheyAreSeen(t *testing.T) {
	stored := image.NewYCbCr(image.Rect(0, 0, 37, 21), image.YCbCrSubsampleRatio420)
	for i := range stored.Y {
		stored.Y[i] = uint8(i * 7)
	}
	for i := range stored.Cb {
		stored.Cb[i], stored.Cr[i] = uint8(i*5), uint8(i*11)
	}
	for o := Orientation(2); o <= 8; o++ {
		up := o.Apply(stored)
		b := up.Bounds()
		copied := image.NewNRGBA(b)
		for y := range b.Dy() {
			for x := range b.Dx() {
				copied.Set(x, y, up.At(x, y))
			}
		}
		got, err1 := Scale(t.Context(), up, image.Pt(5, 9))
		want, err2 := Scale(t.Context(), copied, image.Pt(5, 9))
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.(*image.NRGBA).Pix, want.(*image.NRGBA).Pix) {
			t.Errorf("orientation %d: %v, want %v", o, got, want)
		}
	}
	// One pixel wide, where no second one says how far the next is.
	if _, err := Scale(t.Context(), Orientation(6).Apply(image.NewGray(image.Rect(0, 0, 3, 1))), image.Pt(1, 2)); err != nil {
		t.Error(err)
	}
}

func TestTheWeightsOfAScaledPixelAreWhole(t *testing.T) {
	for _, c := range [][2]int{{1, 1}, {1, 5}, {2, 4}, {5, 1}, {7, 3}, {100, 99}, {3, 1000}} {
		list := taps(c[0], c[1])
		if len(list) != c[1] {
			t.Fatalf("%d to %d: %d pixels", c[0], c[1], len(list))
		}
		for k, tap := range list {
			sum := 0.0
			for _, w := range tap.weights {
				sum += w
			}
			if tap.start < 0 || tap.start+len(tap.weights) > c[0] || sum < 1-1e-9 || sum > 1+1e-9 {
				t.Errorf("%d to %d, pixel %d: from %d weights %v", c[0], c[1], k, tap.start, tap.weights)
			}
		}
	}
	// Half as many: the two pixels of each and one on either side, of a triangle
	// four wide, worked out by hand.
	if got := taps(8, 4)[1]; got.start != 1 || !slices.Equal(got.weights, []float64{0.125, 0.375, 0.375, 0.125}) {
		t.Errorf("from %d weights %v", got.start, got.weights)
	}
}

func TestOrientationsTurnEachCorner(t *testing.T) {
	// The letters of a picture of two by three, and what the EXIF standard makes of it.
	for o, want := range map[Orientation]string{
		1: "ab cd ef", 2: "ba dc fe", 3: "fe dc ba", 4: "ef cd ab", 5: "ace bdf", 6: "eca fdb", 7: "fdb eca", 8: "bdf ace",
	} {
		img := image.NewGray(image.Rect(4, 5, 6, 8))
		copy(img.Pix, "abcdef")
		up := o.Apply(img)
		var rows []string
		for y := range up.Bounds().Dy() {
			row := ""
			for x := range up.Bounds().Dx() {
				row += string(rune(color.GrayModel.Convert(up.At(up.Bounds().Min.X+x, up.Bounds().Min.Y+y)).(color.Gray).Y))
			}
			rows = append(rows, row)
		}
		if got := strings.Join(rows, " "); got != want {
			t.Errorf("orientation %d gives %s, want %s", o, got, want)
		}
	}
}

func TestTheTurnsOfAPictureComeBack(t *testing.T) {
	// Turning by an orientation and back again leaves every pixel where it was: 6
	// and 8 undo each other, all others themselves.
	undo := map[Orientation]Orientation{2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
	const w, h = 3, 2
	for turn, back := range undo {
		uw, uh := w, h
		if turn.Sideways() {
			uw, uh = h, w
		}
		for y := range uh {
			for x := range uw {
				stored := turn.source(x, y, uw, uh)
				if again := back.source(stored.X, stored.Y, w, h); again.X != x || again.Y != y {
					t.Errorf("orientation %d: (%d, %d) comes back at %v", turn, x, y, again)
				}
			}
		}
	}
}
