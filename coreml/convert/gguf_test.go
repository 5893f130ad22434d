package convert

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/checkpoint"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

// A GGUF file becomes the package that the checkpoint becomes from which llama.cpp's
// converter made it: the same program over the same weights. The files, and the
// configurations that they are of, are those of package checkpoint, whose tests compare
// the weights with the originals.
func TestGGUFBecomesThePackageOfItsOriginal(t *testing.T) {
	files, err := filepath.Glob("../../internal/checkpoint/testdata/gguf/*.gguf")
	if err != nil || len(files) < 19 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".gguf")
		t.Run(name, func(t *testing.T) {
			original := filepath.Join(t.TempDir(), name)
			writeOriginal(t, file, original)
			got, want := packageFiles(t, file), packageFiles(t, original)
			if !bytes.Equal(got["weight.bin"], want["weight.bin"]) {
				t.Error("the weights differ")
			}
			if !bytes.Equal(got["model.mlmodel"], want["model.mlmodel"]) {
				t.Error("the programs differ")
			}
		})
	}
}

// writeOriginal writes a GGUF file's weights as a folder beside its original's config.json.
func writeOriginal(t *testing.T, file, dir string) {
	t.Helper()
	c, err := checkpoint.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // it was only read
	raw, err := os.ReadFile(strings.TrimSuffix(file, "gguf") + "json")
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := json.Unmarshal(raw, &config); err != nil {
		t.Fatal(err)
	}
	var list []safetensors.Named
	for _, key := range slices.Sorted(maps.Keys(c.Tensors)) {
		x := c.Tensors[key]
		n := 1
		for _, d := range x.Shape() {
			n *= d
		}
		values := make([]float32, n)
		if err := x.Rows(t.Context(), 0, x.Shape()[0], values); err != nil {
			t.Fatal(err)
		}
		list = append(list, safetensors.Named{Name: key, Tensor: tensor.FromSlice(values, x.Shape()...)})
		if strings.Contains(key, "embed_tokens") { // the converter leaves rows out that no token has
			config["vocab_size"] = x.Shape()[0]
		}
	}
	// Mistral without a window is a llama in these files.
	if config["model_type"] == "mistral" {
		config["model_type"] = "llama"
		delete(config, "sliding_window")
	}
	if config["model_type"] == "gpt_neox" {
		delete(config, "num_key_value_heads") // which no such model has
	}
	if raw, err = json.Marshal(config); err != nil {
		t.Fatal(err)
	}
	var weights bytes.Buffer
	if err := safetensors.Write(&weights, list, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"config.json": raw, "model.safetensors": weights.Bytes()} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// packageFiles converts a checkpoint and returns the files of the package by their names.
func packageFiles(t *testing.T, model string) map[string][]byte {
	t.Helper()
	pkg := filepath.Join(t.TempDir(), "m.mlpackage")
	if _, err := Convert(t.Context(), model, pkg, &Options{Context: 32}); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, name := range []string{"model.mlmodel", "weights/weight.bin"} {
		data, err := os.ReadFile(filepath.Join(pkg, "Data", "com.apple.CoreML", name))
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = data
	}
	return files
}
