package kernel

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
)

// LUTConfig describes a palettised matrix: w = table[index], times an optional
// scale per row. It is constexpr_lut_to_dense with scalar entries; tables of
// vectors are decoded elsewhere.
type LUTConfig struct {
	Rows, Cols int
	// Bits is the width of an index: 1, 2, 3, 4, 6 or 8. Indices are packed
	// least significant bit first over the flattened tensor. 5 and 7 do not
	// occur in the format.
	Bits    int
	Indices []byte
	// Each table serves RowGroup rows and ColGroup columns; both divide the
	// shape. Tables lie row-major, [Rows/RowGroup, Cols/ColGroup, 2^Bits].
	RowGroup, ColGroup int
	// Exactly one of Table16 (binary16) and Table32 is set.
	Table16 []uint16
	Table32 []float32
	// At most one of Scale16 and Scale32 is set: one factor for each row.
	Scale16 []uint16
	Scale32 []float32
	// Round makes every decoded weight the nearest binary16 value, ties to even.
	Round bool
}

// LUT is a palettised matrix. fast says that groups of columns are whole steps
// of the assembly.
type LUT struct {
	shape
	c LUTConfig
	// cg is the number of tables along the columns, size the entries of a table.
	cg, size int
	fast     bool
}

// NewLUT checks the lengths and returns the matrix. The slices are used in
// place and must not change. An index cannot lead out of its table: it has Bits
// bits, and the table 2^Bits entries.
func NewLUT(c LUTConfig) (*LUT, error) {
	if err := checkShape(c.Rows, c.Cols); err != nil {
		return nil, err
	}
	switch c.Bits {
	case 1, 2, 3, 4, 6, 8:
	default:
		return nil, fmt.Errorf("%w: %d-bit indices", ErrMat, c.Bits)
	}
	if c.RowGroup <= 0 || c.ColGroup <= 0 || c.Rows%c.RowGroup != 0 || c.Cols%c.ColGroup != 0 {
		return nil, fmt.Errorf("%w: groups of [%d, %d] do not divide [%d, %d]", ErrMat, c.RowGroup, c.ColGroup, c.Rows, c.Cols)
	}
	m := &LUT{shape: shape{c.Rows, c.Cols}, c: c, cg: c.Cols / c.ColGroup, size: 1 << c.Bits}
	if err := checkLen("indices", len(c.Indices), (c.Rows*c.Cols*c.Bits+7)/8); err != nil {
		return nil, err
	}
	tables, ok := dtype.Count([]int{c.Rows / c.RowGroup, m.cg, m.size})
	if !ok {
		return nil, fmt.Errorf("%w: too many tables", ErrMat)
	}
	if (c.Table16 == nil) == (c.Table32 == nil) && tables > 0 {
		return nil, fmt.Errorf("%w: needs tables of one type", ErrMat)
	}
	if err := checkLen("table", max(len(c.Table16), len(c.Table32)), tables); err != nil {
		return nil, err
	}
	if c.Scale16 != nil && c.Scale32 != nil {
		return nil, fmt.Errorf("%w: two kinds of scales", ErrMat)
	}
	if c.Scale16 != nil || c.Scale32 != nil {
		if err := checkLen("scale", max(len(c.Scale16), len(c.Scale32)), c.Rows); err != nil {
			return nil, err
		}
	}
	m.fast = c.ColGroup%lutGroup(c.Bits) == 0
	return m, nil
}

// Format returns "lut4", or "lut4/8" with a table for every 8 rows.
func (m *LUT) Format() string {
	name := fmt.Sprintf("lut%d", m.c.Bits)
	switch {
	case m.cg > 1:
		return fmt.Sprintf("%s/%dx%d", name, m.c.RowGroup, m.c.ColGroup)
	case m.c.RowGroup < m.rows:
		return fmt.Sprintf("%s/%d", name, m.c.RowGroup)
	}
	return name
}

// Bytes returns the stored size of indices, tables and scales. Tables of few
// rows each can be as large as the indices.
func (m *LUT) Bytes() int {
	n := (m.rows*m.cols*m.c.Bits + 7) / 8
	return n + 2*len(m.c.Table16) + 4*len(m.c.Table32) + 2*len(m.c.Scale16) + 4*len(m.c.Scale32)
}

// entries stores the table that row r uses in column group g in dst.
func (m *LUT) entries(dst []float32, r, g int) {
	at := (r/m.c.RowGroup*m.cg + g) * m.size
	if m.c.Table16 != nil {
		F16ToF32(dst, m.c.Table16[at:at+m.size])
	} else {
		copy(dst[:m.size], m.c.Table32[at:])
	}
}

// table is entries with the row's scale and the rounding applied. The scale is
// applied to the table and not to each weight: every weight is one of the
// table's products, so the result is the same.
func (m *LUT) table(dst []float32, r, g int) {
	dst = dst[:m.size]
	m.entries(dst, r, g)
	switch {
	case m.c.Scale16 != nil:
		Scale(dst, dst, dtype.Float16ToFloat32(m.c.Scale16[r]))
	case m.c.Scale32 != nil:
		Scale(dst, dst, m.c.Scale32[r])
	}
	if m.c.Round {
		RoundF16(dst)
	}
}

// index returns index i of the packed tensor. Only indices of 3 and 6 bits
// cross bytes.
func (m *LUT) index(i int) int {
	bit := i * m.c.Bits
	v := int(m.c.Indices[bit>>3])
	if bit&7+m.c.Bits > 8 {
		v |= int(m.c.Indices[bit>>3+1]) << 8
	}
	return v >> (bit & 7) & (m.size - 1)
}

// decode stores W[r, c0:c0+len(dst)] in dst: the definition. The table is made
// anew for every group that the range touches.
func (m *LUT) decode(dst []float32, r, c0 int) {
	var table [256]float32
	for i := 0; i < len(dst); {
		g := (c0 + i) / m.c.ColGroup
		end := min(len(dst), (g+1)*m.c.ColGroup-c0)
		m.table(table[:], r, g)
		m.lookup(dst[i:end], &table, r*m.cols+c0+i)
		i = end
	}
}

// lookup stores the entries of len(dst) indices from index at on. Loops for 8
// and 6 bits, whose indices are cheap to take apart, precede the general one.
func (m *LUT) lookup(dst []float32, table *[256]float32, at int) {
	i := 0
	switch m.c.Bits {
	case 8:
		for j, v := range m.c.Indices[at : at+len(dst)] {
			dst[j] = table[v]
		}
		return
	case 6:
		// Four indices fill three bytes.
		for ; i < len(dst) && (at+i)&3 != 0; i++ {
			dst[i] = table[m.index(at+i)]
		}
		src := m.c.Indices[(at+i)/4*3:]
		for ; i+4 <= len(dst) && len(src) >= 3; i += 4 {
			v := uint32(src[0]) | uint32(src[1])<<8 | uint32(src[2])<<16
			d := dst[i : i+4 : i+4]
			d[0], d[1], d[2], d[3] = table[v&63], table[v>>6&63], table[v>>12&63], table[v>>18&63]
			src = src[3:]
		}
	}
	for ; i < len(dst); i++ {
		dst[i] = table[m.index(at+i)]
	}
}

// lutGroup is how many indices the assembly takes at a time. A group fills
// whole bytes at every width.
func lutGroup(width int) int {
	if width == 6 {
		return 32
	}
	return 8
}
