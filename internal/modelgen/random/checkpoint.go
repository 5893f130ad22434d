package random

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/modelgen"
)

// shardBytes is about the size of a weight file, as the hub's uploads have it.
const shardBytes = 5 << 30

// tensor is a weight of a checkpoint.
type tensor struct {
	name      string
	shape     []int
	deviation float64 // 0 is a norm's gain, of ones
}

func (t *tensor) bytes() int64 {
	n := int64(2)
	for _, d := range t.shape {
		n *= int64(d)
	}
	return n
}

// WriteCheckpoint makes a folder dir in the form of Hugging Face's hub: a Llama of that
// shape with random weights in bfloat16. Nothing may lie at dir yet. After an error, or
// when ctx ends, nothing is left there.
func WriteCheckpoint(ctx context.Context, dir string, c *modelgen.Config, seed uint64) (err error) {
	if err := c.Check(); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	config, err := json.MarshalIndent(map[string]any{
		"architectures": []string{"LlamaForCausalLM"}, "model_type": "llama", "torch_dtype": "bfloat16",
		"vocab_size": c.Vocab, "hidden_size": c.Hidden, "intermediate_size": c.FFN, "num_hidden_layers": c.Layers,
		"num_attention_heads": c.Heads, "num_key_value_heads": c.KVHeads, "head_dim": c.HeadDim,
		"max_position_embeddings": c.Context, "rope_theta": c.RopeBase, "rms_norm_eps": c.NormEpsilon,
		"tie_word_embeddings": c.Tied, "hidden_act": "silu", "attention_bias": false, "mlp_bias": false,
	}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o666); err != nil {
		return err
	}
	return writeShards(ctx, dir, tensorsOf(c), New(Format{}, 0, seed))
}

// tensorsOf lists the weights by the names that transformers gives them.
func tensorsOf(c *modelgen.Config) []tensor {
	root := func(n int) float64 { return 1 / math.Sqrt(float64(n)) }
	residual := root(2 * c.Layers)
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	matrix := func(name string, rows, cols int, deviation float64) tensor {
		return tensor{name + ".weight", []int{rows, cols}, deviation}
	}
	norm := func(name string) tensor { return tensor{name + ".weight", []int{c.Hidden}, 0} }
	embedding := 1.0
	if c.Tied {
		embedding = headGain * root(c.Hidden)
	}
	list := []tensor{matrix("model.embed_tokens", c.Vocab, c.Hidden, embedding)}
	for l := range c.Layers {
		p := fmt.Sprintf("model.layers.%d.", l)
		list = append(list, norm(p+"input_layernorm"),
			matrix(p+"self_attn.q_proj", q, c.Hidden, root(c.Hidden)), matrix(p+"self_attn.k_proj", kv, c.Hidden, root(c.Hidden)),
			matrix(p+"self_attn.v_proj", kv, c.Hidden, root(c.Hidden)), matrix(p+"self_attn.o_proj", c.Hidden, q, residual*root(q)),
			norm(p+"post_attention_layernorm"),
			matrix(p+"mlp.gate_proj", c.FFN, c.Hidden, root(c.Hidden)), matrix(p+"mlp.up_proj", c.FFN, c.Hidden, root(c.Hidden)),
			matrix(p+"mlp.down_proj", c.Hidden, c.FFN, residual*root(c.FFN)))
	}
	list = append(list, norm("model.norm"))
	if !c.Tied {
		list = append(list, matrix("lm_head", c.Vocab, c.Hidden, headGain*root(c.Hidden)))
	}
	return list
}

// writeShards writes the weights to files of about shardBytes, and the index of several.
func writeShards(ctx context.Context, dir string, list []tensor, src *Source) error {
	shards, size, total := [][]tensor{nil}, int64(0), int64(0)
	for _, t := range list {
		if size > 0 && size+t.bytes() > shardBytes {
			shards, size = append(shards, nil), 0
		}
		shards[len(shards)-1] = append(shards[len(shards)-1], t)
		size += t.bytes()
		total += t.bytes()
	}
	index := map[string]string{}
	for i, shard := range shards {
		name := "model.safetensors"
		if len(shards) > 1 {
			name = fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(shards))
		}
		for _, t := range shard {
			index[t.name] = name
		}
		if err := src.writeShard(ctx, filepath.Join(dir, name), shard); err != nil {
			return err
		}
	}
	if len(shards) == 1 {
		return nil
	}
	data, err := json.MarshalIndent(map[string]any{"metadata": map[string]int64{"total_size": total}, "weight_map": index}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "model.safetensors.index.json"), data, 0o666)
}

// writeShard writes one file.
func (s *Source) writeShard(ctx context.Context, path string, list []tensor) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	type entry struct {
		DType   string   `json:"dtype"`
		Shape   []int    `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	header, at := map[string]any{"__metadata__": map[string]string{"format": "pt"}}, int64(0)
	for i := range list {
		t := &list[i]
		header[t.name] = entry{"BF16", t.shape, [2]int64{at, at + t.bytes()}}
		at += t.bytes()
	}
	text, err := json.Marshal(header)
	if err != nil {
		return err
	}
	for len(text)%8 != 0 { // the data begin at a multiple of 8
		text = append(text, ' ')
	}
	out := bufio.NewWriterSize(f, 1<<20)
	err = binary.Write(out, binary.LittleEndian, uint64(len(text)))
	if err == nil {
		_, err = out.Write(text)
	}
	for i := 0; i < len(list) && err == nil; i++ {
		err = s.writeTensor(ctx, out, &list[i])
	}
	if err == nil {
		err = out.Flush()
	}
	return err
}

// writeTensor writes random numbers: the quantiles of a normal distribution, drawn evenly.
func (s *Source) writeTensor(ctx context.Context, out io.Writer, t *tensor) error {
	const quantiles = 1 << 12
	table := make([]uint16, quantiles)
	for i, q := range normalQuantiles(quantiles) {
		table[i] = dtype.Float32ToBFloat16(float32(float64(q) * t.deviation))
		if t.deviation == 0 {
			table[i] = dtype.Float32ToBFloat16(1)
		}
	}
	buf := make([]byte, 1<<20)
	for left := t.bytes(); left > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := buf[:min(int64(len(buf)), left)]
		for i := 0; i < len(part); i += 10 {
			r := s.rnd.Uint64() // five times 12 bits
			for k := i; k < min(i+10, len(part)); k += 2 {
				binary.LittleEndian.PutUint16(part[k:], table[r%quantiles])
				r /= quantiles
			}
		}
		if _, err := out.Write(part); err != nil {
			return err
		}
		left -= int64(len(part))
	}
	return nil
}
