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

// late reports whether the row's scale is applied to the sum: when weights are
// not rounded, scaling them one by one would only cost accuracy. With rounding
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

// gemvFast multiplies rows lo to hi-1 through tables held in registers. It
// reports false for layouts that no kernel takes. prep is x as prepare leaves
// it, or empty. The table is kept in scratch and made anew for each group of
// rows, or for each row where scales are part of it.
func (m *LUT) gemvFast(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, prep, scratch []float32) bool {
	if !m.fast || m.cg > 1 {
		return false
	}
	table := (*lutTable)(scratch)
	late, prepared := m.late(), len(prep) > 0
	if prepared {
		x, ldx = prep, m.cols
	}
	perRow := !late && (m.c.Scale16 != nil || m.c.Scale32 != nil)
	for r, rows := lo, 1; r < hi; r += rows {
		if !perRow {
			rows = min(hi, (r/m.c.RowGroup+1)*m.c.RowGroup) - r
		}
		if !m.load(table, r, 0, !late, prepared) {
			// Only tables for unprepared vectors can be refused.
			rowByRow(m, dst, ldd, x, ldx, n, r, r+rows, scratch)
			continue
		}
		w := &m.c.Indices[r*m.cols*m.c.Bits/8]
		for t := range n {
			d := dst[t*ldd+r : t*ldd+r+rows]
			v := x[t*ldx : t*ldx+m.cols]
			m.dotAsm(w, &table.bytes()[0], &v[0], &d[0], rows, prepared)
			if late {
				for i := range d {
					d[i] *= m.rowScale(r + i)
				}
			}
		}
	}
	return true
}

// unpackFast decodes W[r0:r1, c0:c1] into rows of dst that are ld apart: whole
// groups, or a part of one. Both ends are multiples of the kernel's step. The
// table stays as long as the rows share it.
func (m *LUT) unpackFast(dst []float32, ld, r0, r1, c0, c1 int) bool {
	if !m.fast {
		return false
	}
	var table lutTable
	late := m.late()
	perRow := !late && (m.c.Scale16 != nil || m.c.Scale32 != nil)
	size := min(c1-c0, m.c.ColGroup)
	for c := c0; c < c1; c += size {
		good := false
		for r := r0; r < r1; r++ {
			if r == r0 || perRow || r%m.c.RowGroup == 0 {
				good = m.load(&table, r, c/m.c.ColGroup, !late, false)
			}
			d := dst[(r-r0)*ld+c-c0:][:size]
			if !good {
				m.decode(d, r, c)
				continue
			}
			m.decodeAsm(&d[0], &m.c.Indices[(r*m.cols+c)*m.c.Bits/8], &table.bytes()[0], size/lutGroup(m.c.Bits))
			if late {
				Scale(d, d, m.rowScale(r))
			}
		}
	}
	return true
}
