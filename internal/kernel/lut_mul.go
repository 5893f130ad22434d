package kernel

// Row decodes row r.
func (m *LUT) Row(dst []float32, r int) {
	for c := 0; c < m.cols; c += tileCols {
		end := min(c+tileCols, m.cols)
		m.unpack(dst[c:], m.cols, r, r+1, c, end)
	}
}

// ScratchLen implements [Mat]. Prepared vectors lie behind the rest.
func (m *LUT) ScratchLen(n int) int { return tileScratch + m.prepLen(n) }

func (m *LUT) prepKind() prepKind { return prepPlanes }

// Mul implements [Mat].
func (m *LUT) Mul(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) {
	var prep []float32
	if p := m.prepLen(n); p > 0 {
		prep = scratch[tileScratch:][:p]
		m.prepare(prep, x, ldx, n, 0, n)
	}
	m.mulPrepared(dst, ldd, x, ldx, n, lo, hi, prep, scratch)
}

// mulPrepared is Mul with the work done that all rows share. Few vectors go row by row,
// more by tiles of decoded weights.
func (m *LUT) mulPrepared(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, prep, scratch []float32) {
	if useAsm && n <= rowsMost && m.mulRows(dst, ldd, x, ldx, n, lo, hi, prep, scratch) {
		return
	}
	tiledMul(m, dst, ldd, x, ldx, n, lo, hi, scratch)
}

func (m *LUT) lowTile() int { return 16 }

// unpack decodes a rectangle by the fastest way that takes the layout.
func (m *LUT) unpack(dst []float32, ld, r0, r1, c0, c1 int) {
	if useAsm && m.unpackFast(dst, ld, r0, r1, c0, c1) {
		return
	}
	for r := r0; r < r1; r++ {
		m.decode(dst[(r-r0)*ld:][:c1-c0], r, c0)
	}
}
