//go:build !noasm

package kernel

// int8Min is the number of vectors from which tiles of them beat one at a time.
const int8Min = 4

// The floats that a group of 32 quantised inputs takes: of a vector alone, and
// of a vector in a tile.
const (
	int8Group = 16
	tileGroup = 11
)

// int8Kernels reports whether there are kernels with quantised inputs for the
// matrix. A step of quantisation covers 32 inputs, and no block of scales may
// end inside of it.
func (q *Quant) int8Kernels() bool {
	return q.int8Inputs() && q.c.ColBlock%32 == 0
}

// rowBytes is the length of a row of codes.
func (q *Quant) rowBytes() int { return q.cols * q.c.Bits / 8 }

// tileOf returns the width of the tile that vector t of n starts, or 0 when it
// and those behind it go alone. Tiles of 8 pay with the dot product extension.
// n is the number of all vectors: the layout of a prepared vector depends on
// it.
func (q *Quant) tileOf(t, n int) int {
	switch {
	case q.alone:
	case useDot && n-t >= 8:
		return 8
	case n-t >= int8Min:
		return 4
	}
	return 0
}

// int8Len returns the length of n quantised vectors. It is in floats, as all
// scratch is.
func (q *Quant) int8Len(n int) int {
	alone := n % int8Min
	if q.alone {
		alone = n
	}
	return q.cols / 32 * ((n-alone)*tileGroup + alone*int8Group)
}

// quantize brings vectors lo to hi-1 of n into the form of the kernels: tiles
// of 8 and 4, and the rest alone. lo is a multiple of 8. In each group of a
// tile the 32 bytes of every vector come first, then 2 steps of each, then a
// sum of each.
func (q *Quant) quantize(dst, x []float32, ldx, n, lo, hi int) {
	groups := q.cols / 32
	if q.alone {
		dst = dst[lo*groups*int8Group:]
	} else {
		dst = dst[lo*groups*tileGroup:]
	}
	for t := lo; t < hi; {
		width := q.tileOf(t, n)
		if width == 0 {
			v := x[t*ldx : t*ldx+q.cols]
			quantizeNEON(&dst[:groups*int8Group][0], &v[0], groups)
			dst = dst[groups*int8Group:]
			t++
			continue
		}
		d := dst[:groups*width*tileGroup]
		for i := range width {
			v := x[(t+i)*ldx : (t+i)*ldx+q.cols]
			quantizeTileNEON(&d[i*8], &d[width*8+i*2], &d[width*10+i], &v[0], groups, width*tileGroup*4)
		}
		dst = dst[len(d):]
		t += width
	}
}

// fastBatch is how many scales are widened at a time for several vectors.
const fastBatch = 8192

// manyScratch is the scratch that several vectors at a time need.
func (q *Quant) manyScratch(n int) int {
	if n < int8Min || !q.c.Fast {
		return 0
	}
	return 2 * max(fastBatch, q.cb)
}

// int8Mul multiplies n quantised vectors by rows lo to hi-1. Rows are the outer
// loop and vectors the inner one: a run's codes are in the cache for all
// vectors after the first.
func (q *Quant) int8Mul(dst []float32, ldd, n, lo, hi int, prep, scratch []float32) {
	batch := max(q.streamScratch(), q.manyScratch(n)) / 2
	rows, sstep := batch/q.cb, q.cb
	for r := lo; r < hi; r += rows {
		if q.c.RowBlock > 1 {
			// All rows of a block share its scales.
			rows, sstep = (r/q.c.RowBlock+1)*q.c.RowBlock-r, 0
		}
		m := min(rows, hi-r)
		b, count := r/q.c.RowBlock*q.cb, max(m*sstep, q.cb)
		run := int8Rows{q: q, r: r, m: m, sstep: sstep, scale: q.widenScales(scratch, b, count)}
		run.offset = q.widenOffsets(scratch[batch:], b, count, roundNot)
		for x, t := prep, 0; t < n; {
			width := q.tileOf(t, n)
			size := q.cols / 32 * int8Group
			if width > 0 {
				size = q.cols / 32 * tileGroup * width
				run.tile(dst[t*ldd+r:(t+width-1)*ldd+r+m], ldd, x[:size], width)
			} else {
				run.vector(dst[t*ldd+r:t*ldd+r+m], x[:size])
			}
			x = x[size:]
			t += max(width, 1)
		}
	}
}

// int8Rows is a run of m rows from row r on, with their scales, sstep apart,
// and offsets. sstep is 0 where all rows share one row of scales.
type int8Rows struct {
	q             *Quant
	r, m, sstep   int
	scale, offset []float32
}

// at returns where row i's codes, scales and offsets begin.
func (w *int8Rows) at(i int) (codes *byte, scale, offset *float32) {
	codes, scale = &w.q.c.Codes[(w.r+i)*w.q.rowBytes()], &w.scale[i*w.sstep]
	if w.offset != nil {
		offset = &w.offset[i*w.sstep]
	}
	return codes, scale, offset
}

// vector multiplies one vector: 4 rows at a time, then one by one.
func (w *int8Rows) vector(dst, x []float32) {
	four := w.m &^ 3
	if w.sstep == 0 {
		four = 0
	}
	if four > 0 {
		c, s, o := w.at(0)
		w.q.fastRows4(c, s, o, &x[0], &dst[0], four)
	}
	for i := four; i < w.m; i++ {
		c, s, o := w.at(i)
		w.q.fastRow(c, s, o, &x[0], &dst[i])
	}
}

// tile multiplies a tile of vectors by 4 rows at a time. Rows that are fewer
// than 4 go one by one, as 4 equal ones. Steps of 0 let the kernel read one row
// four times.
func (w *int8Rows) tile(dst []float32, ldd int, x []float32, width int) {
	var four [8 * 4]float32
	for i := 0; i < w.m; {
		c, s, o := w.at(i)
		if w.m-i >= 4 {
			w.q.runTile(width, c, w.q.rowBytes(), s, o, 4*w.sstep, &x[0], &dst[i], 4*ldd)
			i += 4
			continue
		}
		w.q.runTile(width, c, 0, s, o, 0, &x[0], &four[0], 16)
		for t := range width {
			dst[t*ldd+i] = four[4*t]
		}
		i++
	}
}
