package kernel

// Row decodes row r.
func (m *LUT) Row(dst []float32, r int) {
	for c := 0; c < m.cols; c += tileCols {
		end := min(c+tileCols, m.cols)
		m.unpack(dst[c:], m.cols, r, r+1, c, end)
	}
}

// ScratchLen implements [Mat].
func (m *LUT) ScratchLen(int) int { return tileScratch }

// Mul implements [Mat]. Few vectors go row by row, which reads the indices once for
// each; more go by tiles of decoded weights.
func (m *LUT) Mul(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) {
	if useAsm && n < tileMin && m.mulRows(dst, ldd, x, ldx, n, lo, hi, scratch) {
		return
	}
	tiledMul(m, dst, ldd, x, ldx, n, lo, hi, scratch)
}

// unpack decodes a rectangle by the fastest way that takes the layout.
func (m *LUT) unpack(dst []float32, ld, r0, r1, c0, c1 int) {
	if useAsm && m.unpackFast(dst, ld, r0, r1, c0, c1) {
		return
	}
	for r := r0; r < r1; r++ {
		m.decode(dst[(r-r0)*ld:][:c1-c0], r, c0)
	}
}
