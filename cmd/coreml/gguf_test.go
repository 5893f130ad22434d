package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ggufFile is a GGUF file that is being written, of version 3: a key is the name, the
// number of the type, the value.
type ggufFile struct {
	keys, heads, data bytes.Buffer
	nKeys, nTensors   int
}

// put appends numbers as they are and texts behind their lengths.
func put(b *bytes.Buffer, values ...any) {
	for _, v := range values {
		if s, ok := v.(string); ok {
			put(b, uint64(len(s)))
			b.WriteString(s)
			continue
		}
		_ = binary.Write(b, binary.LittleEndian, v) //nolint:errcheck // into memory
	}
}

// key writes a value: a text, a number, a truth value, or a list.
func (g *ggufFile) key(name string, value any) {
	g.nKeys++
	switch v := value.(type) {
	case string:
		put(&g.keys, name, uint32(8), v)
	case uint16:
		put(&g.keys, name, uint32(2), v)
	case uint32:
		put(&g.keys, name, uint32(4), v)
	case float32:
		put(&g.keys, name, uint32(6), v)
	case bool:
		put(&g.keys, name, uint32(7), v)
	case []string:
		put(&g.keys, name, uint32(9), uint32(8), uint64(len(v)))
		for _, s := range v {
			put(&g.keys, s)
		}
	case []int32:
		put(&g.keys, name, uint32(9), uint32(5), uint64(len(v)), v)
	case []float32:
		put(&g.keys, name, uint32(9), uint32(6), uint64(len(v)), v)
	default:
		panic(fmt.Sprintf("%T", value))
	}
}

// tensor adds a tensor of halves that are one: rows of width numbers, or a vector of
// float32 where rows is 0.
func (g *ggufFile) tensor(name string, rows, width int) {
	g.nTensors++
	for g.data.Len()%32 != 0 {
		g.data.WriteByte(0)
	}
	at := uint64(g.data.Len())
	if rows == 0 {
		put(&g.heads, name, uint32(1), uint64(width), uint32(0), at)
		g.data.Write(bytes.Repeat([]byte{0, 0, 0x80, 0x3f}, width))
		return
	}
	put(&g.heads, name, uint32(2), uint64(width), uint64(rows), uint32(1), at)
	g.data.Write(bytes.Repeat([]byte{0, 0x20}, rows*width))
}

// bytes returns the file.
func (g *ggufFile) bytes() []byte {
	var b bytes.Buffer
	b.WriteString("GGUF")
	put(&b, uint32(3), uint64(g.nTensors), uint64(g.nKeys))
	b.Write(g.keys.Bytes())
	b.Write(g.heads.Bytes())
	for b.Len()%32 != 0 {
		b.WriteByte(0)
	}
	b.Write(g.data.Bytes())
	return b.Bytes()
}

// ggufLlama is the smallest llama with so many tokens.
func ggufLlama(tokens int) *ggufFile {
	g := &ggufFile{}
	ggufWords(g)
	for _, name := range ggufTensors {
		g.llamaTensor(name, tokens)
	}
	return g
}

// ggufWords writes the hyperparameters of the smallest llama.
func ggufWords(g *ggufFile) {
	g.key("general.architecture", "llama")
	for name, n := range map[string]uint32{"block_count": 1, "context_length": 64, "embedding_length": 8, "feed_forward_length": 8, "attention.head_count": 1} {
		g.key("llama."+name, n)
	}
	g.key("llama.attention.layer_norm_rms_epsilon", float32(1e-5))
}

// ggufTensors are the names of its tensors.
var ggufTensors = []string{
	"token_embd", "output_norm", "blk.0.attn_norm", "blk.0.ffn_norm", "blk.0.attn_q", "blk.0.attn_k", "blk.0.attn_v", "blk.0.attn_output",
	"blk.0.ffn_gate", "blk.0.ffn_up", "blk.0.ffn_down",
}

