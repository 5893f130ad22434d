package checkpoint

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/gocoreml/coreml/internal/storage"
)

// compressedSettings is quantization_config of compressed-tensors.
type compressedSettings struct {
	Format string `json:"format"`
	Groups map[string]struct {
		Format  string `json:"format"`
		Weights *struct {
			Bits  int    `json:"num_bits"`
			Type  string `json:"type"`
			Block []int  `json:"block_structure"`
		} `json:"weights"`
	} `json:"config_groups"`
	Sparsity *struct {
		Format string `json:"format"`
	} `json:"sparsity_config"`
}

var compressedParts = []string{
	"weight_packed", "weight_scale", "weight_zero_point", "weight_shape", "weight_g_idx", "weight_global_scale",
	// What belongs to activations and to the cache, which are not quantised here.
	"input_scale", "input_zero_point", "input_global_scale", "output_scale", "output_zero_point", "k_scale", "v_scale", "q_scale",
}

// compressedFormats are the formats that are read, of the model or of a group of modules.
var compressedFormats = []string{
	"", "dense", "pack-quantized", "int-quantized", "float-quantized", "naive-quantized", "mixed-precision",
	"mxfp4-pack-quantized", "mxfp6-pack-quantized", "mxfp8-quantized", "nvfp4-pack-quantized",
}

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
	use, err := s.check()
	if err != nil {
		return nil, err
	}
	found, out := modules(stored, compressedParts)
	for name, m := range found {
		switch {
		case m.parts["weight_packed"] != nil && m.parts["weight_packed"].Stored() == "U8":
			out[name+".weight"], err = compressedFloats(ctx, m)
		case m.parts["weight_packed"] != nil:
			out[name+".weight"], err = compressedPacked(ctx, m, use)
		case m.parts["weight_scale"] != nil:
			w, ok := out[name+".weight"].(*Stored)
			if !ok {
				return nil, m.err("weight is missing")
			}
			m.parts["weight"] = w
			out[name+".weight"], err = compressedBytes(ctx, m, use)
		case m.parts["weight_zero_point"] != nil || m.parts["weight_shape"] != nil || m.parts["weight_g_idx"] != nil:
			err = m.err("weight_scale is missing")
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// compressedUse is what the groups of modules use: numbers of bits of integers, and sizes of
// blocks.
type compressedUse struct {
	bits   []int
	blocks [][2]int
}

// check refuses what is not read, by name, and returns what is in use.
func (s *compressedSettings) check() (use compressedUse, err error) {
	refuse := func(what, name string) error {
		return fmt.Errorf("%w: quantization_config: the %s %s of compressed-tensors is not read: convert the model that it was made from", ErrFormat, what, storage.Quote(name))
	}
	if !slices.Contains(compressedFormats, s.Format) {
		return use, refuse("format", s.Format)
	}
	if s.Sparsity != nil && s.Sparsity.Format != "" && s.Sparsity.Format != "dense" {
		return use, refuse("sparsity format", s.Sparsity.Format)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Groups)) {
		g := s.Groups[name]
		if !slices.Contains(compressedFormats, g.Format) {
			return use, refuse("format", g.Format)
		}
		if g.Weights == nil {
			continue
		}
		w := g.Weights
		switch {
		case w.Type != "" && w.Type != "int" && w.Type != "float", w.Type == "float" && !slices.Contains([]int{4, 6, 8}, w.Bits):
			return use, refuse("type", fmt.Sprintf("%s of %d bits", w.Type, w.Bits))
		case w.Type != "float" && w.Bits > 0 && w.Bits <= 8 && !slices.Contains(use.bits, w.Bits):
			use.bits = append(use.bits, w.Bits)
		}
		if len(w.Block) == 2 {
			use.blocks = append(use.blocks, [2]int{w.Block[0], w.Block[1]})
		}
	}
	return use, nil
}

// compressedPacked makes a matrix whose codes are packed. Its number of bits is the one in
// use that fits the shapes.
func compressedPacked(ctx context.Context, m *module, use compressedUse) (Tensor, error) {
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
	for _, b := range use.bits {
		switch {
		case words(columns, b) != w.Shape()[1]:
		case bits != 0:
			return nil, m.err("weight_packed has %d words for %d inputs, which could be %d bits or %d", w.Shape()[1], columns, bits, b)
		default:
			bits = b
		}
	}
	if bits == 0 {
		return nil, m.err("weight_packed has %d words for %d inputs, which none of the numbers of bits %v makes", w.Shape()[1], columns, use.bits)
	}
	p := &packed{
		name: m.name + ".weight", stored: fmt.Sprintf("compressed-tensors %d-bit", bits), shape: [2]int{rows, columns}, bits: bits,
		codes: codesInRows(w, columns, bits), middle: 1 << (bits - 1),
	}
	if err := p.compressedScales(ctx, m, use); err != nil {
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
