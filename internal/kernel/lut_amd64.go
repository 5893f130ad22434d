//go:build !noasm

package kernel

import "math"

// planes reports whether the 64-wide kernel of 4-bit indices takes the matrix.
// Such rows begin at whole bytes, and one table serves all of a row.
func (m *LUT) planes() bool { return m.c.Bits == 4 && m.cg == 1 && m.cols%64 == 0 }

// prepLen returns the length of n prepared vectors, or 0 when the kernels take
// them as they are.
func (m *LUT) prepLen(n int) int {
	if useAVX2 && n <= streamMax && m.planes() && m.cols > 0 {
		return n * m.cols
	}
	return 0
}

// prepare puts each vector into the order in which the kernel meets the codes.
func (m *LUT) prepare(dst, x []float32, ldx, _, lo, hi int) {
	for t := lo; t < hi; t++ {
		v := x[t*ldx : t*ldx+m.cols]
		d := dst[t*m.cols : (t+1)*m.cols]
		if useAVX512 {
			prepareLUT4AVX512(&d[0], &v[0], m.cols/64)
		} else {
			prepareLUT4AVX2(&d[0], &v[0], m.cols/64)
		}
	}
}

// load builds the kernel's table of row r and column group g: for prepared
// vectors the planes of the bytes of its floats, for 6 bits planes of halves,
// for the others floats. With scaled, the row's scale is in it. It reports false
// for a table that the kernel cannot hold: 6-bit entries must be halves.
func (m *LUT) load(t *lutTable, r, g int, scaled, prepared bool) bool {
	m.floats(t, r, g, scaled)
	switch {
	case prepared && useAVX512:
		// Its 16 floats fit in a register.
	case prepared:
		t.bytePlanes()
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

// bytePlanes cuts 16 floats into 4 planes of 16 bytes. Plane k holds byte k of
// every entry, lowest first, so that a byte shuffle looks up 16 codes at once.
func (t *lutTable) bytePlanes() {
	var f [16]float32
	copy(f[:], t[:])
	b := t.bytes()
	for i, v := range f {
		u := math.Float32bits(v)
		b[i], b[16+i], b[32+i], b[48+i] = byte(u), byte(u>>8), byte(u>>16), byte(u>>24)
	}
}

// dotAsm multiplies rows that share a table and follow one another in w; dst
// has one element for each.
func (m *LUT) dotAsm(w, table *byte, x, dst *float32, rows int, prepared bool) {
	switch {
	case prepared && useAVX512:
		dotLUT4AVX512(w, table, x, dst, rows, m.cols/64, fetchAhead)
	case prepared:
		dotLUT4PlanesAVX2(w, table, x, dst, rows, m.cols/64)
	default:
		dotLUTAVX2(m.c.Bits, w, table, x, dst, rows, m.cols/lutGroup(m.c.Bits))
	}
}

// decodeAsm decodes groups of lutGroup indices.
func (m *LUT) decodeAsm(dst *float32, w, table *byte, groups int) {
	decodeLUTAVX2(m.c.Bits, dst, w, table, groups)
}
