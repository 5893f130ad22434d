//go:build !noasm

package kernel

// gemvFast multiplies rows lo to hi-1 through tables held in registers. It
// reports false for layouts that the kernel does not take.
func (m *LUT) gemvFast(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) bool {
	if !m.fast {
		return false
	}
	perRow := m.c.Scale16 != nil || m.c.Scale32 != nil
	for r := lo; r < hi; r++ {
		if r == lo || perRow || r%m.c.RowGroup == 0 {
			for g := range m.cg {
				m.table(scratch[g*16:], r, g)
			}
		}
		w := &m.c.Indices[r*m.cols/2]
		for t := range n {
			v := x[t*ldx : t*ldx+m.cols]
			dst[t*ldd+r] = dotLUT4AVX2(w, &scratch[0], &v[0], m.cg, m.c.ColGroup/8)
		}
	}
	return true
}

// unpackFast decodes columns c0 to c0+len(dst)-1 of row r: whole groups, or a
// part of one whose length is a multiple of 8.
func (m *LUT) unpackFast(dst []float32, r, c0 int) bool {
	if !m.fast {
		return false
	}
	var table [16]float32
	size := min(len(dst), m.c.ColGroup)
	for i := 0; i < len(dst); i += size {
		m.table(table[:], r, (c0+i)/m.c.ColGroup)
		unpackLUT4AVX2(&dst[i], &m.c.Indices[(r*m.cols+c0+i)/2], &table[0], 1, size/8)
	}
	return true
}
