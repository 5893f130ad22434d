//go:build !noasm

package kernel

// codeValues are what the codes of 4 bits stand for, signed and not.
var codeValues = [2][16]float32{
	{0, 1, 2, 3, 4, 5, 6, 7, -8, -7, -6, -5, -4, -3, -2, -1},
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
}

// values returns the table of the codes' sign, so that one kernel serves both.
func (q *Quant) values() *float32 {
	if q.c.Signed {
		return &codeValues[0][0]
	}
	return &codeValues[1][0]
}

// mulRows multiplies rows by one vector after another. It reports false for blocks that
// the kernels do not take, and where a tile is faster. Rows that share scales are one run; with a scale for each
// row, as many rows have theirs widened at a time as fit into the batch.
func (q *Quant) mulRows(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) bool {
	if q.c.ColBlock%lanes != 0 || q.cols == 0 || n >= tileMin && !useAVX512 {
		return false
	}
	batch := q.streamScratch() / 2
	few := scratch[2*batch:]
	var scale, offset []float32
	var mode rounding
	for r, rows := lo, 0; r < hi; r += rows {
		end, apart := hi, q.cb
		if q.c.RowBlock > 1 {
			end, apart = min(hi, (r/q.c.RowBlock+1)*q.c.RowBlock), 0
		}
		rows = min(end-r, rowsOnce(q.cols*q.c.Bits/8))
		if apart > 0 {
			rows = min(rows, batch/q.cb&^3)
		}
		if r == lo || r%q.c.RowBlock == 0 {
			b, count := r/q.c.RowBlock*q.cb, max(rows*apart, q.cb)
			scale = q.widenScales(scratch, b, count)
			if mode = q.roundingOf(scale); useAVX512 && q.c.Bits == 4 && mode == roundGrid {
				mode = roundAny // which is the only one of tables
			}
			offset = q.widenOffsets(scratch[batch:], b, count, mode)
		}
		for t := range n {
			run := rowRun{dst: dst[t*ldd+r : t*ldd+r+rows], x: x[t*ldx : t*ldx+q.cols], few: few}
			q.rowsAsm(run, q.c.Codes[r*q.cols*q.c.Bits/8:], scale, offset, apart, mode)
		}
	}
	return true
}

// rowsAsm multiplies a run of rows, whose scales and offsets are apart elements apart.
func (q *Quant) rowsAsm(run rowRun, w []byte, scale, offset []float32, apart int, mode rounding) {
	size := q.cols * q.c.Bits / 8
	stride, step := size, 4*apart
	ahead, fetch := rowsAhead(stride)
	for rows, d := run.next(); rows > 0; rows, d = run.next() {
		at := run.at
		if run.alone {
			stride, step = 0, 0
		}
		var o *float32
		if offset != nil {
			o = &offset[at*apart]
		}
		c, s, x, k := &w[at*size], &scale[at*apart], &run.x[0], q.kind(o != nil, mode)
		switch {
		case useAVX512 && q.c.Bits == 4:
			if !q.c.Signed {
				k -= kind4uPlain
			}
			mulRows4AVX512(k, c, stride, s, step, o, x, d, rows, q.cols, q.c.ColBlock, ahead, fetch, q.values())
		case useAVX512:
			mulRows8AVX512(k, c, stride, s, step, o, x, d, rows, q.cols, q.c.ColBlock, ahead, fetch)
		case q.c.Bits == 4:
			mulRows4AVX2(k, c, stride, s, step, o, x, d, rows, q.cols, q.c.ColBlock, ahead, fetch)
		default:
			mulRows8AVX2(k, c, stride, s, step, o, x, d, rows, q.cols, q.c.ColBlock, ahead, fetch)
		}
		run.done(rows)
	}
}
