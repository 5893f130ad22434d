package checkpoint_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/checkpoint"
)

// value is what testdata/gen/architectures.py puts into element i of a tensor.
func value(name string, i int) float32 {
	return float32((int(crc32.ChecksumIEEE([]byte(name)))+40503*i)%2048-1024) / 1024
}

// compared are words of config.json that must be equal where both have them.
var compared = []string{
	"hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "vocab_size",
	"max_position_embeddings", "rms_norm_eps", "norm_epsilon", "layer_norm_eps", "layer_norm_epsilon", "tie_word_embeddings",
	"hidden_act", "hidden_activation", "attention_bias", "mlp_bias", "bos_token_id", "eos_token_id", "sliding_window",
	"num_local_experts", "num_experts", "num_experts_per_tok", "moe_intermediate_size", "shared_expert_intermediate_size", "norm_topk_prob",
	"attn_logit_softcapping", "final_logit_softcapping", "query_pre_attn_scalar", "layer_types", "no_rope_layers",
	"attention_multiplier", "embedding_multiplier", "residual_multiplier", "logits_scaling",
	"use_qkv_bias", "qk_layernorm", "use_parallel_residual", "use_bias", "n_embd", "n_layer", "n_head", "n_positions", "activation_function",
}

// The files are those of llama.cpp's own converter; the weights are a function of the names
// that transformers gives them.
func TestGGUFFilesHaveTheWeightsThatTheyWereMadeFrom(t *testing.T) {
	files, err := filepath.Glob("testdata/gguf/*.gguf")
	if err != nil || len(files) < 19 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".gguf"), func(t *testing.T) {
			c := open(t, file)
			for name, x := range c.Tensors {
				got := rowsOf(t, x, 5)
				for i, v := range got {
					if want := value(name, i); v != want {
						t.Fatalf("%s %v: element %d is %v, want %v", name, x.Shape(), i, v, want)
					}
				}
			}
			compareConfig(t, c, strings.TrimSuffix(file, "gguf")+"json")
			for name, content := range c.Files {
				if !json.Valid(content) {
					t.Errorf("%s is no JSON", name)
				}
			}
			if c.Files["tokenizer.json"] == nil || c.Files["tokenizer_config.json"] == nil || c.Files["generation_config.json"] == nil {
				t.Error("a file of the tokenizer is missing")
			}
		})
	}
}

func compareConfig(t *testing.T, c *checkpoint.Checkpoint, file string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want, got map[string]any
	if err := errors.Join(json.Unmarshal(raw, &want), json.Unmarshal(c.Config, &got)); err != nil {
		t.Fatal(err)
	}
	// Mistral is a llama in these files, whose converter does not say more.
	if want["model_type"] != got["model_type"] && want["model_type"] != "mistral" {
		t.Errorf("model_type: %v, want %v", got["model_type"], want["model_type"])
	}
	for _, word := range compared {
		g, there := got[word]
		if word == "vocab_size" && want["model_type"] == "gemma3_text" {
			continue // its converter leaves rows out that no token has
		}
		if w, known := want[word]; there && known && !reflect.DeepEqual(g, w) {
			t.Errorf("%s: %v, want %v", word, g, w)
		}
	}
	rope, ok := want["rope_parameters"].(map[string]any)
	if !ok {
		return
	}
	if full, ok := rope["full_attention"].(map[string]any); ok {
		rope = full
	}
	if g, ok := got["rope_theta"]; ok && g != rope["rope_theta"] {
		t.Errorf("rope_theta: %v, want %v", g, rope["rope_theta"])
	}
	scaling, _ := got["rope_scaling"].(map[string]any)
	if kind := rope["rope_type"]; kind != "default" && kind != scaling["rope_type"] || kind == "default" && scaling != nil {
		t.Errorf("rope_scaling: %v, want %v", scaling, rope)
	}
	for word, v := range scaling {
		if w, known := rope[word]; known && !reflect.DeepEqual(v, w) {
			t.Errorf("rope_scaling: %s: %v, want %v", word, v, w)
		}
	}
	for _, word := range []string{"partial_rotary_factor", "rotary_pct"} {
		if v, ok := got[word]; ok && v != rope["partial_rotary_factor"] {
			t.Errorf("%s: %v, want %v", word, v, rope["partial_rotary_factor"])
		}
	}
}

