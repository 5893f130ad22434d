package checkpoint

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/gocoreml/coreml/internal/storage"
)

// compressedSettings is quantization_config of compressed-tensors.
type compressedSettings struct {
	Format string `json:"format"`
	Groups map[string]struct {
		Format  string `json:"format"`
		Weights *struct {
			Bits     int    `json:"num_bits"`
			Type     string `json:"type"`
			Strategy string `json:"strategy"`
		} `json:"weights"`
	} `json:"config_groups"`
	Sparsity *struct {
		Format string `json:"format"`
	} `json:"sparsity_config"`
}

var compressedParts = []string{
	"weight_packed", "weight_scale", "weight_zero_point", "weight_shape", "weight_g_idx",
	// What belongs to activations and to the cache, which are not quantised here.
	"input_scale", "input_zero_point", "output_scale", "output_zero_point", "k_scale", "v_scale", "q_scale",
}

// compressedFormats are the formats that are read, of the model or of a group of modules.
var compressedFormats = []string{"", "dense", "pack-quantized", "int-quantized", "float-quantized", "naive-quantized", "mixed-precision"}

// decodeCompressed reads folders of compressed-tensors: X.weight_packed has codes packed
// along the inputs, or X.weight one byte for each; X.weight_scale numbers for the whole
// matrix, for each output or for groups of inputs; X.weight_zero_point what is taken from
// the codes. Which of them it is, the tensors say.
func decodeCompressed(ctx context.Context, config map[string]json.RawMessage, stored map[string]*Stored) (map[string]Tensor, error) {
	var s compressedSettings
	if err := json.Unmarshal(config["quantization_config"], &s); err != nil {
		return nil, fmt.Errorf("%w: %s: quantization_config: %w", ErrFormat, configName, storage.JSONError(err))
	}
	if err := noTransposed(config); err != nil {
		return nil, err
	}
	bits, err := s.check()
	if err != nil {
		return nil, err
	}
	found, out := modules(stored, compressedParts)
	for name, m := range found {
		switch {
		case m.parts["weight_packed"] != nil:
			out[name+".weight"], err = compressedPacked(ctx, m, bits)
		case m.parts["weight_scale"] != nil:
			w, ok := out[name+".weight"].(*Stored)
			if !ok {
				return nil, m.err("weight is missing")
			}
			m.parts["weight"] = w
			out[name+".weight"], err = compressedBytes(ctx, m)
		case m.parts["weight_zero_point"] != nil || m.parts["weight_shape"] != nil || m.parts["weight_g_idx"] != nil:
			err = m.err("weight_scale is missing")
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// check refuses what is not read, by name, and returns the numbers of bits in use.
func (s *compressedSettings) check() ([]int, error) {
	refuse := func(what, name string) error {
		return fmt.Errorf("%w: quantization_config: the %s %s of compressed-tensors is not read: convert the model that it was made from", ErrFormat, what, storage.Quote(name))
	}
	if !slices.Contains(compressedFormats, s.Format) {
		return nil, refuse("format", s.Format)
	}
	if s.Sparsity != nil && s.Sparsity.Format != "" && s.Sparsity.Format != "dense" {
		return nil, refuse("sparsity format", s.Sparsity.Format)
	}
	var bits []int
	for _, name := range slices.Sorted(maps.Keys(s.Groups)) {
		g := s.Groups[name]
		if !slices.Contains(compressedFormats, g.Format) {
			return nil, refuse("format", g.Format)
		}
		if g.Weights == nil {
			continue
		}
		if t := g.Weights.Type; t != "" && t != "int" && t != "float" || t == "float" && g.Weights.Bits != 8 {
			return nil, refuse("type", fmt.Sprintf("%s of %d bits", t, g.Weights.Bits))
		}
		if g.Weights.Bits > 0 && g.Weights.Bits <= 8 && !slices.Contains(bits, g.Weights.Bits) {
			bits = append(bits, g.Weights.Bits)
		}
	}
	return bits, nil
}

// compressedPacked makes a matrix whose codes are packed. Its number of bits is the one in
// use that fits the shapes.
func compressedPacked(ctx context.Context, m *module, inUse []int) (Tensor, error) {
	w, err := m.need("weight_packed", wordTypes, -1, -1)
	if err != nil {
		return nil, err
	}
	given, err := m.need("weight_shape", []string{"I32", "I64"}, 2)
	if err != nil {
		return nil, err
	}
	shape, err := readInts(ctx, given)
	if err != nil {
		return nil, err
	}
	rows := w.Shape()[0]
	if shape[0] != int64(rows) || shape[1] < 1 || shape[1] > int64(w.Shape()[1])*32 {
		return nil, m.err("weight_shape says %v of weight_packed with the shape %v", shape, w.Shape())
	}
	columns, bits := int(shape[1]), 0
	for _, b := range inUse {
		if words(columns, b) == w.Shape()[1] {
			bits = b
		}
	}
	if bits == 0 {
		return nil, m.err("weight_packed has %d words for %d inputs, which none of the numbers of bits %v makes", w.Shape()[1], columns, inUse)
	}
	p := &packed{
		name: m.name + ".weight", stored: fmt.Sprintf("compressed-tensors %d-bit", bits), shape: [2]int{rows, columns}, bits: bits,
		codes: codesInRows(w, columns, bits), middle: 1 << (bits - 1),
	}
	if err := p.compressedScales(ctx, m); err != nil {
		return nil, err
	}
	if m.parts["weight_zero_point"] == nil {
		return p, nil
	}
	zeros, err := m.need("weight_zero_point", wordTypes, words(rows, bits), p.groups)
	if err != nil {
		return nil, err
	}
	p.zeros = func(ctx context.Context, from, to int, dst []float32) error {
		// They are packed along the rows, in words side by side for the groups.
		first, last := from*bits/32, words(to, bits)
		raw := make([]byte, 4*(last-first)*p.groups)
		if err := readRange(ctx, zeros, first, last-first, 0, 4*p.groups, raw); err != nil {
			return err
		}
		stream := make([]byte, 4*(last-first))
		for g := range p.groups {
			for i := range last - first {
				copy(stream[4*i:4*i+4], raw[4*(i*p.groups+g):])
			}
			for r := from; r < to; r++ {
				dst[(r-from)*p.groups+g] = float32(bitsAt(stream, r*bits-32*first) & byte(1<<bits-1))
			}
		}
		return nil
	}
	return p, nil
}

// compressedBytes makes a matrix with a byte for each code: a whole number or a float8.
func compressedBytes(ctx context.Context, m *module) (Tensor, error) {
	w, err := m.need("weight", []string{"I8", "F8_E4M3"}, -1, -1)
	if err != nil {
		return nil, err
	}
	rows, columns := w.Shape()[0], w.Shape()[1]
	p := &packed{name: m.name + ".weight", shape: [2]int{rows, columns}, bits: 8, codes: codesInRows(w, columns, 8), middle: 128}
	if err := p.compressedScales(ctx, m); err != nil {
		return nil, err
	}
	if w.Stored() == "F8_E4M3" {
		p.stored, p.levels = "compressed-tensors float8", &float8
		if m.parts["weight_zero_point"] != nil {
			return nil, m.err("weight_zero_point beside float8")
		}
		return p, nil
	}
	p.stored = "compressed-tensors int8"
	// Signed numbers become codes from 0 on, and so do those that are taken from them.
	codes := p.codes
	p.codes = func(ctx context.Context, from, to int, dst []byte) error {
		err := codes(ctx, from, to, dst)
		for i := range dst {
			dst[i] ^= 0x80
		}
		return err
	}
	if m.parts["weight_zero_point"] == nil {
		return p, nil
	}
	scale := m.parts["weight_scale"]
	zeros, err := m.need("weight_zero_point", []string{"I8"}, scale.Shape()...)
	if err != nil {
		return nil, err
	}
	p.zeros = func(ctx context.Context, from, to int, dst []float32) error {
		raw := make([]byte, len(dst))
		if zeros.Bytes() == 1 {
			if err := zeros.ReadBytes(ctx, 0, raw[:1]); err != nil {
				return err
			}
			for i := range raw {
				raw[i] = raw[0]
			}
		} else if err := zeros.ReadBytes(ctx, int64(from)*int64(p.groups), raw); err != nil {
			return err
		}
		for i, z := range raw {
			dst[i] = float32(int(int8(z)) + 128)
		}
		return nil
	}
	return p, nil
}

// compressedScales finds the scales: one, one for each row, or one for each group of a row.
func (p *packed) compressedScales(ctx context.Context, m *module) error {
	t := m.parts["weight_scale"]
	if t == nil {
		return m.err("weight_scale is missing")
	}
	rows, columns, shape := p.shape[0], p.shape[1], t.Shape()
	switch {
	case !slices.Contains(floatTypes, t.Stored()):
		return m.err("weight_scale is of the type %s, want %v", t.Stored(), floatTypes)
	case len(shape) == 0 || len(shape) == 1 && shape[0] == 1:
		p.groups = 1
	case len(shape) == 2 && shape[0] == rows && shape[1] > 0 && shape[1] <= columns:
		p.groups = shape[1]
	default:
		return m.err("weight_scale has the shape %v for %v weights: scales for blocks of rows are not read", shape, p.shape)
	}
	p.scales = scalesInRows(t)
	if m.parts["weight_g_idx"] != nil {
		index, err := m.need("weight_g_idx", []string{"I32", "I64"}, columns)
		if err != nil {
			return err
		}
		// A list of -1 says that there is no order but the usual.
		if list, err := readInts(ctx, index); err != nil {
			return err
		} else if !slices.ContainsFunc(list, func(g int64) bool { return g != -1 }) {
			return p.usual(m)
		}
		if p.group, err = groupsOf(ctx, index, columns, p.groups); err != nil {
			return fmt.Errorf("module %s: weight_g_idx: %w", storage.Quote(m.name), err)
		}
		if p.group != nil {
			return nil
		}
	}
	return p.usual(m)
}

// usual compares the number of columns with that of groups of equal width.
func (p *packed) usual(m *module) error {
	if p.shape[1]%p.groups != 0 {
		return m.err("%d inputs in %d groups", p.shape[1], p.groups)
	}
	return nil
}

// float8 has the numbers of float8 with four bits of exponent and three of fraction: no
// infinities, and not-a-number where all bits but the sign are set.
var float8 = func() (t [256]float32) {
	for i := range t {
		e, f := i>>3&15, float64(i&7)
		v := math.Ldexp(8+f, e-10)
		switch {
		case e == 0:
			v = math.Ldexp(f, -9)
		case i&127 == 127:
			v = math.NaN()
		}
		if i > 127 {
			v = -v
		}
		t[i] = float32(v)
	}
	return t
}()
