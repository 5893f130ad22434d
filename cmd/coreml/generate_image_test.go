package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// anyPicture writes a picture of another size than any model takes.
func anyPicture(t *testing.T) string {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 50, 20))
	for i := range img.Pix {
		img.Pix[i] = byte(i)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "any.jpeg")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestGenerateSaysWhichPicturesItCannotTake(t *testing.T) {
	_, pkg := storyAround(t)
	picture := anyPicture(t)
	call(t, "generate", "x", "-m", pkg, "--image", picture).want(t, exitUsage, "", "--image is not empty, but the model takes no pictures")
	call(t, "generate", "x", "-m", pkg, "--image", filepath.Join(pkg, "absent.png")).want(t, exitFailure, "", "absent.png")
	call(t, "generate", "x", "-m", pkg, "--image", filepath.Join(pkg, "Manifest.json")).want(t, exitFailure, "", "want a .png or .jpeg file")
}

func TestGenerateSeesPictures(t *testing.T) {
	fixtures := os.Getenv("COREML_FIXTURES")
	dir := filepath.Join(fixtures, "..", "families", "vlm-tiny")
	if _, err := os.Stat(dir); fixtures == "" || err != nil {
		t.Skipf("SKIPPED: %s needs the folder families/vlm-tiny beside COREML_FIXTURES", t.Name())
	}
	driver := filepath.Join("..", "..", "testdata", "drivers", "vlm-tiny", "driver.json")
	see := func(args ...string) []int {
		t.Helper()
		r := call(t, append([]string{"generate", "-m", dir, "--driver", driver, "--temperature=0", "-n", "5", "--raw", "--json", "-q"}, args...)...)
		var answer struct{ Tokens []int }
		if err := json.Unmarshal([]byte(r.out), &answer); err != nil {
			t.Fatalf("%v: %s", err, r.err)
		}
		return answer.Tokens
	}
	first, second := filepath.Join(dir, "image0.png"), filepath.Join(dir, "image1.png")
	a := see("--image", first, "--image", second, "Once<image> and<image>")
	if b := see("--image", second, "--image", first, "Once<image> and<image>"); slices.Equal(a, b) {
		t.Errorf("in either order the answer is %v", a)
	}
	see("--image", anyPicture(t), "Once<image>")
	call(t, "generate", "a<image>", "-m", dir, "--driver", driver).want(t, exitUsage, "", "--image is a list of 0 pictures, but the prompt has 1 place for them")
	call(t, "generate", "a<image>", "-m", dir, "--image", first).want(t, exitFailure, "", `write into a driver file: {"image": {"token": `)
	call(t, "inspect", dir, "--driver", driver).want(t, exitOK, "pictures by vision_encoder.mlpackage in 16 places of token 2", "")
}
