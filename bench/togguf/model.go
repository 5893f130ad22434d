package main

import (
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/internal/mil"
)

// perLayer is the number of matrices of a layer: query, key, value, output,
// gate, up and down, in the order in which the program uses them.
const perLayer = 7

// decoder is what the program of a Llama or Mistral package consists of.
type decoder struct {
	embedding *mil.Value
	products  []*mil.Value // the weights of all linears, in order
	gains     [][]float32  // of all norms, in order
	epsilon   float32
	cache     []int // layers, 1, key-value heads, context, head dimension
}

// readDecoder finds the parts of a program by what is done with them.
func readDecoder(fn *mil.Function) (*decoder, error) {
	d := new(decoder)
	for _, v := range fn.Inputs {
		if v.Type.Kind == mil.State && len(v.Type.Shape) == 5 && d.cache == nil {
			d.cache = v.Type.Shape
		}
	}
	if d.cache == nil {
		return nil, errors.New("the program has no cache of rank 5")
	}
	for _, op := range fn.Body.Ops {
		switch op.Type {
		case "gather":
			if x := op.Input("x"); d.embedding == nil && x != nil && len(x.Type.Shape) == 2 && x.Type.DType.IsFloat() {
				d.embedding = x
			}
		case "linear":
			d.products = append(d.products, op.Input("weight"))
		case "mul":
			d.gain(op)
		case "rsqrt":
			d.readEpsilon(op)
		}
	}
	if d.embedding == nil {
		return nil, errors.New("the program reads no embedding")
	}
	layers := d.cache[0]
	if len(d.products) != perLayer*layers+1 {
		return nil, fmt.Errorf("the program has %d matrix products, where %d layers have %d", len(d.products), layers, perLayer*layers+1)
	}
	if len(d.gains) == 0 { // all of them one, which converters leave out
		ones := make([]float32, d.embedding.Type.Shape[1])
		for i := range ones {
			ones[i] = 1
		}
		for range 2*layers + 1 {
			d.gains = append(d.gains, ones)
		}
	}
	if len(d.gains) != 2*layers+1 {
		return nil, fmt.Errorf("the program has %d norms, where %d layers have %d", len(d.gains), layers, 2*layers+1)
	}
	return d, nil
}

// gain notes the constant that a norm multiplies by.
func (d *decoder) gain(op *mil.Op) {
	if d.embedding == nil {
		return
	}
	for _, operand := range []string{"x", "y"} {
		v := op.Input(operand)
		if v == nil || v.Const == nil || len(v.Const.Shape) != 1 || v.Const.Shape[0] != d.embedding.Type.Shape[1] {
			continue
		}
		values := make([]float32, v.Const.Shape[0])
		for i := range values {
			values[i] = mil.FloatAt(v.Const.Data, v.Const.DType, i)
		}
		d.gains = append(d.gains, values)
	}
}

// readEpsilon notes what is added under the root of a norm.
func (d *decoder) readEpsilon(op *mil.Op) {
	x := op.Input("x")
	if x == nil || x.Producer == nil || x.Producer.Type != "add" {
		return
	}
	for _, operand := range []string{"x", "y"} {
		if v := x.Producer.Input(operand); v != nil && v.Const != nil && len(v.Const.Shape) == 0 {
			d.epsilon = mil.FloatAt(v.Const.Data, v.Const.DType, 0)
		}
	}
}

// file lays the decoder out as llama.cpp's architecture llama.
func (d *decoder) file(ropeBase float64) (*file, error) {
	layers, kvHeads, context, headDim := d.cache[0], d.cache[2], d.cache[3], d.cache[4]
	vocab, hidden := d.embedding.Type.Shape[0], d.embedding.Type.Shape[1]
	heads := d.products[0].Type.Shape[0] / headDim
	f := new(file)
	f.set("general.architecture", "llama")
	f.set("general.name", "converted from a Core ML package")
	for _, p := range []struct {
		key string
		n   int
	}{
		{"block_count", layers},
		{"context_length", context},
		{"embedding_length", hidden},
		{"feed_forward_length", d.products[4].Type.Shape[0]},
		{"attention.head_count", heads},
		{"attention.head_count_kv", kvHeads},
		{"attention.key_length", headDim},
		{"attention.value_length", headDim},
		{"rope.dimension_count", headDim},
		{"vocab_size", vocab},
	} {
		f.set("llama."+p.key, uint32(p.n))
	}
	f.set("llama.rope.freq_base", float32(ropeBase))
	f.set("llama.attention.layer_norm_rms_epsilon", d.epsilon)
	f.vocabulary(vocab)

	// The rows of a head lie in pairs in GGUF, and in halves in the package.
	pairs := func(row int) int {
		head, i := row/headDim, row%headDim
		return head*headDim + i%2*(headDim/2) + i/2
	}
	var err error // the first
	add := func(name string, v *mil.Value, from func(int) int) {
		if err != nil {
			return
		}
		var w *weight
		if w, err = newWeight(v); err == nil {
			f.tensors = append(f.tensors, w.tensor(name, from))
		}
	}
	add("token_embd.weight", d.embedding, nil)
	for l := range layers {
		block := fmt.Sprintf("blk.%d.", l)
		f.tensors = append(f.tensors,
			vector(block+"attn_norm.weight", d.gains[2*l]), vector(block+"ffn_norm.weight", d.gains[2*l+1]))
		for k, name := range []string{"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"} {
			from := pairs
			if k > 1 {
				from = nil
			}
			add(block+name+".weight", d.products[perLayer*l+k], from)
		}
	}
	f.tensors = append(f.tensors, vector("output_norm.weight", d.gains[2*layers]))
	// Without a head of its own, llama.cpp takes the embedding.
	if head := d.products[perLayer*layers]; head != d.embedding {
		add("output.weight", head, nil)
	}
	return f, err
}

// vocabulary makes up tokens: measurements feed ids, but a file without a
// vocabulary is not loaded.
func (f *file) vocabulary(n int) {
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
