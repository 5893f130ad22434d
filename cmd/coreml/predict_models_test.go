package main

import (
	"image"
	"image/color"
	"image/png"
	"io"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/npy"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// The colour spaces of Core ML's specification.
const (
	spaceGray     = 10
	spaceRGB      = 20
	spaceBGR      = 30
	spaceGrayHalf = 40
)

// pictureModel writes a package whose output y holds the numbers that its program
// gets for the image x, and whose output z is the image again.
func pictureModel(t *testing.T, in milpb.ImageFeatureType) string {
	t.Helper()
	dt, channels := dtype.Float32, 1
	switch in.ColorSpace {
	case spaceRGB, spaceBGR:
		channels = 3
	case spaceGrayHalf:
		dt = dtype.Float16
	}
	b := mil.NewBuilder("main", "CoreML7")
	x := b.Input("x", dt, 1, channels, mil.Unknown, mil.Unknown)
	b.Output("y", b.Op("mul", "y", x.Type, mil.Args{"x": x, "y": b.Float("one", dt, 1)}))
	b.Output("z", b.Op("mul", "z", x.Type, mil.Args{"x": x, "y": b.Float("two", dt, 1)}))
	array := &milpb.ArrayFeatureType{DataType: milpb.ArrayFloat32}
	if dt == dtype.Float16 {
		array.DataType = milpb.ArrayFloat16
	}
	return writeDescribed(t, b, &milpb.ModelDescription{
		Input: []milpb.FeatureDescription{{Name: "x", Type: &milpb.FeatureType{Kind: milpb.ImageFeature, Image: &in}}},
		Output: []milpb.FeatureDescription{
			{Name: "y", Type: &milpb.FeatureType{Kind: milpb.MultiArrayFeature, Array: array}},
			{Name: "z", Type: &milpb.FeatureType{Kind: milpb.ImageFeature, Image: &milpb.ImageFeatureType{ColorSpace: in.ColorSpace}}},
		},
	})
}

// sized is an image feature of one size.
func sized(space int32, width, height int64) milpb.ImageFeatureType {
	return milpb.ImageFeatureType{Width: width, Height: height, ColorSpace: space}
}

func writeDescribed(t *testing.T, b *mil.Builder, d *milpb.ModelDescription) string {
	t.Helper()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "model.mlpackage")
	if err := mil.Write(dir, p, d); err != nil {
		t.Fatal(err)
	}
	return dir
}

// numberClassifier writes a classifier whose classes are integers.
func numberClassifier(t *testing.T) string {
	t.Helper()
	labels := &mil.Const{DType: dtype.Int64, Shape: []int{3}, Data: []byte{
		5, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
	}}
	b := mil.NewBuilder("main", "CoreML7")
	x := b.Input("x", dtype.Float32, 1, 3)
	classes := &mil.Value{Type: mil.Type{Kind: mil.List, DType: labels.DType}, Const: labels}
	results := []mil.Type{mil.TensorType(labels.DType), {Kind: mil.Dictionary, DType: labels.DType}}
	out := b.MultiOp("classify", "best", results, mil.Args{"probabilities": x, "classes": classes})
	b.Output("classLabel", out[0])
	b.Output("classLabel_probs", out[1])
	array := &milpb.ArrayFeatureType{Shape: []int64{1, 3}, DataType: milpb.ArrayFloat32}
	keys := &milpb.DictionaryFeatureType{Key: milpb.Int64Feature}
	return writeDescribed(t, b, &milpb.ModelDescription{
		Input: []milpb.FeatureDescription{{Name: "x", Type: &milpb.FeatureType{Kind: milpb.MultiArrayFeature, Array: array}}},
		Output: []milpb.FeatureDescription{
			{Name: "classLabel", Type: &milpb.FeatureType{Kind: milpb.Int64Feature}},
			{Name: "classLabel_probs", Type: &milpb.FeatureType{Kind: milpb.DictionaryFeature, Dictionary: keys}},
		},
	})
}

// endless writes a package whose prediction takes hours: a loop in a loop. Its
// output y is x, of one number.
func endless(t *testing.T) string {
	t.Helper()
	b := mil.NewBuilder("main", "CoreML7")
	number := mil.TensorType(dtype.Float32, 1)
	types := []mil.Type{mil.TensorType(dtype.Int32), number}
	loop := func(inner func(x *mil.Value) *mil.Value) func(x *mil.Value) *mil.Value {
		return func(x *mil.Value) *mil.Value {
			below := b.Block(types, func(in []*mil.Value) []*mil.Value {
				return []*mil.Value{b.Op("less", "", mil.TensorType(dtype.Bool), mil.Args{"x": in[0], "y": b.Int("", 1<<24-2)})}
			})
			body := b.Block(types, func(in []*mil.Value) []*mil.Value {
				return []*mil.Value{b.Op("add", "", types[0], mil.Args{"x": in[0], "y": b.Int("", 1)}), inner(in[1])}
			})
			return b.MultiOp("while_loop", "", types, mil.Args{"loop_vars": mil.Values{b.Int("", 0), x}}, below, body)[1]
		}
	}
	twice := loop(loop(func(x *mil.Value) *mil.Value {
		return b.Op("mul", "", number, mil.Args{"x": x, "y": b.Float("", dtype.Float32, 1)})
	}))
	x := b.Input("x", dtype.Float32, 1)
	b.Output("y", twice(x))
	fn, err := b.Function()
	if err != nil {
		t.Fatal(err)
	}
	return writePackage(t, fn)
}

func writePNG(t *testing.T, img image.Image) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.png")
	if err := storage.WriteFile(t.Context(), path, func(w io.Writer) error { return png.Encode(w, img) }); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeNPY(t *testing.T, x *tensor.Tensor) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.npy")
	if err := storage.WriteFile(t.Context(), path, func(w io.Writer) error { return npy.Write(w, x) }); err != nil {
		t.Fatal(err)
	}
	return path
}

// shades is a picture of two rows of three pixels, all different.
func shades() *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, 3, 2))
	for i := range 6 {
		img.Set(i%3, i/3, color.NRGBA{uint8(10 * i), uint8(100 + i), uint8(200 + i), 255})
	}
	return img
}

// shadesRGB are the numbers that a program sees of shades: the red ones first.
var shadesRGB = []float32{0, 10, 20, 30, 40, 50, 100, 101, 102, 103, 104, 105, 200, 201, 202, 203, 204, 205}
