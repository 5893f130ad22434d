package kernel

// tileScratch is the scratch of tiledMul.
const tileScratch = tileRows * tileStride

// tiledMul multiplies by decoding tiles into scratch. Each result is summed
// over the columns in the same order whatever the tile it falls in. scratch
// holds one tile of tileRows by tileStride floats.
func tiledMul(m tiler, dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) {
	if n <= 0 || hi <= lo {
		return
	}
	cols := m.Cols()
	if cols == 0 {
		zeroRows(dst, ldd, n, lo, hi)
		return
	}
	for r := lo; r < hi; r += tileRows {
		rows := min(tileRows, hi-r)
		for c := 0; c < cols; {
			end := m.tileEnd(c)
			m.unpack(scratch, tileStride, r, r+rows, c, end)
			for t := 0; t < n; t += tileTokens {
				mulNT(dst[t*ldd+r:], ldd, x[t*ldx+c:], ldx, min(tileTokens, n-t), scratch, tileStride, rows, end-c, c > 0)
			}
			c = end
		}
	}
}

// rowsMul multiplies by decoding whole rows, for layouts that cannot decode
// less. It needs rowsAtOnce(n)*cols elements of scratch. It decodes four rows
// at a time and multiplies them by tiles of columns.
func rowsMul(m Mat, dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) {
	cols, step := m.Cols(), rowsAtOnce(n)
	if cols == 0 {
		zeroRows(dst, ldd, n, lo, hi)
		return
	}
	if step == 1 {
		rowByRow(m, dst, ldd, x, ldx, n, lo, hi, scratch)
		return
	}
	for r := lo; r < hi; r += step {
		rows := min(step, hi-r)
		for i := range rows {
			m.Row(scratch[i*cols:], r+i)
		}
		for c := 0; c < cols; c += tileCols {
			k := min(tileCols, cols-c)
			mulNT(dst[r:], ldd, x[c:], ldx, n, scratch[c:], cols, rows, k, c > 0)
		}
	}
}

// rowByRow multiplies by decoding one row at a time into scratch. It is the plain way of
// a matrix with columns.
func rowByRow(m Mat, dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) {
	row := scratch[:m.Cols()]
	for r := lo; r < hi; r++ {
		m.Row(row, r)
		for t := range n {
			dst[t*ldd+r] = Dot(row, x[t*ldx:t*ldx+len(row)])
		}
	}
}

// rowsAtOnce is how many whole rows rowsMul decodes before it multiplies.
func rowsAtOnce(n int) int {
	if n < tileMin {
		return 1
	}
	return 4
}

// zeroRows is the product of a matrix without columns: sums of nothing.
func zeroRows(dst []float32, ldd, n, lo, hi int) {
	for t := range n {
		clear(dst[t*ldd+lo : t*ldd+hi])
	}
}

// blockTile is tileEnd where columns come in blocks: a tile ends after whole blocks, or
// inside the block that it starts in when one block is longer than a tile.
func blockTile(c, block, cols int) int {
	if block <= tileCols {
		return min(c+tileCols/block*block, cols)
	}
	return min(c+tileCols, (c/block+1)*block)
}

// tiler is a matrix that can decode a rectangle of itself.
type tiler interface {
	Cols() int
	// tileEnd returns where a tile that starts at column c ends, at most tileCols
	// further on.
	tileEnd(c int) int
	// unpack stores W[r0:r1, c0:c1] in dst, rows ld apart. c1 is tileEnd(c0).
	unpack(dst []float32, ld, r0, r1, c0, c1 int)
}
