package main

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/modelgen/random"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// made makes a small package and returns its path and its program.
func made(t *testing.T, weights string, block int, tied bool) (string, *mil.Function) {
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
	}, random.New(format, block, 0))
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := modelpkg.OpenPath(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pkg.Close() })
	p, err := mil.Read(t.Context(), pkg)
	if err != nil {
		t.Fatal(err)
	}
	return path, p.Function("main")
}

// loaded is a GGUF tensor as read back.
type loaded struct {
	dims []int
	typ  uint32
	data []byte
}

// scanner reads the little-endian parts of a file.
type scanner struct {
	t    *testing.T
	data []byte
	at   int
}

func (s *scanner) take(n int) []byte {
	s.t.Helper()
	if n < 0 || s.at+n > len(s.data) {
		s.t.Fatalf("the file ends at %d of %d", s.at+n, len(s.data))
	}
	s.at += n
	return s.data[s.at-n : s.at]
}

func (s *scanner) u32() uint32  { return binary.LittleEndian.Uint32(s.take(4)) }
func (s *scanner) u64() int     { return int(binary.LittleEndian.Uint64(s.take(8))) }
func (s *scanner) text() string { return string(s.take(s.u64())) }

func (s *scanner) value(typ uint32) any {
	switch typ {
	case typeUint32:
		return s.u32()
	case typeInt32:
		return int32(s.u32())
	case typeFloat32:
		return math.Float32frombits(s.u32())
	case typeString:
		return s.text()
	case typeArray:
		inner, n := s.u32(), s.u64()
		list := make([]any, n)
		for i := range list {
			list[i] = s.value(inner)
		}
		return list
	}
	s.t.Fatalf("type %d", typ)
	return nil
}

// load reads a GGUF file.
func load(t *testing.T, path string) (map[string]any, map[string]loaded) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := &scanner{t: t, data: data}
	if !bytes.Equal(s.take(4), []byte("GGUF")) || s.u32() != 3 {
		t.Fatal("not a GGUF file of version 3")
	}
	count, pairs := s.u64(), s.u64()
	meta := map[string]any{}
	for range pairs {
		key := s.text()
		meta[key] = s.value(s.u32())
	}
	tensors, starts := map[string]loaded{}, map[string]int{}
	for range count {
		name := s.text()
		var l loaded
		for range s.u32() {
			l.dims = append(l.dims, s.u64())
		}
		l.typ = s.u32()
		starts[name] = s.u64()
		tensors[name] = l
	}
	base := (s.at + 31) / 32 * 32
	for name, l := range tensors {
		if starts[name]%32 != 0 {
			t.Errorf("%s begins at %d", name, starts[name])
		}
		l.data = data[base+starts[name]:]
		tensors[name] = l
	}
	return meta, tensors
}

// at decodes an element.
func (l loaded) at(row, col int) float32 {
	i := row*l.dims[0] + col
	block, k := i/32, i%32
	scale := func(b []byte) float32 { return dtype.Float16ToFloat32(binary.LittleEndian.Uint16(b)) }
	switch l.typ {
	case ggmlF16:
		return scale(l.data[2*i:])
	case ggmlQ8_0:
		b := l.data[34*block:]
		return scale(b) * float32(int8(b[2+k]))
	case ggmlQ4_0:
		b := l.data[18*block:]
		q := b[2+k%16] & 15
		if k >= 16 {
			q = b[2+k%16] >> 4
		}
		return scale(b) * (float32(q) - 8)
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(l.data[4*i:]))
}

// element decodes an element of a package's weight.
func element(v *mil.Value, row, col int) float32 {
	if v.Const != nil {
		return mil.FloatAt(v.Const.Data, v.Const.DType, row*v.Const.Shape[1]+col)
	}
	codes, scale := v.Producer.Input("data").Const, v.Producer.Input("scale").Const
	cols, perRow := codes.Shape[1], scale.Shape[1]
	return mil.FloatAt(codes.Data, codes.DType, row*cols+col) *
		mil.FloatAt(scale.Data, scale.DType, row*perRow+col/(cols/perRow))
}

