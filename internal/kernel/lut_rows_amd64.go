//go:build !noasm

package kernel

import "math"

// tableRows is how many rows have their tables made at a time where each has its own.
const tableRows = 32

// mulRows multiplies rows by one vector after another. It reports false for layouts
// that no kernel takes. prep is x as prepare leaves it, or empty.
func (m *LUT) mulRows(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, prep, scratch []float32) bool {
	step := lanes
	if m.c.Bits == 6 {
		step = 2 * lanes
	}
	if m.cg > 1 || m.cols == 0 || m.cols%step != 0 {
		return false
	}
	if !useAVX512 || m.c.Bits != 4 && m.c.Bits != 6 {
		return m.mulDots(dst, ldd, x, ldx, n, lo, hi, prep, scratch)
	}
	few, tables := scratch[:fewScratch], scratch[fewScratch:]
	shared := !m.scaled() && m.c.RowGroup >= 4
	for r, rows := lo, 0; r < hi; r += rows {
		apart := 0
		if shared {
			rows = min(m.groupEnd(r, hi)-r, rowsOnce(m.rowBytes()))
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

// scaled reports whether rows have scales.
func (m *LUT) scaled() bool { return m.c.Scale16 != nil || m.c.Scale32 != nil }

// groupEnd returns the end of the rows, up to hi, that share the table of row r.
func (m *LUT) groupEnd(r, hi int) int { return min(hi, (r/m.c.RowGroup+1)*m.c.RowGroup) }

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

// prepLen returns the length of n prepared vectors, or 0 when the kernels take them as
// they are: for 4 bits and whole groups of 64 AVX2 looks bytes up, and meets the columns
// in another order.
func (m *LUT) prepLen(n int) int {
	if !useAVX2 || useAVX512 || n >= tileMin || m.c.Bits != 4 || m.cg != 1 || m.cols%64 != 0 {
		return 0
	}
	return n * m.cols
}

// prepare puts each vector into that order.
func (m *LUT) prepare(dst, x []float32, ldx, _, lo, hi int) {
	for t := lo; t < hi; t++ {
		prepareLUT4AVX2(&dst[t*m.cols : (t+1)*m.cols][0], &x[t*ldx : t*ldx+m.cols][0], m.cols/64)
	}
}

// mulDots is mulRows by the kernels for rows that share a table, where a tile is not
// faster. A table that they cannot hold leaves its rows to tiles.
func (m *LUT) mulDots(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, prep, scratch []float32) bool {
	if n >= tileMin {
		return false
	}
	prepared := len(prep) > 0
	if prepared {
		x, ldx = prep, m.cols
	}
	var table lutTable
	for r, rows := lo, 0; r < hi; r += rows {
		rows = 1
		if !m.scaled() {
			rows = min(m.groupEnd(r, hi)-r, rowsOnce(m.rowBytes()))
		}
		switch {
		case prepared:
			m.floats(&table, r, 0, true)
			table.bytePlanes()
		case !m.load(&table, r, 0, true):
			tiledMul(m, dst, ldd, x, ldx, n, r, r+rows, scratch)
			continue
		}
		w, p := &m.c.Indices[r*m.rowBytes()], &table.bytes()[0]
		for t := range n {
			d, v := &dst[t*ldd+r : t*ldd+r+rows][0], &x[t*ldx : t*ldx+m.cols][0]
			switch {
			case prepared:
				m.planesAsm(m.c.Indices[r*m.rowBytes():], p, v, dst[t*ldd+r:t*ldd+r+rows])
			case m.c.Bits == 6:
				dotLUTAVX2(6, w, p, v, d, rows, m.cols/(2*lanes))
			default:
				dotLUTAVX2(m.c.Bits, w, p, v, d, rows, m.cols/lanes)
			}
		}
	}
	return true
}

// planesAsm multiplies rows two at a time; one that is left is both of them.
func (m *LUT) planesAsm(w []byte, table *byte, x *float32, dst []float32) {
	stride, groups := m.rowBytes(), m.cols/64
	if pairs := len(dst) / 2; pairs > 0 {
		dotLUT4PlanesAVX2(&w[0], stride, table, x, &dst[0], pairs, groups)
	}
	if last := len(dst) - 1; last%2 == 0 {
		var both [2]float32
		dotLUT4PlanesAVX2(&w[last*stride], 0, table, x, &both[0], 1, groups)
		dst[last] = both[0]
	}
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
