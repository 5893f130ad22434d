package coreml_test

import (
	"context"
	"errors"
	"image"
	"image/color"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/tensor"
)

// picture loads a program that multiplies an image by factor.
func picture(t *testing.T, in, out milpb.ImageFeatureType, channels int, factor float32) *coreml.Model {
	t.Helper()
	dt := dtype.Float32
	if in.ColorSpace == 40 {
		dt = dtype.Float16
	}
	b := mil.NewBuilder("main", "CoreML7")
	x := b.Input("x", dt, 1, channels, mil.Unknown, mil.Unknown)
	y := b.Op("mul", "y", x.Type, mil.Args{"x": x, "y": b.Float("factor", dt, factor)})
	b.Output("y", y)
	return described(t, b, &milpb.ModelDescription{
		Input:  []milpb.FeatureDescription{{Name: "x", Type: &milpb.FeatureType{Kind: milpb.ImageFeature, Image: &in}}},
		Output: []milpb.FeatureDescription{{Name: "y", Type: &milpb.FeatureType{Kind: milpb.ImageFeature, Image: &out}}},
	})
}

// described loads a program with the given description.
func described(t *testing.T, b *mil.Builder, d *milpb.ModelDescription) *coreml.Model {
	t.Helper()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "model.mlpackage")
	if err := mil.Write(dir, p, d); err != nil {
		t.Fatal(err)
	}
	m, err := coreml.Load(t.Context(), dir, portable)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func show(t *testing.T, m *coreml.Model, img image.Image) image.Image {
	t.Helper()
	out, err := m.Predict(t.Context(), coreml.Features{"x": coreml.Image(img)}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out["y"].Image()
}

func TestColourImagesKeepTheirColours(t *testing.T) {
	in := image.NewRGBA(image.Rect(5, 5, 7, 6))
	in.Set(5, 5, color.RGBA{10, 20, 200, 255})
	in.Set(6, 5, color.RGBA{1, 2, 3, 255})
	flexible := milpb.ImageFeatureType{Width: 2, Height: 1, ColorSpace: 20, Widths: &milpb.SizeRange{Lower: 1, Upper: 2}, Heights: &milpb.SizeRange{Lower: 1, Upper: -1}}
	for name, tc := range map[string]struct {
		in, out milpb.ImageFeatureType
		want    []color.NRGBA
	}{
		"RGB to RGB": {flexible, milpb.ImageFeatureType{ColorSpace: 20}, []color.NRGBA{{20, 40, 255, 255}, {2, 4, 6, 255}}},
		"BGR to BGR": {
			milpb.ImageFeatureType{Width: 2, Height: 1, ColorSpace: 30},
			milpb.ImageFeatureType{ColorSpace: 30},
			[]color.NRGBA{{20, 40, 255, 255}, {2, 4, 6, 255}},
		},
		"BGR taken for RGB": {
			milpb.ImageFeatureType{ColorSpace: 30, Sizes: []milpb.ImageSize{{Width: 9, Height: 9}, {Width: 2, Height: 1}}},
			milpb.ImageFeatureType{ColorSpace: 20},
			[]color.NRGBA{{255, 40, 20, 255}, {6, 4, 2, 255}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := picture(t, tc.in, tc.out, 3, 2)
			out := show(t, m, in)
			for k, want := range tc.want {
				if got := color.NRGBAModel.Convert(out.At(k, 0)); got != want {
					t.Errorf("pixel %d is %v, want %v", k, got, want)
				}
			}
			wide := image.NewGray(image.Rect(0, 0, 3, 1))
			if _, err := m.Predict(t.Context(), coreml.Features{"x": coreml.Image(wide)}, nil, nil); !errors.Is(err, coreml.ErrShape) {
				t.Errorf("an image of another size: %v", err)
			}
			if _, err := m.Predict(t.Context(), coreml.Features{"x": coreml.Image(nil)}, nil, nil); !errors.Is(err, coreml.ErrKind) {
				t.Errorf("no image: %v", err)
			}
			if _, err := m.Predict(t.Context(), coreml.Features{"x": coreml.Image(image.Black)}, nil, nil); !errors.Is(err, coreml.ErrShape) {
				t.Errorf("an image without an end: %v", err)
			}
		})
	}
}

func TestGreyImages(t *testing.T) {
	gray := image.NewGray(image.Rect(0, 0, 2, 1))
	gray.Pix = []byte{100, 7}
	size := milpb.ImageFeatureType{Width: 2, Height: 1, ColorSpace: 10}
	m := picture(t, size, size, 1, 0.5)
	if got := show(t, m, gray).(*image.Gray).Pix; !cmp.Equal(got, []byte{50, 4}) { // 3.5 rounds to even
		t.Errorf("pixels %v", got)
	}
	if got, want := m.Description().Inputs[0].Type(), "image gray (1 x 1 x 1 x 2)"; got != want {
		t.Errorf("described as %q, want %q", got, want)
	}

	half := milpb.ImageFeatureType{Width: 2, Height: 1, ColorSpace: 40}
	m = picture(t, half, half, 1, 0.5)
	floats := &coreml.FloatGray{Pix: []float32{0.5, -3, 9, 9}, Stride: 2, Rect: gray.Rect}
	out, ok := show(t, m, floats).(*coreml.FloatGray)
	if !ok || !cmp.Equal(out.Pix, []float32{0.25, -1.5}) {
		t.Fatalf("pixels %v", out)
	}
	if got := color.Gray16Model.Convert(out.At(0, 0)); got != (color.Gray16{0x4000}) {
		t.Errorf("a quarter shows as %v", got)
	}
	if got := out.At(1, 0); got != (color.Gray16{}) {
		t.Errorf("a negative number shows as %v", got)
	}
	white := image.NewGray(gray.Rect)
	white.Pix = []byte{255, 0}
	if out, ok := show(t, m, white).(*coreml.FloatGray); !ok || !cmp.Equal(out.Pix, []float32{0.5, 0}) {
		t.Errorf("a grey image gives %v", out)
	}
}

// classifier loads a program that classifies by three probabilities.
func classifier(t *testing.T, labels *mil.Const, kind milpb.FeatureKind) *coreml.Model {
	t.Helper()
	b := mil.NewBuilder("main", "CoreML7")
	x := b.Input("x", dtype.Float32, 1, 3)
	classes := &mil.Value{Name: "", Type: mil.Type{Kind: mil.List, DType: labels.DType}, Const: labels}
	results := []mil.Type{mil.TensorType(labels.DType), {Kind: mil.Dictionary, DType: labels.DType}}
	out := b.MultiOp("classify", "best", results, mil.Args{"probabilities": x, "classes": classes})
	b.Output("label", out[0])
	b.Output("probabilities", out[1])
	array := &milpb.ArrayFeatureType{Shape: []int64{1, 3}, DataType: milpb.ArrayFloat32}
	keys := &milpb.DictionaryFeatureType{Key: kind}
	return described(t, b, &milpb.ModelDescription{
		Input: []milpb.FeatureDescription{{Name: "x", Type: &milpb.FeatureType{Kind: milpb.MultiArrayFeature, Array: array}}},
		Output: []milpb.FeatureDescription{
			{Name: "label", Type: &milpb.FeatureType{Kind: kind}},
			{Name: "probabilities", Type: &milpb.FeatureType{Kind: milpb.DictionaryFeature, Dictionary: keys}},
		},
	})
}

func TestClassifiersGiveLabels(t *testing.T) {
	in := coreml.Features{"x": coreml.MultiArray(tensor.FromSlice([]float32{0.25, 0.5, 0.25}, 1, 3))}
	texts := &mil.Const{DType: dtype.String, Shape: []int{3}, Strings: []string{"cat", "dog", "fish"}}
	m := classifier(t, texts, milpb.StringFeature)
	out, err := m.Predict(t.Context(), in, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := out["label"].Text(); got != "dog" {
		t.Errorf("label %v", out["label"])
	}
	if got, want := out["probabilities"].Dictionary(), map[string]float64{"cat": 0.25, "dog": 0.5, "fish": 0.25}; !cmp.Equal(got, want) {
		t.Errorf("probabilities %v", got)
	}

	numbers := &mil.Const{DType: dtype.Int64, Shape: []int{3}, Data: []byte{
		1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,
	}}
	m = classifier(t, numbers, milpb.Int64Feature)
	if out, err = m.Predict(t.Context(), in, nil, nil); err != nil {
		t.Fatal(err)
	}
	if got, ok := out["label"].Int64(); !ok || got != 1<<40 {
		t.Errorf("label %v", out["label"])
	}
	if got := m.Description().Outputs[1].Labels; !cmp.Equal(got, []string{"1", "1099511627776", "3"}) {
		t.Errorf("labels %v", got)
	}
}

// ending is a picture during whose reading a context ends.
type ending struct {
	image.Gray
	cancel context.CancelFunc
	asked  int
}

func (e *ending) At(x, y int) color.Color {
	e.cancel()
	e.asked++
	return e.Gray.At(x, y)
}

func TestAContextEndsTheReadingOfAPicture(t *testing.T) {
	m := picture(t, milpb.ImageFeatureType{Width: 2048, Height: 2048, ColorSpace: 10}, milpb.ImageFeatureType{ColorSpace: 10}, 1, 1)
	ctx, cancel := context.WithCancel(t.Context())
	img := &ending{Gray: *image.NewGray(image.Rect(0, 0, 2048, 2048)), cancel: cancel}
	_, err := m.Predict(ctx, coreml.Features{"x": coreml.Image(img)}, nil, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if img.asked == 0 || img.asked > 1<<18 {
		t.Errorf("%d of %d pixels were read", img.asked, 2048*2048)
	}
}
