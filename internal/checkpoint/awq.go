package checkpoint

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
)

// awqPlace is the place among eight of the code of each output: a word holds those of the
// outputs 0, 2, 4, 6, 1, 3, 5, 7, lowest bits first.
var awqPlace = [8]int{0, 4, 1, 5, 2, 6, 3, 7}

// decodeAWQ reads folders of AWQ. In the order of its version gemm codes, and what is taken
// from them, are packed along the outputs; in that of gemv along the inputs.
func decodeAWQ(ctx context.Context, config map[string]json.RawMessage, stored map[string]*Stored) (map[string]Tensor, error) {
	s, err := gptqConfig(config)
	switch {
	case err != nil:
		return nil, err
	case !slices.Contains([]string{"", "gemm", "gemv"}, strings.ToLower(s.Version)):
		return nil, fmt.Errorf("%w: quantization_config: the version %s of awq is not read, gemm and gemv are", ErrFormat, storage.Quote(s.Version))
	case s.Bits != 4:
		return nil, fmt.Errorf("%w: quantization_config: awq with %d bits is not read, with 4 it is", ErrFormat, s.Bits)
	}
	found, out := modules(stored, gptqParts[:3])
	for name, m := range found {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if strings.EqualFold(s.Version, "gemv") {
			out[name+".weight"], err = awqVectors(m, cmp.Or(s.Group, s.QGroup))
		} else {
			out[name+".weight"], err = awqMatrix(m)
		}
		if err != nil {
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

// awqVectors makes a matrix in the order of gemv: codes lie in order along the inputs, and
// so do what is taken from them and scales along the groups, whose rows are longer than
// there are groups.
func awqVectors(m *module, group int) (Tensor, error) {
	w, err := m.need("qweight", wordTypes, -1, -1)
	if err != nil {
		return nil, err
	}
	rows, columns := w.Shape()[0], w.Shape()[1]*8
	if group == -1 {
		group = columns
	}
	if group < 1 || columns%group != 0 {
		return nil, m.err("%d inputs in groups of %d", columns, group)
	}
	scales, err := m.need("scales", floatTypes, rows, -1)
	if err != nil {
		return nil, err
	}
	zeros, err := m.need("qzeros", wordTypes, rows, -1)
	if err != nil {
		return nil, err
	}
	groups, stored, words := columns/group, scales.Shape()[1], zeros.Shape()[1]
	if stored < groups || words*8 < groups {
		return nil, m.err("%d groups with %d scales and %d zero points", groups, stored, words*8)
	}
	return &packed{
		name: m.name + ".weight", stored: "awq 4-bit", shape: [2]int{rows, columns}, bits: 4, groups: groups,
		codes: codesInRows(w, columns, 4),
		scales: func(ctx context.Context, from, to int, dst []float32) error {
			all := make([]float32, (to-from)*stored)
			err := scales.Rows(ctx, from, to, all)
			for r := range to - from {
				copy(dst[r*groups:(r+1)*groups], all[r*stored:])
			}
			return err
		},
		zeros: func(ctx context.Context, from, to int, dst []float32) error {
			raw, codes := make([]byte, (to-from)*words*4), make([]byte, groups)
			if err := zeros.ReadBytes(ctx, int64(from)*int64(words)*4, raw); err != nil {
				return err
			}
			for r := range to - from {
				unpackBits(codes, raw[r*words*4:], 4)
				for g, c := range codes {
					dst[r*groups+g] = float32(c)
				}
			}
			return nil
		},
	}, nil
}