func TestEveryWeightKeepsItsValue(t *testing.T) {
	for name, c := range map[string]struct {
		weights string
		block   int
		tied    bool
		typ     uint32
		file    uint32
	}{
		"int4 in blocks of 32":     {"int4", 0, false, ggmlQ4_0, 2},
		"int8 with a scale a row":  {"int8", 0, false, ggmlQ8_0, 7},
		"fp16":                     {"fp16", 0, false, ggmlF16, 1},
		"a head that is embedding": {"int4", 0, true, ggmlQ4_0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			path, fn := made(t, c.weights, c.block, c.tied)
			out := filepath.Join(t.TempDir(), "model.gguf")
			if err := convert(path, out, 12345); err != nil {
				t.Fatal(err)
			}
			meta, tensors := load(t, out)
			for key, want := range map[string]any{
				"llama.block_count": uint32(2), "llama.attention.head_count": uint32(4), "llama.attention.head_count_kv": uint32(2),
				"llama.attention.key_length": uint32(32), "llama.feed_forward_length": uint32(96), "llama.rope.freq_base": float32(12345),
				"llama.attention.layer_norm_rms_epsilon": float32(1e-5), "general.file_type": c.file,
			} {
				if meta[key] != want {
					t.Errorf("%s is %v, want %v", key, meta[key], want)
				}
			}
			if _, ok := tensors["output.weight"]; ok == c.tied {
				t.Errorf("a head of its own: %v", ok)
			}
			compareWeights(t, fn, tensors, c.typ)
		})
	}
}

// compareWeights finds each matrix by the name that modelgen gives it.
func compareWeights(t *testing.T, fn *mil.Function, tensors map[string]loaded, typ uint32) {
	t.Helper()
	values := map[string]*mil.Value{}
	for _, op := range fn.Body.Ops {
		for _, v := range op.Outputs {
			values[strings.TrimSuffix(v.Name, "_quantized")] = v
		}
	}
	plain := func(row int) int { return row }
	// Pairs (2i, 2i+1) of a head of 32 come from the rows (i, i+16).
	turned := func(row int) int { return row/32*32 + row%32/2 + row%2*16 }
	for _, m := range []struct {
		gguf, name string
		from       func(int) int
	}{
		{"token_embd.weight", "emb_weight", plain},
		{"blk.1.attn_q.weight", "layers_1_q_weight", turned},
		{"blk.1.attn_k.weight", "layers_1_k_weight", turned},
		{"blk.0.attn_v.weight", "layers_0_v_weight", plain},
		{"blk.1.attn_output.weight", "layers_1_o_weight", plain},
		{"blk.0.ffn_gate.weight", "layers_0_g_weight", plain},
		{"blk.1.ffn_up.weight", "layers_1_u_weight", plain},
		{"blk.1.ffn_down.weight", "layers_1_d_weight", plain},
	} {
		got, want := tensors[m.gguf], values[m.name]
		rows, cols := want.Type.Shape[0], want.Type.Shape[1]
		if got.typ != typ || len(got.dims) != 2 || got.dims[0] != cols || got.dims[1] != rows {
			t.Errorf("%s: type %d of %v", m.gguf, got.typ, got.dims)
			continue
		}
		for i := range rows * cols {
			if g, w := got.at(i/cols, i%cols), element(want, m.from(i/cols), i%cols); g != w {
				t.Errorf("%s at %d, %d is %v, want %v", m.gguf, i/cols, i%cols, g, w)
				break
			}
		}
	}
	gain := values["layers_1_norm2_gain"].Const
	for i := range gain.Shape[0] {
		if g, w := tensors["blk.1.ffn_norm.weight"].at(0, i), mil.FloatAt(gain.Data, gain.DType, i); g != w {
			t.Errorf("gain %d is %v, want %v", i, g, w)
		}
	}
}

// TestTheVocabularyHoldsEveryByteOnce looks at the characters that stand for bytes:
// a space is Ġ, and none stands for two.
func TestTheVocabularyHoldsEveryByteOnce(t *testing.T) {
	seen := map[rune]int{}
	for b := range 256 {
		r := byteRune(byte(b))
		if other, ok := seen[r]; ok {
			t.Errorf("%q stands for %d and for %d", r, other, b)
		}
		seen[r] = b
	}
	for b, want := range map[byte]rune{' ': 'Ġ', '\n': 'Ċ', 'a': 'a', 0: 'Ā', 0xad: 'Ń', 0xff: 'ÿ'} {
		if got := byteRune(b); got != want {
			t.Errorf("byte %#x is %q, want %q", b, got, want)
		}
	}
	for _, n := range []int{100, 288, 1000} {
		f := new(file)
		f.vocabulary(n)
		for _, p := range f.pairs {
			if list, ok := p.value.([]string); ok && p.key == "tokenizer.ggml.tokens" && len(list) != n {
				t.Errorf("%d tokens, want %d", len(list), n)
			}
		}
	}
}

func TestWhatGGMLCannotHoldIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		weights string
		block   int
	}{"palettes": {"lut4", 0}, "blocks of 16": {"int4", 16}} {
		t.Run(name, func(t *testing.T) {
			path, _ := made(t, c.weights, c.block, false)
			out := filepath.Join(t.TempDir(), "model.gguf")
			if err := convert(path, out, 1e4); err == nil || !strings.Contains(err.Error(), "GGML") {
				t.Errorf("error is %v", err)
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("a file was written")
			}
		})
	}
}
