package main

import (
	"fmt"

	"github.com/gocoreml/coreml/bench/internal/decoder"
	"github.com/gocoreml/coreml/internal/mil"
)

// matrices are GGUF's names for those of a layer.
var matrices = [decoder.PerLayer]string{
	decoder.Query: "attn_q", decoder.Key: "attn_k", decoder.Value: "attn_v", decoder.Output: "attn_output",
	decoder.Gate: "ffn_gate", decoder.Up: "ffn_up", decoder.Down: "ffn_down",
}

// newFile lays a decoder out as llama.cpp's architecture llama.
func newFile(d *decoder.Decoder, ropeBase float64) (*file, error) {
	f := new(file)
	f.set("general.architecture", "llama")
	f.set("general.name", "converted from a Core ML package")
	// llama.cpp derives none of these from the tensors and refuses a file that
	// lacks one.
	for _, p := range []struct {
		key string
		n   int
	}{
		{"block_count", d.Layers},
		{"context_length", d.Context},
		{"embedding_length", d.Hidden()},
		{"feed_forward_length", d.FFN()},
		{"attention.head_count", d.Heads()},
		{"attention.head_count_kv", d.KVHeads},
		{"attention.key_length", d.HeadDim},
		{"attention.value_length", d.HeadDim},
		{"rope.dimension_count", d.HeadDim},
		{"vocab_size", d.Vocab()},
	} {
		f.set("llama."+p.key, uint32(p.n))
	}
	f.set("llama.rope.freq_base", float32(ropeBase))
	f.set("llama.attention.layer_norm_rms_epsilon", d.Epsilon)
	f.vocabulary(d.Vocab())

	// The rows of a head lie in pairs in GGUF, and in halves in the package.
	//
	// So llama.cpp rotates neighbouring rows where Hugging Face rotates row i and
	// row i + half; its own converter permutes them alike (convert_hf_to_gguf.py,
	// permute).
	pairs := func(row int) int {
		head, i := row/d.HeadDim, row%d.HeadDim
		return head*d.HeadDim + i%2*(d.HeadDim/2) + i/2
	}
	var err error // the first
	// A layer has seven matrices; the error is asked for once, at the end.
	add := func(name string, v *mil.Value, from func(int) int) {
		if err != nil {
			return
		}
		var w *weight
		if w, err = newWeight(v); err == nil {
			f.tensors = append(f.tensors, w.tensor(name, from))
		}
	}
	// In the order in which llama.cpp's own converter writes them.
	add("token_embd.weight", d.Embedding, nil)
	for l := range d.Layers {
		block := fmt.Sprintf("blk.%d.", l)
		f.tensors = append(f.tensors,
			vector(block+"attn_norm.weight", d.Gains[2*l]), vector(block+"ffn_norm.weight", d.Gains[2*l+1]))
		for k, name := range matrices {
			from := pairs
			if k != decoder.Query && k != decoder.Key {
				from = nil
			}
			add(block+name+".weight", d.Matrix(l, k), from)
		}
	}
	f.tensors = append(f.tensors, vector("output_norm.weight", d.Gains[2*d.Layers]))
	// Without a head of its own, llama.cpp takes the embedding.
	if head := d.Head(); head != nil {
		add("output.weight", head, nil)
	}
	return f, err
}

// vocabulary makes up tokens: measurements feed ids, but a file without a
// vocabulary is not loaded.
func (f *file) vocabulary(n int) {
	// The three special tokens and the 256 bytes, without which llama.cpp does not
	// take a vocabulary of this kind. The numbers of types are those of llama.h: 1
	// normal, 2 unknown, 3 control, 6 byte.
	const bytesEnd = 3 + 256
	tokens, scores, types := make([]string, n), make([]float32, n), make([]int32, n)
	for i := range n {
		switch {
		case i == 0:
			tokens[i], types[i] = "<unk>", 2
		case i < 3:
			tokens[i], types[i] = [...]string{1: "<s>", 2: "</s>"}[i], 3
		case i < bytesEnd:
			tokens[i], types[i] = fmt.Sprintf("<0x%02X>", i-3), 6
		default:
			tokens[i], types[i], scores[i] = fmt.Sprintf("token%d", i), 1, -float32(i)
		}
	}
	f.set("tokenizer.ggml.model", "llama")
	f.set("tokenizer.ggml.tokens", tokens)
	f.set("tokenizer.ggml.scores", scores)
	f.set("tokenizer.ggml.token_type", types)
	f.set("tokenizer.ggml.bos_token_id", uint32(1))
	f.set("tokenizer.ggml.eos_token_id", uint32(2))
	f.set("tokenizer.ggml.unknown_token_id", uint32(0))
}
