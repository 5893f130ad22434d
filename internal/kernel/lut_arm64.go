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
func (m *LUT) load(t *lutTable, r, g int, scaled bool) bool {
	if m.c.Bits == 8 {
		return false
	}
	m.floats(t, r, g, scaled)
	return t.halfPlanes(m.size, max(m.size, 16))
}

// mulRows multiplies rows by one vector after another. It reports false for layouts
// that no kernel takes and where a tile is faster; a table that the kernel cannot hold leaves its rows to tiles.
func (m *LUT) mulRows(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, _, scratch []float32) bool {
	group := lanes
	if m.c.Bits == 4 {
		group = 2 * lanes
	}
	if m.c.Bits == 8 || m.cg > 1 || m.cols == 0 || m.cols%group != 0 || n >= tileMin {
		return false
	}
	scaled := m.c.Scale16 != nil || m.c.Scale32 != nil
	var table lutTable
	for r, rows := lo, 0; r < hi; r += rows {
		rows = 1
		if !scaled {
			rows = min(hi, (r/m.c.RowGroup+1)*m.c.RowGroup) - r
		}
		if !m.load(&table, r, 0, true) {
			tiledMul(m, dst, ldd, x, ldx, n, r, r+rows, scratch)
			continue
		}
		w := &m.c.Indices[r*m.cols*m.c.Bits/8]
		for t := range n {
			d, v := dst[t*ldd+r:t*ldd+r+rows], x[t*ldx:t*ldx+m.cols]
			dotLUTNEON(m.c.Bits, w, &table.bytes()[0], &v[0], &d[0], rows, m.cols/group)
		}
	}
	return true
}

func (m *LUT) decodeAsm(dst *float32, w, table *byte, groups int) {
	decodeLUTNEON(m.c.Bits, dst, w, table, groups*lutGroup(m.c.Bits)/8)
}
