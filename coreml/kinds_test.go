package coreml_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/coreml"
)

// pointer is what Git LFS leaves in a file's place.
const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 48927\n"

func zipped(t *testing.T, name string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	if err == nil {
		_, err = io.WriteString(f, "content")
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func tarred(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	err := w.WriteHeader(&tar.Header{Name: "m.mlpackage/Manifest.json", Mode: 0o644, Size: 2})
	if err == nil {
		_, err = io.WriteString(w, "{}")
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(t *testing.T, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, content)
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAFileOfAnotherKindGivenAsModelIsToldApart(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		want    []string
	}{
		"a Git LFS pointer":    {pointer, []string{"Git LFS pointer", "sha256:4d7a", "48927 bytes", "git lfs pull"}},
		"a zip archive":        {zipped(t, "m.mlpackage/Manifest.json"), []string{"a zip archive: unpack it first"}},
		"a gzip archive":       {gzipped(t, "x"), []string{"gzip archive: unpack it first"}},
		"a tar archive":        {tarred(t), []string{"tar archive: unpack it first"}},
		"a text":               {"Once upon a time.\n", []string{"a text file; a model package is a folder that ends in .mlpackage"}},
		"a text beyond a page": {strings.Repeat("größer ", 1000), []string{"a text file"}},
		"a web page":           {"\n<!DOCTYPE html><html><body>404</body></html>", []string{"a web page", "download it again"}},
		"a JSON text":          {`{"error": "not found"}`, []string{"a JSON text; a model package is a folder"}},
		"an empty file":        {"", []string{"an empty file"}},
		"a safetensors file":   {"\x40\x00\x00\x00\x00\x00\x00\x00" + `{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}          `, []string{"a safetensors file"}},
		"a GGUF file":          {"GGUF\x03\x00\x00\x00\x00\x00", []string{"a GGUF file"}},
		"an ONNX file":         {"\x08\x07\x12\x07pytorch\x1a\x052.1.0\x3a\x10abc", []string{"an ONNX file"}},
		"a PyTorch file":       {zipped(t, "archive/data.pkl"), []string{"a PyTorch file"}},
		"an old PyTorch file":  {"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", []string{"a PyTorch file"}},
		"an .npy file":         {"\x93NUMPY\x01\x00v\x00{'descr'", []string{"an .npy file"}},
		"a weight file":        {string(append([]byte{1, 0, 0, 0, 2, 0, 0, 0}, make([]byte, 200)...)), []string{"the weight file of a model package"}},
		"a picture":            {"\x89PNG\r\n\x1a\n", []string{"a picture"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(shortDir(t), "x.mlpackage.any")
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			for how, load := range map[string]func() (*coreml.Model, error){
				"Load": func() (*coreml.Model, error) { return coreml.Load(t.Context(), path, portable) },
				"LoadFS": func() (*coreml.Model, error) {
					return coreml.LoadFS(t.Context(), fstest.MapFS{"x.mlpackage.any": {Data: []byte(c.content)}}, "x.mlpackage.any", portable)
				},
			} {
				_, err := load()
				wantWrongFile(t, how, err, "x.mlpackage.any", c.want...)
				if !errors.Is(err, coreml.ErrNotPackage) {
					t.Errorf("%s: %v is not ErrNotPackage", how, err)
				}
				if errors.Is(err, coreml.ErrLFSPointer) != (name == "a Git LFS pointer") {
					t.Errorf("%s: %v and ErrLFSPointer", how, err)
				}
			}
		})
	}
}

// wantWrongFile wants an error that names the file once and says what is wanted.
func wantWrongFile(t *testing.T, how string, err error, file string, want ...string) {
	t.Helper()
	if !errors.Is(err, coreml.ErrWrongFile) {
		t.Fatalf("%s: got %v, want ErrWrongFile", how, err)
	}
	if n := strings.Count(err.Error(), file); n != 1 {
		t.Errorf("%s: the error names the file %d times: %v", how, n, err)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: %q lacks %q", how, err, w)
		}
	}
}

// TestAPackageClonedWithoutLFS is a stranger's report.
func TestAPackageClonedWithoutLFS(t *testing.T) {
	_, err := coreml.Load(t.Context(), "testdata/lfs-pointer/model.mlpackage", portable)
	wantWrongFile(t, "Load", err, "model.mlmodel", "Git LFS pointer", `"sha256:4d7a"`, "48927 bytes", "git lfs pull")
	if !errors.Is(err, coreml.ErrLFSPointer) {
		t.Errorf("%v is not ErrLFSPointer", err)
	}
}

func TestAFileOfAnotherKindInAPackageIsToldApart(t *testing.T) {
	for place, broken := range map[string][]string{
		"Manifest.json":                            {pointer, zipped(t, "x"), "<html>", ""},
		"Data/com.apple.CoreML/model.mlmodel":      {pointer, zipped(t, "x"), "<html>", "some text", ""},
		"Data/com.apple.CoreML/weights/weight.bin": {pointer, gzipped(t, "x"), "<html>", "some text", ""},
	} {
		for _, content := range broken {
			t.Run(filepath.Base(place)+" is "+content[:min(len(content), 10)], func(t *testing.T) {
				from, err := filepath.Abs(filepath.Join(fixture, "model.mlpackage"))
				if err != nil {
					t.Fatal(err)
				}
				dir := filepath.Join(shortDir(t), "m.mlpackage")
				if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
					t.Fatal(err)
				}
				if err := os.Remove(filepath.Join(dir, place)); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, place), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
				_, err = coreml.Load(t.Context(), dir, portable)
				wantWrongFile(t, "Load", err, filepath.Base(place))
			})
		}
	}
}

func TestAFolderThatHoldsAPackageSaysWhichOneIsMeant(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"model.mlpackage/Manifest.json", "notes.txt"} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := coreml.Load(t.Context(), dir, portable)
	if want := "did you mean \"" + filepath.Join(dir, "model.mlpackage") + "\"?"; !errors.Is(err, coreml.ErrNotPackage) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want ErrNotPackage with %s", err, want)
	}
	_, err = coreml.LoadFS(t.Context(), fstest.MapFS{"m/model.mlpackage.zip": {}}, "m", portable)
	if want := `unpack "` + filepath.FromSlash("m/model.mlpackage.zip") + `" first`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	t.Chdir(filepath.Join(dir, "model.mlpackage"))
	if err := os.Remove("Manifest.json"); err != nil {
		t.Fatal(err)
	}
	if _, err = coreml.Load(t.Context(), ".", portable); err == nil || !strings.Contains(err.Error(), "coreml: load model: .: not a model package") {
		t.Errorf("the path . is not named: %v", err)
	}
}

// shortDir is a new folder that the test works in, so that paths have nothing of
// the test's name in them.
func shortDir(t *testing.T) string {
	t.Helper()
	t.Chdir(t.TempDir())
	return "."
}
