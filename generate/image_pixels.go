package generate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// ImagePixels says how the pixels of a picture become an array of numbers, for a
// package that declares no image input: a channel of 0 to 255 times Scale, less Mean,
// divided by Std.
type ImagePixels struct {
	// Scale is what a channel is multiplied by; nil means 1/255.
	Scale *float64 `json:"scale,omitempty"`
	// Mean and Std have a number for each channel, or one for all, in the order red,
	// green, blue. Empty means 0 and 1.
	Mean []float64 `json:"mean,omitempty"`
	Std  []float64 `json:"std,omitempty"`
	// Layout is "channels_first", [.., 3, height, width], or "channels_last",
	// [.., height, width, 3]; empty means as the shape tells.
	Layout string `json:"layout,omitempty"`
	// Order is "rgb", the default, or "bgr".
	Order string `json:"order,omitempty"`
}

const (
	channelsFirst = "channels_first"
	channelsLast  = "channels_last"
	// maxPictureNumbers bounds the array of all crops of a picture.
	maxPictureNumbers = 1 << 27
)

func pixelFields(p *ImagePixels) fieldReaders {
	floats := func(n *float64) func(json.RawMessage) error { return jsonInto(n) }
	return fieldReaders{
		"scale": jsonInto(&p.Scale), "mean": intoList(&p.Mean, 4, floats), "std": intoList(&p.Std, 4, floats),
		"layout": jsonInto(&p.Layout), "order": jsonInto(&p.Order),
	}
}

// clone returns a copy that shares nothing with p. Nil stays nil.
func (p *ImagePixels) clone() *ImagePixels {
	if p == nil {
		return nil
	}
	c := *p
	if p.Scale != nil {
		c.Scale = new(*p.Scale)
	}
	c.Mean, c.Std = slices.Clone(p.Mean), slices.Clone(p.Std)
	return &c
}

// check reports whether the fields are in range. Nil is.
func (p *ImagePixels) check() error {
	if p == nil {
		return nil
	}
	finite := func(v float64) bool { return math.Abs(v) <= math.MaxFloat32 }
	if p.Scale != nil && (!finite(*p.Scale) || *p.Scale == 0) {
		return driverErrorf("image.pixels.scale", "is %v, want a number that is not 0", *p.Scale)
	}
	for _, list := range []struct {
		name   string
		values []float64
		ok     func(float64) bool
		want   string
	}{
		{"mean", p.Mean, finite, "a number"},
		{"std", p.Std, func(v float64) bool { return v >= 1e-30 && finite(v) }, "a number above 0"},
	} {
		if n := len(list.values); n != 0 && n != 1 && n != 3 {
			return driverErrorf("image.pixels."+list.name, "has %d numbers, want 1, or 3 for red, green and blue", n)
		}
		for i, v := range list.values {
			if !list.ok(v) {
				return driverErrorf(fmt.Sprintf("image.pixels.%s.%d", list.name, i), "is %v, want %s", v, list.want)
			}
		}
	}
	switch {
	case !slices.Contains([]string{"", channelsFirst, channelsLast}, p.Layout):
		return driverErrorf("image.pixels.layout", "is %q, want %s or %s", p.Layout, channelsFirst, channelsLast)
	case !slices.Contains([]string{"", "rgb", "bgr"}, p.Order):
		return driverErrorf("image.pixels.order", "is %q, want rgb or bgr", p.Order)
	}
	return nil
}

// preprocessorNames are the files in which Hugging Face's processors keep how pictures
// are prepared.
var preprocessorNames = []string{"preprocessor_config.json", "processor_config.json"}

