package checkpoint_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/checkpoint"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// folder makes a folder of these files. A content that begins with "tensor " is a
// safetensors file with that tensor.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if tensorName, ok := strings.CutPrefix(content, "tensor "); ok {
			f, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			x := tensor.FromSlice([]float32{1, 2, 3, 4, 5, 6}, 3, 2)
			if err := errors.Join(safetensors.Write(f, []safetensors.Named{{Name: tensorName, Tensor: x}}, nil), f.Close()); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAFolderGivesItsTensorsByRows(t *testing.T) {
	dir := folder(t, map[string]string{
		"config.json": `{"model_type": "x"}`, "tokenizer.json": "{}",
		"a.safetensors": "tensor a", "b.safetensors": "tensor b",
		"model.safetensors.index.json": `{"weight_map": {"a": "a.safetensors", "b": "b.safetensors"}}`,
	})
	c, err := checkpoint.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // it was only read
	if c.Name != filepath.Base(dir) || c.Form != "safetensors" || string(c.Files["tokenizer.json"]) != "{}" || len(c.Tensors) != 2 {
		t.Errorf("it is %+v", c)
	}
	rows := make([]float32, 4)
	if err := c.Tensors["b"].Rows(t.Context(), 1, 3, rows); err != nil || !slices.Equal(rows, []float32{3, 4, 5, 6}) {
		t.Errorf("rows 1 and 2 are %v, %v", rows, err)
	}
	if err := c.Tensors["b"].Rows(t.Context(), 2, 4, rows); err == nil {
		t.Error("there is a row behind the last")
	}
}

func TestWhatIsNoCheckpointIsRefusedWithTheWayOut(t *testing.T) {
	config := `{"model_type": "llama"}`
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"nothing":                {nil, "config.json"},
		"an adapter":             {map[string]string{"adapter_config.json": "{}"}, "adapter"},
		"two GGUF files":         {map[string]string{"a.gguf": "GGUF", "b.gguf": "GGUF"}, "name one of them"},
		"no weights":             {map[string]string{"config.json": config}, "model.safetensors"},
		"a list":                 {map[string]string{"config.json": "[]"}, "not a JSON object"},
		"pickled weights":        {map[string]string{"config.json": config, "pytorch_model.bin": "x"}, "safe_serialization"},
		"another framework":      {map[string]string{"config.json": config, "tf_model.h5": "x"}, "tf_model.h5"},
		"a tokenizer cut off":    {map[string]string{"config.json": config, "model.safetensors": "tensor a", "tokenizer.json": "{"}, "tokenizer.json"},
		"two files, no index":    {map[string]string{"config.json": config, "a.safetensors": "tensor a", "b.safetensors": "tensor b"}, "index"},
		"an index of nothing":    {map[string]string{"config.json": config, "model.safetensors.index.json": "{}"}, "weight_map"},
		"a file elsewhere":       {map[string]string{"config.json": config, "model.safetensors.index.json": `{"weight_map": {"a": "../a.safetensors"}}`}, "of its folder"},
		"an absolute file":       {map[string]string{"config.json": config, "model.safetensors.index.json": `{"weight_map": {"a": "/etc/a.safetensors"}}`}, "of its folder"},
		"a tensor that is away":  {map[string]string{"config.json": config, "a.safetensors": "tensor b", "model.safetensors.index.json": `{"weight_map": {"a": "a.safetensors"}}`}, "does not"},
		"a tensor in two files":  {map[string]string{"config.json": config, "a.safetensors": "tensor a", "b.safetensors": "tensor a", "model.safetensors.index.json": `{"weight_map": {"a": "a.safetensors", "b": "b.safetensors"}}`}, "two files"},
		"a header that is none":  {map[string]string{"config.json": config, "model.safetensors": "x"}, "model.safetensors"},
		"quantised by who knows": {map[string]string{"config.json": `{"quantization_config": {"quant_method": "squash"}}`, "model.safetensors": "tensor a"}, "squash"},
		"said to be quantised":   {map[string]string{"config.json": `{"quantization_config": {"quant_method": "gptq", "bits": 4}}`, "model.safetensors": "tensor a"}, "no tensor has its codes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := checkpoint.Open(t.Context(), folder(t, c.files))
			if !errors.Is(err, checkpoint.ErrFormat) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one about %q", err, c.want)
			}
		})
	}
}

func TestAFileThatIsNoCheckpointSaysWhatItIs(t *testing.T) {
	for content, want := range map[string]string{"\x80\x02\x8a\x0al\xfc\x9cF\xf9": "pickled", "GIF89a": "picture", "tensor a": "folder"} {
		dir := folder(t, map[string]string{"file": content})
		_, err := checkpoint.Open(t.Context(), filepath.Join(dir, "file"))
		if !errors.Is(err, checkpoint.ErrFormat) || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one about %q", err, want)
		}
	}
	if _, err := checkpoint.Open(t.Context(), filepath.Join(t.TempDir(), "away")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"metadata": {"total_size": 24}, "weight_map": {"a": "a.safetensors"}}`))
	f.Add([]byte(`{"weight_map": {"a": "..\\a.safetensors", "b": ""}}`))
	f.Add([]byte(`{"weight_map": 5}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		for name, content := range map[string][]byte{"config.json": []byte("{}"), "model.safetensors.index.json": data} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c, err := checkpoint.Open(t.Context(), dir)
		if err == nil {
			t.Error(c.Close(), "there are no weights, and nothing was said")
		} else if !errors.Is(err, checkpoint.ErrFormat) && !errors.Is(err, storage.ErrWrongFile) {
			t.Errorf("error of no kind: %v", err)
		}
	})
}
