package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/bench/internal/decoder"
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/modelgen/random"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

// made makes a small package.
func made(t *testing.T, weights string, tied bool) string {
	t.Helper()
	format, err := random.FormatNamed(weights)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "made.mlpackage")
	err = modelgen.Write(t.Context(), path, &modelgen.Config{
		Shape: modelgen.Shape{
			Layers: 2, Hidden: 64, Heads: 4, KVHeads: 2, HeadDim: 32, FFN: 96, Vocab: 288, Context: 16,
			RopeBase: 1e4, NormEpsilon: 1e-5, Tied: tied,
		},
	}, random.New(format, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEveryTensorOfTheCheckpointMeansWhatThePackageDoes(t *testing.T) {
	for name, c := range map[string]struct {
		weights string
		tied    bool
	}{
		"int4 in blocks of 32":     {"int4", false},
		"int8 with a scale a row":  {"int8", false},
		"fp16":                     {"fp16", false},
		"a head that is embedding": {"int4", true},
	} {
		t.Run(name, func(t *testing.T) {
			path, out := made(t, c.weights, c.tied), filepath.Join(t.TempDir(), "new", "checkpoint")
			if err := convert(path, out, "qwen2", 12345); err != nil {
				t.Fatal(err)
			}
			d, err := decoder.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			f, err := safetensors.Open(os.DirFS(out), "model.safetensors")
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if got := slices.Contains(f.Names(), "lm_head.weight"); got == c.tied {
				t.Errorf("a head of its own: %v", got)
			}
			if want := 3 + 9*2 - btoi(c.tied); len(f.Names()) != want {
				t.Errorf("%d tensors, want %d", len(f.Names()), want)
			}
			compare(t, f, "model.embed_tokens.weight", d.Embedding)
			for kind, name := range []string{"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"} {
				compare(t, f, "model.layers.1."+name+".weight", d.Matrix(1, kind))
			}
			for name, want := range map[string][]float32{
				"model.layers.0.input_layernorm.weight": d.Gains[0], "model.layers.1.post_attention_layernorm.weight": d.Gains[3],
				"model.norm.weight": d.Gains[4],
			} {
				if got := read(t, f, name); !slices.Equal(got, want) {
					t.Errorf("%s is %v, want %v", name, got, want)
				}
			}
			compareConfig(t, out, c.tied)
		})
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func read(t *testing.T, f *safetensors.File, name string) []float32 {
	t.Helper()
	x, err := f.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	data, err := tensor.Data[float32](x)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// compare decodes a weight of the package an element at a time.
func compare(t *testing.T, f *safetensors.File, name string, v *mil.Value) {
	t.Helper()
	got, shape := read(t, f, name), v.Type.Shape
	if want := f.Entry(name).Shape; !slices.Equal(want, shape) {
		t.Fatalf("%s has shape %v, want %v", name, want, shape)
	}
	for i, g := range got {
		if want := element(v, i/shape[1], i%shape[1]); g != want {
			t.Fatalf("%s at %d is %v, want %v", name, i, g, want)
		}
	}
}

func element(v *mil.Value, row, col int) float32 {
	if v.Const != nil {
		return mil.FloatAt(v.Const.Data, v.Const.DType, row*v.Const.Shape[1]+col)
	}
	codes, scale := v.Producer.Input("data").Const, v.Producer.Input("scale").Const
	cols, perRow := codes.Shape[1], scale.Shape[1]
	return float32(mil.IntAt(codes.Data, codes.DType, row*cols+col)) *
		mil.FloatAt(scale.Data, scale.DType, row*perRow+col/(cols/perRow))
}

func compareConfig(t *testing.T, dir string, tied bool) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"model_type": "qwen2", "hidden_size": 64.0, "intermediate_size": 96.0, "num_hidden_layers": 2.0, "num_attention_heads": 4.0,
		"num_key_value_heads": 2.0, "head_dim": 32.0, "vocab_size": 288.0, "rope_theta": 12345.0, "rms_norm_eps": 1e-5,
		"tie_word_embeddings": tied,
	} {
		if got[key] != want {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
}

func TestOffsetsAndBlocksOfRowsAreApplied(t *testing.T) {
	constant := func(typ dtype.Type, shape []int, data ...byte) *mil.Const {
		return &mil.Const{DType: typ, Shape: shape, Data: data}
	}
	half := func(v float32) []byte {
		b, err := mil.PackFloats(dtype.Float16, []float32{v})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	m := &matrix{
		rows: 4, cols: 2,
		codes:   constant(dtype.UInt8, []int{4, 2}, 1, 2, 3, 4, 5, 6, 7, 8),
		scales:  constant(dtype.Float16, []int{2, 1}, slices.Concat(half(0.5), half(2))...),
		offsets: constant(dtype.UInt8, []int{2, 1}, 1, 4),
	}
	if got, want := m.expand(), []float32{0, 0.5, 1, 1.5, 2, 4, 6, 8}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPalettesAreRefusedBeforeAnythingIsWritten(t *testing.T) {
	out := filepath.Join(t.TempDir(), "checkpoint")
	if err := convert(made(t, "lut4", false), out, "llama", 1e4); err == nil || !strings.Contains(err.Error(), "codes with scales") {
		t.Errorf("error is %v", err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a folder was made")
	}
}
