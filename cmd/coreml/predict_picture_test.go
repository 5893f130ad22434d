package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/imaging"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/tensor"
)

// seen returns the numbers that the model's program gets for the picture.
func seen(t *testing.T, model, file string, flags ...string) []float32 {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out.safetensors")
	r := call(t, append([]string{"predict", model, "--input", "x=" + file, "-o", out}, flags...)...)
	if r.status != exitOK {
		t.Fatalf("status %d: %s", r.status, r.err)
	}
	return readTensor(t, out, "y")
}

func TestAPictureGivesALabelWithItsProbabilities(t *testing.T) {
	const want = `classLabel = "fox"
classLabel_probs =
  "fox"  0.271925
  "cat"  0.261286
  "owl"  0.248795
  "dog"  0.217994
`
	for _, file := range []string{"im.png", "im.npy"} {
		r := call(t, "predict", "testdata/picture/model.mlpackage", "--input", "image=testdata/picture/"+file)
		if r.status != exitOK || r.out != want {
			t.Errorf("%s: status %d, %s%s", file, r.status, r.out, r.err)
		}
	}
	r := talk(t, object{"op": "load", "path": "testdata/picture/model.mlpackage"},
		object{"op": "predict", "model": "m1", "inputs": object{"image": object{"file": "testdata/picture/im.png"}}},
		object{"op": "predict", "model": "m1", "inputs": object{"image": object{"npy": "testdata/picture/im.npy"}}})
	for _, reply := range r[1:] {
		if out, _ := reply["outputs"].(object); out == nil || out["classLabel"].(object)["string"] != "fox" {
			t.Errorf("over standard input: %v", reply)
		}
	}
	feature := r[0]["description"].(object)["inputs"].([]any)[0].(object)
	if feature["type"] != "image" || feature["pixels"] != "rgb" {
		t.Errorf("described as %v", feature)
	}
}

func TestPicturesOfEveryKindOfPixel(t *testing.T) {
	rgb := pictureModel(t, sized(spaceRGB, 3, 2))
	for name, img := range map[string]image.Image{
		"RGBA of 8 bits":  shades(),
		"transparent":     seeThrough(shades()),
		"RGB of 16 bits":  deep(shades(), 0xffff),
		"RGBA of 16 bits": deep(shades(), 0),
		"palette":         palette(shades()),
	} {
		if got := seen(t, rgb, writePNG(t, img)); !slices.Equal(got, shadesRGB) {
			t.Errorf("%s: %v", name, got)
		}
	}
	bgr := slices.Concat(shadesRGB[12:], shadesRGB[6:12], shadesRGB[:6])
	if got := seen(t, pictureModel(t, sized(spaceBGR, 3, 2)), writePNG(t, shades())); !slices.Equal(got, bgr) {
		t.Errorf("BGR: %v", got)
	}
	gray := image.NewGray(image.Rect(0, 0, 3, 2))
	gray.Pix = []byte{0, 51, 102, 153, 204, 255}
	if got := seen(t, rgb, writePNG(t, gray)); !slices.Equal(got[:6], []float32{0, 51, 102, 153, 204, 255}) || !slices.Equal(got[:6], got[12:]) {
		t.Errorf("grey for colour: %v", got)
	}
	if got := seen(t, pictureModel(t, sized(spaceGray, 3, 2)), writePNG(t, gray)); !slices.Equal(got, []float32{0, 51, 102, 153, 204, 255}) {
		t.Errorf("grey: %v", got)
	}
	half := pictureModel(t, sized(spaceGrayHalf, 3, 2))
	for i, got := range seen(t, half, writePNG(t, gray)) {
		if want := float32(i) / 5; math.Abs(float64(got-want)) > 1e-3 {
			t.Errorf("grey for float16: pixel %d is %v, want %v", i, got, want)
		}
	}
	floats := writeNPY(t, tensor.FromSlice([]float32{-1, 0.5, 3, 1000, 0, 0.25}, 2, 3))
	if got := seen(t, half, floats); !slices.Equal(got, []float32{-1, 0.5, 3, 1000, 0, 0.25}) {
		t.Errorf("floats: %v", got)
	}
}

// seeThrough makes the pixels of a picture transparent.
func seeThrough(img *image.NRGBA) *image.NRGBA {
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = byte(i)
	}
	return img
}

