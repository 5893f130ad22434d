package checkpoint

import (
	"context"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/storage"
)

// compressedBytes makes a matrix with a byte for each code: a whole number or a float8.
func compressedBytes(ctx context.Context, m *module, use compressedUse) (Tensor, error) {
	w, err := m.need("weight", []string{"I8", "F8_E4M3"}, -1, -1)
	if err != nil {
		return nil, err
	}
	rows, columns := w.Shape()[0], w.Shape()[1]
	p := &packed{name: m.name + ".weight", shape: [2]int{rows, columns}, bits: 8, codes: codesInRows(w, columns, 8), middle: 128}
	if w.Stored() == "F8_E4M3" {
		p.levels = &float8
	}
	if err := p.compressedScales(ctx, m, use); err != nil {
		return nil, err
	}
	if p.levels != nil {
		p.stored = "compressed-tensors float8"
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
	if n := int(zeros.Bytes()); n != 1 && n != rows*p.groups {
		return nil, m.err("weight_zero_point has the shape %v: zero points of blocks of rows are not read", zeros.Shape())
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

// compressedScales finds the scales: one, one for each row, one for each group of a row, or
// one for each block of rows and columns.
func (p *packed) compressedScales(ctx context.Context, m *module, use compressedUse) error {
	t := m.parts["weight_scale"]
	if t == nil {
		return m.err("weight_scale is missing")
	}
	kind := t.Stored()
	if kind == "U8" && p.levels != nil { // of mxfp8
		kind = "F8_E8M0"
	} else if !slices.Contains(floatTypes, kind) {
		return m.err("weight_scale is of the type %s, want %v", kind, floatTypes)
	}
	rows, columns, shape := p.shape[0], p.shape[1], t.Shape()
	if len(shape) != 2 || shape[0] != rows || shape[1] < 1 || shape[1] > columns {
		if m.parts["weight_g_idx"] != nil {
			return m.err("weight_g_idx beside weight_scale with the shape %v", shape)
		}
		return p.blockScales(m, t, kind, use.blocks)
	}
	p.groups, p.scales = shape[1], scalesAs(t, kind)
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

// float6 are numbers of two bits of exponent and three of fraction (E2M3): finite all.
var float6 = smallFloats(6, 3, 1, func(int) bool { return false })

// compressedFloats makes a matrix of packed floats of four or six bits: nvfp4, whose scales
// are float8 numbers for groups of 16, divided by one for all; mxfp4 and mxfp6, whose scales
// are powers of two for groups of 32.
func compressedFloats(ctx context.Context, m *module) (Tensor, error) {
	w, err := m.need("weight_packed", []string{"U8"}, -1, -1)
	if err != nil {
		return nil, err
	}
	if m.parts["weight_zero_point"] != nil {
		return nil, m.err("weight_zero_point beside floats")
	}
	rows, bytes := w.Shape()[0], w.Shape()[1]
	if m.parts["weight_global_scale"] != nil {
		return compressedNVFP4(ctx, m, w)
	}
	scales, err := m.need("weight_scale", []string{"U8", "F8_E8M0"}, rows, -1)
	if err != nil {
		return nil, err
	}
	p := &packed{name: m.name + ".weight", shape: [2]int{rows, 32 * scales.Shape()[1]}, groups: scales.Shape()[1], scales: scalesAs(scales, "F8_E8M0")}
	switch bytes {
	case 16 * p.groups:
		p.stored, p.bits, p.levels = "compressed-tensors mxfp4", 4, &float4
	case 24 * p.groups:
		p.stored, p.bits, p.levels = "compressed-tensors mxfp6", 6, &float6
	default:
		return nil, m.err("weight_packed has %d bytes in a row with %d scales, which are no groups of 32 numbers of 4 or 6 bits", bytes, p.groups)
	}
	p.codes = codesInRows(w, p.shape[1], p.bits)
	return p, nil
}

// compressedNVFP4 makes a matrix of nvfp4.
func compressedNVFP4(ctx context.Context, m *module, w *Stored) (Tensor, error) {
	rows, bytes := w.Shape()[0], w.Shape()[1]
	if bytes%8 != 0 {
		return nil, m.err("weight_packed has rows of %d bytes, which are no groups of 16 numbers", bytes)
	}
	scales, err := m.need("weight_scale", []string{"F8_E4M3"}, rows, bytes/8)
	if err != nil {
		return nil, err
	}
	t, err := m.need("weight_global_scale", floatTypes, 1)
	if err != nil {
		return nil, err
	}
	var all [1]float32
	if err := t.Rows(ctx, 0, 1, all[:]); err != nil {
		return nil, err
	}
	if !(all[0] > 0) {
		return nil, m.err("weight_global_scale is %v", all[0])
	}
	return &packed{
		name: m.name + ".weight", stored: "compressed-tensors nvfp4", shape: [2]int{rows, 2 * bytes}, bits: 4, groups: bytes / 8, levels: &float4,
		codes: codesInRows(w, 2*bytes, 4),
		scales: func(ctx context.Context, from, to int, dst []float32) error {
			err := scales.numbers(ctx, "F8_E4M3", from, to, dst)
			for i := range dst {
				dst[i] /= all[0]
			}
			return err
		},
	}, nil
}
