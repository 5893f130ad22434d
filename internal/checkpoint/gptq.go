package checkpoint

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/storage"
)

// gptqSettings is quantization_config of GPTQ and of AWQ, whose tensors have the same names.
type gptqSettings struct {
	Bits   int    `json:"bits"`
	WBit   int    `json:"w_bit"` // AWQ's older word
	Group  int    `json:"group_size"`
	QGroup int    `json:"q_group_size"` // AWQ's older word
	Format string `json:"checkpoint_format"`
	Pack   string `json:"pack_dtype"`
	Marlin bool   `json:"is_marlin_format"`
	// Version is AWQ's order of codes.
	Version string `json:"version"`
}

func gptqConfig(config map[string]json.RawMessage) (s gptqSettings, err error) {
	if err := json.Unmarshal(config["quantization_config"], &s); err != nil {
		return s, fmt.Errorf("%w: %s: quantization_config: %w", ErrFormat, configName, storage.JSONError(err))
	}
	if s.Bits == 0 {
		s.Bits = s.WBit
	}
	return s, noTransposed(config)
}

var gptqParts = []string{"qweight", "qzeros", "scales", "g_idx"}

// decodeGPTQ reads folders of GPTQ: X.qweight has codes packed along the inputs, X.qzeros
// what is taken from them (one less than is meant, in the first version of the format),
// X.scales numbers, and X.g_idx the group of each input.
func decodeGPTQ(ctx context.Context, config map[string]json.RawMessage, stored map[string]*Stored) (map[string]Tensor, error) {
	s, err := gptqConfig(config)
	switch {
	case err != nil:
		return nil, err
	case s.Marlin || s.Format != "" && s.Format != "gptq" && s.Format != "gptq_v2":
		return nil, fmt.Errorf("%w: quantization_config: the checkpoint_format %s of gptq is not read, gptq and gptq_v2 are", ErrFormat, storage.Quote(cmp.Or(s.Format, "marlin")))
	case s.Pack != "" && s.Pack != "int32":
		return nil, fmt.Errorf("%w: quantization_config: gptq packed in %s is not read, int32 is", ErrFormat, storage.Quote(s.Pack))
	}
	found, out := modules(stored, gptqParts)
	for name, m := range found {
		if out[name+".weight"], err = gptqMatrix(ctx, m, s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// gptqMatrix makes the matrix of a module. The number of bits is what the shapes say, since
// some models have several.
func gptqMatrix(ctx context.Context, m *module, s gptqSettings) (Tensor, error) {
	w, err := m.need("qweight", wordTypes, -1, -1)
	if err != nil {
		return nil, err
	}
	bits, rows := s.Bits, w.Shape()[1]
	if bits < 1 || bits > 8 {
		return nil, m.err("%d bits", bits)
	}
	columns := w.Shape()[0] * 32 / bits
	index := m.parts["g_idx"]
	if index != nil {
		if index, err = m.need("g_idx", []string{"I32", "I64"}, -1); err != nil {
			return nil, err
		}
		columns = index.Shape()[0]
		bits = w.Shape()[0] * 32 / columns
	}
	if !slices.Contains([]int{2, 3, 4, 8}, bits) || words(columns, bits) != w.Shape()[0] || columns%32 != 0 {
		return nil, m.err("qweight has %d words for each output and %d inputs: that is not 2, 3, 4 or 8 bits", w.Shape()[0], columns)
	}
	scales, err := m.need("scales", floatTypes, -1, rows)
	if err != nil {
		return nil, err
	}
	groups := scales.Shape()[0]
	zeros, err := m.need("qzeros", wordTypes, groups, words(rows, bits))
	if err != nil {
		return nil, err
	}
	p := &packed{
		name: m.name + ".weight", stored: fmt.Sprintf("gptq %d-bit", bits), shape: [2]int{rows, columns}, bits: bits, groups: groups,
		codes: codesInColumns(w, columns, bits), scales: scalesInColumns(scales),
	}
	if index != nil {
		if p.group, err = groupsOf(ctx, index, columns, groups); err != nil {
			return nil, fmt.Errorf("module %s: g_idx: %w", storage.Quote(m.name), err)
		}
	} else if columns%groups != 0 {
		return nil, m.err("%d inputs in %d groups", columns, groups)
	}
	more := float32(1)
	if s.Format == "gptq_v2" {
		more = 0
	}
	p.zeros = func(ctx context.Context, from, to int, dst []float32) error {
		first, last := from*bits/32, words(to, bits)
		raw := make([]byte, 4*(last-first))
		for g := range groups {
			if err := readRange(ctx, zeros, g, 1, 4*first, 4*last, raw); err != nil {
				return err
			}
			for r := from; r < to; r++ {
				code := bitsAt(raw, r*bits-32*first) & byte(1<<bits-1)
				dst[(r-from)*groups+g] = float32(code) + more
			}
		}
		return nil
	}
	return p, nil
}
