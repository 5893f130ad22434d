package imaging

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"os"
	"testing"
)

// pillowPicture is what Pillow made of a picture, three bytes a pixel.
type pillowPicture struct {
	File          []byte // of a PNG with an orientation
	Width, Height int
	Pixels        []byte
}

// check compares a picture with Pillow's, which rounds to 8 bits between the two passes: one
// step of colour is left for that.
func (p *pillowPicture) check(t *testing.T, img image.Image) {
	t.Helper()
	got, err := Scale(t.Context(), img, image.Pt(p.Width, p.Height))
	if err != nil {
		t.Fatal(err)
	}
	out, ok := got.(*image.NRGBA)
	if !ok || len(out.Pix)/4*3 != len(p.Pixels) {
		t.Fatalf("%v of %T, want %d x %d", got.Bounds(), got, p.Width, p.Height)
	}
	for i, want := range p.Pixels {
		v := out.Pix[i/3*4+i%3]
		if d := int(v) - int(want); d < -1 || d > 1 {
			t.Errorf("%d x %d: byte %d is %d, want %d", p.Width, p.Height, i, v, want)
		}
	}
}

func TestScalingAndTurningArePillows(t *testing.T) {
	data, err := os.ReadFile("testdata/pillow.json") // testdata/gen/pillow.py wrote it
	if err != nil {
		t.Fatal(err)
	}
	var recorded struct{ Scaled, Turned []pillowPicture }
	if err := json.Unmarshal(data, &recorded); err != nil {
		t.Fatal(err)
	}
	if len(recorded.Scaled) != 8 || len(recorded.Turned) != 8 {
		t.Fatalf("there are %d and %d pictures", len(recorded.Scaled), len(recorded.Turned))
	}
	src := image.NewNRGBA(image.Rect(2, 3, 33, 20))
	for y := range 17 {
		for x := range 31 {
			at := func(c int) uint8 { return uint8((x*x*7 + y*37 + c*91 + x*y*(c+3)) % 256) }
			src.SetNRGBA(x+2, y+3, color.NRGBA{at(0), at(1), at(2), 255})
		}
	}
	for i := range recorded.Scaled {
		recorded.Scaled[i].check(t, src)
	}
	for i := range recorded.Turned {
		p := &recorded.Turned[i]
		turn, _, err := Look(bytes.NewReader(p.File), PNG)
		if err != nil || int(turn) != i+1 {
			t.Errorf("orientation %d is read as %d (%v)", i+1, turn, err)
		}
		img, err := png.Decode(bytes.NewReader(p.File))
		if err != nil {
			t.Fatal(err)
		}
		p.check(t, turn.Apply(img))
	}
}

func TestWhatIsNotSeenIsLeftOut(t *testing.T) {
	bounds := image.Rect(0, 0, 1, 1)
	straight, deep := image.NewNRGBA(bounds), image.NewNRGBA64(bounds)
	straight.SetNRGBA(0, 0, color.NRGBA{10, 20, 30, 0})
	deep.SetNRGBA64(0, 0, color.NRGBA64{0x0a0a, 0x1414, 0x1e1e, 7})
	palette := image.NewPaletted(bounds, color.Palette{color.NRGBA{10, 20, 30, 40}})
	for _, img := range []image.Image{straight, deep, palette} {
		if got := color.NRGBAModel.Convert(Opaque(img).At(0, 0)); got != (color.NRGBA{10, 20, 30, 255}) {
			t.Errorf("%T: %v", img, got)
		}
	}
}
