package main

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/mil"
)

// matrix is a weight of a package, as stored.
type matrix struct {
	rows, cols int
	codes      *mil.Const
	// scales has fewer rows and columns than codes, or as many; nil means one.
	scales *mil.Const
	// offsets has the shape of scales; nil means zero.
	offsets *mil.Const
}

// newMatrix finds how an operand of the program is stored: as numbers, or as codes
// with a scale for each block of rows and columns.
func newMatrix(v *mil.Value) (*matrix, error) {
	m := &matrix{codes: v.Const}
	if m.codes == nil {
		op := v.Producer
		if op == nil || op.Type != "constexpr_blockwise_shift_scale" || op.Input("data") == nil || op.Input("scale") == nil {
			return nil, fmt.Errorf("%s is neither numbers nor codes with scales", v.Name)
		}
		m.codes, m.scales = op.Input("data").Const, op.Input("scale").Const
		if m.codes == nil || m.scales == nil {
			return nil, fmt.Errorf("%s is computed from %s", v.Name, op.Input("data").Name)
		}
		// As the operation has it: (code - offset) * scale.
		if offset := op.Input("offset"); offset != nil {
			m.offsets = offset.Const
		}
	}
	if len(m.codes.Shape) != 2 || m.scales == nil && !m.codes.DType.IsFloat() {
		return nil, fmt.Errorf("%s is %v of shape %v, where matrices of numbers are known", v.Name, m.codes.DType, m.codes.Shape)
	}
	m.rows, m.cols = m.codes.Shape[0], m.codes.Shape[1]
	for _, c := range []*mil.Const{m.scales, m.offsets} {
		if c != nil && (len(c.Shape) != 2 || !divides(c.Shape[0], m.rows) || !divides(c.Shape[1], m.cols)) {
			return nil, fmt.Errorf("%s has scales or offsets of shape %v for %v", v.Name, c.Shape, m.codes.Shape)
		}
	}
	// Checked once, so that expand can index without asking.
	for _, c := range []*mil.Const{m.codes, m.scales, m.offsets} {
		if c == nil {
			continue
		}
		if n, ok := c.DType.PackedLen(c.Len()); !ok || len(c.Data) < n {
			return nil, fmt.Errorf("%s: %v of shape %v hold %d bytes", v.Name, c.DType, c.Shape, len(c.Data))
		}
	}
	return m, nil
}

// divides reports whether blocks of equal size make up the whole.
func divides(part, whole int) bool { return part > 0 && whole%part == 0 }

// expand returns what the matrix means, row by row.
func (m *matrix) expand() []float32 {
	out := make([]float32, m.rows*m.cols)
	for i := range out {
		// First the codes as numbers, then the two steps in the operation's order
		// and in float32, as the reference computes them.
		out[i] = mil.FloatAt(m.codes.Data, m.codes.DType, i)
	}
	for r := range m.rows {
		row := out[r*m.cols : (r+1)*m.cols]
		blocks(m.offsets, r, m.rows, row, func(v *float32, offset float32) { *v -= offset })
		blocks(m.scales, r, m.rows, row, func(v *float32, scale float32) { *v *= scale })
	}
	return out
}

// blocks applies to each element of row r the element of c that it shares with
// its block.
func blocks(c *mil.Const, r, rows int, row []float32, apply func(v *float32, with float32)) {
	if c == nil {
		return
	}
	first := r / (rows / c.Shape[0]) * c.Shape[1]
	width := len(row) / c.Shape[1]
	for b := range c.Shape[1] {
		with := mil.FloatAt(c.Data, c.DType, first+b)
		for i := range width {
			apply(&row[b*width+i], with)
		}
	}
}
