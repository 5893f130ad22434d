//go:build !noasm

package kernel

// prepLen returns 0: the kernels take vectors as they are.
func (m *LUT) prepLen(int) int { return 0 }

// prepare is never called, as prepLen is 0.
func (m *LUT) prepare(_, _ []float32, _, _, _, _ int) {}

// load builds the kernel's table of row r and column group g, two planes of the
// bytes of halves. With scaled, the row's scale is in it. It reports false for
// a table that the kernel cannot hold: one of 8 bits, or of floats that are no
// halves. TBL looks up bytes in up to 64 of them, so a table of halves takes
// two look-ups, one for each plane.
func (m *LUT) load(t *lutTable, r, g int, scaled, _ bool) bool {
	if m.c.Bits == 8 {
		return false
	}
	m.floats(t, r, g, scaled)
	return t.halfPlanes(m.size, max(m.size, 16))
}

// dotAsm takes 8 indices at a time at every width.
func (m *LUT) dotAsm(w, table *byte, x, dst *float32, rows int, _ bool) {
	dotLUTNEON(m.c.Bits, w, table, x, dst, rows, m.cols/8)
}

func (m *LUT) decodeAsm(dst *float32, w, table *byte, groups int) {
	decodeLUTNEON(m.c.Bits, dst, w, table, groups*lutGroup(m.c.Bits)/8)
}
