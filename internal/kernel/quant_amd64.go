//go:build !noasm

package kernel

// roundingOf chooses the kernels for a run of scales. Products of half scales
// and integers are multiples of 2^-24; they stay finite halves when even the
// largest scale times the largest code is below 65504, for which a bound on the
// root of the sum of squares is enough. NaN and infinity fail the comparison.
// 4000·16 and 250·256 are below 65504, so limits are those of a scale times the
// largest code.
func (q *Quant) roundingOf(scale []float32) rounding {
	if !q.c.Round {
		return roundNot
	}
	limit := float32(4000)
	if q.c.Bits == 8 {
		limit = 250
	}
	if q.c.Scale16 != nil && q.c.Offset == nil && SumSquares(scale) < limit*limit {
		return roundGrid
	}
	return roundAny
}

// gemvFast multiplies rows one after another by the streaming kernels. It
// reports false for layouts that these do not take. prep is x as prepare leaves
// it, or empty. Rows that share scales are one run; with a scale for each row
// as many rows are widened at a time as fit into the batch.
func (q *Quant) gemvFast(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, prep, scratch []float32) bool {
	if !q.fast {
		return false
	}
	if len(prep) > 0 && q.readsHalves() {
		q.mulHalves(dst, ldd, n, lo, hi, prep, scratch)
		return true
	}
	// Scales lie in the first batch of scratch, offsets behind it. Kernels take two
	// rows at a time, which streamScratch has room for: an odd one in each batch would
	// go by itself.
	batch := max(scaleBatch, 2*q.cb)
	rows := 1
	if q.c.RowBlock == 1 {
		rows = batch / q.cb &^ 1
	}
	each := q.prepLen(1)
	var scale, offset []float32
	var mode rounding
	for r := lo; r < hi; r += rows {
		m := min(rows, hi-r)
		if r == lo || q.c.RowBlock == 1 || r%q.c.RowBlock == 0 {
			b := r / q.c.RowBlock * q.cb
			scale = q.widenScales(scratch, b, m*q.cb)
			mode = q.roundingOf(scale)
			offset = q.widenOffsets(scratch[batch:], b, m*q.cb, mode)
		}
		codes := &q.c.Codes[r*q.cols*q.c.Bits/8]
		for t := range n {
			d := dst[t*ldd+r : t*ldd+r+m]
			if each > 0 && mode != roundAny {
				q.streamAsm(codes, scale, offset, &prep[t*each : (t+1)*each][0], &d[0], m, mode)
				continue
			}
			v := x[t*ldx : t*ldx+q.cols]
			q.gemvAsm(codes, scale, offset, &v[0], &d[0], m, q.c.ColBlock/8, mode)
		}
	}
	return true
}

// gemvAsm multiplies rows; vecs is the number of vectors of 8 codes in a block.
func (q *Quant) gemvAsm(w *byte, scale, offset []float32, x, dst *float32, rows, vecs int, mode rounding) {
	s, cb := &scale[0], q.cb
	var o *float32
	if offset != nil {
		o = &offset[0]
	}
	gemvAVX2(q.kind(o != nil, mode), w, s, o, x, dst, rows, cb, vecs)
}

// decodeAsm decodes blocks of vecs vectors of 8 codes; o is nil where there are no
// offsets and the mode permits.
func (q *Quant) decodeAsm(dst *float32, w *byte, s, o *float32, blocks, vecs int, mode rounding) {
	unpackAVX2(q.kind(o != nil, mode), dst, w, s, o, blocks, vecs)
}
