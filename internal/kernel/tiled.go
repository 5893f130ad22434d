package kernel

// tileScratch is the scratch of tiledMul.
const tileScratch = tileRows * tileStride

// tiledMul multiplies by decoding tiles into scratch, which holds one tile of
// tileRows by tileStride floats. A tile has the columns of a chunk, so that each result
// is summed in the order of all sums, whatever the matrix's blocks are.
func tiledMul(m tiler, dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) {
	if n <= 0 || hi <= lo {
		return
	}
	cols := m.Cols()
	if cols == 0 {
		zeroRows(dst, ldd, n, lo, hi)
		return
	}
	height := tileRows
	if n <= lowVectors {
		height = m.lowTile()
	}
	for r := lo; r < hi; r += height {
		rows := min(height, hi-r)
		for c := 0; c < cols; c += tileCols {
			end := min(c+tileCols, cols)
			m.unpack(scratch, tileStride, r, r+rows, c, end)
			for t := 0; t < n; t += tileTokens {
				mulNT(dst[t*ldd+r:], ldd, x[t*ldx+c:], ldx, min(tileTokens, n-t), scratch, tileStride, rows, end-c, c > 0)
			}
		}
	}
}

// lowVectors is the number of vectors up to which a tile is low: they do not pay for
// bringing a tall one back from the second-level cache.
const lowVectors = 2 * tileMin

// rowsMul multiplies by decoding whole rows, for layouts that cannot decode
// less. It needs rowsAtOnce*cols elements of scratch.
func rowsMul(m Mat, dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) {
	cols := m.Cols()
	if cols == 0 {
		zeroRows(dst, ldd, n, lo, hi)
		return
	}
	for r := lo; r < hi; r += rowsAtOnce {
		rows := min(rowsAtOnce, hi-r)
		for i := range rows {
			m.Row(scratch[i*cols:], r+i)
		}
		mulNT(dst[r:], ldd, x, ldx, n, scratch, cols, rows, cols, false)
	}
}

// rowsAtOnce is how many whole rows rowsMul decodes before it multiplies.
const rowsAtOnce = 4

// zeroRows is the product of a matrix without columns: sums of nothing.
func zeroRows(dst []float32, ldd, n, lo, hi int) {
	for t := range n {
		clear(dst[t*ldd+lo : t*ldd+hi])
	}
}

// tiler is a matrix that can decode a rectangle of itself.
type tiler interface {
	Cols() int
	// unpack stores W[r0:r1, c0:c1] in dst, rows ld apart. c0 is a multiple of
	// tileCols, and c1 is as far beyond it, or the number of columns.
	unpack(dst []float32, ld, r0, r1, c0, c1 int)
	// lowTile returns how many rows a low tile has: four, or as many as make up for
	// what unpack does before it comes to the rows.
	lowTile() int
}
