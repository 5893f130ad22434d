package generate_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
)

// What is wrong with the path is said of the path, and a tokenizer that is missing
// too is not blamed for it.
func TestOpenSaysWhatIsWrongWithThePackageFirst(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0000000000000000000000000000000000000000000000000000000000000000\nsize 12345\n"
	around := filepath.Join(dir, "around")
	if err := os.CopyFS(around, storyteller.FS()); err != nil {
		t.Fatal(err)
	}
	alone := filepath.Join(dir, "alone", "Model.mlpackage")
	if err := os.CopyFS(alone, os.DirFS(filepath.Join(around, storyteller.Package))); err != nil {
		t.Fatal(err)
	}
	lfs := filepath.Join(dir, "lfs", "Model.mlpackage")
	if err := os.CopyFS(lfs, os.DirFS(alone)); err != nil {
		t.Fatal(err)
	}
	weights := 0
	err := filepath.WalkDir(lfs, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(name, "weights") {
			weights++
			return os.WriteFile(name, []byte(pointer), 0o600)
		}
		return err
	})
	if err != nil || weights == 0 {
		t.Fatalf("%d weight files, %v", weights, err)
	}
	for _, c := range []struct {
		name, path string
		is         error
		says       string
	}{
		{"nothing there", filepath.Join(dir, "nope.mlpackage"), os.ErrNotExist, "nope.mlpackage"},
		{"the folder around a package", around, coreml.ErrNotPackage, "did you mean"},
		{"a compiled model", filepath.Dir(write("x.mlmodelc/model.mil", "program")), coreml.ErrCompiledModel, ""},
		{"an archive", write("m.zip", "PK\x03\x04\x14\x00\x00\x00\x00\x00"), coreml.ErrWrongFile, "archive"},
		{"a text", write("prompt.txt", "Once upon a time there was a fox.\n"), coreml.ErrWrongFile, ""},
		{"a pointer among the weights", lfs, coreml.ErrLFSPointer, ""},
		{"no path", "", coreml.ErrNotPackage, "empty"},
		{"an image classifier", "../cmd/coreml/testdata/classifier/model.mlpackage", generate.ErrDriver, ""},
		{"a package without a tokenizer", alone, generate.ErrNoTokenizer, filepath.Dir(alone)},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := &generate.Config{Model: &coreml.Config{Engine: coreml.EnginePortable}}
			_, err := generate.Open(t.Context(), c.path, cfg)
			if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("got %v, want %v and %q", err, c.is, c.says)
			}
			if c.is != generate.ErrNoTokenizer && errors.Is(err, generate.ErrNoTokenizer) {
				t.Errorf("the tokenizer is blamed: %v", err)
			}
		})
	}
}