// readPreprocessor reads how pictures are prepared beside the packages, nil where no
// file says it.
func (s *source) readPreprocessor() (*ImagePixels, error) {
	for _, name := range preprocessorNames {
		data, err := storage.ReadOptional(s.fsys, path.Join(path.Dir(s.pkg), name), maxConfigBytes)
		if err != nil {
			return nil, err
		}
		if data == nil {
			continue
		}
		p, err := parsePreprocessor(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if p != nil {
			return p, nil
		}
	}
	return nil, nil
}

// parsePreprocessor takes the numbers out of a processor's file, nil where it has none.
func parsePreprocessor(data []byte) (*ImagePixels, error) {
	fields, err := jsonObject(data)
	if err != nil {
		return nil, err
	}
	if inner, ok := fields["image_processor"]; ok {
		if fields, err = jsonObject(inner); err != nil {
			return nil, inside("image_processor", err)
		}
	}
	p, known := new(ImagePixels), false
	rescales, normalizes := true, true
	for _, f := range []struct {
		name string
		read func(json.RawMessage) error
	}{
		{"do_rescale", jsonInto(&rescales)},
		{"do_normalize", jsonInto(&normalizes)},
		{"rescale_factor", jsonInto(&p.Scale)},
		{"image_mean", intoNumbers(&p.Mean)},
		{"image_std", intoNumbers(&p.Std)},
	} {
		raw, ok := fields[f.name]
		if !ok || string(raw) == "null" {
			continue
		}
		known = true
		if err := f.read(raw); err != nil {
			return nil, inside(f.name, err)
		}
	}
	if !known {
		return nil, nil
	}
	if !rescales {
		p.Scale = new(1.0)
	}
	if !normalizes {
		p.Mean, p.Std = nil, nil
	}
	return p, p.check()
}

// intoNumbers reads a number, or a list of a few.
func intoNumbers(dst *[]float64) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if strings.HasPrefix(string(raw), "[") {
			return intoList(dst, 4, func(n *float64) func(json.RawMessage) error { return jsonInto(n) })(raw)
		}
		*dst = []float64{0}
		return jsonInto(&(*dst)[0])(raw)
	}
}

// namesPixels reports whether an input without image type takes a picture, as its name
// and its shape say.
func namesPixels(in *coreml.FeatureDescription) bool {
	if in.Kind != coreml.KindMultiArray || !in.DType.IsFloat() || !nameContains(in, "pixel") && !(nameContains(in, "image") && axes.Rank(in) >= 4) {
		return false
	}
	_, _, err := pixelAxes(in, "")
	return err == nil
}

// pixelAxes returns the axis of the channels and that of the height, in front of that
// of the width, counted from the end.
func pixelAxes(in *coreml.FeatureDescription, layout string) (channels, height int, err error) {
	n := axes.Rank(in)
	if n < 3 || n > 5 {
		return 0, 0, errors.New("has not the shape [.., 3, height, width] or [.., height, width, 3]")
	}
	is := func(axis int) bool {
		lo, hi := axes.Bounds(in, axis)
		return lo == hi && (hi == 3 || hi == 1)
	}
	first, last := is(-3), is(-1)
	if first && last { // one of them may be a side
		_, a := axes.Bounds(in, -3)
		_, b := axes.Bounds(in, -1)
		if a != b {
			first, last = a == 3, b == 3
		}
	}
	switch {
	case layout == channelsFirst && first, layout == "" && first && !last:
		return -3, -2, nil
	case layout == channelsLast && last, layout == "" && last && !first:
		return -1, -3, nil
	case layout == "" && first && last:
		return 0, 0, errLayout
	}
	return 0, 0, errors.New("has no axis of 3 channels, or of 1, where the layout has it")
}

// errLayout is the error of a shape that could be read in both ways.
var errLayout = errors.New("may have its channels first or last")

// pixelArray is an input that takes pictures as an array.
type pixelArray struct {
	f                *coreml.FeatureDescription
	channels, height int // axes, counted from the end
	crops            int // that one prediction takes
	planes           int
	scale, shift     [3]float32 // of red, green and blue, or of grey
	order            [3]int     // the channel of the picture for each of the array
}

// newPixelArray finds the axes of an input of arrays, and how its numbers are made.
func newPixelArray(f *coreml.FeatureDescription, p *ImagePixels) (*pixelArray, error) {
	a := &pixelArray{f: f, crops: 1}
	var err error
	if a.channels, a.height, err = pixelAxes(f, p.Layout); err != nil {
		field, hint := "image.input", ""
		if errors.Is(err, errLayout) || p.Layout != "" {
			field, hint = "image.pixels.layout", `; write into a driver file: {"image": {"pixels": {"layout": "channels_first"}}}, or channels_last`
		}
		return nil, driverErrorf(field, "input %s %v%s", f, err, hint)
	}
	if !f.DType.IsFloat() {
		return nil, driverErrorf("image.input", "input %s is of type %v, want float32 or float16 for pixels", f, f.DType)
	}
	_, a.planes = axes.Bounds(f, a.channels)
	n := axes.Rank(f)
	for i := range n - 3 {
		lo, hi := axes.Bounds(f, i)
		if lo == hi {
			if lo < 1 || a.crops > maxCrops/lo {
				return nil, driverErrorf("image.input", "input %s takes more than the %d crops of any picture", f, maxCrops)
			}
			a.crops *= lo
		}
	}
	scale := valueOr(p.Scale, 1.0/255)
	for c := range 3 {
		mean, std := channelValue(p.Mean, c, 0), channelValue(p.Std, c, 1)
		a.scale[c], a.shift[c] = float32(scale/std), float32(-mean/std)
		a.order[c] = c
		if p.Order == "bgr" {
			a.order[c] = 2 - c
		}
	}
	return a, nil
}

