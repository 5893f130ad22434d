package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gocoreml/coreml/bench/internal/decoder"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

// matrices are the checkpoint's names for those of a layer.
var matrices = [decoder.PerLayer]string{
	decoder.Query: "self_attn.q_proj", decoder.Key: "self_attn.k_proj", decoder.Value: "self_attn.v_proj", decoder.Output: "self_attn.o_proj",
	decoder.Gate: "mlp.gate_proj", decoder.Up: "mlp.up_proj", decoder.Down: "mlp.down_proj",
}

// part is a tensor of the checkpoint that is still to be expanded: one matrix at a
// time is in memory.
type part struct {
	name   string
	shape  []int
	expand func() []float32
}

// convert writes the checkpoint of a package into a folder.
func convert(from, to, family string, ropeBase float64) (err error) {
	d, err := decoder.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	list, err := parts(d)
	if err != nil {
		return err
	}
	// After everything that can be wrong with the package.
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	// The weights first: a folder with config.json is taken for a whole checkpoint.
	if err := writeParts(filepath.Join(to, "model.safetensors"), list); err != nil {
		return err
	}
	config, err := json.MarshalIndent(newConfig(d, family, ropeBase), "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, "config.json"), append(config, '\n'), 0o644)
}

// parts lists the tensors of a checkpoint. Rows of a head lie in halves there as
// they do in a package.
func parts(d *decoder.Decoder) ([]part, error) {
	var list []part
	// Gains are few, and expanded already.
	vector := func(name string, values []float32) {
		list = append(list, part{name, []int{len(values)}, func() []float32 { return values }})
	}
	matrix := func(name string, m *matrix) {
		list = append(list, part{name, []int{m.rows, m.cols}, m.expand})
	}
	embedding, err := newMatrix(d.Embedding)
	if err != nil {
		return nil, err
	}
	matrix("model.embed_tokens.weight", embedding)
	for l := range d.Layers {
		layer := fmt.Sprintf("model.layers.%d.", l)
		vector(layer+"input_layernorm.weight", d.Gains[2*l])
		vector(layer+"post_attention_layernorm.weight", d.Gains[2*l+1])
		for kind, name := range matrices {
			m, err := newMatrix(d.Matrix(l, kind))
			if err != nil {
				return nil, err
			}
			matrix(layer+name+".weight", m)
		}
	}
	vector("model.norm.weight", d.Gains[2*d.Layers])
	// A model with tied weights has none, and config.json says so.
	if head := d.Head(); head != nil {
		m, err := newMatrix(head)
		if err != nil {
			return nil, err
		}
		matrix("lm_head.weight", m)
	}
	return list, nil
}

// writeParts writes the tensors in the order of the list. Their shapes are all
// known before the first is expanded, which is what the head of the file needs.
func writeParts(path string, list []part) (err error) {
	specs := make([]safetensors.Spec, len(list))
	for i, p := range list {
		specs[i] = safetensors.Spec{Name: p.name, DType: tensor.Float32, Shape: p.shape}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := bufio.NewWriterSize(f, 1<<20)
	// Hugging Face's loader refuses a file that does not name its framework.
	w, err := safetensors.NewWriter(out, specs, map[string]string{"format": "pt"})
	if err != nil {
		return err
	}
	for _, p := range list {
		if err := w.Write(tensor.FromSlice(p.expand(), p.shape...)); err != nil {
			return err
		}
	}
	return errors.Join(w.Close(), out.Flush())
}

// config is config.json as far as the shape goes.
type config struct {
	Architectures []string `json:"architectures"`
	Type          string   `json:"model_type"`
	Hidden        int      `json:"hidden_size"`
	FFN           int      `json:"intermediate_size"`
	Layers        int      `json:"num_hidden_layers"`
	Heads         int      `json:"num_attention_heads"`
	KVHeads       int      `json:"num_key_value_heads"`
	HeadDim       int      `json:"head_dim"`
	Context       int      `json:"max_position_embeddings"`
	Vocab         int      `json:"vocab_size"`
	Epsilon       float32  `json:"rms_norm_eps"`
	Rope          float64  `json:"rope_theta"`
	Tied          bool     `json:"tie_word_embeddings"`
	Activation    string   `json:"hidden_act"`
	DType         string   `json:"torch_dtype"`
}

// newConfig says of the decoder what its tensors do not: how many heads a width
// stands for, how far positions go and how fast they turn. Every family here is of
// the one architecture.
func newConfig(d *decoder.Decoder, family string, ropeBase float64) config {
	return config{
		Architectures: []string{"LlamaForCausalLM"},
		Type:          family, Hidden: d.Hidden(), FFN: d.FFN(), Layers: d.Layers, Heads: d.Heads(), KVHeads: d.KVHeads,
		HeadDim: d.HeadDim, Context: d.Context, Vocab: d.Vocab(), Epsilon: d.Epsilon, Rope: ropeBase, Tied: d.Head() == nil,
		Activation: "silu", DType: "float32",
	}
}
