//go:build !noasm

package kernel

import "math"

const (
	// manyRows is how many rows have their scales widened at a time.
	manyRows = 64
	// byteFloats and wordFloats are what a block of 32 inputs takes in a tile, of a vector
	// of bytes and of one of words.
	byteFloats = 10
	wordFloats = 18
)

// tileWidth is how many vectors the tile has that vector t of n is in, whose first one is
// a multiple of the result: 8 pay with the dot product extension and by 4-bit codes. The
// last of them may be missing.
func (q *Quant) tileWidth(t, n int) int {
	if q.c.Bits == 4 && useDot && n-t/8*8 > 4 {
		return 8
	}
	return 4
}

// manyFloats is what a block takes.
func (q *Quant) manyFloats() int {
	if q.c.Bits == 8 {
		return wordFloats
	}
	return byteFloats
}

// manyLen is the length of n prepared vectors.
func (q *Quant) manyLen(n int) int {
	if !useAsm {
		return n * q.manyPlainLen()
	}
	width := q.tileWidth(n-1, n)
	return (n + width - 1) / width * width * q.cols / manyBlock * q.manyFloats()
}

// prepareMany quantises vectors lo to hi-1 of n. To a block of a tile there are the bytes
// of every vector, then a step of each, then a sum of each.
func (q *Quant) prepareMany(dst, x []float32, ldx, n, lo, hi int) {
	if !useAsm {
		q.preparePlain(dst, x, ldx, lo, hi)
		return
	}
	blocks, each := q.cols/manyBlock, q.manyFloats()
	for t := lo; t < hi; t++ {
		width := q.tileWidth(t, n)
		first, i := t/width*width, t%width
		d, v := dst[first*blocks*each:][:width*blocks*each], x[t*ldx:t*ldx+q.cols]
		codes := each - 2
		steps, sums := width*codes+i, width*(codes+1)+i
		if q.c.Bits == 8 {
			quantizeWordsNEON(&d[i*codes], &d[steps], &d[sums], &v[0], blocks, 4*width*each)
		} else {
			quantizeManyNEON(&d[i*codes], &d[steps], &d[sums], &v[0], blocks, 4*width*each)
		}
	}
}

// manyRuns is the number of scales that a row has for the tiles: those of 8-bit codes are
// repeated for every run.
func (q *Quant) manyRuns() int {
	if q.c.Bits == 8 {
		return q.cols / q.run()
	}
	return q.cb
}

// manyScratch is the scratch that mulMany needs: scales and offsets of some rows, and
// results of a tile.
func (q *Quant) manyScratch(n int) int {
	switch {
	case !q.many(n):
		return 0
	case !useAsm:
		return q.manyPlainLen()
	}
	return 2*manyRows*q.manyRuns() + 8*manyRows
}

// mulMany multiplies n vectors as prepareMany leaves them. Rows are the outer loop: their
// codes are in the cache for all vectors after the first.
func (q *Quant) mulMany(dst []float32, ldd, n, lo, hi int, prep, scratch []float32) {
	if !useAsm {
		q.mulPlain(dst, ldd, n, lo, hi, prep, scratch)
		return
	}
	runs := q.manyRuns()
	results := scratch[2*manyRows*runs:][:8*manyRows]
	for r := lo; r < hi; {
		m := min(manyRows, hi-r)
		rows := int8Rows{q: q, r: r, m: m, sstep: runs}
		if q.c.RowBlock > 1 {
			// All rows of a block share its scales.
			rows.m, rows.sstep = min(m, (r/q.c.RowBlock+1)*q.c.RowBlock-r), 0
		}
		rows.factors(scratch[:manyRows*runs], scratch[manyRows*runs:2*manyRows*runs])
		rows.vectors(dst[r:], ldd, n, prep, results)
		r += rows.m
	}
}

// factors fills the scales and offsets of the rows, which those of 4-bit codes may have in
// place. An offset of 8-bit codes is what the inputs' sum is multiplied by, as an integer:
// the kernel takes unsigned codes 128 too small.
func (w *int8Rows) factors(scale, offset []float32) {
	q := w.q
	first, count := w.r/q.c.RowBlock, 1
	if w.sstep > 0 {
		count = w.m
	}
	if q.c.Bits == 4 {
		w.scale = q.widenScales(scale, first*q.cb, count*q.cb)
		w.offset = q.widenOffsets(offset, first*q.cb, count*q.cb, roundNot)
		return
	}
	runs, each := q.manyRuns(), q.run()
	for i := range count * runs {
		s, o := q.block((first+i/runs)*q.cb + i%runs*each/q.c.ColBlock)
		less := -int32(o)
		if !q.c.Signed {
			less += 128
		}
		scale[i], offset[i] = s, math.Float32frombits(uint32(less))
	}
	w.scale, w.offset = scale, offset
}

// vectors multiplies all vectors. Those that a tile lacks are computed elsewhere.
func (w *int8Rows) vectors(dst []float32, ldd, n int, prep, results []float32) {
	size := w.q.cols / manyBlock * w.q.manyFloats()
	for t := 0; t < n; {
		width := w.q.tileWidth(t, n)
		x := prep[t*size:][:width*size]
		if t+width <= n {
			w.tile(dst[t*ldd:(t+width-1)*ldd+w.m], ldd, x, width)
			t += width
			continue
		}
		w.tile(results, manyRows, x, width)
		for i := 0; t < n; i, t = i+1, t+1 {
			copy(dst[t*ldd:][:w.m], results[i*manyRows:])
		}
	}
}
