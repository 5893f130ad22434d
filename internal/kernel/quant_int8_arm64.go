//go:build !noasm

package kernel

// fastRows4 multiplies a multiple of 4 rows that follow one another by a
// vector. Four rows share each load of the inputs.
func (q *Quant) fastRows4(w *byte, s, o, x, dst *float32, rows int) {
	k, blocks, groups := q.kind(o != nil, roundNot), q.cb, q.c.ColBlock/32
	if useDot {
		fast4DotNEON(k, w, s, o, x, dst, rows, blocks, groups)
		return
	}
	fast4NEON(k, w, s, o, x, dst, rows, blocks, groups)
}

// fastRow multiplies one row by a vector.
func (q *Quant) fastRow(w *byte, s, o, x, dst *float32) {
	k, blocks, groups := q.kind(o != nil, roundNot), q.cb, q.c.ColBlock/32
	if useDot {
		fast1DotNEON(k, w, s, o, x, dst, 1, blocks, groups)
		return
	}
	fast1NEON(k, w, s, o, x, dst, 1, blocks, groups)
}

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
