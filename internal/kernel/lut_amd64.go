//go:build !noasm

package kernel

import (
	"math"
	"unsafe"

	"github.com/gocoreml/coreml/internal/dtype"
)

// lutTable is a table in the form that the kernel of its width reads: for 4
// bits the planes of its bytes or 16 floats, for 6 bits planes of halves, for
// the others floats.
type lutTable [256]float32

// bytes returns the table as bytes.
func (t *lutTable) bytes() *[1024]byte { return (*[1024]byte)(unsafe.Pointer(t)) }

// planes reports whether the 64-wide kernel of 4-bit indices takes the matrix.
func (m *LUT) planes() bool { return m.c.Bits == 4 && m.cg == 1 && m.cols%64 == 0 }

// prepLen returns the length of n prepared vectors, or 0 when the kernels take
// them as they are.
func (m *LUT) prepLen(n int) int {
	if useAVX2 && n <= streamMax && m.planes() && m.cols > 0 {
		return n * m.cols
	}
	return 0
}

func (m *LUT) prepare(dst, x []float32, ldx, n int) {
	for t := range n {
		v := x[t*ldx : t*ldx+m.cols]
		prepareLUT4AVX2(&dst[t*m.cols : (t+1)*m.cols][0], &v[0], m.cols/64)
	}
}

// late reports whether the row's scale is applied to the sum: when weights are
// not rounded, scaling them one by one would only cost accuracy.
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

// load builds the kernel's table of row r and column group g; with scaled, the
// row's scale is in it. It reports false for a table that the kernel cannot
// hold: 6-bit entries must be halves.
func (m *LUT) load(t *lutTable, r, g int, scaled bool) bool {
	if scaled {
		m.table(t[:], r, g)
	} else {
		m.entries(t[:m.size], r, g)
	}
	switch {
	case m.c.Bits < 4:
		for i := m.size; i < 8; i++ {
			t[i] = t[i&(m.size-1)]
		}
	case m.c.Bits == 6:
		return t.halfPlanes()
	}
	return true
}

// bytePlanes cuts 16 floats into 4 planes of 16 bytes.
func (t *lutTable) bytePlanes() {
	var f [16]float32
	copy(f[:], t[:])
	b := t.bytes()
	for i, v := range f {
		u := math.Float32bits(v)
		b[i], b[16+i], b[32+i], b[48+i] = byte(u), byte(u>>8), byte(u>>16), byte(u>>24)
	}
}

// halfPlanes cuts 64 floats that are halves into a plane of low bytes and one
// of high bytes.
func (t *lutTable) halfPlanes() bool {
	var f [64]float32
	var h [64]uint16
	copy(f[:], t[:])
	F32ToF16(h[:], f[:])
	b := t.bytes()
	for i, v := range h {
		if w := dtype.Float16ToFloat32(v); w != f[i] && f[i] == f[i] {
			return false
		}
		b[i], b[64+i] = byte(v), byte(v>>8)
	}
	return true
}

// gemvFast multiplies rows lo to hi-1 through tables held in registers. It
// reports false for layouts that no kernel takes. prep is x as prepare leaves
// it, or empty.
func (m *LUT) gemvFast(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, prep, scratch []float32) bool {
	if !m.fast || m.cg > 1 {
		return false
	}
	table := (*lutTable)(scratch)
	late := m.late()
	perRow := !late && (m.c.Scale16 != nil || m.c.Scale32 != nil)
	for r, rows := lo, 1; r < hi; r += rows {
		if !perRow {
			rows = min(hi, (r/m.c.RowGroup+1)*m.c.RowGroup) - r
		}
		if !m.load(table, r, 0, !late) {
			m.slowRows(dst, ldd, x, ldx, n, r, r+rows, scratch)
			continue
		}
		if len(prep) > 0 {
			table.bytePlanes()
		}
		w := &m.c.Indices[r*m.cols*m.c.Bits/8]
		for t := range n {
			d := dst[t*ldd+r : t*ldd+r+rows]
			if len(prep) > 0 {
				v := prep[t*m.cols : (t+1)*m.cols]
				dotLUT4PlanesAVX2(w, &table.bytes()[0], &v[0], &d[0], rows, m.cols/64)
			} else {
				v := x[t*ldx : t*ldx+m.cols]
				m.dotAsm(w, &table.bytes()[0], &v[0], &d[0], rows, m.cols/lutGroup(m.c.Bits))
			}
			if late {
				for i := range d {
					d[i] *= m.rowScale(r + i)
				}
			}
		}
	}
	return true
}

func (m *LUT) dotAsm(w, table *byte, x, dst *float32, rows, groups int) {
	switch m.c.Bits {
	case 1:
		dotLUT1AVX2(w, table, x, dst, rows, groups)
	case 2:
		dotLUT2AVX2(w, table, x, dst, rows, groups)
	case 3:
		dotLUT3AVX2(w, table, x, dst, rows, groups)
	case 4:
		dotLUT4AVX2(w, table, x, dst, rows, groups)
	case 6:
		dotLUT6AVX2(w, table, x, dst, rows, groups)
	case 8:
		dotLUT8AVX2(w, table, x, dst, rows, groups)
	}
}

// unpackFast decodes W[r0:r1, c0:c1] into rows of dst that are ld apart: whole
// groups, or a part of one. Both ends are multiples of the kernel's step.
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
				good = m.load(&table, r, c/m.c.ColGroup, !late)
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

func (m *LUT) decodeAsm(dst *float32, w, table *byte, groups int) {
	switch m.c.Bits {
	case 1:
		decodeLUT1AVX2(dst, w, table, groups)
	case 2:
		decodeLUT2AVX2(dst, w, table, groups)
	case 3:
		decodeLUT3AVX2(dst, w, table, groups)
	case 4:
		decodeLUT4AVX2(dst, w, table, groups)
	case 6:
		decodeLUT6AVX2(dst, w, table, groups)
	case 8:
		decodeLUT8AVX2(dst, w, table, groups)
	}
}