// llamaTensor adds one of them.
func (g *ggufFile) llamaTensor(name string, tokens int) {
	rows := 8
	switch {
	case strings.HasSuffix(name, "norm"):
		rows = 0
	case name == "token_embd":
		rows = tokens
	}
	g.tensor(name+".weight", rows, 8)
}

// Parts of a model are as those of llama.cpp's gguf-split: the first has the metadata, and
// each says which of how many it is.
func TestConvertTakesAGGUFModelInParts(t *testing.T) {
	const tokens, parts = 40, 3
	weights := func(pkg string) string {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(pkg, "Data", "com.apple.CoreML", "weights", "weight.bin"))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	write := func(path string, g *ggufFile) {
		t.Helper()
		if err := os.WriteFile(path, g.bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := t.TempDir()
	whole := filepath.Join(out, "whole.gguf")
	write(whole, ggufLlama(tokens))
	call(t, "convert", whole, filepath.Join(out, "whole.mlpackage"), "-q").want(t, exitOK, "", "")
	want := weights(filepath.Join(out, "whole.mlpackage"))

	for _, first := range []bool{true, false} { // whether the first part has tensors too
		dir := t.TempDir()
		part := func(i int) string { return filepath.Join(dir, fmt.Sprintf("model-%05d-of-%05d.gguf", i+1, parts)) }
		for i := range parts {
			g := &ggufFile{}
			if i == 0 {
				ggufWords(g)
			}
			g.key("split.no", uint16(i))
			g.key("split.count", uint16(parts))
			g.key("split.tensors.count", uint32(len(ggufTensors)))
			for k, name := range ggufTensors {
				if first && k%parts == i || !first && k%(parts-1) == i-1 {
					g.llamaTensor(name, tokens)
				}
			}
			write(part(i), g)
		}
		for n, from := range []string{part(0), part(2), dir} {
			pkg := filepath.Join(t.TempDir(), "m.mlpackage")
			call(t, "convert", from, pkg, "-q").want(t, exitOK, "", "")
			if weights(pkg) != want {
				t.Errorf("%d: the weights of the parts are other ones", n)
			}
		}
		pkg := filepath.Join(t.TempDir(), "m.mlpackage")
		second, err := os.ReadFile(part(1))
		if err != nil {
			t.Fatal(err)
		}
		third, err := os.ReadFile(part(2))
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			data []byte // of the third part
			says string
		}{
			"missing": {nil, "model-00003-of-00003.gguf"}, "of another place": {second, "part 2 of 3 by its content"},
			"broken off": {third[:len(third)/2], "model-00003-of-00003.gguf"}, "no part": {ggufLlama(tokens).bytes(), "part"},
		} {
			if err := os.Remove(part(2)); err != nil {
				t.Fatal(err)
			}
			if c.data != nil {
				if err := os.WriteFile(part(2), c.data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			t.Log(name)
			call(t, "convert", part(0), pkg, "-q").want(t, exitFailure, "", c.says)
			if err := os.WriteFile(part(2), third, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	alone := filepath.Join(t.TempDir(), "renamed.gguf")
	g := &ggufFile{}
	ggufWords(g)
	g.key("split.no", uint16(0))
	g.key("split.count", uint16(2))
	write(alone, g)
	call(t, "convert", alone, filepath.Join(out, "x.mlpackage")).want(t, exitFailure, "", "-00001-of-00002.gguf")
}

// Tensors of a type that is not decoded are refused by its name.
func TestConvertNamesTheGGUFTypeThatItDoesNotRead(t *testing.T) {
	for number, name := range map[uint32]string{16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 21: "IQ3_S", 22: "IQ2_S", 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 26: "I32", 99: "99"} {
		g := &ggufFile{}
		ggufWords(g)
		put(&g.heads, "token_embd.weight", uint32(2), uint64(256), uint64(4), number, uint64(0))
		g.nTensors++
		g.data.Write(make([]byte, 8192))
		file := filepath.Join(t.TempDir(), "m.gguf")
		if err := os.WriteFile(file, g.bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		call(t, "convert", file, filepath.Join(t.TempDir(), "m.mlpackage")).want(t, exitFailure, "", name)
	}
}