// deep makes a picture of 16 bits.
func deep(img *image.NRGBA, alpha uint16) *image.NRGBA64 {
	out := image.NewNRGBA64(img.Rect)
	for y := range 2 {
		for x := range 3 {
			c := img.NRGBAAt(x, y)
			out.SetNRGBA64(x, y, color.NRGBA64{uint16(c.R) * 0x101, uint16(c.G) * 0x101, uint16(c.B) * 0x101, alpha})
		}
	}
	return out
}

// palette makes a picture with a palette, half of it transparent.
func palette(img *image.NRGBA) *image.Paletted {
	out := image.NewPaletted(img.Rect, nil)
	for i := range 6 {
		c := img.NRGBAAt(i%3, i/3)
		c.A = uint8(127 + 128*(i%2))
		out.Palette = append(out.Palette, c)
		out.SetColorIndex(i%3, i/3, uint8(i))
	}
	return out
}

func TestArraysOfPixelsInEveryLayout(t *testing.T) {
	model := pictureModel(t, sized(spaceRGB, 3, 2))
	planar := tensor.FromSlice(shadesRGB, 3, 2, 3).To(tensor.UInt8)
	last := planar.Transpose(1, 2, 0).Contiguous()
	for name, x := range map[string]*tensor.Tensor{
		"channels last":              last,
		"channels first":             planar,
		"channels first, leading 1":  planar.Reshape(1, 3, 2, 3),
		"channels last, leading 1":   last.Reshape(1, 2, 3, 3),
		"int64":                      last.To(tensor.Int64),
		"whole floating-point":       planar.To(tensor.Float32),
		"with an ignored fourth one": tensor.Concat(2, last, tensor.New(tensor.UInt8, 2, 3, 1)),
	} {
		if got := seen(t, model, writeNPY(t, x)); !slices.Equal(got, shadesRGB) {
			t.Errorf("%s: %v", name, got)
		}
	}
	for name, tc := range map[string]struct {
		x    *tensor.Tensor
		want string
	}{
		"fractions":      {planar.To(tensor.Float32).Div(tensor.Scalar[float32](255)), "whole numbers from 0 to 255"},
		"beyond 8 bits":  {planar.To(tensor.Int32).Add(tensor.Scalar[int32](100)), "whole numbers from 0 to 255"},
		"bools":          {planar.To(tensor.Bool), "uint8"},
		"one dimension":  {planar.Reshape(18), "no picture"},
		"two pictures":   {tensor.New(tensor.UInt8, 2, 3, 2, 3), "no picture"},
		"another size":   {tensor.New(tensor.UInt8, 5, 7, 3), "3 wide and 2 high; the picture is 7 wide and 5 high"},
		"no pixels":      {tensor.New(tensor.UInt8, 0, 3, 3), "3 wide and 2 high"},
		"more than fits": {tensor.New(tensor.UInt8, 1200, 1200, 3), "at most"},
	} {
		r := call(t, "predict", model, "--input", "x="+writeNPY(t, tc.x))
		if r.status != exitFailure || !strings.Contains(r.err, tc.want) {
			t.Errorf("%s: status %d, %s", name, r.status, r.err)
		}
	}
}

