package checkpoint

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/storage"
)

// gptqSettings is quantization_config of GPTQ and of AWQ, whose tensors have the same names.
type gptqSettings struct {
	Bits   int    `json:"bits"`
	WBit   int    `json:"w_bit"` // AWQ's older word
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

// awqPlace is the place among eight of the code of each output: a word holds those of the
// outputs 0, 2, 4, 6, 1, 3, 5, 7, lowest bits first.
var awqPlace = [8]int{0, 4, 1, 5, 2, 6, 3, 7}

// decodeAWQ reads folders of AWQ in the order of its version gemm: codes, and what is taken
// from them, are packed along the outputs.
func decodeAWQ(ctx context.Context, config map[string]json.RawMessage, stored map[string]*Stored) (map[string]Tensor, error) {
	s, err := gptqConfig(config)
	switch {
	case err != nil:
		return nil, err
	case s.Version != "" && s.Version != "gemm" && s.Version != "GEMM":
		return nil, fmt.Errorf("%w: quantization_config: the version %s of awq is not read, gemm is", ErrFormat, storage.Quote(s.Version))
	case s.Bits != 4:
		return nil, fmt.Errorf("%w: quantization_config: awq with %d bits is not read, with 4 it is", ErrFormat, s.Bits)
	}
	found, out := modules(stored, gptqParts[:3])
	for name, m := range found {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if out[name+".weight"], err = awqMatrix(m); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func awqMatrix(m *module) (Tensor, error) {
	w, err := m.need("qweight", wordTypes, -1, -1)
	if err != nil {
		return nil, err
	}
	columns, rows := w.Shape()[0], w.Shape()[1]*8
	scales, err := m.need("scales", floatTypes, -1, rows)
	if err != nil {
		return nil, err
	}
	groups := scales.Shape()[0]
	zeros, err := m.need("qzeros", wordTypes, groups, rows/8)
	if err != nil {
		return nil, err
	}
	if columns%groups != 0 {
		return nil, m.err("%d inputs in %d groups", columns, groups)
	}
	return &packed{
		name: m.name + ".weight", stored: "awq 4-bit", shape: [2]int{rows, columns}, bits: 4, groups: groups,
		scales: scalesInColumns(scales),
		codes:  func(ctx context.Context, from, to int, dst []byte) error { return awqColumns(ctx, w, from, to, dst) },
		zeros: func(ctx context.Context, from, to int, dst []float32) error {
			codes := make([]byte, len(dst))
			if err := awqColumns(ctx, zeros, from, to, codes); err != nil {
				return err
			}
			for i, c := range codes {
				dst[i] = float32(c)
			}
			return nil
		},
	}, nil
}

// awqColumns reads the codes of outputs, packed along the rows of t, for each row of t: that
// of row c and output r goes to dst[(r-from)*rows+c].
func awqColumns(ctx context.Context, t *Stored, from, to int, dst []byte) error {
	rows, first, last := t.Shape()[0], from/8, (to+7)/8
	raw := make([]byte, 4*(last-first))
	for c := range rows {
		if err := readRange(ctx, t, c, 1, 4*first, 4*last, raw); err != nil {
			return err
		}
		for r := from; r < to; r++ {
			v := binary.LittleEndian.Uint32(raw[4*(r/8-first):])
			dst[(r-from)*rows+c] = byte(v>>(4*awqPlace[r%8])) & 15
		}
	}
	return nil
}
