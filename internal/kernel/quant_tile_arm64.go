//go:build !noasm

package kernel

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

// rowBytes is the length of a row of codes.
func (q *Quant) rowBytes() int { return q.cols * q.c.Bits / 8 }

// runTile multiplies 4 rows, wstep bytes of codes and sstep of scales apart, by a
// tile of 8 or 4 vectors. Those of 8 are for the dot product extension, and for 4-bit
// codes.
func (q *Quant) runTile(width int, w *byte, wstep int, s, o *float32, sstep int, x, dst *float32, ldd int) {
	if q.c.Bits == 8 {
		runs := q.manyRuns()
		tile := tile4x8uNEON
		switch {
		case q.c.Signed && useDot:
			tile = tile4x8sDotNEON
		case q.c.Signed:
			tile = tile4x8sNEON
		case useDot:
			tile = tile4x8uDotNEON
		}
		tile(w, wstep, s, o, sstep, x, dst, ldd, runs, q.run()/manyBlock)
		return
	}
	k, blocks, groups := q.kind(o != nil, roundNot), q.cb, q.c.ColBlock/32
	switch {
	case width == 8:
		tile8DotNEON(k, w, wstep, s, o, sstep, x, dst, ldd, blocks, groups)
	case useDot:
		tile4DotNEON(k, w, wstep, s, o, sstep, x, dst, ldd, blocks, groups)
	default:
		tile4NEON(k, w, wstep, s, o, sstep, x, dst, ldd, blocks, groups)
	}
}
