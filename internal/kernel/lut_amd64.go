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

// tableRows is how many rows have their tables made at a time where each has its own.
const tableRows = 32

// mulRows multiplies rows by one vector after another. It reports false for layouts
// that no kernel takes.
func (m *LUT) mulRows(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) bool {
	wide := m.c.Bits == 4 && m.cols%16 == 0 || m.c.Bits == 6 && m.cols%32 == 0
	if !useAVX512 || !wide || m.cg > 1 || m.cols == 0 {
		return false
	}
	few, tables := scratch[:fewScratch], scratch[fewScratch:]
	shared := m.c.Scale16 == nil && m.c.Scale32 == nil && m.c.RowGroup >= tableRows
	for r, rows := lo, 0; r < hi; r += rows {
		apart := 0
		if shared {
			end := min(hi, (r/m.c.RowGroup+1)*m.c.RowGroup)
			rows = min(end-r, rowsOnce(m.rowBytes()))
			if r == lo || r%m.c.RowGroup == 0 {
				m.table(tables, r, 0)
			}
		} else {
			rows, apart = min(tableRows, hi-r), m.size
			for i := range rows {
				m.table(tables[i*m.size:], r+i, 0)
			}
		}
		w := m.c.Indices[r*m.rowBytes():]
		for t := range n {
			run := rowRun{dst: dst[t*ldd+r : t*ldd+r+rows], x: x[t*ldx : t*ldx+m.cols], few: few}
			m.rowsAsm(run, w, tables, apart)
		}
	}
	return true
}

// rowBytes is the length of a row of indices that begins at a byte.
func (m *LUT) rowBytes() int { return m.cols * m.c.Bits / 8 }

// rowsAsm multiplies a run of rows, whose tables are apart elements apart.
func (m *LUT) rowsAsm(run rowRun, w []byte, tables []float32, apart int) {
	stride, step := m.rowBytes(), 4*apart
	ahead, fetch := rowsAhead(stride)
	for rows, d := run.next(); rows > 0; rows, d = run.next() {
		at := run.at
		if run.alone {
			stride, step = 0, 0
		}
		if m.c.Bits == 4 {
			rowsLUT4AVX512(&w[at*m.rowBytes()], stride, &tables[at*apart], step, &run.x[0], d, rows, m.cols, ahead, fetch)
		} else {
			rowsLUT6AVX512(&w[at*m.rowBytes()], stride, &tables[at*apart], step, &run.x[0], d, rows, m.cols, ahead, fetch)
		}
		run.done(rows)
	}
}