// jpegWithOrientation returns a picture of 16 by 8 pixels, white on the left,
// with an EXIF orientation.
func jpegWithOrientation(t *testing.T, order binary.AppendByteOrder, o uint16) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 16, 8))
	for i := range img.Pix {
		if i%16 < 8 {
			img.Pix[i] = 255
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	exif := append([]byte("Exif\x00\x00"), tiff(order, o)...)
	segment := append([]byte{0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
	return slices.Concat(b.Bytes()[:2], segment, b.Bytes()[2:])
}

// tiff is a directory with an orientation.
func tiff(order binary.AppendByteOrder, o uint16) []byte {
	raw := []byte("II*\x00")
	if order.String() == "BigEndian" {
		raw = []byte("MM\x00*")
	}
	raw = order.AppendUint32(raw, 8)
	raw = order.AppendUint16(raw, 1)
	raw = order.AppendUint16(raw, 0x0112)
	raw = order.AppendUint16(raw, 3)
	raw = order.AppendUint32(raw, 1)
	raw = order.AppendUint16(raw, o)
	return append(raw, 0, 0, 0, 0, 0, 0)
}

func TestPicturesAreTurnedUpright(t *testing.T) {
	wide, high := pictureModel(t, sized(spaceGray, 16, 8)), pictureModel(t, sized(spaceGray, 8, 16))
	// Where the white half of the upright picture is.
	for o, want := range map[uint16]string{1: "left", 2: "right", 3: "right", 4: "left", 5: "top", 6: "top", 7: "bottom", 8: "bottom"} {
		file := filepath.Join(t.TempDir(), "x.jpg")
		order := binary.AppendByteOrder(binary.LittleEndian)
		if o%2 == 0 {
			order = binary.BigEndian
		}
		if err := os.WriteFile(file, jpegWithOrientation(t, order, o), 0o600); err != nil {
			t.Fatal(err)
		}
		model, width := wide, 16
		if o > 4 {
			model, width = high, 8
		}
		got := seen(t, model, file)
		corners := map[[2]bool]string{{true, false}: "left or top", {true, true}: "", {false, true}: "right or bottom", {false, false}: ""}
		half := corners[[2]bool{got[0] > 128, got[len(got)-1] > 128}]
		if half == "" || !strings.Contains(half, want) {
			t.Errorf("orientation %d: the white half is %s of %d wide, want %s", o, half, width, want)
		}
	}
}

func TestPNGIsTurnedToo(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, shades()); err != nil {
		t.Fatal(err)
	}
	chunk := append([]byte("eXIf"), tiff(binary.BigEndian, 3)...)
	raw := binary.BigEndian.AppendUint32(nil, uint32(len(chunk)-4))
	raw = append(raw, chunk...)
	raw = binary.BigEndian.AppendUint32(raw, crc32.ChecksumIEEE(chunk))
	file := filepath.Join(t.TempDir(), "x.png")
	const head = 8 + 25 // the mark and the first chunk
	if err := os.WriteFile(file, slices.Concat(b.Bytes()[:head], raw, b.Bytes()[head:]), 0o600); err != nil {
		t.Fatal(err)
	}
	got := seen(t, pictureModel(t, sized(spaceRGB, 3, 2)), file)
	if want := []float32{50, 40, 30, 20, 10, 0}; !slices.Equal(got[:6], want) {
		t.Errorf("red is %v, want %v", got[:6], want)
	}
}

func TestJPEGOfOtherKinds(t *testing.T) {
	model := pictureModel(t, sized(spaceRGB, 16, 16))
	a, b := seen(t, model, "testdata/picture/cmyk.jpg"), seen(t, model, "testdata/picture/progressive.jpg")
	apart := 0.0
	for i := range a {
		apart += math.Abs(float64(a[i] - b[i]))
	}
	if mean := apart / float64(len(a)); mean > 12 { // both are coarse
		t.Errorf("the same picture as CMYK and as RGB differs by %.1f on average", mean)
	}
}

func TestPicturesThatDoNotFit(t *testing.T) {
	model := pictureModel(t, sized(spaceRGB, 3, 2))
	big := writePNG(t, image.NewGray(image.Rect(0, 0, 7, 5)))
	notPNG := filepath.Join(t.TempDir(), "x.png")
	if err := os.WriteFile(notPNG, []byte("GIF89a and so on"), 0o600); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.png")
	whole, err := os.ReadFile("testdata/picture/im.png")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	open := milpb.ImageFeatureType{ColorSpace: spaceRGB, Width: 3, Height: 2, Widths: &milpb.SizeRange{Lower: 1, Upper: 4}, Heights: &milpb.SizeRange{Lower: 1, Upper: -1}}
	for name, tc := range map[string]struct{ model, file, want string }{
		"another size":     {model, big, "image rgb (1 x 3 x 2 x 3), 3 wide and 2 high; the picture is 7 wide and 5 high: scale it first, or give --resize"},
		"beyond a range":   {pictureModel(t, open), big, "1..4 wide and 1.. high"},
		"no picture":       {model, notPNG, "malformed picture"},
		"half a picture":   {"testdata/picture/model.mlpackage", cut, "malformed picture"},
		"not for an array": {adder(t), big, "is a picture, and the input is multi-array float32 (2 x 2)"},
	} {
		input := "x=" + tc.file
		if strings.HasPrefix(tc.model, "testdata") {
			input = "image=" + tc.file
		}
		r := call(t, "predict", tc.model, "--input", input)
		if r.status != exitFailure || !strings.Contains(r.err, tc.want) {
			t.Errorf("%s: status %d, %s", name, r.status, r.err)
		}
	}
	if got := seen(t, model, big, "--resize"); len(got) != len(shadesRGB) {
		t.Errorf("scaled: %v", got)
	}
}

// bomb is a picture file that says how large it is and has no pixels.
func bomb(format fileFormat, width, height uint32) []byte {
	if format == formatJPEG {
		frame := []byte{0xff, 0xd8, 0xff, 0xc2, 0, 17, 8}
		frame = binary.BigEndian.AppendUint16(frame, uint16(height))
		frame = binary.BigEndian.AppendUint16(frame, uint16(width))
		return append(frame, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0)
	}
	chunk := []byte("IHDR")
	chunk = binary.BigEndian.AppendUint32(chunk, width)
	chunk = binary.BigEndian.AppendUint32(chunk, height)
	chunk = append(chunk, 16, 6, 0, 0, 0)
	raw := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	raw = append(raw, chunk...)
	raw = binary.BigEndian.AppendUint32(raw, crc32.ChecksumIEEE(chunk))
	return append(raw, "\x00\x00\x00\x00IDAT\x35\xaf\x06\x1e"...)
}

func TestHugePicturesAreRefusedBeforeMemoryIsTaken(t *testing.T) {
	for name, format := range map[string]fileFormat{"png": formatPNG, "jpeg": formatJPEG} {
		raw := bomb(format, 8000, 8000)
		any := func(image.Point) error { return nil }
		if _, err := decodePicture(t.Context(), bytes.NewReader(raw), format, any); err == nil || !strings.Contains(err.Error(), "takes more than") {
			t.Errorf("%s: %v", name, err)
		}
		// The model's size is looked at first.
		d := &coreml.FeatureDescription{Kind: coreml.KindImage, Pixels: coreml.PixelsRGB, Shape: []int{1, 3, 2, 3}}
		fits := func(size image.Point) error { return checkPicture(d, size, nil) }
		if _, err := decodePicture(t.Context(), bytes.NewReader(raw), format, fits); err == nil || !strings.Contains(err.Error(), "3 wide and 2 high") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A progressive frame behind what no scan for it understands.
	hidden := slices.Concat([]byte{0xff, 0xd8}, bytes.Repeat([]byte{0}, 4000), bomb(formatJPEG, 5000, 5000)[2:])
	if _, progressive, err := imaging.Look(bytes.NewReader(hidden), imaging.JPEG); !progressive || err != nil {
		t.Errorf("a hidden frame: progressive %v, %v", progressive, err)
	}
}

func TestNumbersAreScaledAsNumbers(t *testing.T) {
	f := &coreml.FloatGray{Pix: []float32{-1, 3, 9, 9}, Stride: 2, Rect: image.Rect(0, 0, 2, 2)}
	got, err := resize(t.Context(), f, image.Pt(1, 1))
	if err != nil || got.(*coreml.FloatGray).Pix[0] != 5 {
		t.Errorf("the mean of numbers is %v, %v, want 5", got, err)
	}
}

func FuzzPictures(f *testing.F) {
	for _, file := range []string{"im.png", "cmyk.jpg", "progressive.jpg"} {
		raw, err := os.ReadFile("testdata/picture/" + file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, strings.HasSuffix(file, ".jpg"))
	}
	f.Add(bomb(formatJPEG, 60, 60), true)
	d := &coreml.FeatureDescription{Kind: coreml.KindImage, Pixels: coreml.PixelsRGB, Shape: []int{1, 3, 4, 4}}
	f.Fuzz(func(t *testing.T, raw []byte, isJPEG bool) {
		format := formatPNG
		if isJPEG {
			format = formatJPEG
		}
		small := func(size image.Point) error {
			if size.X > 1000 || size.Y > 1000 {
				return tensor.ErrShape
			}
			return nil
		}
		img, err := decodePicture(t.Context(), bytes.NewReader(raw), format, small)
		if err != nil {
			return
		}
		fitted, err := fitPicture(t.Context(), d, img, &imageOptions{resize: true})
		if err != nil || fitted.Bounds().Size() != image.Pt(4, 4) {
			t.Fatalf("%v, %v", fitted.Bounds(), err)
		}
	})
}
