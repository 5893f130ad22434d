package generate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
)

// sightForms are the folders of testdata/vision, each with a package for pictures in
// another form.
var sightForms = []string{"array-first", "array-last", "crops-batch", "crops-joined", "crops-projector"}

// sightFolder puts the packages of a form together with those for the text.
func sightFolder(t *testing.T, form string) string {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"language", form} {
		if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "testdata", "vision", part))); err != nil {
			t.Fatal(err)
		}
	}
	vocab := map[string]int{}
	for i := range 97 {
		vocab[fmt.Sprintf("w%d", i)] = i
	}
	data, err := json.Marshal(map[string]any{"version": "1.0", "model": map[string]any{"type": "WordLevel", "vocab": vocab, "unk_token": "w0"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// openSight opens a folder.
func openSight(t *testing.T, dir string) (*generate.Generator, error) {
	t.Helper()
	g, err := generate.Open(t.Context(), dir, &generate.Config{Model: &coreml.Config{Arithmetic: coreml.ArithmeticFaithful}})
	if err == nil {
		t.Cleanup(func() { _ = g.Close() })
	}
	return g, err
}

func readPNG(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return img
}

// TestPicturesOfEveryFormAreSeen compares with PyTorch's tokens.
func TestPicturesOfEveryFormAreSeen(t *testing.T) {
	for _, form := range sightForms {
		t.Run(form, func(t *testing.T) {
			dir := sightFolder(t, form)
			g, err := openSight(t, dir)
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(filepath.Join(dir, "generation.json"))
			if err != nil {
				t.Fatal(err)
			}
			var cases []struct {
				Image       string
				Crops       int
				IDs, Greedy []int
				Margin      []float64
			}
			if err := json.Unmarshal(data, &cases); err != nil || len(cases) == 0 {
				t.Fatal(len(cases), err)
			}
			const placeholder, rows = 3, 4
			for _, c := range cases {
				img := readPNG(t, filepath.Join(dir, c.Image))
				b := img.Bounds()
				if w, h, ok := g.ImageSize(b.Dx(), b.Dy()); !ok || form != "crops-projector" && (w != b.Dx() || h != b.Dy()) {
					t.Errorf("%s would be scaled to %d by %d, %v", c.Image, w, h, ok)
				}
				opts := &generate.Options{MaxTokens: len(c.Greedy), Sampling: &generate.Sampling{}, IgnoreEnd: true, Images: []image.Image{img}}
				sure := slices.IndexFunc(append(c.Margin, 0), func(m float64) bool { return m < leastMargin })
				want := c.Greedy[:sure]
				first := slices.Index(c.IDs, placeholder)
				before, behind := c.IDs[:first], c.IDs[first+c.Crops*rows:]
				for name, n := range map[string]int{"a place for each row": c.Crops * rows, "one for each crop": c.Crops, "one for the picture": 1} {
					prompt := slices.Concat(before, slices.Repeat([]int{placeholder}, n), behind)
					r, err := generate.Collect(g.StreamTokens(t.Context(), prompt, opts))
					if err != nil || !slices.Equal(r.Tokens[:sure], want) || r.Stats.PromptTokens != len(c.IDs) {
						t.Errorf("%s, %s: %v, %v; want %v", c.Image, name, r.Tokens, err, want)
					}
				}
				prompt := slices.Concat(before, slices.Repeat([]int{placeholder}, c.Crops*rows+1), behind)
				_, err := generate.Collect(g.StreamTokens(t.Context(), prompt, opts))
				if !errors.Is(err, generate.ErrConfig) || !strings.Contains(err.Error(), "Images: is a list of 1 picture, but the prompt has ") {
					t.Errorf("a place too many: %v", err)
				}
			}
			odd := &generate.Options{MaxTokens: 1, Images: []image.Image{image.NewNRGBA(image.Rect(0, 0, 17, 16))}}
			if _, err := generate.Collect(g.StreamTokens(t.Context(), []int{placeholder}, odd)); !errors.Is(err, generate.ErrConfig) || !strings.Contains(err.Error(), "a picture 17 wide and 16 high") {
				t.Errorf("a picture of another size: %v", err)
			}
		})
	}
}

func TestAPictureIsScaledToTheGridThatKeepsItsProportions(t *testing.T) {
	g, err := openSight(t, sightFolder(t, "crops-projector"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ w, h, width, height int }{
		{16, 16, 16, 16}, {100, 100, 32, 32}, {1000, 490, 32, 16}, {490, 1000, 16, 32}, {300, 200, 48, 32}, {9000, 10, 96, 16}, {20, 20, 16, 16},
	} {
		if w, h, ok := g.ImageSize(c.w, c.h); !ok || w != c.width || h != c.height {
			t.Errorf("%d by %d becomes %d by %d, want %d by %d", c.w, c.h, w, h, c.width, c.height)
		}
	}
}

// TestWhatAPictureLacksIsNamed takes something away, or writes something wrong, and
// expects the field of the driver.
func TestWhatAPictureLacksIsNamed(t *testing.T) {
	for _, c := range []struct{ form, driver, field, reason string }{
		{"array-last", `{"image": {"package": "vision.mlpackage", "input": "x"}}`, "image.pixels", `put the model's preprocessor_config.json beside`},
		{"array-last", `{"image": {"package": "vision.mlpackage", "input": "x", "pixels": {"layout": "channels_first"}}}`, "image.pixels.layout", "has no axis of 3 channels"},
		{"array-last", `{"image": {"package": "vision.mlpackage", "input": "x", "pixels": {"layout": "sideways"}}}`, "image.pixels.layout", "want channels_first or channels_last"},
		{"array-last", `{"image": {"package": "vision.mlpackage", "input": "x", "pixels": {"std": [0]}}}`, "image.pixels.std.0", "above 0"},
		{"array-last", `{"image": {"package": "vision.mlpackage", "input": "x", "pixels": {"mean": [1, 2]}}}`, "image.pixels.mean", "has 2 numbers"},
		{"array-last", `{"image": {"package": "vision.mlpackage", "input": "x", "pixels": {"scale": 0}}}`, "image.pixels.scale", "not 0"},
		{"array-last", `{"image": {"package": "vision.mlpackage", "input": "x", "pixels": {"order": "gbr"}}}`, "image.pixels.order", "rgb or bgr"},
		{"crops-batch", `{"image": {"pixels": {}}}`, "image.crops", "takes 5 crops of a picture"},
		{"crops-batch", `{"image": {"pixels": {}, "crops": {"most": 3, "whole": "last"}}}`, "image.crops.most", "gives the 5"},
		{"crops-batch", `{"image": {"pixels": {}, "crops": {"most": 0}}}`, "image.crops.most", "want 1 to 256"},
		{"crops-batch", `{"image": {"pixels": {}, "crops": {"most": 4, "whole": "middle"}}}`, "image.crops.whole", "want first or last"},
		{"crops-projector", `{"image": {"pixels": {}}}`, "image.pixels", "is for arrays"},
		{"crops-projector", `{"image": {"projector": {"package": "absent.mlpackage"}}}`, "image.projector.package", "there is no package"},
		{"crops-projector", `{"image": {"projector": {"package": "../x.mlpackage"}}}`, "image.projector.package", "within the folder"},
		{"crops-projector", `{"image": {"projector": {"package": "mm_projector.mlpackage", "input": "absent"}}}`, "image.projector.input", "further inputs"},
		{"crops-projector", `{"image": {"projector": {"package": "mm_projector.mlpackage", "output": "absent"}}}`, "image.projector.output", "0 outputs"},
		{"crops-projector", `{"image": {"projector": {"package": "mm_projector.mlpackage", "function": "absent"}}}`, "image.projector.function", "no function"},
	} {
		dir := sightFolder(t, c.form)
		if err := os.WriteFile(filepath.Join(dir, "driver.json"), []byte(c.driver), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := openSight(t, dir)
		wantFieldError(t, err, c.field, c.reason)
	}
}

func TestTheFilesOfProcessorsAreReadStrictly(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"preprocessor_config.json", `{"image_mean": "x", "image_std": [1]}`, "image_mean"},
		{"preprocessor_config.json", `{"image_std": [1, 2, 3, 4, 5]}`, "image_std"},
		{"preprocessor_config.json", `{"image_std": [0, 0, 0]}`, "std"},
		{"preprocessor_config.json", `[]`, "is a list, want an object"},
		{"processor_config.json", `{"image_processor": {"rescale_factor": "1"}}`, "rescale_factor"},
		{"processor_config.json", `{"image_processor": {"image_mean": 0.5, "do_normalize": false, "do_rescale": false}}`, ""},
		{"preprocessor_config.json", `{"processor_class": "X"}`, "is missing"},
	} {
		dir := sightFolder(t, "array-first")
		if err := errors.Join(os.Remove(filepath.Join(dir, "preprocessor_config.json")), os.WriteFile(filepath.Join(dir, c.name), []byte(c.text), 0o600)); err != nil {
			t.Fatal(err)
		}
		_, err := openSight(t, dir)
		if c.want == "" && err == nil {
			continue
		}
		wantFieldError(t, err, "image.pixels", c.want)
	}
}

// wantFieldError expects the field of a driver and words of the reason.
func wantFieldError(t *testing.T, err error, field, reason string) {
	t.Helper()
	why, ok := errors.AsType[*generate.DriverError](err)
	if !ok || !errors.Is(err, generate.ErrDriver) || why.Field != field || !strings.Contains(why.Reason, reason) {
		t.Errorf("got %v, want field %q and a reason with %q", err, field, reason)
	}
}

// FuzzPreprocessor reads anything as the file of a processor. What it gives is in range.
func FuzzPreprocessor(f *testing.F) {
	f.Add([]byte(`{"do_rescale": true, "rescale_factor": 0.00392, "do_normalize": true, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}`))
	f.Add([]byte(`{"image_processor": {"image_mean": 0.5, "image_std": 1e-40, "rescale_factor": 1e400}}`))
	f.Add([]byte(`{"image_processor": {"image_processor": null}, "image_mean": [null]}`))
	f.Add([]byte(`[{"do_rescale": 1}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := generate.ParsePreprocessor(data)
		if err != nil || p == nil {
			return
		}
		text, err := json.Marshal(&generate.Driver{Image: &generate.ImageStage{Pixels: p}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := generate.ReadDriver(strings.NewReader(string(text))); err != nil {
			t.Errorf("%s became %s: %v", data, text, err)
		}
	})
}
