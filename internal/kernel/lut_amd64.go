//go:build !noasm

package kernel

// load builds the decoder's table of row r and column group g: planes of halves for 6
// bits, floats for the others. With scaled, the row's scale is in it. It reports false
// for a table that the kernel cannot hold: 6-bit entries must be halves.
func (m *LUT) load(t *lutTable, r, g int, scaled bool) bool {
	m.floats(t, r, g, scaled)
	switch {
	// The kernel permutes 8 entries with 3 bits of what it reads, of which the
	// upper belong to the next index.
	case m.c.Bits < 4:
		for i := m.size; i < 8; i++ {
			t[i] = t[i&(m.size-1)]
		}
	case m.c.Bits == 6:
		return t.halfPlanes(64, 64)
	}
	return true
}

// decodeAsm decodes groups of lutGroup indices.
func (m *LUT) decodeAsm(dst *float32, w, table *byte, groups int) {
	decodeLUTAVX2(m.c.Bits, dst, w, table, groups)
}
