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

// fileTypes are the numbers in llama.h of a file whose weights are mostly of a type.
var fileTypes = map[uint32]uint32{ggmlF32: 0, ggmlF16: 1, ggmlQ4_0: 2, ggmlQ8_0: 7}

// newFile lays a decoder out as llama.cpp's architecture llama.
func newFile(d *decoder.Decoder, ropeBase float64) (*file, error) {
	f := new(file)
	f.set("general.architecture", "llama")
	f.set("general.name", "converted from a Core ML package")
	// OpenVINO wants to know what most weights are.
	query, err := newWeight(d.Matrix(0, decoder.Query))
	if err != nil {
		return nil, err
	}
	f.set("general.file_type", fileTypes[query.typ])
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
//
// It is one of GPT-2's kind, since that is what each of the programs reads. They
// want the 256 bytes in it, and at least one merge.
func (f *file) vocabulary(n int) {
	// The numbers of types are those of llama.h.
	const normal, control = 1, 3
	tokens, types := make([]string, 0, n), make([]int32, 0, n)
	add := func(token string, typ int32) {
		if len(tokens) < n {
			tokens, types = append(tokens, token), append(types, typ)
		}
	}
	add("<|endoftext|>", control)
	for b := range 256 {
		add(string(byteRune(byte(b))), normal)
	}
	add("ab", normal)
	for i := len(tokens); i < n; i++ {
		add(fmt.Sprintf("token%d", i), normal)
	}
	f.set("tokenizer.ggml.model", "gpt2")
	f.set("tokenizer.ggml.pre", "smollm")
	f.set("tokenizer.ggml.tokens", tokens)
	f.set("tokenizer.ggml.token_type", types)
	f.set("tokenizer.ggml.merges", []string{"a b"})
	for _, name := range []string{"bos", "eos", "unknown", "padding"} {
		f.set("tokenizer.ggml."+name+"_token_id", uint32(0))
	}
}

// byteRune is the character that stands for a byte in a vocabulary of GPT-2's kind
// (encoder.py of its release): itself where it can be seen, else one from 256 on, in
// order.
func byteRune(b byte) rune {
	seen := func(b int) bool { return b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae }
	if seen(int(b)) {
		return rune(b)
	}
	hidden := rune(256)
	for other := range int(b) {
		if !seen(other) {
			hidden++
		}
	}
	return hidden
}
