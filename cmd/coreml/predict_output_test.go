package main

import (
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

func TestLabelsComeOnStandardOutput(t *testing.T) {
	texts := []string{"predict", "testdata/classifier/model.mlpackage", "--input", "x=testdata/classifier/x.npy"}
	const wantText = "classLabel = \"b\"\nclassLabel_probs =\n  \"b\"  0.483887\n  \"c\"  0.336182\n  \"a\"  0.179932\n"
	if r := call(t, texts...); r.status != exitOK || r.out != wantText {
		t.Errorf("texts: status %d, %s%s", r.status, r.out, r.err)
	}
	r := call(t, append(texts, "--json")...)
	r.want(t, exitOK, `{"classLabel":{"string":"b"},"classLabel_probs":{"dictionary":[["a",0.1799`, "")
	if r := call(t, append(texts, "--only", "classLabel")...); r.out != "classLabel = \"b\"\n" {
		t.Errorf("one of the outputs: %s%s", r.out, r.err)
	}

	x := writeNPY(t, tensor.FromSlice([]float32{0.25, 0.5, 0.25}, 1, 3))
	numbers := []string{"predict", numberClassifier(t), "--input", "x=" + x}
	if r := call(t, numbers...); r.out != "classLabel = int64[1] [10]\nclassLabel_probs =\n  10  0.5\n  2   0.25\n  5   0.25\n" {
		t.Errorf("integers: status %d, %s%s", r.status, r.out, r.err)
	}
	call(t, append(numbers, "--json")...).want(t, exitOK, `{"classLabel":{"int64":10},"classLabel_probs":{"dictionary":[[10,0.5],[2,0.25],[5,0.25]]}}`, "")
}

func TestOutputFilesOfEveryForm(t *testing.T) {
	model := pictureModel(t, sized(spaceRGB, 3, 2))
	file := writePNG(t, shades())
	write := func(name string, flags ...string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), name)
		call(t, append([]string{"predict", model, "--input", "x=" + file, "-o", path}, flags...)...).want(t, exitOK, "", "")
		return path
	}
	last := tensor.FromSlice(shadesRGB, 3, 2, 3).Transpose(1, 2, 0)
	for _, name := range []string{"out.safetensors", "out.npz", "out"} {
		path := write(name)
		key := ""
		if name == "out" {
			if err := os.Rename(path, path+".safetensors"); err != nil {
				t.Fatal(err)
			}
			path += ".safetensors"
		}
		for output, want := range map[string][]float32{"y": shadesRGB, "z": numbers(t, last.Contiguous())} {
			v, err := readValue(t.Context(), path, output, nil, nil)
			if err != nil {
				t.Fatalf("%s%s: %v", name, key, err)
			}
			if got := numbers(t, v.MultiArray()); !slices.Equal(got, want) {
				t.Errorf("%s: output %s is %v, want %v", name, output, got, want)
			}
		}
	}
	v, err := readValue(t.Context(), write("out.npy", "--only", "y"), "", nil, nil)
	if err != nil || !slices.Equal(numbers(t, v.MultiArray()), shadesRGB) {
		t.Errorf("npy: %v, %v", v, err)
	}
	f, err := os.Open(write("out.png", "--only", "z"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		if got, want := color.NRGBAModel.Convert(img.At(i%3, i/3)), shades().At(i%3, i/3); got != want {
			t.Errorf("pixel %d is %v, want %v", i, got, want)
		}
	}
	// What is written as JSON can be read as input.
	path := write("out.json", "--only", "z")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), `"z"`, `"x"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out.safetensors")
	call(t, "predict", model, "--inputs", path, "-o", out).want(t, exitOK, "", "")
	if got := readTensor(t, out, "y"); !slices.Equal(got, shadesRGB) {
		t.Errorf("through JSON: %v", got)
	}
	call(t, "predict", model, "--input", "x="+file).want(t, exitOK, "z = image RGB, 3 x 2 pixels", "")
}

func TestGreyFloatImagesAreWrittenToo(t *testing.T) {
	model := pictureModel(t, sized(spaceGrayHalf, 2, 1))
	x := writeNPY(t, tensor.FromSlice([]float32{0.5, 2}, 1, 2))
	path := filepath.Join(t.TempDir(), "out.png")
	call(t, "predict", model, "--input", "x="+x, "--only", "z", "-o", path).want(t, exitOK, "", "")
	if got := seen(t, pictureModel(t, sized(spaceGrayHalf, 2, 1)), path); got[0] < 0.49 || got[0] > 0.51 || got[1] != 1 {
		t.Errorf("written as PNG and read again: %v", got)
	}
	path = filepath.Join(t.TempDir(), "out.npz")
	call(t, "predict", model, "--input", "x="+x, "-o", path).want(t, exitOK, "", "")
	v, err := readValue(t.Context(), path, "z", nil, nil)
	if err != nil || !slices.Equal(numbers(t, v.MultiArray()), []float32{0.5, 2}) {
		t.Errorf("as an array: %v, %v", v, err)
	}
}

func TestAFormThatCannotHoldAnOutputIsNamedBeforeTheModelRuns(t *testing.T) {
	model := []string{"predict", "testdata/classifier/model.mlpackage", "--input", "x=testdata/classifier/x.npy", "-o"}
	for name, want := range map[string]string{
		"out.safetensors": `output "classLabel" is of kind string, which has no form in a file of tensors: write a .json file`,
		"out.npz":         "no form in an .npz file",
		"out.npy":         "no form in an .npy file",
		"out.png":         "no form in a .png file",
		"out.jpg":         "pictures are written as .png",
	} {
		path := filepath.Join(t.TempDir(), name)
		r := call(t, append(model, path)...)
		if r.status == exitOK || !strings.Contains(r.err, want) {
			t.Errorf("%s: status %d, %s", name, r.status, r.err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	image := []string{"predict", pictureModel(t, sized(spaceRGB, 3, 2)), "--input", "x=" + writePNG(t, shades()), "-o"}
	call(t, append(image, filepath.Join(t.TempDir(), "x.npy"))...).want(t, exitFailure, "", `holds one output, and there are "y", "z": choose one with --only`)
	call(t, append(image, filepath.Join(t.TempDir(), "x.npy"), "--only", "w")...).want(t, exitFailure, "", `there is no output "w"; the outputs are "y", "z"`)
}

func TestInputsAreNamed(t *testing.T) {
	model := adder(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "in.safetensors")
	writeTensors(t, file, safetensors.Named{Name: "other", Tensor: tensor.New(tensor.Float32, 2, 2)}, safetensors.Named{Name: "x1", Tensor: tensor.New(tensor.Float32, 1)})
	for args, want := range map[string]string{
		"z=" + file:           `there is no input "z"; the inputs are "x"`,
		"X=" + file:           `(did you mean "x"?)`,
		"x=" + file:           `the file has no tensor "x"; it has "other", "x1"`,
		"x=" + file + ":more": `the file has no tensor "more"; it has "other", "x1"`,
	} {
		call(t, "predict", model, "--input", args).want(t, exitFailure, "", want)
	}
	call(t, "predict", model, "--inputs", file).want(t, exitUsage, "", "--inputs takes a .json file")
}

func TestNamesAreShownWithoutControlCharacters(t *testing.T) {
	for name, want := range map[string]string{
		"logits": "logits", "größe 1": "größe 1", "a\x1b[31m": `"a\x1b[31m"`, "\u202ea": `"\u202ea"`, "": `""`, "a\nb": `"a\nb"`, "\xff": `"\xff"`,
	} {
		if got := shownName(name); got != want {
			t.Errorf("%q is shown as %s, want %s", name, got, want)
		}
	}
	b := mil.NewBuilder("main", "CoreML7")
	x := b.Input("x", dtype.Float32, 1)
	b.Output("y\x1b]0;owned\x07", b.Op("mul", "y", x.Type, mil.Args{"x": x, "y": b.Float("", dtype.Float32, 2)}))
	fn, err := b.Function()
	if err != nil {
		t.Fatal(err)
	}
	r := call(t, "predict", writePackage(t, fn), "--input", "x="+writeNPY(t, tensor.New(tensor.Float32, 1)))
	if r.status != exitOK || strings.Contains(r.out+r.err, "\x1b") {
		t.Errorf("status %d, %q %q", r.status, r.out, r.err)
	}
}
