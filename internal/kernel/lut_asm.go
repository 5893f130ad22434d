//go:build !noasm && (amd64 || arm64)

package kernel

import (
	"unsafe"

	"github.com/gocoreml/coreml/internal/dtype"
)

// lutTable is a table in the form that the kernel of its width reads: floats,
// or planes of the bytes of floats or halves. The kernels trust its form and
// check nothing.
type lutTable [256]float32

// bytes returns the table as bytes.
func (t *lutTable) bytes() *[1024]byte { return (*[1024]byte)(unsafe.Pointer(t)) }

// late reports whether the row's scale is applied to what the kernel has decoded: a
// table of halves times a scale has floats, which not every kernel takes. With rounding
// it has to come first, as each weight is rounded after it.
func (m *LUT) late() bool {
	return !m.c.Round && (m.c.Scale16 != nil || m.c.Scale32 != nil)
}

// rowScale returns the factor of row r.
func (m *LUT) rowScale(r int) float32 {
	if m.c.Scale16 != nil {
		return dtype.Float16ToFloat32(m.c.Scale16[r])
	}
	return m.c.Scale32[r]
}

// floats stores the table of row r and column group g as floats; with scaled,
// the row's scale is in it.
func (m *LUT) floats(t *lutTable, r, g int, scaled bool) {
	if scaled {
		m.table(t[:], r, g)
	} else {
		m.entries(t[:m.size], r, g)
	}
}

// halfPlanes cuts the first size floats, which are halves, into a plane of low
// bytes and one of high bytes, each with room for width of them. It reports
// false when one is no half. A NaN is one whatever its payload.
func (t *lutTable) halfPlanes(size, width int) bool {
	var f [64]float32
	var h [64]uint16
	copy(f[:size], t[:])
	F32ToF16(h[:], f[:])
	b := t.bytes()
	for i, v := range h[:width] {
		if w := dtype.Float16ToFloat32(v); w != f[i] && f[i] == f[i] {
			return false
		}
		b[i], b[width+i] = byte(v), byte(v>>8)
	}
	return true
}

// unpackFast decodes W[r0:r1, c0:c1] into rows of dst that are ld apart, one group of
// columns after another, of which those at the ends may be cut. Both ends are multiples
// of the kernel's step. The table stays as long as the rows share it.
func (m *LUT) unpackFast(dst []float32, ld, r0, r1, c0, c1 int) bool {
	if !m.fast {
		return false
	}
	var table lutTable
	late := m.late()
	perRow := !late && (m.c.Scale16 != nil || m.c.Scale32 != nil)
	for c, end := c0, 0; c < c1; c = end {
		end = min(c1, (c/m.c.ColGroup+1)*m.c.ColGroup)
		good := false
		for r := r0; r < r1; r++ {
			if r == r0 || perRow || r%m.c.RowGroup == 0 {
				good = m.load(&table, r, c/m.c.ColGroup, !late)
			}
			d := dst[(r-r0)*ld+c-c0:][:end-c]
			if !good {
				m.decode(d, r, c)
				continue
			}
			m.decodeAsm(&d[0], &m.c.Indices[(r*m.cols+c)*m.c.Bits/8], &table.bytes()[0], (end-c)/lutGroup(m.c.Bits))
			if late {
				Scale(d, d, m.rowScale(r))
			}
		}
	}
	return true
}
