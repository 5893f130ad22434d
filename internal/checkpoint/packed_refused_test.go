package checkpoint_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/checkpoint"
)

// What a quantised folder says that is not read, or does not fit, is named. Each case
// changes one text of a folder that is read, in its configuration or its header, where
// texts keep their length.
func TestQuantisedFoldersThatAreNotReadAreNamed(t *testing.T) {
	for _, c := range []struct{ folder, old, with, want string }{
		{"mlx-modes", `"mode": "nvfp4"`, `"mode": "nvfp5"`, `"nvfp5"`},
		{"mlx-modes", `"group_size": 16`, `"group_size": 32`, "4 bits in groups of 32"},
		{"mlx-modes", `"m.3.scales"`, `"m.3.biases"`, "scales is missing"},
		{"mlx-modes", `"m.4.biases"`, `"m.4.xiases"`, "biases is missing"},
		{"mlx-modes", `"m.5.scales":{"dtype":"F32","shape":[3,5,2]`, `"m.5.scales":{"dtype":"F32","shape":[5,3,2]`, "[5 3 2]"},
		{"awq-gemv", `"gemv"`, `"gemv_fast"`, `"gemv_fast"`},
		{"awq-gemv", `"group_size": 64`, `"group_size": 63`, "groups of 63"},
		{"awq-gemv", `"group_size": 64`, `"group_size": 4`, "scales"},
		{"fp8", `"e4m3"`, `"e5m2"`, `"e5m2"`},
		{"fp8", `"fp8"`, `"fp9"`, `"fp9"`},
		{"fp8", "[\n   8,\n   16\n  ]", "[8]", "weight_block_size"},
		{"fp8", `"m.1.weight_scale_inv":{"dtype":"F32","shape":[2,3]`, `"m.1.weight_scale_inv":{"dtype":"F32","shape":[3,2]`, "[3 2]"},
		{"fp8", `"m.2.weight":`, `"m.x.weight":`, "m.2.weight_scale_inv"},
		{"fp8", `"m.0.weight_scale_inv":{"dtype":"F32"`, `"m.0.weight_scale_inv":{"dtype":"I32"`, "I32"},
		{"fp8", `"e.down_proj":{"dtype":"F8_E4M3","shape":[3,24,32]`, `"e.down_proj":{"dtype":"F8_E4M3","shape":[4,18,32]`, "[3 3 2]"},
		{"compressed-floats", `"mxfp8-quantized"`, `"mxfp9-quantized"`, `"mxfp9-quantized"`},
		{"compressed-floats", `"num_bits": 6`, `"num_bits": 5`, "float of 5 bits"},
		{"compressed-floats", `"m.0.weight_global_scale"`, `"m.0.weight_xxxxxx_scale"`, "weight_scale"},
		{"compressed-floats", `"m.1.weight_scale":{"dtype":"U8","shape":[6,2]`, `"m.1.weight_scale":{"dtype":"U8","shape":[2,6]`, "[2 6]"},
		{"compressed-floats", `"m.2.weight_packed":{"dtype":"U8","shape":[6,48]`, `"m.2.weight_packed":{"dtype":"U8","shape":[48,6]`, "weight_scale"},
		{"compressed-floats", `"m.5.weight_scale":{"dtype":"F32","shape":[2,3]`, `"m.5.weight_scale":{"dtype":"F32","shape":[3,2]`, "[3 2]"},
	} {
		from := filepath.Join("testdata/packed", c.folder)
		config, err := os.ReadFile(filepath.Join(from, "config.json"))
		if err != nil {
			t.Fatal(err)
		}
		weights, err := os.ReadFile(filepath.Join(from, "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		head := 8 + int(binary.LittleEndian.Uint64(weights))
		if changed := strings.Replace(string(config), c.old, c.with, 1); changed != string(config) {
			config = []byte(changed)
		} else if n := bytes.Index(weights[:head], []byte(c.old)); n >= 0 && len(c.old) == len(c.with) {
			copy(weights[n:], c.with)
		} else {
			t.Fatalf("%s: there is no %s", c.folder, c.old)
		}
		dir := t.TempDir()
		if err := errors.Join(os.WriteFile(dir+"/config.json", config, 0o600), os.WriteFile(dir+"/model.safetensors", weights, 0o600)); err != nil {
			t.Fatal(err)
		}
		x, err := checkpoint.Open(t.Context(), dir)
		if err == nil {
			_ = x.Close()
		}
		if !errors.Is(err, checkpoint.ErrFormat) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %s: %v, want an error that says %s", c.folder, c.with, err, c.want)
		}
	}
}