// channelValue returns the number of a channel of a list with one, or one for each.
func channelValue(list []float64, c int, none float64) float64 {
	switch len(list) {
	case 0:
		return none
	case 1:
		return list[0]
	}
	return list[c]
}

// described returns the input as if it were one of images, [1, channels, height, width]:
// its sizes are those of a crop.
func (a *pixelArray) described() *coreml.FeatureDescription {
	d := &coreml.FeatureDescription{Name: a.f.Name, Kind: coreml.KindImage, Pixels: coreml.PixelsRGB, Optional: a.f.Optional, Text: a.f.Text}
	if a.planes == 1 {
		d.Pixels = coreml.PixelsGray
	}
	pick := func(shape []int) []int {
		n := len(shape)
		return []int{1, a.planes, shape[n+a.height], shape[n+a.height+1]}
	}
	if len(a.f.Shape) >= 3 {
		d.Shape = pick(a.f.Shape)
	}
	for _, shape := range a.f.Enumerated {
		if len(shape) >= 3 {
			d.Enumerated = append(d.Enumerated, pick(shape))
		}
	}
	if n := len(a.f.Ranges); n >= 3 {
		one, c := coreml.Range{Lower: 1, Upper: 1}, coreml.Range{Lower: a.planes, Upper: a.planes}
		d.Ranges = []coreml.Range{one, c, a.f.Ranges[n+a.height], a.f.Ranges[n+a.height+1]}
	}
	return d
}

// make returns the array of crops of one size, as many as a prediction takes.
func (a *pixelArray) make(ctx context.Context, crops []image.Image) (*tensor.Tensor, error) {
	size := crops[0].Bounds().Size()
	n := axes.Rank(a.f)
	shape := make([]int, n)
	for i := range shape {
		if shape[i] = 1; i < n-3 {
			if lo, hi := axes.Bounds(a.f, i); lo == hi {
				shape[i] = lo
			}
		}
	}
	shape[n+a.channels], shape[n+a.height], shape[n+a.height+1] = a.planes, size.Y, size.X
	each := a.planes * size.X * size.Y
	if size.X <= 0 || size.Y <= 0 || each/size.X/size.Y != a.planes || each > maxPictureNumbers/len(crops) {
		return nil, fmt.Errorf("%w: %d crops of %d by %d pixels", ErrConfig, len(crops), size.X, size.Y)
	}
	data := make([]float32, each*len(crops))
	pixel, plane := a.planes, 1 // how far apart neighbours lie, and the channels of one pixel
	if a.channels == -3 {
		pixel, plane = 1, size.X*size.Y
	}
	for i, img := range crops {
		b := img.Bounds()
		for y := range size.Y {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			for x := range size.X {
				at := i*each + (y*size.X+x)*pixel
				a.write(data[at:], plane, img.At(b.Min.X+x, b.Min.Y+y))
			}
		}
	}
	t := tensor.Wrap(data, shape...).To(a.f.DType)
	return t, t.Err()
}

// write writes the channels of one pixel, so far apart.
func (a *pixelArray) write(dst []float32, apart int, c color.Color) {
	if a.planes == 1 {
		if g, ok := color.GrayModel.Convert(c).(color.Gray); ok {
			dst[0] = float32(float32(g.Y)*a.scale[0]) + a.shift[0] // rounded twice, on every machine
		}
		return
	}
	if p, ok := color.NRGBAModel.Convert(c).(color.NRGBA); ok { // transparency is left out
		v := [3]uint8{p.R, p.G, p.B}
		for k, from := range a.order {
			dst[k*apart] = float32(float32(v[from])*a.scale[from]) + a.shift[from]
		}
	}
}