func TestGGUFThatIsNoModelIsRefusedByName(t *testing.T) {
	data, err := os.ReadFile("testdata/gguf/llama.gguf")
	if err != nil {
		t.Fatal(err)
	}
	change := func(old, with string) func([]byte) []byte {
		if len(old) != len(with) {
			t.Fatalf("%q and %q differ in length", old, with)
		}
		return func(b []byte) []byte { return []byte(strings.Replace(string(b), old, with, -1)) }
	}
	for name, c := range map[string]struct {
		change func([]byte) []byte
		want   string
	}{
		"an architecture":         {change("\x05\x00\x00\x00\x00\x00\x00\x00llama", "\x05\x00\x00\x00\x00\x00\x00\x00mamba"), "mamba"},
		"a tensor":                {change("blk.1.attn_v.weight", "blk.1.attn_w.weight"), "blk.1.attn_w.weight"},
		"a layer":                 {change("blk.1.attn_v.weight", "blk.7.attn_v.weight"), "blk.7.attn_v.weight"},
		"a hyperparameter":        {change("llama.rope.freq_base", "llama.rope.freq_bass"), "llama.rope.freq_bass"},
		"a pre-tokenizer":         {change("gpt-2", "gpt-9"), "gpt-9"},
		"a half of a file":        {func(b []byte) []byte { return b[:len(b)*3/4] }, "broken off"},
		"another beginning":       {change("GGUF", "GGML"), "of an unknown kind"},
		"a part of a split model": {func(b []byte) []byte { return b }, "00002-of-00002"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "m.gguf")
			if strings.Contains(name, "split") {
				path = filepath.Join(filepath.Dir(path), "m-00001-of-00002.gguf")
			}
			if err := os.WriteFile(path, c.change(slices.Clone(data)), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := checkpoint.Open(t.Context(), path)
			if !errors.Is(err, checkpoint.ErrFormat) && !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), c.want) && !strings.Contains(err.Error(), "part") {
				t.Errorf("got %v, want an error that says %q", err, c.want)
			}
		})
	}
}

// FuzzGGUF wants no panic of a model's file, whatever it says.
func FuzzGGUF(f *testing.F) {
	for _, name := range []string{"llama", "stablelm", "mixtral", "phi3"} {
		if b, err := os.ReadFile("testdata/gguf/" + name + ".gguf"); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "m.gguf")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		read(t, path)
	})
}

// read reads all of a checkpoint that may be broken.
func read(t *testing.T, path string) {
	c, err := checkpoint.Open(t.Context(), path)
	if err != nil {
		return
	}
	defer c.Close() //nolint:errcheck // it was only read
	for _, x := range c.Tensors {
		width := 1
		for _, d := range x.Shape()[1:] {
			width *= d
		}
		if width > 1<<20 || x.Shape()[0] < 1 {
			continue
		}
		_ = x.Rows(t.Context(), x.Shape()[0]-1, x.Shape()[0], make([]float32, width))
		_, _ = x.Codes(t.Context())
	}
}

// FuzzPacked wants no panic of a folder in one of the quantised forms, whatever its
// configuration and the header of its weights say.
func FuzzPacked(f *testing.F) {
	for _, name := range []string{"mlx", "mlx-modes", "gptq", "gptq-v2", "awq", "awq-gemv", "fp8", "compressed-packed", "compressed-bytes", "compressed-floats"} {
		config, err := os.ReadFile("testdata/packed/" + name + "/config.json")
		weights, err2 := os.ReadFile("testdata/packed/" + name + "/model.safetensors")
		if err == nil && err2 == nil {
			f.Add(config, weights[8:8+binary.LittleEndian.Uint64(weights)], len(weights))
		}
	}
	f.Fuzz(func(t *testing.T, config, header []byte, size int) {
		dir := t.TempDir()
		b := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
		for i := len(b); i < min(size, 1<<20); i++ {
			b = append(b, byte(i*7))
		}
		if err := errors.Join(os.WriteFile(dir+"/config.json", config, 0o600), os.WriteFile(dir+"/model.safetensors", b, 0o600)); err != nil {
			t.Fatal(err)
		}
		read(t, dir)
	})
}
